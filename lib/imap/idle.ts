/** IDLE (RFC 2177, RFC 9051 §6.3.13): the client waits for news and hears them as they come. */
import { decodeLatin1, encode } from "../wire/bytes.ts";
import { hasLine, readLine } from "../wire/lines.ts";
import { deadline, Interrupted, read, readOrWake, type Step, writeNow } from "../wire/session.ts";
import type { ImapBackend } from "./backend.ts";
import { ImapError, malformed } from "./error.ts";
import { hearOrChange, tellAll } from "./notify.ts";
import { accountOf, BackendFailure, done, IDLE_MS, type Reply, type Serving } from "./serving.ts";

/** `DONE` and its CRLF have six bytes; a client that has something else to say is lost anyway. */
export const IDLE_LINE_BYTES_MAX = 1_024;

/** Until the client says DONE; `"over"` when it goes instead. */
export function* idle(serving: Serving): Step<ImapBackend, Reply | "over"> {
  accountOf(serving);
  const { queue } = serving;
  yield* deadline(IDLE_MS);
  yield* writeNow(encode("+ idling\r\n"));
  for (;;) {
    // RFC 9051 §7.5.1: IDLE is a command in progress, so numbers may move.
    yield* tellAll(serving, { expunges: true, own: false });
    if (hasLine(queue) || queue.length > IDLE_LINE_BYTES_MAX) break;
    queue.keep();
    const heard = yield* hearOrWake(serving);
    if (heard === null) return "over";
    if (heard !== "wake") queue.push(heard);
  }
  const line = yield* readLine<ImapBackend>(queue, IDLE_LINE_BYTES_MAX);
  if (line === null || line === "endless") return "over";
  const said = typeof line === "string" ? "" : decodeLatin1(line);
  if (said.toUpperCase() !== "DONE") throw malformed("DONE is what ends IDLE");
  return done("no more idling");
}

/** What the client says, or `"wake"` when there may be news before. */
function* hearOrWake(serving: Serving): Step<ImapBackend, Uint8Array | null | "wake"> {
  const { notify, selected } = serving;
  // RFC 5465 §4: an idle client hears what it has asked for, and nothing else.
  if (notify !== null) return yield* hearOrChange(serving);
  if (selected === null) return yield* read<ImapBackend>();
  const { mailbox, modSeq } = selected;
  try {
    return yield* readOrWake<ImapBackend>((_backend, signal) => mailbox.changed(modSeq, signal));
  } catch (error) {
    // A mailbox that is gone shows at the next look.
    if (error instanceof ImapError) return "wake";
    throw error instanceof Interrupted ? error : new BackendFailure(error);
  }
}
