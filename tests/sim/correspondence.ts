/**
 * The scenario that finds bugs: servers of ours and of others, people who write, read, come and go,
 * and faults; then quiet, in which everything that was accepted has to find its end.
 */
import { administer } from "../../lib/app/admin.ts";
import { makeSecret, SALT_BYTES } from "../../lib/sasl/secret.ts";
import { checkBackups, goOn } from "./backups.ts";
import { startChaos } from "./chaos.ts";
import { checkLedger } from "./checkers.ts";
import { startForeign } from "./foreign.ts";
import type { World } from "./geography.ts";
import { readHistory } from "./histories.ts";
import { createLedger, type Ledger } from "./ledger.ts";
import { startParty } from "./imap_party.ts";
import { leaveOldMail } from "./old_database.ts";
import { readDrops, releaseEverything, startOperator } from "./operator.ts";
import type { Prng } from "./prng.ts";
import type { Node, ServerNode, Sim } from "./sim.ts";
import { drawSmarthost, openSmarthost, type Smarthost, smarthostConfig } from "./smarthost.ts";
import { enterInDns, hasTls, isAbsent, personaAt, portOf, routesTo } from "./ways.ts";
import { PASSWORD, perform, read, type Stage } from "./workload.ts";
import { type Cast, type House, planWorkload } from "./workload_plan.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** Mail is sent, and faults happen, within that time. */
const BUSY_MS = 2 * HOUR_MS;
/**
 * RFC 5321 §4.5.4.1: by then the queue has given up whatever it could not deliver, after five days,
 * and the reports about that, after five more.
 */
const QUIET_MS_MAX = 11 * 24 * HOUR_MS;
const LOOK_EVERY_MS = 6 * HOUR_MS;
const SNAPSHOT_EVERY_MS = 20 * MINUTE_MS;
const MESSAGES_MAX = 30;
/** From here on they are numbered: more than there are of new ones. */
const OLD_LETTERS = 1000;
const HOMES_MAX = 3;
const FOREIGNERS_MAX = 3;

export async function correspondence(sim: Sim): Promise<void> {
  const cast = drawCast(sim);
  const ledger = createLedger();
  const people = sim.node("people.example");
  const foreigners = cast.foreigners.map((house) => [house, sim.node(house.domain)] as const);
  let isCalm = false;
  const smarthost = drawSmarthost(sim, cast);
  const homes = new Map(
    cast.homes.map((house) => [house.domain, startHome(sim, cast, house, { ledger, smarthost })]),
  );
  for (const [house, node] of foreigners) {
    openForeign(sim, house, {
      node,
      ledger,
      isCalm: () => isCalm,
    });
  }
  openSmarthost(sim, smarthost, { ledger, isCalm: () => isCalm });
  for (const { domain } of [...cast.homes, ...cast.foreigners]) enterInDns(sim, domain);
  const servers = [...homes.values()];
  await upgradeOne(sim, cast, { homes, ledger });
  await Promise.all(servers.map((node) => node.start()));
  for (const house of cast.homes) await makeAliases(house, homes.get(house.domain)!);
  const prng = sim.random("people");
  const stage: Stage = { sim, people, homes, ledger, prng };
  const untilMs = sim.now() + BUSY_MS;
  const relays = smarthost === null || smarthost.isOurs ? [] : [smarthost.name];
  const strangers = [...cast.foreigners.map(({ domain }) => domain), ...relays];
  const machines = [...cast.homes.map(({ domain }) => domain), ...strangers, people.name];
  startChaos(sim, { servers, machines, foreigners: strangers, untilMs });
  sim.at(untilMs, () => {
    isCalm = true;
    // Whoever was to die within so many effects does not die any more.
    for (const node of servers) node.crashAfter(Infinity, "process");
  });
  const operator = { sim, servers, ledger, untilMs };
  startOperator(operator);
  watch(sim, servers, { ledger, untilMs });
  const began = sim.now();
  const deeds = planWorkload({
    prng: sim.random("plan"),
    cast,
    messages: Math.max(1, Math.round(sim.scale.messages * prng.between(1, MESSAGES_MAX))),
    durationMs: BUSY_MS,
  });
  const party = startParty(stage, cast, BUSY_MS);
  // What a server does that dies meanwhile is never answered, and nobody waits for it.
  for (const deed of deeds) sim.at(began + deed.atMs, () => void perform(stage, deed));
  await sim.sleep(BUSY_MS + HOUR_MS);
  await releaseEverything(operator);
  await drain(sim, servers);
  await party.finish();
  await readEverything(stage, cast);
  await readHistory(stage);
  await readDrops(operator);
  await checkBackups(operator);
  sim.tally("messages", ledger.submissions.length);
  ledger.interruptions.push(...sim.interruptions);
  const world = worldOf(cast, smarthost);
  for (const fault of checkLedger(ledger, world, sim.now())) sim.complain(fault);
}

function drawCast(sim: Sim): Cast {
  const prng = sim.random("cast");
  const house = (domain: string): House => {
    const count = Math.max(1, Math.round(sim.scale.users * prng.between(1, 4)));
    const users = ["ann", "bob", "cid", "dee"].slice(0, count);
    return {
      domain,
      users: users.map((user) => `${user}@${domain}`),
      aliases: new Map(),
      owners: new Map(),
    };
  };
  const homes = ["abc.test", "xyz.test", "klm.test"].slice(0, prng.between(1, HOMES_MAX)).map(
    house,
  );
  const foreigners = ["one.example", "two.example", "three.example"]
    .slice(0, prng.between(0, FOREIGNERS_MAX)).map(house);
  const everybody = [...homes, ...foreigners].flatMap(({ users }) => users);
  return {
    homes: homes.map((each) => ({ ...each, ...drawAliases(prng, each, everybody) })),
    foreigners,
  };
}

/** A name for several, which may be a list, and another name of one; some have neither. */
function drawAliases(
  prng: Prng,
  { domain, users }: House,
  everybody: readonly string[],
): Pick<House, "aliases" | "owners"> {
  const aliases = new Map<string, readonly string[]>();
  const owners = new Map<string, string>();
  const team = `team@${domain}`;
  if (prng.chance(0.5)) aliases.set(team, prng.shuffled(everybody).slice(0, 3));
  if (prng.chance(0.5)) aliases.set(`boss@${domain}`, [prng.pick(users)]);
  if (aliases.has(team) && prng.chance(0.5)) owners.set(team, prng.pick(users));
  return { aliases, owners };
}

function startHome(
  sim: Sim,
  cast: Cast,
  house: House,
  { ledger, smarthost }: { readonly ledger: Ledger; readonly smarthost: Smarthost | null },
): ServerNode {
  const { domain, users } = house;
  const domains = [...cast.homes, ...cast.foreigners].map((each) => each.domain);
  const others = domains.filter((each) => each !== domain);
  for (const account of users) {
    ledger.accounts.push({ server: domain, account, change: "added", atMs: 0 });
  }
  const node = sim.server(domain, {
    config: {
      domains: [domain],
      routes: routesTo(sim, others),
      mxPort: portOf("smtp"),
      // The certificate of each is its name.
      authorities: [...domains, ...(smarthost === null ? [] : [smarthost.name])],
      plainAuth: true,
      verifyRecipients: sim.random(`verify ${domain}`).pick(["routes", "always", "never"]),
      ...smarthostConfig(smarthost, house),
    },
    users: Object.fromEntries(users.map((user) => [user, PASSWORD])),
    tls: hasTls(sim, domain),
    onLog(event) {
      if (event !== "settle-failed") return;
      ledger.interruptions.push({ what: "unrecorded", nodes: [domain], atMs: sim.now() });
    },
    onRestored: (accounts) => goOn({ sim, ledger }, node, accounts),
  });
  return node;
}

/** In some runs the first server was there before, with a program of the first version. */
async function upgradeOne(
  sim: Sim,
  { homes: [home], foreigners }: Cast,
  { homes, ledger }: Pick<Stage, "homes" | "ledger">,
): Promise<void> {
  const prng = sim.random("upgrade");
  if (home === undefined || !prng.chance(0.3)) return;
  const { domain, users } = home;
  const pbkdf2 = sim.node("old.example").world.work.pbkdf2;
  leaveOldMail(homes.get(domain)!.disk.database, {
    domain,
    user: users[0]!,
    secret: await makeSecret(PASSWORD, prng.bytes(SALT_BYTES), pbkdf2),
    recipient: prng.pick((foreigners[0] ?? home).users),
    numbers: [OLD_LETTERS, OLD_LETTERS + 1],
  }, ledger);
}

async function makeAliases({ domain, aliases, owners }: House, node: ServerNode): Promise<void> {
  const parts = { world: node.world, store: node.running!.store, domain };
  for (const [name, targets] of aliases) {
    const owner = owners.has(name) ? { owner: owners.get(name)! } : {};
    const answer = await administer(parts, { do: "alias add", name, targets, ...owner });
    if (!answer.ok) throw new Error(answer.message);
  }
}

function openForeign(
  sim: Sim,
  { domain, users }: House,
  { node, ledger, isCalm }: {
    readonly node: Node;
    readonly ledger: Ledger;
    readonly isCalm: () => boolean;
  },
): void {
  if (isAbsent(sim, domain)) return sim.trace(domain, "is not there");
  const persona = personaAt(sim, domain);
  sim.trace(domain, `is ${persona.name}`);
  startForeign({
    world: node.world,
    prng: sim.random(`foreign ${domain}`),
    now: sim.now,
    name: domain,
    at: { host: node.address, port: portOf(persona.protocol) },
    persona,
    isUser: (address) => users.includes(address),
    ledger,
    isCalm,
  });
}

/** Looks at the mailboxes from time to time, for what must only grow. */
function watch(
  sim: Sim,
  servers: readonly ServerNode[],
  { ledger, untilMs }: { readonly ledger: Ledger; readonly untilMs: number },
): void {
  for (let atMs = sim.now() + SNAPSHOT_EVERY_MS; atMs < untilMs; atMs += SNAPSHOT_EVERY_MS) {
    sim.at(atMs, () => {
      for (const node of servers) if (node.running !== null) void look(sim, node, ledger);
    });
  }
}

async function look(sim: Sim, node: ServerNode, ledger: Ledger): Promise<void> {
  const { mailboxes } = await node.snapshot();
  for (const { mailbox, entries } of mailboxes) {
    ledger.snapshots.push({
      server: node.name,
      account: mailbox.account,
      atMs: sim.now(),
      uidValidity: mailbox.uidValidity,
      uidNext: mailbox.uidNext,
      modSeq: mailbox.modSeq,
      uids: entries.map(({ uid }) => uid),
    });
  }
}

/** Liveness: once all is well, the queues become empty, if only because mail grows too old. */
async function drain(sim: Sim, servers: readonly ServerNode[]): Promise<void> {
  const untilMs = sim.now() + QUIET_MS_MAX;
  for (;;) {
    const snapshots = await Promise.all(servers.map((node) => node.snapshot()));
    const waiting = snapshots.flatMap(({ queue }) => queue);
    if (waiting.length === 0) {
      const faults = await Promise.all(snapshots.map(({ check }) => check()));
      for (const fault of faults.flat()) sim.complain(fault);
      return;
    }
    if (sim.now() >= untilMs) {
      return sim.complain(`after all that time there still waits ${JSON.stringify(waiting[0])}`);
    }
    await sim.sleep(LOOK_EVERY_MS);
  }
}

/** The last look into each mailbox: in good weather everybody can read. */
async function readEverything(stage: Stage, { homes }: Cast): Promise<void> {
  const { sim, ledger } = stage;
  await Promise.all([...stage.homes.values()].map((node) => look(sim, node, ledger)));
  for (const { domain } of homes) {
    const { store } = stage.homes.get(domain)!.running!;
    for (const { name } of store.users.list()) {
      const wasRead = await read(stage, { home: domain, user: name, deletes: 0 });
      if (!wasRead) sim.complain(`${name} cannot read the mailbox`);
    }
  }
}

function worldOf({ homes }: Cast, smarthost: Smarthost | null): World {
  const domains = new Set(homes.map(({ domain }) => domain));
  const aliases = new Map(homes.flatMap((each) => [...each.aliases]));
  const owners = new Map(homes.flatMap((each) => [...each.owners]));
  return {
    homeOf: (domain) => domains.has(domain) ? domain : null,
    accountOf: (address) => address,
    membersOf: (address) => aliases.get(address) ?? [address],
    ownerOf: (address) => owners.get(address) ?? null,
    relayOf: (server) => server === smarthost?.customer ? smarthost.name : null,
  };
}
