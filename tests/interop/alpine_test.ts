/** alpine on a terminal: Bob reads, saves into a folder, deletes, and writes. */
import assert from "$assert";
import { readMail } from "../../mod.ts";
import { accountAt, IMAP_PORTS, mailboxesOf, withImapflow } from "./imapflow.ts";
import { type Peer, testWithServer } from "./run.ts";
import { onTerminal, type Turn } from "./terminal.ts";

testWithServer("alpine reads, saves and deletes, and sends with a copy in Sent", async (peer) => {
  const bob = await accountAt(peer);
  await withImapflow(bob, async (client) => {
    for (const subject of ["One", "Two", "Three"]) {
      const text = `From: alice@abc.com\r\nSubject: ${subject}\r\n\r\nAbout ${subject}\r\n`;
      await client.append("INBOX", text);
    }
  });
  await writeSettings(peer);
  const options = { folder: peer.folder, environment: { SSL_CERT_FILE: peer.ca } };
  const logIn: readonly Turn[] = [["ENTER PASSWORD", "hunter2\r"], ["Preserve password", "n"]];
  await onTerminal(["alpine", "-p", `${peer.folder}/pinerc`, "-i"], [
    ...logIn,
    ["opened with 3 messages", "\r"],
    ["About One", "d"],
    ["About Two", "i"],
    ["MESSAGE INDEX", "s"],
    ["SAVE Msg", "Archive\r"],
    ["copied to folder|Saving +DONE", "x"],
    ["expunged from folder|Expunging +DONE", "q"],
  ], options);
  assert.deepEqual(await mailboxesOf(bob), { Archive: ["Two S"], INBOX: ["Three", "Two S"] });

  await onTerminal(["alpine", "-p", `${peer.folder}/pinerc`, "alice@abc.com"], [
    ["To AddrBk", "\t\t\tGrüße\t"],
    ["To Spell", "Hej då\r\x18"],
    ["Send message", "y"],
    // Once to send it, and once to keep it.
    ...logIn,
    ...logIn,
  ], options);
  assert.deepEqual((await mailboxesOf(bob))["Sent"], ["Grüße"]);
  const alice = { user: "alice", password: "secret" };
  const [mail] = await readMail({ port: peer.ports["pop3"]!, ...alice });
  assert.deepEqual([mail?.subject, mail?.text.trimEnd()], ["Grüße", "Hej då"]);
}, IMAP_PORTS);

async function writeSettings({ folder, ports }: Peer): Promise<void> {
  const at = `localhost:${ports["imaps"]}/imap/ssl/user=bob`;
  const features = [
    ...["quit-without-confirm", "expunge-without-confirm", "save-will-not-delete"],
    ...["enable-aggregate-command-set"],
  ];
  const settings = [
    // It would write as whoever runs the test.
    ...[
      "customized-hdrs=From: Bob <bob@abc.com>",
      "user-domain=abc.com",
      `inbox-path={${at}}INBOX`,
    ],
    ...[`smtp-server=localhost:${ports["smtps"]}/ssl/user=bob`, `default-fcc={${at}}Sent`],
    ...[`folder-collections=Far {${at}}[]`, `feature-list=${features.join(",")}`],
    // Whoever starts it for the first time, or in a new month, is asked more.
    ...["last-version-used=6.26", "last-time-prune-questioned=999.12", ""],
  ];
  await Deno.writeTextFile(`${folder}/pinerc`, settings.join("\n"));
}
