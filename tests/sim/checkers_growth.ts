/** What IMAP and POP3 clients rely on: numbers of a mailbox only grow (RFC 9051 §2.3.1.1). */
import type { Ledger, MailboxSnapshot } from "./ledger.ts";

/** What is wrong with the numbers of mailboxes, one sentence each. */
export function checkGrowth({ snapshots, restores }: Ledger): readonly string[] {
  const faults: string[] = [];
  const last = new Map<string, MailboxSnapshot>();
  for (const now of snapshots) {
    const name = `mailbox ${now.account} of ${now.server}`;
    const before = last.get(name);
    last.set(name, now);
    const beyond = now.uids.find((uid) => uid >= now.uidNext);
    if (beyond !== undefined) faults.push(`${name}: uid ${beyond} is not below ${now.uidNext}`);
    if (before === undefined) continue;
    const restored = restores.find(({ server, backAtMs }) =>
      server === now.server && before.atMs < backAtMs && backAtMs <= now.atMs
    );
    if (restored !== undefined) {
      // RFC 9051 §2.3.1.1: its uids may be given out again, for other messages.
      const given = snapshots.filter(({ server, atMs }) =>
        server === now.server && atMs < restored.backAtMs
      );
      const isNew = given.every(({ uidValidity }) => uidValidity < now.uidValidity);
      if (!isNew) faults.push(`${name} was restored, and its uidvalidity is not a new one`);
      continue;
    }
    faults.push(...compare(before, now).map((fault) => `${name} at ${now.atMs} ms: ${fault}`));
  }
  return faults;
}

function compare(before: MailboxSnapshot, now: MailboxSnapshot): readonly string[] {
  if (now.uidValidity !== before.uidValidity) return ["its uidvalidity changed"];
  const faults: string[] = [];
  if (now.uidNext < before.uidNext) faults.push(`uidnext went back to ${now.uidNext}`);
  if (now.modSeq < before.modSeq) faults.push(`modseq went back to ${now.modSeq}`);
  const known = new Set(before.uids);
  const reused = now.uids.find((uid) => uid < before.uidNext && !known.has(uid));
  if (reused !== undefined) faults.push(`uid ${reused} came back`);
  const isSame = now.uids.length === known.size && now.uids.every((uid) => known.has(uid));
  if (!isSame && now.modSeq === before.modSeq) faults.push("it changed and its modseq did not");
  return faults;
}
