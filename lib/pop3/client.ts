/**
 * The POP3 client's session, RFC 1939: greeting, login, then one job after the other, then QUIT.
 * There is no other client; the command line, the library and the tests all drive this one.
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
import { startTlsWhereOffered, type TlsOutcome } from "./client_tls.ts";
import {
  command,
  type Dialogue,
  hearList,
  hearMessage,
  hearResponse,
  type Refusal,
  responseOf,
} from "./dialogue.ts";
import { LISTING_BYTES_MAX, type Pop3Listing, readListing } from "./listing.ts";
import { capabilitiesOf, type LoginRefusal, pop3Login } from "./login.ts";
import { say } from "./talk.ts";

export interface Pop3ClientOptions {
  readonly login: Login;
  /**
   * The server's first line, without its CRLF, when somebody has read it already to find out which
   * protocol answers; `null` when the session is to read it.
   */
  readonly greeting: Uint8Array | null;
  /** How the connection is to be encrypted; whoever opened it sees to `first`. */
  readonly tls: ClientTls;
  /** The TLS that it has already. */
  readonly active: TlsInfo | null;
  /** Whether to yield `trace` effects; passwords and the content of messages are never in them. */
  readonly traced?: boolean;
  /** Bytes that were read behind the greeting. */
  readonly queue?: ByteQueue;
  readonly deadlines?: Pop3ClientDeadlines;
  /** The largest message that is taken, as it comes over the wire; by default 64 MiB. */
  readonly messageBytesMax?: number;
}

export interface Pop3ClientDeadlines {
  /** How long the server may be silent while something is due from it; by default a minute. */
  readonly replyMs: number;
}

/** What the session is asked to do. Messages are named by their numbers, from 1 (RFC 1939 §4). */
export type Pop3Job =
  /** All messages with their sizes, and with unique-ids where the server has them. */
  | { readonly do: "list" }
  /** The whole message. */
  | { readonly do: "retrieve"; readonly message: number }
  /** Header, empty line and so many lines of the body. */
  | { readonly do: "top"; readonly message: number; readonly lines: number }
  /** Marks it; the server removes it when the session ends with QUIT. */
  | { readonly do: "delete"; readonly message: number }
  /** Takes all marks away. */
  | { readonly do: "reset" }
  /** Nothing, so that the server sees that somebody is there. */
  | { readonly do: "noop" };

/** How a job went: the result has the job's kind, or the server refused. */
export type Pop3Result =
  | { readonly did: "list"; readonly messages: readonly Pop3Listing[] }
  | { readonly did: "retrieve" | "top"; readonly content: Uint8Array }
  | { readonly did: "delete" | "reset" | "noop" }
  | { readonly did: "nothing"; readonly refusal: Refusal };

/** The session's backend: it hands out the jobs. */
export interface Pop3Jobs {
  /**
   * The next job, after `previous`, which is how the last one went (`null` at first, which says
   * that the login has succeeded). `null` ends the session with QUIT. When it throws, the session
   * ends without QUIT, so nothing is removed, and the error comes out of the driver.
   */
  next(previous: Pop3Result | null, signal: AbortSignal): MaybePromise<Pop3Job | null>;
}

/** How the whole conversation ended. */
export type Pop3Outcome =
  /** QUIT was answered: what was marked is removed. */
  | { readonly result: "done" }
  | LoginRefusal
  | TlsOutcome
  /** The password was not sent, because others could have got it. */
  | { readonly result: "exposed" }
  /** The greeting or QUIT was answered with -ERR: no service, or not everything was removed. */
  | { readonly result: "refused"; readonly refusal: Refusal }
  /** What answers is not POP3, or breaks its rules; `text` says how. */
  | { readonly result: "protocol"; readonly text: string }
  /** Nothing was removed, unless the interruption came behind QUIT. */
  | { readonly result: "interrupted"; readonly reason: InterruptReason };

const MESSAGE_BYTES_MAX = 64 * 1024 * 1024;
const REPLY_MS = 60_000;

/** One conversation as a client. It throws only what `next` threw. */
export function* pop3Client(options: Pop3ClientOptions): Session<Pop3Jobs, Pop3Outcome> {
  const dialogue: Dialogue = {
    queue: options.queue ?? new ByteQueue(),
    traced: options.traced ?? false,
    replyMs: options.deadlines?.replyMs ?? REPLY_MS,
    messageBytesMax: options.messageBytesMax ?? MESSAGE_BYTES_MAX,
  };
  try {
    return yield* converse(dialogue, options);
  } catch (error) {
    if (error instanceof Interrupted) return { result: "interrupted", reason: error.reason };
    if (error instanceof ProtocolError) return { result: "protocol", text: error.message };
    throw error;
  }
}

function* converse(
  dialogue: Dialogue,
  { login, greeting, tls, active }: Pop3ClientOptions,
): Step<Pop3Jobs, Pop3Outcome> {
  const greeted = greeting === null
    ? yield* hearResponse<Pop3Jobs>(dialogue)
    : responseOf(greeting);
  if (!greeted.ok) return { result: "refused", refusal: greeted };
  const asks = active === null && tls.when !== "never";
  const capabilities = asks ? yield* capabilitiesOf<Pop3Jobs>(dialogue) : null;
  const agreed = capabilities === null
    ? active
    : yield* startTlsWhereOffered<Pop3Jobs>(dialogue, tls, capabilities);
  if (agreed !== null && "result" in agreed) return agreed;
  if (!mayLogIn(tls, agreed)) {
    yield* say(dialogue, "QUIT");
    return { result: "exposed" };
  }
  const refusal = yield* pop3Login<Pop3Jobs>(
    dialogue,
    login,
    // RFC 2595 §4: what was told in clear does not count under TLS.
    agreed === null ? capabilities : null,
    agreed?.binding ?? null,
  );
  if (refusal !== null) {
    // Nobody waits for the answer; it is only that servers like to hear that the session is over.
    yield* say(dialogue, "QUIT");
    return refusal;
  }
  let job = yield* nextJob(null);
  while (job !== null) job = yield* nextJob(yield* perform(dialogue, job));
  const parted = yield* command<Pop3Jobs>(dialogue, "QUIT");
  // RFC 1939 §6: -ERR says that some deleted messages were not removed.
  return parted.ok ? { result: "done" } : { result: "refused", refusal: parted };
}

function nextJob(previous: Pop3Result | null): Step<Pop3Jobs, Pop3Job | null> {
  return call((jobs, signal) => jobs.next(previous, signal));
}

function* perform(dialogue: Dialogue, job: Pop3Job): Step<Pop3Jobs, Pop3Result> {
  switch (job.do) {
    case "list":
      return yield* list(dialogue);
    case "retrieve":
      return yield* take(dialogue, job.do, `RETR ${job.message}`);
    case "top":
      return yield* take(dialogue, job.do, `TOP ${job.message} ${job.lines}`);
    case "delete":
      return yield* tell(dialogue, job.do, `DELE ${job.message}`);
    case "reset":
      return yield* tell(dialogue, job.do, "RSET");
    case "noop":
      return yield* tell(dialogue, job.do, "NOOP");
  }
}

function* list(dialogue: Dialogue): Step<Pop3Jobs, Pop3Result> {
  const sized = yield* command<Pop3Jobs>(dialogue, "LIST");
  if (!sized.ok) return { did: "nothing", refusal: sized };
  const sizes = yield* hearList<Pop3Jobs>(dialogue, LISTING_BYTES_MAX);
  // RFC 1939 §7: UIDL is optional, so a refusal only says that there are no unique-ids.
  const named = yield* command<Pop3Jobs>(dialogue, "UIDL");
  const uniqueIds = named.ok ? yield* hearList<Pop3Jobs>(dialogue, LISTING_BYTES_MAX) : null;
  return { did: "list", messages: readListing(sizes, uniqueIds) };
}

/** A command that is answered with a message. */
function* take(
  dialogue: Dialogue,
  did: "retrieve" | "top",
  line: string,
): Step<Pop3Jobs, Pop3Result> {
  const response = yield* command<Pop3Jobs>(dialogue, line);
  if (!response.ok) return { did: "nothing", refusal: response };
  return { did, content: yield* hearMessage<Pop3Jobs>(dialogue) };
}

/** A command that is answered with a line. */
function* tell(
  dialogue: Dialogue,
  did: "delete" | "reset" | "noop",
  line: string,
): Step<Pop3Jobs, Pop3Result> {
  const response = yield* command<Pop3Jobs>(dialogue, line);
  return response.ok ? { did } : { did: "nothing", refusal: response };
}
