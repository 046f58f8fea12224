/** What one account may keep, whichever way its mail comes. */
import assert from "$assert";
import { administer } from "../lib/app/admin.ts";
import { appendCommand, startWithImap, talkImap } from "./app_imap_support.ts";
import { letter, sendMessage, type TestServer } from "./app_support.ts";
import { fakeWorld } from "./fake_world.ts";

const FULL = "452 4.2.2 That mailbox is full, try again later";

async function deliver(server: TestServer, to: string): Promise<string> {
  const stranger = await server.smtp();
  const replies = await sendMessage(stranger, {
    from: "carol@other.test",
    to: [to],
    content: letter("Hi"),
  });
  stranger.close();
  return replies.find((each) => !/^(250|354)/.test(each)) ?? replies.at(-1)!;
}

Deno.test("mail for a full account is put off at RCPT, until something is deleted", async () => {
  await using server = await startWithImap({ world: fakeWorld(), quotaMessages: 2 });
  for (let count = 0; count < 2; count++) {
    assert.match(await deliver(server, "alice@abc.com"), /^250 /);
  }
  assert.equal(await deliver(server, "alice+tag@abc.com"), FULL);
  assert.match(await deliver(server, "bob@abc.com"), /^250 /);
  const alice = await talkImap(server, { user: "alice", select: "INBOX" });
  await alice.say("STORE 1 +FLAGS (\\Deleted)");
  await alice.say("EXPUNGE");
  assert.match(await deliver(server, "alice@abc.com"), /^250 /);
  alice.close();
});

Deno.test("a message is refused for good that is larger than all that an account may keep", async () => {
  await using server = await startWithImap({ world: fakeWorld(), quotaBytes: 10_000 });
  const stranger = await server.smtp();
  for (const [size, reply] of [[9_999, /^250 /], [10_001, /^552 5\.2\.2 /]] as const) {
    await stranger.say(`MAIL FROM:<carol@other.test> SIZE=${size}`);
    assert.match(await stranger.say("RCPT TO:<alice@abc.com>"), reply);
    await stranger.say("RSET");
  }
  stranger.close();
});

Deno.test("one full account behind an alias or a list puts off what is for all of them", async () => {
  await using server = await startWithImap({ world: fakeWorld(), quotaMessages: 1 });
  const parts = { world: server.world, store: server.store, domain: "abc.com" };
  const targets = ["alice", "bob"];
  for (const [name, owner] of [["both", null], ["team", "bob"]] as const) {
    const list = owner === null ? {} : { owner };
    assert.ok((await administer(parts, { do: "alias add", name, targets, ...list })).ok);
  }
  assert.match(await deliver(server, "alice@abc.com"), /^250 /);
  for (const name of ["both", "team"]) assert.equal(await deliver(server, `${name}@abc.com`), FULL);
  assert.equal((await server.mailbox("bob@abc.com")).length, 0);
});

Deno.test("a copy of more than a thousand messages is weighed whole", async () => {
  const tiny = "Subject: x\r\n\r\n"; // 14 bytes
  await using server = await startWithImap({ world: fakeWorld(), quotaBytes: 30_000 });
  const alice = await talkImap(server, { user: "alice", select: "INBOX" });
  for (const count of [1_000, 100]) {
    const more = `{${tiny.length}+}\r\n${tiny}`;
    assert.match(await alice.say(`APPEND INBOX ${Array(count).fill(more).join(" ")}`), /^OK /m);
  }
  assert.match(await alice.say("COPY 1:1100 Archive"), /^NO \[OVERQUOTA\]/m);
  assert.match(await alice.say("COPY 1:1000 Archive"), /^OK /m);
  alice.close();
});

Deno.test("IMAP says OVERQUOTA to what would be more, and lets move and delete", async () => {
  await using server = await startWithImap({
    world: fakeWorld(),
    quotaMessages: 3,
    quotaBytes: 1_024,
  });
  const alice = await talkImap(server, { user: "alice", select: "INBOX" });
  const small = `Subject: a\r\n\r\n${"x".repeat(400)}\r\n`;
  assert.match(await alice.say(appendCommand("INBOX", small)), /^OK /m);
  assert.match(await alice.say("GETQUOTAROOT INBOX"), /STORAGE 1 1 MESSAGE 1 3/);
  assert.match(await alice.say("COPY 1 Archive"), /^OK /);
  assert.match(await alice.say("COPY 1 Archive"), /^NO \[OVERQUOTA\]/);
  assert.match(await alice.say(appendCommand("INBOX", small)), /^NO \[OVERQUOTA\]/m);
  assert.match(await alice.say("MOVE 1 Trash"), /^\* 1 EXPUNGE$/m);
  for (const mailbox of ["Drafts", "Sent"]) {
    const tiny = await alice.say(appendCommand(mailbox, "Subject: b\r\n\r\n"));
    assert.match(tiny, mailbox === "Drafts" ? /^OK /m : /^NO \[OVERQUOTA\]/m);
  }
  alice.close();
});
