/** The promises about messages that are brought from elsewhere. */
import assert from "$assert";
import type { ImportedMessage, Store } from "../../lib/store/store.ts";
import {
  addAccount,
  AT,
  brought,
  inboxOf,
  mailboxNamed,
  type OpenStore,
  rejectsWith,
  storeTest,
} from "./store_support.ts";

function imported(id: string, key: number, flags: readonly string[] = []): ImportedMessage {
  return { ...brought(id, flags), key: new Uint8Array(16).fill(key) };
}

async function messagesIn(store: Store, mailbox: number): Promise<readonly string[]> {
  return (await store.mail.list(mailbox, 0, 100)).map(({ message }) => message);
}

export function importedConformance(name: string, open: OpenStore): void {
  storeTest(`${name}: what was taken once is not taken again`, open, async (store) => {
    const alice = await addAccount(store, "alice@abc.com");
    const { id } = await inboxOf(store, alice);
    const to = { account: alice.id, name: "INBOX" };
    const first = [imported("m1", 1, ["\\Seen", "Work"]), imported("m2", 2)];
    assert.equal(await store.mail.take(to, first, AT), 2);
    const [entry] = await store.mail.list(id, 0, 1);
    assert.deepEqual(
      [entry!.receivedAt, entry!.savedAt, entry!.flags],
      [1_600_000_000_000, AT, ["\\Seen", "Work"]],
    );
    // Also where it was removed meanwhile, and where it comes twice in one go.
    await store.mail.remove(id, [1]);
    const again = [imported("m3", 1), imported("m4", 3), imported("m5", 2), imported("m6", 3)];
    assert.equal(await store.mail.take(to, again, AT), 1);
    assert.deepEqual(await messagesIn(store, id), ["m2", "m4"]);
    assert.equal(await store.mail.take(to, again.slice(0, 1), AT), 0);
  });

  storeTest(`${name}: a mailbox remembers only what was taken into it`, open, async (store) => {
    const alice = await addAccount(store, "alice@abc.com");
    const to = (name: string) => ({ account: alice.id, name });
    assert.equal(await store.mail.take(to("INBOX"), [imported("m1", 1)], AT), 1);
    assert.equal(await store.mail.take(to("Sent"), [imported("m2", 1)], AT), 1);
    const sent = await mailboxNamed(store, alice, "Sent");
    await store.mailboxes.rename(alice.id, "Sent", "Old", AT);
    assert.equal(await store.mail.take(to("Old"), [imported("m3", 1)], AT), 0);
    await store.mailboxes.remove(sent.id);
    await store.mailboxes.create(alice.id, "Old", { use: null, at: AT });
    assert.equal(await store.mail.take(to("Old"), [imported("m3", 1)], AT), 1);
    await store.users.remove(alice.id);
  });

  storeTest(`${name}: what was taken is forgotten step by step`, open, async (store) => {
    const alice = await addAccount(store, "alice@abc.com");
    const { id } = await inboxOf(store, alice);
    const to = { account: alice.id, name: "INBOX" };
    await store.mail.take(to, [1, 2, 3].map((key) => imported(`m${key}`, key)), AT);
    assert.equal(await store.mail.forgetTaken(id, 2), 2);
    const again = [1, 2, 3].map((key) => imported(`n${key}`, key));
    assert.equal(await store.mail.take(to, again, AT), 2);
    assert.deepEqual(await messagesIn(store, id), ["m1", "m2", "m3", "n1", "n2"]);
    assert.equal(await store.mail.forgetTaken(id, 10), 3);
    assert.equal(await store.mail.forgetTaken(id, 10), 0);
  });

  storeTest(`${name}: messages from elsewhere are taken all, or none`, open, async (store) => {
    const alice = await addAccount(store, "alice@abc.com");
    const { id } = await inboxOf(store, alice);
    const to = { account: alice.id, name: "INBOX" };
    const bad = [imported("m1", 1), imported("m2", 2, ["x".repeat(101)])];
    await rejectsWith("limit", store.mail.take(to, bad, AT));
    await rejectsWith("unknown", store.mail.take({ ...to, name: "none" }, bad, AT));
    assert.deepEqual(await messagesIn(store, id), []);
    assert.equal(await store.mail.take(to, [imported("m1", 1), imported("m2", 2)], AT), 2);
  });
}
