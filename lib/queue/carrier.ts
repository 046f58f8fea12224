/** One connection to a next server: a client session that does the jobs it is given. */
import type { Relay } from "../endpoint.ts";
import { drive } from "../net/drive.ts";
import { describeError } from "../log.ts";
import { scramWork } from "../net/scram_work.ts";
import { type Alarm, NetError, type Transport, type World } from "../net/world.ts";
import {
  type Attempt,
  DEFAULT_CLIENT_TIMEOUTS,
  smtpClient,
  type SmtpClientEnd,
  type SmtpJob,
  type SmtpJobs,
} from "../smtp/client.ts";
import { type Extensions, NO_EXTENSIONS } from "../smtp/ehlo.ts";
import { type Reply, reply, textOf } from "../smtp/reply.ts";
import type { TlsInfo } from "../wire/session.ts";
import type { ClientTls } from "../wire/upgrade.ts";

export interface PerformOptions {
  /** For the whole job, the connection included; then the connection is cut off. */
  readonly timeoutMs: number;
  /** Cuts off the connection as well. */
  readonly signal: AbortSignal;
}

export type Performed =
  | {
    readonly done: true;
    readonly attempts: readonly Attempt[];
    /** What the server called itself; unverified, and empty where it gave no name. */
    readonly serverName: string;
    readonly tls: TlsInfo | null;
    readonly extensions: Extensions;
  }
  /** No transaction came about; `words` is what the server, or the network, said. */
  | {
    readonly done: false;
    readonly words: Reply;
    /**
     * Left out where the next server is to blame for it: then other jobs need not be tried. `job`:
     * it is about this one alone; `both`: who knows.
     */
    readonly concerns?: "job" | "both";
  };

/** Kept this long without a job: well below the five minutes that servers wait. */
const IDLE_MS = 15_000;
/** A server that does not answer QUIT is left all the same. */
const QUIT_MS = 5_000;

/** Where no transaction came about, in our own words. */
export function failed(words: string): Performed & { readonly done: false } {
  return { done: false, words: reply(450, "4.4.1", words) };
}

export const NO_ANSWER = "There was no answer in time";
export const GOING_DOWN = "This server is going down";
export const LOST = "The connection was lost";

/**
 * How a job went on one connection; not `begun`: the server said nothing to it, or only goodbye.
 */
interface Served {
  readonly performed: Performed;
  readonly begun: boolean;
}

/** One connection: a client session that waits for jobs. */
export class Link implements SmtpJobs {
  /** Never rejects. */
  readonly ended: Promise<void>;
  readonly #clock: World["clock"];
  readonly #cut = new AbortController();
  /** For the job, for the wait for one, or for the end. */
  readonly #alarm: Alarm;
  /** Why there is no TLS, where the server offered it. */
  tlsFailure: TlsFailure | null = null;
  /** Why we were not let in, where there is a login. */
  loginFailure: string | null = null;
  #serverName = "";
  #tls: TlsInfo | null = null;
  #extensions = NO_EXTENSIONS;
  /** Given before the session could take it. */
  #job: SmtpJob | null = null;
  #waiting: ((job: SmtpJob | null) => void) | null = null;
  #report: ((served: Served) => void) | null = null;
  #quitting = false;

  constructor(
    transport: Transport,
    world: World,
    { hostname, tls, withoutChunking, relay }: {
      readonly hostname: string;
      readonly tls: ClientTls;
      readonly withoutChunking: boolean;
      /** What is said there, and who logs in. */
      readonly relay: Pick<Relay, "protocol" | "login">;
    },
  ) {
    this.#clock = world.clock;
    this.#alarm = world.clock.alarm(() => this.isIdle() ? this.quit() : this.#cutOff(NO_ANSWER));
    const session = smtpClient<SmtpJobs>({
      helloName: hostname,
      login: relay.login === undefined ? null : { ...relay.login, work: scramWork(world) },
      protocol: relay.protocol ?? "smtp",
      tls,
      timeouts: DEFAULT_CLIENT_TIMEOUTS,
      withoutChunking,
    });
    this.ended = drive(session, transport, this, { clock: world.clock, signal: this.#cut.signal })
      .then((end) => {
        this.tlsFailure = tlsFailureOf(end);
        if (isLoginEnd(end)) this.loginFailure = wordsOf(end);
        return performedAt(end, this.#job);
      }, (error) => failed(describeError(error)))
      .then((performed) => {
        this.#alarm.cancel();
        this.#finish({ performed, begun: false });
      });
  }

  isIdle(): boolean {
    return this.#waiting !== null;
  }

  /** At most one at a time. */
  async perform(job: SmtpJob, options: PerformOptions): Promise<Served> {
    this.#alarm.set(options.timeoutMs);
    const onAbort = () => this.#cutOff(GOING_DOWN);
    options.signal.addEventListener("abort", onAbort);
    try {
      return await new Promise((resolve) => {
        this.#report = resolve;
        if (this.#waiting === null) this.#job = job;
        else this.#waiting(job);
        this.#waiting = null;
        if (options.signal.aborted) onAbort();
      });
    } finally {
      options.signal.removeEventListener("abort", onAbort);
    }
  }

  /** Ends a connection that has no job; one that has is cut off. */
  quit(): void {
    this.#quitting = true;
    if (this.#report !== null) return this.#cutOff(GOING_DOWN);
    this.#alarm.set(QUIT_MS);
    this.#waiting?.(null);
    this.#waiting = null;
  }

  #cutOff(words: string): void {
    this.#cut.abort(words);
    // A session that is still being greeted has no job that it could report.
    if (this.#job !== null) this.#finish({ performed: failed(words), begun: false });
    this.#job = null;
  }

  // What the session asks for

  ready(extensions: Extensions, serverName: string, tls: TlsInfo | null): void {
    this.#extensions = extensions;
    this.#tls = tls;
    this.#serverName = serverName;
  }

  now(): number {
    return this.#clock.now();
  }

  next(): SmtpJob | null | Promise<SmtpJob | null> {
    const job = this.#job;
    this.#job = null;
    if (job !== null || this.#quitting) return job;
    this.#alarm.set(IDLE_MS);
    return new Promise((resolve) => this.#waiting = resolve);
  }

  done(_: SmtpJob, attempts: readonly Attempt[]): void {
    const done: Performed = {
      done: true,
      attempts,
      serverName: this.#serverName,
      extensions: this.#extensions,
      tls: this.#tls,
    };
    if (!attempts.every((each) => each.reply === null && each.result === "deferred")) {
      // RFC 5321 §3.8: the server may close at any time, and says so at the next command.
      const goodbye = attempts.every((each) => each.at === "mail" && each.reply?.code === 421);
      const noPlace = attempts.every(hadNoPlace);
      return this.#finish({ performed: done, begun: !goodbye && !noPlace });
    }
    const { aborted, reason } = this.#cut.signal;
    const performed = failed(aborted ? reason : LOST);
    // A server may go down whenever it sees a certain message.
    this.#finish({ performed: { ...performed, concerns: "both" }, begun: aborted });
  }

  #finish(served: Served): void {
    this.#report?.(served);
    this.#report = null;
  }
}

/** Why there is no TLS, where there should be. */
export interface TlsFailure {
  readonly words: string;
  /** Whether the connection broke, or was silent. */
  readonly isLost: boolean;
}

function tlsFailureOf(end: SmtpClientEnd): TlsFailure | null {
  if (end.end === "noTls") return { words: "it is not offered", isLost: false };
  if (end.end === "refused" && end.at === "starttls") {
    return { words: textOf(end.reply), isLost: end.reply.code < 500 };
  }
  if (end.end !== "tlsFailed") return null;
  const { cause } = end.why;
  const isLost = !(cause instanceof NetError) || cause.kind === "lost";
  return { words: describeError(cause ?? end.why), isLost };
}

/** Whether a recipient was left out because of the limits that the server announced. */
export function hadNoPlace({ at, result }: Attempt): boolean {
  return at === "hello" && result === "deferred";
}

/** What became of a job that was not begun when the conversation ended. */
function performedAt(end: SmtpClientEnd, job: SmtpJob | null): Performed {
  // RFC 7504 §4: 521 from a host that never takes mail, 556 about a domain that takes none. To come
  // again would change nothing, so it is the answer to every recipient.
  const takesNone = end.end === "refused" && end.at !== "login" &&
    (end.reply.code === 521 || end.reply.code === 556);
  if (isLoginEnd(end)) return notLetIn(wordsOf(end));
  if (!takesNone || job === null) return failed(wordsOf(end));
  return refusedAt("greeting", end.reply, job);
}

function isLoginEnd(end: SmtpClientEnd): boolean {
  return end.end === "noLogin" || end.end === "exposed" || end.end === "faultyLogin" ||
    (end.end === "refused" && end.at === "login");
}

/** Mail waits until its operator has mended the login: that is no fault of the mail. */
export function notLetIn(words: string): Performed {
  return { done: false, words: reply(450, "4.7.0", words) };
}

/** A job that nobody began, with the same answer to every recipient. */
export function refusedAt(at: Attempt["at"], reply: Reply, job: SmtpJob): Performed {
  const attempts = job.recipients.map((recipient): Attempt => ({
    recipient,
    reply,
    at,
    result: "refused",
  }));
  return { done: true, attempts, serverName: "", extensions: NO_EXTENSIONS, tls: null };
}

/** Why no transaction came about, in words that the sender may have to read. */
function wordsOf(end: SmtpClientEnd): string {
  switch (end.end) {
    case "refused":
      return `${end.at} was answered with ${end.reply.code} ${end.reply.lines[0]}`;
    case "noLogin":
      return "No login that is offered works here";
    case "exposed":
      return "There is no verified TLS, without which the password is not said";
    case "noTls":
    case "tlsFailed":
      return "There is no way to encrypt";
    case "faultyLogin":
      return `The login was given up: ${end.fault.text}`;
    case "protocol":
      return `It does not speak SMTP: ${end.detail}`;
    case "lost":
    case "done":
    case "noChunking":
    case "stopped":
      return end.end === "lost" && end.reason === "deadline" ? NO_ANSWER : LOST;
  }
}
