/**
 * Reading lines, as every text protocol of mail has them: they end with CRLF and with nothing else.
 */
import { type ByteQueue, CR, LF } from "./bytes.ts";
import { read, type Step } from "./session.ts";

/**
 * Why there is no line. `bareLf` and `bareCr`: a line ending that is not CRLF; the line was
 * consumed up to its line feed. `overlong`: more than allowed; consumed up to its end. `endless`:
 * so long that its end is not waited for; the conversation is over.
 */
export type LineFault = "bareLf" | "bareCr" | "overlong" | "endless";

/** An overlong line is thrown away up to this size; longer than any honest mistake. */
export const DISCARD_BYTES_MAX = 32 * 1024 * 1024;

/**
 * The next line without its CRLF: a view that is valid until the next read. `maxBytes` counts the
 * CRLF too, as RFC 5321 §4.5.3.1 does. `null`: the peer has closed; a last line without an end
 * is not a line.
 */
export function* readLine<B>(
  queue: ByteQueue,
  maxBytes: number,
): Step<B, Uint8Array | LineFault | null> {
  let discarded = 0;
  for (;;) {
    const at = queue.lineFeed();
    if (at !== -1) {
      const line = queue.take(at + 1);
      if (discarded + line.length > maxBytes) return "overlong";
      return checked(line);
    }
    if (discarded + queue.length > maxBytes) {
      discarded += queue.length;
      queue.clear();
      if (discarded > DISCARD_BYTES_MAX) return "endless";
    }
    if (!(yield* fill(queue))) return null;
  }
}

/** Waits for more bytes; false when the peer has closed. */
export function* fill<B>(queue: ByteQueue): Step<B, boolean> {
  queue.keep();
  const chunk = yield* read<B>();
  if (chunk === null) return false;
  queue.push(chunk);
  return true;
}

/** Whether a whole line waits, so that reading it would not have to wait. */
export function hasLine(queue: ByteQueue): boolean {
  return queue.lineFeed() !== -1;
}

function checked(line: Uint8Array): Uint8Array | LineFault {
  const end = line.length - 2;
  // RFC 5321 §2.3.8: CR and LF only ever together; anything else can be read in two ways by two
  // servers, which is how mail is smuggled.
  if (line[end] !== CR || line[end + 1] !== LF) return "bareLf";
  const text = line.subarray(0, end);
  return text.includes(CR) ? "bareCr" : text;
}
