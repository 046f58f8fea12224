/** The queue's worker, where a recipient turns out to be here: its message was held. */
import assert from "$assert";
import type { MailboxDelivery } from "../lib/store/store.ts";
import { addAccount, inboxOf } from "./conformance/store_support.ts";
import { startSetting } from "./queue_support.ts";

const ELSEWHERE = {
  to: "mailbox",
  account: 1_000_000,
  mailbox: "INBOX",
  prefix: new Uint8Array(0),
} as const;

Deno.test("a recipient here gets what was queued, without a connection", async () => {
  let mailbox: MailboxDelivery | null = null;
  await using setting = await startSetting({ mailbox: () => mailbox });
  const bob = await addAccount(setting.store, "bob@abc.com");
  mailbox = { ...ELSEWHERE, account: bob.id };
  await setting.queue("held", "bob@abc.com");
  await setting.world.clock.pass(0);
  assert.deepEqual(await setting.waiting(), []);
  assert.equal((await inboxOf(setting.store, bob)).uidNext, 2);
  assert.deepEqual(setting.reported, []);
});

Deno.test("a mailbox that goes in the moment of its delivery is looked for again", async () => {
  let asked = 0;
  await using setting = await startSetting({ mailbox: () => ++asked === 1 ? ELSEWHERE : null });
  await setting.queue("held", "bob@abc.com");
  await setting.world.clock.pass(5_000);
  assert.deepEqual(setting.reported, ["bob: we: 550 5.1.1 There is no such user here"]);
  assert.deepEqual(await setting.waiting(), []);
  assert.equal(asked, 2);
});
