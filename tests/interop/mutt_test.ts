/** mutt: Bob reads, marks, saves and deletes by IMAP, writes with a copy in Sent, reads by POP3. */
import assert from "$assert";
import { readMail } from "../../mod.ts";
import { type Account, accountAt, IMAP_PORTS, mailboxesOf, withImapflow } from "./imapflow.ts";
import { type Peer, runWell, testWithServer } from "./run.ts";
import { onTerminal } from "./terminal.ts";

testWithServer("mutt reads, marks, saves and deletes by IMAP", async (peer) => {
  const bob = await accountAt(peer);
  await withImapflow(bob, (client) => client.mailboxCreate("Größe/Bälle"));
  await fill(bob, ["One", "Two", "Three", "Käse"]);
  await mutt(peer, [
    ...[
      "<tag-pattern>~s Käse<enter>",
      `<tag-prefix><pipe-message>cat > ${peer.folder}/printed<enter>`,
    ],
    ...["<untag-pattern>.<enter>", "<delete-pattern>~s Two<enter>"],
    ...["<tag-pattern>~s Three<enter>", "<tag-prefix><save-message>=Größe/Bälle<enter>"],
    ...["<search>~s One<enter><flag-message>", "<sync-mailbox><quit>"],
  ]);
  assert.match(
    await Deno.readTextFile(`${peer.folder}/printed`),
    /^Subject: Käse\n\nAbout Käse\n/m,
  );
  assert.deepEqual(await mailboxesOf(bob), {
    "Größe/Bälle": ["Three"],
    "INBOX": ["Käse", "One F"],
  });
  await mutt(peer, [
    "<change-folder>=Größe/Bälle<enter><delete-pattern>.<enter>",
    "<sync-mailbox><quit>",
  ]);
  assert.deepEqual(await mailboxesOf(bob), { INBOX: ["Käse", "One F"] });
}, IMAP_PORTS);

testWithServer("mutt sends with an attachment, and keeps a copy in Sent", async (peer) => {
  const { folder, ports } = peer;
  const attached = crypto.getRandomValues(new Uint8Array(60_000));
  await Deno.writeFile(`${folder}/all.bin`, attached);
  await writeSettings(peer);
  await runWell("mutt", [
    ...["-n", "-F", `${folder}/muttrc`, "-s", "Grüße", "-a", `${folder}/all.bin`, "--"],
    "alice@abc.com",
  ], { stdin: "Hej då\n" });
  assert.deepEqual(await mailboxesOf(await accountAt(peer)), { Sent: ["Grüße S"] });
  const [mail] = await readMail({ port: ports["pop3"]!, user: "alice", password: "secret" });
  assert.deepEqual([mail?.subject, mail?.text.trimEnd()], ["Grüße", "Hej då"]);
  assert.deepEqual(mail?.attachments[0]?.content, attached);
}, IMAP_PORTS);

testWithServer("mutt reads by POP3, and deletes", async (peer) => {
  const bob = await accountAt(peer);
  await fill(bob, ["One", "Two"]);
  await mutt(peer, [
    `<change-folder>pops://bob@localhost:${peer.ports["pop3s"]}/<enter>`,
    ...[`<pipe-message>cat > ${peer.folder}/printed<enter>`, "<delete-pattern>~s Two<enter>"],
    "<sync-mailbox><quit>",
  ]);
  assert.match(await Deno.readTextFile(`${peer.folder}/printed`), /\n\nAbout One\n$/);
  assert.deepEqual(Object.values(await mailboxesOf(bob)).flat(), ["One"]);
}, IMAP_PORTS);

async function fill(account: Account, subjects: readonly string[]): Promise<void> {
  await withImapflow(account, async (client) => {
    for (const subject of subjects) {
      const text = `From: alice@abc.com\r\nSubject: ${subject}\r\n\r\nAbout ${subject}\r\n`;
      await client.append("INBOX", text);
    }
  });
}

/** Starts it in the INBOX, and presses these keys. */
async function mutt(peer: Peer, keys: readonly string[]): Promise<void> {
  await writeSettings(peer);
  const { folder } = peer;
  await Deno.writeTextFile(`${folder}/keys`, `push "${keys.join("")}"\n`);
  const command = ["mutt", "-n", "-F", `${folder}/muttrc`, "-e", `source ${folder}/keys`];
  await onTerminal(command, [], { folder });
}

async function writeSettings({ folder, ports, ca }: Peer): Promise<void> {
  const settings = [
    ...[`set folder="imap://localhost:${ports["imap"]}/"`, 'set spoolfile="+INBOX"'],
    ...["set imap_user=bob", "set imap_pass=hunter2", "set pop_pass=hunter2"],
    ...["set ssl_starttls=yes", "set ssl_force_tls=yes", `set certificate_file=${ca}`],
    ...[`set smtp_url="smtps://bob@localhost:${ports["smtps"]}/"`, "set smtp_pass=hunter2"],
    ...["set from=bob@abc.com", "set realname=Bob", 'set record="+Sent"', "set use_from=yes"],
    ...["set charset=utf-8", "set sort=date", "set quit=yes", "set delete=yes", "set move=no"],
    ...["set confirmappend=no", "set mark_old=no", "set wait_key=no", "set beep=no"],
    ...[`set header_cache=${folder}/headers`, ""],
  ];
  await Deno.writeTextFile(`${folder}/muttrc`, settings.join("\n"));
}
