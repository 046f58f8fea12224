/**
 * Connections to next servers. A connection that has done its job is kept for a while, so that the
 * question about a recipient and the delivery that follows share one.
 */
import type { Log } from "../log.ts";
import { NetError, type World } from "../net/world.ts";
import type { SmtpJob } from "../smtp/client.ts";
import { reply } from "../smtp/reply.ts";
import {
  failed,
  GOING_DOWN,
  hadNoPlace,
  Link,
  notLetIn,
  type Performed,
  type PerformOptions,
  refusedAt,
} from "./carrier.ts";
import { endpointText, type Relay } from "../endpoint.ts";
import type { ClientTls } from "../wire/upgrade.ts";
import { isVerified, waysTo } from "./link_tls.ts";

export type { Performed, PerformOptions };

export interface Links {
  /** Does the job over a kept connection, or a new one. Never rejects. */
  perform(to: Relay, job: SmtpJob, options: PerformOptions): Promise<Performed>;
  /** Says QUIT on the kept connections, and cuts off the others. */
  close(): Promise<void>;
}

export interface LinksOptions {
  readonly world: World;
  /** What we call ourselves. */
  readonly hostname: string;
  readonly log: Log;
  /** PEM certificates that are trusted beside the well-known authorities, where TLS is required. */
  readonly authorities?: readonly string[];
}

/** A new connection has to stand within this. */
const CONNECT_TIMEOUT_MS = 30_000;
/** Next hops that are remembered to mislead; there is hardly one. */
const MISLEADING_MAX = 1_000;
/** Kept connections for one next hop, and as many that were verified. */
const IDLE_MAX = 4;
/**
 * So long nobody logs in where the login was refused: a wrong password must not be tried for every
 * message, or the account there may be locked.
 */
const LOGIN_PAUSE_MS = 5 * 60_000;

export function createLinks(options: LinksOptions): Links {
  const pool = new LinkPool(options);
  return {
    perform: (to, job, performing) => pool.perform(to, job, performing),
    close: () => pool.close(),
  };
}

class LinkPool implements Links {
  readonly #options: LinksOptions;
  readonly #idle = new Map<string, Link[]>();
  readonly #open = new Set<Link>();
  /** Next hops that offer BDAT and do not know it. */
  readonly #withoutChunking = new Set<string>();
  /** Relays that refused our login; no more of them than were configured. */
  readonly #notLetIn = new Map<string, { readonly untilMs: number; readonly words: string }>();

  constructor(options: LinksOptions) {
    this.#options = options;
  }

  async perform(to: Relay, job: SmtpJob, options: PerformOptions): Promise<Performed> {
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

  async #performOnce(to: Relay, job: SmtpJob, options: PerformOptions): Promise<Performed> {
    const { world, authorities = [] } = this.#options;
    const refused = this.#notLetIn.get(keyOf(to));
    if (refused !== undefined && world.clock.monotonicMs() < refused.untilMs) {
      return notLetIn(refused.words);
    }
    const ways = waysTo(to, job.envelope, authorities);
    for (const tls of ways.tls) {
      const performed = await this.#performOver(to, job, options, tls);
      if (performed !== "tlsFailed") return performed;
    }
    return ways.otherwise === "refuse"
      ? refusedAt("hello", NEEDS_TLS, job)
      : { done: false, words: LATER };
  }

  /** Over a connection with this TLS: a kept one, if there is any. */
  async #performOver(
    to: Relay,
    job: SmtpJob,
    options: PerformOptions,
    tls: ClientTls,
  ): Promise<Performed | "tlsFailed"> {
    const key = keyOf(to, tls);
    const kept = this.#takeIdle(key);
    if (kept !== null) {
      const { performed, begun } = await kept.perform(job, options);
      this.#keep(key, kept);
      // The other side may have left a kept connection long ago, which says nothing about this job.
      if (begun) return performed;
    }
    try {
      return await this.#performOnNew(to, job, options, tls);
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
    to: Relay,
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
    if (link.loginFailure !== null) this.#rememberNotLetIn(to, link.loginFailure);
    const failure = link.tlsFailure;
    // Where TLS is a must, a connection that broke says nothing about it, and is tried again.
    const counts = failure !== null && !(isVerified(tls) && failure.isLost);
    if (counts && !options.signal.aborted) {
      this.#options.log.warn("tls-failed", { via: endpointText(to), reason: failure.words });
      return "tlsFailed";
    }
    this.#keep(keyOf(to, tls), link);
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

  #keep(key: string, link: Link): void {
    if (!link.isIdle()) return;
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

  #rememberNotLetIn(to: Relay, words: string): void {
    const untilMs = this.#options.world.clock.monotonicMs() + LOGIN_PAUSE_MS;
    this.#notLetIn.set(keyOf(to), { untilMs, words });
    const user = to.login?.user ?? null;
    this.#options.log.error("login-failed", { via: endpointText(to), user, reason: words });
  }

  async #connect(to: Relay, options: PerformOptions, tls: ClientTls): Promise<Link> {
    const { world, hostname } = this.#options;
    const timeoutMs = Math.min(CONNECT_TIMEOUT_MS, options.timeoutMs);
    const transport = await world.net.connect(to, { timeoutMs, signal: options.signal });
    const withoutChunking = this.#withoutChunking.has(endpointText(to));
    const link = new Link(transport, world, { hostname, tls, withoutChunking, relay: to });
    this.#open.add(link);
    link.ended.then(() => this.#open.delete(link));
    return link;
  }
}

/**
 * What a connection is kept under: whoever logs in elsewhere, speaks another protocol or needs one
 * that was verified gets another.
 */
function keyOf(to: Relay, tls: ClientTls | null = null): string {
  const { protocol = "smtp", login } = to;
  const verified = tls !== null && isVerified(tls) ? "verified" : "";
  return JSON.stringify([protocol, endpointText(to), login?.user ?? "", verified]);
}

/** Whether the server offers BDAT and does not know it: only then is such a reply no refusal. */
function isMisled(performed: Performed): boolean {
  return performed.done &&
    performed.attempts.some(({ at, result, reply }) =>
      at === "data" && result === "deferred" && (reply?.code ?? 0) >= 500
    );
}

/** RFC 8689 §4.2.1: for when there is no TLS with a server that can be verified. */
const NEEDS_TLS = reply(550, "5.7.10", "There is no verified TLS with the next server");
/** For when it is our own rule that wants it: what is amiss there may be mended. */
const LATER = reply(450, "4.7.5", "There is no verified TLS with the next server");
