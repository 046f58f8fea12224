/** mbsync (isync) and offlineimap keep a Maildir and our server in step, both ways. */
import assert from "$assert";
import {
  type Account,
  accountAt,
  IMAP_PORTS,
  mailboxesOf,
  marksOf,
  withImapflow,
} from "./imapflow.ts";
import { mailboxesIn, markMail, readMaildirs } from "./maildir.ts";
import { type Peer, runWell, testWithServer } from "./run.ts";

/** A program, and the Maildir that it keeps in step with Bob's account. */
interface Syncer {
  readonly maildir: string;
  sync(): Promise<unknown>;
}

const CHILD = "Größe/Bälle";

/** Long enough that no program takes it for a small one: 2 MB in lines of base64. */
const LARGE = `${"0123456789abcdef".repeat(4)}\r\n`.repeat(30_000);

testWithServer("mbsync keeps a Maildir in step with us, both ways", async (peer) => {
  await keepInStep(peer, await mbsyncToMaildir(peer));
}, IMAP_PORTS);

testWithServer("offlineimap keeps a Maildir in step with us, both ways", async (peer) => {
  await keepInStep(peer, await offlineimap(peer));
}, IMAP_PORTS);

testWithServer("mbsync keeps two accounts of ours in step", async (peer) => {
  const near = await accountAt(peer, { user: "alice", password: "secret" });
  const far = await accountAt(peer);
  const sync = await mbsyncBetweenAccounts(peer);
  await fill(far);
  await append(near, "Sent", mail("Written"), ["\\Seen"]);
  await sync();
  const both = await mailboxesOf(far);
  assert.deepEqual(both["Sent"], ["Written S"]);
  assert.deepEqual(both[CHILD], ["Bälle FS"]);
  assert.deepEqual(await mailboxesOf(near), both);

  const marks = [await marksOf(near), await marksOf(far)];
  await sync();
  assert.deepEqual([await marksOf(near), await marksOf(far)], marks);

  await withImapflow(near, async (client) => {
    await client.mailboxOpen("INBOX");
    await client.messageFlagsAdd({ subject: "One" }, ["\\Answered"]);
    await client.messageMove({ subject: "Two" }, "Archive");
  });
  await withImapflow(far, (client) => client.mailboxCreate("Später/☂"));
  await append(far, "Später/☂", mail("Rain"), []);
  await sync();
  const changed = await mailboxesOf(near);
  assert.deepEqual(changed["INBOX"], ["Large", "One R"]);
  assert.deepEqual([changed["Archive"], changed["Später/☂"]], [["Two"], ["Rain"]]);
  assert.deepEqual(await mailboxesOf(far), changed);
}, IMAP_PORTS);

/** The first time, a second time without a change, and then changes on both sides. */
async function keepInStep(peer: Peer, { maildir, sync }: Syncer): Promise<void> {
  const account = await accountAt(peer);
  await fill(account);
  await sync();
  const first = await readMaildirs(maildir);
  assert.deepEqual(mailboxesIn(first), {
    "INBOX": ["Large", "One", "Two"],
    [CHILD]: ["Bälle FS"],
  });
  const large = first.find(({ subject }) => subject === "Large")!;
  assert.ok(large.text.replaceAll("\r\n", "\n").endsWith(LARGE.replaceAll("\r\n", "\n")));

  const marks = await marksOf(account);
  await sync();
  assert.deepEqual(await marksOf(account), marks);
  assert.deepEqual(await readMaildirs(maildir), first);

  // What the mail program does on the disk …
  await markMail(first.find(({ subject }) => subject === "One")!, "FS");
  await Deno.remove(large.path);
  for (const folder of ["", "/cur", "/new", "/tmp"]) {
    await Deno.mkdir(`${maildir}/Sp&AOQ-ter${folder}`);
  }
  await Deno.writeTextFile(`${maildir}/Sp&AOQ-ter/cur/1.1.here:2,S`, mail("Written"));
  await Deno.writeTextFile(`${maildir}/INBOX/cur/1.2.here:2,RS`, mail("Kept"));
  // … and what others do on the server.
  await withImapflow(account, async (client) => {
    await client.mailboxOpen("INBOX");
    await client.messageFlagsAdd({ subject: "One" }, ["\\Answered"]);
    await client.messageMove({ subject: "Two" }, CHILD);
    await client.mailboxOpen(CHILD);
    await client.messageFlagsRemove({ subject: "Bälle" }, ["\\Flagged"]);
  });
  // A program may need the next time to bring home the flags of what it has just brought there.
  await sync();
  await sync();
  const expected = {
    "INBOX": ["Kept RS", "One FRS"],
    [CHILD]: ["Bälle S", "Two"],
    "Später": ["Written S"],
  };
  assert.deepEqual(await mailboxesOf(account), expected);
  assert.deepEqual(mailboxesIn(await readMaildirs(maildir)), expected);
}

async function fill(account: Account): Promise<void> {
  await withImapflow(account, (client) => client.mailboxCreate(CHILD));
  await append(account, "INBOX", mail("One"), []);
  await append(account, "INBOX", mail("Two"), []);
  await append(account, "INBOX", `Subject: Large\r\n\r\n${LARGE}`, []);
  await append(account, CHILD, mail("Bälle"), ["\\Seen", "\\Flagged"]);
}

function append(
  account: Account,
  mailbox: string,
  content: string,
  flags: string[],
): Promise<unknown> {
  return withImapflow(account, (client) => client.append(mailbox, content, flags));
}

function mail(subject: string): string {
  const id = `<${encodeURIComponent(subject)}@abc.com>`;
  return `From: alice@abc.com\r\nMessage-ID: ${id}\r\nSubject: ${subject}\r\n\r\nHi\r\n`;
}

async function mbsyncToMaildir(peer: Peer): Promise<Syncer> {
  const maildir = `${peer.folder}/maildir`;
  await Deno.mkdir(maildir);
  const sync = await mbsync(peer, [
    ...account(peer, { name: "far", port: "imap", user: "bob", password: "hunter2" }),
    ...["MaildirStore near", `Path ${maildir}/`, `Inbox ${maildir}/INBOX`, "SubFolders Verbatim"],
  ]);
  return { maildir, sync };
}

function mbsyncBetweenAccounts(peer: Peer): Promise<() => Promise<unknown>> {
  return mbsync(peer, [
    ...account(peer, { name: "far", port: "imap", user: "bob", password: "hunter2" }),
    ...account(peer, { name: "near", port: "imaps", user: "alice", password: "secret" }),
  ]);
}

async function mbsync(peer: Peer, stores: readonly string[]): Promise<() => Promise<unknown>> {
  await Deno.mkdir(`${peer.folder}/state`);
  const channel = [
    ...["Channel all", "Far :far:", "Near :near:", "Patterns *", "Create Both", "Remove Both"],
    ...["Expunge Both", `SyncState ${peer.folder}/state/`, ""],
  ];
  await Deno.writeTextFile(`${peer.folder}/mbsyncrc`, [...stores, "", ...channel].join("\n"));
  return () => runWell("mbsync", ["-V", "-c", `${peer.folder}/mbsyncrc`, "-a"]);
}

function account(
  { ports, ca }: Peer,
  { name, port, user, password }: {
    readonly name: string;
    readonly port: "imap" | "imaps";
    readonly user: string;
    readonly password: string;
  },
): readonly string[] {
  return [
    ...[`IMAPStore ${name}`, "Host localhost", `Port ${ports[port]}`, `User ${user}`],
    ...[`Pass ${password}`, `SSLType ${port === "imaps" ? "IMAPS" : "STARTTLS"}`],
    ...[`CertificateFile ${ca}`, "Timeout 60", ""],
  ];
}

async function offlineimap({ folder, ports, ca }: Peer): Promise<Syncer> {
  const maildir = `${folder}/maildir`;
  const configuration = [
    ...["[general]", "accounts = bob", `metadata = ${folder}/metadata`, "[Account bob]"],
    ...["localrepository = near", "remoterepository = far", "[Repository near]"],
    ...["type = Maildir", `localfolders = ${maildir}`, "sep = /", "[Repository far]"],
    ...["type = IMAP", "remotehost = localhost", `remoteport = ${ports["imaps"]}`, "ssl = yes"],
    ...["remoteuser = bob", "remotepass = hunter2", `sslcacertfile = ${ca}`, ""],
  ];
  await Deno.writeTextFile(`${folder}/offlineimaprc`, configuration.join("\n"));
  const args = ["-c", `${folder}/offlineimaprc`, "-o", "-u", "basic"];
  return { maildir, sync: () => runWell("offlineimap", args) };
}
