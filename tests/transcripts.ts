/**
 * Transcripts: dialogues as plain text that are replayed against a session. Any protocol can use
 * them.
 *
 *     # A comment. Empty lines mean nothing.
 *     C: STAT            the client's line; CRLF is added
 *     C: PA\             a backslash at the end of the line: no CRLF is added
 *     C: a\r\n\0\xff\\   bytes that have no other way to be written, in S lines as well
 *     S: +OK 2 320       a line of the server, exactly
 *     S~ ^\+OK .*        a line of the server that a regular expression matches
 *     ! tls              from here on it is said under TLS; what was not heard before is lost
 *     ! deflate          what was said last, by both, makes them compress; here it stays readable
 *     ! deadline         last line: how it ends. The input ends with the client's close, unless it
 *                        is interrupted by `deadline`, `shutdown` or `lost`
 *     ! closes           last line: the session ends by itself, whatever more would come
 *
 * Each is played whole and byte by byte, and where it ends by itself or with a close, and without
 * TLS and compression, over a real socket; the output must be the same each time, and must be what
 * is written.
 */
import assert from "$assert";
import { denoWorld } from "../lib/net/deno.ts";
import { drive } from "../lib/net/drive.ts";
import type { Clock } from "../lib/net/world.ts";
import { concat, decodeLatin1, encode, LF } from "../lib/wire/bytes.ts";
import type { Session } from "../lib/wire/session.ts";
import { playAsync, type PlayOptions } from "./play.ts";

export interface Transcript {
  readonly name: string;
  /** What the session hears. */
  readonly input: Uint8Array;
  /** The same, in the pieces between which something has to be said. */
  readonly turns: readonly Uint8Array[];
  /** What it hears under TLS; `null`: there is none. */
  readonly secured: Uint8Array | null;
  /** How many lines it has to say before both compress; `null`: they never do. */
  readonly plainLines: number | null;
  /** What it has to say, line by line. */
  readonly output: readonly ExpectedLine[];
  readonly end: NonNullable<PlayOptions["end"]> | "closes";
}

export interface ExpectedLine {
  readonly pattern: string | RegExp;
  /** Where it stands in the transcript, from 1. */
  readonly at: number;
}

export interface TranscriptOptions {
  /** The side that the session plays: a server says the S lines (default), a client the C lines. */
  readonly side?: "server" | "client";
}

/** A new session and the backend that it talks to; asked for once for each playing. */
export type Start<B> = () => { readonly session: Session<B, unknown>; readonly backend: B };

/** @throws {Error} that names the line which cannot be read. */
export function parseTranscript(
  name: string,
  text: string,
  options: TranscriptOptions = {},
): Transcript {
  const ours = options.side === "client" ? "C" : "S";
  const input: Uint8Array[] = [];
  const turns: Uint8Array[] = [];
  let spoke = true;
  let secured: Uint8Array[] | null = null;
  let plainLines: number | null = null;
  const output: ExpectedLine[] = [];
  let end: Transcript["end"] = "close";
  for (
    const [at, line] of text.split("\n").map((line, at) => [at + 1, line.trimStart()] as const)
  ) {
    if (line === "" || line.startsWith("#")) continue;
    const ending = /^! (deadline|shutdown|lost|closes)$/.exec(line)?.[1];
    const [, who, how, said = ""] = /^([CS])([:~])(?: (.*))?$/.exec(line) ?? [];
    if (line === "! tls") secured = [];
    else if (line === "! deflate") plainLines = output.length;
    else if (ending !== undefined) end = ending as Transcript["end"];
    else if (who === undefined || (how === "~" && who !== ours)) {
      throw new Error(`${name}, line ${at}: neither C, S nor !: ${line}`);
    } else if (who !== ours) {
      const bytes = bytesOf(said);
      (secured ?? input).push(bytes);
      turns.push(spoke ? bytes : concat([turns.pop()!, bytes]));
      spoke = false;
    } else {
      spoke = true;
      output.push({ at, pattern: how === "~" ? new RegExp(said) : textOf(said) });
    }
  }
  return {
    name,
    input: concat(input),
    turns,
    secured: secured === null ? null : concat(secured),
    plainLines,
    output,
    end,
  };
}

/** Plays whole and byte by byte. @throws {AssertionError} where the session says something else. */
export async function replay<B>(transcript: Transcript, start: Start<B>): Promise<void> {
  const whole = await playCut(transcript, (input) => [input], start);
  check(transcript, whole, "whole");
  const bytewise = (input: Uint8Array) => Array.from(input, (byte) => Uint8Array.of(byte));
  const cut = await playCut(transcript, bytewise, start);
  assert.equal(cut, whole, `${transcript.name}: byte by byte differs from whole`);
}

/**
 * Plays turn by turn: for a client that does not take what comes before it was asked for. Lines of
 * a server that stand together come together.
 * @throws {AssertionError} where the session says something else.
 */
export async function replayInTurns<B>(transcript: Transcript, start: Start<B>): Promise<void> {
  const output = await playCut(transcript, () => transcript.turns, start);
  check(transcript, output, "in turns");
}

/**
 * Plays over a real connection, where the transcript can be: an interruption would have to be
 * waited for. Time stands still, and pauses take none. Gives whether it was played.
 */
export async function replayOnSocket<B>(
  transcript: Transcript,
  start: Start<B>,
): Promise<boolean> {
  if (transcript.end !== "close" && transcript.end !== "closes") return false;
  if (transcript.secured !== null || transcript.plainLines !== null) return false;
  const { net } = denoWorld();
  const listener = net.listen({ host: "127.0.0.1", port: 0 });
  try {
    const [output] = await Promise.all([
      talkOnSocket(listener.local.port, transcript),
      serveOne(listener, start),
    ]);
    check(transcript, output, "on a socket");
    return true;
  } finally {
    listener.close();
  }
}

async function playCut<B>(
  transcript: Transcript,
  cut: (input: Uint8Array) => readonly Uint8Array[],
  start: Start<B>,
): Promise<string> {
  const { session, backend } = start();
  const { input, secured, plainLines, end } = transcript;
  const played = await playAsync(session, cut(input), backend, {
    end: end === "closes" ? "close" : end,
    ...(secured === null ? {} : { secured: cut(secured) }),
  });
  const how = end === "closes" ? "should end by itself" : "should not end by itself";
  assert.equal(played.ended, end === "closes", `${transcript.name}: the session ${how}`);
  const plain = played.plainBytes;
  const lines = plain === null ? null : linesIn(played.output.subarray(0, plain));
  assert.equal(lines, plainLines, `${transcript.name}: how many lines are not compressed`);
  return decodeLatin1(played.output);
}

function linesIn(output: Uint8Array): number {
  return output.filter((byte) => byte === LF).length;
}

async function talkOnSocket(port: number, { input, end }: Transcript): Promise<string> {
  using conn = await Deno.connect({ hostname: "127.0.0.1", port });
  const writing = writeAll(conn, input).then(() => end === "close" ? conn.closeWrite() : undefined);
  const output: Uint8Array[] = [];
  const buffer = new Uint8Array(4096);
  for (let count; (count = await conn.read(buffer)) !== null;) {
    output.push(buffer.slice(0, count));
  }
  await writing;
  return decodeLatin1(concat(output));
}

async function writeAll(conn: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
}

async function serveOne<B>(
  listener: ReturnType<ReturnType<typeof denoWorld>["net"]["listen"]>,
  start: Start<B>,
): Promise<void> {
  const { session, backend } = start();
  for await (const transport of listener) {
    const { signal } = new AbortController();
    await drive(session, transport, backend, { clock: STILL, signal });
    return;
  }
}

/** Deadlines never come and pauses are over at once, so that nothing is left behind by a test. */
const STILL: Clock = {
  ...denoWorld().clock,
  sleep: () => Promise.resolve(),
  alarm: () => ({ set() {}, cancel() {} }),
};

function check({ name, output }: Transcript, text: string, how: string): void {
  const lines = text.split("\r\n");
  assert.equal(lines.pop(), "", `${name}, ${how}: the output ends in the middle of a line`);
  for (const [at, line] of lines.entries()) {
    const expected = output[at];
    if (expected === undefined) {
      throw new Error(`${name}, ${how}: behind the last line comes ${JSON.stringify(line)}`);
    }
    const where = `${name}, line ${expected.at}, ${how}`;
    if (typeof expected.pattern === "string") assert.equal(line, expected.pattern, where);
    else assert.match(line, expected.pattern, where);
  }
  const missing = output[lines.length];
  assert.equal(missing, undefined, `${name}, line ${missing?.at}, ${how}: the session is silent`);
}

/** The bytes of a line, with its CRLF unless a backslash suppresses it. */
function bytesOf(said: string): Uint8Array {
  const open = /(^|[^\\])(\\\\)*\\$/.test(said);
  const text = textOf(open ? said.slice(0, -1) : said);
  return latin1(open ? text : `${text}\r\n`);
}

/** One character a byte; what was written in other scripts counts as UTF-8. */
function textOf(said: string): string {
  return decodeLatin1(encode(said)).replace(
    /\\(?:x([0-9a-f]{2})|(.))/gi,
    (whole, hex: string | undefined, letter: string | undefined) => {
      if (hex !== undefined) return String.fromCharCode(parseInt(hex, 16));
      const value = { r: "\r", n: "\n", 0: "\0", "\\": "\\" }[letter!];
      if (value === undefined) throw new Error(`${whole} means nothing in a transcript`);
      return value;
    },
  );
}

function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
