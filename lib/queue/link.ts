/**
 * Connections to next servers. A connection that has done its job is kept for a while, so that the
 * question about a recipient and the delivery that follows share one.
 */
import { drive } from "../net/drive.ts";
import { describeError } from "../log.ts";
import {
  type Alarm,
  type Clock,
  type Endpoint,
  NetError,
  type Transport,
  type World,
} from "../net/world.ts";
import {
  type Attempt,
  DEFAULT_CLIENT_TIMEOUTS,
  smtpClient,
  type SmtpClientEnd,
  type SmtpJob,
  type SmtpJobs,
} from "../smtp/client.ts";
import { type Reply, reply } from "../smtp/reply.ts";
import { endpointText } from "./route.ts";

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
  | { readonly done: true; readonly attempts: readonly Attempt[] }
  /** No transaction came about; `words` is what the server, or the network, said. */
  | { readonly done: false; readonly words: Reply };

export interface LinksOptions {
  readonly world: World;
  /** What we call ourselves. */
  readonly hostname: string;
}

/** A new connection has to stand within this. */
const CONNECT_TIMEOUT_MS = 30_000;
/** Kept this long without a job: well below the five minutes that servers wait. */
const IDLE_MS = 15_000;
/** Kept connections for one next hop. */
const IDLE_MAX = 4;

export function createLinks(options: LinksOptions): Links {
  return new LinkPool(options);
}

class LinkPool implements Links {
  readonly #options: LinksOptions;
  readonly #idle = new Map<string, Link[]>();
  readonly #open = new Set<Link>();

  constructor(options: LinksOptions) {
    this.#options = options;
  }

  async perform(to: Endpoint, job: SmtpJob, options: PerformOptions): Promise<Performed> {
    const kept = this.#takeIdle(endpointText(to));
    if (kept !== null) {
      const performed = await kept.perform(job, options);
      // The other side may have closed a kept connection long ago; then nothing was said on it.
      if (performed !== "stale") {
        this.#keep(to, kept);
        return performed;
      }
    }
    try {
      const link = await this.#connect(to, options);
      const performed = await link.perform(job, options);
      this.#keep(to, link);
      return performed === "stale" ? failed("The connection was lost at once") : performed;
    } catch (error) {
      if (error instanceof NetError) return failed(error.message);
      if (options.signal.aborted) return failed("This server is going down");
      throw error;
    }
  }

  async close(): Promise<void> {
    for (const link of this.#open) link.quit();
    await Promise.all([...this.#open].map((link) => link.ended));
  }

  #takeIdle(key: string): Link | null {
    const kept = this.#idle.get(key) ?? [];
    for (let link = kept.pop(); link !== undefined; link = kept.pop()) {
      if (link.isOpen()) return link;
    }
    this.#idle.delete(key);
    return null;
  }

  #keep(to: Endpoint, link: Link): void {
    if (!link.isOpen()) return;
    const key = endpointText(to);
    const kept = this.#idle.get(key) ?? [];
    this.#idle.set(key, kept);
    kept.push(link);
    if (kept.length > IDLE_MAX) kept.shift()!.quit();
  }

  async #connect(to: Endpoint, options: PerformOptions): Promise<Link> {
    const { world, hostname } = this.#options;
    const timeoutMs = Math.min(CONNECT_TIMEOUT_MS, options.timeoutMs);
    const transport = await world.net.connect(to, { timeoutMs, signal: options.signal });
    const link = new Link(transport, world, hostname);
    this.#open.add(link);
    link.ended.then(() => this.#open.delete(link));
    return link;
  }
}

function failed(words: string): Performed {
  return { done: false, words: reply(450, "4.4.1", words) };
}

/** One connection: a client session that waits for jobs. */
class Link implements SmtpJobs {
  /** Never rejects. */
  readonly ended: Promise<void>;
  readonly #clock: Clock;
  readonly #cut = new AbortController();
  readonly #idle: Alarm;
  #job: SmtpJob | null = null;
  #waiting: ((job: SmtpJob | null) => void) | null = null;
  #report: ((performed: Performed | "stale") => void) | null = null;
  #state: "open" | "quitting" | "ended" = "open";

  constructor(transport: Transport, world: World, hostname: string) {
    this.#clock = world.clock;
    this.#idle = world.clock.alarm(() => this.quit());
    const session = smtpClient<SmtpJobs>({
      helloName: hostname,
      login: null,
      timeouts: DEFAULT_CLIENT_TIMEOUTS,
    });
    this.ended = drive(session, transport, this, { clock: world.clock, signal: this.#cut.signal })
      .then(wordsOf, describeError)
      .then((words) => {
        this.#state = "ended";
        this.#idle.cancel();
        // A job that came too late for this connection was not begun.
        this.#finish(this.#job === null ? failed(words) : "stale");
      });
  }

  isOpen(): boolean {
    return this.#state === "open";
  }

  /** `stale`: the connection was gone before the server had said a word to this job. */
  async perform(job: SmtpJob, options: PerformOptions): Promise<Performed | "stale"> {
    if (this.#state === "ended") return "stale";
    this.#idle.cancel();
    const cut = () => this.#cut.abort();
    const alarm = this.#clock.alarm(cut);
    alarm.set(options.timeoutMs);
    options.signal.addEventListener("abort", cut);
    if (options.signal.aborted) cut();
    try {
      return await new Promise((resolve) => {
        this.#report = resolve;
        if (this.#waiting === null) this.#job = job;
        else this.#waiting(job);
        this.#waiting = null;
      });
    } finally {
      alarm.cancel();
      options.signal.removeEventListener("abort", cut);
    }
  }

  /** Ends a connection that has no job; one that has is cut off. */
  quit(): void {
    if (this.#state === "open") this.#state = "quitting";
    if (this.#report !== null) this.#cut.abort();
    this.#waiting?.(null);
    this.#waiting = null;
  }

  // What the session asks for

  next(): SmtpJob | null | Promise<SmtpJob | null> {
    const job = this.#job;
    this.#job = null;
    if (job !== null || this.#state !== "open") return job;
    this.#idle.set(IDLE_MS);
    return new Promise((resolve) => this.#waiting = resolve);
  }

  done(_: SmtpJob, attempts: readonly Attempt[]): void {
    const silent = attempts.every((each) => each.reply === null && each.result === "deferred");
    if (!silent) this.#finish({ done: true, attempts });
    else this.#finish(this.#cut.signal.aborted ? failed("There was no answer in time") : "stale");
  }

  #finish(performed: Performed | "stale"): void {
    this.#report?.(performed);
    this.#report = null;
  }
}

/** Why no transaction came about, in words that the sender may have to read. */
function wordsOf(end: SmtpClientEnd): string {
  switch (end.end) {
    case "refused":
      return `${end.at} was answered with ${end.reply.code} ${end.reply.lines[0]}`;
    case "noLogin":
      return "There is no way to log in";
    case "protocol":
      return `It does not speak SMTP: ${end.detail}`;
    case "lost":
    case "done":
      return end.end === "lost" && end.reason === "deadline"
        ? "There was no answer in time"
        : "The connection was lost";
  }
}
