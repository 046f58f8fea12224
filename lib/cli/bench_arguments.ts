/** The flags of `smtpc bench`, and what they may be. */
import { type Command, InvalidArgumentError, Option } from "./command_line.ts";

/** What `smtpc bench` is asked for, beside the server and the way to it. */
export interface BenchWishes {
  readonly from?: string;
  /** May hold several addresses each, separated by commas. */
  readonly to: readonly string[];
  /** For each message. */
  readonly recipients: number;
  readonly connections?: number;
  readonly perConnection?: number;
  /** Messages a second. */
  readonly rate?: number;
  /** In bytes. */
  readonly size: number;
  readonly eightBit?: true;
  readonly messages?: number;
  readonly seconds?: number;
  readonly yes?: true;
  /** To read a mailbox, so often, and send nothing. */
  readonly pop3?: true;
  readonly imap?: true;
  readonly rounds?: number;
}

/** What says nothing to whoever reads. */
const SENDING = [
  "from",
  "to",
  "recipients",
  "perConnection",
  "rate",
  "size",
  "eightBit",
  "messages",
];

/** Adds what `bench` has of its own. */
export function withBenchOptions(command: Command): Command {
  return command
    .option("--from <address>", "the sender, by default the user or the first recipient")
    .option("--to <address>", "a recipient, or several with commas; repeatable", collect, [])
    .addOption(
      new Option("--recipients <count>", "so many of them for each message, in turn")
        .argParser(countUpTo(1000)).default(1),
    )
    .addOption(
      new Option("--connections <count>", "so many at once (default: 10, with --pop3 1)")
        .argParser(countUpTo(10_000)),
    )
    .addOption(
      new Option("--per-connection <count>", "so many messages on each, then another one")
        .argParser(countUpTo(1_000_000_000)),
    )
    .addOption(
      new Option("--rate <count>", "messages a second (default: as fast as they are taken)")
        .argParser(countUpTo(1_000_000)),
    )
    .addOption(
      new Option("--size <bytes>", "of each message, like 4096, 64K or 1M").argParser(parseSize)
        .default(4096),
    )
    .option("--eight-bit", "text with bytes above 127, by BDAT where the server takes it")
    .addOption(
      new Option("--messages <count>", "ends with so many").argParser(countUpTo(1_000_000_000)),
    )
    .addOption(new Option("--pop3", "read by POP3, and send nothing").conflicts(SENDING))
    .addOption(new Option("--imap", "read by IMAP").conflicts([...SENDING, "pop3"]))
    .addOption(
      new Option("--rounds <count>", "reads the mailbox so often (--pop3, --imap)")
        .argParser(countUpTo(1_000_000_000)),
    )
    .addOption(
      new Option("--seconds <count>", "ends after this time (default: 10, without another end)")
        .argParser(countUpTo(86_400)),
    )
    .option("--yes", "the server is yours, although it is not in a private network");
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

/** Reads a number from 1 up to the most. */
export function countUpTo(most: number): (text: string) => number {
  return (text) => {
    const count = /^\d{1,10}$/.test(text) ? Number(text) : 0;
    if (count >= 1 && count <= most) return count;
    throw new InvalidArgumentError(`It is a number from 1 to ${most}.`);
  };
}

/** All of it is in memory once. */
const SIZE_BYTES_MAX = 256 * 1024 * 1024;

function parseSize(text: string): number {
  const [, digits = "", unit = ""] = /^(\d{1,9})([KM]?)$/i.exec(text) ?? [];
  const factor = { "": 1, K: 1024, M: 1024 * 1024 }[unit.toUpperCase()]!;
  const bytes = Number(digits) * factor;
  if (digits !== "" && bytes >= 1 && bytes <= SIZE_BYTES_MAX) return bytes;
  throw new InvalidArgumentError("It is a number of bytes up to 256M, like 4096, 64K or 1M.");
}
