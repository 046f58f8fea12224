/** The promises about accounts. */
import assert from "$assert";
import {
  addAccount,
  inboxOf,
  message,
  NEVER,
  type OpenStore,
  rejectsWith,
  secretOf,
  storeTest,
  toInbox,
  toQueue,
} from "./store_support.ts";

export function usersConformance(name: string, open: OpenStore): void {
  storeTest(`${name}: users lists accounts in the order of adding`, open, async (store) => {
    const alice = await store.users.add("alice@abc.com", secretOf(1), 1_700_000_000_000);
    const bob = await store.users.add("bob@abc.com", secretOf(2), 1_700_000_000_001);
    assert.deepEqual(store.users.list(), [alice, bob]);
    assert.deepEqual(alice, { id: alice.id, name: "alice@abc.com", createdAt: 1_700_000_000_000 });
    assert.deepEqual(store.users.find("bob@abc.com"), bob);
    assert.equal(store.users.find("Bob@abc.com"), null);
    assert.deepEqual(store.users.secret(alice.id), secretOf(1));
    assert.deepEqual(store.users.secret(bob.id), secretOf(2));
    assert.equal(store.users.secret(bob.id + 100), null);
  });

  storeTest(`${name}: users refuses a name that exists, also in one group`, open, async (store) => {
    const first = addAccount(store, "alice@abc.com");
    await rejectsWith("exists", store.users.add("alice@abc.com", secretOf(2), 0));
    const alice = await first;
    await rejectsWith("exists", store.users.add("alice@abc.com", secretOf(2), 0));
    assert.deepEqual(store.users.list(), [alice]);
    assert.deepEqual(store.users.secret(alice.id), secretOf(0));
  });

  storeTest(`${name}: users shows nothing of an account before its commit`, open, async (store) => {
    const added = addAccount(store, "alice@abc.com");
    assert.equal(store.users.find("alice@abc.com"), null);
    assert.deepEqual(store.users.list(), []);
    await added;
    assert.ok(store.users.find("alice@abc.com"));
  });

  storeTest(`${name}: users replaces a secret`, open, async (store) => {
    const alice = await addAccount(store, "alice@abc.com");
    await store.users.setSecret(alice.id, secretOf(7));
    assert.deepEqual(store.users.secret(alice.id), secretOf(7));
    await rejectsWith("unknown", store.users.setSecret(alice.id + 100, secretOf(7)));
  });

  storeTest(`${name}: users keeps the first decoy key that it is given`, open, async (store) => {
    const [first, second] = await Promise.all(
      [1, 2].map((byte) => store.users.decoyKey(new Uint8Array(32).fill(byte))),
    );
    assert.deepEqual(first, new Uint8Array(32).fill(1));
    assert.deepEqual(second, first);
    assert.deepEqual(await store.users.decoyKey(new Uint8Array(32).fill(3)), first);
  });

  storeTest(`${name}: users gives each account an empty INBOX`, open, async (store) => {
    const alice = await addAccount(store, "alice@abc.com");
    const inbox = await inboxOf(store, alice);
    const { id, uidValidity, modSeq } = inbox;
    assert.deepEqual(inbox, {
      id,
      account: alice.id,
      name: "INBOX",
      objectId: `M${uidValidity}`,
      use: null,
      uidValidity,
      uidNext: 1,
      modSeq,
      messages: 0,
      unseen: 0,
      deleted: 0,
      size: 0,
    });
    assert.ok(uidValidity >= 1 && uidValidity < 2 ** 32);
    assert.ok(modSeq > 0);
    assert.equal(store.mail.modSeq(alice.id), modSeq);
    assert.equal(await store.mail.mailbox(alice.id, "Nowhere"), null);
    assert.equal(await store.mail.mailbox(alice.id + 100, "INBOX"), null);
  });

  storeTest(`${name}: users removes an account with all that is its own`, open, async (store) => {
    const alice = await addAccount(store, "alice@abc.com");
    const bob = await addAccount(store, "bob@abc.com");
    const inbox = await inboxOf(store, alice);
    await store.accept(message("shared", [toInbox(alice), toInbox(bob), toQueue("xyz.com", 1)]));
    await store.accept(message("hers", [toInbox(alice)]));
    const waiting = store.mail.changed(alice.id, store.mail.modSeq(alice.id), NEVER);
    const wasTold = rejectsWith("unknown", waiting);
    await store.users.remove(alice.id);
    await wasTold;

    assert.deepEqual(store.users.list(), [bob]);
    assert.equal(store.users.find("alice@abc.com"), null);
    assert.equal(store.users.secret(alice.id), null);
    assert.equal(await store.mail.mailbox(alice.id, "INBOX"), null);
    assert.equal(await store.mail.body(inbox.id, 1), null);
    assert.deepEqual(await store.mail.list(inbox.id, 0, 10), []);
    assert.throws(() => store.mail.modSeq(alice.id), { kind: "unknown" });
    await rejectsWith("unknown", store.mail.changes(inbox.id, 0, 10));
    await rejectsWith("unknown", store.mail.changed(alice.id, 0, NEVER));
    await rejectsWith("unknown", store.users.remove(alice.id));
    await store.mail.remove(inbox.id, [1]);

    const kept = await store.mail.list((await inboxOf(store, bob)).id, 0, 10);
    assert.deepEqual(kept.map((entry) => entry.message), ["shared"]);
    assert.equal((await store.queue.list({ max: 10 })).length, 1);
  });

  storeTest(`${name}: users never uses an id or a UIDVALIDITY again`, open, async (store) => {
    const before = await addAccount(store, "alice@abc.com");
    const inboxBefore = await inboxOf(store, before);
    await store.users.remove(before.id);
    const after = await addAccount(store, "alice@abc.com");
    const inboxAfter = await inboxOf(store, after);
    assert.notEqual(after.id, before.id);
    assert.notEqual(inboxAfter.id, inboxBefore.id);
    // RFC 9051 §2.3.1.1: greater, also when the clock has not moved.
    assert.ok(inboxAfter.uidValidity > inboxBefore.uidValidity);
  });
}
