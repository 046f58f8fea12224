/**
 * A response from the wire: a line, and as long as a line ends with the announcement of a literal,
 * that and one more line (RFC 9051 §4.3).
 */
import { type ByteQueue, decodeLatin1 } from "../wire/bytes.ts";
import { broken } from "./client_error.ts";
import { fill, readLine } from "../wire/lines.ts";
import { deadline, Interrupted, type Step } from "../wire/session.ts";
import type { Literal, RawCommand } from "./parse.ts";

/** The lines of one response: the uids of 100 000 messages that a search has found fit in. */
export const RESPONSE_LINES_BYTES_MAX = 2 * 1024 * 1024;
/** The literals of one response: a piece of a message, as large as it is asked for. */
export const RESPONSE_LITERALS_BYTES_MAX = 4 * 1024 * 1024;
/** How many literals one response has; those that we ask for have one. */
export const RESPONSE_LITERALS_MAX = 100;

const ANNOUNCEMENT = /(~?)\{([0-9]{1,15})\}$/;
/** RFC 9051 §9 `resp-text` and `continue-req`: words for people, which may end in any way. */
const WORDS = /^(?:\+|\S+ (?:OK|NO|BAD|BYE|PREAUTH)(?: |$))/i;

/**
 * The next response, in the form that {@linkcode Reader} reads. A literal may take its time, while
 * no `replyMs` pass in silence.
 * @throws {ProtocolError} when the server says more than is taken, or ends a line in another way.
 */
export function* readResponse<B>(queue: ByteQueue, replyMs: number): Step<B, RawCommand> {
  const texts: string[] = [];
  const literals: Literal[] = [];
  let linesLeft = RESPONSE_LINES_BYTES_MAX;
  let literalsLeft = RESPONSE_LITERALS_BYTES_MAX;
  for (;;) {
    const line = yield* readLine<B>(queue, Math.max(2, linesLeft));
    if (line === null) throw new Interrupted("lost");
    if (typeof line === "string") throw broken("its line is too long or ends without CRLF");
    const text = decodeLatin1(line);
    linesLeft -= line.length + 2;
    const announced = texts.length === 0 && WORDS.test(text) ? null : ANNOUNCEMENT.exec(text);
    if (announced === null) {
      texts.push(text);
      return { texts, literals };
    }
    const [whole, tilde, digits] = announced as unknown as [string, string, string];
    const bytes = Number(digits);
    if (bytes > literalsLeft || literals.length === RESPONSE_LITERALS_MAX) {
      throw broken(`its response is longer than ${RESPONSE_LITERALS_BYTES_MAX} bytes`);
    }
    texts.push(text.slice(0, text.length - whole.length));
    literals.push({ bytes: yield* readBytes<B>(queue, bytes, replyMs), binary: tilde === "~" });
    literalsLeft -= bytes;
  }
}

function* readBytes<B>(queue: ByteQueue, count: number, replyMs: number): Step<B, Uint8Array> {
  const bytes = new Uint8Array(count);
  let at = 0;
  for (;;) {
    const part = Math.min(queue.length, count - at);
    bytes.set(queue.take(part), at);
    at += part;
    if (at === count) return bytes;
    yield* deadline(replyMs);
    if (!(yield* fill<B>(queue))) throw new Interrupted("lost");
  }
}
