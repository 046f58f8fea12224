/** Our IMAP client against our IMAP server. */
import assert from "$assert";
import { smtpc } from "../lib/cli/smtpc.ts";
import { denoWorld } from "../lib/net/deno.ts";
import { decode } from "../lib/wire/bytes.ts";
import { type MailServer, readMail, sendMail, startMailServer } from "../mod.ts";
import { fakeStreams, type RunOptions, runSmtpc } from "./cli_support.ts";
import { until } from "./support.ts";

const BOB: RunOptions = { input: "", variables: { SMTPC_PASSWORD: "hunter2" } };

async function start(): Promise<MailServer> {
  return await startMailServer({
    domains: ["abc.com"],
    users: { bob: "hunter2" },
    ports: { imap: 0 },
  });
}

async function send({ ports }: MailServer, subject: string): Promise<void> {
  const to = { from: "eve@xyz.com", to: "bob@abc.com" };
  await sendMail({ port: ports.smtp, ...to, subject, text: `About ${subject}` });
}

const at = ({ ports }: MailServer) => ["read", "127.0.0.1", `${ports.imap}`, "--user", "bob"];

async function subjects(server: MailServer, ...flags: string[]): Promise<readonly string[]> {
  const ran = await runSmtpc([...at(server), "--list", "--json", ...flags], BOB);
  assert.equal(ran.failure, "");
  return ran.output.split("\n").slice(0, -1).map((line) => JSON.parse(line).subject);
}

Deno.test("smtpc searches, marks, moves and deletes by IMAP what our server keeps", async () => {
  await using server = await start();
  for (const subject of ["Käse", "bread", "wine"]) await send(server, subject);
  assert.deepEqual(await subjects(server), ["Käse", "bread", "wine"]);
  assert.deepEqual(await subjects(server, "--search", "subject:Käse"), ["Käse"]);
  assert.deepEqual(await subjects(server, "--search", "from:eve -bread"), ["Käse", "wine"]);
  const moving = ["--search", "bread", "--mark-seen", "--move", "Archive", "-v"];
  const moved = await runSmtpc([...at(server), ...moving], BOB);
  assert.deepEqual([moved.failure, moved.status], ["", 0]);
  assert.match(moved.errors, /AUTHENTICATE SCRAM-SHA-256/);
  assert.deepEqual(await subjects(server), ["Käse", "wine"]);
  assert.deepEqual(await subjects(server, "--mailbox", "Archive", "--search", "is:read"), [
    "bread",
  ]);
  assert.equal((await runSmtpc([...at(server), "--last", "--delete"], BOB)).status, 0);
  const { imap, pop3 } = server.ports;
  for (const port of [imap, pop3]) {
    const left = await readMail({ port: port!, user: "bob", password: "hunter2" });
    assert.deepEqual(left.map(({ subject }) => subject), ["Käse"]);
  }
});

Deno.test("smtpc follows a mailbox of our server", async () => {
  await using server = await start();
  await send(server, "old");
  const stop = Promise.withResolvers<void>();
  const { streams, output, errors } = fakeStreams(BOB);
  const context = { world: denoWorld(), streams, ask: null };
  const following = smtpc([...at(server), "--follow", "-v"], {
    ...context,
    stopRequested: () => stop.promise,
  });
  await until("the client waits", () => / IDLE\n(.*\n)*S: \+/.test(decode(errors())));
  for (const subject of ["one", "two"]) await send(server, subject);
  await until("the news", () => decode(output()).includes("About two\n"));
  stop.resolve();
  assert.equal(await following, 0);
  assert.match(decode(output()), /About one\n--- new ---\n/);
  assert.doesNotMatch(decode(output()), /About old/);
});
