/** Bringing messages into mailboxes, copying and removing them, in memory; and their flags. */
import { type Brought, contentBytes, prepareBrought } from "./content.ts";
import {
  changeFlags,
  DELETED,
  distinctKeywords,
  entryOf,
  givenFlags,
  keywordsIn,
  parseFlags,
  sameFlags,
} from "./flags.ts";
import { change, mailboxRow, namedRow } from "./memory_change.ts";
import { addEntry, removeEntries, spell, spellIn, updateEntry } from "./memory_mailbox.ts";
import {
  bodyOfChunks,
  type MailboxRow,
  type Memory,
  type MemoryParts,
  type MessageRow,
} from "./memory_tables.ts";
import { newKeys } from "./imported.ts";
import {
  type Entry,
  type FlagChange,
  IMPORTED_KEPT,
  type Mail,
  type Placed,
  type Uid,
} from "./store.ts";

export function memoryEntries(
  parts: MemoryParts,
): Pick<Mail, "append" | "take" | "forgetTaken" | "setFlags" | "copy" | "remove" | "expunge"> {
  const { memory } = parts;
  return {
    async append(to, messages, { at, replaces }) {
      const brought = await Promise.all(messages.map((each) => prepareBrought(each, at)));
      return await change(parts, (touch) => {
        const mailbox = namedRow(memory, to);
        const uids = append(memory, mailbox, brought);
        const old = memory.mailboxes.get(replaces?.mailbox ?? -1);
        if (old !== undefined) removeEntries(memory, old, [replaces!.uid]);
        for (const row of [mailbox, ...old === undefined ? [] : [old]]) touch(row.account);
        return { uidValidity: mailbox.uidValidity, uids };
      }, contentBytes(brought));
    },
    async take(to, messages, at) {
      const brought = await Promise.all(messages.map((each) => prepareBrought(each, at)));
      return await change(parts, (touch) => {
        const mailbox = namedRow(memory, to);
        const { imported } = mailbox;
        const isNew = newKeys(messages, (key) => imported.has(key.toHex()));
        append(memory, mailbox, brought.filter((_, each) => isNew[each]));
        touch(mailbox.account);
        const keys = messages.filter((_, each) => isNew[each]).map(({ key }) => key.toHex());
        for (const key of keys) imported.add(key);
        forgetOldest(imported, imported.size - IMPORTED_KEPT);
        return keys.length;
      }, contentBytes(brought));
    },
    forgetTaken(id, max) {
      return parts.group.run(() => {
        const imported = memory.mailboxes.get(id)?.imported ?? new Set<string>();
        return forgetOldest(imported, Math.min(max, imported.size));
      });
    },
    setFlags(id, wanted) {
      return change(parts, (touch) => {
        const mailbox = mailboxRow(memory, id);
        touch(mailbox.account);
        return setFlags(mailbox, wanted);
      });
    },
    copy(id, uids, to, options) {
      return change(parts, (touch) => {
        const [source, target] = [mailboxRow(memory, id), namedRow(memory, to)];
        for (const row of [source, target]) touch(row.account);
        return copyEntries(memory, { source, target, uids, ...options });
      });
    },
    remove(id, uids) {
      return change(parts, (touch) => {
        const mailbox = memory.mailboxes.get(id);
        if (mailbox === undefined) return;
        touch(mailbox.account);
        removeEntries(memory, mailbox, uids);
      });
    },
    expunge(id, uids) {
      return change(parts, (touch) => {
        const mailbox = memory.mailboxes.get(id);
        if (mailbox === undefined) return;
        touch(mailbox.account);
        const chosen = uids === null ? null : new Set(uids);
        const deleted = [...mailbox.entries.values()].filter(({ bits, uid }) =>
          (bits & DELETED) !== 0 && (chosen === null || chosen.has(uid))
        );
        removeEntries(memory, mailbox, deleted.map(({ uid }) => uid));
      });
    },
  };
}

/** @throws {StoreError} `limit`, before anything is changed. */
export function copyEntries(
  memory: Memory,
  { source, target, uids, move, at }: {
    readonly source: MailboxRow;
    readonly target: MailboxRow;
    readonly uids: readonly Uid[];
    readonly move: boolean;
    readonly at: number;
  },
): Placed & { readonly from: readonly Uid[] } {
  const entries = [...new Set(uids)].flatMap((uid) => source.entries.get(uid) ?? []);
  spell(target, distinctKeywords(entries.flatMap(keywordsIn)));
  const placed = entries.map((entry) => {
    const { bits, receivedAt, prefix, content } = entry;
    const keywords = spell(target, keywordsIn(entry));
    return addEntry(target, { bits, keywords, receivedAt, savedAt: at, prefix, content });
  });
  const from = entries.map(({ uid }) => uid);
  if (move) removeEntries(memory, source, from);
  return { uidValidity: target.uidValidity, uids: placed, from };
}

function append(memory: Memory, mailbox: MailboxRow, brought: readonly Brought[]): readonly Uid[] {
  const flags = brought.map((each) => parseFlags(each.flags));
  spellIn(mailbox, distinctKeywords(flags.flatMap(({ keywords }) => keywords)));
  const ids = new Set(brought.map(({ message }) => message.id));
  const taken = [...ids].find((id) => memory.messages.has(id));
  if (taken !== undefined) throw new Error(`there is a message ${taken} already`);
  if (ids.size < brought.length) throw new Error("two messages have one id");
  return brought.map(({ message, chunks, receivedAt }, at) => {
    const { bits, keywords } = flags[at]!;
    const content: MessageRow = {
      ...message,
      body: bodyOfChunks(chunks),
      parts: new Map(),
      uses: 0,
    };
    memory.messages.set(content.id, content);
    return addEntry(mailbox, {
      bits,
      keywords: spell(mailbox, keywords),
      receivedAt,
      savedAt: message.acceptedAt,
      prefix: new Uint8Array(0),
      content,
    });
  });
}

function setFlags(
  mailbox: MailboxRow,
  { uids, change, flags, unchangedSince }: FlagChange,
): { readonly entries: readonly Entry[]; readonly modified: readonly Uid[] } {
  const wanted = givenFlags(mailbox.keywords, change, parseFlags(flags));
  const given = { bits: wanted.bits, keywords: spell(mailbox, wanted.keywords) };
  const entries: Entry[] = [];
  const modified: Uid[] = [];
  for (const uid of new Set(uids)) {
    const old = mailbox.entries.get(uid);
    if (old === undefined) continue;
    if (unchangedSince !== null && old.modSeq > unchangedSince) {
      modified.push(uid);
      continue;
    }
    const next = changeFlags(old, change, given);
    entries.push(entryOf(sameFlags(old, next) ? old : updateEntry(mailbox, old, next)));
  }
  return { entries, modified };
}

/** Gives how many were forgotten. */
function forgetOldest(keys: Set<string>, count: number): number {
  const oldest = [...keys].slice(0, Math.max(0, count));
  for (const key of oldest) keys.delete(key);
  return oldest.length;
}
