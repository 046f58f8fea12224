/** The client's end of the conversation: commands go out, responses come in (RFC 1939 §3). */
import { ByteQueue, decode } from "../wire/bytes.ts";
import { dotUnstuffer } from "../wire/dots.ts";
import { ProtocolError } from "../wire/error.ts";
import { fill } from "../wire/lines.ts";
import { deadline, Interrupted, type Step } from "../wire/session.ts";
import { hear, say, show, type Talk } from "./talk.ts";

/** A client's conversation and its limits. */
export interface Dialogue extends Talk {
  /** How long the server may be silent while something is due from it. */
  readonly replyMs: number;
  /** The largest message that is taken. */
  readonly messageBytesMax: number;
}

/** The first line of a response. */
export type Response = { readonly ok: true; readonly text: string } | Refusal;

/** The server said -ERR. */
export interface Refusal {
  readonly ok: false;
  /**
   * The extended response code in upper case, like `IN-USE` or `SYS/TEMP` (RFC 2449 §8), or `null`.
   */
  readonly code: string | null;
  /** The server's words without the code, fit to be shown: control characters are replaced. */
  readonly text: string;
}

/** RFC 1939 §3: the longest first line of a response, with its CRLF. */
const RESPONSE_LINE_BYTES_MAX = 512;

/** Gives a command and hears the first line of its response; `shown` replaces it in the trace. */
export function* command<B>(
  dialogue: Dialogue,
  line: string,
  shown: string = line,
): Step<B, Response> {
  yield* say(dialogue, line, shown);
  return yield* hearResponse(dialogue);
}

/**
 * The first line of a response, or the greeting.
 * @throws {ProtocolError} when it is none.
 */
export function* hearResponse<B>(dialogue: Dialogue): Step<B, Response> {
  return responseOf(yield* hearLine(dialogue, RESPONSE_LINE_BYTES_MAX, decode));
}

/**
 * The next line, without its CRLF.
 * @throws {ProtocolError} when it is too long or does not end with CRLF.
 */
export function* hearLine<B>(
  dialogue: Dialogue,
  bytesMax: number,
  visible: (line: Uint8Array) => string,
): Step<B, Uint8Array> {
  yield* deadline(dialogue.replyMs);
  const line = yield* hear<B>(dialogue, bytesMax, visible);
  if (line === null) throw new Interrupted("lost");
  if (typeof line === "string") throw broken("the server's line is too long or ends without CRLF");
  return line;
}

/**
 * Reads a response's first line, without its CRLF.
 * @throws {ProtocolError} when it is none.
 */
export function responseOf(line: Uint8Array): Response {
  // deno-lint-ignore no-control-regex -- they are looked for because they must not reach a terminal
  const text = decode(line).replace(/[\x00-\x1f\x7f-\x9f]/g, "?");
  // RFC 1939 §3: upper case; RFC 2449 §3 lets a response code follow without a blank.
  if (text.startsWith("+OK")) return { ok: true, text: text.slice(3).trim() };
  if (!text.startsWith("-ERR")) throw broken("what answers does not speak POP3");
  const { code = null, words = "" } = REFUSAL.exec(text)?.groups ?? {};
  return { ok: false, code: code?.toUpperCase() ?? null, text: words };
}

/** RFC 2449 §8: the code stands in brackets in front of the words. */
const REFUSAL = /^-ERR\s*(?:\[(?<code>[^\]\s]+)\])?\s*(?<words>.*)$/;

/** The content of a multi-line response: a message. The trace gets its size only. */
export function* hearMessage<B>(dialogue: Dialogue): Step<B, Uint8Array> {
  const content = yield* hearContent<B>(dialogue, dialogue.messageBytesMax);
  yield* show(dialogue, "peer", `(a message of ${content.length} octets)`);
  return content;
}

/** The lines of a multi-line response: a list, of at most `bytesMax`. */
export function* hearList<B>(dialogue: Dialogue, bytesMax: number): Step<B, readonly string[]> {
  const lines = decode(yield* hearContent<B>(dialogue, bytesMax)).split("\r\n");
  lines.pop(); // what stands behind the last CRLF: nothing
  for (const line of lines) yield* show(dialogue, "peer", line);
  yield* show(dialogue, "peer", ".");
  return lines;
}

/** The server broke the protocol. */
export function broken(message: string): ProtocolError {
  return new ProtocolError(message, { code: 0, status: "" });
}

function* hearContent<B>(dialogue: Dialogue, bytesMax: number): Step<B, Uint8Array> {
  const { queue, replyMs } = dialogue;
  const unstuffer = dotUnstuffer();
  // Not a list of chunks: a server that sends single bytes would make it a hundred times as large.
  const content = new ByteQueue();
  for (;;) {
    if (queue.length === 0) {
      yield* deadline(replyMs);
      if (!(yield* fill(queue))) throw new Interrupted("lost");
    }
    const step = unstuffer.push(queue.peek());
    if (content.length + step.content.length > bytesMax) {
      throw broken(`the server's response is longer than ${bytesMax} bytes`);
    }
    content.push(step.content);
    content.keep();
    queue.skip(step.used);
    if (step.done) return content.peek().slice();
  }
}
