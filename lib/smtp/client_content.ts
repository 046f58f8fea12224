/** The content of a message, on the SMTP client's side: in the form and by the command it needs. */
import { type Body, bodyOf } from "../mail/body.ts";
import { toSevenBit } from "../mail/downgrade.ts";
import { concat, encode, equal, isAscii } from "../wire/bytes.ts";
import { dotStuffer } from "../wire/dots.ts";
import { call, deadline, Interrupted, type Step, trace, write, writeNow } from "../wire/session.ts";
import {
  command,
  decide,
  type Link,
  type OpenAttempt,
  receive,
  send,
  unasked,
} from "./client_link.ts";
import { passed } from "./client_stage.ts";
import type { SmtpJob } from "./job.ts";
import { isPositive, type Reply, reply } from "./reply.ts";
import { ReplyError } from "./reply_reader.ts";

/**
 * The content as this server takes it, or why it cannot have it. RFC 6152 §3: bytes above 127 go
 * only to a server that said it can take them; for others the parts of the message are encoded.
 */
export function* contentFor<B>(link: Link, body: Body): Step<B, Body | Reply> {
  if (link.extensions.eightBitMime || !(yield* hasEightBit<B>(body))) return body;
  const whole = yield* call<B, Uint8Array>(() => body.slice(0, body.size));
  const converted = toSevenBit(whole);
  return converted === null
    ? reply(554, "5.6.3", "The next server takes no 8-bit content")
    : bodyOf(converted);
}

/**
 * Sends the content for these recipients; false when the transaction is still open behind it.
 * Nothing is sent before each RCPT was answered, BDAT neither.
 */
export function* sendContent<B>(
  link: Link,
  job: SmtpJob & { readonly do: "send" },
  taken: readonly OpenAttempt[],
): Step<B, boolean> {
  const { chunking, eightBitMime } = link.extensions;
  // RFC 3030 §2: any content may go by BDAT. Where it is plain, DATA does as well, and everybody
  // has tested it.
  const { withoutChunking = false } = link.options;
  const byBdat = chunking && eightBitMime && job.envelope.body === "8BITMIME" &&
    !withoutChunking && !link.doubtful && link.stopAfter === null;
  try {
    if (!byBdat) return yield* sendByData<B>(link, job.content, taken);
    yield* sendByBdat<B>(link, job.content, taken);
    return true;
  } catch (error) {
    if (error instanceof Interrupted && error.reason === "lost") {
      yield* hearParting<B>(link, taken);
    }
    throw error;
  }
}

/**
 * A server that has enough of a message may say why and leave, while the message is still being
 * written. What it said is there to be read, although nothing can be written any more.
 */
function* hearParting<B>(link: Link, taken: readonly OpenAttempt[]): Step<B, void> {
  const waiting = taken.filter(({ result, reply }) => result === "accepted" || reply === null);
  try {
    yield* deadline(link.options.timeouts.commandMs);
    yield* refuseEarly<B>(link, waiting);
  } catch (error) {
    // It left without a word, and the outcome stays what it was.
    if (!(error instanceof Interrupted) && !(error instanceof ReplyError)) throw error;
  }
}

/** A reply before the message's end: a refusal is one, for without its end nothing is taken. */
function* refuseEarly<B>(link: Link, taken: readonly OpenAttempt[]): Step<B, void> {
  const early = yield* receive<B>(link);
  if (early.code >= 400) decide(taken, "data", early);
}

function* sendByData<B>(
  link: Link,
  body: Body,
  taken: readonly OpenAttempt[],
): Step<B, boolean> {
  const { timeouts } = link.options;
  const go = yield* command<B>(link, "DATA", { timeoutMs: timeouts.dataMs });
  if (go.code !== 354) {
    decide(taken, "data", go);
    // RFC 5321 §4.1.1.4: a server that refuses DATA may keep the transaction, and refuse the next.
    return false;
  }
  passed("data", link.stopAfter);
  const stuffer = dotStuffer();
  for (let at = 0; at < body.size; at += SLICE_BYTES) {
    const slice = yield* call<B, Uint8Array>(() => body.slice(at, at + SLICE_BYTES));
    yield* deadline(timeouts.blockMs);
    yield* write(stuffer.push(slice));
  }
  yield* conclude<B>(link, { last: stuffer.end(), contentBytes: body.size, taken });
  passed("dot", link.stopAfter);
  return true;
}

/** RFC 3030 §2: as one chunk, which is the last; so there is one reply, as behind DATA. */
function* sendByBdat<B>(
  link: Link,
  body: Body,
  taken: readonly OpenAttempt[],
): Step<B, void> {
  const lastBytes = yield* call<B, Uint8Array>(() => body.slice(body.size - 2, body.size));
  // RFC 5321 §4.1.1.4: as behind DATA, a message that does not end with CRLF gets one.
  const end = body.size === 0 || equal(lastBytes, CRLF) ? NOTHING : CRLF;
  yield* send<B>(link, `BDAT ${body.size + end.length} LAST`);
  let slice = NOTHING;
  for (let at = 0; at < body.size; at += SLICE_BYTES) {
    yield* write(slice);
    slice = yield* call<B, Uint8Array>(() => body.slice(at, at + SLICE_BYTES));
    yield* deadline(link.options.timeouts.blockMs);
  }
  const last = concat([slice, end]);
  const [first] = yield* conclude<B>(link, { last, contentBytes: body.size, taken });
  // RFC 5321 §4.2.4: the server does not know what it has announced. By DATA it may take it.
  if (first!.code === 500 || first!.code === 502) {
    link.misledByChunking = true;
    for (const each of taken) each.result = "deferred";
  }
}

/** Sends what completes the message; from here on the server may have taken it. */
function* conclude<B>(
  link: Link,
  { last, contentBytes, taken }: {
    readonly last: Uint8Array;
    readonly contentBytes: number;
    readonly taken: readonly OpenAttempt[];
  },
): Step<B, readonly Reply[]> {
  const { timeouts, traced, protocol } = link.options;
  if (link.queue.length > 0) {
    // Taken for the reply to the message, it could be called delivered by a server that lies.
    yield* refuseEarly<B>(link, taken);
    throw unasked();
  }
  if (traced) yield* trace("self", encode(`(${contentBytes} bytes of message)`));
  const lmtp = protocol === "lmtp";
  // RFC 2033 §5: with LMTP, whoever is not answered about is put off.
  const result = lmtp ? "deferred" : "unknown";
  for (const each of taken) Object.assign(each, { reply: null, at: "data", result });
  yield* writeNow(last);
  const replies: Reply[] = [];
  // RFC 2033 §4.2: one reply for each recipient, in their order.
  for (const answered of lmtp ? taken.map((each) => [each]) : [taken]) {
    yield* deadline(timeouts.finalMs);
    const final = yield* receive<B>(link);
    decide(answered, "data", final);
    if (isPositive(final)) { for (const each of answered) each.result = "delivered"; }
    else {
      // RFC 3030 §2: after a BDAT that failed, only RSET leads out of the transaction, too.
      link.doubtful = link.unsettled = true;
    }
    replies.push(final);
  }
  return replies;
}

function* hasEightBit<B>(body: Body): Step<B, boolean> {
  for (let at = 0; at < body.size; at += SLICE_BYTES) {
    const slice = yield* call<B, Uint8Array>(() => body.slice(at, at + SLICE_BYTES));
    if (!isAscii(slice)) return true;
  }
  return false;
}

const SLICE_BYTES = 64 * 1024;
const CRLF = encode("\r\n");
const NOTHING: Uint8Array = new Uint8Array(0);
