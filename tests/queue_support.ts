/** What the tests of the queue's worker share: one in virtual time, with next hops to talk to. */
import assert from "$assert";
import type { Endpoint } from "../lib/endpoint.ts";
import type { LogFields } from "../lib/log.ts";
import type { Address } from "../lib/mail/address.ts";
import { bodyOf } from "../lib/mail/body.ts";
import { makeConfig } from "../lib/config.ts";
import { createResolver } from "../lib/net/resolver.ts";
import { createLinks } from "../lib/queue/link.ts";
import { type RetrySchedule, scheduleOf } from "../lib/queue/schedule.ts";
import type { Reportable } from "../lib/queue/settlement.ts";
import { createTargets, type Targets } from "../lib/queue/target.ts";
import { startWorker, type Worker, type WorkerOptions } from "../lib/queue/worker.ts";
import { textOf } from "../lib/smtp/reply.ts";
import { openMemoryStore } from "../lib/store/memory.ts";
import type { Accepted, Queue, Store } from "../lib/store/store.ts";
import { encode } from "../lib/wire/bytes.ts";
import { recordingLog } from "./app_support.ts";
import type { FakeClock } from "./fake_transport.ts";
import { type FakeWorld, fakeWorld } from "./fake_world.ts";
import { type NextHop, type NextHopOptions, startNextHop } from "./next_hop.ts";

/** Of xyz.com. */
export const PORT = 2526;
/** Of slow.test. */
export const SLOW_PORT = 2527;

export interface Setting extends AsyncDisposable {
  readonly world: FakeWorld;
  readonly store: Store;
  readonly worker: Worker;
  /** Every recipient that was given up, with its last words. */
  readonly reported: readonly string[];
  /** Every recipient whose sender was told that it is late, the same way. */
  readonly warned: readonly string[];
  /** Queues a message; by default for bob@xyz.com. */
  queue(id: string, ...recipients: readonly string[]): Promise<void>;
  /** Queues several at once: by default from alice@abc.com to bob@xyz.com. */
  queueAll(letters: readonly Letter[]): Promise<void>;
  /** What was logged, by event. */
  logged(event: string): readonly LogFields[];
  /** Who still waits. */
  waiting(): Promise<readonly string[]>;
  /** Starts a next hop, by default that of xyz.com. */
  hop(answer?: NextHopOptions["answer"], port?: number): NextHop;
}

export interface Letter {
  readonly id: string;
  readonly from?: string;
  readonly to?: string;
}

export interface SettingOptions {
  readonly store?: (turn: () => Promise<void>) => Store | Promise<Store>;
  /** Changes what the worker sees of the queue. */
  readonly queue?: (queue: Queue) => Partial<Queue>;
  /** Gives a clock in place of the machine's own. */
  readonly clock?: (clock: FakeClock) => FakeClock;
  /** What happens before the worker starts. */
  readonly before?: (queue: (id: string) => Promise<void>) => Promise<void>;
  /** Beside those of xyz.com and slow.test. */
  readonly routes?: Readonly<Record<string, Endpoint | null>>;
  /** Where hosts are spoken to that the DNS names; without it, it is not asked. */
  readonly mxPort?: number;
  /** Where recipients of abc.com lead; by default nobody is there. */
  readonly release?: WorkerOptions["release"];
  readonly schedule?: Partial<RetrySchedule>;
  /** What stands for chance; by default it comes from a seed. */
  readonly fraction?: number;
  readonly world?: FakeWorld;
  /** A worker that has stopped: its world and its store are worked on, and are its to close. */
  readonly after?: Setting;
}

/** The schedule of a server that was told nothing. */
export const SCHEDULE: RetrySchedule = scheduleOf(makeConfig({ domains: ["abc.com"] }));

export async function startSetting(options: SettingOptions = {}): Promise<Setting> {
  const machine = worldOf(options);
  const world = { ...machine, clock: options.clock?.(machine.clock) ?? machine.clock };
  const { turn } = world.clock;
  const store = options.after?.store ??
    await (options.store?.(turn) ?? openMemoryStore({ turn }));
  await options.before?.((id) => store.accept(acceptedOf(world, { id }, [])));
  const hops: NextHop[] = [];
  const reported: string[] = [];
  const warned: string[] = [];
  const { log, logged } = recordingLog();
  const links = createLinks({ world, hostname: "abc.com", log });
  const worker = startWorker({
    world,
    links,
    store: { ...store, queue: { ...store.queue, ...options.queue?.(store.queue) } },
    targets: targetsIn(world, {
      "xyz.com": { host: "127.0.0.1", port: PORT },
      "slow.test": { host: "127.0.0.1", port: SLOW_PORT },
      "closed.test": null,
      ...options.routes,
    }, options.mxPort),
    schedule: { ...SCHEDULE, ...options.schedule },
    log,
    release: options.release ?? ((group) => group.map(() => "unknown")),
    report: (outcomes) => {
      for (const each of outcomes) {
        (each.action === "delayed" ? warned : reported).push(wordsOf(each));
      }
      return null;
    },
  });
  let running = true;
  return {
    world,
    store,
    reported,
    warned,
    logged,
    worker: {
      async stop() {
        running = false;
        await worker.stop();
      },
    },
    queue: (id, ...recipients) => store.accept(acceptedOf(world, { id }, recipients)),
    async queueAll(letters) {
      await Promise.all(letters.map((each) => store.accept(acceptedOf(world, each, [each.to]))));
    },
    async waiting() {
      const list = await store.queue.list({ max: 1000 });
      return list.map(({ message, recipient }) => `${message} ${recipient.local}`);
    },
    hop(answer, port = PORT) {
      const hop = startNextHop(world, { port, ...(answer === undefined ? {} : { answer }) });
      hops.push(hop);
      return hop;
    },
    async [Symbol.asyncDispose]() {
      const stopped = running ? worker.stop() : Promise.resolve();
      await world.clock.pass(30_000);
      await stopped;
      const closed = links.close();
      await world.clock.pass(30_000);
      await closed;
      for (const hop of hops) hop.stop();
      assert.deepEqual(await store.check(), []);
      if (options.after === undefined) await store[Symbol.asyncDispose]();
    },
  };
}

/** Where mail goes from abc.com. */
export function targetsIn(
  world: FakeWorld,
  routes: Readonly<Record<string, Endpoint | null>>,
  mxPort?: number,
): Targets {
  return createTargets({
    routes: {
      local: new Set(["abc.com"]),
      hops: new Map(Object.entries(routes)),
      dns: mxPort !== undefined,
    },
    resolver: createResolver(world),
    // What is said of other domains' policies is shown elsewhere.
    policies: { of: () => Promise.resolve(null), close() {} },
    random: world.random,
    mxPort: mxPort ?? 25,
    hostnames: ["abc.com"],
    isOwn: () => false,
  });
}

function worldOf({ fraction, after, world = after?.world ?? fakeWorld() }: SettingOptions) {
  if (fraction === undefined) return world;
  return { ...world, random: { ...world.random, fraction: () => fraction } };
}

function wordsOf({ taken, reply, remote }: Reportable): string {
  return `${taken.recipient.address.local}: ${remote ?? "we"}: ${textOf(reply)}`;
}

function acceptedOf(
  world: FakeWorld,
  { id, from = "alice@abc.com" }: Letter,
  recipients: readonly (string | undefined)[],
): Accepted {
  const now = world.clock.now();
  const addresses = recipients.length === 0 ? [undefined] : recipients;
  return {
    id,
    acceptedAt: now,
    envelope: { sender: addressOf(from), body: "7BIT" },
    content: bodyOf(encode(`Subject: ${id}\r\n\r\nHello\r\n`)),
    deliveries: addresses.map((each = "bob@xyz.com") => {
      const address = addressOf(each);
      return { to: "queue", hop: address.domain, recipient: { address }, dueAt: now };
    }),
  };
}

function addressOf(text: string): Address {
  const [local, domain] = text.split("@") as [string, string];
  return { local, domain };
}

/** The subjects of what a hop has taken. */
export function taken(hop: NextHop): readonly string[] {
  return hop.messages.map(({ content }) => /^Subject: (.*)\r\n/.exec(content)![1]!);
}
