/** What IMAP clients hear of each other, and when. */
import assert from "$assert";
import { connect, fakeImap } from "./imap_fake.ts";
import { encode } from "../lib/wire/bytes.ts";

const LETTER = { content: encode("Subject: new\r\n\r\n"), flags: [], receivedAt: null };

Deno.test("imapServer tells an idle client at once what comes, changes and goes", async () => {
  const backend = fakeImap();
  const idler = await connect(backend, { mailbox: "INBOX" });
  const other = await connect(backend, { mailbox: "INBOX" });
  assert.deepEqual(await idler.say("a IDLE"), ["+ idling"]);
  await backend.account.append("INBOX", [LETTER]);
  assert.deepEqual(await idler.wait(0), ["* 4 EXISTS", "* 1 RECENT"]);
  await other.say("b STORE 1 +FLAGS (\\Seen)");
  assert.deepEqual(await idler.wait(0), ["* 1 FETCH (FLAGS (\\Seen))"]);
  await other.say("c STORE 2:3 +FLAGS.SILENT (\\Deleted)", "d EXPUNGE");
  assert.deepEqual((await idler.wait(0)).slice(-2), ["* 2 EXPUNGE", "* 2 EXPUNGE"]);
  assert.deepEqual(await idler.say("DONE"), ["a OK no more idling"]);
  assert.deepEqual(await idler.say("e IDLE", "DONE"), ["+ idling", "e OK no more idling"]);
});

Deno.test("imapServer tells who idles what joins a search, and what leaves it", async () => {
  const backend = fakeImap();
  const idler = await connect(backend, { mailbox: "INBOX" });
  const other = await connect(backend, { mailbox: "INBOX" });
  await idler.say("s UID SEARCH RETURN (UPDATE) FLAGGED", "n SEARCH RETURN (UPDATE) SUBJECT new");
  await idler.say("a IDLE");
  await other.say("b STORE 3 +FLAGS.SILENT (\\Flagged)");
  assert.deepEqual(await idler.wait(0), [
    "* 3 FETCH (FLAGS (\\Flagged))",
    '* ESEARCH (TAG "s") UID ADDTO (0 3)',
  ]);
  await backend.account.append("INBOX", [LETTER]);
  assert.deepEqual(await idler.wait(0), [
    "* 4 EXISTS",
    "* 1 RECENT",
    '* ESEARCH (TAG "n") ADDTO (0 4)',
  ]);
  await idler.say("DONE");
  await remove(backend, 3);
  await remove(backend, 4);
  // RFC 5267 §4.3.2: numbers may not move yet, and what has left may be told.
  assert.deepEqual(await idler.say("c FETCH 1 UID"), [
    "* 1 FETCH (UID 1)",
    '* ESEARCH (TAG "s") UID REMOVEFROM (0 3)',
    '* ESEARCH (TAG "n") REMOVEFROM (0 4)',
    "c OK that is all",
  ]);
  assert.deepEqual(await idler.say("d NOOP"), [
    "* 3 EXPUNGE",
    "* 3 EXPUNGE",
    "d OK nothing was done",
  ]);
});

Deno.test("imapServer moves no numbers in the answer to a command by number", async () => {
  const backend = fakeImap();
  const client = await connect(backend, { mailbox: "INBOX" });
  await remove(backend, 1);
  // RFC 9051 §7.5.1: FETCH, STORE and SEARCH, with what is like them.
  const quiet = ["FETCH 2 UID", "STORE 2 +FLAGS.SILENT (\\Seen)", "SEARCH ALL"];
  for (const command of [...quiet, "SORT (SIZE) UTF-8 ALL", "THREAD REFERENCES UTF-8 ALL"]) {
    const heard = await client.say(`a ${command}`);
    assert.ok(!heard.some((line) => line.endsWith("EXPUNGE")), `${command}: ${heard}`);
    assert.match(heard.at(-1)!, /^a OK/);
  }
  assert.deepEqual(await client.say("b NONSENSE"), ["b BAD there is no such command"]);
  assert.deepEqual(await client.say("c UID FETCH 3 UID"), [
    "* 3 FETCH (UID 3)",
    "* 1 EXPUNGE",
    "c OK that is all",
  ]);
  assert.deepEqual(await client.say("d FETCH 1 UID"), ["* 1 FETCH (UID 2)", "d OK that is all"]);
});

Deno.test("imapServer says by number that a message is gone, and by UID nothing", async () => {
  const backend = fakeImap();
  const client = await connect(backend, { mailbox: "INBOX" });
  await remove(backend, 2);
  assert.deepEqual(await client.say("a FETCH 1:3 UID"), [
    "* 1 FETCH (UID 1)",
    "* 3 FETCH (UID 3)",
    "a NO [EXPUNGEISSUED] some of the messages are gone",
  ]);
  assert.deepEqual(await client.say("b SEARCH ALL"), ["* SEARCH 1 3", "b OK that is all"]);
  assert.deepEqual(await client.say("c STORE 2 +FLAGS (\\Seen)"), [
    "c NO [EXPUNGEISSUED] some of the messages are gone",
  ]);
  assert.deepEqual(await client.say("d UID FETCH 2 UID"), ["* 2 EXPUNGE", "d OK that is all"]);
});

Deno.test("imapServer searches what is true now, told or not", async () => {
  const backend = fakeImap();
  const client = await connect(backend, { mailbox: "INBOX" });
  const other = await connect(backend, { mailbox: "INBOX" });
  await other.say("a STORE 1 +FLAGS (\\Seen)");
  assert.equal((await client.say("b SEARCH UNSEEN"))[0], "* SEARCH 2 3");
  await other.say("c STORE 2 +FLAGS (\\Deleted)", "d EXPUNGE");
  assert.equal((await client.say("e SEARCH UNSEEN"))[0], "* SEARCH 3");
  assert.equal((await client.say("f SORT (ARRIVAL) UTF-8 ALL"))[0], "* SORT 1 3");
});

Deno.test("imapServer tells what others have changed to a client that wants silence", async () => {
  const backend = fakeImap();
  const one = await connect(backend, { mailbox: "INBOX" });
  const two = await connect(backend, { mailbox: "INBOX" });
  await one.say("a STORE 1 +FLAGS.SILENT (\\Flagged)");
  assert.deepEqual(await two.say("b STORE 1 +FLAGS.SILENT (\\Seen)"), [
    "* 1 FETCH (FLAGS (\\Flagged \\Seen))",
    "b OK changed",
  ]);
  // Looking at something else is not hearing of the flags.
  assert.deepEqual(await one.say("c FETCH 1 UID"), [
    "* 1 FETCH (UID 1)",
    "* 1 FETCH (FLAGS (\\Flagged \\Seen))",
    "c OK that is all",
  ]);
  assert.deepEqual(await one.say("d NOOP"), ["d OK nothing was done"]);
});

Deno.test("imapServer tells keywords that are new before the client meets them", async () => {
  const backend = fakeImap();
  const one = await connect(backend, { mailbox: "INBOX" });
  const two = await connect(backend, { mailbox: "INBOX" });
  await one.say("a STORE 1 +FLAGS.SILENT ($Work)");
  assert.deepEqual(await two.say("b NOOP"), [
    "* FLAGS (\\Answered \\Deleted \\Draft \\Flagged \\Seen $Work)",
    "* OK [PERMANENTFLAGS (\\Answered \\Deleted \\Draft \\Flagged \\Seen $Work \\*)] can be kept",
    "* 1 FETCH (FLAGS ($Work))",
    "b OK nothing was done",
  ]);
});

Deno.test("imapServer promises no further keywords where there are 200", async () => {
  const backend = fakeImap();
  const client = await connect(backend, { mailbox: "INBOX" });
  const flags = Array.from({ length: 199 }, (_, at) => `k${at}`);
  const keep = (flags: readonly string[]) => store(backend, flags);
  await keep(flags);
  assert.match((await client.say("a NOOP"))[1]!, / k198 \\\*\)\]/);
  await keep(["k199"]);
  assert.match((await client.say("b NOOP"))[1]!, / k199\)\]/);
});

Deno.test("imapServer forgets keywords that no message has where there were 200", async () => {
  const backend = fakeImap();
  const client = await connect(backend, { mailbox: "INBOX" });
  await store(backend, Array.from({ length: 200 }, (_, at) => `k${at}`));
  await client.say("a NOOP");
  const inbox = (await backend.account.select("INBOX"))!;
  await inbox.store({ uids: [1], change: "set", flags: ["k7", "k200"], unchangedSince: null });
  assert.deepEqual((await client.say("b NOOP"))[0]!.split(" ").slice(-2), ["k7", "k200)"]);
});

Deno.test("imapServer tells UIDs with what it says unasked, where that is asked for", async () => {
  const backend = fakeImap();
  for (
    const [enabled, line] of [
      ["IMAP4rev2", "* 1 FETCH (UID 1 FLAGS (\\Seen))"],
      ["CONDSTORE", "* 1 FETCH (UID 1 FLAGS (\\Draft) MODSEQ (6))"],
    ] as const
  ) {
    const client = await connect(backend, { mailbox: "INBOX" });
    await client.say(`a ENABLE ${enabled}`);
    const inbox = (await backend.account.select("INBOX"))!;
    const flags = [line.includes("Seen") ? "\\Seen" : "\\Draft"];
    await inbox.store({ uids: [1], change: "set", flags, unchangedSince: null });
    assert.deepEqual(await client.say("b NOOP"), [line, "b OK nothing was done"]);
  }
});

Deno.test("imapServer finds out what is gone where removals are not remembered", async () => {
  const backend = fakeImap({ forgetful: true });
  const client = await connect(backend, { mailbox: "INBOX" });
  await remove(backend, 2);
  assert.deepEqual(await client.say("a NOOP"), ["* 2 EXPUNGE", "a OK nothing was done"]);
  await client.say("b ENABLE QRESYNC");
  const heard = await client.say("c SELECT INBOX (QRESYNC (1 2 1:3))");
  assert.ok(heard.includes("* VANISHED (EARLIER) 2"), `${heard}`);
});

Deno.test("imapServer parts when somebody removes the mailbox that is open", async () => {
  const gone = "* BYE [UNAVAILABLE] the mailbox that was open is gone";
  const backend = fakeImap();
  const one = await connect(backend, { mailbox: "Drafts" });
  const two = await connect(backend, { mailbox: "Drafts" });
  const idler = await connect(backend, { mailbox: "Drafts" });
  await idler.say("a IDLE");
  assert.deepEqual(await one.say("a DELETE Drafts"), [
    "* OK [CLOSED] the mailbox that was open is gone",
    "a OK deleted",
  ]);
  assert.deepEqual(await two.say("a NOOP"), [gone]);
  assert.deepEqual(await idler.wait(0), [gone]);
  await Promise.all([two.wait(5_000), idler.wait(5_000)]);
  await Promise.all([two.ended, idler.ended]);
});

async function remove(backend: ReturnType<typeof fakeImap>, uid: number): Promise<void> {
  const inbox = (await backend.account.select("INBOX"))!;
  await inbox.store({ uids: [uid], change: "add", flags: ["\\Deleted"], unchangedSince: null });
  await inbox.expunge([uid]);
}

async function store(
  backend: ReturnType<typeof fakeImap>,
  flags: readonly string[],
): Promise<void> {
  const inbox = (await backend.account.select("INBOX"))!;
  await inbox.store({ uids: [1], change: "add", flags, unchangedSince: null });
}
