/** Mailboxes of a server inside of a program: looked through, and changed. */
import assert from "$assert";
import { MailError, readMail, sendMail, startMailServer } from "../mod.ts";
import { REAL } from "./app_support.ts";

const USERS = { alice: "secret", bob: "hunter2" };
const ALICE = {
  user: "alice",
  password: "secret",
  from: "alice@example.test",
  to: "bob@example.test",
};

Deno.test("a mailbox is listed, searched, flagged, moved and emptied from within", async () => {
  await using server = await startMailServer({ users: USERS, ports: { imap: 0 } });
  for (const [subject, text] of [["Grüße", "Größer ist älter."], ["Two", "two"], ["Three", "3"]]) {
    await sendMail({ ...ALICE, port: server.ports.smtp, subject: subject!, text: text! });
  }
  const inbox = server.mailbox("bob+tag@example.test");
  assert.equal(inbox.name, "INBOX");
  const [one, two, three] = await inbox.list();
  assert.deepEqual([one!.uid, one!.flags, one!.text], [1, [], "Größer ist älter.\n"]);
  assert.ok(Math.abs(one!.receivedAt.getTime() - REAL.clock.now()) < 60_000);

  const subjects = async (wanted: Parameters<typeof inbox.search>[0]) =>
    (await inbox.search(wanted)).map(({ subject }) => subject);
  assert.deepEqual(await subjects({}), ["Grüße", "Two", "Three"]);
  assert.deepEqual(await subjects({ subject: "GRÜSSE" }), []);
  assert.deepEqual(await subjects({ subject: "grüße", from: "alice", to: /^bob@/ }), ["Grüße"]);
  assert.deepEqual(await subjects({ text: /ä|3/ }), ["Grüße", "Three"]);
  await inbox.flag([one!, 2, 77], { add: ["\\Seen", "$Junk"] });
  await inbox.flag(two!, { add: ["\\flagged"], remove: ["$junk"] });
  assert.deepEqual((await inbox.list()).map(({ flags }) => flags), [
    ["\\Seen", "$Junk"],
    ["\\Seen", "\\Flagged"],
    [],
  ]);
  assert.deepEqual(await subjects({ flags: ["\\SEEN"], withoutFlags: ["\\Flagged"] }), ["Grüße"]);
  assert.deepEqual(await subjects({ withoutFlags: ["\\Seen"] }), ["Three"]);
  const soon = new Date(REAL.clock.now() + 60_000);
  assert.deepEqual(await subjects({ before: soon, subject: "two" }), ["Two"]);
  assert.deepEqual(await subjects({ since: soon }), []);

  await inbox.move(one!, "Archive");
  await inbox.delete([three!, 99]);
  assert.deepEqual(await subjects({}), ["Two"]);
  const [archived] = await server.mailbox("bob@example.test", "Archive").list();
  assert.deepEqual([archived!.uid, archived!.subject], [1, "Grüße"]);

  const bob = { port: server.ports.imap!, user: "bob", password: "hunter2" };
  const [same] = await readMail({ ...bob, mailbox: "Archive" });
  assert.deepEqual([same!.subject, same!.text], ["Grüße", "Größer ist älter.\n"]);
  const [left] = await readMail({ ...bob, delete: true });
  assert.equal(left!.subject, "Two");
  assert.deepEqual(await inbox.list(), []);
});

Deno.test("mailboxes that are not there, and what cannot be, are mistakes", async () => {
  const server = await startMailServer({ users: USERS, ports: { imap: 0 } });
  const bob = "bob@example.test";
  const first = ["Archive", "Drafts", "INBOX", "Junk", "Sent", "Trash"];
  assert.deepEqual(await server.mailboxes(bob), first);
  await server.createMailbox(bob, "Work/Plans");
  await server.createMailbox(bob, "inbox/Old/");
  assert.deepEqual(await server.mailboxes(bob), [
    "Archive",
    "Drafts",
    "INBOX",
    "INBOX/Old",
    ...first.slice(3),
    "Work",
    "Work/Plans",
  ]);
  assert.deepEqual(await server.mailboxes("alice@example.test"), first);
  for (const name of ["Work", "inbox", "a//b", "x*", "n".repeat(300)]) {
    await assert.rejects(server.createMailbox(bob, name), RangeError, name);
  }
  const none = server.mailbox(bob, "Nothing");
  await assert.rejects(none.list(), /bob@example\.test has no mailbox Nothing, only .*INBOX/);
  await assert.rejects(none.delete(1), RangeError);
  const inbox = server.mailbox(bob);
  await assert.rejects(inbox.move([], "Nothing"), /no mailbox Nothing/);
  await assert.rejects(inbox.flag([], { add: ["\\Recent"] }), RangeError);
  assert.throws(() => server.mailbox("eve@example.test"), RangeError);
  await assert.rejects(server.mailboxes("eve@example.test"), RangeError);

  const login = { user: "bob", password: "hunter2" };
  const wanted = { ...login, mailbox: "Nothing" };
  await assert.rejects(
    readMail({ ...wanted, port: server.ports.imap! }),
    (error: unknown) =>
      error instanceof MailError && error.kind === "missing" &&
      /the mailbox Nothing cannot be opened.*INBOX/.test(error.message),
  );
  await assert.rejects(readMail({ ...wanted, port: server.ports.pop3 }), RangeError);
  await server.stop();
  await assert.rejects(
    inbox.list(),
    (error: unknown) => error instanceof MailError && error.kind === "unavailable",
  );
});
