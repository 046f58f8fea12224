/**
 * The SMTP client's side of a conversation, RFC 5321: the only one, for the queue, for questions to
 * the next server, and for `smtpc`. It says hello, logs in if it should, and then does the jobs
 * that its backend hands out, until there are none.
 */
import { ByteQueue } from "../wire/bytes.ts";
import {
  call,
  deadline,
  Interrupted,
  type Session,
  type Step,
  type TlsInfo,
} from "../wire/session.ts";
import { mayLogIn } from "../wire/upgrade.ts";
import { contentFor, sendContent } from "./client_content.ts";
import { groupsFor, isUsedUp, mailsLeft } from "./client_limits.ts";
import {
  command,
  decide,
  demandReset,
  forget,
  type Link,
  type OpenAttempt,
  receive,
  send,
  type SmtpClientOptions,
} from "./client_link.ts";
import { startTlsWhereOffered, type SwitchEnd, type TlsEnd, upgradeOrEnd } from "./client_tls.ts";
import { NO_EXTENSIONS, parseEhlo } from "./ehlo.ts";
import { passed, type StopAfter, Stopped } from "./client_stage.ts";
import { mailLine, rcptLine, unable } from "./client_envelope.ts";
import { DEFAULT_CLIENT_TIMEOUTS, type SmtpClientTimeouts } from "./client_timeouts.ts";
import type { Attempt, SmtpJob, SmtpJobs } from "./job.ts";
import { type LoginEnd, smtpLogin } from "./login.ts";
import { isPositive, type Reply, reply } from "./reply.ts";
import { ReplyError } from "./reply_reader.ts";

export { DEFAULT_CLIENT_TIMEOUTS };
export type { Attempt, SmtpClientOptions, SmtpClientTimeouts, SmtpJob, SmtpJobs };

/** How the conversation ended. Jobs that were begun are reported before. */
export type SmtpClientEnd =
  | { readonly end: "done" }
  /** The server does not want us, or not now. */
  | { readonly end: "refused"; readonly at: "greeting" | "hello"; readonly reply: Reply }
  /** The login has failed. */
  | LoginEnd
  | TlsEnd
  /** The password was not sent, because others could have got it. */
  | { readonly end: "exposed" }
  /** BDAT was offered, and is not known there. What was to be sent is deferred. */
  | { readonly end: "noChunking" }
  /** As it was asked to. */
  | { readonly end: "stopped"; readonly stop: StopAfter }
  /** It does not speak SMTP. */
  | { readonly end: "protocol"; readonly detail: string }
  /** The connection broke, or its time was up. */
  | { readonly end: "lost"; readonly reason: "closed" | "deadline" | "lost" | "shutdown" };

/** One conversation with a server, from its greeting to QUIT. */
export function* smtpClient<B extends SmtpJobs>(
  options: SmtpClientOptions,
): Session<B, SmtpClientEnd> {
  const link = newLink(options, new ByteQueue(), null);
  try {
    const refused = (yield* greet<B>(link)) ?? (yield* logIn<B>(link));
    if (refused === null) passed("auth", link.stopAfter);
    else {
      if (refused.end !== "tlsFailed") yield* quit(link);
      return refused;
    }
    yield* call<B, void>((jobs) => jobs.ready?.(link.extensions, link.serverName, link.tls));
    while (!isUsedUp(link)) {
      const job = yield* call<B, SmtpJob | null>((jobs, signal) => jobs.next(signal));
      if (job === null) break;
      const closing = yield* doJob(link, job);
      // Who took the content for commands may have more to say, and nobody would know to what.
      if (link.misledByChunking) return { end: "noChunking" };
      if (closing) return { end: "done" };
    }
    yield* quit(link);
    return { end: "done" };
  } catch (error) {
    if (error instanceof Interrupted) return { end: "lost", reason: error.reason };
    if (error instanceof Stopped) {
      if (error.stop.how === "quit") yield* quit<B>(link);
      return { end: "stopped", stop: error.stop };
    }
    if (!(error instanceof ReplyError)) throw error;
    if (error.kind === "closed") return { end: "lost", reason: "closed" };
    return { end: "protocol", detail: error.message };
  }
}

/**
 * After an SMTP greeting: asks for POP3 on the same connection (our own extension XPOP3). `active`
 * is the TLS that it has already.
 */
export function* switchToPop3<B>(
  queue: ByteQueue,
  active: TlsInfo | null,
  options: SmtpClientOptions,
): Step<B, SwitchEnd> {
  const link = newLink(options, queue, active);
  const refused = yield* introduce<B>(link);
  if (refused?.end === "tlsFailed") return refused;
  if (refused === null && link.extensions.pop3) {
    if (isPositive(yield* command<B>(link, "XPOP3"))) return { end: "pop3", tls: link.tls };
  }
  yield* quit<B>(link);
  if (refused?.end === "noTls") return refused;
  return refused?.end === "refused" && refused.at === "starttls" ? refused : { end: "smtpOnly" };
}

function newLink(options: SmtpClientOptions, queue: ByteQueue, tls: TlsInfo | null): Link {
  return {
    options,
    queue,
    tls,
    extensions: NO_EXTENSIONS,
    serverName: "",
    mails: 0,
    doubtful: false,
    unsettled: false,
    unasked: false,
    misledByChunking: false,
    stopAfter: options.stopAfter ?? null,
    domains: new Set(),
  };
}

function* greet<B>(link: Link): Step<B, SmtpClientEnd | null> {
  const { tls } = link.options;
  if (tls.when === "first") {
    const agreed = yield* upgradeOrEnd<B>(tls, link.queue);
    if ("end" in agreed) return agreed;
    link.tls = agreed;
  }
  yield* deadline(link.options.timeouts.greetingMs);
  const greeting = yield* receive<B>(link);
  if (!isPositive(greeting)) return { end: "refused", at: "greeting", reply: greeting };
  link.serverName = greeting.lines[0]!.split(" ")[0]!;
  passed("connect", link.stopAfter);
  return yield* introduce(link);
}

/** Says hello, goes over to TLS where that is wanted, and then says hello again. */
function* introduce<B>(link: Link): Step<B, SmtpClientEnd | null> {
  const refused = yield* hello<B>(link);
  if (refused !== null) return refused;
  passed("hello", link.stopAfter);
  if (link.tls !== null) {
    passed("tls", link.stopAfter);
    return null;
  }
  const agreed = yield* startTlsWhereOffered<B>({
    tls: link.options.tls,
    queue: link.queue,
    offered: link.extensions.startTls,
    say: (line) => command<B>(link, line),
  });
  if (agreed !== null && "end" in agreed) return agreed;
  passed("tls", link.stopAfter);
  if (agreed === null) return null;
  link.tls = agreed;
  // RFC 3207 §4.2: what the server has said in clear does not count.
  link.extensions = NO_EXTENSIONS;
  return yield* hello(link);
}

function* hello<B>(link: Link): Step<B, SmtpClientEnd | null> {
  const { helloName: name, protocol } = link.options;
  const lmtp = protocol === "lmtp";
  const ehlo = yield* command<B>(link, `${lmtp ? "LHLO" : "EHLO"} ${name}`);
  if (isPositive(ehlo)) {
    const offered = parseEhlo(ehlo);
    // RFC 8689 §2: it counts only from a server whose certificate was verified.
    const verified = link.tls !== null && link.options.tls.request.verify;
    link.extensions = { ...offered, requireTls: offered.requireTls && verified };
    return null;
  }
  // RFC 5321 §3.2: an old server that does not know EHLO gets HELO.
  const helo = lmtp || ehlo.code < 500 ? ehlo : yield* command<B>(link, `HELO ${name}`);
  return isPositive(helo) ? null : { end: "refused", at: "hello", reply: helo };
}

function* logIn<B>(link: Link): Step<B, SmtpClientEnd | null> {
  const { login } = link.options;
  if (login === null) return null;
  if (!mayLogIn(link.options.tls, link.tls)) return { end: "exposed" };
  return yield* smtpLogin<B>({
    login,
    offered: link.extensions.auth,
    binding: link.tls?.binding ?? null,
    say: (line, shown) => command<B>(link, line, { shown }),
  });
}

/** Does one job and reports it, whatever happens; true when the server is closing. */
function* doJob<B extends SmtpJobs>(link: Link, job: SmtpJob): Step<B, boolean> {
  const attempts: OpenAttempt[] = job.recipients.map((recipient) => ({
    recipient,
    reply: null,
    at: "mail",
    result: "deferred",
  }));
  let failure: { readonly error: unknown } | null = null;
  try {
    yield* transactions<B>(link, job, attempts);
  } catch (error) {
    failure = { error };
    if (error instanceof ReplyError && error.kind === "unasked") takeBack(attempts);
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

/** Nobody can tell which recipient a reply was about; only one to a message was surely no other. */
function takeBack(attempts: readonly OpenAttempt[]): void {
  const doubtful = attempts.filter(({ at }) => at === "mail" || at === "rcpt");
  for (const each of doubtful) Object.assign(each, { reply: null, at: "mail", result: "deferred" });
}

/** RFC 9422: in as many transactions as the server's limits ask for. */
function* transactions<B extends SmtpJobs>(
  link: Link,
  job: SmtpJob,
  attempts: readonly OpenAttempt[],
): Step<B, void> {
  const now = yield* call<B, number>((jobs) => jobs.now());
  for (const each of attempts) {
    const reason = unable(link.extensions, { ...job, now }, each.recipient);
    if (reason !== null) decide([each], "hello", reason);
  }
  const able = attempts.filter((each) => each.reply === null);
  if (able.length === 0 || (isAllOrNothing(job) && able.length < attempts.length)) return;
  const content = job.do === "send" ? yield* contentFor<B>(link, job.content) : null;
  if (content !== null && "code" in content) return decide(able, "hello", content);
  const ready: SmtpJob = job.do === "send" && content !== null ? { ...job, content } : job;
  const contentBytes = ready.do === "send" ? ready.content.size : ready.contentBytes;
  const impossible = tooLarge(link, contentBytes);
  if (impossible !== null) return decide(able, "hello", impossible);
  const { groups, left } = groupsFor(link, able);
  decide(left, "hello", NO_PLACE);
  if (job.do === "send" && job.allOrNothing && (groups.length > 1 || left.length > 0)) {
    // Each group asks first: what was sent to one of them could not be taken back.
    if (left.length > 0 || 2 * groups.length > mailsLeft(link)) {
      return decide(attempts, "hello", NO_PLACE);
    }
    yield* inTurn<B>(link, { ...job, do: "verify", contentBytes }, groups);
    if (attempts.some((each) => each.result !== "accepted")) return;
    for (const each of attempts) Object.assign(each, { reply: null, result: "deferred" });
  }
  yield* inTurn<B>(link, ready, groups);
}

const NO_PLACE = reply(452, "4.5.3", "The server's limits leave no place on this connection");

function* inTurn<B extends SmtpJobs>(
  link: Link,
  job: SmtpJob,
  groups: readonly (readonly OpenAttempt[])[],
): Step<B, void> {
  for (const group of groups) {
    yield* transact<B>(link, job, group);
    if (link.misledByChunking || group.some(isClosing)) return;
  }
}

/** MAIL, RCPT and, when it is to be sent, the content. Writes what it learns into the attempts. */
function* transact<B extends SmtpJobs>(
  link: Link,
  job: SmtpJob,
  attempts: readonly OpenAttempt[],
): Step<B, void> {
  if (link.unsettled) {
    // Who refused early may have done so again at the end, and that reply would be MAIL's.
    const answer = yield* forget<B>(link);
    if (!isPositive(answer)) return decide(attempts, "mail", answer);
  }
  link.mails++;
  for (const { recipient } of attempts) link.domains.add(recipient.address.domain);
  const contentBytes = job.do === "send" ? job.content.size : job.contentBytes;
  yield* envelope<B>(link, job, contentBytes, attempts);
  passed("mail", link.stopAfter);
  passed("rcpt", link.stopAfter);
  if (job.do === "verify") return;
  const taken = attempts.filter((each) => each.result === "accepted");
  if (taken.length === 0 || (isAllOrNothing(job) && taken.length < attempts.length)) {
    return yield* abandon<B>(link, attempts);
  }
  if (!(yield* sendContent<B>(link, job, taken))) yield* abandon<B>(link, attempts);
}

function isAllOrNothing(job: SmtpJob): boolean {
  return job.do === "send" && job.allOrNothing === true;
}

/** Ends a transaction that sends nothing, unless the server is closing the connection. */
function* abandon<B>(link: Link, attempts: readonly OpenAttempt[]): Step<B, void> {
  if (!attempts.some(isClosing)) yield* forget<B>(link);
}

/** RFC 5321 §3.8: 421, whatever it answers, says that the server is closing the connection. */
function isClosing({ reply }: OpenAttempt): boolean {
  return reply?.code === 421;
}

/** In one group where the server allows it (RFC 2920), else one after the other. */
function* envelope<B extends SmtpJobs>(
  link: Link,
  job: SmtpJob,
  contentBytes: number | null,
  attempts: readonly OpenAttempt[],
): Step<B, void> {
  const recipients = attempts.map(({ recipient }) => recipient);
  const now = yield* call<B, number>((jobs) => jobs.now());
  const about = { ...job, recipients, contentBytes, now };
  const rcpt = link.stopAfter?.stage === "mail"
    ? []
    : recipients.map((recipient) => rcptLine(link.extensions, about, recipient));
  const lines = [
    mailLine(link.extensions, about),
    ...rcpt,
    ...(job.do === "verify" ? ["RSET"] : []),
  ];
  const groupMax = link.extensions.pipelining ? PIPELINED_MAX : 1;
  for (let at = 0; at < lines.length; at += groupMax) {
    const group = lines.slice(at, at + groupMax);
    for (const line of group) yield* send<B>(link, line);
    yield* deadline(link.options.timeouts.commandMs);
    for (let n = at; n < at + group.length; n++) {
      const answer = yield* receive<B>(link);
      if (lines[n] === "RSET") demandReset(answer);
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

/** RFC 1870 §6: what the server said it will not take is not offered to it. */
function tooLarge(link: Link, contentBytes: number | null): Reply | null {
  const bytesMax = link.extensions.size?.bytesMax ?? null;
  if (bytesMax === null || contentBytes === null || contentBytes <= bytesMax) return null;
  return reply(552, "5.3.4", `The next server takes at most ${bytesMax} bytes`);
}

function* quit<B>(link: Link): Step<B, void> {
  try {
    yield* command<B>(link, "QUIT");
  } catch (error) {
    // The work is done; how a server takes its leave changes nothing.
    if (!(error instanceof Interrupted) && !(error instanceof ReplyError)) throw error;
  }
}
