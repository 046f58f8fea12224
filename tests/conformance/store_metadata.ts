/** The promises about what is noted of mailboxes, and kept of their messages' parts. */
import assert from "$assert";
import { parseMime } from "../../lib/mail/mime.ts";
import { METADATA_BYTES_MAX, METADATA_ENTRIES_MAX } from "../../lib/store/mailboxes.ts";
import { encode } from "../../lib/wire/bytes.ts";
import {
  addAccount,
  AT,
  inboxOf,
  mailboxNamed,
  message,
  type OpenStore,
  rejectsWith,
  storeTest,
  toInbox,
} from "./store_support.ts";

export function metadataConformance(name: string, open: OpenStore): void {
  storeTest(`${name}: metadata is kept by mailbox, and for the account`, open, async (store) => {
    const alice = await addAccount(store, "alice@abc.com");
    const bob = await addAccount(store, "bob@abc.com");
    const inbox = await inboxOf(store, alice);
    const { metadata, setMetadata } = store.mailboxes;
    await setMetadata(alice.id, inbox.id, [
      ["/private/comment", encode("mine")],
      ["/private/b", encode("b")],
    ]);
    await setMetadata(alice.id, null, [["/private/comment", encode("all")]]);
    await setMetadata(alice.id, inbox.id, [
      ["/private/comment", encode("still mine")],
      ["/private/b", null],
      ["/private/a", new Uint8Array(0)],
    ]);
    assert.deepEqual([...await metadata(alice.id, inbox.id)], [
      ["/private/a", new Uint8Array(0)],
      ["/private/comment", encode("still mine")],
    ]);
    assert.deepEqual([...await metadata(alice.id, null)], [["/private/comment", encode("all")]]);
    assert.deepEqual([...await metadata(bob.id, null)], []);
    const { modSeq } = (await store.mail.status(inbox.id))!;
    const heard = store.mail.changed(
      alice.id,
      store.mail.modSeq(alice.id),
      AbortSignal.timeout(9_000),
    );
    await setMetadata(alice.id, inbox.id, [["/private/comment", encode("new")]]);
    assert.ok((await store.mail.status(inbox.id))!.modSeq > modSeq, "RFC 7162 §3.2");
    await heard;
    await setMetadata(alice.id, inbox.id, [["/private/comment", null]]);
    await rejectsWith("unknown", setMetadata(bob.id, inbox.id, [["/a", encode("x")]]));
    await rejectsWith("unknown", setMetadata(alice.id, inbox.id + 1000, [["/a", null]]));
    await rejectsWith("unknown", setMetadata(alice.id + 1000, null, [["/a", null]]));
  });

  storeTest(`${name}: metadata goes with its mailbox`, open, async (store) => {
    const alice = await addAccount(store, "alice@abc.com");
    const a = await store.mailboxes.create(alice.id, "a", { use: null, at: AT });
    await store.mailboxes.setMetadata(alice.id, a.id, [["/private/comment", encode("mine")]]);
    await store.mailboxes.rename(alice.id, "a", "b", AT);
    assert.equal((await store.mailboxes.metadata(alice.id, a.id)).size, 1);
    await store.mailboxes.remove(a.id);
    assert.equal((await store.mailboxes.metadata(alice.id, a.id)).size, 0);
    await store.users.remove(alice.id);
    assert.equal((await store.mailboxes.metadata(alice.id, null)).size, 0);
  });

  storeTest(`${name}: metadata has a hundred entries of 64 KiB`, open, async (store) => {
    const alice = await addAccount(store, "alice@abc.com");
    const { metadata, setMetadata } = store.mailboxes;
    const many = Array.from({ length: METADATA_ENTRIES_MAX }, (_, at) => `/private/${at}`);
    await setMetadata(alice.id, null, many.map((each) => [each, encode("x")]));
    await rejectsWith("limit", setMetadata(alice.id, null, [["/private/more", encode("x")]]));
    await setMetadata(alice.id, null, [["/private/0", null], ["/private/more", encode("y")]]);
    const large = new Uint8Array(METADATA_BYTES_MAX);
    await setMetadata(alice.id, null, [["/private/1", large]]);
    const larger = new Uint8Array(METADATA_BYTES_MAX + 1);
    await rejectsWith(
      "limit",
      setMetadata(alice.id, null, [["/private/2", null], ["/private/1", larger]]),
    );
    const kept = await metadata(alice.id, null);
    assert.deepEqual([kept.size, kept.get("/private/1"), kept.get("/private/2")], [
      METADATA_ENTRIES_MAX,
      large,
      encode("x"),
    ]);
  });

  storeTest(
    `${name}: parts are kept with a message, wherever it is copied`,
    open,
    async (store) => {
      const alice = await addAccount(store, "alice@abc.com");
      await store.accept(message("m1", [toInbox(alice, "P: 1\r\n"), toInbox(alice)]));
      const inbox = await inboxOf(store, alice);
      const found = parseMime(encode("P: 1\r\nSubject: m1\r\n\r\nHello\r\n"));
      assert.equal(await store.mail.parts(inbox.id, 1), null);
      await store.mail.keepParts(inbox.id, [[1, found], [77, found]]);
      await store.mail.keepParts(inbox.id + 1000, [[1, found]]);
      assert.deepEqual(await store.mail.parts(inbox.id, 1), found);
      // What stands in front of another copy is shorter: its parts begin elsewhere.
      assert.equal(await store.mail.parts(inbox.id, 2), null);
      const to = { account: alice.id, name: "Archive" };
      await store.mail.copy(inbox.id, [1], to, { move: true, at: AT });
      const archive = await mailboxNamed(store, alice, "Archive");
      assert.deepEqual(await store.mail.parts(archive.id, 1), found);
      assert.equal(await store.mail.parts(inbox.id, 1), null);
    },
  );
}
