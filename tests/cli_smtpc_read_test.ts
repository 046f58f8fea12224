import assert from "$assert";
import { EXIT, type ExitStatus, Failure } from "../lib/cli/fail.ts";
import { readMailbox } from "../lib/cli/reader.ts";
import { denoWorld } from "../lib/net/deno.ts";
import { decode } from "../lib/wire/bytes.ts";
import {
  type RunOptions,
  runSmtpc,
  startScript,
  startServer,
  startTurns,
  type TestServer,
} from "./cli_support.ts";
import { fakePop3 } from "./pop3_support.ts";

const ALICE: RunOptions = { input: "", variables: { SMTPC_PASSWORD: "secret" } };

const CONTENTS = [
  "From: bob@xyz.com\r\nTo: alice@abc.com\r\nSubject: One\r\n" +
  "Date: Thu, 21 May 2026 09:05:00 +0200\r\n\r\nHello\r\n.dot\r\n",
  "From: Eve <eve@xyz.com>\r\nTo: alice@abc.com\r\nCc: bob@xyz.com\r\n\r\nTwo \x1b[2J\r\n",
  "From: eve@xyz.com\r\nTo: alice@abc.com\r\nSubject: Three\r\n\r\nLast\r\n",
];

const SHOWN = [
  "From: bob@xyz.com\nTo: alice@abc.com\nSubject: One\n\nHello\n.dot\n",
  "From: Eve <eve@xyz.com>\nTo: alice@abc.com\nCc: bob@xyz.com\n\nTwo [2J\n",
  "From: eve@xyz.com\nTo: alice@abc.com\nSubject: Three\n\nLast\n",
];

function read(server: TestServer, flags: readonly string[], options: RunOptions = ALICE) {
  return runSmtpc(["read", ...server.at, "--user", "alice", ...flags], options);
}

for (const serves of ["both", "pop3"] as const) {
  Deno.test(`read shows all messages where a port serves ${serves}, and keeps them`, async () => {
    const pop3 = fakePop3({ contents: CONTENTS });
    await using server = startServer({ pop3, serves });
    const run = await read(server, []);
    assert.equal(run.failure, "");
    assert.equal(run.output, `${SHOWN[0]}--- 2 of 3 ---\n${SHOWN[1]}--- 3 of 3 ---\n${SHOWN[2]}`);
    assert.equal(run.errors, "");
    assert.deepEqual(pop3.left(), ["m1", "m2", "m3"]);
    assert.deepEqual(pop3.counts(), { opened: 1, closed: 1 });
  });
}

Deno.test("read shows the newest message, or one by its number", async () => {
  await using server = startServer({ pop3: fakePop3({ contents: CONTENTS }) });
  assert.equal((await read(server, ["--last"])).output, SHOWN[2]);
  assert.equal((await read(server, ["--message", "2"])).output, SHOWN[1]);
});

Deno.test("a message that is not there is no input", async () => {
  await using server = startServer({ pop3: fakePop3({ contents: CONTENTS }) });
  await using empty = startServer({ pop3: fakePop3({ contents: [] }) });
  const beyond = await read(server, ["--message", "4"]);
  assert.equal(beyond.status, EXIT.noInput);
  assert.match(beyond.failure, /no message 4: the mailbox holds 3/);
  assert.equal((await read(empty, ["--last"])).status, EXIT.noInput);
});

Deno.test("an empty mailbox is no failure, and leaves standard output empty", async () => {
  await using server = startServer({ pop3: fakePop3({ contents: [] }) });
  for (const flags of [[], ["--all"], ["--list"], ["--json"]]) {
    const run = await read(server, flags);
    assert.equal(run.status, EXIT.done);
    assert.equal(run.output, "");
    assert.match(run.errors, /no messages/);
  }
});

Deno.test("--delete deletes what was shown, and nothing else", async () => {
  const pop3 = fakePop3({ contents: CONTENTS });
  await using server = startServer({ pop3 });
  assert.equal((await read(server, ["--message", "2", "--delete"])).output, SHOWN[1]);
  assert.deepEqual(pop3.left(), ["m1", "m3"]);
  await read(server, ["--delete"]);
  assert.deepEqual(pop3.left(), []);
});

Deno.test("when a later message cannot be had, nothing is deleted", async () => {
  const pop3 = fakePop3({ contents: CONTENTS, gone: ["m3"] });
  await using server = startServer({ pop3 });
  const run = await read(server, ["--all", "--delete"]);
  assert.equal(run.status, EXIT.noInput);
  assert.match(run.failure, /refused message 3/);
  assert.deepEqual(pop3.left(), ["m1", "m2", "m3"]);
});

Deno.test("when the server cannot delete, the failure says so", async () => {
  const pop3 = fakePop3({ contents: CONTENTS, broken: ["remove"] });
  await using server = startServer({ pop3 });
  assert.equal((await read(server, ["--delete"])).status, EXIT.tryAgainLater);
});

Deno.test("--raw gives the very bytes to a pipe, and no controls to a terminal", async () => {
  await using server = startServer({ pop3: fakePop3({ contents: CONTENTS }) });
  const piped = await read(server, ["--all", "--raw"]);
  assert.equal(decode(piped.outputBytes), CONTENTS.join(""));
  const shown = await read(server, ["--message", "2", "--raw"], {
    ...ALICE,
    outputIsTerminal: true,
  });
  assert.equal(shown.output, CONTENTS[1]!.replaceAll("\r\n", "\n").replace("\x1b", ""));
});

Deno.test("--list shows a line for each message, without fetching their bodies", async () => {
  await using server = startServer({ pop3: fakePop3({ contents: CONTENTS }) });
  const { output, errors } = await read(server, ["--list", "-v"]);
  assert.deepEqual(output.split("\n"), [
    `  1  2026-05-21  bob@xyz.com  One  (${CONTENTS[0]!.length} bytes)`,
    `  2  no date     Eve <eve@xyz.com>  (no subject)  (${CONTENTS[1]!.length} bytes)`,
    `  3  no date     eve@xyz.com  Three  (${CONTENTS[2]!.length} bytes)`,
    "",
  ]);
  assert.match(errors, /\nC: TOP 1 0\n/);
  assert.doesNotMatch(errors, /RETR/);
});

Deno.test("--json gives one object for each message, with --list without the text", async () => {
  await using server = startServer({ pop3: fakePop3({ contents: CONTENTS }) });
  const objects = async (...flags: string[]) =>
    (await read(server, ["--json", ...flags])).output.trimEnd().split("\n")
      .map((line) => JSON.parse(line));
  const first = {
    number: 1,
    uniqueId: "m1",
    size: CONTENTS[0]!.length,
    from: "bob@xyz.com",
    to: "alice@abc.com",
    cc: "",
    subject: "One",
    date: "2026-05-21T07:05:00.000Z",
  };
  const all = await objects("--all");
  assert.equal(all.length, 3);
  assert.deepEqual(all[0], { ...first, text: "Hello\n.dot\n", attachments: [] });
  assert.deepEqual((await objects("--list"))[0], first);
});

Deno.test("attachments are named on standard error", async () => {
  const mixed =
    'From: a@b.c\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n\r\nHi\r\n' +
    '--b\r\nContent-Type: image/png\r\nContent-Disposition: attachment; filename="a\x1b.png"\r\n' +
    "Content-Transfer-Encoding: base64\r\n\r\nAAAA\r\n--b--\r\n";
  await using server = startServer({ pop3: fakePop3({ contents: [mixed] }) });
  const run = await read(server, []);
  assert.equal(run.output, "From: a@b.c\nTo: \n\nHi\n");
  assert.equal(run.errors, "(attached: a.png, image/png, 3 bytes)\n");
});

Deno.test("the strongest login is used, or the one that was chosen, or none", async () => {
  await using server = startServer();
  for (const [auth, shown] of [[[], "SCRAM-SHA-256"], [["--auth", "login"], "LOGIN"]] as const) {
    const run = await read(server, ["--list", "-v", ...auth]);
    assert.equal(run.status, EXIT.done, run.errors);
    assert.ok(run.errors.includes(`AUTH ${shown}`), run.errors);
  }
  await using old = startScript("+OK ready\r\n+OK\r\nSASL PLAIN\r\n.\r\n+OK\r\n");
  const run = await read(old, ["--auth", "scram-sha-256"]);
  assert.equal(run.status, EXIT.loginRefused);
  assert.match(run.failure, /does not offer SCRAM-SHA-256/);
});

Deno.test("a login that is refused ends with 77, a mailbox in use with 75", async () => {
  await using server = startServer();
  await using locked = startServer({ pop3: fakePop3({ obstacle: "inUse" }) });
  const wrong = await read(server, [], { variables: { SMTPC_PASSWORD: "wrong" } });
  assert.equal(wrong.status, EXIT.loginRefused);
  assert.match(wrong.failure, /check --user and the password/);
  const inUse = await read(locked, []);
  assert.equal(inUse.status, EXIT.tryAgainLater);
  assert.match(inUse.failure, /somebody else reads this mailbox/);
});

const scripts: readonly (readonly [
  says: string,
  how: "listens" | "close",
  status: ExitStatus,
  why: RegExp,
])[] = [
  ["* OK IMAP4rev2 ready\r\n", "listens", EXIT.tryAgainLater, /no answer from .* within 0\.3 s/],
  ["* BYE [UNAVAILABLE] later\r\n", "listens", EXIT.tryAgainLater, /refused: \[UNAVAILABLE\]/],
  ["220 a.com\r\n250 a.com\r\n221 bye\r\n", "listens", EXIT.protocol, /breaks the protocol/],
  ["421 4.3.2 Closing\r\n", "close", EXIT.tryAgainLater, /does not want to talk: 421 4\.3\.2/],
  ["554 No\r\n", "close", EXIT.unavailable, /does not want to talk: 554 No/],
  ["-ERR [SYS/TEMP] later\r\n", "listens", EXIT.tryAgainLater, /refused: \[SYS\/TEMP\] later/],
  ["SSH-2.0-OpenSSH_9.2\r\n", "listens", EXIT.protocol, /neither IMAP, POP3 nor SMTP/],
  ["x".repeat(5000), "listens", EXIT.protocol, /neither IMAP, POP3 nor SMTP/],
  ["220-a.com\r\n250 b.com\r\n", "listens", EXIT.protocol, /breaks the protocol/],
  ["+OK\r\n+OK\r\n", "listens", EXIT.tryAgainLater, /no answer from .* within 0\.3 s/],
  ["+OK", "listens", EXIT.tryAgainLater, /no answer from .* within 0\.3 s/],
  ["+O", "close", EXIT.tryAgainLater, /closed the connection/],
  ["", "close", EXIT.tryAgainLater, /closed the connection/],
];

for (const [says, how, status, why] of scripts) {
  const shown = JSON.stringify(says.slice(0, 50));
  Deno.test(`reading from what says ${shown} and ${how} is status ${status}`, async () => {
    await using server = startScript(says, how);
    const run = await read(server, ["--timeout", "0.3"]);
    assert.equal(run.status, status);
    assert.match(run.failure, why);
  });
}

for (const ehlo of ["250 a.com\r\n", "250-a\r\n250 XPOP3\r\n"]) {
  Deno.test(`an SMTP port that says ${JSON.stringify(ehlo)} cannot be read from`, async () => {
    await using server = startTurns("220 a.com\r\n", ehlo, "502 no\r\n", "221 bye\r\n");
    const run = await read(server, []);
    assert.equal(run.status, EXIT.unavailable);
    assert.match(run.failure, /without XPOP3/);
  });
}

Deno.test("when nothing listens, the failure says what to check", async () => {
  const server = startServer();
  await server[Symbol.asyncDispose]();
  const run = await read(server, []);
  assert.equal(run.status, EXIT.unavailable);
  assert.match(run.failure, /nothing listens on .*--port/);
});

Deno.test("without a terminal, a missing user or password is named", async () => {
  const nobody = await runSmtpc(["read", "127.0.0.1", "25"]);
  assert.equal(nobody.status, EXIT.usage);
  assert.match(nobody.failure, /--user/);
  const silent = await runSmtpc(["read", "127.0.0.1", "25", "--user", "alice"]);
  assert.equal(silent.status, EXIT.usage);
  assert.match(silent.failure, /--password-file/);
});

Deno.test("on a terminal, a menu shows messages and deletes them", async () => {
  const pop3 = fakePop3({ contents: CONTENTS });
  await using server = startServer({ pop3 });
  const run = await runSmtpc(["read", ...server.at], {
    outputIsTerminal: true,
    answers: ["alice", "secret", "1", "back", "3", "delete", "2", "quit"],
  });
  assert.equal(run.failure, "");
  assert.equal(run.output, `${SHOWN[0]}${SHOWN[2]}${SHOWN[1]}`);
  assert.deepEqual(run.questions.slice(2), [
    "Which of 3?",
    "And now?",
    "Which of 3?",
    "And now?",
    "Which of 2?",
    "And now?",
  ]);
  assert.deepEqual(pop3.left(), ["m1", "m2"]);
});

Deno.test("a menu that deletes what was shown ends when nothing is left", async () => {
  const pop3 = fakePop3({ contents: CONTENTS.slice(1) });
  await using server = startServer({ pop3 });
  const options = { outputIsTerminal: true, answers: ["secret", "2", "1"] };
  const run = await read(server, ["--delete"], options);
  assert.equal(run.failure, "");
  assert.deepEqual(pop3.left(), []);
});

Deno.test("no menu is shown where its output would go into a pipe, or to a program", async () => {
  await using server = startServer({ pop3: fakePop3({ contents: CONTENTS.slice(0, 1) }) });
  assert.equal((await read(server, [], { answers: ["secret"] })).output, SHOWN[0]);
  const json = await read(server, ["--json"], { answers: ["secret"], outputIsTerminal: true });
  assert.match(json.output, /^\{"number":1,/);
});

Deno.test("an error of the work over an open mailbox removes nothing, and is thrown", async () => {
  const pop3 = fakePop3({ contents: CONTENTS });
  await using server = startServer({ pop3 });
  const [host, port] = server.at;
  const access = {
    world: denoWorld(),
    to: { host, port: Number(port) },
    helloName: "laptop.abc.com",
    login: { user: "alice", password: "secret" },
    timeoutMs: 5000,
    tls: { mode: "auto", authorities: [] },
  } as const;
  const working = readMailbox(access, async (mailbox) => {
    await mailbox.remove(await mailbox.list());
    throw new RangeError("mine");
  });
  await assert.rejects(working, { name: "RangeError", message: "mine" });
  assert.deepEqual(pop3.left(), ["m1", "m2", "m3"]);
  assert.equal(await readMailbox(access, async (mailbox) => (await mailbox.list()).length), 3);
});

Deno.test("work that waits for a server which has left is told so", async () => {
  const says = "+OK hi\r\n-ERR no CAPA\r\n+OK\r\n+OK\r\n";
  await using server = startScript(says);
  const [host, port] = server.at;
  let seen: unknown = null;
  const working = readMailbox({
    world: denoWorld(),
    to: { host, port: Number(port) },
    helloName: null,
    login: { user: "alice", password: "secret" },
    timeoutMs: 300,
    tls: { mode: "auto", authorities: [] },
  }, async (mailbox) => {
    try {
      await mailbox.list();
    } catch (error) {
      seen = error;
      throw error;
    }
  });
  await assert.rejects(working, { name: "Failure", message: /no answer/ });
  assert.ok(seen instanceof Failure);
});
