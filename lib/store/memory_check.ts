/** Whether everything in the memory store is as it has to be. */
import { formatAddress } from "../mail/address.ts";
import { everQueued, isEnd } from "./happenings.ts";
import { countEntry, keywordsIn } from "./flags.ts";
import type { HistoryRow, MailboxRow, Memory, MessageRow } from "./memory_tables.ts";
import type { MessageId, ModSeq } from "./store.ts";

/** Sentences for people, like those of the check in SQLite. */
export function memoryCheck(memory: Memory): readonly string[] {
  return [
    ...[...memory.mailboxes.values()].flatMap(mailboxFaults),
    ...contentFaults(memory),
    ...historyFaults(memory),
    ...[...memory.aliases.values()]
      .filter(({ targets }) => targets.length === 0)
      .map(({ name }) => `alias ${name} leads nowhere`),
    ...[...memory.hops.keys()]
      .filter((hop) => ![...memory.queue.values()].some((row) => row.hop === hop))
      .map((hop) => `hop ${hop} is deferred though nothing waits for it`),
  ];
}

function mailboxFaults(mailbox: MailboxRow): string[] {
  const { id, modSeq, uidNext, account } = mailbox;
  const faults: string[] = [];
  if (modSeq > account.modSeq) faults.push(`mailbox ${id}: its mark is past that of its account`);
  const marks = new Set<ModSeq>();
  for (const change of [...mailbox.entries.values(), ...mailbox.removed]) {
    if (change.uid >= uidNext) faults.push(`mailbox ${id}: uid ${change.uid} is past its uidNext`);
    if (change.modSeq > modSeq) faults.push(`mailbox ${id}: uid ${change.uid} has a mark past its`);
    if (marks.has(change.modSeq)) {
      faults.push(`mailbox ${id}: two changes have mark ${change.modSeq}`);
    }
    marks.add(change.modSeq);
  }
  for (const { uid } of mailbox.removed) {
    if (mailbox.entries.has(uid)) faults.push(`mailbox ${id}: uid ${uid} is there and is removed`);
  }
  return [...faults, ...countFaults(mailbox)];
}

/** What is counted of a mailbox is what counting its messages gives. */
function countFaults({ id, counts, entries, keywords }: MailboxRow): string[] {
  const found = { messages: 0, unseen: 0, deleted: 0, size: 0 };
  for (const entry of entries.values()) countEntry(found, entry, 1);
  const wrong = JSON.stringify(found) !== JSON.stringify(counts);
  const known = new Set(keywords);
  return [
    ...wrong ? [`mailbox ${id} counts ${JSON.stringify(counts)}: ${JSON.stringify(found)}`] : [],
    ...[...entries.values()]
      .filter((entry) => keywordsIn(entry).some((keyword) => !known.has(keyword)))
      .map(({ uid }) => `mailbox ${id}: uid ${uid} has a keyword that the mailbox does not know`),
  ];
}

function contentFaults(memory: Memory): string[] {
  const uses = new Map<MessageId, number>();
  const count = ({ id }: MessageRow) => uses.set(id, (uses.get(id) ?? 0) + 1);
  for (const { entries } of memory.mailboxes.values()) {
    for (const { content } of entries.values()) count(content);
  }
  for (const { content } of memory.queue.values()) count(content);
  return [
    ...[...uses.keys()]
      .filter((id) => !memory.messages.has(id))
      .map((id) => `message ${id} is needed and not there`),
    ...[...memory.messages.values()]
      .filter(({ id, uses: counted }) => counted !== (uses.get(id) ?? 0))
      .map(({ id }) => `message ${id} counts its uses wrong`),
  ];
}

/** Design, promise 2: each recipient that was queued still waits, or came to one end. */
function historyFaults({ queue, histories }: Memory): string[] {
  const waiting = [...queue.values()].map(({ content, recipient }) =>
    `${content.id} ${formatAddress(recipient.address)}`
  );
  return [
    ...[...queue.values()]
      .filter(({ content }) => !histories.has(content.id))
      .map(({ content }) => `message ${content.id} waits and has no history`),
    ...[...histories.values()].flatMap((row) => endFaults(row, waiting)),
  ];
}

/** `waiting`: everybody in the queue, as message and address. */
function endFaults(row: HistoryRow, waiting: readonly string[]): string[] {
  const { message, happenings } = row;
  const queued = everQueued(row.queued, happenings).map(formatAddress);
  const ended = happenings.flatMap((each) => "outcomes" in each ? each.outcomes : [])
    .filter(isEnd).flatMap(({ recipients }) => recipients.map(formatAddress));
  return [...new Set(queued)].flatMap((to) => {
    const waits = countOf(waiting, `${message} ${to}`);
    const [began, ends] = [countOf(queued, to), countOf(ended, to)];
    if (began === waits + ends) return [];
    return `message ${message}: ${to} was queued ${began} times, waits ${waits} times ` +
      `and ended ${ends} times`;
  });
}

function countOf(list: readonly string[], item: string): number {
  return list.filter((each) => each === item).length;
}
