/** The TRANSACTION and UPDATE states, RFC 1939 §5 and §6: reading and deleting mail. */
import type { Body } from "../mail/body.ts";
import { surrogateMaker } from "../mail/surrogate.ts";
import { dotStuffer } from "../wire/dots.ts";
import { deadline, Interrupted, type Step, write, writeNow } from "../wire/session.ts";
import type { Pop3Backend, Pop3Message, Pop3Snapshot } from "./backend.ts";
import { answerLang, sayCapabilities, sayListing } from "./capability.ts";
import { malformed } from "./command.ts";
import { counted, type Maildrop, maildropOf } from "./maildrop.ts";
import { answerCommands, ask, BackendFailure, IDLE_MS, type Serving } from "./serving.ts";
import { say, show } from "./talk.ts";
import { topMeter } from "./top.ts";

/** A message is read and sent in pieces of this size. */
const SLICE_BYTES = 64 * 1024;
/** So many commands are answered before others have a turn; a client can send thousands at once. */
const COMMANDS_AT_ONCE_MAX = 100;
/** So many are removed at once: each takes some microseconds, in which nobody else has a turn. */
const REMOVED_AT_ONCE_MAX = 200;

/** Answers commands until QUIT, or until the client is gone. */
export function transaction(
  serving: Serving,
  snapshot: Pop3Snapshot,
): Step<Pop3Backend, "over"> {
  const maildrop = maildropOf(snapshot);
  let commands = 0;
  return answerCommands<"over">(serving, function* (command) {
    if (++commands % COMMANDS_AT_ONCE_MAX === 0) yield* ask(serving, (each) => each.turn());
    switch (command.verb) {
      case "STAT":
        // RFC 1939 §5: exactly this, for clients parse it.
        yield* say(serving, `+OK ${maildrop.count} ${maildrop.size}`);
        return "next";
      case "LIST":
        return yield* list(serving, maildrop, command.message, ({ size }) => `${size}`);
      case "UIDL":
        return yield* list(serving, maildrop, command.message, ({ uniqueId }) => uniqueId);
      case "RETR":
        return yield* send(serving, maildrop.find(command.message), null);
      case "TOP":
        return yield* send(serving, maildrop.find(command.message), command.lines);
      case "DELE": {
        const marked = maildrop.mark(command.message);
        yield* say(serving, marked ? `+OK message ${command.message} deleted` : NO_SUCH_MESSAGE);
        return "next";
      }
      case "NOOP":
        yield* say(serving, "+OK");
        return "next";
      case "RSET":
        maildrop.reset();
        yield* say(serving, `+OK ${summary(maildrop)}`);
        return "next";
      case "CAPA":
        yield* sayCapabilities(serving, "transaction");
        return "next";
      case "LANG":
        return yield* answerLang(serving, command.range);
      case "STLS": // RFC 2595 §4
      case "UTF8": // RFC 6856 §2
        throw malformed(`${command.verb} comes before the login`);
      case "QUIT":
        return yield* update(serving, maildrop);
      case "USER":
      case "PASS":
      case "AUTH":
        throw malformed("somebody is logged in already"); // RFC 5034 §4: one AUTH, not two
    }
  });
}

const NO_SUCH_MESSAGE = "-ERR no such message";

function summary({ count, size }: Maildrop): string {
  return `${counted(count)} (${size} octets)`;
}

/** RFC 1939 §5 LIST, §7 UIDL: one line about one message, or about each. */
function* list(
  serving: Serving,
  maildrop: Maildrop,
  number: number | null,
  about: (message: Pop3Message) => string,
): Step<Pop3Backend, "next" | "over"> {
  if (number !== null) {
    const message = maildrop.find(number);
    yield* say(serving, message === null ? NO_SUCH_MESSAGE : `+OK ${number} ${about(message)}`);
    return "next";
  }
  yield* say(serving, `+OK ${summary(maildrop)}`);
  function* lines() {
    for (const [each, message] of maildrop.list()) yield `${each} ${about(message)}`;
  }
  return yield* wholeOrOver(sayListing(serving, lines()));
}

/** RFC 1939 §5 RETR, and with a number of body lines §7 TOP. */
function* send(
  serving: Serving,
  message: Pop3Message | null,
  lines: number | null,
): Step<Pop3Backend, "next" | "over"> {
  const body = message && (yield* ask(serving, (each, signal) => each.message(message, signal)));
  if (body === null) {
    yield* say(serving, NO_SUCH_MESSAGE);
    return "next";
  }
  // The first slice comes before the +OK, for most failures show there and can still be answered.
  const first = yield* sliceOf(serving, body, 0);
  yield* say(serving, lines === null ? `+OK ${body.size} octets` : "+OK top of message follows");
  return yield* wholeOrOver(sendContent(serving, body, { first, lines }));
}

function* sendContent(
  serving: Serving,
  body: Body,
  { first, lines }: { readonly first: Uint8Array; readonly lines: number | null },
): Step<Pop3Backend, void> {
  // RFC 6856 §2.1: a client that has not asked for UTF-8 in headers gets none.
  const surrogate = serving.utf8 ? null : surrogateMaker();
  const meter = lines === null ? null : topMeter(lines);
  const stuffer = dotStuffer();
  let taken = 0;
  let sent = 0;
  for (let slice = first;; slice = yield* sliceOf(serving, body, taken)) {
    taken += slice.length;
    const last = taken >= body.size;
    const shown = surrogate?.(slice, last) ?? slice;
    const { count, done } = meter?.(shown) ?? { count: shown.length, done: false };
    sent += count;
    // Byte for byte what was stored, but for the dots and a CRLF that the last line may lack. A
    // bare LF, which RFC 1939 §11 leaves out of account, is neither mended nor a line's end.
    const piece = stuffer.push(shown.subarray(0, count));
    if (done || last) {
      yield* write(piece);
      break;
    }
    // A large message may take longer than a client may be silent; what counts is that it reads.
    yield* deadline(IDLE_MS);
    // The next slice is read when this one is on its way, or a client that does not read would have
    // the whole message in our memory.
    yield* writeNow(piece);
  }
  yield* write(stuffer.end());
  yield* show(serving, "self", `(a message of ${sent} octets)`);
}

function* sliceOf(serving: Serving, body: Body, from: number): Step<Pop3Backend, Uint8Array> {
  const slice = yield* ask(serving, () => body.slice(from, from + SLICE_BYTES));
  // A body that is shorter than it says would be asked for the same bytes for ever.
  if (slice.length === 0 && from < body.size) throw new BackendFailure("the body ended early");
  return slice;
}

/**
 * In the middle of a multi-line response nothing else can be said: the client would take it for a
 * line of a message. What stops a response there ends the conversation, without the dot that makes
 * it whole.
 */
function* wholeOrOver(response: Step<Pop3Backend, void>): Step<Pop3Backend, "next" | "over"> {
  try {
    yield* response;
    return "next";
  } catch (error) {
    if (error instanceof Interrupted || error instanceof BackendFailure) return "over";
    throw error;
  }
}

/** RFC 1939 §6: the one place where anything is removed. */
function* update(serving: Serving, maildrop: Maildrop): Step<Pop3Backend, "over"> {
  try {
    for (const messages of inParts(maildrop.marked(), REMOVED_AT_ONCE_MAX)) {
      yield* ask(serving, (conversation) => conversation.remove(messages));
    }
    yield* say(serving, "+OK goodbye");
  } catch (error) {
    if (!(error instanceof BackendFailure)) throw error;
    // RFC 1939 §6: some or none of them are gone; the client hears of it, and the session ends
    // either way.
    yield* say(serving, "-ERR [SYS/TEMP] the deleted messages could not be removed");
  }
  return "over";
}

function* inParts<T>(all: Iterable<T>, countMax: number): Iterable<readonly T[]> {
  let part: T[] = [];
  for (const each of all) {
    part.push(each);
    if (part.length < countMax) continue;
    yield part;
    part = [];
  }
  if (part.length > 0) yield part;
}
