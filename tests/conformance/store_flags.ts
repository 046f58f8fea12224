/** The promises about flags. */
import assert from "$assert";
import { KEYWORD_CHARACTERS_MAX, KEYWORDS_MAX } from "../../lib/store/flags.ts";
import type { Account, FlagChange, Mailbox, Store } from "../../lib/store/store.ts";
import {
  addAccount,
  AT,
  brought,
  inboxOf,
  isSettled,
  message,
  NEVER,
  type OpenStore,
  rejectsWith,
  storeTest,
  toInbox,
} from "./store_support.ts";

/** What is done to the flags of uid 1, and how they are then. */
const CHANGES: readonly (readonly [
  change: FlagChange["change"],
  flags: readonly string[],
  then: readonly string[],
])[] = [
  ["add", ["\\Seen"], ["\\Seen"]],
  ["add", ["\\DRAFT", "Work", "\\deleted"], ["\\Seen", "\\Deleted", "\\Draft", "Work"]],
  ["remove", ["\\Seen", "never-there"], ["\\Deleted", "\\Draft", "Work"]],
  // A keyword keeps the spelling in which it came first (RFC 9051 §2.3.2).
  ["add", ["WORK", "$Junk"], ["\\Deleted", "\\Draft", "$Junk", "Work"]],
  ["remove", ["work"], ["\\Deleted", "\\Draft", "$Junk"]],
  ["set", ["wOrK", "work", "\\Answered", "\\Flagged"], ["\\Answered", "\\Flagged", "Work"]],
  ["set", [], []],
];

export function flagsConformance(name: string, open: OpenStore): void {
  storeTest(`${name}: flags are added, removed and set`, open, async (store) => {
    const { inbox } = await withMail(store, 2);
    for (const [change, flags, then] of CHANGES) {
      const { entries } = await store.mail.setFlags(inbox.id, changeOf([1], change, flags));
      assert.deepEqual(entries.map((entry) => [entry.uid, entry.flags]), [[1, then]]);
      const [first, second] = await store.mail.list(inbox.id, 0, 10);
      assert.deepEqual(first, entries[0]);
      assert.deepEqual(second!.flags, []);
      assert.deepEqual(await store.check(), []);
    }
    assert.deepEqual(await store.mail.keywords(inbox.id), ["$Junk", "Work"]);
    await rejectsWith("unknown", store.mail.setFlags(-1, changeOf([1], "add", ["\\Seen"])));
  });

  storeTest(`${name}: flags of many are set at once, and of those alone`, open, async (store) => {
    const { alice, inbox } = await withMail(store, 12);
    await store.mail.remove(inbox.id, [4]);
    await store.mail.setFlags(inbox.id, changeOf([2, 8], "add", ["\\Seen"]));
    await store.mail.setFlags(inbox.id, changeOf([6], "add", ["Work"]));
    const before = await store.mail.list(inbox.id, 0, 20);
    const mark = store.mail.modSeq(alice.id);
    // 4 is gone, 2 and 8 have them already, 6 is to have another set, and 10 is left alone.
    const uids = [1, 2, 3, 5, 6, 7, 8, 9, 11, 12];
    const { entries } = await store.mail.setFlags(inbox.id, changeOf(uids, "add", ["\\Seen"]));
    const after = await store.mail.list(inbox.id, 0, 20);
    assert.deepEqual(after.filter(({ uid }) => uid !== 10), entries);
    assert.deepEqual(after[8], before[8]);
    const changed = after.filter(({ modSeq }) => modSeq > mark);
    assert.deepEqual(changed.map(({ uid }) => uid), [1, 3, 5, 6, 7, 9, 11, 12]);
    assert.deepEqual(changed.map(({ modSeq }) => modSeq - mark), [1, 2, 3, 4, 5, 6, 7, 8]);
    assert.deepEqual(changed[3]!.flags, ["\\Seen", "Work"]);
    assert.ok(after.every(({ uid, flags }) => uid === 10 || flags.includes("\\Seen")));
    assert.deepEqual(await store.check(), []);
  });

  storeTest(`${name}: a mailbox counts what is unseen and deleted`, open, async (store) => {
    const { alice, inbox } = await withMail(store, 3);
    const counts = async () => {
      const { messages, unseen, deleted } = await inboxOf(store, alice);
      return [messages, unseen, deleted];
    };
    assert.deepEqual(await counts(), [3, 3, 0]);
    await store.mail.setFlags(inbox.id, changeOf([1, 2], "add", ["\\Seen", "\\Deleted"]));
    assert.deepEqual(await counts(), [3, 1, 2]);
    await store.mail.setFlags(inbox.id, changeOf([2], "remove", ["\\Seen"]));
    assert.deepEqual(await counts(), [3, 2, 2]);
    await store.mail.remove(inbox.id, [1]);
    assert.deepEqual(await counts(), [2, 2, 1]);
  });

  storeTest(`${name}: each change of flags has a mark, and no change has none`, open, async (s) => {
    const { alice, inbox } = await withMail(s, 3);
    const before = s.mail.modSeq(alice.id);
    const changed = s.mail.changed(alice.id, before, NEVER);
    const { entries } = await s.mail.setFlags(inbox.id, changeOf([3, 77, 1], "add", ["x"]));
    await changed;
    assert.deepEqual(entries.map((entry) => [entry.uid, entry.modSeq]), [
      [3, before + 1],
      [1, before + 2],
    ]);
    assert.equal(s.mail.modSeq(alice.id), before + 2);
    assert.equal((await inboxOf(s, alice)).modSeq, before + 2);
    // Changes come by mark, not by uid.
    const page = await s.mail.changes(inbox.id, before, 10);
    assert.deepEqual(page.entries.map(({ uid }) => uid), [3, 1]);
    const first = await s.mail.changes(inbox.id, before, 1);
    assert.deepEqual([first.entries.map(({ uid }) => uid), first.more], [[3], true]);

    const waiting = s.mail.changed(alice.id, before + 2, NEVER);
    const same = await s.mail.setFlags(inbox.id, changeOf([1, 2], "remove", ["\\Seen"]));
    assert.deepEqual(same.entries.map(({ uid }) => uid), [1, 2]);
    assert.equal(s.mail.modSeq(alice.id), before + 2);
    assert.equal(await isSettled(waiting), false);
    await s.mail.setFlags(inbox.id, changeOf([2], "add", ["\\Seen"]));
    await waiting;
  });

  storeTest(`${name}: flags that changed meanwhile are left alone`, open, async (store) => {
    const { alice, inbox } = await withMail(store, 3);
    const mark = store.mail.modSeq(alice.id);
    await store.mail.setFlags(inbox.id, changeOf([2], "add", ["\\Flagged"]));
    const { entries, modified } = await store.mail.setFlags(inbox.id, {
      ...changeOf([1, 2, 3, 77], "set", ["\\Seen"]),
      unchangedSince: mark,
    });
    assert.deepEqual(entries.map(({ uid }) => uid), [1, 3]);
    assert.deepEqual(modified, [2]);
    const flags = (await store.mail.list(inbox.id, 0, 10)).map((entry) => entry.flags);
    assert.deepEqual(flags, [["\\Seen"], ["\\Flagged"], ["\\Seen"]]);
  });

  storeTest(`${name}: expunge removes what is deleted, and of what was named`, open, async (s) => {
    const { alice, inbox } = await withMail(s, 5);
    const uids = async () => (await s.mail.list(inbox.id, 0, 10)).map(({ uid }) => uid);
    const mark = s.mail.modSeq(alice.id);
    await s.mail.expunge(inbox.id, null);
    await s.mail.expunge(-1, null);
    assert.equal(s.mail.modSeq(alice.id), mark);
    await s.mail.setFlags(inbox.id, changeOf([1, 2, 4], "add", ["\\Deleted"]));
    await s.mail.expunge(inbox.id, [2, 3, 77]);
    assert.deepEqual(await uids(), [1, 3, 4, 5]);
    await s.mail.expunge(inbox.id, null);
    assert.deepEqual(await uids(), [3, 5]);
    const { removed } = await s.mail.changes(inbox.id, mark, 10);
    assert.deepEqual(removed, [2, 1, 4]);
  });

  storeTest(`${name}: a mailbox knows two hundred keywords`, open, async (store) => {
    const { alice, inbox } = await withMail(store, 1);
    const known = Array.from({ length: KEYWORDS_MAX }, (_, at) => `k${at}`);
    await store.mail.setFlags(inbox.id, changeOf([1], "set", known));
    assert.equal((await store.mail.keywords(inbox.id)).length, KEYWORDS_MAX);
    const full = () => rejectsWith("limit", store.mail.setFlags(inbox.id, more));
    const more = changeOf([1], "add", ["one-more"]);
    await full();
    const to = { account: alice.id, name: "INBOX" };
    const two = [brought("m1"), brought("m2", ["one-more"])];
    await rejectsWith("limit", store.mail.append(to, two, { at: AT }));
    assert.equal((await store.mail.list(inbox.id, 0, 10)).length, 1);
  });

  storeTest(`${name}: keywords that no message has make room for others`, open, async (store) => {
    const { alice, inbox } = await withMail(store, 2);
    const known = Array.from({ length: KEYWORDS_MAX }, (_, at) => `k${at}`);
    await store.mail.setFlags(inbox.id, changeOf([1], "set", known));
    await store.mail.setFlags(inbox.id, changeOf([1], "set", ["K7"]));
    assert.equal((await store.mail.keywords(inbox.id)).length, KEYWORDS_MAX, "there is room yet");
    await store.mail.setFlags(inbox.id, changeOf([2], "add", ["one-more", "k8"]));
    assert.deepEqual(await store.mail.keywords(inbox.id), ["k7", "k8", "one-more"]);
    await store.mail.setFlags(inbox.id, changeOf([2], "add", known.slice(9)));
    const to = { account: alice.id, name: "INBOX" };
    await store.mail.append(to, [brought("m1", known.slice(0, 5))], { at: AT });
    const flags = (await store.mail.list(inbox.id, 0, 10)).map((each) => each.flags.length);
    assert.deepEqual(flags, [1, 193, 5], "and none of them is lost");
    await rejectsWith("limit", store.mail.setFlags(inbox.id, changeOf([1], "add", ["x", "y"])));
  });

  storeTest(`${name}: a keyword is an atom of a hundred characters`, open, async (store) => {
    const { inbox } = await withMail(store, 1);
    const long = "x".repeat(KEYWORD_CHARACTERS_MAX);
    await store.mail.setFlags(inbox.id, changeOf([1], "set", [long]));
    await rejectsWith("limit", store.mail.setFlags(inbox.id, changeOf([1], "set", [`${long}x`])));
    for (const bad of ["", "a b", 'a"b', "\\Recent", "ä", "a]", "a\r\nb", "(a", "*"]) {
      await assert.rejects(
        store.mail.setFlags(inbox.id, changeOf([1], "set", [bad])),
        RangeError,
        JSON.stringify(bad),
      );
    }
    assert.deepEqual((await store.mail.list(inbox.id, 0, 1))[0]!.flags, [long]);
  });
}

function changeOf(
  uids: readonly number[],
  change: FlagChange["change"],
  flags: readonly string[],
): FlagChange {
  return { uids, change, flags, unchangedSince: null };
}

async function withMail(
  store: Store,
  count: number,
): Promise<{ readonly alice: Account; readonly inbox: Mailbox }> {
  const alice = await addAccount(store, "alice@abc.com");
  for (let at = 1; at <= count; at++) await store.accept(message(`d${at}`, [toInbox(alice)]));
  return { alice, inbox: await inboxOf(store, alice) };
}
