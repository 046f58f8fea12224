/** The command line of `smtpd`: words in, a command out. */
import { type Admin, adminOf, group, type PlaceOptions, withPlace } from "./admin_arguments.ts";
import { type Command, Option, parseCommandLine } from "./command_line.ts";
import { EXIT, Failure } from "./fail.ts";
import {
  isSetting,
  parsePort,
  type SettingName,
  SETTINGS,
  type Settings,
  UNBUILT,
  withSetting,
} from "./settings.ts";
import { addData, type DataCommand } from "./smtpd_data_arguments.ts";
import { EXAMPLES, LAB_NOTES, SERVE_NOTES, STATUSES } from "./smtpd_help.ts";
import { addMail, type MailCommand } from "./smtpd_mail_arguments.ts";
import { addQueue, type QueueCommand } from "./smtpd_queue_arguments.ts";

/** What the words ask for. */
export type SmtpdCommand =
  | { readonly do: "serve"; readonly flags: Settings; readonly config: string | null }
  | UserCommand
  | AliasCommand
  | QueueCommand
  | DataCommand
  | MailCommand
  | LabCommand
  /** Help, or the version. */
  | { readonly do: "print"; readonly text: string };

/** A name that is missing is `null`; it may be asked for. */
export type UserCommand =
  & Admin
  & ({ readonly do: "user list" } | {
    readonly do: "user add" | "user password";
    readonly name: string | null;
    readonly passwordFile: string | null;
  } | { readonly do: "user remove"; readonly name: string | null });

export type AliasCommand =
  & Admin
  & ({ readonly do: "alias list" } | {
    readonly do: "alias add";
    readonly name: string;
    readonly targets: readonly string[];
    /** `null`: it is no list, or keeps the owner that it has. */
    readonly owner: string | null;
  } | {
    readonly do: "alias remove";
    readonly name: string;
    /** None: all of it. */
    readonly targets: readonly string[];
  });

export interface LabCommand {
  readonly do: "lab";
  /** `null`: the usual one, or where that is taken, a free one. */
  readonly portA: number | null;
  readonly portB: number | null;
}

/**
 * Understands the words behind the program's name.
 * @throws {Failure} `usage` when they make no sense
 */
export function parseArguments(args: readonly string[], version: string): SmtpdCommand {
  let command: SmtpdCommand | null = null;
  const chosen = (found: SmtpdCommand) => void (command = found);
  const printed = parseCommandLine({
    name: "smtpd",
    description: "A mail server. Flags without a command mean serve.",
    version,
    build(program) {
      addServe(program, chosen);
      addUser(program, chosen);
      addAlias(program, chosen);
      addQueue(program, chosen);
      addData(program, chosen);
      addMail(program, chosen);
      addLab(program, chosen);
      program.addHelpText("after", `\n${EXAMPLES}\n\n${STATUSES}`);
    },
  }, isServe(args) ? ["serve", ...args] : args);
  if (printed !== null) return { do: "print", text: printed };
  if (command === null) throw new Failure(EXIT.usage, "smtpd --help says what it can do");
  return command;
}

type Chosen = (command: SmtpdCommand) => void;

/** Bare flags start the server, and so does nothing at all, which then says what is missing. */
function isServe([first]: readonly string[]): boolean {
  return first === undefined ||
    (first.startsWith("-") && !["--help", "-h", "--version"].includes(first));
}

function addServe(program: Command, chosen: Chosen): void {
  const serve = program.command("serve").description("run a server");
  let flags: Settings = {};
  for (const name of Object.keys(SETTINGS).filter(isSetting)) {
    serve.addOption(settingOption(name, (text) => {
      flags = flagValue(name, () => withSetting(flags, name, text));
    }));
  }
  for (const [name, message] of Object.entries(UNBUILT)) {
    serve.addOption(new Option(`--${name} [value]`).hideHelp());
    serve.on(`option:${name}`, () => {
      throw new Failure(EXIT.usage, `--${name}: ${message}`);
    });
  }
  serve
    .option("--config <FILE>", "TOML with the same names (max-message-bytes = 1000); a flag wins")
    .addHelpText("after", `\n${SERVE_NOTES}\n\n${STATUSES}`)
    .action(({ config }: { readonly config?: string }) =>
      chosen({ do: "serve", flags, config: config ?? null })
    );
}

function settingOption(name: SettingName, set: (text: string) => void): Option {
  const { argument, help } = SETTINGS[name];
  const option = new Option(
    argument === null ? `--${name}` : `--${name} <${argument}>`,
    help ?? "",
  );
  if (help === null) option.hideHelp();
  // A switch has no text that commander would hand on; that it is there says it all.
  return argument === null ? option.preset("true").argParser(set) : option.argParser(set);
}

/** What a flag's text means, where a `RangeError` says that it means nothing. */
function flagValue<Value>(name: string, parse: () => Value): Value {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new Failure(EXIT.usage, `--${name}: ${error.message}`, { cause: error });
  }
}

function addUser(program: Command, chosen: Chosen): void {
  const user = group(program, "user", "accounts", "add, remove, list or password");
  for (const action of ["add", "password"] as const) {
    const description = action === "add" ? "add an account" : "give an account a new password";
    withPlace(user.command(action).description(description).argument("[name]"))
      .option("--password-file <FILE>", "its first line is the password; else it is asked for")
      .action((name: string | undefined, options: PlaceOptions & { passwordFile?: string }) =>
        chosen({
          do: `user ${action}`,
          name: name ?? null,
          passwordFile: options.passwordFile ?? null,
          ...adminOf(options),
        })
      );
  }
  withPlace(
    user.command("remove").description("remove an account with its mail").argument("[name]"),
  ).action((name: string | undefined, options: PlaceOptions) =>
    chosen({ do: "user remove", name: name ?? null, ...adminOf(options) })
  );
  withPlace(user.command("list").description("list the accounts"))
    .action((options: PlaceOptions) => chosen({ do: "user list", ...adminOf(options) }));
}

function addAlias(program: Command, chosen: Chosen): void {
  const alias = group(
    program,
    "alias",
    "names that lead to other addresses, and lists",
    "add, remove or list",
  );
  withPlace(
    alias.command("add").description("let a name lead to addresses, besides those it has")
      .argument("<name>", "an address here, or @domain for every name that nobody has")
      .argument("<addresses...>"),
  )
    .option("--owner <ADDRESS>", "make it a list: errors go to its owner, not to the sender")
    .action((
      name: string,
      targets: readonly string[],
      options: PlaceOptions & { readonly owner?: string },
    ) =>
      chosen({ do: "alias add", name, targets, owner: options.owner ?? null, ...adminOf(options) })
    );
  withPlace(
    alias.command("remove").description("remove a name, or only some of its addresses")
      .argument("<name>").argument("[addresses...]"),
  )
    .action((name: string, targets: readonly string[], options: PlaceOptions) =>
      chosen({ do: "alias remove", name, targets, ...adminOf(options) })
    );
  withPlace(alias.command("list").description("list names and where they lead"))
    .action((options: PlaceOptions) => chosen({ do: "alias list", ...adminOf(options) }));
}

function addLab(program: Command, chosen: Chosen): void {
  const port = (name: string, help: string) =>
    new Option(`--${name} <N>`, help).argParser((text) => flagValue(name, () => parsePort(text)));
  program.command("lab").description("run two servers that know each other, to see mail happen")
    .addOption(port("port-a", "port of abc.com, default 2525 or a free one"))
    .addOption(port("port-b", "port of xyz.com, default 2526 or a free one"))
    .addHelpText("after", `\n${LAB_NOTES}`)
    .action((
      { portA, portB }: { readonly portA?: number; readonly portB?: number },
    ) => chosen({ do: "lab", portA: portA ?? null, portB: portB ?? null }));
}
