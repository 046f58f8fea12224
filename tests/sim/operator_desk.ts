/** What the operator says to a server, by the code behind the control socket; who waits there. */
import {
  type AdminAnswer,
  administer,
  type AdminRequest,
  type AdminValues,
} from "../../lib/app/admin.ts";
import type { Hold, Ledger } from "./ledger.ts";
import type { Prng } from "./prng.ts";
import type { ServerNode, Sim } from "./sim.ts";

export interface OperatorOptions {
  readonly sim: Sim;
  readonly servers: readonly ServerNode[];
  readonly ledger: Ledger;
  /** By then it is done, in virtual milliseconds since the beginning. */
  readonly untilMs: number;
}

/** Gives whether there was something to do. */
export type Act = (options: OperatorOptions, prng: Prng) => Promise<boolean>;

/** A message is held for at most so long. */
export const HOLD_MS_MAX = 60 * 60_000;

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

export interface Waiting {
  readonly node: ServerNode;
  readonly id: string;
  readonly hop: string;
  /** How many other messages wait there. */
  readonly others: number;
}

/** One message that waits somewhere; `null` where none does. */
export async function pickWaiting(
  servers: readonly ServerNode[],
  prng: Prng,
): Promise<Waiting | null> {
  for (const node of prng.shuffled(servers)) {
    const answer = await ask(node, { do: "queue list" });
    if (answer?.ok !== true || answer.value.queue.length === 0) continue;
    const { id, hop } = prng.pick(answer.value.queue);
    const others = new Set(answer.value.queue.map((each) => each.id)).size - 1;
    // Where several wait, more can go wrong.
    if (others === 0 && prng.chance(0.8)) continue;
    return { node, id, hop, others };
  }
  return null;
}

/** Lets go what is held; whether that was heard, nobody knows. */
export async function release({ sim, ledger, node, id }: {
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
export function endHolds(
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
