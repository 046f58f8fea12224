/** The promises about messages that clients bring, copy and move. */
import assert from "$assert";
import { bodyOf } from "../../lib/mail/body.ts";
import { encode } from "../../lib/wire/bytes.ts";
import {
  addAccount,
  AT,
  brought,
  inboxOf,
  mailboxNamed,
  message,
  NEVER,
  type OpenStore,
  rejectsWith,
  storeTest,
  textOf,
  toInbox,
} from "./store_support.ts";

export function copiesConformance(name: string, open: OpenStore): void {
  storeTest(`${name}: append brings messages with flags and dates`, open, async (store) => {
    const alice = await addAccount(store, "alice@abc.com");
    const before = store.mail.modSeq(alice.id);
    const changed = store.mail.changed(alice.id, before, NEVER);
    const to = { account: alice.id, name: "Sent" };
    const two = [brought("m1", ["\\Seen", "Work"]), { ...brought("m2"), receivedAt: 5 }];
    const placed = await store.mail.append(to, two, { at: AT });
    await changed;
    const sent = await mailboxNamed(store, alice, "Sent");
    assert.deepEqual(placed, { uidValidity: sent.uidValidity, uids: [1, 2] });
    assert.deepEqual(await store.mail.list(sent.id, 0, 10), [
      {
        uid: 1,
        size: two[0]!.content.size,
        receivedAt: 1_600_000_000_000,
        savedAt: AT,
        modSeq: before + 1,
        message: "m1",
        flags: ["\\Seen", "Work"],
      },
      {
        uid: 2,
        size: two[1]!.content.size,
        receivedAt: 5,
        savedAt: AT,
        modSeq: before + 2,
        message: "m2",
        flags: [],
      },
    ]);
    assert.match(await textOf(await store.mail.body(sent.id, 2)), /^Subject: m2\r\n/);
    assert.deepEqual([sent.messages, sent.unseen, sent.uidNext], [2, 1, 3]);
    assert.equal(sent.size, two[0]!.content.size + two[1]!.content.size);
  });

  storeTest(`${name}: append brings all of its messages, or none`, open, async (store) => {
    const alice = await addAccount(store, "alice@abc.com");
    const to = { account: alice.id, name: "Sent" };
    const append = (flags: readonly string[]) =>
      store.mail.append(to, [brought("m1", ["new"]), brought("m2", flags)], { at: AT });
    await assert.rejects(append(["no flag"]), RangeError);
    const nowhere = { account: alice.id, name: "Nowhere" };
    await rejectsWith("unknown", store.mail.append(nowhere, [brought("m1")], { at: AT }));
    const short = { ...brought("m3"), content: { size: 10, slice: () => new Uint8Array(3) } };
    await assert.rejects(store.mail.append(to, [brought("m1"), short], { at: AT }), RangeError);
    const sent = await mailboxNamed(store, alice, "Sent");
    assert.deepEqual([sent.messages, sent.uidNext], [0, 1]);
    assert.deepEqual(await store.mail.keywords(sent.id), []);
    // The ids are free: nothing of the messages is there. And then they are not.
    await append([]);
    await assert.rejects(store.mail.append(to, [brought("m1")], { at: AT }));
    await assert.rejects(store.accept(message("m1", [toInbox(alice)])));
    await assert.rejects(
      store.mail.append(to, [brought("m4"), brought("m4")], { at: AT }),
    );
    assert.equal((await mailboxNamed(store, alice, "Sent")).messages, 2);
  });

  storeTest(`${name}: append replaces one message by another`, open, async (store) => {
    const alice = await addAccount(store, "alice@abc.com");
    const to = { account: alice.id, name: "Drafts" };
    const drafts = await mailboxNamed(store, alice, "Drafts");
    await store.mail.append(to, [brought("v1")], { at: AT });
    for (const [at, id] of ["v2", "v3"].entries()) {
      const replaces = { mailbox: drafts.id, uid: at + 1 };
      const { uids } = await store.mail.append(to, [brought(id)], { at: AT, replaces });
      assert.deepEqual(uids, [at + 2]);
      const left = await store.mail.list(drafts.id, 0, 10);
      assert.deepEqual(left.map((entry) => entry.message), [id]);
    }
    // Across mailboxes; and what is gone already is not missed.
    const replaces = { mailbox: drafts.id, uid: 3 };
    const sent = { account: alice.id, name: "Sent" };
    await store.mail.append(sent, [brought("v4")], { at: AT, replaces });
    await store.mail.append(sent, [brought("v5")], { at: AT, replaces });
    assert.equal((await mailboxNamed(store, alice, "Drafts")).messages, 0);
    assert.equal((await mailboxNamed(store, alice, "Sent")).messages, 2);
  });

  storeTest(
    `${name}: a copy has the flags and the date, and no bytes twice`,
    open,
    async (store) => {
      const alice = await addAccount(store, "alice@abc.com");
      await store.accept(message("m1", [toInbox(alice, "P: 1\r\n")]));
      await store.accept(message("m2", [toInbox(alice)]));
      const inbox = await inboxOf(store, alice);
      await store.mail.setFlags(inbox.id, {
        uids: [1],
        change: "set",
        flags: ["\\Seen", "\\Deleted", "Work"],
        unchangedSince: null,
      });
      const [first] = await store.mail.list(inbox.id, 0, 1);
      const to = { account: alice.id, name: "Archive" };
      const mark = store.mail.modSeq(alice.id);
      const placed = await store.mail.copy(inbox.id, [2, 77, 1, 2], to, { move: false, at: AT });
      const archive = await mailboxNamed(store, alice, "Archive");
      assert.deepEqual(placed, { uidValidity: archive.uidValidity, uids: [1, 2], from: [2, 1] });
      const copies = await store.mail.list(archive.id, 0, 10);
      assert.deepEqual(copies[1], { ...first, uid: 2, savedAt: AT, modSeq: mark + 2 });
      assert.match(await textOf(await store.mail.body(archive.id, 2)), /^P: 1\r\nSubject: m1/);
      assert.deepEqual([archive.messages, archive.unseen, archive.deleted], [2, 1, 1]);
      assert.deepEqual(await store.mail.keywords(archive.id), ["Work"]);
      // Neither needs the other.
      await store.mail.remove(inbox.id, [1, 2]);
      assert.match(await textOf(await store.mail.body(archive.id, 1)), /^Subject: m2/);
    },
  );

  storeTest(`${name}: a copy can stand in the same mailbox`, open, async (store) => {
    const alice = await addAccount(store, "alice@abc.com");
    const to = { account: alice.id, name: "INBOX" };
    await store.mail.append(to, [brought("m1"), brought("m2")], { at: AT });
    const inbox = await inboxOf(store, alice);
    const copied = await store.mail.copy(inbox.id, [1], to, { move: false, at: AT });
    assert.deepEqual([copied.from, copied.uids], [[1], [3]]);
    const moved = await store.mail.copy(inbox.id, [2], to, { move: true, at: AT });
    assert.deepEqual([moved.from, moved.uids], [[2], [4]]);
    const left = await store.mail.list(inbox.id, 0, 10);
    assert.deepEqual(left.map(({ uid, message }) => [uid, message]), [
      [1, "m1"],
      [3, "m1"],
      [4, "m2"],
    ]);
  });

  storeTest(`${name}: a move is one transaction, and others see both ends`, open, async (store) => {
    const alice = await addAccount(store, "alice@abc.com");
    const bob = await addAccount(store, "bob@abc.com");
    await store.accept(message("m1", [toInbox(alice, "P: 1\r\n")]));
    const inbox = await inboxOf(store, alice);
    const [aliceMark, bobMark] = [store.mail.modSeq(alice.id), store.mail.modSeq(bob.id)];
    const heard = [
      store.mail.changed(alice.id, aliceMark, NEVER),
      store.mail.changed(bob.id, bobMark, NEVER),
    ];
    const to = { account: bob.id, name: "INBOX" };
    const moved = await store.mail.copy(inbox.id, [1], to, { move: true, at: AT });
    assert.deepEqual(moved.uids, [1]);
    await Promise.all(heard);
    assert.deepEqual((await store.mail.changes(inbox.id, aliceMark, 10)).removed, [1]);
    const his = await inboxOf(store, bob);
    assert.deepEqual((await store.mail.changes(his.id, bobMark, 10)).entries.length, 1);
    assert.match(await textOf(await store.mail.body(his.id, 1)), /^P: 1\r\n/);
    assert.equal((await inboxOf(store, alice)).size, 0);
  });

  storeTest(`${name}: what cannot be copied whole is not copied`, open, async (store) => {
    const alice = await addAccount(store, "alice@abc.com");
    const many = (prefix: string) => Array.from({ length: 150 }, (_, at) => `${prefix}${at}`);
    const sent = { account: alice.id, name: "Sent" };
    const archive = { account: alice.id, name: "Archive" };
    await store.mail.append(sent, [brought("m1"), brought("m2", many("a"))], { at: AT });
    await store.mail.append(archive, [brought("m3", many("b"))], { at: AT });
    const { id } = await mailboxNamed(store, alice, "Sent");
    const move = { move: true, at: AT };
    await rejectsWith("limit", store.mail.copy(id, [1, 2], archive, move));
    const nowhere = { account: alice.id, name: "Nowhere" };
    await rejectsWith("unknown", store.mail.copy(id, [1], nowhere, move));
    await rejectsWith("unknown", store.mail.copy(id + 1000, [1], archive, move));
    assert.equal((await mailboxNamed(store, alice, "Sent")).messages, 2);
    assert.equal((await mailboxNamed(store, alice, "Archive")).messages, 1);
    assert.deepEqual((await store.mail.copy(id, [77], archive, move)).uids, []);
  });

  storeTest(`${name}: append takes a message of many pieces`, open, async (store) => {
    const alice = await addAccount(store, "alice@abc.com");
    const text = "0123456789".repeat(20_000);
    const large = { ...brought("m1"), content: bodyOf(encode(text)) };
    const to = { account: alice.id, name: "INBOX" };
    await store.mail.append(to, [large, { ...brought("m2"), content: bodyOf(encode("")) }], {
      at: AT,
    });
    const inbox = await inboxOf(store, alice);
    assert.equal(await textOf(await store.mail.body(inbox.id, 1)), text);
    assert.equal(await textOf(await store.mail.body(inbox.id, 2)), "");
  });
}
