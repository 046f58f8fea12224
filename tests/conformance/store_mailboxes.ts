/** The promises about the mailboxes of an account. */
import assert from "$assert";
import {
  MAILBOXES_MAX,
  NAME_CHARACTERS_MAX,
  SUBSCRIPTIONS_MAX,
} from "../../lib/store/mailboxes.ts";
import type { Account, Store } from "../../lib/store/store.ts";
import {
  addAccount,
  AT,
  brought,
  inboxOf,
  isSettled,
  mailboxNamed,
  message,
  NEVER,
  type OpenStore,
  rejectsWith,
  storeTest,
  textOf,
  toInbox,
} from "./store_support.ts";

const MAKE = { use: null, at: AT } as const;

export function mailboxesConformance(name: string, open: OpenStore): void {
  storeTest(`${name}: an account begins with six mailboxes, subscribed to`, open, async (store) => {
    const alice = await addAccount(store, "alice@abc.com");
    const listed = await store.mailboxes.list(alice.id);
    assert.deepEqual(listed.map((each) => [each.name, each.mailbox!.use]), [
      ["Archive", "\\Archive"],
      ["Drafts", "\\Drafts"],
      ["INBOX", null],
      ["Junk", "\\Junk"],
      ["Sent", "\\Sent"],
      ["Trash", "\\Trash"],
    ]);
    assert.ok(listed.every(({ subscribed }) => subscribed));
    assert.deepEqual(listed[2]!.mailbox, await inboxOf(store, alice));
    assert.equal(new Set(listed.map((each) => each.mailbox!.uidValidity)).size, 6);
    assert.deepEqual(await store.mailboxes.list(alice.id + 1000), []);
  });

  storeTest(`${name}: mailboxes.create makes what is above, too`, open, async (store) => {
    const alice = await addAccount(store, "alice@abc.com");
    const before = await newest(store, alice);
    const made = await store.mailboxes.create(alice.id, "a/b/c", { use: "\\Sent", at: AT });
    assert.deepEqual(made, await mailboxNamed(store, alice, "a/b/c"));
    assert.deepEqual(made, await store.mail.status(made.id));
    assert.deepEqual([made.use, made.uidNext, made.messages], ["\\Sent", 1, 0]);
    assert.deepEqual(await added(store, alice), ["a", "a/b", "a/b/c"]);
    assert.equal((await mailboxNamed(store, alice, "a/b")).use, null);
    assert.ok(made.uidValidity > before);
    assert.equal(made.objectId, `M${made.uidValidity}`);
    const isSubscribed = (await store.mailboxes.list(alice.id)).map((each) => each.subscribed);
    assert.deepEqual(isSubscribed.filter((subscribed) => !subscribed).length, 3);
    await rejectsWith("exists", store.mailboxes.create(alice.id, "a/b", MAKE));
    await rejectsWith("exists", store.mailboxes.create(alice.id, "INBOX", MAKE));
    await rejectsWith("unknown", store.mailboxes.create(alice.id + 1000, "x", MAKE));
  });

  storeTest(
    `${name}: mailboxes.remove takes the mail, and leaves what is below`,
    open,
    async (s) => {
      const alice = await addAccount(s, "alice@abc.com");
      await s.mailboxes.create(alice.id, "a/b", MAKE);
      const a = await mailboxNamed(s, alice, "a");
      await s.mail.append({ account: alice.id, name: "a" }, [brought("m1", ["x"])], { at: AT });
      await s.mailboxes.remove(a.id);
      assert.deepEqual(await added(s, alice), ["a/b"]);
      assert.equal(await s.mail.status(a.id), null);
      assert.equal(await s.mail.body(a.id, 1), null);
      assert.deepEqual(await s.mail.keywords(a.id), []);
      await rejectsWith("unknown", s.mailboxes.remove(a.id));
      await rejectsWith("unknown", s.mail.changes(a.id, 1, 10));
      // RFC 9051 §6.3.5: what comes after it under its name is another.
      const again = await s.mailboxes.create(alice.id, "a", MAKE);
      assert.ok(again.uidValidity > a.uidValidity);
      assert.notEqual(again.objectId, a.objectId);
      assert.notEqual(again.id, a.id);
    },
  );

  storeTest(`${name}: INBOX is not removed`, open, async (store) => {
    const alice = await addAccount(store, "alice@abc.com");
    await assert.rejects(store.mailboxes.remove((await inboxOf(store, alice)).id), RangeError);
    assert.equal((await inboxOf(store, alice)).uidNext, 1);
  });

  storeTest(`${name}: mailboxes.rename takes along what is below`, open, async (store) => {
    const alice = await addAccount(store, "alice@abc.com");
    for (const each of ["a/b/c", "ab"]) await store.mailboxes.create(alice.id, each, MAKE);
    await store.mail.append({ account: alice.id, name: "a/b" }, [brought("m1")], { at: AT });
    const before = await mailboxNamed(store, alice, "a/b");
    await store.mailboxes.rename(alice.id, "a", "x/y", AT);
    assert.deepEqual(await added(store, alice), ["ab", "x", "x/y", "x/y/b", "x/y/b/c"]);
    assert.deepEqual(await mailboxNamed(store, alice, "x/y/b"), { ...before, name: "x/y/b" });
    // A name that is only above others can be renamed as well.
    await store.mailboxes.remove((await mailboxNamed(store, alice, "x/y")).id);
    await store.mailboxes.rename(alice.id, "x/y", "z", AT);
    assert.deepEqual(await added(store, alice), ["ab", "x", "z/b", "z/b/c"].sort());
    // And what was below may come to stand where that is.
    await store.mailboxes.rename(alice.id, "z/b", "z", AT);
    assert.deepEqual(await added(store, alice), ["ab", "x", "z", "z/c"]);
    assert.equal((await mailboxNamed(store, alice, "z")).objectId, before.objectId);
  });

  storeTest(`${name}: mailboxes.rename refuses what is taken or not there`, open, async (store) => {
    const alice = await addAccount(store, "alice@abc.com");
    for (const each of ["a/x", "b/x"]) await store.mailboxes.create(alice.id, each, MAKE);
    await store.mailboxes.remove((await mailboxNamed(store, alice, "b")).id);
    const refused: readonly (readonly ["exists" | "unknown", string, string])[] = [
      ["exists", "a", "INBOX"],
      ["exists", "a", "a"],
      ["exists", "a", "a/x/y"],
      ["exists", "a", "b"], // b/x is there
      ["exists", "INBOX", "a"],
      ["unknown", "c", "d"],
    ];
    const before = await store.mailboxes.list(alice.id);
    for (const [kind, from, to] of refused) {
      await rejectsWith(kind, store.mailboxes.rename(alice.id, from, to, AT));
    }
    assert.deepEqual(await store.mailboxes.list(alice.id), before);
  });

  storeTest(`${name}: renaming INBOX moves its mail, and it stays`, open, async (store) => {
    const alice = await addAccount(store, "alice@abc.com");
    await store.mailboxes.create(alice.id, "INBOX/below", MAKE);
    await store.accept(message("m1", [toInbox(alice, "P: 1\r\n")]));
    const before = await inboxOf(store, alice);
    await store.mail.setFlags(before.id, {
      uids: [1],
      change: "set",
      flags: ["\\Seen", "Work"],
      unchangedSince: null,
    });
    await store.mailboxes.rename(alice.id, "INBOX", "old/mail", AT);
    assert.deepEqual(await added(store, alice), ["INBOX/below", "old", "old/mail"]);
    const after = await inboxOf(store, alice);
    assert.deepEqual([after.id, after.uidValidity, after.uidNext, after.messages], [
      before.id,
      before.uidValidity,
      2,
      0,
    ]);
    const moved = await mailboxNamed(store, alice, "old/mail");
    const [entry] = await store.mail.list(moved.id, 0, 10);
    assert.deepEqual([entry!.uid, entry!.flags], [1, ["\\Seen", "Work"]]);
    assert.match(await textOf(await store.mail.body(moved.id, 1)), /^P: 1\r\nSubject: m1/);
    assert.deepEqual((await store.mail.changes(before.id, before.modSeq, 10)).removed, [1]);
  });

  storeTest(`${name}: names are subscribed to, whether they are there or not`, open, async (s) => {
    const alice = await addAccount(s, "alice@abc.com");
    await s.mailboxes.subscribe(alice.id, "later", true);
    await s.mailboxes.subscribe(alice.id, "later", true);
    await s.mailboxes.subscribe(alice.id, "Sent", false);
    const of = async (wanted: string) =>
      (await s.mailboxes.list(alice.id)).find((each) => each.name === wanted);
    assert.deepEqual(await of("later"), { name: "later", subscribed: true, mailbox: null });
    assert.equal((await of("Sent"))!.subscribed, false);
    const later = await s.mailboxes.create(alice.id, "later", MAKE);
    assert.deepEqual(await of("later"), { name: "later", subscribed: true, mailbox: later });
    await s.mailboxes.remove(later.id);
    assert.equal((await of("later"))!.mailbox, null);
    await s.mailboxes.subscribe(alice.id, "later", false);
    assert.equal(await of("later"), undefined);
    await rejectsWith("unknown", s.mailboxes.subscribe(alice.id + 1000, "x", true));
  });

  storeTest(`${name}: whoever waits hears of names that come and go`, open, async (store) => {
    const alice = await addAccount(store, "alice@abc.com");
    const steps: readonly (() => Promise<unknown>)[] = [
      () => store.mailboxes.create(alice.id, "a", MAKE),
      () => store.mailboxes.rename(alice.id, "a", "b", AT),
      () => store.mailboxes.subscribe(alice.id, "b", true),
      async () => await store.mailboxes.remove((await mailboxNamed(store, alice, "b")).id),
    ];
    for (const step of steps) {
      const changed = store.mail.changed(alice.id, store.mail.modSeq(alice.id), NEVER);
      assert.equal(await isSettled(changed), false);
      await step();
      await changed;
    }
  });

  storeTest(`${name}: usage is that of all mailboxes together`, open, async (store) => {
    const alice = await addAccount(store, "alice@abc.com");
    const bob = await addAccount(store, "bob@abc.com");
    assert.deepEqual(await store.mailboxes.usage(alice.id), { bytes: 0, messages: 0 });
    await store.accept(message("m1", [toInbox(alice, "P: 1\r\n"), toInbox(bob)], "x".repeat(100)));
    const inbox = await inboxOf(store, alice);
    const to = { account: alice.id, name: "Archive" };
    await store.mail.copy(inbox.id, [1], to, { move: false, at: AT });
    assert.deepEqual(await store.mailboxes.usage(alice.id), { bytes: 212, messages: 2 });
    await store.mail.remove(inbox.id, [1]);
    assert.deepEqual(await store.mailboxes.usage(alice.id), { bytes: 106, messages: 1 });
    assert.deepEqual(await store.mailboxes.usage(bob.id), { bytes: 100, messages: 1 });
  });

  storeTest(
    `${name}: an account has a thousand mailboxes, of names that are shown`,
    open,
    async (s) => {
      const alice = await addAccount(s, "alice@abc.com");
      const there = (await s.mailboxes.list(alice.id)).length;
      // Each level is one: a few long names make many.
      for (let left = MAILBOXES_MAX - there - 1, at = 1; left > 0; at++) {
        const levels = Math.min(left, NAME_CHARACTERS_MAX / 2 - 5);
        const name = [`n${at}`, ...Array.from({ length: levels - 1 }, () => "x")].join("/");
        await s.mailboxes.create(alice.id, name, MAKE);
        left -= levels;
      }
      await rejectsWith("limit", s.mailboxes.create(alice.id, "a/b", MAKE));
      await rejectsWith("limit", s.mailboxes.rename(alice.id, "n1", "a/b/c", AT));
      await s.mailboxes.create(alice.id, "a", MAKE);
      await rejectsWith("limit", s.mailboxes.create(alice.id, "b", MAKE));
      assert.equal((await s.mailboxes.list(alice.id)).length, MAILBOXES_MAX);
      await s.mailboxes.remove((await mailboxNamed(s, alice, "a")).id);
      const long = "x".repeat(NAME_CHARACTERS_MAX);
      await rejectsWith("limit", s.mailboxes.create(alice.id, `${long}x`, MAKE));
      await rejectsWith("limit", s.mailboxes.rename(alice.id, "n1", `${long}x`, AT));
      await s.mailboxes.create(alice.id, long, MAKE);
    },
  );

  storeTest(`${name}: an account subscribes to two thousand names`, open, async (store) => {
    const alice = await addAccount(store, "alice@abc.com");
    const there = (await store.mailboxes.list(alice.id)).length;
    const names = Array.from({ length: SUBSCRIPTIONS_MAX - there }, (_, at) => `n${at}`);
    await Promise.all(names.map((each) => store.mailboxes.subscribe(alice.id, each, true)));
    await rejectsWith("limit", store.mailboxes.subscribe(alice.id, "one more", true));
    await store.mailboxes.subscribe(alice.id, "n1", true);
    await store.mailboxes.subscribe(alice.id, "n1", false);
    await store.mailboxes.subscribe(alice.id, "one more", true);
    await store.mailboxes.subscribe(alice.id, "one more", false);
    const long = "x".repeat(NAME_CHARACTERS_MAX + 1);
    await rejectsWith("limit", store.mailboxes.subscribe(alice.id, long, true));
  });
}

/** The mailboxes that an account did not begin with. */
async function added(store: Store, account: Account): Promise<readonly string[]> {
  const first = new Set(["Archive", "Drafts", "INBOX", "Junk", "Sent", "Trash"]);
  const listed = await store.mailboxes.list(account.id);
  return listed.flatMap(({ name, mailbox }) => mailbox === null || first.has(name) ? [] : [name]);
}

async function newest(store: Store, account: Account): Promise<number> {
  const listed = await store.mailboxes.list(account.id);
  return Math.max(...listed.map(({ mailbox }) => mailbox!.uidValidity));
}
