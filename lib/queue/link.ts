/**
 * Connections to next servers. A connection that has done its job is kept for a while, so that the
 * question about a recipient and the delivery that follows share one.
 */
import type { Log } from "../log.ts";
import { type Endpoint, NetError, type World } from "../net/world.ts";
import type { SmtpJob } from "../smtp/client.ts";
import { reply } from "../smtp/reply.ts";
import {
  failed,
  GOING_DOWN,
  hadNoPlace,
  Link,
  LOST,
  type Performed,
  type PerformOptions,
  refusedAt,
} from "./carrier.ts";
import { endpointText } from "../endpoint.ts";
import { type ClientTls, IN_CLEAR } from "../wire/upgrade.ts";

export type { Performed, PerformOptions };

export interface Links {
  /** Does the job over a kept connection, or a new one. Never rejects. */
  perform(to: Endpoint, job: SmtpJob, options: PerformOptions): Promise<Performed>;
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
    const { envelope } = job;
    if (envelope.tls === "required") {
      // RFC 8689 §4.2.1: over TLS with a server whose certificate was verified, or not at all.
      const secured = await this.#performOver(to, job, options, this.#verified(to));
      if (secured !== "tlsFailed") return secured;
      // RFC 8689 §5: a report goes without, rather than not at all.
      if (envelope.sender !== null) return refusedAt("hello", NEEDS_TLS, job);
    }
    const performed = await this.#performOver(to, job, options, opportunistic(to));
    if (performed !== "tlsFailed") return performed;
    // RFC 7435 §3: TLS that nobody verifies keeps off listeners. Where it cannot be had, that is no
    // reason to keep the mail.
    const again = await this.#performOver(to, job, options, IN_CLEAR);
    return again === "tlsFailed" ? failed(LOST) : again;
  }

  /** Over a connection with this TLS: a kept one, if there is any. */
  async #performOver(
    to: Endpoint,
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

  #verified({ host }: Endpoint): ClientTls {
    const authorities = this.#options.authorities ?? [];
    return {
      when: "required",
      request: { side: "client", hostname: host, verify: true, authorities },
      exposesPassword: false,
    };
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
    const failure = link.tlsFailure;
    // Where TLS is a must, a connection that broke says nothing about it, and is tried again.
    const counts = failure !== null && !(tls.when === "required" && failure.isLost);
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

/** What a kept connection is kept under: one that was not verified is not for who needs that. */
function keyOf(to: Endpoint, { when }: ClientTls): string {
  return when === "required" ? `${endpointText(to)}, verified` : endpointText(to);
}

/** RFC 3207 §6: no certificate is demanded, for most servers have none that could be verified. */
function opportunistic({ host }: Endpoint): ClientTls {
  return {
    when: "offered",
    request: { side: "client", hostname: host, verify: false },
    exposesPassword: false,
  };
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
