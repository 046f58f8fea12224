/**
 * Reading a mailbox. The first line tells which protocol answers: POP3 itself, or SMTP, which is
 * then asked to go on as POP3 on the same connection.
 */
import { endpointText } from "../endpoint.ts";
import { drive } from "../net/drive.ts";
import { scramWork } from "../net/scram_work.ts";
import type { Transport } from "../net/world.ts";
import { wrapTransport } from "../net/wrap.ts";
import {
  pop3Client,
  type Pop3ClientOptions,
  type Pop3Job,
  type Pop3Jobs,
  type Pop3Outcome,
  type Pop3Result,
} from "../pop3/client.ts";
import type { Refusal } from "../pop3/dialogue.ts";
import type { Pop3Listing } from "../pop3/listing.ts";
import type { Login } from "../sasl/client.ts";
import { switchToPop3 } from "../smtp/client.ts";
import { isPositive, type Reply, textOf } from "../smtp/reply.ts";
import { readReply, ReplyError } from "../smtp/reply_reader.ts";
import { ByteQueue, decodeLatin1 } from "../wire/bytes.ts";
import { fill, hasLine } from "../wire/lines.ts";
import { deadline, Interrupted, type Session, type Step, type TlsInfo } from "../wire/session.ts";
import { upgrade } from "../wire/upgrade.ts";
import {
  clientTls,
  exposedFailure,
  goesOnUnverified,
  noTlsFailure,
  tlsFailure,
} from "./client_tls.ts";
import { EXIT, Failure } from "./fail.ts";
import {
  type Access,
  connectTo,
  driveOptionsOf,
  faultyLoginFailure,
  helloNameOf,
  lostFailure,
  timeoutsOf,
} from "./transfer.ts";

export interface ReaderAccess extends Access {
  readonly login: Login;
  /** Is told how many bytes came, for progress. */
  readonly received?: (bytes: number) => void;
}

/**
 * A mailbox that is open. Messages are named by their numbers, from 1. Every call is refused with a
 * {@linkcode Failure} where the server refuses, and none may be made while another is under way.
 */
export interface Mailbox {
  list(): Promise<readonly Pop3Listing[]>;
  /** The whole message, as the server has it. */
  retrieve(message: number): Promise<Uint8Array>;
  /** The header section; the whole message from a server that cannot give less. */
  header(message: number): Promise<Uint8Array>;
  /** Removes it when the mailbox is closed, and only if all that follows goes well. */
  remove(message: number): Promise<void>;
}

/**
 * Opens the mailbox, has `work` use it, and closes it. When `work` throws, nothing is removed, and
 * its error is thrown here.
 * @throws {Failure} when the mailbox cannot be opened, or the connection is lost.
 */
export async function readOverPop3<Result>(
  access: ReaderAccess,
  work: (mailbox: Mailbox) => Promise<Result>,
): Promise<Result> {
  const desk = openDesk(work);
  const talk = async (verify: boolean) => {
    const transport = await connectTo(access);
    const session = reader({
      login: { ...access.login, work: scramWork(access.world) },
      greeting: null,
      tls: clientTls(access, transport, verify),
      traced: access.trace !== undefined,
      deadlines: { replyMs: access.timeoutMs },
    }, helloNameOf(access, transport));
    const watched = counted(transport, access.received);
    const outcome = await drive(session, watched, desk.jobs, driveOptionsOf(access));
    return { transport, outcome };
  };
  const { transport, outcome: first } = await talk(true);
  const again = first.result === "tlsFailed" &&
    goesOnUnverified(access, transport, { why: first.why, hasLogin: true });
  const outcome = again ? (await talk(false)).outcome : first;
  if (outcome.result === "done") return await desk.result();
  const failure = failureOf(outcome, access);
  desk.abandon(failure);
  throw failure;
}

type Outcome =
  | Pop3Outcome
  /** SMTP answered, and does not want to talk. */
  | { readonly result: "unwelcome"; readonly reply: Reply }
  /** Something answers that cannot be read from. */
  | { readonly result: "smtpOnly" | "imap" | "other" };

function* reader(
  options: Omit<Pop3ClientOptions, "active">,
  helloName: string,
): Session<Pop3Jobs, Outcome> {
  const queue = new ByteQueue();
  const replyMs = options.deadlines!.replyMs;
  const { tls } = options;
  let active: TlsInfo | null = null;
  if (tls.when === "first") {
    const info = yield* upgrade<Pop3Jobs>(queue, tls.request);
    if (!("version" in info)) return { result: "tlsFailed", why: info };
    active = info;
  }
  try {
    yield* deadline(replyMs);
    const who = yield* whoAnswers<Pop3Jobs>(queue);
    if (who === "imap" || who === "other") return { result: who };
    if (who === "smtp") {
      const traced = options.traced ?? false;
      const greeting = yield* readReply<Pop3Jobs>(queue, traced);
      if (!isPositive(greeting)) return { result: "unwelcome", reply: greeting };
      const switched = yield* switchToPop3<Pop3Jobs>(queue, active, {
        helloName,
        login: null,
        tls,
        timeouts: timeoutsOf(replyMs),
        traced,
      });
      switch (switched.end) {
        case "smtpOnly":
        case "noTls":
          return { result: switched.end };
        case "tlsFailed":
          return { result: "tlsFailed", why: switched.why };
        case "refused":
          return { result: "unwelcome", reply: switched.reply };
        case "pop3":
          active = switched.tls;
      }
    }
  } catch (error) {
    if (error instanceof Interrupted) return { result: "interrupted", reason: error.reason };
    if (!(error instanceof ReplyError)) throw error;
    if (error.kind === "closed") return { result: "interrupted", reason: "lost" };
    return { result: "protocol", text: error.message };
  }
  return yield* pop3Client({ ...options, active, queue });
}

/** Looks at the first line, and leaves it in the queue. */
function* whoAnswers<B>(queue: ByteQueue): Step<B, "pop3" | "smtp" | "imap" | "other"> {
  while (!hasLine(queue) && queue.length < FIRST_LINE_BYTES_MAX) {
    if (!(yield* fill<B>(queue))) throw new Interrupted("lost");
  }
  const first = decodeLatin1(queue.peek().subarray(0, FIRST_LINE_BYTES_MAX));
  if (/^(\+OK|-ERR)/.test(first)) return "pop3"; // RFC 1939 §3
  if (/^\d{3}[ \r-]/.test(first)) return "smtp"; // RFC 5321 §4.2
  return /^\* (OK|PREAUTH|BYE)/.test(first) ? "imap" : "other"; // RFC 9051 §7.1
}

/** Greetings are shorter (RFC 1939 §3, RFC 5321 §4.5.3.1.5). */
const FIRST_LINE_BYTES_MAX = 4096;

/** Where `work` hands its wishes in, one by one, and the session fetches them. */
interface Desk<Result> {
  readonly jobs: Pop3Jobs;
  /** What the work gave. */
  result(): Promise<Result>;
  /** No wish will be fulfilled any more. */
  abandon(why: Failure): void;
}

interface Wish {
  readonly job: Pop3Job;
  readonly fulfil: (result: Pop3Result) => void;
  readonly refuse: (why: Failure) => void;
}

function openDesk<Result>(work: (mailbox: Mailbox) => Promise<Result>): Desk<Result> {
  let working: Promise<Result> | null = null;
  let current: Wish | null = null;
  /** Wakes the session, which waits for a wish or for the end of the work. */
  let arrived: (() => void) | null = null;
  const wish = (job: Pop3Job) =>
    new Promise<Pop3Result>((fulfil, refuse) => {
      current = { job, fulfil, refuse };
      arrived?.();
    });
  return {
    jobs: {
      async next(previous) {
        const arrival = new Promise<void>((resolve) => arrived = resolve);
        const fulfilled = current;
        current = null;
        if (previous === null) working = work(mailboxOf(wish));
        else fulfilled?.fulfil(previous);
        // Throws what the work throws; then the session ends without QUIT.
        await Promise.race([working, arrival]);
        return (current as Wish | null)?.job ?? null;
      },
    },
    result: () => working!,
    abandon(why) {
      working?.catch(() => {}); // it fails with `why`, which is reported already
      current?.refuse(why);
    },
  };
}

function mailboxOf(wish: (job: Pop3Job) => Promise<Pop3Result>): Mailbox {
  return {
    async list() {
      const result = await wish({ do: "list" });
      if (result.did === "list") return result.messages;
      throw refusedFailure(result, "the list of messages");
    },
    async retrieve(message) {
      const result = await wish({ do: "retrieve", message });
      if (result.did === "retrieve") return result.content;
      throw refusedFailure(result, `message ${message}`);
    },
    async header(message) {
      // RFC 1939 §7: TOP is optional.
      const result = await wish({ do: "top", message, lines: 0 });
      return result.did === "top" ? result.content : await this.retrieve(message);
    },
    async remove(message) {
      const result = await wish({ do: "delete", message });
      if (result.did !== "delete") throw refusedFailure(result, `deleting message ${message}`);
    },
  };
}

function refusedFailure(result: Pop3Result, what: string): Failure {
  const words = result.did === "nothing" ? result.refusal.text : "another answer";
  return new Failure(EXIT.noInput, `the server refused ${what}: ${words}`);
}

function failureOf(outcome: Exclude<Outcome, { result: "done" }>, access: Access): Failure {
  const where = endpointText(access.to);
  switch (outcome.result) {
    case "loginRefused":
      return loginFailure(outcome, where);
    case "unwelcome": {
      const { reply } = outcome;
      const status = reply.code < 500 ? EXIT.tryAgainLater : EXIT.unavailable;
      return new Failure(status, `${where} does not want to talk: ${textOf(reply)}`);
    }
    case "refused":
      return new Failure(EXIT.tryAgainLater, `${where} refused: ${wordsOf(outcome.refusal)}`);
    case "noTls":
      return noTlsFailure(access);
    case "tlsFailed":
      return tlsFailure(outcome.why, access);
    case "exposed":
      return exposedFailure(access);
    case "smtpOnly":
      return new Failure(
        EXIT.unavailable,
        `${where} serves SMTP only, without XPOP3: give the port of its POP3 (often 110)`,
      );
    case "imap":
      return new Failure(
        EXIT.unavailable,
        `IMAP answers at ${where}, which is not built yet: give the port of its POP3 (often 110)`,
      );
    case "other":
      return new Failure(EXIT.protocol, `neither POP3 nor SMTP answers at ${where}`);
    case "protocol":
      return new Failure(EXIT.protocol, `${where} breaks the protocol: ${outcome.text}`);
    case "interrupted":
      return lostFailure(outcome.reason, where, access.timeoutMs);
  }
}

function loginFailure(
  { reason, text }: Extract<Outcome, { result: "loginRefused" }>,
  where: string,
): Failure {
  switch (reason) {
    case "credentials":
      return new Failure(
        EXIT.loginRefused,
        `the login was refused by ${where}: ${text} (check --user and the password)`,
      );
    case "inUse":
      return new Failure(
        EXIT.tryAgainLater,
        `somebody else reads this mailbox at ${where} just now: ${text} (try again later)`,
      );
    case "temporary":
      return new Failure(EXIT.tryAgainLater, `no login at ${where} just now: ${text}`);
    case "mechanism":
      return new Failure(
        EXIT.loginRefused,
        `no login at ${where}: ${text} (--auth chooses another)`,
      );
    default:
      return faultyLoginFailure({ fault: reason, text }, where);
  }
}

function wordsOf({ code, text }: Refusal): string {
  return code === null ? text : `[${code}] ${text}`;
}

function counted(transport: Transport, received: ReaderAccess["received"]): Transport {
  if (received === undefined) return transport;
  return wrapTransport(transport, {
    async read() {
      const chunk = await transport.read();
      if (chunk !== null) received(chunk.length);
      return chunk;
    },
  });
}
