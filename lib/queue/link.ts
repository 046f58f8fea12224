/**
 * Connections to next servers. A connection that has done its job is kept for a while, so that the
 * question about a recipient and the delivery that follows share one.
 */
import { drive } from "../net/drive.ts";
import { describeError, type Log } from "../log.ts";
import { type Alarm, type Endpoint, NetError, type Transport, type World } from "../net/world.ts";
import {
  type Attempt,
  DEFAULT_CLIENT_TIMEOUTS,
  smtpClient,
  type SmtpClientEnd,
  type SmtpJob,
  type SmtpJobs,
} from "../smtp/client.ts";
import { type Extensions, NO_EXTENSIONS } from "../smtp/ehlo.ts";
import { type Reply, reply } from "../smtp/reply.ts";
import { endpointText } from "../endpoint.ts";
import type { TlsInfo } from "../wire/session.ts";
import { type ClientTls, IN_CLEAR } from "../wire/upgrade.ts";

export interface Links {
  /** Does the job over a kept connection, or a new one. Never rejects. */
  perform(to: Endpoint, job: SmtpJob, options: PerformOptions): Promise<Performed>;
  /** Says QUIT on the kept connections, and cuts off the others. */
  close(): Promise<void>;
}

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
  | { readonly done: false; readonly words: Reply };

export interface LinksOptions {
  readonly world: World;
  /** What we call ourselves. */
  readonly hostname: string;
  readonly log: Log;
}

/** A new connection has to stand within this. */
const CONNECT_TIMEOUT_MS = 30_000;
/** Kept this long without a job: well below the five minutes that servers wait. */
const IDLE_MS = 15_000;
/** A server that does not answer QUIT is left all the same. */
const QUIT_MS = 5_000;
/** Next hops that are remembered to mislead; there is hardly one. */
const MISLEADING_MAX = 1_000;
/** Kept connections for one next hop. */
const IDLE_MAX = 4;

export function createLinks(options: LinksOptions): Links {
  return new LinkPool(options);
}

class LinkPool implements Links {
  readonly #options: LinksOptions;
  readonly #idle = new Map<string, Link[]>();
  readonly #open = new Set<Link>();
  /** Next hops that offer BDAT and do not know it. */
  readonly #withoutChunking = new Set<string>();

  constructor(options: LinksOptions) {
    this.#options = options;
  }

  async perform(to: Endpoint, job: SmtpJob, options: PerformOptions): Promise<Performed> {
    const performed = await this.#performOnce(to, job, options);
    if (!performed.done) return performed;
    const left = performed.attempts.filter(hadNoPlace);
    // RFC 9422: what a server takes no more on one connection, it takes on the next.
    if (left.length === 0 || left.length === performed.attempts.length) return performed;
    const recipients = left.map((each) => each.recipient);
    const rest = await this.perform(to, { ...job, recipients }, options);
    if (!rest.done) return performed;
    const learnt = new Map(left.map((each, at) => [each, rest.attempts[at]!]));
    return { ...performed, attempts: performed.attempts.map((each) => learnt.get(each) ?? each) };
  }

  async #performOnce(to: Endpoint, job: SmtpJob, options: PerformOptions): Promise<Performed> {
    const kept = this.#takeIdle(endpointText(to));
    if (kept !== null) {
      const { performed, begun } = await kept.perform(job, options);
      this.#keep(to, kept);
      // The other side may have left a kept connection long ago, which says nothing about this job.
      if (begun) return performed;
    }
    try {
      const performed = await this.#performOnNew(to, job, options, opportunistic(to));
      if (performed !== "tlsFailed") return performed;
      // RFC 7435 §3: TLS that nobody verifies keeps off listeners. Where it cannot be had, that
      // is no reason to keep the mail.
      const again = await this.#performOnNew(to, job, options, IN_CLEAR);
      return again === "tlsFailed" ? failed(LOST) : again;
    } catch (error) {
      if (error instanceof NetError) return failed(error.message);
      if (options.signal.aborted) return failed(GOING_DOWN);
      throw error;
    }
  }

  async close(): Promise<void> {
    for (const link of this.#open) link.quit();
    await Promise.all([...this.#open].map((link) => link.ended));
  }

  async #performOnNew(
    to: Endpoint,
    job: SmtpJob,
    options: PerformOptions,
    tls: ClientTls,
  ): Promise<Performed | "tlsFailed"> {
    const link = await this.#connect(to, options, tls);
    const { performed } = await link.perform(job, options);
    if (isMisled(performed) && !this.#withoutChunking.has(endpointText(to))) {
      this.#rememberWithoutChunking(endpointText(to));
      return await this.#performOnNew(to, job, options, tls);
    }
    if (link.tlsFailure !== null && !options.signal.aborted) {
      this.#options.log.warn("tls-failed", { via: endpointText(to), reason: link.tlsFailure });
      return "tlsFailed";
    }
    this.#keep(to, link);
    return performed;
  }

  #takeIdle(key: string): Link | null {
    const kept = this.#idle.get(key) ?? [];
    for (let link = kept.pop(); link !== undefined; link = kept.pop()) {
      if (link.isIdle()) return link;
    }
    this.#idle.delete(key);
    return null;
  }

  #keep(to: Endpoint, link: Link): void {
    if (!link.isIdle()) return;
    const key = endpointText(to);
    const kept = this.#idle.get(key) ?? [];
    this.#idle.set(key, kept);
    kept.push(link);
    if (kept.length > IDLE_MAX) kept.shift()!.quit();
  }

  #rememberWithoutChunking(key: string): void {
    if (this.#withoutChunking.size >= MISLEADING_MAX) this.#withoutChunking.clear();
    this.#withoutChunking.add(key);
    this.#options.log.warn("chunking-misleads", { via: key });
  }

  async #connect(to: Endpoint, options: PerformOptions, tls: ClientTls): Promise<Link> {
    const { world, hostname } = this.#options;
    const timeoutMs = Math.min(CONNECT_TIMEOUT_MS, options.timeoutMs);
    const transport = await world.net.connect(to, { timeoutMs, signal: options.signal });
    const withoutChunking = this.#withoutChunking.has(endpointText(to));
    const link = new Link(transport, world, { hostname, tls, withoutChunking });
    this.#open.add(link);
    link.ended.then(() => this.#open.delete(link));
    return link;
  }
}

/** RFC 3207 §6: no certificate is demanded, for most servers have none that could be verified. */
function opportunistic({ host }: Endpoint): ClientTls {
  return {
    when: "offered",
    request: { side: "client", hostname: host, verify: false },
    exposesPassword: false,
  };
}

/** Whether a recipient was left out because of the limits that the server announced. */
function hadNoPlace({ at, result }: Attempt): boolean {
  return at === "hello" && result === "deferred";
}

/** Whether the server offers BDAT and does not know it: only then is such a reply no refusal. */
function isMisled(performed: Performed): boolean {
  return performed.done &&
    performed.attempts.some(({ at, result, reply }) =>
      at === "data" && result === "deferred" && (reply?.code ?? 0) >= 500
    );
}

function failed(words: string): Performed {
  return { done: false, words: reply(450, "4.4.1", words) };
}

const NO_ANSWER = "There was no answer in time";
const GOING_DOWN = "This server is going down";
const LOST = "The connection was lost";

/**
 * How a job went on one connection; not `begun`: the server said nothing to it, or only goodbye.
 */
interface Served {
  readonly performed: Performed;
  readonly begun: boolean;
}

/** One connection: a client session that waits for jobs. */
class Link implements SmtpJobs {
  /** Never rejects. */
  readonly ended: Promise<void>;
  readonly #cut = new AbortController();
  /** For the job, for the wait for one, or for the end. */
  readonly #alarm: Alarm;
  /** Why there is no TLS, where the server offered it. */
  tlsFailure: string | null = null;
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
    { hostname, tls, withoutChunking }: {
      readonly hostname: string;
      readonly tls: ClientTls;
      readonly withoutChunking: boolean;
    },
  ) {
    this.#alarm = world.clock.alarm(() => this.isIdle() ? this.quit() : this.#cutOff(NO_ANSWER));
    const session = smtpClient<SmtpJobs>({
      helloName: hostname,
      login: null,
      tls,
      timeouts: DEFAULT_CLIENT_TIMEOUTS,
      withoutChunking,
    });
    this.ended = drive(session, transport, this, { clock: world.clock, signal: this.#cut.signal })
      .then((end) => {
        if (end.end === "tlsFailed") this.tlsFailure = describeError(end.why.cause ?? end.why);
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
    this.#finish({ performed: failed(aborted ? reason : LOST), begun: aborted });
  }

  #finish(served: Served): void {
    this.#report?.(served);
    this.#report = null;
  }
}

/** What became of a job that was not begun when the conversation ended. */
function performedAt(end: SmtpClientEnd, job: SmtpJob | null): Performed {
  // RFC 7504 §4: 521 from a host that never takes mail, 556 about a domain that takes none. To come
  // again would change nothing, so it is the answer to every recipient.
  const takesNone = end.end === "refused" && end.at !== "login" &&
    (end.reply.code === 521 || end.reply.code === 556);
  if (!takesNone || job === null) return failed(wordsOf(end));
  const { reply } = end;
  const attempts = job.recipients.map((recipient): Attempt => ({
    recipient,
    reply,
    at: "greeting",
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
    case "exposed":
      return "There is no way to log in";
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
