/**
 * The operator of our servers, who does something at any moment, by the same code that answers
 * through the control socket: holds messages and lets them go, has them tried, drops them, and
 * looks whether all is well.
 */
import {
  type AdminAnswer,
  administer,
  type AdminRequest,
  type AdminValues,
} from "../../lib/app/admin.ts";
import { formatAddress } from "../../lib/mail/address.ts";
import { sqliteStore } from "../../lib/store/sqlite.ts";
import { copyDatabase } from "./copy_database.ts";
import type { FaultKind } from "./faults.ts";
import type { Hold, Ledger, Restore } from "./ledger.ts";
import type { Prng } from "./prng.ts";
import type { ServerNode, Sim } from "./sim.ts";

export interface OperatorOptions {
  readonly sim: Sim;
  readonly servers: readonly ServerNode[];
  readonly ledger: Ledger;
  /** By then it is done, in virtual milliseconds since the beginning. */
  readonly untilMs: number;
}

/** Each kind of action is taken at most so often in one seed. */
const TIMES_MAX = 8;
/** What reads a whole store takes longer than all the rest. */
const WHOLE_TIMES_MAX = 3;
const MINUTE_MS = 60_000;
/** Most queues are empty most of the time; the operator looks again so often. */
const LOOKS_MAX = 10;
const LOOK_AGAIN_MS = MINUTE_MS;
/** A message is held for at most so long. */
const HOLD_MS_MAX = 60 * MINUTE_MS;

/** From now on the operator is at work, as far as the seed says. */
export function startOperator(options: OperatorOptions): void {
  plan(options, "hold", hold);
  plan(options, "retry", retry);
  plan(options, "drop", drop);
  plan(options, "check", check, WHOLE_TIMES_MAX);
  plan(options, "backup", backUp, WHOLE_TIMES_MAX);
  plan(options, "restore", loseDisk, 1);
}

/** Gives whether there was something to do. */
type Act = (options: OperatorOptions, prng: Prng) => Promise<boolean>;

function plan(options: OperatorOptions, kind: FaultKind, act: Act, timesMax = TIMES_MAX): void {
  const { sim, untilMs } = options;
  const prng = sim.random(`operator ${kind}`);

  // A server that dies meanwhile never answers, and nobody waits for it.
  async function tryAct(looks: number): Promise<void> {
    if (!sim.faults.has(kind)) return;
    if (await act(options, prng)) return kind === "restore" ? undefined : sim.faults.count(kind);
    if (looks > 1) sim.at(sim.now() + LOOK_AGAIN_MS, () => void tryAct(looks - 1));
  }

  for (let times = prng.between(1, timesMax); times > 0; times--) {
    sim.at(untilMs * prng.fraction(), () => void tryAct(LOOKS_MAX));
  }
}

/** What is held now is let go: from here on all mail has to come to its end. */
export async function releaseEverything({ servers, ledger, sim }: OperatorOptions): Promise<void> {
  for (const node of servers) {
    endHolds(ledger, { server: node.name, id: null, atMs: sim.now() });
    const answer = await ask(node, { do: "queue release" });
    if (answer?.ok !== true) sim.complain(`${node.name} does not release what is held`);
  }
}

/** What the servers say at the end about what was dropped. */
export async function readDrops({ servers, ledger }: OperatorOptions): Promise<void> {
  for (const dropped of ledger.drops) {
    const { store } = servers.find(({ name }) => name === dropped.server)!.running!;
    const [found] = await store.history.find(dropped.id, 1);
    dropped.recorded = (found?.happenings ?? []).flatMap((each) =>
      each.what === "drop" ? each.outcomes.flatMap((outcome) => outcome.recipients) : []
    ).map(formatAddress);
  }
}

/** Until it is released again, alone or with all others. */
async function hold({ sim, servers, ledger }: OperatorOptions, prng: Prng): Promise<boolean> {
  const found = await pickWaiting(servers, prng);
  if (found === null) return false;
  const { node, id } = found;
  const wasHeld = await ask(node, { do: "queue hold", id });
  if (wasHeld?.ok !== true) return false;
  sim.trace("operator", `holds ${id} of ${node.name}: ${wasHeld.value.recipients}`);
  sim.at(sim.now() + HOLD_MS_MAX * prng.fraction(), () => {
    void release({ sim, ledger, node, id: prng.chance(0.3) ? null : id });
  });
  const shown = await ask(node, { do: "queue show", id });
  if (shown?.ok !== true) return true;
  // What is being delivered just now comes to its end.
  const still = shown.value.recipients.filter(({ held, taken }) => held !== null && !taken);
  ledger.holds.push({
    server: node.name,
    id,
    content: atob(shown.value.content),
    recipients: still.map(({ to }) => to),
    fromMs: sim.now(),
    untilMs: Infinity,
  });
  return wasHeld.value.recipients > 0;
}

async function release({ sim, ledger, node, id }: {
  readonly sim: Sim;
  readonly ledger: Ledger;
  readonly node: ServerNode;
  /** `null`: everything. */
  readonly id: string | null;
}): Promise<void> {
  if (node.running === null) return;
  endHolds(ledger, { server: node.name, id, atMs: sim.now() });
  sim.trace("operator", `releases ${id ?? "everything"} of ${node.name}`);
  await ask(node, id === null ? { do: "queue release" } : { do: "queue release", id });
}

/** From the moment that a release is asked for, whether it is obeyed or not. */
function endHolds(
  { holds, restores }: Ledger,
  { server, id, atMs }: {
    readonly server: string;
    readonly id: string | null;
    readonly atMs: number;
  },
): void {
  const meant = (each: Hold) => each.server === server && (id === null || each.id === id);
  for (const each of holds.filter(meant)) each.untilMs = Math.min(each.untilMs, atMs);
  for (const each of restores.filter((restore) => restore.server === server)) {
    each.releasedAtMs = Math.min(each.releasedAtMs, atMs);
  }
}

async function retry({ sim, servers }: OperatorOptions, prng: Prng): Promise<boolean> {
  const found = await pickWaiting(servers, prng);
  if (found === null) return false;
  const { node, id, hop } = found;
  const request = prng.pick<AdminRequest>([
    { do: "queue retry", id },
    { do: "queue retry" },
    { do: "queue flush", domain: hop },
    { do: "queue flush" },
  ]);
  sim.trace("operator", `asks ${node.name} for ${JSON.stringify(request)}`);
  await ask(node, request);
  return true;
}

async function drop({ sim, servers, ledger }: OperatorOptions, prng: Prng): Promise<boolean> {
  const found = await pickWaiting(servers, prng);
  if (found === null) return false;
  const { node, id } = found;
  const shown = await ask(node, { do: "queue show", id });
  if (shown?.ok !== true) return false;
  sim.trace("operator", `drops ${id} of ${node.name}`);
  const dropped: Ledger["drops"][number] = {
    server: node.name,
    id,
    content: atob(shown.value.content),
    count: null,
    endedAtMs: Infinity,
    recorded: [],
  };
  ledger.drops.push(dropped);
  const answer = await ask(node, { do: "queue drop", id });
  dropped.endedAtMs = sim.now();
  // It may have come to its end just before.
  if (answer !== null) dropped.count = answer.ok ? answer.value.recipients : 0;
  return true;
}

async function check({ sim, servers }: OperatorOptions, prng: Prng): Promise<boolean> {
  const node = prng.pick(servers);
  const answer = await ask(node, { do: "check" });
  if (answer?.ok !== true) return false;
  for (const fault of answer.value.faults) sim.complain(`check of ${node.name}: ${fault}`);
  return true;
}

async function backUp({ sim, servers }: OperatorOptions, prng: Prng): Promise<boolean> {
  const node = prng.pick(servers);
  sim.trace("operator", `copies the data of ${node.name}`);
  const answer = await ask(node, { do: "backup", directory: "/elsewhere" });
  return answer?.ok === true;
}

/** A disk of which there is a copy, which may be an old one. */
async function loseDisk(options: OperatorOptions, prng: Prng): Promise<boolean> {
  const { sim, servers, ledger } = options;
  const node = prng.pick(servers);
  if (node.disk.backup === null) {
    await ask(node, { do: "backup", directory: "/elsewhere" });
    return false;
  }
  const lostAtMs = sim.now();
  const { atMs: copiedAtMs } = node.disk.backup;
  // What was done since to what waits is forgotten.
  endHolds(ledger, { server: node.name, id: null, atMs: lostAtMs });
  ledger.restores.push({
    server: node.name,
    copiedAtMs,
    lostAtMs,
    backAtMs: Infinity,
    releasedAtMs: Infinity,
  });
  forgetAccounts(ledger, { server: node.name, copiedAtMs, lostAtMs });
  node.crash("disk");
  return true;
}

/** Whether whoever came or went since has an account is seen when the server is back. */
function forgetAccounts(
  { accounts }: Ledger,
  { server, copiedAtMs, lostAtMs }: Pick<Restore, "server" | "copiedAtMs" | "lostAtMs">,
): void {
  const changed = accounts.filter((each) => each.server === server && each.atMs >= copiedAtMs);
  for (const account of new Set(changed.map((each) => each.account))) {
    accounts.push({ server, account, change: "adding", atMs: lostAtMs });
  }
}

/**
 * What a server goes on with from a backup: these accounts, and everything held that waited. The
 * operator lets it go after a while.
 */
export function goOn(
  options: Pick<OperatorOptions, "sim" | "ledger">,
  node: ServerNode,
  accounts: readonly string[],
): void {
  const { sim, ledger } = options;
  const { name: server } = node;
  const backAtMs = sim.now();
  const restore = ledger.restores.findLast((each) => each.server === server)!;
  restore.backAtMs = backAtMs;
  const known = ledger.accounts.filter((each) => each.server === server)
    .map(({ account }) => account);
  for (const account of new Set(known)) {
    const isThere = accounts.includes(account);
    const wasThere = ledger.accounts.findLast((each) => each.account === account)!.change;
    const change = isThere ? "added" : "removed";
    if (wasThere !== change) ledger.accounts.push({ server, account, change, atMs: backAtMs });
  }
  const waitMs = HOLD_MS_MAX * sim.random(`restored ${server}`).fraction();
  sim.at(backAtMs + waitMs, () => void release({ sim, ledger, node, id: null }));
}

/** What is in the backups that nobody needed: all that was taken before, and nothing broken. */
export async function checkBackups({ sim, servers, ledger }: OperatorOptions): Promise<void> {
  for (const { name, disk: { backup } } of servers) {
    if (backup === null) continue;
    await using store = sqliteStore(copyDatabase(backup.database), { turn: () => sim.sleep(1) });
    for (const fault of await store.check()) sim.complain(`the backup of ${name}: ${fault}`);
    for (const { server, id, mark, beganAtMs, endedAtMs } of ledger.submissions) {
      // What the first version took has no history.
      if (server !== name || id === null || endedAtMs === 0) continue;
      const isThere = (await store.history.find(id, 1)).length > 0;
      const wasRestored = ledger.restores.some((each) => each.server === name);
      if (!isThere && endedAtMs <= backup.atMs && !wasRestored) {
        sim.complain(`the backup of ${name} lacks ${mark}, which was answered with 250 before`);
      }
      if (isThere && beganAtMs > backup.atMs) {
        sim.complain(`the backup of ${name} has ${mark}, which came later`);
      }
    }
  }
}

interface Waiting {
  readonly node: ServerNode;
  readonly id: string;
  readonly hop: string;
}

/** One message that waits somewhere; `null` where none does. */
async function pickWaiting(servers: readonly ServerNode[], prng: Prng): Promise<Waiting | null> {
  for (const node of prng.shuffled(servers)) {
    const answer = await ask(node, { do: "queue list" });
    if (answer?.ok !== true || answer.value.queue.length === 0) continue;
    const { id, hop } = prng.pick(answer.value.queue);
    return { node, id, hop };
  }
  return null;
}

type Answered<Request extends AdminRequest> =
  | { readonly ok: true; readonly value: AdminValues[Request["do"]] }
  | Extract<AdminAnswer, { readonly ok: false }>;

/** `null`: nobody answers, and nobody knows whether it was done. */
export async function ask<Request extends AdminRequest>(
  node: ServerNode,
  request: Request,
): Promise<Answered<Request> | null> {
  const { running } = node;
  if (running === null) return null;
  const parts = { world: node.world, store: running.store, domain: node.name };
  return await administer(parts, request).catch(() => null) as Answered<Request> | null;
}
