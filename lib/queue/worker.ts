/**
 * Takes what is due, hop by hop, has it delivered, and settles the outcomes: reports to senders are
 * accepted in the same transaction that ends the recipients they are about.
 */
import { bytesOf } from "../mail/body.ts";
import { formatAddress } from "../mail/address.ts";
import { describeError, type Log } from "../log.ts";
import type { World } from "../net/world.ts";
import { type Reply, reply, textOf } from "../smtp/reply.ts";
import type { Accepted, HopId, Store, Taken, Verdict } from "../store/store.ts";
import type { Links } from "./link.ts";
import { createFailures } from "./failures.ts";
import { actionToReport, expired, verdictOf } from "./outcome.ts";
import { endpointText } from "../endpoint.ts";
import { NO_MAIL, routeOf, type Routes } from "./route.ts";
import { isExpired, PROBE_AFTER_MS, waitMs } from "./schedule.ts";

export interface WorkerOptions {
  readonly world: World;
  readonly store: Store;
  readonly links: Links;
  readonly routes: Routes;
  readonly log: Log;
  /** The report about recipients of one message; `null` where there must be none. */
  readonly report: (outcomes: readonly Reportable[]) => Accepted | null;
}

/** A recipient that the sender may have to be told about, with the words that say what became. */
export interface Reportable {
  readonly taken: Taken;
  readonly action: "failed" | "relayed";
  readonly reply: Reply;
  /** Who said it; `null` when it was this server. */
  readonly remote: string | null;
  /** The original content. */
  readonly content: Uint8Array;
}

export interface Worker {
  /**
   * Takes nothing new; resolves when what is under way is settled, or was cut off and given back.
   */
  stop(): Promise<void>;
}

/** Deliveries under way, in all and for one hop: a slow hop must leave room for the others. */
const TASKS_MAX = 50;
const TASKS_PER_HOP_MAX = 4;
/** Recipients that one task takes at once. */
const BATCH_MAX = 50;
/**
 * One delivery, whatever the other side does; ten minutes are RFC 5321's for the final reply alone.
 */
const DELIVERY_TIMEOUT_MS = 20 * 60_000;
/**
 * While hops are blocked by nothing but our own limits, or the store fails, look again after this.
 */
const LOOK_AGAIN_MS = 1_000;
/** Deliveries under way may take this long to end when the server stops. */
const STOP_GRACE_MS = 5_000;

export function startWorker(options: WorkerOptions): Worker {
  const worker = new QueueWorker(options);
  const running = worker.run();
  return { stop: () => worker.stop(running) };
}

class QueueWorker {
  readonly #options: WorkerOptions;
  readonly #tasks = new Map<Promise<void>, HopId>();
  readonly #failures = createFailures();
  /** Cuts off deliveries that do not end in time when the server stops. */
  readonly #cut = new AbortController();
  #stopping = false;
  #wake = () => {};

  constructor(options: WorkerOptions) {
    this.#options = options;
  }

  async run(): Promise<void> {
    const { world, store, log } = this.#options;
    while (!this.#stopping) {
      // Read before the work is looked at: what comes after is seen as a change.
      const version = store.queue.version();
      let pauseMs = LOOK_AGAIN_MS;
      try {
        const now = world.clock.now();
        for (const { hop } of await store.queue.ready(now, TASKS_MAX)) this.#startTask(hop);
        const dueAt = await store.queue.nextDueAt();
        if (dueAt === null) pauseMs = Infinity;
        // What is due and not taken waits for a task to end; that wakes us too.
        else if (dueAt > now) pauseMs = dueAt - now;
      } catch (error) {
        log.error("queue-failed", { reason: describeError(error) });
      }
      await this.#sleep(version, pauseMs);
    }
  }

  async stop(running: Promise<void>): Promise<void> {
    this.#stopping = true;
    this.#wake();
    await running;
    const alarm = this.#options.world.clock.alarm(() => this.#cut.abort());
    alarm.set(STOP_GRACE_MS);
    await Promise.all(this.#tasks.keys());
    alarm.cancel();
  }

  /** Until there may be something to do: work came, time passed, a task ended, or we stop. */
  async #sleep(version: number, pauseMs: number): Promise<void> {
    const { world, store } = this.#options;
    const woken = new AbortController();
    this.#wake = () => woken.abort();
    if (this.#stopping) return;
    const slept = new Promise<void>((resolve) => {
      woken.signal.addEventListener("abort", () => resolve());
    });
    store.queue.changed(version, woken.signal).then(this.#wake, () => {});
    if (pauseMs !== Infinity) world.clock.sleep(pauseMs, woken.signal).then(this.#wake, () => {});
    await slept;
  }

  #startTask(hop: HopId): void {
    const ofHop = [...this.#tasks.values()].filter((each) => each === hop).length;
    // A hop that is down costs one probe at a time.
    const ofHopMax = this.#failures.of(hop) > 0 ? 1 : TASKS_PER_HOP_MAX;
    if (this.#tasks.size >= TASKS_MAX || ofHop >= ofHopMax) return;
    const task = this.#deliverDue(hop).catch(async (error) => {
      const { log, world } = this.#options;
      log.error("delivery-failed", { hop, reason: describeError(error) });
      // Its place is kept for a moment: what fails at once would be tried again at once.
      await world.clock.sleep(LOOK_AGAIN_MS, this.#cut.signal).catch(() => {});
    }).finally(() => {
      this.#tasks.delete(task);
      this.#wake();
    });
    this.#tasks.set(task, hop);
  }

  async #deliverDue(hop: HopId): Promise<void> {
    const { queue } = this.#options.store;
    const failures = this.#failures.of(hop);
    const batch = await queue.take(hop, this.#options.world.clock.now(), BATCH_MAX);
    let left = batch;
    try {
      for (const group of byMessage(batch)) {
        if (this.#stopping) return;
        const unreachable = await this.#deliver(hop, group);
        // A delivery that was cut off because we stop says nothing about the hop.
        if (unreachable !== null && this.#cut.signal.aborted) return;
        if (unreachable !== null) return await this.#putOff(hop, left, unreachable, failures + 1);
        left = left.filter((each) => !group.includes(each));
      }
    } finally {
      queue.release(left.map((each) => each.token));
    }
  }

  /**
   * To recipients of one message; gives why the hop cannot be reached, so that the rest waits too.
   */
  async #deliver(hop: HopId, group: readonly Taken[]): Promise<Reply | null> {
    const { world, links, routes } = this.#options;
    const route = routeOf(hop, routes);
    if (route.kind === "noMail") {
      const verdict = { do: "finish", outcome: "failed", reply: NO_MAIL } as const;
      await this.#giveUp(group, verdict);
      return null;
    }
    if (route.kind !== "relay") return reply(450, "4.4.4", `There is no route to ${hop}`);
    const startedMs = world.clock.monotonicMs();
    const performed = await links.perform(route.to, {
      do: "send",
      envelope: group[0]!.envelope,
      content: group[0]!.content,
      recipients: group.map((each) => each.recipient),
    }, { timeoutMs: DELIVERY_TIMEOUT_MS, signal: this.#cut.signal });
    if (!performed.done) return performed.words;
    this.#failures.forget(hop);
    const now = world.clock.now();
    const server = performed.serverName || route.to.host;
    const outcomes = group.map((taken, at): Outcome => {
      const attempt = performed.attempts[at]!;
      const verdict = verdictOf(taken, attempt, now, world.random.fraction());
      const theirs = verdict.reply === attempt.reply && attempt.at !== "hello";
      const action = actionToReport(verdict, taken.recipient, performed.extensions.dsn);
      return { taken, verdict, action, speaker: theirs ? server : null };
    });
    const ms = Math.round(world.clock.monotonicMs() - startedMs);
    const tls = performed.tls === null ? null : `${performed.tls.version} ${performed.tls.cipher}`;
    await this.#settle(outcomes, { via: endpointText(route.to), tls, ms });
    return null;
  }

  /** `failures` of this hop in a row: those of several tasks at once count as one. */
  async #putOff(
    hop: HopId,
    left: readonly Taken[],
    words: Reply,
    failures: number,
  ): Promise<void> {
    const { world, store, log } = this.#options;
    this.#failures.remember(hop, failures);
    const now = world.clock.now();
    const old = left.filter((each) => isExpired(each.acceptedAt, now));
    for (const group of byMessage(old)) {
      const verdict = expired(words);
      await this.#giveUp(group, verdict);
    }
    // Where all were too old, those behind them may be as well, and need not wait for it.
    if (old.length === left.length) return;
    const until = now + waitMs(PROBE_AFTER_MS, failures, world.random.fraction());
    log.info("hop-down", { hop, until: new Date(until).toISOString(), reply: textOf(words) });
    await store.queue.defer(hop, until, words);
  }

  /** Recipients of one message that nobody was asked about. */
  async #giveUp(group: readonly Taken[], verdict: Verdict): Promise<void> {
    const outcomes = group.map((taken): Outcome => {
      const action = actionToReport(verdict, taken.recipient, false);
      return { taken, verdict, action, speaker: null };
    });
    await this.#settle(outcomes, { via: null, tls: null, ms: 0 });
  }

  /**
   * Records outcomes of one message, however long it takes: what the other side has said must not
   * be asked for again, for it would take the message a second time.
   */
  async #settle(outcomes: readonly Outcome[], delivery: Delivery): Promise<void> {
    const { world, log } = this.#options;
    for (let failures = 1;; failures++) {
      try {
        return await this.#settleOnce(outcomes, delivery);
      } catch (error) {
        log.error("settle-failed", {
          id: outcomes[0]!.taken.message,
          reason: describeError(error),
        });
      }
      const pauseMs = waitMs(PROBE_AFTER_MS, failures, world.random.fraction());
      await world.clock.sleep(pauseMs, this.#cut.signal);
    }
  }

  async #settleOnce(outcomes: readonly Outcome[], delivery: Delivery): Promise<void> {
    const report = await this.#reportOf(outcomes);
    const stale = await this.#options.store.queue.settle(
      outcomes.map(({ taken, verdict }) => [taken.token, verdict]),
      report === null ? [] : [report],
    );
    for (const outcome of outcomes) {
      if (!stale.includes(outcome.taken.token)) this.#log(outcome, delivery, report);
    }
  }

  async #reportOf(outcomes: readonly Outcome[]): Promise<Accepted | null> {
    const reported = outcomes.filter(({ action }) => action !== null);
    if (reported.length === 0) return null;
    const content = await bytesOf(reported[0]!.taken.content);
    return this.#options.report(
      reported.map(({ taken, verdict, action, speaker }) => ({
        taken,
        action: action!,
        reply: verdict.reply,
        remote: speaker,
        content,
      })),
    );
  }

  #log(outcome: Outcome, { via, tls, ms }: Delivery, report: Accepted | null): void {
    const { taken, verdict, action } = outcome;
    const { sender } = taken.envelope;
    const { log } = this.#options;
    log.info(verdict.do === "retry" ? "deferred" : verdict.outcome, {
      id: taken.message,
      from: sender === null ? "<>" : formatAddress(sender),
      to: formatAddress(taken.recipient.address),
      via,
      tls,
      attempt: taken.attempts + 1,
      ms,
      reply: textOf(verdict.reply),
      report: action !== null && report !== null ? report.id : null,
    });
    // Design, promise 2: an outcome that nobody is told is at least written down.
    if (action === null && isFailure(verdict)) {
      log.warn("not-reported", {
        id: taken.message,
        to: formatAddress(taken.recipient.address),
        reason: "the sender asked not to hear of it",
        reply: textOf(verdict.reply),
      });
    }
  }
}

/** What became of a recipient. */
interface Outcome {
  readonly taken: Taken;
  readonly verdict: Verdict;
  /** What the sender is told about it; `null`: nothing. */
  readonly action: Reportable["action"] | null;
  /** The server whose words the verdict has; `null` when they are ours. */
  readonly speaker: string | null;
}

/** What the log says about a delivery: where it went, and how long it took. */
interface Delivery {
  readonly via: string | null;
  /** Version and cipher. */
  readonly tls: string | null;
  readonly ms: number;
}

function isFailure(verdict: Verdict): boolean {
  return verdict.do === "finish" && verdict.outcome === "failed";
}

/** Recipients of the same message go in one transaction; messages keep their order. */
function byMessage(batch: readonly Taken[]): readonly (readonly Taken[])[] {
  const groups = new Map<string, Taken[]>();
  for (const taken of batch) {
    const group = groups.get(taken.message);
    if (group === undefined) groups.set(taken.message, [taken]);
    else group.push(taken);
  }
  return [...groups.values()];
}
