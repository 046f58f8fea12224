/** A mail transaction, RFC 5321 §3.3: MAIL, RCPT and DATA, on the server's side. */
import { bodyOf } from "../mail/body.ts";
import { hasLine, readLine } from "../wire/lines.ts";
import type { ByteQueue } from "../wire/bytes.ts";
import { call, Interrupted, type MaybePromise, type Step } from "../wire/session.ts";
import type { SmtpHello } from "./backend.ts";
import { COMMAND_LINE_BYTES_MAX, type MailCommand, type RcptCommand } from "./command.ts";
import {
  answer,
  answerEnd,
  answerNow,
  ask,
  type Connection,
  fault,
  helloFirst,
  lineFault,
  LOCAL_ERROR,
  read,
  reset,
  say,
  type SmtpServerOptions,
  tooMuch,
  traceCommand,
  traceContent,
} from "./connection.ts";
import type { DataFault } from "./content.ts";
import { readData } from "./data.ts";
import { isPositive, type Reply, reply } from "./reply.ts";
import type { Hold } from "../wire/room.ts";

export function* mail<B>(connection: Connection, command: MailCommand): Step<B, Reply> {
  const { options, conversation } = connection;
  if (connection.hello === null) return helloFirst(connection);
  if (connection.transaction !== null) return reply(503, "5.5.1", "A sender is given already");
  if (options.service === "submission" && connection.user === null) {
    return reply(530, "5.7.0", "Log in first"); // RFC 4954 §6
  }
  if (command.tls === "required" && connection.tls === null) return requiresTls(options);
  // RFC 9422: MAILMAX, as EHLO announced it.
  if (connection.mails >= options.limits.mailsMax) {
    return reply(421, "4.7.0", "Too many messages on one connection, closing");
  }
  if (connection.contentBytes >= options.limits.sessionBytesMax) {
    return reply(421, "4.7.0", "Too much on one connection, closing");
  }
  // RFC 1870 §6.1: refused before a byte of it is sent.
  if (command.size !== null && command.size > options.limits.messageBytesMax) {
    return reply(552, "5.3.4", "The message is larger than this server takes");
  }
  const about: SmtpHello = {
    name: connection.vouched.name ?? connection.hello.name,
    extended: connection.vouched.extended ?? connection.hello.extended,
    protocol: options.service === "lmtp" ? "lmtp" : "smtp",
    tls: connection.tls,
    user: connection.user,
  };
  const result = yield* ask<B>((signal) => conversation.mail(command, about, signal));
  if (!isPositive(result)) return result;
  reset(connection);
  connection.transaction = { recipients: 0, utf8: command.utf8 ?? false, chunks: null };
  connection.mails++;
  return result;
}

/** RFC 8689 §2: REQUIRETLS is announced only under TLS, and may be said only there. */
function requiresTls({ identity }: SmtpServerOptions): Reply {
  return identity === null
    ? reply(555, "5.5.4", "Unknown parameter")
    : reply(530, "5.7.0", "REQUIRETLS needs TLS first");
}

/**
 * Recipients that wait behind this one belong to its group: the next server is asked about all of
 * them at once, while the client waits.
 */
export function* recipients<B>(
  connection: Connection,
  first: RcptCommand,
): Step<B, "close" | null> {
  const group: (RcptCommand | Reply)[] = [first];
  while (group.length < RCPT_GROUP_MAX && nextIsRcpt(connection.queue)) {
    const line = yield* readLine<B>(connection.queue, COMMAND_LINE_BYTES_MAX);
    if (line === null) break;
    const next = typeof line === "string" ? lineFault(line) : read(connection, line);
    if (typeof line !== "string") yield* traceCommand(connection, line, next);
    group.push(next as RcptCommand | Reply); // it begins with "RCPT "
  }
  const asked = group.filter((each) => "verb" in each);
  const answers = yield* askRecipients<B>(connection, asked);
  let at = 0;
  for (const each of group) {
    // The rest goes without an answer, as if it had not come in one piece.
    if (tooMuch(connection) !== null) break;
    const given = "verb" in each ? answers[at++]! : each;
    if (given.code === 421) {
      yield* say(connection.options, given); // RFC 5321 §3.8
      return "close";
    }
    if ("verb" in each) yield* answerRecipient(connection, given);
    else yield* answer(connection, given);
  }
  return null;
}

/**
 * Recipients that are refused show who gropes for addresses, and count as errors; but not with
 * somebody who logged in, whose long list may have old names in it.
 */
function* answerRecipient<B>(connection: Connection, given: Reply): Step<B, null> {
  if (connection.user === null || connection.transaction === null) {
    return yield* answer(connection, given);
  }
  if (given.code >= 400 && given.code < 500) connection.putOff++;
  return yield* answerNow(connection.options, given);
}

/** One question to the next server holds so many; more would make one client wait for another's. */
const RCPT_GROUP_MAX = 100;

function nextIsRcpt(queue: ByteQueue): boolean {
  if (!hasLine(queue)) return false;
  const bytes = queue.peek();
  return RCPT.every((byte, at) => byte === bytes[at] || (byte > 32 && byte + 32 === bytes[at]));
}

const RCPT = [..."RCPT "].map((letter) => letter.charCodeAt(0));

function* askRecipients<B>(
  connection: Connection,
  asked: readonly RcptCommand[],
): Step<B, readonly Reply[]> {
  const { transaction, options } = connection;
  if (transaction === null) return asked.map(() => reply(503, "5.5.1", "Say MAIL first"));
  if (transaction.chunks !== null) {
    return asked.map(() => reply(503, "5.5.1", "The message has begun already"));
  }
  const answers: Reply[] = [];
  while (answers.length < asked.length) {
    // Whoever is refused takes no room, so those behind may still find some.
    const room = options.limits.recipientsMax - transaction.recipients;
    if (room <= 0) break;
    const group = asked.slice(answers.length, answers.length + room);
    const given = yield* askGroup<B>(
      group.length,
      (signal) => connection.conversation.recipients(group, signal),
    );
    transaction.recipients += given.filter(isPositive).length;
    answers.push(...given);
  }
  // RFC 5321 §4.5.3.1.10: 452, so that the client sends the rest in a transaction of its own.
  const rest = asked.slice(answers.length).map(() => reply(452, "4.5.3", "Too many recipients"));
  return [...answers, ...rest];
}

/** Asks the application for so many replies. */
function* askGroup<B>(
  count: number,
  run: (signal: AbortSignal) => MaybePromise<readonly Reply[]>,
): Step<B, readonly Reply[]> {
  try {
    return yield* call<B, readonly Reply[]>((_, signal) => run(signal));
  } catch (error) {
    if (error instanceof Interrupted) throw error;
    return Array.from({ length: count }, () => LOCAL_ERROR);
  }
}

export function* data<B>(connection: Connection): Step<B, "close" | null> {
  const { options, transaction } = connection;
  if (transaction === null) {
    return yield* fault(connection, reply(503, "5.5.1", "Say MAIL and RCPT first"));
  }
  if (transaction.chunks !== null) {
    // RFC 3030 §2: DATA and BDAT are not used in one transaction.
    return yield* fault(connection, reply(503, "5.5.1", "The message comes by BDAT already"));
  }
  if (transaction.recipients === 0) {
    // RFC 5321 §3.3, and RFC 2033 §4.2.
    const code = options.service === "lmtp" ? 503 : 554;
    return yield* fault(connection, reply(code, "5.5.1", "No valid recipients"));
  }
  yield* answerNow(options, reply(354, "", "Go ahead, end with a dot on a line of its own"));
  connection.conversation.expect();
  const hold = options.room.hold();
  try {
    return yield* content<B>(connection, hold);
  } finally {
    hold.release();
  }
}

/** What follows the 354: the content, up to its reply. */
function* content<B>(connection: Connection, hold: Hold): Step<B, "close" | null> {
  const { options, queue } = connection;
  const result = yield* readData<B>(queue, {
    contentBytesMax: options.limits.messageBytesMax,
    blockTimeoutMs: options.limits.blockTimeoutMs,
    hold,
  });
  // RFC 5321 §4.1.1.4: the end of the data was not there, so there is no message.
  if (result === null) return "close";
  const { recipients } = connection.transaction!;
  if (result === "flood") {
    yield* refuseMessage(connection, recipients, dataFault("tooBig"));
    return "close";
  }
  if ("fault" in result) {
    reset(connection);
    return yield* refuseMessage(connection, recipients, dataFault(result.fault));
  }
  if (options.traced) yield* traceContent(result.content.length);
  return yield* takeMessage(connection, result.content);
}

/**
 * Says at its end why a message is refused: once, or with LMTP for each of its recipients. That
 * there was no room for it (452) is not the client's fault.
 */
export function* refuseMessage<B>(
  connection: Connection,
  recipients: number,
  refusal: Reply,
): Step<B, null> {
  if (connection.options.service !== "lmtp") {
    return refusal.code < 500
      ? yield* answerNow(connection.options, refusal)
      : yield* fault(connection, refusal);
  }
  if (refusal.code >= 500) connection.errors++;
  return yield* answerEnd(connection, Array.from({ length: recipients }, () => refusal));
}

/** Hands over what came by DATA or BDAT; that is the end of the transaction. */
export function* takeMessage<B>(connection: Connection, content: Uint8Array): Step<B, null> {
  const { options, conversation, transaction } = connection;
  const body = bodyOf(content);
  connection.contentBytes += content.length;
  const outcomes = options.service === "lmtp"
    ? yield* askGroup<B>(
      transaction!.recipients,
      (signal) => conversation.deliver(body, signal),
    )
    : [yield* ask<B>((signal) => conversation.message(body, signal))];
  reset(connection);
  connection.idleCommands = 0;
  connection.putOff = 0;
  return yield* answerEnd(connection, outcomes);
}

export function dataFault(kind: DataFault): Reply {
  switch (kind) {
    case "tooBig":
      return reply(552, "5.3.4", "The message is larger than this server takes");
    case "noRoom":
      // RFC 5321 §4.3.2: DATA's own reply for it; the client comes again.
      return reply(452, "4.3.1", "Too much mail is coming in just now, try again later");
    case "bareLf":
      return reply(550, "5.6.0", "The message has a bare LF; lines end with CRLF");
    case "bareCr":
      return reply(550, "5.6.0", "The message has a bare CR; lines end with CRLF");
    case "overlong":
      return reply(550, "5.6.0", "The message has a line of over 1000 bytes");
  }
}
