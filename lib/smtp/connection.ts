/** One SMTP conversation on the server's side: what it has come to, and how it answers. */
import { type ByteQueue, decodeLatin1, encode } from "../wire/bytes.ts";
import { ProtocolError } from "../wire/error.ts";
import type { LineFault } from "../wire/lines.ts";
import {
  call,
  Interrupted,
  pause,
  type Step,
  type TlsIdentity,
  type TlsInfo,
  trace,
  write,
  writeNow,
} from "../wire/session.ts";
import type { SmtpConversation, SmtpPeer } from "./backend.ts";
import type { ChunkReader } from "./chunks.ts";
import { parseCommand, type SmtpCommand } from "./command.ts";
import { formatReply, type Reply, reply, replyLines } from "./reply.ts";
import type { Room } from "../wire/room.ts";

export interface SmtpServerOptions {
  /** The name in the greeting. */
  readonly hostname: string;
  readonly peer: SmtpPeer;
  /**
   * `submission`: nothing is accepted before AUTH (RFC 6409 §4.3). `lmtp`: LHLO in place of EHLO,
   * one reply for each recipient behind the message, and no logins (RFC 2033).
   */
  readonly service: "smtp" | "submission" | "lmtp";
  /** Whether a login may cross this connection without TLS. */
  readonly plainAuth: boolean;
  /** Set where the peer is a proxy that may say for whom it speaks (XCLIENT). */
  readonly forward: Forwarding | null;
  /** What STARTTLS shows to clients; `null`: it is not offered. */
  readonly identity: TlsIdentity | null;
  /** The TLS that the connection has from its first byte on (RFC 8314 §3). */
  readonly tls: TlsInfo | null;
  /** Whether the connection may go on as POP3. */
  readonly pop3: boolean;
  readonly limits: SmtpLimits;
  /** Shared by all conversations of a server. */
  readonly room: Room;
  readonly traced?: boolean;
}

/** What counts from when on a proxy has said for whom it speaks. */
export interface Forwarding {
  /** Whether a login may then cross the connection without TLS. */
  readonly plainAuth: boolean;
  /** Whether the one with this address may say for whom they speak, in their turn. */
  mayForward(address: string): boolean;
}

export interface SmtpLimits {
  readonly messageBytesMax: number;
  readonly recipientsMax: number;
  /** Transactions before the client is asked to connect anew. */
  readonly mailsMax: number;
  /** Content in all transactions together, before the client is asked to connect anew. */
  readonly sessionBytesMax: number;
  /** Commands that bring no message on its way, since the last one, before the connection ends. */
  readonly idleCommandsMax: number;
  /** Replies "try again later" since the last message, before the connection ends. */
  readonly putOffMax: number;
  /** Faults and refusals before the connection is closed. */
  readonly errorsMax: number;
  /** From so many on, each costs a second. */
  readonly errorsUnslowed: number;
  readonly failedLoginsMax: number;
  /** For one whole command line, however it trickles in (RFC 5321 §4.5.3.2.7). */
  readonly commandTimeoutMs: number;
  /** For every block of content (RFC 5321 §4.5.3.2.5). */
  readonly blockTimeoutMs: number;
}

export const DEFAULT_SMTP_LIMITS: SmtpLimits = {
  messageBytesMax: 25 * 1024 * 1024,
  recipientsMax: 1000, // RFC 5321 §4.5.3.1.8 asks for at least 100
  mailsMax: 1000, // a place here is worth more to others than a new connection to this client
  sessionBytesMax: 10 * 1024 * 1024 * 1024, // two days at the slowest, minutes on a fast network
  idleCommandsMax: 100, // as Postfix practises
  putOffMax: 1000, // a long list may hold as many more as a message takes, as Postfix practises
  errorsMax: 20, // as Postfix practises
  errorsUnslowed: 10,
  failedLoginsMax: 3,
  commandTimeoutMs: 5 * 60_000,
  blockTimeoutMs: 3 * 60_000,
};

/** What one conversation has come to. */
export interface Connection {
  readonly options: SmtpServerOptions;
  /** Whom we talk to: the peer, or the one that it speaks for. */
  peer: SmtpPeer;
  conversation: SmtpConversation;
  plainAuth: boolean;
  /** Whether whom we talk to may say for whom they speak; `null`: not, or not any more. */
  forward: Forwarding | null;
  vouched: Vouched;
  readonly queue: ByteQueue;
  tls: TlsInfo | null;
  hello: { readonly name: string; readonly extended: boolean } | null;
  /** The account that logged in. */
  user: string | null;
  transaction: {
    recipients: number;
    /** Whether MAIL said SMTPUTF8. */
    readonly utf8: boolean;
    /** The content so far, where it comes by BDAT. */
    chunks: ChunkReader | null;
  } | null;
  /** How many transactions there were. */
  mails: number;
  /** Content that was handed over, in all transactions. */
  contentBytes: number;
  /** Commands that led to nothing since the last message. */
  idleCommands: number;
  /** Senders and recipients that were put off (4yz) since the last message. */
  putOff: number;
  /** What came by BDAT for this message, also behind a chunk that was refused. */
  chunkedBytes: number;
  /** How much of that was there when the time for a command last began anew. */
  chunkedBytesTimed: number;
  /**
   * How many recipients the message had, a chunk of which was refused; `null` where none was. The
   * chunks behind it are only thrown away.
   */
  chunkRefused: number | null;
  errors: number;
  failedLogins: number;
  /** Whether the last AUTH failed, so that the client may still be sending what belonged to it. */
  loginFailed: boolean;
}

/** Why a conversation that came to this has to end; `null`: it goes on. */
export function tooMuch(
  { options: { limits }, errors, putOff, idleCommands }: Connection,
): string | null {
  if (errors >= limits.errorsMax) return "Too many errors, closing";
  if (putOff >= limits.putOffMax) return "Too much to try again later, closing";
  const idle = idleCommands >= limits.idleCommandsMax;
  return idle ? "Too many commands without a message, closing" : null;
}

/**
 * What a proxy has said about its client, in one XCLIENT or in several; it counts more than what
 * the client says.
 */
export interface Vouched {
  readonly name?: string | null;
  readonly extended?: boolean | null;
  /** The account that the client has logged in to at the proxy. */
  readonly account?: string | null;
}

/** Ends the transaction, if there is one, and gives back what its content took. */
export function reset(connection: Connection): void {
  connection.transaction?.chunks?.clear();
  if (connection.transaction !== null) connection.conversation.reset();
  connection.transaction = null;
  connection.chunkedBytes = 0;
  connection.chunkRefused = null;
}

/** The command, or the reply to a line that is none. */
export function read(connection: Connection, line: Uint8Array): SmtpCommand | Reply {
  try {
    return parseCommand(line, {
      extended: connection.hello?.extended ?? false,
      // Before MAIL there is a better answer than that it forgot to say SMTPUTF8.
      utf8: connection.transaction?.utf8 ?? true,
      lmtp: connection.options.service === "lmtp",
      // RFC 4865 §4.2 (2): on the ports for submission only.
      holds: connection.options.service === "submission",
    });
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    if (isAuth(line)) connection.loginFailed = true;
    return reply(error.code, error.status, error.message);
  }
}

/** Asks the application; what it throws is its own fault, and the client is told to come again. */
export function* ask<B>(run: (signal: AbortSignal) => Reply | Promise<Reply>): Step<B, Reply> {
  try {
    return yield* call<B, Reply>((_, signal) => run(signal));
  } catch (error) {
    if (error instanceof Interrupted) throw error;
    return LOCAL_ERROR;
  }
}

export const LOCAL_ERROR = reply(451, "4.3.0", "Local error, try again later");

/** Gives a reply that may wait for others; a refusal counts as an error. */
export function* answer<B>(connection: Connection, given: Reply): Step<B, null> {
  if (given.code >= 500) return yield* fault(connection, given);
  if (given.code >= 400) connection.putOff++;
  yield* traceReply(connection.options, given);
  yield* write(formatReply(given));
  return null;
}

/** RFC 2920 §3.2: the replies that a client waits for before it goes on. */
export function* answerNow<B>(options: SmtpServerOptions, given: Reply): Step<B, null> {
  yield* say(options, given);
  return null;
}

/**
 * The replies to the end of a message: RFC 2033 §4.2, with LMTP one for each recipient that was
 * taken, and so maybe none.
 */
export function* answerEnd<B>(connection: Connection, given: readonly Reply[]): Step<B, null> {
  for (const each of given.slice(0, -1)) {
    yield* traceReply(connection.options, each);
    yield* write(formatReply(each));
  }
  const last = given.at(-1);
  return last === undefined ? null : yield* answerNow(connection.options, last);
}

/** The first words; also when the conversation begins anew. */
export function greeting({ hostname, service }: SmtpServerOptions): Reply {
  return reply(220, "", `${hostname} ${service === "lmtp" ? "LMTP" : "ESMTP"} ready`);
}

/** The answer to a command that needs a hello before it. */
export function helloFirst({ options }: Connection): Reply {
  return reply(503, "5.5.1", `Say ${options.service === "lmtp" ? "LHLO" : "EHLO"} first`);
}

export function* fault<B>(connection: Connection, given: Reply): Step<B, null> {
  connection.errors++;
  if (connection.errors > connection.options.limits.errorsUnslowed) yield* pause(1000);
  yield* say(connection.options, given);
  return null;
}

export function* say<B>(options: SmtpServerOptions, given: Reply): Step<B, void> {
  yield* traceReply(options, given);
  yield* writeNow(formatReply(given));
}

/** Says why the conversation is over; what interrupts even this changes nothing. */
export function* lastWord<B>(options: SmtpServerOptions, given: Reply): Step<B, void> {
  try {
    yield* say(options, given);
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
  }
}

export function lineFault(kind: LineFault): Reply {
  switch (kind) {
    case "bareLf":
      return reply(500, "5.5.2", "Lines end with CRLF (nc -C)");
    case "bareCr":
      return reply(500, "5.5.2", "A CR stands only before an LF");
    case "overlong":
      return reply(500, "5.5.6", "Line too long"); // RFC 5321 §4.5.3.1.10
    case "endless":
      return reply(421, "4.7.0", "Line without end, closing");
  }
}

/** Shows a line that may be a command, and what was made of it. */
export function* traceCommand<B>(
  connection: Connection,
  line: Uint8Array,
  command: SmtpCommand | Reply,
): Step<B, void> {
  if (!connection.options.traced) return;
  if ("verb" in command && command.verb === "AUTH") {
    return yield* trace("peer", encode(`AUTH ${command.mechanism} ****`));
  }
  // The response to a challenge that was never given stands where a command should.
  const secret = "code" in command && (isAuth(line) || (connection.loginFailed && isOdd(command)));
  yield* trace("peer", secret ? encode("****") : line);
}

function* traceReply<B>(options: SmtpServerOptions, given: Reply): Step<B, void> {
  if (!options.traced) return;
  for (const line of replyLines(given)) yield* trace("self", encode(line));
}

/** Whether a line was meant to be AUTH, however malformed. */
function isAuth(line: Uint8Array): boolean {
  return /^\s*AUTH/i.test(decodeLatin1(line.subarray(0, 64)));
}

/** Whether the reply to a line says that there is not even a command. */
function isOdd({ code, status }: Reply): boolean {
  return code === 500 || status === "5.5.2";
}

export function* traceContent<B>(size: number): Step<B, void> {
  yield* trace("peer", encode(`(${size} bytes of message)`));
}
