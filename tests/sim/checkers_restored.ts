/**
 * What a server that goes on with a backup may have lost, and may do again: mail that came after
 * the copy is gone with the disk, and what waited then waits again.
 */
import { type Fate, isPassedOn, serversOn } from "./fates.ts";
import { domainOf, hearersOf, type World } from "./geography.ts";
import type { Copy, Ledger, Restore } from "./ledger.ts";

/** Whether it, or the report about it, may have been on a disk that was lost. */
export function mayBeLost(fate: Fate, ledger: Ledger, world: World): boolean {
  return restoresOf(fate, ledger, world).some((restore) => {
    // Whoever was given it before the copy has it in there, and alone decides what becomes of it.
    const { server, endedAtMs } = fate.submission;
    const isCopied = server === restore.server && endedAtMs <= restore.copiedAtMs;
    return !isCopied || isPassedOn(fate, world);
  });
}

/** Whether it may have waited in a copy, and have come to its end before that was needed. */
export function mayBeTwice(fate: Fate, ledger: Ledger, world: World): boolean {
  return restoresOf(fate, ledger, world).some(({ copiedAtMs }) =>
    fate.submission.beganAtMs <= copiedAtMs
  );
}

function restoresOf(fate: Fate, { restores }: Ledger, world: World): readonly Restore[] {
  const { submission, address } = fate;
  const hearers = hearersOf(address, submission, world)
    .map((hearer) => world.homeOf(domainOf(hearer)));
  const concerned = [...serversOn(fate, world), ...hearers];
  return restores.filter(({ server, lostAtMs }) =>
    concerned.includes(server) && submission.beganAtMs < lostAtMs
  );
}

/**
 * The copies in a mailbox, where what is restored is the same copy under another name: the most
 * that there are with one UIDVALIDITY.
 */
export function mostAtOnce(copies: readonly Copy[], { restores }: Ledger): number {
  const wasRestored = copies.some((copy) => restores.some(({ server }) => server === copy.server));
  if (!wasRestored) return copies.length;
  const times = Map.groupBy(copies, ({ uniqueId }) => uniqueId.split(".")[0]);
  return Math.max(...[...times.values()].map((each) => each.length));
}
