/**
 * Reading a mailbox. The first line tells which protocol answers: IMAP or POP3 themselves, or SMTP,
 * which is then asked to go on as POP3 on the same connection.
 */
import { imapClient, type ImapJob, type ImapJobs, type ImapResult } from "../imap/client.ts";
import { drive } from "../net/drive.ts";
import { scramWork } from "../net/scram_work.ts";
import type { Transport } from "../net/world.ts";
import { wrapTransport } from "../net/wrap.ts";
import {
  pop3Client,
  type Pop3ClientOptions,
  type Pop3Job,
  type Pop3Jobs,
  type Pop3Result,
} from "../pop3/client.ts";
import type { Login } from "../sasl/client.ts";
import { switchToPop3 } from "../smtp/client.ts";
import { isPositive } from "../smtp/reply.ts";
import { readReply, ReplyError } from "../smtp/reply_reader.ts";
import { ByteQueue, decodeLatin1 } from "../wire/bytes.ts";
import { fill, hasLine } from "../wire/lines.ts";
import {
  deadline,
  Interrupted,
  type Session,
  type Step,
  type TlsInfo,
  using,
} from "../wire/session.ts";
import { upgrade } from "../wire/upgrade.ts";
import { clientTls, goesOnUnverified } from "./client_tls.ts";
import type { Mailbox } from "./mailbox.ts";
import { openDesk, type Wish } from "./reader_desk.ts";
import { failureOf, type ReadOutcome } from "./reader_failure.ts";
import { workOverImap } from "./reader_imap.ts";
import { pop3Mailbox } from "./reader_pop3.ts";
import { type Access, connectTo, driveOptionsOf, helloNameOf, timeoutsOf } from "./transfer.ts";

export interface ReaderAccess extends Access {
  readonly login: Login;
  /** Which mailbox, where the server has more than one; by default INBOX. */
  readonly mailbox?: string;
  /** Whether nothing in it may be changed, where the server makes the difference. */
  readonly readOnly?: boolean;
  /** Is told how many bytes came, for progress. */
  readonly received?: (bytes: number) => void;
  /** False where it is known, and was told, that the server cannot be verified. */
  readonly verifies?: boolean;
  /** Is shown each connection before anything is said on it; may refuse by throwing. */
  readonly connected?: (transport: Transport) => void;
  /** Is told how long each step took. */
  readonly took?: (step: ReadStep, ms: number) => void;
}

/** `login` is all that comes before a job, connecting too, and `quit` all that comes behind. */
export type ReadStep = "login" | "quit" | Pop3Job["do"] | ImapJob["do"];

/**
 * Opens the mailbox, has `work` use it, and closes it. When `work` throws, nothing is removed, and
 * its error is thrown here.
 * @throws {Failure} when the mailbox cannot be opened, or the connection is lost.
 */
export async function readMailbox<Value>(
  access: ReaderAccess,
  work: (mailbox: Mailbox) => Promise<Value>,
): Promise<Value> {
  const { mailbox = "INBOX", readOnly = false, verifies = true } = access;
  const stopwatch = openStopwatch(access);
  const pop3 = openDesk<Pop3Job, Pop3Result, Value>((wish) =>
    stopwatch.whole(() => work(pop3Mailbox(stopwatch.timed(wish))))
  );
  const imap = openDesk<ImapJob, ImapResult, Value>((wish) =>
    stopwatch.whole(() => workOverImap(stopwatch.timed(wish), { mailbox, readOnly }, work))
  );
  const talk = async (verify: boolean) => {
    stopwatch.start();
    const transport = await connectTo(access);
    try {
      access.connected?.(transport);
    } catch (error) {
      transport.close();
      throw error;
    }
    const session = reader({
      login: { ...access.login, work: scramWork(access.world) },
      greeting: null,
      tls: clientTls(access, transport, verify),
      traced: access.trace !== undefined,
      deadlines: { replyMs: access.timeoutMs },
    }, helloNameOf(access, transport));
    const watched = counted(transport, access.received);
    const backends = { pop3: pop3.jobs, imap: imap.jobs };
    const end = await drive(session, watched, backends, driveOptionsOf(access));
    return { transport, end };
  };
  const { transport, end: first } = await talk(verifies);
  const again = first.outcome.result === "tlsFailed" &&
    goesOnUnverified(access, transport, { why: first.outcome.why, hasLogin: true });
  const { spoke, outcome } = again ? (await talk(false)).end : first;
  const desk = spoke === "imap" ? imap : pop3;
  if (outcome.result === "done") {
    stopwatch.end();
    return await desk.result();
  }
  const failure = failureOf(outcome, access);
  desk.abandon(failure);
  throw failure;
}

/** Tells how long the steps took, where somebody wants to know. */
function openStopwatch({ world: { clock }, took = () => {} }: ReaderAccess) {
  let beganMs = 0;
  const lap = (step: ReadStep, sinceMs: number) => took(step, clock.monotonicMs() - sinceMs);
  return {
    start: () => void (beganMs = clock.monotonicMs()),
    async whole<Value>(work: () => Promise<Value>): Promise<Value> {
      lap("login", beganMs);
      const value = await work();
      beganMs = clock.monotonicMs();
      return value;
    },
    timed<Job extends { readonly do: ReadStep }, Result>(wish: Wish<Job, Result>) {
      return async (job: Job): Promise<Result> => {
        const sinceMs = clock.monotonicMs();
        const result = await wish(job);
        lap(job.do, sinceMs);
        return result;
      };
    },
    end: () => lap("quit", beganMs),
  };
}

interface Backends {
  readonly pop3: Pop3Jobs;
  readonly imap: ImapJobs;
}

interface End {
  /** Whose jobs were done. */
  readonly spoke: keyof Backends;
  readonly outcome: ReadOutcome;
}

function* reader(
  options: Omit<Pop3ClientOptions, "active">,
  helloName: string,
): Session<Backends, End> {
  const queue = new ByteQueue();
  const { tls, deadlines } = options;
  let active: TlsInfo | null = null;
  if (tls.when === "first") {
    const info = yield* upgrade<Backends>(queue, tls.request);
    if (!("version" in info)) return { spoke: "pop3", outcome: { result: "tlsFailed", why: info } };
    active = info;
  }
  try {
    yield* deadline(deadlines!.replyMs);
    const who = yield* whoAnswers<Backends>(queue);
    if (who === "other") return { spoke: "pop3", outcome: { result: who } };
    if (who === "imap") {
      const session = imapClient({ ...options, active, queue });
      return { spoke: who, outcome: yield* using(session, ({ imap }: Backends) => imap) };
    }
    if (who === "smtp") {
      const switched = yield* pop3BehindSmtp(queue, active, { options, helloName });
      if (switched.result !== "pop3") return { spoke: "pop3", outcome: switched };
      active = switched.tls;
    }
  } catch (error) {
    return { spoke: "pop3", outcome: outcomeOf(error) };
  }
  const session = pop3Client({ ...options, active, queue });
  return { spoke: "pop3", outcome: yield* using(session, ({ pop3 }: Backends) => pop3) };
}

/** Behind XPOP3 POP3 goes on, beginning with its greeting. */
function* pop3BehindSmtp(
  queue: ByteQueue,
  active: TlsInfo | null,
  { options, helloName }: {
    readonly options: Omit<Pop3ClientOptions, "active">;
    readonly helloName: string;
  },
): Step<Backends, ReadOutcome | { readonly result: "pop3"; readonly tls: TlsInfo | null }> {
  const { tls, traced = false } = options;
  const greeting = yield* readReply<Backends>(queue, traced);
  if (!isPositive(greeting)) return { result: "unwelcome", reply: greeting };
  const timeouts = timeoutsOf(options.deadlines!.replyMs);
  const asked = { helloName, login: null, tls, timeouts, traced };
  const switched = yield* switchToPop3<Backends>(queue, active, asked);
  switch (switched.end) {
    case "smtpOnly":
    case "noTls":
      return { result: switched.end };
    case "tlsFailed":
      return { result: "tlsFailed", why: switched.why };
    case "refused":
      return { result: "unwelcome", reply: switched.reply };
    case "pop3":
      return { result: "pop3", tls: switched.tls };
  }
}

/** @throws what is no end of a conversation */
function outcomeOf(error: unknown): ReadOutcome {
  if (error instanceof Interrupted) return { result: "interrupted", reason: error.reason };
  if (!(error instanceof ReplyError)) throw error;
  if (error.kind === "closed") return { result: "interrupted", reason: "lost" };
  return { result: "protocol", text: error.message };
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
