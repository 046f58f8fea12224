/**
 * Connections to next servers. A connection that has done its job is kept for a while, so that the
 * question about a recipient and the delivery that follows share one.
 */
import type { Log } from "../log.ts";
import { NetError, type World } from "../net/world.ts";
import type { SmtpJob } from "../smtp/client.ts";
import { type Reply, textOf } from "../smtp/reply.ts";
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
import type { ClientTls } from "../wire/upgrade.ts";
import { createDetours, type Detours } from "./detour.ts";
import { isVerified, waysTo } from "./link_tls.ts";
import { type Place, placesOf } from "./place.ts";
import type { Target } from "./target.ts";

export type { Performed, PerformOptions };

/** What became of a job, and the place that has the last word about it. */
export type PerformedVia = Performed & {
  /** The server's name, as far as it is known without asking it. */
  readonly host: string;
  /** `mx.xyz.com[192.0.2.1]:25`, or the endpoint that a person has named. */
  readonly via: string;
};

export interface Links {
  /**
   * Does the job over a kept connection, or a new one, at the first place of the target where it
   * can be done. Never rejects.
   */
  perform(target: Target, job: SmtpJob, options: PerformOptions): Promise<PerformedVia>;
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
/** Kept connections in all: a list goes to many servers, and few of them get more at once. */
const IDLE_ALL_MAX = 200;
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
  readonly #detours: Detours;

  constructor(options: LinksOptions) {
    this.#options = options;
    this.#detours = createDetours(options.world.clock);
  }

  async perform(target: Target, job: SmtpJob, options: PerformOptions): Promise<PerformedVia> {
    const performed = await this.#performSomewhere(target, job, options);
    if (!performed.done) return performed;
    const left = performed.attempts.filter(hadNoPlace);
    // RFC 9422: what a server takes no more on one connection, it takes on the next.
    if (left.length === 0 || left.length === performed.attempts.length) return performed;
    const recipients = left.map((each) => each.recipient);
    const rest = await this.perform(target, { ...job, recipients }, options);
    if (!rest.done) return performed;
    const learnt = new Map(left.map((each, at) => [each, rest.attempts[at]!]));
    return { ...performed, attempts: performed.attempts.map((each) => learnt.get(each) ?? each) };
  }

  /** RFC 5321 §5.1: each place in its turn, until one of them has something to say to the job. */
  async #performSomewhere(
    target: Target,
    job: SmtpJob,
    options: PerformOptions,
  ): Promise<PerformedVia> {
    const { world: { clock }, log } = this.#options;
    const endMs = clock.monotonicMs() + options.timeoutMs;
    const places = this.#detours.sort(placesOf(target), (place) => this.#isKept(place));
    let last: PerformedVia | null = null;
    for (const [tried, place] of places.entries()) {
      const timeoutMs = endMs - clock.monotonicMs();
      if (last !== null && (timeoutMs <= 0 || options.signal.aborted)) break;
      const connectMs = Math.min(CONNECT_TIMEOUT_MS, timeoutMs / (places.length - tried));
      const performed = await this.#performOnce(place, job, { ...options, timeoutMs, connectMs });
      const here = { ...performed, host: place.relay.host, via: place.text };
      if (!isForTheNext(performed)) return here;
      if (tried < places.length - 1) {
        log.info("passed-over", { via: place.text, reply: textOf(firstWords(performed)) });
      }
      // What may change counts more than what does not: the message waits for it.
      if (last === null || isPassing(performed) || !isPassing(last)) last = here;
    }
    if (last === null) throw new Error("a target has no place");
    return last;
  }

  async #performOnce(to: Place, job: SmtpJob, options: PlaceOptions): Promise<Performed> {
    const { world, log, authorities = [] } = this.#options;
    const refused = this.#notLetIn.get(keyOf(to));
    if (refused !== undefined && world.clock.monotonicMs() < refused.untilMs) {
      return notLetIn(refused.words);
    }
    const ways = waysTo(to, job.envelope, authorities);
    if (to.policy?.names === false) {
      log.warn("sts-unnamed", { via: to.text, mode: to.policy.mode });
    }
    for (const tls of ways.tls) {
      const performed = await this.#performOver(to, job, options, tls);
      if (performed !== "tlsFailed") return performed;
    }
    const { do: what, reply: words } = ways.otherwise;
    if (what === "refuse") return refusedAt("hello", words, job);
    // Other mail may go there without TLS.
    const isItsOwn = job.envelope.tls === "required";
    return { done: false, words, ...(isItsOwn ? { concerns: "job" } : {}) };
  }

  /** Over a connection with this TLS: a kept one, if there is any. */
  async #performOver(
    to: Place,
    job: SmtpJob,
    options: PlaceOptions,
    tls: ClientTls,
  ): Promise<Performed | "tlsFailed"> {
    const key = keyOf(to, isVerified(tls));
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
    to: Place,
    job: SmtpJob,
    options: PlaceOptions,
    tls: ClientTls,
  ): Promise<Performed | "tlsFailed"> {
    const link = await this.#connect(to, options, tls);
    const { performed } = await link.perform(job, options);
    if (isMisled(performed) && !this.#withoutChunking.has(to.text)) {
      this.#rememberWithoutChunking(to.text);
      return await this.#performOnNew(to, job, options, tls);
    }
    if (link.loginFailure !== null) this.#rememberNotLetIn(to, link.loginFailure);
    const failure = link.tlsFailure;
    // Where TLS is a must, a connection that broke says nothing about it, and is tried again.
    const counts = failure !== null && !(isVerified(tls) && failure.isLost);
    if (counts && !options.signal.aborted) {
      this.#options.log.warn("tls-failed", { via: to.text, reason: failure.words });
      return "tlsFailed";
    }
    this.#keep(keyOf(to, isVerified(tls)), link);
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

  #isKept(place: Place): boolean {
    const links = [true, false].flatMap((verified) => this.#idle.get(keyOf(place, verified)) ?? []);
    return links.some((link) => link.isIdle());
  }

  #keep(key: string, link: Link): void {
    if (!link.isIdle()) return;
    const kept = this.#idle.get(key) ?? [];
    // Those that were not used for longest stay in front.
    this.#idle.delete(key);
    this.#idle.set(key, kept);
    kept.push(link);
    if (kept.length > IDLE_MAX) kept.shift()!.quit();
    const all = [...this.#idle.values()].flat();
    if (all.length > IDLE_ALL_MAX) all[0]!.quit();
  }

  /** What was kept and has ended; the hosts that strangers name would add up. */
  #forget(key: string, link: Link): void {
    const kept = this.#idle.get(key)?.filter((each) => each !== link) ?? [];
    if (kept.length > 0) this.#idle.set(key, kept);
    else this.#idle.delete(key);
  }

  #rememberWithoutChunking(key: string): void {
    if (this.#withoutChunking.size >= MISLEADING_MAX) this.#withoutChunking.clear();
    this.#withoutChunking.add(key);
    this.#options.log.warn("chunking-misleads", { via: key });
  }

  #rememberNotLetIn(to: Place, words: string): void {
    const untilMs = this.#options.world.clock.monotonicMs() + LOGIN_PAUSE_MS;
    this.#notLetIn.set(keyOf(to), { untilMs, words });
    const user = to.relay.login?.user ?? null;
    this.#options.log.error("login-failed", { via: to.text, user, reason: words });
  }

  async #connect(to: Place, options: PlaceOptions, tls: ClientTls): Promise<Link> {
    const { world, hostname } = this.#options;
    const { connectMs: timeoutMs, signal } = options;
    const transport = await this.#detours.watch(
      to,
      world.net.connect(to.at, { timeoutMs, signal }),
    );
    const withoutChunking = this.#withoutChunking.has(to.text);
    const link = new Link(transport, world, { hostname, tls, withoutChunking, relay: to.relay });
    this.#open.add(link);
    link.ended.then(() => {
      this.#open.delete(link);
      this.#forget(keyOf(to, isVerified(tls)), link);
    });
    return link;
  }
}

interface PlaceOptions extends PerformOptions {
  /** For the connection alone. */
  readonly connectMs: number;
}

/**
 * Whether the job is for the next place: nothing came of it here (no connection, a greeting or
 * hello that turns us away, 421 before any recipient), or what it requires is not to be had here
 * (RFC 8689 §4.2.1). Once a recipient was answered, another server would only be asked twice.
 */
function isForTheNext(performed: Performed): boolean {
  return !performed.done ||
    performed.attempts.every(({ at, reply }) =>
      at === "greeting" || (at === "mail" && reply?.code === 421) ||
      (at === "hello" && LACKS_TLS.includes(reply?.status ?? ""))
    );
}

/** RFC 8689 §4.2.1: what it says where there is no TLS, and where there is no REQUIRETLS. */
const LACKS_TLS: readonly string[] = ["5.7.10", "5.7.30"];

/** Where it is for the next place, they are the same for all. */
function firstWords(performed: Performed): Reply {
  return performed.done ? performed.attempts[0]!.reply! : performed.words;
}

/** Whether it may go better the next time. */
function isPassing(performed: Performed): boolean {
  return !performed.done || performed.attempts.every(({ result }) => result === "deferred");
}

/**
 * What a connection is kept under: whoever logs in elsewhere, speaks another protocol or needs one
 * that was verified gets another.
 */
function keyOf({ relay, text }: Place, verified = false): string {
  const { protocol = "smtp", login } = relay;
  return JSON.stringify([protocol, text, login?.user ?? "", verified ? "verified" : ""]);
}

/** Whether the server offers BDAT and does not know it: only then is such a reply no refusal. */
function isMisled(performed: Performed): boolean {
  return performed.done &&
    performed.attempts.some(({ at, result, reply }) =>
      at === "data" && result === "deferred" && (reply?.code ?? 0) >= 500
    );
}
