/** What IMAP clients hear of each other, and when. */
import assert from "$assert";
import type { ImapSelected } from "../lib/imap/backend.ts";
import { connect, type FakeImap, fakeImap } from "./imap_fake.ts";
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

Deno.test("imapServer tells a silent client what somebody changed within the same moment", async () => {
  const backend = fakeImap();
  const slow = overtaken(backend, {
    store: (inbox) =>
      inbox.store({ uids: [1], change: "add", flags: ["\\Flagged"], unchangedSince: null }),
  });
  const client = await connect(slow, { mailbox: "INBOX" });
  for (
    const [command, flags] of [
      ["+FLAGS.SILENT (\\Seen)", "\\Flagged \\Seen"],
      ["-FLAGS.SILENT (\\Seen)", null],
      ["FLAGS.SILENT (\\FLAGGED $new)", null],
      ["-FLAGS.SILENT ($new \\Flagged)", null],
    ] as const
  ) {
    const heard = await client.say(`a STORE 1 ${command}`);
    const told = flags === null ? [] : [`* 1 FETCH (FLAGS (${flags}))`];
    assert.deepEqual(heard.filter((line) => line.includes(" FETCH ")), told, command);
  }
});

Deno.test("imapServer counts in SELECT what was there when it said how far the mailbox is", async () => {
  const backend = fakeImap();
  const slow = overtaken(backend, {
    async list() {
      await backend.account.append("INBOX", [LETTER]);
      await remove(backend, 2);
    },
  });
  const client = await connect(slow, { mailbox: "Trash" });
  const heard = await client.say("a SELECT INBOX");
  const told = heard.filter((line) => /EXISTS|UIDNEXT|EXPUNGE/.test(line));
  assert.deepEqual(told.slice(0, 2).map((line) => line.slice(0, 16)), [
    "* 2 EXISTS",
    "* OK [UIDNEXT 4]",
  ]);
  assert.deepEqual(told.slice(2), ["* 3 EXISTS"]);
});

Deno.test("imapServer calls nothing gone before that it has counted", async () => {
  const backend = fakeImap();
  const slow = overtaken(backend, { changes: () => remove(backend, 2) });
  const client = await connect(slow, { mailbox: "Trash" });
  await client.say("a ENABLE QRESYNC");
  const heard = await client.say("b SELECT INBOX (QRESYNC (1 1))");
  const told = heard.filter((line) => /EXISTS|VANISHED/.test(line));
  assert.deepEqual(told, ["* 3 EXISTS", "* VANISHED 2"]);
});

Deno.test("imapServer holds back a client that has not heard of removals", async () => {
  const backend = fakeImap();
  const client = await connect(backend, { mailbox: "Trash" });
  await client.say("a ENABLE QRESYNC");
  const opened = await client.say("b SELECT INBOX");
  const mark = opened.find((line) => line.includes("HIGHESTMODSEQ"))!.match(/\d+/)![0];
  await remove(backend, 1);
  const newest = Number(mark) + 3;
  // RFC 7162 §6: with the greater one it would come back, and never hear of the removal.
  assert.deepEqual(await client.say("c STORE 2 +FLAGS.SILENT (\\Seen)"), [
    `* 2 FETCH (MODSEQ (${newest}))`,
    `* OK [HIGHESTMODSEQ ${mark}] not everything is told yet`,
    "c OK changed",
  ]);
  assert.deepEqual(await client.say("d NOOP"), ["* VANISHED 1", "d OK nothing was done"]);
  assert.deepEqual(await client.say("e STORE 1 -FLAGS.SILENT (\\Seen)"), [
    `* 1 FETCH (MODSEQ (${newest + 1}))`,
    "e OK changed",
  ]);
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

/** What others do with INBOX just before a call of the session, the first time that it comes. */
type Between = Partial<Record<keyof ImapSelected, (inbox: ImapSelected) => unknown>>;

/** The same mailboxes for a session that others overtake. */
function overtaken(backend: FakeImap, between: Between): FakeImap {
  const { account } = backend;
  const waiting = new Map(Object.entries(between));
  const select = async (name: string) => {
    const selected = (await account.select(name))!;
    if (name !== "INBOX") return selected;
    const { status } = selected;
    return new Proxy(selected, {
      get(target, key: keyof ImapSelected & string) {
        if (key === "status") return status;
        const first = waiting.get(key);
        if (first === undefined) return target[key];
        return async (...args: readonly never[]) => {
          waiting.delete(key);
          await first(target);
          return await (target[key] as (...args: readonly never[]) => unknown)(...args);
        };
      },
    });
  };
  const login = () => ({ ...account, select });
  return { ...backend, open: async (peer) => ({ ...await backend.open(peer), login }) };
}

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
