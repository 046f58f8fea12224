/** imapflow against our server. */
import assert from "$assert";
import { decodeUtf8 } from "../../lib/wire/bytes.ts";
import { until } from "../support.ts";
import { accountAt, IMAP_PORTS, mailboxesOf, withImapflow } from "./imapflow.ts";
import { type Peer, testWithServer } from "./run.ts";
import { sendWithNodemailer } from "./nodemailer.ts";

testWithServer("imapflow waits by IDLE, and hears of mail, flags and deletions", async (peer) => {
  const bob = await accountAt(peer);
  await withImapflow(bob, async (client) => {
    const heard: string[] = [];
    client.on("exists", ({ count }) => heard.push(`exists ${count}`));
    client.on("flags", ({ seq, flags }) => heard.push(`flags ${seq} ${[...flags].join(" ")}`));
    client.on("expunge", ({ seq, uid }) => heard.push(`expunge ${seq ?? uid}`));
    await client.mailboxOpen("INBOX");
    const waiting = client.idle();
    await until("IDLE", () => client.idling);
    await deliver(peer, "News");
    await until("the news", () => heard.includes("exists 1"), 30_000);
    await withImapflow(bob, async (other) => {
      await other.mailboxOpen("INBOX");
      await other.messageFlagsAdd("1", ["\\Flagged"]);
    });
    await until("the flag", () => heard.includes("flags 1 \\Flagged"), 30_000);
    await withImapflow(bob, async (other) => {
      await other.mailboxOpen("INBOX");
      await other.messageDelete("1");
    });
    await until("the end of it", () => heard.some((what) => what.startsWith("expunge ")), 30_000);
    // Another command ends the waiting.
    await client.noop();
    await waiting;
  });
}, IMAP_PORTS);

testWithServer("imapflow appends, reads parts, searches and sorts into mailboxes", async (peer) => {
  const bob = await accountAt(peer);
  const attached = crypto.getRandomValues(new Uint8Array(45_000));
  await withImapflow(bob, async (client) => {
    const special = (await client.list()).map(({ specialUse }) => specialUse).filter(Boolean);
    assert.deepEqual(
      special.sort(),
      ["\\Archive", "\\Drafts", "\\Inbox", "\\Junk", "\\Sent", "\\Trash"],
    );
    await client.append("Drafts", letterWith(attached), ["\\Draft"], new Date(1e12));
    await client.mailboxCreate(["Größe", "☂"]);
    await client.mailboxOpen("Drafts");
    const mail = await client.fetchOne("*", {
      envelope: true,
      bodyStructure: true,
      internalDate: true,
    });
    if (mail === false) throw new Error("the letter is not there");
    assert.equal(mail.envelope?.subject, "Grüße aus Åre");
    assert.equal(new Date(mail.internalDate!).getTime(), 1e12);
    assert.deepEqual(mail.bodyStructure?.childNodes?.map(({ type }) => type), [
      "text/plain",
      "application/octet-stream",
    ]);
    assert.deepEqual(await bytesOf((await client.download("1", "2")).content!), attached);
    const text = decodeUtf8(await bytesOf((await client.download("1", "1")).content!));
    assert.equal(text?.trimEnd(), "Käse");

    for (const [subject, found] of [["grüße", [1]], ["åre", [1]], ["Grusse", []]] as const) {
      assert.deepEqual(await client.search({ subject }), found);
    }
    assert.deepEqual(await client.search({ body: "käse", draft: true }), [1]);
    assert.deepEqual(await client.search({ or: [{ seen: true }, { larger: 1_000_000 }] }), []);
    await client.messageMove("1", "Größe/☂");
    await client.mailboxRename("Größe", "Kleiner");
  });
  assert.deepEqual(await mailboxesOf(bob), { "Kleiner/☂": ["Grüße aus Åre D"] });
  await withImapflow(bob, async (client) => {
    await client.mailboxDelete("Kleiner/☂");
    assert.ok((await client.list()).every(({ path }) => path !== "Kleiner/☂"));
  });
}, IMAP_PORTS);

async function deliver({ ports, ca }: Peer, subject: string): Promise<void> {
  await sendWithNodemailer({
    ...{ port: ports["smtps"]!, secure: true, ca: await Deno.readTextFile(ca) },
    ...{ user: "alice", password: "secret" },
  }, { from: "alice@abc.com", to: ["bob@abc.com"], raw: `Subject: ${subject}\r\n\r\nHi\r\n` });
}

function letterWith(attached: Uint8Array): string {
  return [
    ...["From: alice@abc.com", "Subject: =?UTF-8?Q?Gr=C3=BC=C3=9Fe_aus_=C3=85re?="],
    ...["MIME-Version: 1.0", 'Content-Type: multipart/mixed; boundary="b"', "", "--b"],
    ...[
      "Content-Type: text/plain; charset=iso-8859-1",
      "Content-Transfer-Encoding: quoted-printable",
    ],
    ...["", "K=E4se", "--b", "Content-Type: application/octet-stream; name=all.bin"],
    ...["Content-Transfer-Encoding: base64", ""],
    ...attached.toBase64().match(/.{1,76}/g)!,
    ...["--b--", ""],
  ].join("\r\n");
}

async function bytesOf(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(new Uint8Array(chunk));
  return new Uint8Array(await new Blob(chunks as BlobPart[]).arrayBuffer());
}
