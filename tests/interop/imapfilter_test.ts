/** imapfilter: Bob's rules sort his mail on our server. */
import assert from "$assert";
import { accountAt, IMAP_PORTS, mailboxesOf, withImapflow } from "./imapflow.ts";
import { runWell, testWithServer } from "./run.ts";

const RULES = `
options.timeout = 60
options.subscribe = true
options.charset = 'UTF-8'
bob = IMAP {
  server = 'localhost', port = PORT, ssl = 'auto', username = 'bob', password = 'hunter2',
}
bob.INBOX:contain_subject('Käse'):mark_flagged()
bob.INBOX:contain_subject('Two'):copy_messages(bob['Größe/Bälle'])
bob.INBOX:contain_from('carol'):move_messages(bob['Neu/Fächer'])
large = bob.INBOX:is_larger(50000) * bob.INBOX:contain_body('needle')
large:delete_messages()
print(#bob.INBOX:match_subject('^[A-Z]'))
`;

testWithServer("imapfilter searches, marks, copies, moves and deletes", async (peer) => {
  const bob = await accountAt(peer);
  await withImapflow(bob, async (client) => {
    await client.mailboxCreate("Größe/Bälle");
    const large = `${"hay ".repeat(15)}\r\n`.repeat(1000);
    for (
      const [subject, from, body] of [
        ["Käse", "alice", "Hi"],
        ["Two", "alice", "needle"],
        ["Three", "carol", "Hi"],
        ["Large", "alice", `${large}needle`],
        ["Larger", "alice", `${large}${large}`],
      ]
    ) {
      const header = `From: ${from}@abc.com\r\nSubject: ${subject}\r\n`;
      await client.append("INBOX", `${header}\r\n${body}\r\n`);
    }
  });
  const rules = RULES.replace("PORT", `${peer.ports["imaps"]}`);
  await Deno.writeTextFile(`${peer.folder}/rules.lua`, rules);
  // It keeps what it knows of certificates in the home of its user.
  const said = await runWell("env", [
    ...[`HOME=${peer.folder}`, "LC_ALL=C.UTF-8", "imapfilter", "-t", peer.ca],
    ...["-c", `${peer.folder}/rules.lua`],
  ]);
  assert.match(said, /^3$/m);
  assert.deepEqual(await mailboxesOf(bob), {
    "Größe/Bälle": ["Two"],
    "INBOX": ["Käse F", "Larger", "Two"],
    "Neu/Fächer": ["Three"],
  });
}, IMAP_PORTS);
