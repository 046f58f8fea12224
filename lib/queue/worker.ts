/**
 * Takes what is due, hop by hop, has it delivered, and settles the outcomes: reports to senders are
 * accepted in the same transaction that ends the recipients they are about.
 */
import { describeError } from "../log.ts";
import { type Reply, textOf } from "../smtp/reply.ts";
import type { Hop, HopId, Taken, WayId } from "../store/store.ts";
import { CLOCK_LOOK_MS, type ClockSteps, longestWaitMs, watchClock } from "./clock_steps.ts";
import { concludeLate, deliver, type DeliveryOptions } from "./delivery.ts";
import { answered, createWays, crowded, deliveriesMax, failed, type WayState } from "./ways.ts";
import { createPlaces, type Place, PLACES_MAX } from "./places.ts";
import { waitMs } from "./schedule.ts";

export type WorkerOptions = DeliveryOptions;

export interface Worker {
  /**
   * Takes nothing new; resolves when what is under way is settled, or was cut off and given back.
   */
  stop(): Promise<void>;
}

/** Recipients that one task takes at once. */
const BATCH_MAX = 50;
/** Hops that are looked at where none of the first ones has a place: so many take 2 ms. */
const CROWD_MAX = 2_000;
/** A delivery that has not got on for so long gives its place to another. */
const SLOW_AFTER_MS = 2_000;
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

/** Where one task delivers, and what was known about its hop before. */
interface Post {
  readonly hop: HopId;
  /** What is found out there is true for all hops that share it. */
  readonly way: WayId;
  readonly isDown: boolean;
  readonly place: Place;
}

class QueueWorker {
  readonly #options: WorkerOptions;
  readonly #clock: ClockSteps;
  readonly #tasks = new Set<Promise<void>>();
  readonly #places = createPlaces();
  readonly #ways = createWays();
  /** Whether somebody deals with what is late just now. */
  #concluding = false;
  /** Cuts off deliveries that do not end in time when the server stops. */
  readonly #cut = new AbortController();
  #stopping = false;
  /** Counted, so that a wake-up that comes while we are awake is not lost. */
  #wakeUps = 0;
  #rouse = () => {};

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.#clock = watchClock(options.world.clock);
    options.store.queue.setWays(options.targets.wayOf);
  }

  async run(): Promise<void> {
    const { world, store: { queue }, log, schedule } = this.#options;
    while (!this.#stopping) {
      // Read before the work is looked at: what comes after is seen as a change.
      const version = queue.version();
      const wakeUps = this.#wakeUps;
      let pauseMs = LOOK_AGAIN_MS;
      try {
        const now = world.clock.now();
        if (this.#clock.wasSetBack()) {
          const waitsMs = longestWaitMs(schedule.retryAfterMs, schedule.probeAfterMs);
          await queue.hasten(now, now + waitsMs);
          this.#clock.note();
        }
        await this.#concludeLate(now);
        await this.#startTasks(now, "up");
        await this.#startTasks(now, "down");
        const dueAt = await queue.nextDueAt(schedule);
        if (dueAt === null) pauseMs = Infinity;
        // What is due and not taken waits for a task to end; that wakes us too.
        else if (dueAt > now) pauseMs = dueAt - now;
      } catch (error) {
        log.error("queue-failed", { reason: describeError(error) });
      }
      if (wakeUps === this.#wakeUps) await this.#sleep(version, pauseMs);
    }
  }

  async stop(running: Promise<void>): Promise<void> {
    this.#stopping = true;
    this.#wake();
    await running;
    const alarm = this.#options.world.clock.alarm(() => this.#cut.abort());
    alarm.set(STOP_GRACE_MS);
    await Promise.all(this.#tasks);
    alarm.cancel();
  }

  /** Until there may be something to do: work came, time passed, a task ended, or we stop. */
  async #sleep(version: number, pauseMs: number): Promise<void> {
    const { world, store } = this.#options;
    const woken = new AbortController();
    this.#rouse = () => woken.abort();
    const slept = new Promise<void>((resolve) => {
      woken.signal.addEventListener("abort", () => resolve());
    });
    store.queue.changed(version, woken.signal).then(this.#rouse, () => {});
    if (pauseMs !== Infinity) {
      const ms = Math.min(pauseMs, CLOCK_LOOK_MS);
      world.clock.sleep(ms, woken.signal).then(this.#rouse, () => {});
    }
    await slept;
  }

  #wake(): void {
    this.#wakeUps++;
    this.#rouse();
  }

  /** For hops that have due work, in the order of their waiting, as far as there are places. */
  async #startTasks(now: number, state: "up" | "down"): Promise<void> {
    if (this.#places.isFull()) return;
    const { queue } = this.#options.store;
    // Those that are busy may come first, with more work than they may have at once.
    const max = this.#places.ways() + PLACES_MAX;
    const ready = await queue.ready(now, max, state);
    if (this.#startSome(ready, state) > 0 || ready.length < max || state === "down") return;
    // Strangers for whom there is no place: whoever is known to answer may stand behind them.
    this.#startSome(await queue.ready(now, Math.max(max, CROWD_MAX), state), state);
  }

  /** Gives how many found a place. */
  #startSome(ready: readonly Hop[], state: "up" | "down"): number {
    const { targets } = this.#options;
    let started = 0;
    for (const { hop } of ready) {
      const way = targets.wayOf(hop);
      const known = this.#ways.of(way);
      const isDown = state === "down";
      const standing = isDown ? "down" : known.isKnown ? "known" : "stranger";
      const place = this.#places.take(way, standing, isDown ? 1 : deliveriesMax(known));
      if (place === null) continue;
      started++;
      this.#start(() => this.#deliverDue({ hop, way, isDown, place }), place);
    }
    return started;
  }

  /** Those for which a time has come are not left to their hop's next try. */
  async #concludeLate(now: number): Promise<void> {
    if (this.#concluding) return;
    const { store: { queue }, schedule } = this.#options;
    const late = await queue.overdue(now, BATCH_MAX, schedule);
    if (late.length === 0) return;
    this.#concluding = true;
    const { signal } = this.#cut;
    this.#start(async () => {
      try {
        await Promise.all(
          byMessage(late).map((group) => concludeLate(this.#options, group, signal)),
        );
      } finally {
        this.#concluding = false;
        await this.#giveBack(late);
      }
    }, null);
  }

  #start(work: () => Promise<void>, place: Place | null): void {
    const { log, world } = this.#options;
    const task = work().catch(async (error) => {
      log.error("delivery-failed", { reason: describeError(error) });
      // Its place is kept for a moment: what fails at once would be tried again at once.
      await world.clock.sleep(LOOK_AGAIN_MS, this.#cut.signal).catch(() => {});
    }).finally(() => {
      place?.leave();
      this.#tasks.delete(task);
      this.#wake();
    });
    this.#tasks.add(task);
  }

  async #deliverDue(post: Post): Promise<void> {
    const { hop, way, place } = post;
    const { world, store: { queue } } = this.#options;
    const batch = await queue.take(hop, world.clock.now(), BATCH_MAX);
    // There is more, or it is another hop's turn, so there may be work for another task.
    if (batch.length === BATCH_MAX || way !== hop) this.#wake();
    let left = batch;
    let isDown = post.isDown;
    const alarm = world.clock.alarm(() => {
      place.slow();
      this.#wake();
    });
    try {
      for (const group of byMessage(batch)) {
        if (this.#stopping) return;
        alarm.set(SLOW_AFTER_MS);
        place.quick();
        const { signal } = this.#cut;
        const { unreachable, isSettled } = await deliver(this.#options, hop, group, signal);
        if (isSettled) left = left.filter((each) => !group.includes(each));
        // A delivery that was cut off because we stop says nothing about the hop.
        if (unreachable !== null && signal.aborted) return;
        if (unreachable !== null) return await this.#unreachable(post, unreachable);
        const before = this.#ways.of(way);
        this.#ways.set(way, answered(before));
        if (isDown || wokenBy(post, before)) await queue.reached(hop);
        isDown = false;
      }
    } finally {
      alarm.cancel();
      if (left.length > 0) await this.#giveBack(left);
    }
  }

  /** As long as it takes: what stays taken would wait until the next start. */
  async #giveBack(taken: readonly Taken[]): Promise<void> {
    const { world, store: { queue }, log } = this.#options;
    for (;;) {
      try {
        return queue.release(taken.map(({ token }) => token));
      } catch (error) {
        log.error("release-failed", { reason: describeError(error) });
        await world.clock.sleep(LOOK_AGAIN_MS, this.#cut.signal);
      }
    }
  }

  /**
   * Where others stand, only this connection was one too many; else the hop is put off, with all
   * that share its way. Its place is kept meanwhile, so that none of them is tried.
   */
  async #unreachable({ hop, way, place }: Post, words: Reply): Promise<void> {
    const { world, store, log, schedule } = this.#options;
    const before = this.#ways.of(way);
    if (this.#places.of(way) > 1) {
      // At once: of many that are lost together, the last one has found out that it is down.
      place.leave();
      return this.#ways.set(way, crowded(before));
    }
    const { failures } = failed(before);
    this.#ways.set(way, failed(before));
    const waitsMs = waitMs(schedule.probeAfterMs, failures, world.random.fraction());
    const now = world.clock.now();
    const until = now + waitsMs;
    log.info("hop-down", { hop: way, until: new Date(until).toISOString(), reply: textOf(words) });
    await store.queue.defer(hop, until, words, now);
  }
}

/**
 * Whether others may wait for this answer though its hop did not: the operator has had that one
 * tried, or the server was started anew.
 */
function wokenBy({ hop, way }: Post, { failures, isKnown }: WayState): boolean {
  return failures > 0 || (!isKnown && way !== hop);
}

/** Recipients of the same message go in one transaction; messages keep their order. */
function byMessage<One extends Taken>(batch: readonly One[]): readonly (readonly One[])[] {
  const groups = new Map<string, One[]>();
  for (const taken of batch) {
    const group = groups.get(taken.message);
    if (group === undefined) groups.set(taken.message, [taken]);
    else group.push(taken);
  }
  return [...groups.values()];
}
