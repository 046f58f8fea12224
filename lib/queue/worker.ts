/**
 * Takes what is due, hop by hop, has it delivered, and settles the outcomes: reports to senders are
 * accepted in the same transaction that ends the recipients they are about.
 */
import { describeError } from "../log.ts";
import { type Reply, textOf } from "../smtp/reply.ts";
import { NO_EXTENSIONS } from "../smtp/ehlo.ts";
import type { HopId, Taken, Verdict } from "../store/store.ts";
import { CLOCK_LOOK_MS, type ClockSteps, longestWaitMs, watchClock } from "./clock_steps.ts";
import type { Links } from "./link.ts";
import { createFailures } from "./failures.ts";
import {
  actionToReport,
  expired,
  overdue,
  type Release,
  verdictHere,
  verdictOf,
} from "./outcome.ts";
import { isExpired, PROBE_AFTER_MS, RETRY_AFTER_MS, waitingSince, waitMs } from "./schedule.ts";
import {
  type Delivery,
  NO_DELIVERY,
  type Outcome,
  settle,
  type SettlementOptions,
  settleOnce,
} from "./settlement.ts";
import type { Targets } from "./target.ts";

export interface WorkerOptions extends SettlementOptions {
  readonly links: Links;
  readonly targets: Targets;
  /** Where recipients here lead, for each of them: one message that was held for them. */
  readonly release: (group: readonly Taken[]) => readonly Release[];
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
  readonly #clock: ClockSteps;
  /** For a hop; `null`: for deadlines, at most one at a time. */
  readonly #tasks = new Map<Promise<void>, HopId | null>();
  readonly #failures = createFailures();
  /** Cuts off deliveries that do not end in time when the server stops. */
  readonly #cut = new AbortController();
  #stopping = false;
  #wake = () => {};

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.#clock = watchClock(options.world.clock);
  }

  async run(): Promise<void> {
    const { world, store, log } = this.#options;
    while (!this.#stopping) {
      // Read before the work is looked at: what comes after is seen as a change.
      const version = store.queue.version();
      let pauseMs = LOOK_AGAIN_MS;
      try {
        const now = world.clock.now();
        if (this.#clock.wasSetBack()) {
          await store.queue.hasten(now, now + longestWaitMs(RETRY_AFTER_MS, PROBE_AFTER_MS));
          this.#clock.note();
        }
        await this.#meetDeadlines(now);
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
    if (pauseMs !== Infinity) {
      const ms = Math.min(pauseMs, CLOCK_LOOK_MS);
      world.clock.sleep(ms, woken.signal).then(this.#wake, () => {});
    }
    await slept;
  }

  #startTask(hop: HopId): void {
    const ofHop = [...this.#tasks.values()].filter((each) => each === hop).length;
    // A hop that is down costs one probe at a time.
    const ofHopMax = this.#failures.of(hop) > 0 ? 1 : TASKS_PER_HOP_MAX;
    if (this.#tasks.size >= TASKS_MAX || ofHop >= ofHopMax) return;
    this.#run(hop, this.#deliverDue(hop));
  }

  /** RFC 2852 §4.1.3: when its time is over, a recipient is not left to its hop's next try. */
  async #meetDeadlines(now: number): Promise<void> {
    if ([...this.#tasks.values()].includes(null)) return;
    const { queue } = this.#options.store;
    const late = await queue.overdue(now, BATCH_MAX);
    if (late.length === 0) return;
    const groups = byMessage(late).map((group) =>
      this.#conclude(group, overdue(group[0]!.envelope))
    );
    const all = Promise.all(groups).finally(() => queue.release(late.map(({ token }) => token)));
    this.#run(null, all.then(() => {}));
  }

  #run(hop: HopId | null, work: Promise<void>): void {
    const task = work.catch(async (error) => {
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
    const { world, links, targets } = this.#options;
    const aim = await targets.of(hop, this.#cut.signal);
    if (aim.kind === "later") return aim.reply;
    if (aim.kind === "refused") {
      await this.#conclude(group, { do: "finish", outcome: "failed", reply: aim.reply });
      return null;
    }
    if (aim.kind === "local") {
      await this.#deliverHere(group);
      return null;
    }
    const startedMs = world.clock.monotonicMs();
    const performed = await links.perform(aim.target, {
      do: "send",
      envelope: group[0]!.envelope,
      content: group[0]!.content,
      recipients: group.map((each) => each.recipient),
    }, { timeoutMs: DELIVERY_TIMEOUT_MS, signal: this.#cut.signal });
    if (!performed.done) return performed.words;
    this.#failures.forget(hop);
    const now = world.clock.now();
    const server = performed.serverName || performed.host;
    const outcomes = group.map((taken, at): Outcome => {
      const attempt = performed.attempts[at]!;
      const verdict = verdictOf(taken, attempt, now, world.random.fraction());
      const theirs = verdict.reply === attempt.reply && attempt.at !== "hello";
      const action = actionToReport(verdict, taken, { offered: performed.extensions, now });
      const uncertain = attempt.result === "unknown";
      return { taken, verdict, action, speaker: theirs ? server : null, uncertain };
    });
    const ms = Math.round(world.clock.monotonicMs() - startedMs);
    const tls = performed.tls === null ? null : `${performed.tls.version} ${performed.tls.cipher}`;
    await this.#settle(outcomes, { via: performed.via, tls, ms });
    return null;
  }

  /** Not held to its verdict as what was sent is: an account may go before it is recorded. */
  async #deliverHere(group: readonly Taken[]): Promise<void> {
    const { world, release } = this.#options;
    const now = world.clock.now();
    const outcomes = release(group).map((released, at): Outcome => {
      const taken = group[at]!;
      const verdict = verdictHere(taken, released, now, world.random.fraction());
      const copies = typeof released === "string" ? [] : released.copies;
      return { ...this.#outcomeOf(taken, verdict), copies };
    });
    await settleOnce(this.#options, outcomes, NO_DELIVERY);
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
    const old = left.filter((each) => isExpired(waitingSince(each), now));
    for (const group of byMessage(old)) {
      const verdict = expired(words);
      await this.#conclude(group, verdict);
    }
    // Where all were too old, those behind them may be as well, and need not wait for it.
    if (old.length === left.length) return;
    const until = now + waitMs(PROBE_AFTER_MS, failures, world.random.fraction());
    log.info("hop-down", { hop, until: new Date(until).toISOString(), reply: textOf(words) });
    await store.queue.defer(hop, until, words, now);
  }

  /** Recipients of one message that nobody was asked about. */
  async #conclude(group: readonly Taken[], verdict: Verdict): Promise<void> {
    await this.#settle(group.map((taken) => this.#outcomeOf(taken, verdict)), NO_DELIVERY);
  }

  #outcomeOf(taken: Taken, verdict: Verdict): Outcome {
    const now = this.#options.world.clock.now();
    const action = actionToReport(verdict, taken, { offered: NO_EXTENSIONS, now });
    return { taken, verdict, action, speaker: null };
  }

  async #settle(outcomes: readonly Outcome[], delivery: Delivery): Promise<void> {
    await settle(this.#options, outcomes, { delivery, signal: this.#cut.signal });
  }
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
