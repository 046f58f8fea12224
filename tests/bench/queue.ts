/**
 * `deno task bench --only queue`: 100 000 queued messages for 1000 destinations, of which half
 * answer, a quarter refuse connections and a quarter swallow them. Time is virtual, so that what is
 * measured is how long the living wait for the dead, and what the queue costs.
 */
import { makeConfig } from "../../lib/config.ts";
import { SILENT } from "../../lib/log.ts";
import { bodyOf } from "../../lib/mail/body.ts";
import { createLinks } from "../../lib/queue/link.ts";
import { scheduleOf } from "../../lib/queue/schedule.ts";
import { startWorker } from "../../lib/queue/worker.ts";
import { openSqliteStore } from "../../lib/store/sqlite.ts";
import type { Accepted } from "../../lib/store/store.ts";
import { encode } from "../../lib/wire/bytes.ts";
import { fakeWorld } from "../fake_world.ts";
import { startNextHop } from "../next_hop.ts";
import { targetsIn } from "../queue_support.ts";

const MESSAGES = 100_000;
const DESTINATIONS = 1_000;
const AT_ONCE = 1_000;
/** Where the living, those that refuse, and those that swallow connections are. */
const [LIVING, REFUSING, SWALLOWING] = [2525, 2526, 2527];

const world = fakeWorld();
const { clock, net } = world;
await using store = await openSqliteStore({ directory: null, turn: clock.turn });

function portOf(destination: number): number {
  return [LIVING, REFUSING, LIVING, SWALLOWING][destination % 4]!;
}

function messageOf(number: number): Accepted {
  const destination = number % DESTINATIONS;
  const domain = `d${destination}.test`;
  const recipient = { address: { local: `r${number}`, domain } };
  return {
    id: `m${number}`,
    acceptedAt: clock.now(),
    envelope: { sender: { local: `s${number % 97}`, domain: "abc.com" }, body: "7BIT" },
    content: bodyOf(encode(`Subject: ${number}\r\n\r\n${"x".repeat(1000)}\r\n`)),
    deliveries: [{ to: "queue", hop: domain, recipient, dueAt: clock.now() }],
  };
}

function megabytes(): number {
  return Math.round(Deno.memoryUsage().rss / 1024 / 1024);
}

const queuedMs = performance.now();
const before = megabytes();
for (let from = 0; from < MESSAGES; from += AT_ONCE) {
  const batch = Array.from({ length: AT_ONCE }, (_, at) => store.accept(messageOf(from + at)));
  await Promise.all(batch);
}
const seconds = (sinceMs: number) => ((performance.now() - sinceMs) / 1000).toFixed(1);
const filled = megabytes();
console.log(
  `queued: ${MESSAGES} in ${seconds(queuedMs)} s, ${filled - before} MiB with their bytes`,
);

let delivered = 0;
let peak = filled;
// What was taken is forgotten at once, so that only the queue's own memory is seen.
const hop = startNextHop(world, {
  port: LIVING,
  answer(line) {
    if (line === "." && ++delivered % 1000 === 0) peak = Math.max(peak, megabytes());
    return undefined;
  },
  forgets: true,
});
net.silence(SWALLOWING);
const startedMs = performance.now();
const links = createLinks({ world, hostname: "abc.com", log: SILENT });
const worker = startWorker({
  world,
  store,
  links,
  log: SILENT,
  schedule: scheduleOf(makeConfig({ domains: ["abc.com"] })),
  targets: targetsIn(
    world,
    Object.fromEntries(
      Array.from(
        { length: DESTINATIONS },
        // Each has a server of its own: domains that share one would be one destination.
        (_, at) => [`d${at}.test`, { host: `mx${at}.test`, port: portOf(at) }],
      ),
    ),
  ),
  report: () => null,
  release: (group) => group.map(() => "unknown"),
});
const virtualMs = clock.monotonicMs();
for (let lastSaid = 0; delivered < MESSAGES / 2;) {
  await clock.pass(1_000);
  if (delivered - lastSaid < 10_000) continue;
  lastSaid = delivered;
  console.log(`${delivered} delivered after ${(clock.monotonicMs() - virtualMs) / 1000} s`);
}
console.log(
  `the living: ${delivered} delivered in ${
    (clock.monotonicMs() - virtualMs) / 1000
  } s of virtual ` +
    `time (${seconds(startedMs)} s of real time), at most ${peak - filled} MiB more`,
);
const attempts = net.attempts(REFUSING) + net.attempts(SWALLOWING);
await clock.pass(60 * 60_000);
const probes = net.attempts(REFUSING) + net.attempts(SWALLOWING) - attempts;
console.log(`the dead: ${await store.queue.size()} recipients wait, ${probes} probes in an hour`);
const stopped = worker.stop().then(() => links.close());
await clock.pass(60_000);
await stopped;
hop.stop();
