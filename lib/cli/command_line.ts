/** Understanding words with commander: what the two programs' command lines have in common. */
import { Command, CommanderError } from "$args";
import { EXIT, Failure, oneLine } from "./fail.ts";

export { type Command, InvalidArgumentError, Option } from "$args";

export interface CommandLine {
  /** The program's name. */
  readonly name: string;
  readonly description: string;
  /** What `--version` prints. */
  readonly version: string;
  /** Adds the commands, whose actions are run. */
  readonly build: (program: Command) => void;
}

/**
 * Runs the action that the words choose. Gives the text to print where that is all they ask for
 * (help, or the version), else `null`.
 * @throws {Failure} `usage` when the words make no sense
 */
export function parseCommandLine(line: CommandLine, args: readonly string[]): string | null {
  let printed = "";
  const program = new Command(line.name)
    .description(line.description)
    .version(line.version, "--version", "show the version")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void (printed += text),
      // What is wrong is thrown; it need not be printed as well.
      writeErr: () => {},
      outputError: () => {},
      getOutHelpWidth: () => HELP_COLUMNS,
      getErrHelpWidth: () => HELP_COLUMNS,
      // Commander would ask the environment, which needs a permission.
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    });
  line.build(program);
  try {
    program.parse(args, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (printed === "") throw new Failure(EXIT.usage, usageMessage(line, error), { cause: error });
  }
  return printed === "" ? null : printed;
}

const HELP_COLUMNS = 100;

/** Commander's words begin with `error:` and may go on with a guess on another line. */
function usageMessage({ name }: CommandLine, error: CommanderError): string {
  return `${oneLine(error.message.replace(/^error: /, ""))} (${name} --help explains)`;
}
