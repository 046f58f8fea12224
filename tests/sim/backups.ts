/** Backups of running servers, and disks that are lost. */
import { sqliteStore } from "../../lib/store/sqlite.ts";
import { copyDatabase } from "./copy_database.ts";
import type { Ledger, Restore } from "./ledger.ts";
import { ask, endHolds, HOLD_MS_MAX, type OperatorOptions, release } from "./operator_desk.ts";
import type { Prng } from "./prng.ts";
import type { ServerNode } from "./sim.ts";

/** Has the data of a running server copied. */
export async function backUp({ sim, servers }: OperatorOptions, prng: Prng): Promise<boolean> {
  const node = prng.pick(servers);
  sim.trace("operator", `copies the data of ${node.name}`);
  const answer = await ask(node, { do: "backup", directory: "/elsewhere" });
  return answer?.ok === true;
}

/** A disk of which there is a copy, which may be an old one. */
export async function loseDisk(options: OperatorOptions, prng: Prng): Promise<boolean> {
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
