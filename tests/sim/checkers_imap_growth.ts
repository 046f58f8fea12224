/**
 * The numbers of every mailbox only grow (RFC 9051 §2.3.1.1, RFC 7162 §3.1): its UIDs, its mark,
 * and those of each message; and nothing changes without them.
 */
import type { MailboxState } from "./imap_ledger.ts";
import type { Ledger } from "./ledger.ts";

/** What is wrong with the numbers of mailboxes, one sentence each. */
export function checkImapGrowth({ imap, restores }: Ledger): readonly string[] {
  const isRestored = (name: string) => restores.some(({ server }) => server === name);
  const byMailbox = Map.groupBy(
    // RFC 9051 §2.3.1.1: a restored mailbox has a UIDVALIDITY of its own, and begins anew.
    imap.states.filter(({ server }) => !isRestored(server)),
    ({ server, account, accountId, name }) => `${name} of ${account} (${accountId}) at ${server}`,
  );
  return [...byMailbox].flatMap(([name, its]) => {
    const rising = its.toSorted((a, b) => a.atMs - b.atMs);
    return rising.flatMap((now, at) => {
      const faults = [...alone(now), ...at === 0 ? [] : compare(rising[at - 1]!, now)];
      return faults.map((fault) => `${name} at ${now.atMs} ms: ${fault}`);
    });
  });
}

function alone({ entries, uidNext, modSeq }: MailboxState): readonly string[] {
  const faults: string[] = [];
  if (entries.some(({ uid }) => uid >= uidNext)) faults.push(`a uid is not below ${uidNext}`);
  if (entries.some((entry) => entry.modSeq > modSeq)) faults.push(`a modseq is above ${modSeq}`);
  const marks = entries.map((entry) => entry.modSeq);
  if (new Set(marks).size < marks.length) faults.push("two messages have one modseq");
  return faults;
}

function compare(before: MailboxState, now: MailboxState): readonly string[] {
  const faults: string[] = [];
  if (now.uidValidity !== before.uidValidity) return ["its uidvalidity changed"];
  if (now.uidNext < before.uidNext) faults.push(`uidnext went back to ${now.uidNext}`);
  if (now.modSeq < before.modSeq) faults.push(`modseq went back to ${now.modSeq}`);
  const known = new Map(before.entries.map((entry) => [entry.uid, entry]));
  for (const { uid, modSeq, flags } of now.entries) {
    const old = known.get(uid);
    if (old === undefined) {
      if (uid < before.uidNext) faults.push(`uid ${uid} came back`);
      if (modSeq <= before.modSeq) faults.push(`uid ${uid} came with modseq ${modSeq}`);
      continue;
    }
    if (modSeq < old.modSeq) faults.push(`uid ${uid} has modseq ${modSeq}, after ${old.modSeq}`);
    const isChanged = flags.toSorted().join(" ") !== old.flags.toSorted().join(" ");
    if (isChanged && modSeq <= before.modSeq) {
      faults.push(`the flags of uid ${uid} changed, and not its modseq`);
    }
  }
  const isLess = before.entries.some(({ uid }) => !now.entries.some((each) => each.uid === uid));
  if (isLess && now.modSeq <= before.modSeq) faults.push("a message went, and its modseq stayed");
  return faults;
}
