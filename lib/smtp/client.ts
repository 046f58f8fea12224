/**
 * The SMTP client's side of a conversation, RFC 5321: the only one, for the queue, for questions to
 * the next server, and for `smtpc`. It says hello, logs in if it should, and then does the jobs
 * that its backend hands out, until there are none.
 */
import type { Body } from "../mail/body.ts";
import { formatAddress } from "../mail/address.ts";
import type { Envelope, Recipient } from "../mail/envelope.ts";
import type { Login } from "../sasl/client.ts";
import { ByteQueue, encode } from "../wire/bytes.ts";
import { dotStuffer } from "../wire/dots.ts";
import {
  call,
  deadline,
  Interrupted,
  type Session,
  type Step,
  trace,
  write,
  writeNow,
} from "../wire/session.ts";
import { type Extensions, NO_EXTENSIONS, parseEhlo } from "./ehlo.ts";
import type { Attempt, SmtpJob, SmtpJobs } from "./job.ts";
import { type LoginEnd, smtpLogin } from "./login.ts";
import { isPositive, type Reply, reply } from "./reply.ts";
import { readReply, ReplyError } from "./reply_reader.ts";

export type { Attempt, SmtpJob, SmtpJobs };

export interface SmtpClientOptions {
  /** What we call ourselves, in EHLO. */
  readonly helloName: string;
  /** Logs in when given. */
  readonly login: Login | null;
  readonly timeouts: SmtpClientTimeouts;
  readonly traced?: boolean;
}

/** RFC 5321 §4.5.3.2, in milliseconds. */
export interface SmtpClientTimeouts {
  readonly greetingMs: number;
  readonly commandMs: number;
  readonly dataMs: number;
  /** For each piece of content. */
  readonly blockMs: number;
  /** From the final dot to its reply: giving up early makes duplicates. */
  readonly finalMs: number;
}

export const DEFAULT_CLIENT_TIMEOUTS: SmtpClientTimeouts = {
  greetingMs: 5 * 60_000,
  commandMs: 5 * 60_000,
  dataMs: 2 * 60_000,
  blockMs: 3 * 60_000,
  finalMs: 10 * 60_000,
};

/** How the conversation ended. Jobs that were begun are reported before. */
export type SmtpClientEnd =
  | { readonly end: "done" }
  /** The server does not want us, or not now. */
  | { readonly end: "refused"; readonly at: "greeting" | "hello"; readonly reply: Reply }
  /** The login has failed. */
  | LoginEnd
  /** It does not speak SMTP. */
  | { readonly end: "protocol"; readonly detail: string }
  /** The connection broke, or its time was up. */
  | { readonly end: "lost"; readonly reason: "closed" | "deadline" | "lost" | "shutdown" };

/** One conversation with a server, from its greeting to QUIT. */
export function* smtpClient<B extends SmtpJobs>(
  options: SmtpClientOptions,
): Session<B, SmtpClientEnd> {
  const link: Link = {
    options,
    queue: new ByteQueue(),
    extensions: NO_EXTENSIONS,
    serverName: "",
  };
  try {
    const refused = (yield* greet<B>(link)) ?? (yield* logIn<B>(link));
    if (refused !== null) {
      yield* quit(link);
      return refused;
    }
    yield* call<B, void>((jobs) => jobs.ready?.(link.extensions, link.serverName));
    for (;;) {
      const job = yield* call<B, SmtpJob | null>((jobs, signal) => jobs.next(signal));
      if (job === null) break;
      const closing = yield* doJob(link, job);
      if (closing) return { end: "done" };
    }
    yield* quit(link);
    return { end: "done" };
  } catch (error) {
    if (error instanceof Interrupted) return { end: "lost", reason: error.reason };
    if (!(error instanceof ReplyError)) throw error;
    if (error.kind === "closed") return { end: "lost", reason: "closed" };
    return { end: "protocol", detail: error.message };
  }
}

/**
 * After an SMTP greeting: asks for POP3 on the same connection (our own extension XPOP3). True: the
 * conversation goes on as POP3, beginning with its greeting; false: the server has no such thing.
 */
export function* switchToPop3<B>(
  queue: ByteQueue,
  options: SmtpClientOptions,
): Step<B, boolean> {
  const link: Link = { options, queue, extensions: NO_EXTENSIONS, serverName: "" };
  const refused = (yield* hello<B>(link)) !== null || !link.extensions.pop3 ||
    !isPositive(yield* command<B>(link, "XPOP3"));
  if (refused) yield* quit<B>(link);
  return !refused;
}

interface Link {
  readonly options: SmtpClientOptions;
  readonly queue: ByteQueue;
  extensions: Extensions;
  serverName: string;
}

function* greet<B>(link: Link): Step<B, SmtpClientEnd | null> {
  yield* deadline(link.options.timeouts.greetingMs);
  const greeting = yield* receive<B>(link);
  if (!isPositive(greeting)) return { end: "refused", at: "greeting", reply: greeting };
  link.serverName = greeting.lines[0]!.split(" ")[0]!;
  return yield* hello(link);
}

function* hello<B>(link: Link): Step<B, SmtpClientEnd | null> {
  const name = link.options.helloName;
  const ehlo = yield* command<B>(link, `EHLO ${name}`);
  if (isPositive(ehlo)) {
    link.extensions = parseEhlo(ehlo);
    return null;
  }
  // RFC 5321 §3.2: an old server that does not know EHLO gets HELO.
  const helo = ehlo.code < 500 ? ehlo : yield* command<B>(link, `HELO ${name}`);
  return isPositive(helo) ? null : { end: "refused", at: "hello", reply: helo };
}

function* logIn<B>(link: Link): Step<B, SmtpClientEnd | null> {
  const { login } = link.options;
  if (login === null) return null;
  return yield* smtpLogin<B>({
    login,
    offered: link.extensions.auth,
    say: (line, shown) => command<B>(link, line, { shown }),
  });
}

/** Does one job and reports it, whatever happens; true when the server is closing. */
function* doJob<B extends SmtpJobs>(link: Link, job: SmtpJob): Step<B, boolean> {
  const attempts: MutableAttempt[] = job.recipients.map((recipient) => ({
    recipient,
    reply: null,
    at: "mail",
    result: "deferred",
  }));
  let failure: { readonly error: unknown } | null = null;
  try {
    yield* transact<B>(link, job, attempts);
  } catch (error) {
    failure = { error };
  }
  const learnt = attempts.map((each): Attempt => ({
    ...each,
    // A recipient that was taken and got no content was only asked about, or has to wait.
    result: each.result !== "accepted"
      ? each.result
      : job.do === "verify"
      ? "delivered"
      : "deferred",
  }));
  yield* call<B, void>((jobs) => jobs.done(job, learnt));
  if (failure !== null) throw failure.error;
  return attempts.some(isClosing);
}

interface MutableAttempt {
  readonly recipient: Recipient;
  reply: Reply | null;
  at: Attempt["at"];
  result: Attempt["result"] | "accepted";
}

/** MAIL, RCPT and, when it is to be sent, the content. Writes what it learns into the attempts. */
function* transact<B>(link: Link, job: SmtpJob, attempts: MutableAttempt[]): Step<B, void> {
  const contentBytes = job.do === "send" ? job.content.size : job.contentBytes;
  const impossible = tooLarge(link, contentBytes) ??
    (job.do === "send" ? yield* needsEightBit<B>(link, job.content) : null);
  if (impossible !== null) return decide(attempts, "hello", impossible);
  yield* envelope<B>(link, job, contentBytes, attempts);
  if (job.do === "verify") return;
  const taken = attempts.filter((each) => each.result === "accepted");
  if (taken.length === 0 || (job.allOrNothing && taken.length < attempts.length)) {
    return yield* abandon<B>(link, attempts);
  }
  const begun = yield* content<B>(link, job.content, taken);
  // RFC 5321 §4.1.1.4: a server that refuses DATA may keep the transaction, and refuse the next.
  if (!begun) yield* abandon<B>(link, attempts);
}

/** Ends a transaction that sends nothing, unless the server is closing the connection. */
function* abandon<B>(link: Link, attempts: readonly MutableAttempt[]): Step<B, void> {
  if (!attempts.some(isClosing)) yield* command<B>(link, "RSET");
}

/** RFC 5321 §3.8: 421, whatever it answers, says that the server is closing the connection. */
function isClosing({ reply }: MutableAttempt): boolean {
  return reply?.code === 421;
}

/** In one group where the server allows it (RFC 2920), else one after the other. */
function* envelope<B>(
  link: Link,
  job: SmtpJob,
  contentBytes: number | null,
  attempts: MutableAttempt[],
): Step<B, void> {
  const mail = mailLine(link, job.envelope, contentBytes);
  const rcpt = attempts.map(({ recipient }) => `RCPT TO:<${formatAddress(recipient.address)}>`);
  const lines = [mail, ...rcpt, ...(job.do === "verify" ? ["RSET"] : [])];
  const groupMax = link.extensions.pipelining ? PIPELINED_MAX : 1;
  for (let at = 0; at < lines.length; at += groupMax) {
    const group = lines.slice(at, at + groupMax);
    for (const line of group) yield* send<B>(link, line);
    yield* deadline(link.options.timeouts.commandMs);
    for (let n = at; n < at + group.length; n++) {
      const answer = yield* receive<B>(link);
      if (n === 0 && !isPositive(answer)) decide(attempts, "mail", answer);
      const attempt = attempts[n - 1];
      // After a refused MAIL, its own words say why; the answers to RCPT only say 503.
      if (attempt !== undefined && attempt.reply === null) decide([attempt], "rcpt", answer);
    }
    // Without pipelining there is no need to ask on.
    if (at === 0 && groupMax === 1 && attempts[0]!.reply !== null) return;
  }
}

/** So many commands wait unanswered at most: their replies must fit into the network's buffers. */
const PIPELINED_MAX = 100;

function mailLine(link: Link, { sender, body }: Envelope, contentBytes: number | null): string {
  const { eightBitMime, size } = link.extensions;
  let line = `MAIL FROM:<${sender === null ? "" : formatAddress(sender)}>`;
  if (size !== null && contentBytes !== null) line += ` SIZE=${contentBytes}`; // RFC 1870 §5
  if (eightBitMime && body === "8BITMIME") line += " BODY=8BITMIME"; // RFC 6152 §2
  return line;
}

/** Sends the content; false when the server does not want to hear it. */
function* content<B>(link: Link, body: Body, taken: MutableAttempt[]): Step<B, boolean> {
  const { timeouts, traced } = link.options;
  const go = yield* command<B>(link, "DATA", { timeoutMs: timeouts.dataMs });
  if (go.code !== 354) {
    decide(taken, "data", go);
    return false;
  }
  const stuffer = dotStuffer();
  for (let at = 0; at < body.size; at += SLICE_BYTES) {
    const slice = yield* call<B, Uint8Array>(() => body.slice(at, at + SLICE_BYTES));
    yield* deadline(timeouts.blockMs);
    yield* write(stuffer.push(slice));
  }
  if (traced) yield* trace("self", encode(`(${body.size} bytes of message)`));
  for (const each of taken) Object.assign(each, { reply: null, at: "data", result: "unknown" });
  yield* writeNow(stuffer.end());
  yield* deadline(timeouts.finalMs);
  const final = yield* receive<B>(link);
  decide(taken, "data", final);
  if (isPositive(final)) { for (const each of taken) each.result = "delivered"; }
  return true;
}

const SLICE_BYTES = 64 * 1024;

/** What a reply means for these recipients (RFC 5321 §4.2.1: the first digit says it all). */
function decide(attempts: readonly MutableAttempt[], at: Attempt["at"], answer: Reply): void {
  for (const each of attempts) {
    each.reply = answer;
    each.at = at;
    each.result = isPositive(answer) ? "accepted" : answer.code >= 500 ? "refused" : "deferred";
  }
}

/** RFC 1870 §6: what the server said it will not take is not offered to it. */
function tooLarge(link: Link, contentBytes: number | null): Reply | null {
  const bytesMax = link.extensions.size?.bytesMax ?? null;
  if (bytesMax === null || contentBytes === null || contentBytes <= bytesMax) return null;
  return reply(552, "5.3.4", `The next server takes at most ${bytesMax} bytes`);
}

/** RFC 6152 §3: content with the high bit goes only to a server that said it can take it. */
function* needsEightBit<B>(link: Link, body: Body): Step<B, Reply | null> {
  if (link.extensions.eightBitMime) return null;
  for (let at = 0; at < body.size; at += SLICE_BYTES) {
    const slice = yield* call<B, Uint8Array>(() => body.slice(at, at + SLICE_BYTES));
    if (slice.some((byte) => byte > 127)) {
      return reply(554, "5.6.3", "The next server takes no 8-bit content");
    }
  }
  return null;
}

function* quit<B>(link: Link): Step<B, void> {
  try {
    yield* command<B>(link, "QUIT");
  } catch (error) {
    // The work is done; how a server takes its leave changes nothing.
    if (!(error instanceof Interrupted) && !(error instanceof ReplyError)) throw error;
  }
}

/** Says a command and gives the reply to it; `shown` stands for a command with a secret in it. */
function* command<B>(
  link: Link,
  line: string,
  { shown = line, timeoutMs = link.options.timeouts.commandMs } = {},
): Step<B, Reply> {
  yield* send<B>(link, line, shown);
  yield* deadline(timeoutMs);
  return yield* receive<B>(link);
}

function* send<B>(link: Link, line: string, shown: string = line): Step<B, void> {
  if (link.options.traced) yield* trace("self", encode(shown));
  yield* write(encode(`${line}\r\n`));
}

function* receive<B>(link: Link): Step<B, Reply> {
  return yield* readReply<B>(link.queue, link.options.traced ?? false);
}
