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
import { readReply } from "./reply_reader.ts";

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

export function* send<B>(link: Link, line: string, shown: string = line): Step<B, void> {
  if (link.options.traced) yield* trace("self", encode(shown));
  yield* write(encode(`${line}\r\n`));
}

export function* receive<B>(link: Link): Step<B, Reply> {
  return yield* readReply<B>(link.queue, link.options.traced ?? false);
}
