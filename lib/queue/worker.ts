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
import { expired, verdictOf } from "./outcome.ts";
import { endpointText, routeOf, type Routes } from "./route.ts";
import { isExpired, PROBE_AFTER_MS, waitMs } from "./schedule.ts";

export interface WorkerOptions {
  readonly world: World;
  readonly store: Store;
  readonly links: Links;
  readonly routes: Routes;
  readonly log: Log;
  /** The report about recipients that failed; `null` where none may be sent or nobody takes it. */
  readonly report: (failed: readonly Failed[]) => Accepted | null;
}

/** A recipient that will not be delivered, with the words that say why. */
export interface Failed {
  readonly taken: Taken;
  readonly reply: Reply;
  /** Who said it; `null` when it was this server. */
  readonly remote: string | null;
  /** The original content. */
  readonly content: Uint8Array;
}

export interface Worker {
  /** Takes nothing new; resolves when what is under way is settled, or was cut off and given back. */
  stop(): Promise<void>;
}

/** Deliveries under way, in all and for one hop: a slow hop must leave room for the others. */
const TASKS_MAX = 50;
const TASKS_PER_HOP_MAX = 4;
/** Recipients that one task takes at once. */
const BATCH_MAX = 50;
/** One delivery, whatever the other side does; ten minutes are RFC 5321's for the final reply alone. */
const DELIVERY_TIMEOUT_MS = 20 * 60_000;
/** While hops are blocked by nothing but our own limits, or the store fails, look again after this. */
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
  /** Consecutive failures to reach a hop; forgotten with the process, which then tries soon. */
  readonly #failures = new Map<HopId, number>();
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
      let waitMs = LOOK_AGAIN_MS;
      try {
        const now = world.clock.now();
        for (const { hop } of await store.queue.ready(now, TASKS_MAX)) this.#startTask(hop);
        const dueAt = await store.queue.nextDueAt();
        if (dueAt === null) waitMs = Infinity;
        // What is due and not taken waits for a task to end; that wakes us too.
        else if (dueAt > now) waitMs = dueAt - now;
      } catch (error) {
        log.error("queue-failed", { reason: describeError(error) });
      }
      await this.#sleep(version, waitMs);
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
  async #sleep(version: number, waitMs: number): Promise<void> {
    const { world, store } = this.#options;
    const woken = new AbortController();
    this.#wake = () => woken.abort();
    if (this.#stopping) return;
    const slept = new Promise<void>((resolve) => {
      woken.signal.addEventListener("abort", () => resolve());
    });
    store.queue.changed(version, woken.signal).then(this.#wake, () => {});
    if (waitMs !== Infinity) world.clock.sleep(waitMs, woken.signal).then(this.#wake, () => {});
    await slept;
  }

  #startTask(hop: HopId): void {
    const ofHop = [...this.#tasks.values()].filter((each) => each === hop).length;
    if (this.#tasks.size >= TASKS_MAX || ofHop >= TASKS_PER_HOP_MAX) return;
    const task = this.#deliverDue(hop).catch((error) => {
      this.#options.log.error("delivery-failed", { hop, reason: describeError(error) });
    }).finally(() => {
      this.#tasks.delete(task);
      this.#wake();
    });
    this.#tasks.set(task, hop);
  }

  async #deliverDue(hop: HopId): Promise<void> {
    const { queue } = this.#options.store;
    const batch = await queue.take(hop, this.#options.world.clock.now(), BATCH_MAX);
    let left = batch;
    try {
      for (const group of byMessage(batch)) {
        if (this.#stopping || !(await this.#deliver(hop, group))) return;
        left = left.filter((each) => !group.includes(each));
      }
    } finally {
      queue.release(left.map((each) => each.token));
    }
  }

  /** Recipients of one message; false when the hop cannot be reached, so that the rest waits too. */
  async #deliver(hop: HopId, group: readonly Taken[]): Promise<boolean> {
    const { world, links, routes } = this.#options;
    const route = routeOf(hop, routes);
    if (route.kind !== "relay") {
      return await this.#putOff(hop, group, reply(450, "4.4.4", `There is no route to ${hop}`));
    }
    const startedMs = world.clock.monotonicMs();
    const performed = await links.perform(route.to, {
      do: "send",
      envelope: group[0]!.envelope,
      content: group[0]!.content,
      recipients: group.map((each) => each.recipient),
    }, { timeoutMs: DELIVERY_TIMEOUT_MS, signal: this.#cut.signal });
    if (!performed.done) return await this.#putOff(hop, group, performed.words);
    this.#failures.delete(hop);
    const now = world.clock.now();
    const verdicts = group.map((taken, at) =>
      verdictOf(taken, performed.attempts[at]!, now, world.random.fraction())
    );
    const ms = Math.round(world.clock.monotonicMs() - startedMs);
    await this.#settle(group, verdicts, { via: endpointText(route.to), ms });
    return true;
  }

  async #putOff(hop: HopId, group: readonly Taken[], words: Reply): Promise<false> {
    const { world, store, log } = this.#options;
    const now = world.clock.now();
    const failures = (this.#failures.get(hop) ?? 0) + 1;
    this.#failures.set(hop, failures);
    const until = now + waitMs(PROBE_AFTER_MS, failures, world.random.fraction());
    log.info("hop-down", { hop, until: new Date(until).toISOString(), reply: textOf(words) });
    await store.queue.defer(hop, until, words);
    const old = group.filter((each) => isExpired(each.acceptedAt, now));
    await this.#settle(old, old.map(() => expired(words)), { via: null, ms: 0 });
    return false;
  }

  async #settle(
    group: readonly Taken[],
    verdicts: readonly Verdict[],
    delivery: Delivery,
  ): Promise<void> {
    if (group.length === 0) return;
    const { store } = this.#options;
    const report = await this.#reportOf(group, verdicts, delivery.via);
    const stale = await store.queue.settle(
      group.map((each, at) => [each.token, verdicts[at]!]),
      report === null ? [] : [report],
    );
    for (const [at, taken] of group.entries()) {
      if (!stale.includes(taken.token)) this.#log(taken, verdicts[at]!, delivery, report);
    }
  }

  async #reportOf(
    group: readonly Taken[],
    verdicts: readonly Verdict[],
    via: string | null,
  ): Promise<Accepted | null> {
    if (!verdicts.some(isFailure)) return null;
    const content = await bytesOf(group[0]!.content);
    const failed = group.flatMap((taken, at): Failed[] => {
      const verdict = verdicts[at]!;
      return isFailure(verdict) ? [{ taken, reply: verdict.reply, remote: via, content }] : [];
    });
    return this.#options.report(failed);
  }

  #log(taken: Taken, verdict: Verdict, { via, ms }: Delivery, report: Accepted | null): void {
    const { sender } = taken.envelope;
    this.#options.log.info(verdict.do === "retry" ? "deferred" : verdict.outcome, {
      id: taken.message,
      from: sender === null ? "<>" : formatAddress(sender),
      to: formatAddress(taken.recipient.address),
      via,
      attempt: taken.attempts + 1,
      ms,
      reply: textOf(verdict.reply),
      report: isFailure(verdict) && report !== null ? report.id : null,
    });
  }
}

/** What the log says about a delivery: where it went, and how long it took. */
interface Delivery {
  readonly via: string | null;
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
