/** What many readers, or one who changes much, leave to others. */
import assert from "$assert";
import { openMemoryStore } from "../lib/store/memory.ts";
import type { Mail, Store } from "../lib/store/store.ts";
import { appendCommand, startWithImap, talkImap } from "./app_imap_support.ts";
import { letter } from "./app_support.ts";
import { fakeWorld } from "./fake_world.ts";

Deno.test("readers have three quarters of the connections, and mail comes in by the rest", async () => {
  const world = fakeWorld();
  await using server = await startWithImap({ world, connectionsMax: 8 });
  const imap = [];
  for (let at = 0; at < 4; at++) imap.push(await talkImap(server, { user: "alice" }));
  const pop3 = [await server.connect("pop3"), await server.connect("pop3")];
  const late = await talkImap(server);
  assert.match(late.greeting, /^\* BYE \[UNAVAILABLE\] Too many connections/);
  const latePop3 = await server.connect("pop3");
  assert.match(latePop3.greeting, /^-ERR \[SYS\/TEMP\] Too many connections/);
  const smtp = [await server.connect(), await server.connect()];
  for (const { greeting } of smtp) assert.match(greeting, /^220 /);
  const lateSmtp = await server.connect();
  assert.match(lateSmtp.greeting, /^421 /);
  // A place that a reader leaves is one for a reader, too.
  imap.pop()!.close();
  await world.clock.pass(0);
  const next = await talkImap(server);
  assert.match(next.greeting, /^\* OK /);
  for (const each of [...imap, ...pop3, late, latePop3, ...smtp, lateSmtp, next]) each.close();
});

/** A store that tells how many messages are changed at once. */
function countingStore(store: Store): { readonly store: Store; readonly counts: number[] } {
  const counts: number[] = [];
  const { mail } = store;
  const counting: Mail = {
    ...mail,
    setFlags(mailbox, change) {
      counts.push(change.uids.length);
      return mail.setFlags(mailbox, change);
    },
    expunge(mailbox, uids) {
      counts.push(uids?.length ?? Infinity);
      return mail.expunge(mailbox, uids);
    },
    copy(mailbox, uids, to, options) {
      counts.push(uids.length);
      return mail.copy(mailbox, uids, to, options);
    },
  };
  return { store: { ...store, mail: counting }, counts };
}

Deno.test("STORE and MOVE of many messages leave others their turn, and COPY is one change", async () => {
  const world = fakeWorld();
  const { store, counts } = countingStore(openMemoryStore({ turn: world.clock.turn }));
  await using server = await startWithImap({ world, store });
  const alice = await talkImap(server, { user: "alice" });
  const content = letter("One");
  const messages = Array.from({ length: 600 }, () => `{${content.length}+}\r\n${content}`);
  for (let at = 0; at < 2; at++) await alice.say(`APPEND INBOX ${messages.join(" ")}`);
  await alice.say(appendCommand("INBOX", content));
  await alice.say("SELECT INBOX");
  const stored = await alice.say("STORE 1:* +FLAGS (\\Flagged)");
  assert.equal(stored.split("\n").length, 1201 + 1);
  assert.deepEqual(counts.splice(0), [500, 500, 201]);
  assert.match(await alice.say("COPY 1:* Archive"), /^OK \[COPYUID \d+ 1:1201 1:1201\]/);
  assert.deepEqual(counts.splice(0), [1201]);
  assert.match(await alice.say("MOVE 1:* Trash"), /^\* OK \[COPYUID \d+ 1:1201 1:1201\]/);
  assert.deepEqual(counts.splice(0), [500, 500, 201]);
  const conditional = "UID STORE 1:* (UNCHANGEDSINCE 1) +FLAGS (\\Seen)";
  await alice.say("SELECT Trash");
  assert.match(await alice.say(conditional), /^OK \[MODIFIED 1:1201\]/m);
  await alice.say("STORE 1:1200 +FLAGS (\\Deleted)");
  counts.splice(0);
  assert.match(await alice.say("EXPUNGE"), /^OK /m);
  assert.deepEqual(counts.splice(0), [500, 500, 200]);
  assert.match(await alice.say("STATUS Trash (MESSAGES)"), /MESSAGES 1\)/);
  await alice.say("EXPUNGE");
  assert.deepEqual(counts, [], "and where nothing is deleted, nothing is looked for");
  alice.close();
});

Deno.test("messages that clients of IMAP bring count in the room for content", async () => {
  const world = fakeWorld();
  await using server = await startWithImap({ world, messageBytesMax: 1024 * 1024 * 1024 });
  const alice = await talkImap(server, { user: "alice" });
  await alice.send("a APPEND INBOX {100000}");
  assert.match(await alice.hear(), /^\+ /);
  // What is announced takes nothing yet.
  assert.equal(server.server.contentBytes(), 0);
  await alice.send("x".repeat(50_000));
  await world.clock.pass(0);
  assert.ok(server.server.contentBytes() >= 50_000);
  await alice.send("x".repeat(49_998));
  assert.match(await alice.hear(), /^a OK \[APPENDUID/);
  await alice.say("NOOP");
  assert.equal(server.server.contentBytes(), 0);
  await alice.send("b APPEND INBOX {100000+}");
  await alice.send("x".repeat(50_000));
  await world.clock.pass(0);
  alice.close();
  await world.clock.pass(0);
  assert.equal(server.server.contentBytes(), 0, "and it is given back by whoever leaves");
});

Deno.test("a large mailbox is read in pages, and behind each full one others have their turn", async () => {
  const world = fakeWorld();
  let turns = 0;
  const clock = {
    ...world.clock,
    turn() {
      turns++;
      return world.clock.turn();
    },
  };
  const store = openMemoryStore({ turn: world.clock.turn });
  await using server = await startWithImap({ world: { ...world, clock }, store });
  const alice = await talkImap(server, { user: "alice" });
  const content = letter("One");
  const messages = Array.from({ length: 700 }, () => `{${content.length}+}\r\n${content}`);
  for (let at = 0; at < 3; at++) await alice.say(`APPEND INBOX ${messages.join(" ")}`);
  const turnsOf = async (command: string) => {
    turns = 0;
    assert.match(await alice.say(command), /^OK /m);
    return turns;
  };
  assert.equal(await turnsOf("SELECT Trash"), 0);
  assert.equal(await turnsOf("SELECT INBOX"), 2);
  const other = await talkImap(server, { user: "alice", select: "INBOX" });
  await other.say("STORE 1:* +FLAGS.SILENT (\\Flagged)");
  assert.equal(await turnsOf("NOOP"), 2);
  other.close();
  alice.close();
});
