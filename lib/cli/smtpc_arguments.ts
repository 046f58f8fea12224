/** The command line of `smtpc`: words in, a command out. */
import { NOTIFY_CONDITIONS, type NotifyCondition } from "../mail/envelope.ts";
import { encodeXtext } from "../mail/xtext.ts";
import { ENVID_CHARACTERS_MAX } from "../smtp/parameters.ts";
import { type Command, InvalidArgumentError, Option, parseCommandLine } from "./command_line.ts";
import type { TlsMode } from "./client_tls.ts";
import type { WantedKey } from "../imap/client_search.ts";
import { type MechanismName, mechanismOf, MECHANISMS } from "../sasl/mechanism.ts";
import { type Stage, STAGES } from "../smtp/client_stage.ts";
import { type BenchWishes, countUpTo, withBenchOptions } from "./bench_arguments.ts";
import { EXIT, Failure } from "./fail.ts";
import { parseSearchWords } from "./search_words.ts";
import {
  BENCH_NOTES,
  EXAMPLES,
  READ_NOTES,
  SEND_NOTES,
  STATUSES,
  TLS_NOTES,
} from "./smtpc_help.ts";

/** What the words ask for. */
export type SmtpcCommand =
  | { readonly do: "send"; readonly flags: SendFlags }
  | { readonly do: "read"; readonly flags: ReadFlags }
  | { readonly do: "bench"; readonly flags: BenchFlags }
  | { readonly do: "addContact"; readonly name: string; readonly address: string }
  | { readonly do: "removeContact"; readonly name: string }
  | { readonly do: "listContacts" }
  /** Help, or the version. */
  | { readonly do: "print"; readonly text: string };

/** What is missing is `undefined`; it may be asked for. */
export interface CommonFlags {
  readonly host: string | undefined;
  readonly port: number | undefined;
  readonly user?: string;
  readonly passwordFile?: string;
  readonly auth?: MechanismName;
  readonly tls: TlsMode;
  readonly ca?: string;
  readonly timeoutMs: number | undefined;
  readonly json?: true;
  readonly verbose?: true;
}

export interface SendFlags extends CommonFlags {
  /** These may hold several addresses each, separated by commas. */
  readonly to: readonly string[];
  readonly cc: readonly string[];
  readonly bcc: readonly string[];
  readonly from?: string;
  readonly subject?: string;
  readonly body?: string;
  readonly attach: readonly string[];
  readonly file?: string;
  readonly partial?: true;
  /** Every server on the way has to use verified TLS (RFC 8689). */
  readonly requireTls?: true;
  readonly proto?: "smtp" | "lmtp";
  /** What to call ourselves. */
  readonly ehlo?: string;
  /** The content as it is, from a file, or `-` for standard input. */
  readonly dataFrom?: string;
  readonly quitAfter?: Stage;
  readonly dropAfter?: Stage;
  /** What to be told of: NOTIFY of RFC 3461. */
  readonly dsn?: readonly NotifyCondition[];
  /** How much of the message a report of a failure returns. */
  readonly ret?: "full" | "hdrs";
  /** The sender's own name for the message, which reports repeat; xtext. */
  readonly envid?: string;
  /** Files and folders of files, each of which is a message; at least one. */
  readonly files?: readonly string[];
  /** For these, so many at once. */
  readonly connections?: number;
}

export interface ReadFlags extends CommonFlags {
  /** `null`: nothing was said; then a menu, or all. */
  readonly choice: ReadChoice | null;
  readonly raw?: true;
  readonly delete?: true;
  readonly mailbox?: string;
  /** Only messages of which all of this is true. */
  readonly search?: readonly WantedKey[];
  /** Whether to go on with what comes. */
  readonly follow?: true;
  /** Whether what was shown counts as read from then on. */
  readonly markSeen?: true;
  /** The mailbox that what was shown is moved to. */
  readonly move?: string;
  /** The folder for attachments. */
  readonly save?: string;
}

export interface BenchFlags extends CommonFlags, BenchWishes {}

export type ReadChoice =
  | { readonly what: "list" | "last" | "all" }
  | { readonly what: "message"; readonly number: number };

/**
 * Understands the words behind the program's name.
 * @throws {Failure} `usage` when they make no sense.
 */
export function parseArguments(args: readonly string[], version: string): SmtpcCommand {
  if (args.length === 0) throw new Failure(EXIT.usage, WHAT);
  let command: SmtpcCommand | null = null;
  const chosen = (found: SmtpcCommand) => void (command = found);
  const text = parseCommandLine({
    name: "smtpc",
    description: "Sends mail and reads it, with any mail server.",
    version,
    build(program) {
      program.addHelpText("after", `\n${EXAMPLES}\n\n${STATUSES}`);
      addSend(program, chosen);
      addRead(program, chosen);
      addContacts(program, chosen);
      addBench(program, chosen);
    },
  }, args);
  if (text !== null) return { do: "print", text };
  if (command === null) throw new Failure(EXIT.usage, WHAT);
  return command;
}

const TLS: readonly TlsMode[] = ["auto", "starttls", "implicit", "none"];
/** Servers let one client have fewer; Postfix fifty. */
const CONNECTIONS_MAX = 100;
/** Within the content, QUIT would be a part of it. */
const QUIT_STAGES = STAGES.filter((stage) => stage !== "data");
const WHAT =
  "say what to do: smtpc send, smtpc read, smtpc contacts or smtpc bench (smtpc --help explains)";

function addSend(program: Command, chosen: (command: SmtpcCommand) => void): void {
  const send = program.command("send").description("send a message, or many");
  withCommon(send)
    .argument("[files...]", "messages to send, or folders of .eml files")
    .option("--from <address>", "the sender, by default the user")
    .option("--to <address>", "a recipient, or several with commas; repeatable", collect, [])
    .option("--cc <address>", "like --to, shown as Cc", collect, [])
    .option("--bcc <address>", "like --to, not shown at all", collect, [])
    .option("--subject <text>", "the subject")
    .option("--body <text>", "the text, by default from standard input")
    .option("--attach <file>", "attach a file; repeatable", collect, [])
    .addOption(
      new Option("--file <file>", "send this ready message; - is standard input")
        .conflicts(["body"]),
    )
    .addOption(
      new Option("--dsn <when>", "ask for reports: success,failure,delay or never")
        .argParser(parseNotify),
    )
    .addOption(
      new Option("--ret <what>", "what a report of a failure returns").choices(["full", "hdrs"]),
    )
    .addOption(
      new Option("--envid <id>", "name the message; reports repeat it").argParser(parseEnvid),
    )
    .option("--require-tls", "send only where all servers on the way encrypt (REQUIRETLS)")
    .addOption(
      new Option("--proto <protocol>", "what is spoken, default smtp").choices(["smtp", "lmtp"]),
    )
    .addOption(
      new Option("--ehlo <name>", "what to call ourselves, default our address")
        .argParser(parseHelloName),
    )
    .addOption(
      new Option("--data-from <file>", "send this content, header or not; - is standard input")
        .conflicts(["body", "file", "subject", "attach"]),
    )
    .addOption(
      new Option("--quit-after <stage>", "say QUIT behind this stage").choices(QUIT_STAGES)
        .conflicts(["dropAfter"]),
    )
    .addOption(
      new Option("--drop-after <stage>", "leave without a word behind this stage").choices(STAGES),
    )
    .option("--partial", "when a recipient is refused, send to the others")
    .addOption(
      new Option("--connections <count>", "so many at once, for FILEs (default: 4)")
        .argParser(countUpTo(CONNECTIONS_MAX)),
    )
    .addHelpText("after", `\n${SEND_NOTES}\n\n${TLS_NOTES}\n\n${STATUSES}`)
    .action((host: Host, port: Port, files: readonly string[], options: Options<SendFlags>) => {
      const { timeout, ...flags } = options;
      const named = files.length === 0 ? {} : { files };
      chosen({ do: "send", flags: { ...flags, ...named, host, port, timeoutMs: timeout } });
    });
}

function addRead(program: Command, chosen: (command: SmtpcCommand) => void): void {
  const read = program.command("read").description("read a mailbox");
  withCommon(read)
    .addOption(
      new Option("--list", "list the messages")
        .conflicts(["message", "last", "all", "raw", "delete", "markSeen", "move", "save"]),
    )
    .addOption(
      new Option("--message <number>", "show this one").argParser(count("a message number"))
        .conflicts(["last", "all"]),
    )
    .addOption(new Option("--last", "show the newest").conflicts(["all"]))
    .option("--all", "show all of them")
    .addOption(new Option("--raw", "the bytes as the server has them").conflicts(["json"]))
    .addOption(new Option("--keep", "leave them on the server (the default)").conflicts(["delete"]))
    .option("--delete", "delete what was shown")
    .option("--mailbox <name>", "read this one, by default INBOX (IMAP)")
    .addOption(
      new Option("--search <words>", "only messages with these, as from:bob is:unread (IMAP)")
        .argParser(parseSearch),
    )
    .option("--follow", "show new mail as it comes, until Ctrl-C (IMAP)")
    .option("--mark-seen", "mark what was shown as read (IMAP)")
    .addOption(
      new Option("--move <name>", "move what was shown to this mailbox (IMAP)")
        .conflicts(["keep", "delete"]),
    )
    .addOption(new Option("--save <folder>", "save attachments there").conflicts(["raw"]))
    .addHelpText("after", `\n${READ_NOTES}\n\n${TLS_NOTES}\n\n${STATUSES}`)
    .action((host: Host, port: Port, options: Options<ReadFlags> & ChoiceOptions) => {
      const { timeout, list, last, all, message, ...flags } = options;
      const choice: ReadChoice | null = message !== undefined
        ? { what: "message", number: message }
        : list || last || all
        ? { what: list ? "list" : last ? "last" : "all" }
        : null;
      chosen({ do: "read", flags: { ...flags, host, port, timeoutMs: timeout, choice } });
    });
}

function addContacts(program: Command, chosen: (command: SmtpcCommand) => void): void {
  const contacts = program.command("contacts").description("names for people's addresses")
    .action(() => {
      throw new Failure(EXIT.usage, "say what to do: smtpc contacts add, remove or list");
    });
  contacts.command("add").description("add a contact, or change it")
    .argument("<name>", "for example bob").argument("<address>", "for example bob@xyz.com")
    .action((name: string, address: string) => chosen({ do: "addContact", name, address }));
  contacts.command("remove").description("remove a contact")
    .argument("<name>")
    .action((name: string) => chosen({ do: "removeContact", name }));
  contacts.command("list").description("list all contacts, a name and an address on each line")
    .action(() => chosen({ do: "listContacts" }));
}

function addBench(program: Command, chosen: (command: SmtpcCommand) => void): void {
  withBenchOptions(withCommon(program.command("bench").description("measure a server's speed")))
    .addHelpText("after", `\n${BENCH_NOTES}\n\n${TLS_NOTES}\n\n${STATUSES}`)
    .action((host: Host, port: Port, { timeout, ...flags }: Options<BenchFlags>) =>
      chosen({ do: "bench", flags: { ...flags, host, port, timeoutMs: timeout } })
    );
}

function withCommon(command: Command): Command {
  return command
    .argument("[host]", "the server")
    .argument("[port]", "its port", parsePort)
    .option("--user <name>", "log in as this user")
    .option("--password-file <file>", "its first line is the password")
    .addOption(
      new Option("--auth <mechanism>", "log in only in this way (default: the strongest)")
        .choices(MECHANISMS.map((name) => name.toLowerCase())).argParser(parseMechanism),
    )
    .addOption(
      new Option("--tls <how>", "how the connection is encrypted").choices(TLS).default("auto"),
    )
    .option("--ca <file>", "trust the certificates in this file, and those that they signed")
    .addOption(
      new Option("--timeout <seconds>", "wait so long for each answer (default: 60)")
        .argParser(parseTimeout),
    )
    .option("--json", "one JSON object per line on standard output")
    .option("-v, --verbose", "show the dialogue on standard error");
}

type Host = string | undefined;
type Port = number | undefined;

/** What commander makes of the flags that have the same names here. */
type Options<Flags extends CommonFlags> =
  & Omit<Flags, "host" | "port" | "timeoutMs" | "choice">
  & { readonly timeout?: number };

interface ChoiceOptions {
  readonly list?: true;
  readonly last?: true;
  readonly all?: true;
  readonly message?: number;
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

function parsePort(text: string): number {
  const port = count("a port")(text);
  if (port > 65535) throw new InvalidArgumentError("Ports go up to 65535.");
  return port;
}

function parseNotify(text: string): readonly NotifyCondition[] {
  const words = text.toUpperCase().split(",");
  if (text.toUpperCase() === "NEVER") return [];
  const conditions = NOTIFY_CONDITIONS.filter((condition) => words.includes(condition));
  if (words.every((word) => conditions.some((one) => one === word))) return conditions;
  throw new InvalidArgumentError("It is never, or a list of success, failure and delay.");
}

/** RFC 3461 §4.4: printable ASCII, and as xtext at most 100 characters. */
function parseEnvid(text: string): string {
  const xtext = encodeXtext(text);
  if (/^[ -~]+$/.test(text) && xtext.length <= ENVID_CHARACTERS_MAX) return xtext;
  throw new InvalidArgumentError("It is up to 100 characters of ASCII.");
}

/** RFC 5321 §4.1.1.1; whatever else is visible may be tried on a server, too. */
function parseHelloName(text: string): string {
  if (/^[\x21-\x7e]{1,255}$/.test(text)) return text;
  throw new InvalidArgumentError("It is up to 255 visible characters of ASCII, without blanks.");
}

function parseMechanism(text: string): MechanismName {
  const name = mechanismOf(text);
  if (name !== null) return name;
  const names = MECHANISMS.map((each) => each.toLowerCase()).join(", ");
  throw new InvalidArgumentError(`Allowed choices are ${names}.`);
}

function count(what: string): (text: string) => number {
  return (text) => {
    if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError(`It is not ${what}.`);
    return Number(text);
  };
}

function parseSearch(text: string): readonly WantedKey[] {
  const keys = parseSearchWords(text);
  if (keys.length > 0) return keys;
  throw new InvalidArgumentError("It is empty.");
}

/** In milliseconds. A day is longer than any server waits. */
function parseTimeout(text: string): number {
  const seconds = /^\d{1,5}(\.\d{1,3})?$/.test(text) ? Number(text) : 0;
  if (seconds <= 0 || seconds > 86_400) {
    throw new InvalidArgumentError("It is not a number of seconds.");
  }
  return seconds * 1000;
}
