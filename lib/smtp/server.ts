/** The SMTP server's side of a conversation, RFC 5321; reads top to bottom as one happens. */
import { ByteQueue, decodeLatin1 } from "../wire/bytes.ts";
import { readLine } from "../wire/lines.ts";
import {
  call,
  deadline,
  Interrupted,
  pause,
  type Session,
  type Step,
  type TlsInfo,
} from "../wire/session.ts";
import { authenticate } from "./auth.ts";
import type { SmtpBackend, SmtpPeer } from "./backend.ts";
import { bdat, isChunking } from "./chunking.ts";
import { type AuthCommand, COMMAND_LINE_BYTES_MAX, type SmtpCommand } from "./command.ts";
import {
  answer,
  answerNow,
  type Connection,
  fault,
  greeting,
  lastWord,
  lineFault,
  read,
  reset,
  say,
  type SmtpServerOptions,
  tooMuch,
  traceCommand,
} from "./connection.ts";
import { PROGRESS_BYTES } from "./content.ts";
import { formatEhlo, type FutureRelease } from "./ehlo.ts";
import { expn } from "./expn.ts";
import { xclient } from "./xclient.ts";
import { help } from "./help.ts";
import { offersOf } from "./offers.ts";
import { openConversation } from "./opening.ts";
import { type Reply, reply } from "./reply.ts";
import { secure } from "./start_tls.ts";
import { data, mail, recipients } from "./transaction.ts";

/** How the conversation ended; `pop3`: it goes on as POP3, beginning with the bytes that wait. */
export type SmtpEnd =
  | { readonly next: "close" }
  | {
    readonly next: "pop3";
    readonly queue: ByteQueue;
    /** Whom the conversation was with, and whether they may log in without TLS. */
    readonly peer: SmtpPeer;
    readonly plainAuth: boolean;
    readonly tls: TlsInfo | null;
  };

/** One conversation with a client, from the greeting to its end. */
export function* smtpServer<B extends SmtpBackend>(
  options: SmtpServerOptions,
): Session<B, SmtpEnd> {
  let connection: Connection | null = null;
  try {
    const opened = yield* openConversation<B>(options.peer);
    if ("code" in opened) {
      yield* turnAway(options, opened);
      return CLOSE;
    }
    connection = {
      options,
      peer: options.peer,
      conversation: opened,
      plainAuth: options.plainAuth,
      forward: options.forward,
      vouched: {},
      queue: new ByteQueue(),
      tls: options.tls,
      hello: null,
      user: null,
      transaction: null,
      mails: 0,
      contentBytes: 0,
      idleCommands: 0,
      putOff: 0,
      chunkedBytes: 0,
      chunkedBytesTimed: 0,
      chunkRefused: null,
      errors: 0,
      failedLogins: 0,
      loginFailed: false,
    };
    return yield* converse(connection);
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    // RFC 5321 §3.8: a server that must close says so first, with 421.
    if (error.reason === "deadline") {
      yield* lastWord(options, reply(421, "4.4.2", `${options.hostname} Timeout, closing`));
    } else if (error.reason === "shutdown") {
      yield* lastWord(options, reply(421, "4.3.2", `${options.hostname} is going down, closing`));
    }
    return CLOSE;
  } finally {
    connection?.transaction?.chunks?.clear();
    connection?.conversation.close();
  }
}

const CLOSE: SmtpEnd = { next: "close" };

function* converse<B extends SmtpBackend>(connection: Connection): Step<B, SmtpEnd> {
  const { options, queue } = connection;
  yield* deadline(options.limits.commandTimeoutMs);
  yield* say(options, greeting(options));
  for (;;) {
    if (isOnTheMove(connection)) yield* deadline(options.limits.commandTimeoutMs);
    const line = yield* readLine<B>(queue, COMMAND_LINE_BYTES_MAX);
    if (line === null) return CLOSE;
    if (typeof line === "string") {
      yield* fault(connection, lineFault(line));
      if (line === "endless") return CLOSE;
    } else if (connection.hello === null && isHttp(line)) {
      yield* say(options, reply(421, "4.7.0", "This is a mail server, closing"));
      return CLOSE;
    } else {
      const command = read(connection, line);
      yield* traceCommand(connection, line, command);
      const end = "code" in command
        ? yield* fault<B>(connection, command)
        : yield* obey<B>(connection, command);
      if (end !== null) return end;
    }
    const enough = tooMuch(connection);
    if (enough !== null) {
      yield* say(options, reply(421, "4.7.0", enough));
      return CLOSE;
    }
  }
}

/**
 * Whether the client has earned the time for another command: within a message by BDAT it has to
 * bring content, or chunks of a byte each could hold the place for ever.
 */
function isOnTheMove(connection: Connection): boolean {
  const { chunkedBytes, chunkedBytesTimed } = connection;
  if (!isChunking(connection)) connection.chunkedBytesTimed = 0;
  else if (chunkedBytes - chunkedBytesTimed < PROGRESS_BYTES) return false;
  else connection.chunkedBytesTimed = chunkedBytes;
  return true;
}

/** What can be said again and again, and leads to nothing. */
const IDLE_VERBS: ReadonlySet<string> = new Set(
  ["HELO", "EHLO", "LHLO", "RSET", "NOOP", "HELP", "VRFY", "EXPN", "XCLIENT"],
);

/** Does what a command asks; an end where the conversation is over. */
function* obey<B extends SmtpBackend>(
  connection: Connection,
  command: SmtpCommand,
): Step<B, SmtpEnd | null> {
  const { options } = connection;
  if (IDLE_VERBS.has(command.verb)) connection.idleCommands++;
  switch (command.verb) {
    case "HELO":
    case "EHLO":
    case "LHLO":
      return yield* hello(connection, command.verb, command.name);
    case "MAIL":
      return yield* answerMail(connection, yield* mail<B>(connection, command));
    case "RCPT":
      return (yield* recipients<B>(connection, command)) === "close" ? CLOSE : null;
    case "DATA":
      return (yield* data<B>(connection)) === "close" ? CLOSE : null;
    case "BDAT":
      return (yield* bdat<B>(connection, command)) === "close" ? CLOSE : null;
    case "RSET":
      reset(connection);
      return yield* answer(connection, reply(250, "2.0.0", "OK"));
    case "NOOP":
      return yield* answerNow(options, reply(250, "2.0.0", "OK"));
    case "QUIT":
      yield* answerNow(options, reply(221, "2.0.0", `${options.hostname} says goodbye`));
      return CLOSE;
    case "HELP":
      return yield* answerHelp(
        connection,
        help(command.text, {
          lmtp: options.service === "lmtp",
          offers: offersOf(connection),
        }),
      );
    case "VRFY":
      // RFC 5321 §3.5.3: a server that does not tell who is here answers 252.
      return yield* answerNow(
        options,
        reply(252, "2.0.0", "Cannot say, but will take mail and try to deliver it"),
      );
    case "EXPN":
      return yield* expn<B>(connection, command.text);
    case "AUTH":
      return yield* auth(connection, command);
    case "STARTTLS":
      return (yield* secure<B>(connection)) === "close" ? CLOSE : null;
    case "XPOP3":
      return yield* pop3(connection);
    case "XCLIENT":
      return (yield* xclient<B>(connection, command.said)) === "close" ? CLOSE : null;
  }
}

function* hello<B>(connection: Connection, verb: string, name: string): Step<B, null> {
  const { options } = connection;
  reset(connection); // RFC 5321 §4.1.4: EHLO clears the state as RSET does.
  connection.hello = { name, extended: verb !== "HELO" };
  if (verb === "HELO") return yield* answerNow(options, reply(250, "", options.hostname));
  // RFC 4865 §4.2 (2): on the ports for submission only.
  const futureRelease = options.service === "submission"
    ? yield* call<B, FutureRelease>(() => connection.conversation.futureRelease())
    : null;
  const offers = { ...offersOf(connection), futureRelease };
  return yield* answerNow(options, formatEhlo(options.hostname, offers));
}

/** RFC 5321 §3.8: after 421 the connection is closed. */
function* answerMail<B>(connection: Connection, given: Reply): Step<B, SmtpEnd | null> {
  if (given.code !== 421) return yield* answer(connection, given);
  yield* say(connection.options, given);
  return CLOSE;
}

function* answerHelp<B>(connection: Connection, given: Reply): Step<B, null> {
  return given.code >= 500
    ? yield* fault(connection, given)
    : yield* answerNow(connection.options, given);
}

function* auth<B>(
  connection: Connection,
  command: AuthCommand,
): Step<B, SmtpEnd | null> {
  const { options } = connection;
  const result = yield* authenticate<B>(connection, command);
  if (result === null) return CLOSE;
  connection.loginFailed = connection.user === null;
  // RFC 4954 §6: 535 says no; 454 that it was not looked at, which costs a guesser the same.
  if (result.code !== 535 && result.code !== 454) return yield* answer(connection, result);
  connection.failedLogins++;
  // The answer comes later each time: guessing is slow, mistyping is not.
  yield* pause(1000 * 2 ** (connection.failedLogins - 1));
  yield* answerNow(options, result);
  if (connection.failedLogins < options.limits.failedLoginsMax) return null;
  yield* say(options, reply(421, "4.7.0", "Too many failed logins, closing"));
  return CLOSE;
}

/** Our own extension: one port serves reading too. What is pipelined behind it belongs to POP3. */
function* pop3<B>(connection: Connection): Step<B, SmtpEnd | null> {
  const { options, queue } = connection;
  if (!options.pop3) {
    return yield* fault(connection, reply(502, "5.5.1", "POP3 is not served here"));
  }
  if (connection.hello?.extended !== true || connection.transaction !== null) {
    return yield* fault(connection, reply(503, "5.5.1", "XPOP3 comes right after EHLO"));
  }
  yield* answerNow(options, reply(220, "2.0.0", "POP3 follows"));
  const { peer, plainAuth, tls } = connection;
  return { next: "pop3", queue, peer, plainAuth, tls };
}

/**
 * RFC 5321 §3.1: a client that is turned away with 554 is heard until it says QUIT. One that should
 * go at once is given 421.
 */
function* turnAway<B>(options: SmtpServerOptions, refusal: Reply): Step<B, void> {
  yield* deadline(options.limits.commandTimeoutMs);
  yield* say(options, refusal);
  if (refusal.code === 421) return;
  const queue = new ByteQueue();
  for (let lines = 0; lines < options.limits.errorsMax; lines++) {
    const line = yield* readLine<B>(queue, COMMAND_LINE_BYTES_MAX);
    if (line === null || line === "endless") return;
    if (typeof line !== "string" && /^QUIT *$/i.test(decodeLatin1(line))) {
      return yield* say(options, reply(221, "2.0.0", `${options.hostname} says goodbye`));
    }
    yield* say(options, reply(503, "5.5.1", "Only QUIT is left to say"));
  }
}

/**
 * A web page can make a browser talk to this port, with commands in the body of its request. Where
 * the first line of a request is too long to be read, its Host field tells.
 */
function isHttp(line: Uint8Array): boolean {
  return /^[A-Z]+ \S+ HTTP\/\d|^Host:/i.test(decodeLatin1(line));
}
