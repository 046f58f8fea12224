/** What older databases become: mailboxes that knew no flags. */
import assert from "$assert";
import { DatabaseSync } from "node:sqlite";
import { migrate, MIGRATIONS } from "../lib/store/schema.ts";
import { sqliteStore } from "../lib/store/sqlite.ts";
import { inboxOf, mailboxNamed, turn } from "./conformance/store_support.ts";

Deno.test("mailboxes of before flags are counted, and get company", async () => {
  const database = new DatabaseSync(":memory:");
  migrate(database, MIGRATIONS.slice(0, 8));
  database.exec(`
      INSERT INTO accounts (name, createdAt, modSeq, salt, iterations, storedKey, serverKey)
        VALUES ('alice@abc.com', 1, 7, x'01', 4096, x'02', x'03'),
          ('bob@abc.com', 1, 1, x'01', 4096, x'02', x'03');
      INSERT INTO mailboxes (account, name, uidValidity, uidNext, modSeq)
        VALUES (1, 'INBOX', 90, 5, 7), (2, 'INBOX', 100, 1, 1);
      UPDATE counters SET value = 200 WHERE name = 'uidValidity';
      INSERT INTO messages (message, acceptedAt, body, size) VALUES ('m1', 55, '7BIT', 3);
      INSERT INTO chunks VALUES (1, 0, x'610d0a');
      INSERT INTO entries VALUES (1, 3, 1, 6, x'500d0a'), (1, 4, 1, 7, x'');`);
  await using store = sqliteStore(database, { turn });
  assert.deepEqual(await store.check(), []);
  const [alice, bob] = store.users.list();
  const inbox = await inboxOf(store, alice!);
  assert.deepEqual(inbox, {
    id: 1,
    account: 1,
    name: "INBOX",
    objectId: "M90",
    use: null,
    uidValidity: 90,
    uidNext: 5,
    modSeq: 7,
    messages: 2,
    unseen: 2,
    deleted: 0,
    size: 9,
  });
  assert.deepEqual(await store.mail.list(1, 0, 1), [{
    uid: 3,
    size: 6,
    receivedAt: 55,
    savedAt: 55,
    modSeq: 6,
    message: "m1",
    flags: [],
  }]);
  const listed = await Promise.all([alice!, bob!].map(({ id }) => store.mailboxes.list(id)));
  assert.deepEqual(
    listed[1]!.map(({ name, subscribed, mailbox }) => [
      name,
      subscribed,
      mailbox!.use,
      mailbox!.uidValidity,
    ]),
    [
      ["Archive", true, "\\Archive", 206],
      ["Drafts", true, "\\Drafts", 207],
      ["INBOX", true, null, 100],
      ["Junk", true, "\\Junk", 208],
      ["Sent", true, "\\Sent", 209],
      ["Trash", true, "\\Trash", 210],
    ],
  );
  assert.equal(listed[0]!.length, 6);
  assert.equal((await mailboxNamed(store, bob!, "Trash")).objectId, "M210");
  const made = await store.mailboxes.create(bob!.id, "a", { use: null, at: 0 });
  assert.equal(made.uidValidity, 211);
});
