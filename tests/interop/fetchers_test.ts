/** Programs that fetch mail from our server, and keep or delete it: fetchmail, getmail, mpop. */
import assert from "$assert";
import { accountAt, IMAP_PORTS, mailboxesOf } from "./imapflow.ts";
import { sendWithNodemailer } from "./nodemailer.ts";
import { type Peer, run, runWell, testWithServer } from "./run.ts";

/** A program that appends what it fetches to one file. */
interface Fetcher {
  fetch(): Promise<void>;
  /** The same, and deletes on the server what it has. */
  fetchAll(): Promise<void>;
  /** Whether it marks as read what it leaves on the server. */
  readonly marks: boolean;
}

/** Lines that begin with dots and with `From `, and more than fits into one buffer. */
const TEXT = `.\n..\n.dots\nFrom here\nGrüße\n${"x".repeat(500)}\n${"line\n".repeat(50_000)}`;

const APPLES = "=?UTF-8?Q?=C3=84pfel?=";

/** What stands between two messages in the file that all programs append to. */
const END = "=== the end of a message ===\n";

testWithServer("fetchmail fetches by IMAP and POP3, remembers, and deletes", async (peer) => {
  for (const protocol of ["imap", "pop3"] as const) {
    await fetchAndDelete(peer, {
      fetch: () => fetchmail(peer, { protocol, how: "keep" }),
      fetchAll: () => fetchmail(peer, { protocol, how: "fetchall nokeep" }),
      marks: protocol === "imap",
    });
  }
}, IMAP_PORTS);

testWithServer("getmail fetches by IMAP and POP3, remembers, and deletes", async (peer) => {
  for (const protocol of ["IMAP", "POP3"] as const) {
    await fetchAndDelete(peer, {
      fetch: () => getmail(peer, { protocol, deletes: false }),
      fetchAll: () => getmail(peer, { protocol, deletes: true }),
      marks: false,
    });
  }
}, IMAP_PORTS);

testWithServer("mpop fetches by STLS and by TLS, remembers, and deletes", async (peer) => {
  const safe = ["--tls-starttls=on", "--auth=scram-sha-256"];
  await fetchAndDelete(peer, {
    fetch: () => mpop(peer, "pop3", [...safe, "--keep=on"]),
    fetchAll: () => mpop(peer, "pop3s", ["--tls-starttls=off", "--keep=off", "--only-new=off"]),
    marks: false,
  });
}, IMAP_PORTS);

/** First all, then what is new, then nothing, then all of it once more, and away with it. */
async function fetchAndDelete(peer: Peer, { fetch, fetchAll, marks }: Fetcher): Promise<void> {
  const bob = await accountAt(peer);
  await writeDelivery(peer);
  await deliver(peer, APPLES);
  await deliver(peer, "Two");
  await fetch();
  const [apples, two] = await taken(peer);
  assert.deepEqual([apples?.subject, two?.subject], [APPLES, "Two"]);
  assert.equal(apples?.text, TEXT);
  const left = ["Two", "Äpfel"].map((subject) => marks ? `${subject} S` : subject);
  assert.deepEqual(await mailboxesOf(bob), { INBOX: left });

  await deliver(peer, "Three");
  await fetch();
  assert.deepEqual((await taken(peer)).map(({ subject }) => subject), ["Three"]);
  await fetch();
  assert.deepEqual(await taken(peer), []);

  await fetchAll();
  assert.deepEqual((await taken(peer)).map(({ subject }) => subject), [APPLES, "Two", "Three"]);
  assert.deepEqual(await mailboxesOf(bob), {});
}

/** Postmen of all programs hand the message to a command on its standard input. */
async function writeDelivery({ folder }: Peer): Promise<void> {
  const script = `#!/bin/sh\n{ cat; printf '${END.replace("\n", "\\n")}'; } >> ${folder}/fetched\n`;
  await Deno.writeTextFile(`${folder}/deliver`, script, { mode: 0o700 });
  await Deno.writeTextFile(`${folder}/fetched`, "");
}

async function deliver(peer: Peer, subject: string): Promise<void> {
  const login = { user: "alice@abc.com", password: "secret" };
  const access = { ...login, port: peer.ports["smtps"]!, secure: true };
  const raw = `From: alice@abc.com\r\nSubject: ${subject}\r\n\r\n${TEXT.replaceAll("\n", "\r\n")}`;
  const ca = await Deno.readTextFile(peer.ca);
  await sendWithNodemailer({ ...access, ca }, { from: "alice@abc.com", to: ["bob@abc.com"], raw });
}

interface Taken {
  readonly subject: string | undefined;
  /** With line ends as they are on the disk. */
  readonly text: string;
}

/** What was fetched since the last time. */
async function taken({ folder }: Peer): Promise<readonly Taken[]> {
  const mails = (await Deno.readTextFile(`${folder}/fetched`)).replaceAll("\r\n", "\n").split(END);
  await Deno.writeTextFile(`${folder}/fetched`, "");
  return mails.slice(0, -1).map((mail) => ({
    subject: /^Subject: (.*)$/m.exec(mail)?.[1],
    text: mail.slice(mail.indexOf("\n\n") + 2),
  }));
}

async function fetchmail(
  { folder, ports, ca }: Peer,
  { protocol, how }: { readonly protocol: "imap" | "pop3"; readonly how: string },
): Promise<void> {
  const control = [
    `poll localhost protocol ${protocol} service ${ports[protocol]}`,
    `${protocol === "pop3" ? "uidl" : ""} user "bob" password "hunter2" ${how}`,
    `sslproto "TLS1.2+" sslcertck sslcertfile "${ca}"`,
    `mda "${folder}/deliver"`,
  ];
  await Deno.writeTextFile(`${folder}/fetchmailrc`, control.join("\n"), { mode: 0o600 });
  const files = ["--idfile", `${folder}/ids`, "--pidfile", `${folder}/pid`];
  const { status, stdout, stderr } = await run("fetchmail", [
    ...["--fetchmailrc", `${folder}/fetchmailrc`, "--nosyslog", ...files],
  ]);
  // It ends with 1 when there was nothing new.
  assert.ok(status === 0 || status === 1, stdout + stderr);
}

async function getmail(
  { folder, ports, ca }: Peer,
  { protocol, deletes }: { readonly protocol: "IMAP" | "POP3"; readonly deletes: boolean },
): Promise<void> {
  const port = ports[protocol === "IMAP" ? "imaps" : "pop3s"];
  const settings = [
    ...["[retriever]", `type = Simple${protocol}SSLRetriever`, "server = localhost"],
    ...[`port = ${port}`, "username = bob", "password = hunter2", `ca_certs = ${ca}`],
    ...["[destination]", "type = MDA_external", `path = ${folder}/deliver`],
    ...["allow_root_commands = true", "[options]", `read_all = ${deletes}`, `delete = ${deletes}`],
  ];
  await Deno.writeTextFile(`${folder}/getmailrc`, settings.join("\n"));
  await runWell("getmail", ["--getmaildir", folder, "--rcfile", `${folder}/getmailrc`]);
}

async function mpop(
  { folder, ports, ca }: Peer,
  port: "pop3" | "pop3s",
  flags: readonly string[],
): Promise<void> {
  await runWell("mpop", [
    ...["--host=localhost", `--port=${ports[port]}`, "--user=bob", "--passwordeval=echo hunter2"],
    ...["--tls=on", `--tls-trust-file=${ca}`, `--uidls-file=${folder}/uidls`, "--timeout=60"],
    ...[`--delivery=mda,${folder}/deliver`, "--received-header=off", ...flags],
  ]);
}
