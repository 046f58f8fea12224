/** `smtpc read` where IMAP answers. */
import assert from "$assert";
import { EXIT } from "../lib/cli/fail.ts";
import { denoWorld } from "../lib/net/deno.ts";
import type { KeyPair } from "../lib/net/world.ts";
import { readMail } from "../mod.ts";
import { type RunOptions, runSmtpc, startServer } from "./cli_support.ts";
import { type FakeImap, startFakeImap } from "./fake_imap_server.ts";
import { canUseFiles, temporaryFolder, until } from "./support.ts";
import { lab } from "./tls_support.ts";

const ALICE: RunOptions = { input: "", variables: { SMTPC_PASSWORD: "secret" } };
const CONTENTS = ["One", "Two", "Three"].map((subject) =>
  `From: bob@xyz.com\r\nTo: alice@abc.com\r\nSubject: ${subject}\r\n\r\nHi ${subject}\r\n`
);
const shown = (subject: string) =>
  `From: bob@xyz.com\nTo: alice@abc.com\nSubject: ${subject}\n\nHi ${subject}\n`;

function read(server: FakeImap, flags: readonly string[], options: RunOptions = ALICE) {
  return runSmtpc(["read", ...server.at, "--user", "alice", ...flags], options);
}

function left({ mailboxes }: FakeImap, name = "INBOX"): readonly number[] {
  return mailboxes.get(name)!.map(({ uid }) => uid);
}

/** A message comes, and the client has dealt with it when it waits again. */
async function delivered(server: FakeImap, content: string): Promise<void> {
  const idles = () => server.heard.filter((command) => command === "IDLE").length;
  const before = idles();
  server.deliver(content);
  await until("the client waits again", () => idles() > before && server.idling() === 1);
}

Deno.test("read shows all messages where IMAP answers, and changes nothing", async () => {
  await using server = startFakeImap(CONTENTS);
  const run = await read(server, []);
  assert.equal(run.failure, "");
  assert.equal(
    run.output,
    `${shown("One")}--- 2 of 3 ---\n${shown("Two")}--- 3 of 3 ---\n${shown("Three")}`,
  );
  assert.ok(server.heard.includes('EXAMINE "INBOX"'));
  assert.ok(!server.heard.some((command) => /STORE|SELECT|EXPUNGE/.test(command)));
});

Deno.test("read --list gives numbers and names that last, by IMAP too", async () => {
  await using server = startFakeImap(CONTENTS);
  const { output } = await read(server, ["--list", "--json"]);
  const objects = output.trimEnd().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(objects.map(({ number, uniqueId, subject }) => [number, uniqueId, subject]), [
    [1, "9.1", "One"],
    [2, "9.2", "Two"],
    [3, "9.3", "Three"],
  ]);
  assert.ok(!server.heard.some((command) => command.includes("BODY.PEEK[]")));
});

Deno.test("read --delete removes what was shown, by IMAP too", async () => {
  await using server = startFakeImap(CONTENTS);
  assert.equal((await read(server, ["--message", "2", "--delete"])).output, shown("Two"));
  assert.deepEqual(left(server), [1, 3]);
});

Deno.test("read --search chooses among what is found", async () => {
  await using server = startFakeImap(CONTENTS);
  assert.equal((await read(server, ["--search", "Two"])).output, shown("Two"));
  assert.equal((await read(server, ["--search", "Hi", "--last"])).output, shown("Three"));
  const none = await read(server, ["--search", "nowhere"]);
  assert.deepEqual([none.status, none.output], [EXIT.done, ""]);
});

Deno.test("read --mark-seen and --move do so with what was shown", async () => {
  await using server = startFakeImap(CONTENTS);
  await read(server, ["--last", "--mark-seen", "--move", "Archive"]);
  assert.deepEqual([left(server), left(server, "Archive")], [[1, 2], [3]]);
  assert.deepEqual([...server.mailboxes.get("Archive")![0]!.flags], ["\\Seen"]);
  assert.equal((await read(server, ["--mailbox", "Archive"])).output, shown("Three"));
  const nowhere = await read(server, ["--all", "--move", "Nowhere"]);
  assert.equal(nowhere.status, EXIT.noInput);
  assert.match(nowhere.failure, /refused moving to Nowhere: no such mailbox/);
  assert.deepEqual(left(server), [1, 2]);
});

Deno.test("read --mailbox names what there is when there is none of that name", async () => {
  await using server = startFakeImap(CONTENTS);
  const { status, failure } = await read(server, ["--mailbox", "Junk"]);
  assert.equal(status, EXIT.noInput);
  assert.match(failure, /Junk cannot be opened: no such mailbox \(there are INBOX, Archive\)/);
});

Deno.test("read --follow shows new mail as it comes, until it is stopped", async () => {
  await using server = startFakeImap(CONTENTS.slice(0, 1));
  const stop = Promise.withResolvers<void>();
  const following = read(server, ["--follow", "--mark-seen"], {
    ...ALICE,
    stopRequested: () => stop.promise,
  });
  await until("the client waits", () => server.idling() === 1);
  for (const content of CONTENTS.slice(1)) await delivered(server, content);
  assert.ok(server.mailboxes.get("INBOX")!.slice(1).every(({ flags }) => flags.has("\\Seen")));
  stop.resolve();
  const run = await following;
  assert.deepEqual([run.status, run.failure], [EXIT.done, ""]);
  assert.equal(run.output, `${shown("Two")}--- new ---\n${shown("Three")}`);
  assert.equal(server.heard.at(-1), "LOGOUT");
});

Deno.test("read --follow behind a choice, and with a search", async () => {
  await using server = startFakeImap(CONTENTS.slice(0, 1));
  const stop = Promise.withResolvers<void>();
  const flags = ["--all", "--search", "o", "--follow", "--json"];
  const following = read(server, flags, { ...ALICE, stopRequested: () => stop.promise });
  await until("the client waits", () => server.idling() === 1);
  await delivered(server, CONTENTS[2]!.replaceAll("o", "0"));
  await delivered(server, CONTENTS[1]!);
  stop.resolve();
  const objects = (await following).output.trimEnd().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(objects.map(({ subject }) => subject), ["One", "Two"]);
});

Deno.test("read says when the server leaves while it follows", async () => {
  await using server = startFakeImap(CONTENTS);
  const following = read(server, ["--follow"]);
  await until("the client waits", () => server.idling() === 1);
  await server.leave();
  const { status, failure } = await following;
  assert.equal(status, EXIT.tryAgainLater);
  assert.match(failure, /has ended the session: going down/);
});

Deno.test("a login that IMAP refuses ends with 77", async () => {
  await using server = startFakeImap(CONTENTS);
  const wrong = await read(server, [], { variables: { SMTPC_PASSWORD: "wrong" } });
  assert.equal(wrong.status, EXIT.loginRefused);
});

Deno.test({
  name: "IMAP is read under TLS, by STARTTLS and from the first byte, from whom --ca names",
  ignore: !canUseFiles,
  async fn() {
    await using folder = await temporaryFolder();
    const { authority, good, other } = await lab();
    const ca = `${folder.path}/ca.crt`;
    await Deno.writeTextFile(ca, authority.certificate);
    const identityOf = (pair: KeyPair) => denoWorld().net.tlsIdentity([pair]);
    for (const how of ["starttls", "implicit"] as const) {
      const begins = how === "implicit" ? { begins: "first" } as const : {};
      await using server = startFakeImap(CONTENTS, { identity: identityOf(good), ...begins });
      const run = await read(server, ["--last", "--tls", how, "--ca", ca]);
      assert.deepEqual([run.failure, run.output], ["", shown("Three")]);
      assert.equal(server.heard.includes("STARTTLS"), how === "starttls");
      await using stranger = startFakeImap(CONTENTS, { identity: identityOf(other), ...begins });
      const refused = await read(stranger, ["--tls", how, "--ca", ca]);
      assert.equal(refused.status, EXIT.unavailable);
      assert.ok(!stranger.heard.some((command) => command.startsWith("AUTHENTICATE")));
    }
    await using bare = startFakeImap(CONTENTS);
    const run = await read(bare, ["--tls", "starttls", "--ca", ca]);
    assert.equal(run.status, EXIT.unavailable);
    assert.match(run.failure, /does not offer TLS/);
  },
});

Deno.test("a menu by IMAP shows, marks and deletes", async () => {
  await using server = startFakeImap(CONTENTS);
  const run = await read(server, ["--mark-seen"], {
    outputIsTerminal: true,
    answers: ["secret", "1", "back", "2", "delete", "quit"],
  });
  assert.equal(run.failure, "");
  assert.deepEqual(left(server), [1, 3]);
  assert.deepEqual([...server.mailboxes.get("INBOX")![0]!.flags], ["\\Seen"]);
});

Deno.test("what only IMAP can do is named where POP3 answers", async () => {
  await using server = startServer({ serves: "pop3" });
  const wanted = [
    ["--mailbox", "Archive"],
    ["--search", "x"],
    ["--follow"],
    ["--mark-seen"],
    ["--move", "Archive"],
  ];
  for (const flags of wanted) {
    const run = await runSmtpc(["read", ...server.at, "--user", "alice", ...flags], ALICE);
    assert.equal(run.status, EXIT.unavailable);
    assert.match(run.failure, new RegExp(`^${flags[0]} needs IMAP, and POP3 answers`));
  }
  const inbox = ["--mailbox", "inbox"];
  const run = await runSmtpc(["read", ...server.at, "--user", "alice", ...inbox], ALICE);
  assert.equal(run.status, EXIT.done);
});

Deno.test("readMail reads by IMAP where that answers, and removes when it is asked to", async () => {
  await using server = startFakeImap(CONTENTS);
  const [host, port] = server.at;
  const bob = { host, port: Number(port), user: "alice", password: "secret" };
  const subjects = (await readMail(bob)).map(({ subject }) => subject);
  assert.deepEqual(subjects, ["One", "Two", "Three"]);
  assert.deepEqual(left(server), [1, 2, 3]);
  await readMail({ ...bob, delete: true });
  assert.deepEqual(left(server), []);
});
