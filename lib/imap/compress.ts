/** COMPRESS (RFC 4978): from the reply on, both sides speak in DEFLATE. */
import { compress as compressing, type Step } from "../wire/session.ts";
import type { ImapBackend } from "./backend.ts";
import { refused } from "./error.ts";
import { accountOf, answer, done, type Serving } from "./serving.ts";

/**
 * RFC 4978 §5: for who is logged in. So no password is ever compressed beside what somebody else
 * may choose, which would tell of it by its length.
 */
export function* compress(serving: Serving, tag: string): Step<ImapBackend, "answered"> {
  accountOf(serving);
  // RFC 4978 §3: what is compressed already gets no smaller.
  if (serving.compressed) throw refused("DEFLATE is active already", "COMPRESSIONACTIVE");
  serving.compressed = true;
  yield* answer(serving, tag, done("DEFLATE is active"));
  // RFC 4978 §3: the client compresses from its next command on, however early that came.
  const { queue } = serving;
  yield* compressing(queue.take(queue.length).slice());
  return "answered";
}
