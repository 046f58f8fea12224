/** The history of messages in memory. */
import { messageIdOf } from "../mail/message_id.ts";
import { everQueued, mayGo, nextAfter, shortened, withUnreached } from "./happenings.ts";
import {
  ATTEMPTS_KEPT,
  type Happening,
  type History,
  type MessageHistory,
  type Unreached,
  UNREACHED_KEPT,
} from "./history.ts";
import type { HistoryRow, Memory, MemoryParts } from "./memory_tables.ts";
import type { MessageId } from "./store.ts";

export function appendHistory(memory: Memory, message: MessageId, happening: Happening): void {
  const row = memory.histories.get(message)!;
  const happenings = [...row.happenings, happening];
  const going = happenings.filter(mayGo);
  const gone = new Set(going.slice(0, Math.max(0, going.length - ATTEMPTS_KEPT)));
  row.happenings = happenings.filter((each) => !gone.has(each));
  row.forgotten += gone.size;
}

export function addUnreached(memory: Memory, found: Omit<Unreached, "what">): void {
  const { hop, at } = found;
  const others = (memory.unreached.get(hop) ?? []).filter((each) => each.at !== at);
  const unreached: Unreached = { ...found, what: "unreached", reply: shortened(found.reply) };
  const all = [...others, unreached].sort((a, b) => a.at - b.at);
  memory.unreached.set(hop, all.slice(-UNREACHED_KEPT));
}

export function memoryHistory({ memory, group }: MemoryParts): History {
  return {
    find(name, max) {
      const wanted = messageIdOf(name);
      const rows = [...memory.histories.values()].filter((row) =>
        row.message === name || (row.messageId !== null && row.messageId === wanted)
      );
      return Promise.resolve(rows.reverse().slice(0, max).map((row) => complete(memory, row)));
    },
    forget: (before, { after, max, now }) =>
      group.run(() => {
        const rows = [...memory.histories.values()].filter(({ id }) => id > after).slice(0, max);
        for (const row of rows) {
          if (isOver(memory, row, before)) memory.histories.delete(row.message);
        }
        forgetUnreached(memory, before);
        return nextAfter(rows, before, { max, now });
      }),
  };
}

function isOver(memory: Memory, row: HistoryRow, before: number): boolean {
  return row.acceptedAt < before && row.happenings.every(({ at }) => (at ?? 0) < before) &&
    ![...memory.queue.values()].some(({ content }) => content.id === row.message);
}

function forgetUnreached(memory: Memory, before: number): void {
  const waited = new Set([...memory.queue.values()].map(({ hop }) => hop));
  for (const [hop, all] of memory.unreached) {
    if (waited.has(hop)) continue;
    const kept = all.filter(({ at }) => at >= before);
    if (kept.length > 0) memory.unreached.set(hop, kept);
    else memory.unreached.delete(hop);
  }
}

function complete(memory: Memory, row: HistoryRow): MessageHistory {
  const { id: _, mailboxes, happenings, ...rest } = row;
  const hops = new Set(everQueued(row.queued, happenings).map(({ domain }) => domain));
  const unreached = [...hops].flatMap((hop) => memory.unreached.get(hop) ?? [])
    .filter(({ at }) => at >= row.acceptedAt);
  const about = ({ origin }: HistoryRow) =>
    origin?.from === "report" && origin.about === row.message;
  return {
    ...rest,
    mailboxes: mailboxes.map((account) => memory.accounts.get(account)?.name ?? null),
    reports: [...memory.histories.values()].filter(about).map(({ message }) => message),
    happenings: withUnreached(row.queued, happenings, unreached),
  };
}
