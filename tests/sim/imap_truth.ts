/** What is in mailboxes in truth, to be compared with what readers were told. */
import type { MailboxState } from "./imap_ledger.ts";
import type { Told } from "./imap_told.ts";
import type { ServerNode } from "./sim.ts";

/** More than any mailbox of a simulation has. */
const ENTRIES_MAX = 1000;

/** All mailboxes of an account; none where the server, or the account, is not there. */
export async function truthOf(
  node: ServerNode,
  account: string,
  atMs: number,
): Promise<readonly MailboxState[]> {
  const { running } = node;
  const found = running?.store.users.find(account);
  if (running === null || found === undefined || found === null) return [];
  const { store } = running;
  const states: MailboxState[] = [];
  for (const { mailbox } of await store.mailboxes.list(found.id)) {
    if (mailbox === null) continue;
    const { name, uidValidity, uidNext, modSeq } = mailbox;
    const entries = (await store.mail.list(mailbox.id, 0, ENTRIES_MAX))
      .map(({ uid, modSeq, flags }) => ({ uid, modSeq, flags }));
    const where = { server: node.name, account, accountId: found.id, name, atMs };
    states.push({ ...where, uidValidity, uidNext, modSeq, entries });
  }
  return states;
}

/** Where what a reader was told is not what is there; one sentence each. */
export function differences(told: Told, truth: MailboxState): readonly string[] {
  const { slots } = told;
  const { entries } = truth;
  if (slots.length !== entries.length) {
    const uids = (list: readonly { readonly uid: number | null }[]) =>
      list.map(({ uid }) => uid ?? "?").join(",");
    return [`${slots.length} messages (${uids(slots)}), not ${entries.length} (${uids(entries)})`];
  }
  return slots.flatMap(({ uid, flags, modSeq }, at) => {
    const entry = entries[at]!;
    if (uid !== null && uid !== entry.uid) return [`message ${at + 1} as ${uid}, not ${entry.uid}`];
    const about = `uid ${entry.uid} with`;
    if (flags !== null && !isSame(flags, entry.flags)) {
      return [`${about} (${flags.join(" ")}), not (${entry.flags.join(" ")})`];
    }
    return modSeq !== null && modSeq > entry.modSeq
      ? [`${about} modseq ${modSeq}, not ${entry.modSeq}`]
      : [];
  });
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((flag) => other.includes(flag));
}
