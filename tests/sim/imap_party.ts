/** People who read their mail by IMAP, with several programs at once: in some of the runs. */
import { append, type Device, learnAll, logIn, look, MAILBOXES } from "./imap_reader.ts";
import type { Session } from "./imap_reader.ts";
import { step } from "./imap_steps.ts";
import { truthOf } from "./imap_truth.ts";
import type { Prng } from "./prng.ts";
import { perform, type Stage, visit } from "./workload.ts";
import type { Cast, Deed } from "./workload_plan.ts";

/** Somebody with several mail programs. */
interface Reader {
  readonly home: string;
  readonly user: string;
  readonly devices: readonly Device[];
}

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
/** Most runs are as fast as they would be without: about so many have readers. */
const RUNS = 0.4;
const DEVICES_MAX = 4;
const MEETINGS_MAX = 2;
const STEPS_MAX = 20;
/**
 * Those who look at the same mailbox mostly act at the same moments, so that one change meets
 * another in the middle of a command.
 */
const BEAT_MS = 2 * SECOND_MS;
/** How often a program just ends, behind any command. */
const BREAKS = 0.05;
/** The programs of one reader come within that time. */
const MEETING_MS = 20 * SECOND_MS;
/** Letters that come while somebody looks have numbers from here on. */
const LETTERS = 500;
const LOOK_EVERY_MS = 10 * MINUTE_MS;
/** In good weather whoever waits hears of what comes within that time, the links being slow. */
const PROMPT_MS = 20 * SECOND_MS;

export interface Party {
  /** In good weather: everything is as it was said, and whoever waits hears at once. */
  finish(): Promise<void>;
}

/** From now on they come and go, for so long. */
export function startParty(stage: Stage, cast: Cast, durationMs: number): Party {
  const { sim } = stage;
  const prng = sim.random("imap");
  const readers = prng.chance(RUNS) ? drawReaders(stage, cast, prng) : [];
  let letters = LETTERS;
  for (const reader of readers) {
    for (let meetings = prng.between(1, MEETINGS_MAX); meetings > 0; meetings--) {
      const atMs = sim.now() + prng.below(durationMs - MEETING_MS);
      for (const device of reader.devices) planVisit(stage, device, { prng, atMs });
      for (const deed of drawDeeds(reader, prng)) {
        const number = letters++;
        sim.at(atMs + prng.below(MEETING_MS), () => void perform(stage, deed(number)));
      }
    }
    for (let atMs = sim.now(); atMs < sim.now() + durationMs; atMs += LOOK_EVERY_MS) {
      sim.at(atMs, () => void lookAt(stage, reader));
    }
  }
  return {
    async finish() {
      for (const reader of readers) await finish(stage, reader);
    },
  };
}

function drawReaders({ sim }: Stage, { homes }: Cast, prng: Prng): readonly Reader[] {
  const count = prng.chance(0.2) ? 2 : 1;
  const everybody = homes.flatMap(({ domain, users }) => users.map((user) => ({ domain, user })));
  return prng.shuffled(everybody).slice(0, count).map(({ domain: home, user }, at) => {
    const most = Math.max(1, Math.round(sim.scale.users * prng.between(2, DEVICES_MAX)));
    const devices = Array.from({ length: most }, (_, number): Device => ({
      name: `device${at}${number}`,
      home,
      user,
      speaks: prng.pick(["nothing", "CONDSTORE", "QRESYNC", "QRESYNC"] as const),
      caches: new Map(),
      appended: 0,
    }));
    return { home, user, devices };
  });
}

/** While they look, mail comes, and goes by POP3. */
function drawDeeds(
  { home, user }: Reader,
  prng: Prng,
): readonly ((number: number) => Deed)[] {
  const deeds: ((number: number) => Deed)[] = [];
  if (prng.chance(0.4)) {
    const deletes = prng.fraction();
    deeds.push(() => ({ do: "read", atMs: 0, home, user, deletes }));
  }
  for (let letters = prng.between(0, 3); letters > 0; letters--) {
    deeds.push((number) => ({
      do: "send",
      atMs: 0,
      home,
      letter: { number, kind: "plain", bytes: 300 },
      sending: {
        user,
        sender: user,
        parameters: [],
        recipients: [{ address: user, notify: null }],
        manner: { by: "pipelined", leaves: false },
      },
    }));
  }
  return deeds;
}

/** A program comes, and comes back when its connection breaks. */
function planVisit(
  stage: Stage,
  device: Device,
  { prng, atMs }: { readonly prng: Prng; readonly atMs: number },
): void {
  const { sim } = stage;
  const own = sim.random(`${device.name} at ${atMs}`);
  const times = prng.between(1, 2);
  sim.at(atMs + prng.below(MEETING_MS), async () => {
    for (let left = times; left > 0; left--) {
      sim.trace("people", `${device.name} of ${device.user} reads by IMAP`);
      const steps = Math.round(sim.scale.messages * own.between(1, STEPS_MAX));
      await connected(stage, device, own, (session) => readFor(session, steps));
      await sim.sleep(own.below(BEAT_MS));
    }
  });
}

async function readFor(session: Session, steps: number): Promise<void> {
  const { prng, stage: { sim } } = session;
  const mailbox = prng.chance(0.8) ? "INBOX" : prng.pick(MAILBOXES);
  if (!await session.select(mailbox) && !await session.select("INBOX")) return;
  if (!await learnAll(session)) return;
  for (let left = steps; left > 0; left--) {
    if (!await step(session, lotAt(session, sim.now()))) return;
    session.remember();
    if (prng.chance(BREAKS)) return;
    if (prng.chance(0.1)) await sim.sleep(prng.below(10 * SECOND_MS));
    if (prng.chance(0.8)) await sim.sleep(BEAT_MS - sim.now() % BEAT_MS);
  }
  // Some close the door behind them, and some just go.
  if (!await look(session) || prng.chance(0.5)) return;
  await session.ask("LOGOUT");
}

/** What is done now: half of the time the same as others do with the same mail at this moment. */
function lotAt({ prng, stage: { sim }, device: { user } }: Session, nowMs: number): number {
  const beat = sim.random(`beat ${user} ${Math.round(nowMs / BEAT_MS)}`);
  return beat.chance(0.5) ? beat.fraction() : prng.fraction();
}

/** One connection, and what is done over it when it stands. Gives whether it was logged in. */
async function connected(
  stage: Stage,
  device: Device,
  prng: Prng,
  run: (session: Session) => Promise<void>,
): Promise<boolean> {
  let loggedIn = false;
  await visit(stage, device, "imap", async (transport) => {
    try {
      const session = await logIn(stage, device, { transport, prng });
      loggedIn = session !== null;
      if (session !== null) await run(session);
    } finally {
      transport.close();
    }
  });
  stage.sim.tally("imap sessions", loggedIn ? 1 : 0);
  return loggedIn;
}

/** Looks into the mailboxes, for what must only grow. */
async function lookAt({ sim, homes, ledger }: Stage, { home, user }: Reader): Promise<void> {
  ledger.imap.states.push(...await truthOf(homes.get(home)!, user, sim.now()));
}

async function finish(stage: Stage, reader: Reader): Promise<void> {
  const { sim, homes, ledger } = stage;
  const { home, user, devices } = reader;
  if (homes.get(home)!.running!.store.users.find(user) === null) return;
  const prng = sim.random(`finish ${user}`);
  await waitTogether(stage, reader, prng);
  // Whoever comes back has to see what somebody sees who comes for the first time.
  for (const device of devices.filter(({ speaks }) => speaks === "QRESYNC")) {
    const isIn = await connected(stage, device, prng, async (session) => {
      for (const mailbox of [...device.caches.keys()]) {
        if (await session.select(mailbox)) await learnAll(session) && await look(session);
      }
    });
    if (!isIn) sim.complain(`${device.name} of ${user} cannot log in`);
  }
  await lookAt(stage, reader);
  const fresh: Device = { ...devices[0]!, name: "fresh", speaks: "nothing", caches: new Map() };
  await connected(stage, fresh, prng, readAll);
  const { finals } = ledger.imap;
  if (!finals.some(({ account }) => account === user)) {
    sim.complain(`${user} cannot read all mailboxes`);
  }
}

/** One waits, the other brings something: the first hears of it at once (RFC 2177). */
async function waitTogether(stage: Stage, { devices }: Reader, prng: Prng): Promise<void> {
  const { sim } = stage;
  const [device] = devices;
  await connected(stage, device!, prng, async (waiting) => {
    if (!await waiting.select("INBOX") || !await learnAll(waiting)) return;
    const count = waiting.open!.told.slots.length;
    const idling = waiting.idle(2 * PROMPT_MS);
    await sim.sleep(PROMPT_MS / 2);
    await connected(stage, device!, prng, async (other) => void await append(other, "INBOX"));
    await sim.sleep(PROMPT_MS);
    if (waiting.open!.told.slots.length <= count) waiting.fault("it waits, and hears of nothing");
    await idling;
  });
}

/** Everything that there is, in every mailbox. */
async function readAll(session: Session): Promise<void> {
  const { stage: { ledger }, device: { home: server, user: account }, ask } = session;
  session.heard();
  if ((await ask('LIST "" "*"'))?.condition !== "OK") return;
  const names = session.heard().flatMap((each) => each.is === "list" ? [each.mailbox] : []);
  const messages = [];
  for (const name of names) {
    if (!await session.select(name, "EXAMINE")) return;
    const { uidValidity, slots } = session.open!.told;
    session.heard();
    if (slots.length > 0) {
      const answer = await ask(`FETCH 1:* (UID FLAGS EMAILID BODY.PEEK[])`);
      if (answer?.condition !== "OK") return;
    }
    for (const response of session.heard()) {
      if (response.is !== "fetch") continue;
      const { uid, flags, emailId, content } = response.items;
      if (uid === null || flags === null || emailId === null || content === null) continue;
      messages.push({ server, account, uidValidity, uid, emailId, flags, content });
    }
  }
  ledger.imap.finals.push({ server, account, messages });
}
