/** The programs that put a load on a server: Postfix's smtp-source, and our `smtpc`. */
import { runSmtpc } from "../process/programs.ts";
import { demandProgram } from "./peers.ts";

export interface Source {
  readonly port: number;
  readonly to: string;
  readonly connections: number;
  /** Whether a connection is used for one message after the other. */
  readonly kept: boolean;
  /** Of the text behind the header. */
  readonly bytes: number;
}

/** Our server announces that it takes 1000 on one connection; smtp-source does not look. */
const MESSAGES_ON_A_CONNECTION = 900;

/** A server that hangs is no peer. */
const SOURCE_MS_MAX = 60_000;

/**
 * Sends so many messages; gives how many seconds that took.
 * @throws {Error} where some are refused, or it takes more than a minute
 */
export async function smtpSource(source: Source, messages: number): Promise<number> {
  demandProgram("smtp-source");
  const startedMs = performance.now();
  const { code, stderr } = await new Deno.Command("smtp-source", {
    args: [
      ...(source.kept ? ["-d"] : []),
      ...["-s", `${source.connections}`, "-m", `${messages}`, "-l", `${source.bytes}`],
      ...["-M", "bench.example", "-f", "load@bench.example", "-t", source.to],
      `127.0.0.1:${source.port}`,
    ],
    signal: AbortSignal.timeout(SOURCE_MS_MAX),
  }).output();
  if (code !== 0) throw new Error(`smtp-source: ${new TextDecoder().decode(stderr)}`);
  return (performance.now() - startedMs) / 1000;
}

/** Whether a message of smtp-source came with all of its text: numbers, and many an X. */
export function isWholeOf(bytes: number): (message: string) => boolean {
  return (message) => {
    const text = message.slice(message.indexOf("\r\n\r\n") + 4);
    // Its last line is not whole, and gets an end all the same.
    return text.length === bytes + (bytes % 80 === 0 ? 0 : 2) && /^[0-9A-Z\r\n]*\r\n$/.test(text);
  };
}

/**
 * How many messages take about `seconds`, after a few that show how fast it goes. All that were
 * sent are told to `sent`.
 */
export async function messagesFor(
  source: Source,
  seconds: number,
  sent: (messages: number) => void,
): Promise<number> {
  const first = 10 * source.connections;
  await smtpSource(source, first); // which is slow, for much is done for the first time
  const took = await smtpSource(source, first);
  sent(2 * first);
  const most = source.kept ? MESSAGES_ON_A_CONNECTION * source.connections : Infinity;
  return Math.min(most, Math.max(first, Math.round((first / took) * seconds)));
}

/** What `smtpc bench --json` reports. */
export interface Report {
  readonly accepted: number;
  readonly failed: number;
  readonly seconds: number;
  readonly messagesPerSecond: number;
  readonly bytesPerSecond: number;
  readonly wholeMs: Readonly<Record<"p50" | "p90" | "p99" | "max", number>>;
  readonly finalMs: Readonly<Record<"p50" | "p90" | "p99" | "max", number>>;
}

/** Runs `smtpc bench` with these flags; `password` is that of its `--user`. */
export async function smtpcBench(
  port: number,
  flags: readonly string[],
  password?: string,
): Promise<Report> {
  const ran = await runSmtpc(
    ["bench", "127.0.0.1", `${port}`, "--json", ...flags],
    password === undefined ? {} : { password },
  );
  if (ran.status !== 0) throw new Error(`smtpc bench: ${ran.stderr}`);
  return JSON.parse(ran.stdout);
}

/** What `smtpc send --json` says at its end about the files that it was given. */
export interface SendReport {
  readonly sent: number;
  readonly seconds: number;
  readonly messagesPerSecond: number;
}

/** Runs `smtpc send` with all messages of a folder. @throws {Error} where one was not sent */
export async function smtpcSend(
  port: number,
  folder: string,
  flags: readonly string[],
): Promise<SendReport> {
  const ran = await runSmtpc(["send", "127.0.0.1", `${port}`, folder, "--json", ...flags]);
  if (ran.status !== 0) throw new Error(`smtpc send: ${ran.stderr}`);
  return JSON.parse(ran.stdout.trimEnd().split("\n").at(-1)!);
}

/** Whether a message of `smtpc bench` came with all of its bytes. */
export function isWholeBench(bytes: number): (message: string) => boolean {
  return (message) => message.length - message.lastIndexOf("\r\nFrom: <") - 2 === bytes;
}
