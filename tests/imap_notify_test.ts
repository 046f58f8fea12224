/** What a client that has said NOTIFY hears of what others do. */
import assert from "$assert";
import type { ImapFlagChange } from "../lib/imap/backend.ts";
import { encode } from "../lib/wire/bytes.ts";
import { connect, type FakeClient, type FakeImap, fakeImap } from "./imap_fake.ts";

const LETTER = { content: encode("Subject: new\r\n\r\n"), flags: [], receivedAt: null };

/** A client that has asked to be told of this, with a mailbox open where one is named. */
async function notified(
  backend: FakeImap,
  groups: string,
  mailbox?: string,
): Promise<FakeClient> {
  const client = await connect(backend, mailbox === undefined ? {} : { mailbox });
  if (mailbox === undefined) await client.say("l LOGIN alice secret");
  assert.match((await client.say(`n NOTIFY SET ${groups}`)).at(-1)!, /^n OK /);
  return client;
}

async function store(backend: FakeImap, change: Partial<ImapFlagChange>, mailbox = "INBOX") {
  const opened = (await backend.account.select(mailbox))!;
  await opened.store({ uids: [1], change: "add", flags: [], unchangedSince: null, ...change });
}

async function remove(backend: FakeImap, uid: number, mailbox = "INBOX") {
  await store(backend, { uids: [uid], flags: ["\\Deleted"] }, mailbox);
  await (await backend.account.select(mailbox))!.expunge([uid]);
}

Deno.test("NOTIFY tells between commands what comes, changes and goes", async () => {
  const backend = fakeImap();
  const groups = "(SELECTED (MessageNew (UID BODY.PEEK[HEADER.FIELDS (SUBJECT)]) " +
    "MessageExpunge FlagChange))";
  const client = await notified(backend, groups, "INBOX");
  await backend.account.append("INBOX", [LETTER]);
  assert.deepEqual(await client.wait(0), [
    "* 4 EXISTS",
    "* 1 RECENT",
    "* 4 FETCH (UID 4 BODY[HEADER.FIELDS (SUBJECT)] {16}",
    "Subject: new",
    "",
    ")",
  ]);
  await store(backend, { flags: ["\\Seen"] });
  // RFC 5465 §5.1: with the UID.
  assert.deepEqual(await client.wait(0), ["* 1 FETCH (UID 1 FLAGS (\\Seen))"]);
  await remove(backend, 2);
  assert.deepEqual((await client.wait(0)).at(-1), "* 2 EXPUNGE");
  assert.deepEqual(await client.say("a FETCH 1:3 UID"), [
    "* 1 FETCH (UID 1)",
    "* 2 FETCH (UID 3)",
    "* 3 FETCH (UID 4)",
    "a OK that is all",
  ]);
  // In another mailbox there is nothing to hear of this one.
  await client.say("b SELECT Drafts");
  await backend.account.append("INBOX", [LETTER]);
  assert.deepEqual(await client.wait(0), []);
});

Deno.test("NOTIFY and searches that are kept up to date tell of a new message as one", async () => {
  const backend = fakeImap();
  const client = await connect(backend, { mailbox: "INBOX" });
  await client.say("s SEARCH RETURN (UPDATE (UID RFC822.SIZE)) SUBJECT new");
  await client.say("t SEARCH RETURN (UPDATE (FLAGS)) SUBJECT old");
  await backend.account.append("INBOX", [LETTER]);
  assert.deepEqual(await client.say("a NOOP"), [
    "* 4 EXISTS",
    "* 1 RECENT",
    '* ESEARCH (TAG "s") ADDTO (0 4)',
    "* 4 FETCH (UID 4 RFC822.SIZE 16)",
    "a OK nothing was done",
  ]);
  await client.say("n NOTIFY SET (SELECTED (MessageNew (FLAGS UID) MessageExpunge))");
  await backend.account.append("INBOX", [LETTER]);
  assert.deepEqual((await client.wait(0)).slice(-2), [
    '* ESEARCH (TAG "s") ADDTO (0 5)',
    "* 5 FETCH (FLAGS (\\Recent) UID 5 RFC822.SIZE 16)",
  ]);
  // RFC 5465 §7: a message that was there before is not told anew.
  await client.say("c STORE 1 +FLAGS.SILENT (\\Flagged)", "u SEARCH RETURN (UPDATE (UID)) FLAGGED");
  assert.deepEqual(await client.say("d STORE 2 +FLAGS.SILENT (\\Flagged)"), [
    '* ESEARCH (TAG "u") ADDTO (0 2)',
    "d OK changed",
  ]);
});

Deno.test("NOTIFY tells nothing of what was not asked for, and later what has gathered", async () => {
  const backend = fakeImap();
  const client = await notified(backend, "(SUBSCRIBED (MailboxName))", "INBOX");
  await backend.account.append("INBOX", [LETTER]);
  await store(backend, { flags: ["\\Seen"] });
  await remove(backend, 2);
  assert.deepEqual(await client.say("a NOOP"), ["a OK nothing was done"]);
  const all = "NOTIFY SET (SELECTED (MessageNew (UID) MessageExpunge FlagChange))";
  assert.deepEqual(await client.say(`b ${all}`), [
    "* 2 EXPUNGE",
    "* 3 EXISTS",
    "* 1 RECENT",
    "* 1 FETCH (UID 1 FLAGS (\\Seen))",
    "* 3 FETCH (UID 4)",
    "b OK you will hear of it",
  ]);
});

Deno.test("NOTIFY with SELECTED-DELAYED moves numbers where they may move anyway", async () => {
  const backend = fakeImap();
  const groups = "(SELECTED-DELAYED (MessageNew MessageExpunge))";
  const client = await notified(backend, groups, "INBOX");
  await remove(backend, 1);
  await backend.account.append("INBOX", [LETTER]);
  assert.deepEqual(await client.wait(0), ["* 4 EXISTS", "* 1 RECENT"]);
  assert.deepEqual(await client.say("a FETCH 2 UID"), ["* 2 FETCH (UID 2)", "a OK that is all"]);
  assert.deepEqual(await client.say("b NOOP"), ["* 1 EXPUNGE", "b OK nothing was done"]);
});

Deno.test("NOTIFY tells by STATUS what happens in mailboxes that are not open", async () => {
  const backend = fakeImap();
  const groups = "(SELECTED NONE) (MAILBOXES (INBOX Drafts) (MessageNew MessageExpunge)) " +
    "(MAILBOXES (Trash) (MessageNew MessageExpunge FlagChange))";
  const client = await notified(backend, groups, "INBOX");
  await backend.account.append("INBOX", [LETTER]);
  assert.deepEqual(await client.wait(0), []);
  await backend.account.append("Drafts", [LETTER]);
  assert.deepEqual(await client.wait(0), ['* STATUS "Drafts" (MESSAGES 1 UIDNEXT 2)']);
  await store(backend, { flags: ["\\Seen"] }, "Drafts");
  assert.deepEqual(await client.wait(0), []);
  await remove(backend, 1, "Drafts");
  assert.deepEqual(await client.wait(0), ['* STATUS "Drafts" (MESSAGES 0 UIDNEXT 2)']);
  await backend.account.append("Trash", [LETTER]);
  await client.wait(0);
  await store(backend, { flags: ["\\Seen"] }, "Trash");
  assert.deepEqual(await client.wait(0), ['* STATUS "Trash" (UIDVALIDITY 3 UNSEEN 0)']);
  await store(backend, { flags: ["\\Flagged"] }, "Trash");
  assert.deepEqual(await client.wait(0), []);
  // RFC 5465 §5.1 and §5.2: mod-sequences, for who counts in them.
  await client.say("a ENABLE CONDSTORE");
  await store(backend, { flags: ["\\Answered"] }, "Trash");
  assert.deepEqual(await client.wait(0), ['* STATUS "Trash" (UIDVALIDITY 3 HIGHESTMODSEQ 5)']);
  await backend.account.append("Trash", [LETTER]);
  assert.deepEqual(await client.wait(0), [
    '* STATUS "Trash" (MESSAGES 2 UIDNEXT 3 HIGHESTMODSEQ 6 UIDVALIDITY 3 UNSEEN 1)',
  ]);
});

Deno.test("NOTIFY misses nothing that happens while one looks", async () => {
  let looks = 0;
  const backend = fakeImap({
    meanwhile: () => void (++looks === 2 && backend.account.append("Drafts", [LETTER])),
  });
  const client = await connect(backend);
  const heard = await client.say(
    "a LOGIN alice secret",
    "b NOTIFY SET (PERSONAL (MessageNew MessageExpunge))",
  );
  assert.deepEqual(heard.slice(-2), [
    "b OK you will hear of it",
    '* STATUS "Drafts" (MESSAGES 1 UIDNEXT 2)',
  ]);
});

Deno.test("NOTIFY tells of mailboxes that are made, renamed and removed, with their parents", async () => {
  const backend = fakeImap();
  const { account } = backend;
  const client = await notified(backend, "(PERSONAL (MailboxName))");
  await account.create("Work/Plans", null);
  assert.deepEqual(await client.wait(0), [
    '* LIST (\\HasChildren) "/" "Work"',
    '* LIST (\\HasNoChildren) "/" "Work/Plans"',
  ]);
  await account.rename("Work/Plans", "Play");
  assert.deepEqual(await client.wait(0), [
    '* LIST (\\HasNoChildren) "/" "Play" ("OLDNAME" ("Work/Plans"))',
  ]);
  await account.remove("Work");
  assert.deepEqual(await client.wait(0), ['* LIST (\\NonExistent \\HasNoChildren) "/" "Work"']);
  // Subscriptions were not asked for.
  await account.subscribe("Play", true);
  assert.deepEqual(await client.wait(0), []);
});

Deno.test("NOTIFY tells of subscriptions, and goes by those that there are", async () => {
  const backend = fakeImap();
  const { account } = backend;
  const groups = "(SUBSCRIBED (MessageNew MessageExpunge SubscriptionChange)) " +
    "(SUBTREE Trash (SubscriptionChange))";
  const client = await notified(backend, groups);
  await account.append("Drafts", [LETTER]);
  assert.deepEqual(await client.wait(0), []);
  await account.subscribe("Drafts", true);
  assert.deepEqual(await client.wait(0), [
    '* LIST (\\HasNoChildren \\Subscribed \\Drafts) "/" "Drafts"',
  ]);
  await account.append("Drafts", [LETTER]);
  assert.deepEqual(await client.wait(0), ['* STATUS "Drafts" (MESSAGES 2 UIDNEXT 3)']);
  await account.subscribe("Drafts", false);
  assert.deepEqual(await client.wait(0), ['* LIST (\\HasNoChildren \\Drafts) "/" "Drafts"']);
  await account.subscribe("Trash/Old", true);
  assert.deepEqual(await client.wait(0), [
    '* LIST (\\NonExistent \\HasNoChildren \\Subscribed) "/" "Trash/Old"',
  ]);
});

Deno.test("NOTIFY tells which metadata others set, of mailboxes and of the account", async () => {
  const backend = fakeImap();
  const groups = "(MAILBOXES INBOX (MailboxMetadataChange ServerMetadataChange))";
  const client = await notified(backend, groups);
  const other = await connect(backend, { mailbox: "INBOX" });
  await other.say('a SETMETADATA INBOX (/private/comment "x" /shared/comment NIL)');
  assert.deepEqual(await client.wait(0), ['* METADATA "INBOX" /private/comment /shared/comment']);
  await other.say(
    'b SETMETADATA "" (/private/comment "x")',
    'c SETMETADATA Drafts (/private/a "x")',
  );
  assert.deepEqual(await client.wait(0), ['* METADATA "" /private/comment']);
  // RFC 5465 §5: the client knows what it does itself.
  assert.deepEqual(await client.say('d SETMETADATA INBOX (/private/a "x")'), ["d OK set"]);
  assert.deepEqual(await client.wait(0), []);
});

Deno.test("NOTIFY tells an idle client the same", async () => {
  const backend = fakeImap();
  const groups = "(SELECTED-DELAYED (MessageNew MessageExpunge)) " +
    "(PERSONAL (MessageNew MessageExpunge MailboxName))";
  const client = await notified(backend, groups, "INBOX");
  assert.deepEqual(await client.say("a IDLE"), ["+ idling"]);
  await backend.account.append("Drafts", [LETTER]);
  assert.deepEqual(await client.wait(0), ['* STATUS "Drafts" (MESSAGES 1 UIDNEXT 2)']);
  await store(backend, { flags: ["\\Seen"] });
  assert.deepEqual(await client.wait(0), []);
  await remove(backend, 1);
  assert.deepEqual(await client.wait(0), ["* 1 EXPUNGE"]);
  await backend.account.create("New", null);
  assert.deepEqual(await client.wait(0), ['* LIST (\\HasNoChildren) "/" "New"']);
  assert.deepEqual(await client.say("DONE"), ["a OK no more idling"]);
  // Without a mailbox that is open, too.
  await client.say("b UNSELECT", "c IDLE");
  await backend.account.append("INBOX", [LETTER]);
  assert.deepEqual(await client.wait(0), ['* STATUS "INBOX" (MESSAGES 3 UIDNEXT 5)']);
});

Deno.test("NOTIFY is refused, and given up, where there are more than 500 mailboxes", async () => {
  const backend = fakeImap();
  const { account } = backend;
  for (let at = 3; at < 500; at++) await account.create(`m${at}`, null);
  const client = await notified(backend, "(PERSONAL (MailboxName))");
  await account.create("too many", null);
  const words = "[NOTIFICATIONOVERFLOW] you will hear of nothing any more";
  assert.deepEqual(await client.wait(0), [`* OK ${words}`]);
  await account.remove("m3");
  assert.deepEqual(await client.wait(0), []);
  await account.create("m3", null);
  assert.deepEqual(await client.say("a NOTIFY SET (PERSONAL (MailboxName))"), [
    "a NO [NOTIFICATIONOVERFLOW] there are too many mailboxes to watch",
  ]);
  assert.match((await client.say("b NOTIFY SET (SELECTED NONE)"))[0]!, /^b OK /);
});

Deno.test("NOTIFY is given up where a look fails, and where a client does not read", async () => {
  const backend = fakeImap({ broken: ["overview"] });
  const client = await notified(backend, "(PERSONAL (MailboxName))");
  await backend.account.create("New", null);
  assert.match((await client.wait(0)).join("\n"), /^\* OK \[NOTIFICATIONOVERFLOW\] .*$/);
  assert.deepEqual(await client.say("a NOOP"), ["a OK nothing was done"]);

  const whole = fakeImap();
  const other = await connect(whole, { mailbox: "INBOX" });
  const watcher = await notified(whole, "(PERSONAL (MailboxMetadataChange))");
  const sets = (count: number) =>
    Array.from({ length: count }, (_, at) => `t${at} SETMETADATA INBOX (/private/a "${at}")`);
  await other.say(...sets(100));
  assert.equal((await watcher.wait(0)).length, 100);
  await other.say(...sets(101));
  assert.match((await watcher.wait(0)).join("\n"), /^\* OK \[NOTIFICATIONOVERFLOW\] .*$/);
});

Deno.test("NOTIFY ends with the conversation when the open mailbox is removed", async () => {
  const backend = fakeImap();
  const client = await notified(backend, "(SELECTED (MessageNew MessageExpunge))", "Drafts");
  await backend.account.remove("Drafts");
  const gone = "* BYE [UNAVAILABLE] the mailbox that was open is gone";
  assert.deepEqual(await client.wait(0), [gone]);
  await client.wait(10_000);
  await client.ended;
  assert.deepEqual(backend.counts(), { opened: 1, closed: 1 });
});
