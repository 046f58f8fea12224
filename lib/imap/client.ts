/**
 * The IMAP client's session, RFC 9051: greeting, TLS, login, then one job after the other, then
 * LOGOUT. There is no other client; the command line, the library and the tests all drive this one.
 */
import type { Login } from "../sasl/client.ts";
import { ByteQueue } from "../wire/bytes.ts";
import { ProtocolError } from "../wire/error.ts";
import {
  call,
  Interrupted,
  type InterruptReason,
  type MaybePromise,
  type Session,
  type Step,
  type TlsInfo,
} from "../wire/session.ts";
import { type ClientTls, mayLogIn } from "../wire/upgrade.ts";
import { type Dialogue, hearResponse, nextTag, type Refusal, sayLine } from "./client_dialogue.ts";
import { broken } from "./client_error.ts";
import type { ImapJob, ImapResult } from "./client_job.ts";
import { imapLogin, learnCapabilities, type LoginRefusal } from "./client_login.ts";
import { perform } from "./client_perform.ts";
import { startTlsWhereOffered, type TlsOutcome } from "./client_tls.ts";

export type { ImapJob, ImapListing, ImapResult } from "./client_job.ts";

export interface ImapClientOptions {
  readonly login: Login;
  /** How the connection is to be encrypted; whoever opened it sees to `first`. */
  readonly tls: ClientTls;
  /** The TLS that it has already. */
  readonly active: TlsInfo | null;
  /** Whether to yield `trace` effects; passwords and the content of messages are never in them. */
  readonly traced?: boolean;
  /** Bytes that were read already: the greeting among them, and only looked at. */
  readonly queue?: ByteQueue;
  readonly deadlines?: ImapClientDeadlines;
  /** The largest message that is taken; by default 64 MiB. */
  readonly messageBytesMax?: number;
}

export interface ImapClientDeadlines {
  /** How long the server may be silent while something is due from it; by default a minute. */
  readonly replyMs: number;
}

/** The session's backend: it hands out the jobs. */
export interface ImapJobs {
  /**
   * The next job, after `previous`, which is how the last one went (`null` at first, which says
   * that the login has succeeded). `null` ends the session with LOGOUT. When it throws, the session
   * ends without a word, and the error comes out of the driver.
   */
  next(previous: ImapResult | null, signal: AbortSignal): MaybePromise<ImapJob | null>;
}

/** How the whole conversation ended. */
export type ImapOutcome =
  | { readonly result: "done" }
  | LoginRefusal
  | TlsOutcome
  /** The password was not sent, because others could have got it. */
  | { readonly result: "exposed" }
  /** The greeting was BYE: no service. */
  | { readonly result: "refused"; readonly refusal: Refusal }
  /** What answers is not IMAP, or breaks its rules; `text` says how. */
  | { readonly result: "protocol"; readonly text: string }
  | { readonly result: "interrupted"; readonly reason: InterruptReason };

/** The same as by POP3. */
export const MESSAGE_BYTES_MAX = 64 * 1024 * 1024;
/** A search through a large mailbox takes its time. */
export const REPLY_MS = 60_000;

/** One conversation as a client. It throws only what `next` threw. */
export function* imapClient(options: ImapClientOptions): Session<ImapJobs, ImapOutcome> {
  const dialogue: Dialogue = {
    queue: options.queue ?? new ByteQueue(),
    traced: options.traced ?? false,
    replyMs: options.deadlines?.replyMs ?? REPLY_MS,
    capabilities: null,
    challenged: false,
    commands: 0,
    exists: 0,
    arrived: false,
  };
  try {
    return yield* converse(dialogue, options);
  } catch (error) {
    if (error instanceof Interrupted) return { result: "interrupted", reason: error.reason };
    if (error instanceof ProtocolError) return { result: "protocol", text: error.message };
    throw error;
  }
}

function* converse(dialogue: Dialogue, options: ImapClientOptions): Step<ImapJobs, ImapOutcome> {
  const admission = yield* enter(dialogue, options);
  if (admission !== null) return admission;
  const bytesMax = options.messageBytesMax ?? MESSAGE_BYTES_MAX;
  let job = yield* nextJob(null);
  while (job !== null) job = yield* nextJob(yield* perform<ImapJobs>(dialogue, job, bytesMax));
  yield* logOut(dialogue);
  return { result: "done" };
}

/** From the greeting to the login; gives `null` when that has succeeded. */
function* enter(
  dialogue: Dialogue,
  { login, tls, active }: ImapClientOptions,
): Step<ImapJobs, ImapOutcome | null> {
  const greeting = yield* hearResponse<ImapJobs>(dialogue);
  if (greeting.is !== "status") throw broken("what answers does not greet as IMAP does");
  const { condition, code, text } = greeting;
  if (condition === "BYE") {
    return { result: "refused", refusal: { ok: false, condition, code: code?.name ?? null, text } };
  }
  if (condition !== "OK" && condition !== "PREAUTH") throw broken("its greeting is none");
  yield* learnCapabilities<ImapJobs>(dialogue);
  const known = condition === "PREAUTH";
  const asks = active === null && tls.when !== "never";
  const agreed = asks ? yield* startTlsWhereOffered<ImapJobs>(dialogue, tls, known) : active;
  if (agreed !== null && "result" in agreed) {
    if (agreed.result !== "tlsFailed") yield* leave(dialogue);
    return agreed;
  }
  if (!mayLogIn(tls, agreed)) {
    yield* leave(dialogue);
    return { result: "exposed" };
  }
  if (known) return null;
  yield* learnCapabilities<ImapJobs>(dialogue);
  const refusal = yield* imapLogin<ImapJobs>(dialogue, login, agreed?.binding ?? null);
  if (refusal !== null) yield* leave(dialogue);
  return refusal;
}

function nextJob(previous: ImapResult | null): Step<ImapJobs, ImapJob | null> {
  return call((jobs, signal) => jobs.next(previous, signal));
}

/** Nobody waits for the answer; it is only that servers like to hear that the session is over. */
function* leave(dialogue: Dialogue): Step<ImapJobs, void> {
  yield* sayLine<ImapJobs>(dialogue, `${nextTag(dialogue)} LOGOUT`);
}

/** RFC 9051 §6.1.3: BYE comes first, and then the answer. */
function* logOut(dialogue: Dialogue): Step<ImapJobs, void> {
  const tag = nextTag(dialogue);
  yield* sayLine<ImapJobs>(dialogue, `${tag} LOGOUT`);
  try {
    for (let heard = 0; heard < FAREWELL_RESPONSES; heard++) {
      const response = yield* hearResponse<ImapJobs>(dialogue);
      if (response.is === "tagged" && response.tag === tag) return;
    }
  } catch (error) {
    // Everything was answered before, and how the connection ends changes nothing.
    if (!(error instanceof Interrupted) || error.reason === "shutdown") throw error;
  }
}

/** News of other sessions may come in between. */
const FAREWELL_RESPONSES = 1_000;
