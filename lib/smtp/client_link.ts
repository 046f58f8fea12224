/** One connection of the SMTP client: what is known about it, and how commands are said on it. */
import type { Login } from "../sasl/client.ts";
import { type ByteQueue, encode } from "../wire/bytes.ts";
import { deadline, type Step, type TlsInfo, trace, write } from "../wire/session.ts";
import type { ClientTls } from "../wire/upgrade.ts";
import type { SmtpClientTimeouts } from "./client_timeouts.ts";
import type { Extensions } from "./ehlo.ts";
import type { StopAfter } from "./client_stage.ts";
import type { Attempt } from "./job.ts";
import { isPositive, type Reply } from "./reply.ts";
import { readReply, ReplyError } from "./reply_reader.ts";

export interface SmtpClientOptions {
  /** What we call ourselves, in EHLO. */
  readonly helloName: string;
  /** Logs in when given. */
  readonly login: Login | null;
  readonly tls: ClientTls;
  readonly timeouts: SmtpClientTimeouts;
  /** `lmtp`: LHLO in place of EHLO, and a reply for each recipient (RFC 2033). Default `smtp`. */
  readonly protocol?: "smtp" | "lmtp";
  /** Says no BDAT, although it is offered: the server has shown that it does not know it. */
  readonly withoutChunking?: boolean;
  /** Default `null`: the conversation goes to its end. */
  readonly stopAfter?: StopAfter | null;
  readonly traced?: boolean;
}

export interface Link {
  readonly options: SmtpClientOptions;
  readonly queue: ByteQueue;
  readonly stopAfter: StopAfter | null;
  tls: TlsInfo | null;
  extensions: Extensions;
  serverName: string;
  /** Transactions so far. */
  mails: number;
  /**
   * Whether a message was refused at its end: maybe the refusal came before that, and the next
   * reply belongs to it. Then the 354 of DATA shows whose turn it is, where BDAT shows nothing.
   */
  doubtful: boolean;
  /** Whether that was so, and no RSET has shown since that each reply is to what was said last. */
  unsettled: boolean;
  /** Whether a reply was there before anything was said that it could answer. */
  unasked: boolean;
  /** Whether BDAT, which was offered, is not known there. */
  misledByChunking: boolean;
  /** Domains of the recipients so far. */
  readonly domains: Set<string>;
}

/** An attempt under way; `accepted`: RCPT was answered with 2yz. */
export type OpenAttempt =
  & { -readonly [Key in "reply" | "at"]: Attempt[Key] }
  & { readonly recipient: Attempt["recipient"]; result: Attempt["result"] | "accepted" };

/** What a reply means for these recipients (RFC 5321 §4.2.1: the first digit says it all). */
export function decide(
  attempts: readonly OpenAttempt[],
  at: Attempt["at"],
  answer: Reply,
): void {
  for (const each of attempts) {
    each.reply = answer;
    each.at = at;
    each.result = isPositive(answer) ? "accepted" : answer.code >= 500 ? "refused" : "deferred";
  }
}

/** Says a command and gives the reply to it; `shown` stands for a command with a secret in it. */
export function* command<B>(
  link: Link,
  line: string,
  { shown = line, timeoutMs = link.options.timeouts.commandMs } = {},
): Step<B, Reply> {
  yield* send<B>(link, line, shown);
  yield* deadline(timeoutMs);
  return yield* receive<B>(link);
}

/** Says a line, to which {@linkcode receive} gives the reply. */
export function* send<B>(link: Link, line: string, shown: string = line): Step<B, void> {
  // RFC 5321 §2.1: lock-step, or RFC 2920 §3.1: a group after the other. All that was said has its
  // reply by now, so what is there already cannot be the reply to this line.
  if (link.queue.length > 0) link.unasked = true;
  if (link.options.traced) yield* trace("self", encode(shown));
  yield* write(encode(`${line}\r\n`));
}

/**
 * The reply to what was said.
 * @throws {ReplyError} `unasked` where it was there before.
 */
export function* receive<B>(link: Link): Step<B, Reply> {
  const answer = yield* readReply<B>(link.queue, link.options.traced ?? false);
  // RFC 5321 §3.8: 421 may come at any time, and means the same wherever it comes.
  if (link.unasked && answer.code !== 421) throw unasked();
  return answer;
}

/**
 * Forgets the transaction; only 421 can be in the way.
 * @throws {ReplyError} `unasked` where the reply is not the one to RSET.
 */
export function* forget<B>(link: Link): Step<B, Reply> {
  const answer = yield* command<B>(link, "RSET");
  demandReset(answer);
  link.unsettled = false;
  return answer;
}

/**
 * RFC 5321 §4.1.1.5: RSET has no other reply than 250. One that refuses belongs to something that
 * was said before, and so does maybe each reply since.
 * @throws {ReplyError} `unasked`
 */
export function demandReset(answer: Reply): void {
  if (!isPositive(answer) && answer.code !== 421) throw unasked();
}

/** Some reply is none to what was said; nobody can tell any more which reply belongs to what. */
export function unasked(): ReplyError {
  return new ReplyError("unasked", "the server sent a reply that nobody had asked for");
}
