/** The queue's worker, where a recipient turns out to be here: its message was held. */
import assert from "$assert";
import type { Release } from "../lib/queue/outcome.ts";
import { addAccount, inboxOf } from "./conformance/store_support.ts";
import { startSetting } from "./queue_support.ts";

/** Into the INBOX of an account; by default one that is not there. */
function inboxRelease(account = 1_000_000): Release {
  const prefix = new Uint8Array(0);
  const deliveries = [{ to: "mailbox", account, mailbox: "INBOX", prefix }] as const;
  return { outcome: "delivered", deliveries, copies: [] };
}

Deno.test("a recipient here gets what was queued, without a connection", async () => {
  let released: Release = "unknown";
  await using setting = await startSetting({ release: () => [released] });
  const bob = await addAccount(setting.store, "bob@abc.com");
  released = inboxRelease(bob.id);
  await setting.queue("held", "bob@abc.com");
  await setting.world.clock.pass(0);
  assert.deepEqual(await setting.waiting(), []);
  assert.equal((await inboxOf(setting.store, bob)).uidNext, 2);
  assert.deepEqual(setting.reported, []);
});

Deno.test("a mailbox that goes in the moment of its delivery is looked for again", async () => {
  let asked = 0;
  await using setting = await startSetting({
    release: () => [++asked === 1 ? inboxRelease() : "unknown"],
  });
  await setting.queue("held", "bob@abc.com");
  await setting.world.clock.pass(5_000);
  assert.deepEqual(setting.reported, ["bob: we: 550 5.1.1 There is no such user here"]);
  assert.deepEqual(await setting.waiting(), []);
  assert.equal(asked, 2);
});

Deno.test("what cannot be expanded is given up, or tried again where that can be mended", async () => {
  let released: Release = "tooFar";
  await using setting = await startSetting({ release: () => [released] });
  await setting.queue("held", "sales@abc.com");
  await setting.world.clock.pass(0);
  assert.deepEqual(await setting.waiting(), ["held sales"]);
  assert.deepEqual(setting.reported, []);
  released = "nobody";
  await setting.world.clock.pass(60_000);
  assert.deepEqual(await setting.waiting(), []);
  assert.deepEqual(setting.reported, [
    "sales: we: 550 5.2.4 Nobody is behind that address any more",
  ]);
});
