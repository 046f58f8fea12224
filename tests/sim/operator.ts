/**
 * The operator of our servers, who does something at any moment, by the same code that answers
 * through the control socket: holds messages and lets them go, has them tried, drops them, and
 * looks whether all is well.
 */
import type { AdminRequest } from "../../lib/app/admin.ts";
import { formatAddress } from "../../lib/mail/address.ts";
import { backUp, loseDisk } from "./backups.ts";
import type { FaultKind } from "./faults.ts";
import type { Ledger } from "./ledger.ts";
import {
  type Act,
  ask,
  endHolds,
  HOLD_MS_MAX,
  type OperatorOptions,
  pickWaiting,
  release,
} from "./operator_desk.ts";
import type { Prng } from "./prng.ts";

/** Each kind of action is taken at most so often in one seed. */
const TIMES_MAX = 8;
/** What reads a whole store takes longer than all the rest. */
const WHOLE_TIMES_MAX = 3;
const MINUTE_MS = 60_000;
/** Most queues are empty most of the time; the operator looks again so often. */
const LOOKS_MAX = 30;
const LOOK_AGAIN_MS = MINUTE_MS;

/** From now on the operator is at work, as far as the seed says. */
export function startOperator(options: OperatorOptions): void {
  plan(options, "hold", hold);
  plan(options, "retry", retry);
  plan(options, "drop", drop);
  plan(options, "check", check, WHOLE_TIMES_MAX);
  plan(options, "backup", backUp, WHOLE_TIMES_MAX);
  plan(options, "restore", loseDisk, 1);
}

function plan(options: OperatorOptions, kind: FaultKind, act: Act, timesMax = TIMES_MAX): void {
  const { sim, untilMs } = options;
  const prng = sim.random(`operator ${kind}`);

  // A server that dies meanwhile never answers, and nobody waits for it.
  async function tryAct(looks: number): Promise<void> {
    if (!sim.faults.has(kind)) return;
    if (await act(options, prng)) return sim.faults.count(kind);
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
  const { node, id, others } = found;
  const shown = await ask(node, { do: "queue show", id });
  if (shown?.ok !== true) return false;
  sim.trace("operator", `drops ${id} of ${node.name}, where ${others} others wait`);
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
