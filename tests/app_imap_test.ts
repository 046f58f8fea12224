/** Mailboxes as IMAP serves them: whose they are, and what other ways to them do. */
import assert from "$assert";
import { openMemoryStore } from "../lib/store/memory.ts";
import { openSqliteStore } from "../lib/store/sqlite.ts";
import { appendCommand, type ImapTalker, startWithImap, talkImap } from "./app_imap_support.ts";
import { letter, sendMessage, type TestServer } from "./app_support.ts";
import { fakeIdentity } from "./fake_tls.ts";
import { fakeWorld } from "./fake_world.ts";

async function deliver(server: TestServer, subject: string): Promise<void> {
  const stranger = await server.smtp();
  const to = ["alice@abc.com"];
  await sendMessage(stranger, { from: "carol@other.test", to, content: letter(subject) });
  stranger.close();
}

function closeAll(...talkers: readonly { close(): void }[]): void {
  for (const each of talkers) each.close();
}

for (const kind of ["memory", "SQLite"] as const) {
  Deno.test(`a user finds their mailboxes, and what is put into them (${kind})`, async () => {
    const { turn } = fakeWorld().clock;
    const store = kind === "memory"
      ? openMemoryStore({ turn })
      : await openSqliteStore({ directory: null, turn });
    await using server = await startWithImap({ store, world: fakeWorld() });
    await deliver(server, "One");
    const alice = await talkImap(server, { user: "alice" });
    const listed = await alice.say('LIST "" *');
    for (const use of ["Archive", "Drafts", "Junk", "Sent", "Trash"]) {
      assert.match(listed, new RegExp(`^\\* LIST \\(.*\\\\${use}.*\\) "/" "?${use}"?$`, "m"));
    }
    assert.match(await alice.say("SELECT inbox"), /^\* 1 EXISTS$/m);
    assert.match(await alice.say("FETCH 1 BODY.PEEK[]"), /^Return-Path: <carol@other\.test>$/m);
    assert.match(await alice.say("CREATE Work/Plans"), /^OK /);
    const appended = await alice.say(appendCommand("Work/Plans", letter("Plan"), "(\\Seen wish) "));
    assert.match(appended, /^OK \[APPENDUID \d+ 1\]/);
    assert.match(await alice.say("COPY 1 Work/Plans"), /^OK \[COPYUID \d+ 1 2\]/);
    assert.match(await alice.say("STATUS Work/Plans (MESSAGES UNSEEN)"), /MESSAGES 2 UNSEEN 1/);
    assert.match(await alice.say("MOVE 1 Trash"), /^\* 1 EXPUNGE$/m);
    assert.match(await alice.say("RENAME Work Play"), /^OK /);
    assert.match(await alice.say("SELECT Play/Plans"), /^\* 2 EXISTS$/m);
    assert.match(await alice.say("UID SEARCH KEYWORD wish"), /^\* SEARCH 1$/m);
    assert.match(await alice.say("STORE 1 +FLAGS (\\Deleted)"), /FLAGS \([^)]*\\Deleted/);
    assert.match(await alice.say("EXPUNGE"), /^\* 1 EXPUNGE$/m);
    const bob = await talkImap(server, { user: "bob" });
    assert.doesNotMatch(await bob.say('LIST "" *'), /Play/);
    assert.match(await bob.say("SELECT Play/Plans"), /^NO \[NONEXISTENT\]/);
    closeAll(alice, bob);
    assert.deepEqual(await server.store.check(), []);
  });
}

Deno.test("who waits with IDLE hears of deliveries, and of what POP3 and others remove", async () => {
  await using server = await startWithImap({ world: fakeWorld() });
  await deliver(server, "One");
  const waiting = await talkImap(server, { user: "alice", select: "INBOX" });
  await waiting.send("i IDLE");
  assert.match(await waiting.hear(), /^\+ /);
  await deliver(server, "Two");
  assert.equal(await waiting.hear(), "* 2 EXISTS");
  assert.match(await waiting.hear(), /^\* \d RECENT$/);

  const pop3 = await server.connect("pop3");
  for (const line of ["USER alice", "PASS secret", "DELE 1", "QUIT"]) {
    assert.match(await pop3.say(line), /^\+OK/);
  }
  assert.equal(await waiting.hear(), "* 1 EXPUNGE");

  const other = await talkImap(server, { user: "alice", select: "INBOX" });
  await other.say("STORE 1 +FLAGS.SILENT (\\Flagged)");
  assert.match(await waiting.hear(), /^\* 1 FETCH \(.*FLAGS \(.*\\Flagged/);
  // What happens in another mailbox of the account is no news here.
  await other.say(appendCommand("Drafts", letter("Draft")));
  await deliver(server, "Three");
  assert.equal(await waiting.hear(), "* 2 EXISTS");
  closeAll(waiting, other, pop3);
});

Deno.test("a mailbox that is removed while others have it open is gone for them, too", async () => {
  await using server = await startWithImap({ world: fakeWorld() });
  const alice = await talkImap(server, { user: "alice" });
  await alice.say("CREATE Work");
  const waiting = await talkImap(server, { user: "alice", select: "Work" });
  const looking = await talkImap(server, { user: "alice", select: "Work" });
  await waiting.send("i IDLE");
  await waiting.hear();
  assert.match(await alice.say("DELETE Work"), /^OK /);
  assert.match(await looking.say("FETCH 1:* FLAGS"), /NONEXISTENT|BYE/);
  assert.match(await waiting.hear(), /NONEXISTENT|BYE/);
  assert.match(await alice.say("DELETE Work"), /^NO \[NONEXISTENT\]/);
  assert.match(await alice.say("DELETE INBOX"), /^NO /);
  assert.equal(server.logged("imap-failed").length, 0, "nothing of it was our fault");
  closeAll(alice, waiting, looking);
});

Deno.test("a client that removes the mailbox that it has open goes on, whatever its name", async () => {
  await using server = await startWithImap({ world: fakeWorld() });
  const alice = await talkImap(server, { user: "alice" });
  for (const command of ["CREATE Work/Plans", "SELECT Work/Plans", "RENAME Work Play"]) {
    assert.match(await alice.say(command), /^OK /m);
  }
  assert.match(await alice.say("DELETE Play/Plans"), /^\* OK \[CLOSED\] .*\nOK /);
  assert.match(await alice.say("FETCH 1 FLAGS"), /^BAD /);
  alice.close();
});

Deno.test("logins by IMAP are checked, counted and written down like all others", async () => {
  await using server = await startWithImap({ world: fakeWorld(), limitLoopback: true });
  const guesses: ImapTalker[] = [];
  for (let at = 0; at < 2; at++) {
    const talker = await talkImap(server);
    guesses.push(talker);
    const refused = talker.say("LOGIN alice wrong");
    await (server.world as ReturnType<typeof fakeWorld>).clock.pass(10_000);
    assert.match(await refused, /^NO \[AUTHENTICATIONFAILED\]/);
  }
  assert.deepEqual(server.logged("login-refused").map(({ user, protocol }) => [user, protocol]), [
    ["alice", "imap"],
    ["alice", "imap"],
  ]);
  const alice = await talkImap(server, { user: "alice" });
  assert.deepEqual(server.logged("login"), [
    { user: "alice@abc.com", peer: "127.0.0.1", protocol: "imap" },
  ]);
  closeAll(alice, ...guesses);
});

Deno.test("IMAP takes STARTTLS, and on its other port TLS from the first byte", async () => {
  const world = fakeWorld();
  const identity = fakeIdentity([{ certificate: "abc.com", key: "" }]);
  const ports = { smtp: 0, imap: 0, imaps: 0 };
  await using server = await startWithImap({ world, identity, ports });
  const talker = await talkImap(server);
  assert.match(talker.greeting, /^\* OK \[CAPABILITY IMAP4rev1 .*STARTTLS/);
  talker.close();
  const transport = await world.net.connect({ host: "127.0.0.1", port: server.port("imaps") }, {
    timeoutMs: 5_000,
  });
  await transport.startTls({ side: "client", hostname: "abc.com", verify: false });
  const heard = new TextDecoder().decode(await transport.read() ?? new Uint8Array());
  assert.match(heard, /^\* OK \[CAPABILITY /);
  assert.doesNotMatch(heard, /STARTTLS/);
  transport.close();
});

Deno.test("one connection too many to IMAP hears so in its own words", async () => {
  const world = fakeWorld();
  await using server = await startWithImap({
    world,
    limitLoopback: true,
    connectionsPerAddressMax: 1,
  });
  const first = await talkImap(server);
  const second = await talkImap(server);
  const words = "Too many connections from your address, try again later";
  assert.equal(second.greeting, `* BYE [UNAVAILABLE] ${words}`);
  closeAll(first, second);
});

Deno.test("what a large message is made of is kept, so that it is gone through only once", async () => {
  await using server = await startWithImap({ world: fakeWorld() });
  const { mail, users } = server.store;
  const alice = await talkImap(server, { user: "alice", select: "INBOX" });
  const large = `${letter("Large")}${`${"x".repeat(70)}\r\n`.repeat(2_000)}`;
  for (const content of [letter("Small"), large]) await alice.say(appendCommand("INBOX", content));
  assert.match(await alice.say("FETCH 1:2 BODYSTRUCTURE"), /^\* 2 FETCH .*"TEXT" "PLAIN"/m);
  const inbox = await mail.mailbox(users.find("alice@abc.com")!.id, "INBOX");
  assert.equal(await mail.parts(inbox!.id, 1), null);
  assert.equal((await mail.parts(inbox!.id, 2))?.end, large.length);
  assert.match(await alice.say("FETCH 2 BODYSTRUCTURE"), /"TEXT" "PLAIN"/);
  alice.close();
});

Deno.test("while the disk is full nothing is appended, and deleting goes on", async () => {
  const world = fakeWorld();
  await using server = await startWithImap({ world, freeBytesMin: 100_000 });
  const alice = await talkImap(server, { user: "alice", select: "INBOX" });
  await alice.say(appendCommand("INBOX", letter("One")));
  world.disk.leave(99_999);
  await world.clock.pass(100);
  assert.match(await alice.say(appendCommand("INBOX", letter("Two"))), /^NO \[UNAVAILABLE\]/m);
  await alice.say("STORE 1 +FLAGS (\\Deleted)");
  assert.match(await alice.say("EXPUNGE"), /^\* 1 EXPUNGE$/m);
  alice.close();
});

Deno.test("annotations are kept with the mailbox and the account, up to a hundred of each", async () => {
  await using server = await startWithImap({ world: fakeWorld() });
  const alice = await talkImap(server, { user: "alice" });
  assert.match(await alice.say('SETMETADATA INBOX (/private/comment "Mine")'), /^OK /);
  assert.match(await alice.say("GETMETADATA INBOX /private/comment"), /\/private\/comment "Mine"/);
  assert.match(await alice.say('GETMETADATA "" /private/comment'), /^OK /);
  assert.match(await alice.say('SETMETADATA Nowhere (/private/a "x")'), /^NO \[NONEXISTENT\]/);
  const many = Array.from({ length: 100 }, (_, at) => `/private/n${at} "x"`).join(" ");
  assert.match(await alice.say(`SETMETADATA INBOX (${many})`), /^NO \[METADATA TOOMANY\]/);
  assert.match(await alice.say(`SETMETADATA "" (${many})`), /^OK /);
  alice.close();
});
