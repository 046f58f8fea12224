import assert from "$assert";
import { EXIT, type ExitStatus } from "../lib/cli/fail.ts";
import { reply } from "../lib/smtp/reply.ts";
import { DEFAULT_SMTP_LIMITS } from "../lib/smtp/connection.ts";
import { type RunOptions, runSmtpc, startScript, startServer, startTurns } from "./cli_support.ts";
import type { MailCommand, RcptCommand } from "../lib/smtp/command.ts";
import { fakeSmtp, latin1, PASSWORD } from "./smtp_support.ts";

const WITH_PASSWORD: RunOptions = { input: "", variables: { SMTPC_PASSWORD: PASSWORD } };

Deno.test("send logs in as a user and sends what the flags say", async () => {
  const smtp = fakeSmtp();
  await using server = startServer({ smtp });
  const run = await runSmtpc(
    [
      ...["send", ...server.at, "--user", "alice", "--from", "Alice <alice@abc.com>"],
      ...["--to", "bob@xyz.com,Eve <eve@xyz.com>", "--bcc", "carl@xyz.com"],
      ...["--subject", "Grüße", "--body", ".dot\nHi"],
    ],
    WITH_PASSWORD,
  );
  assert.equal(run.failure, "");
  assert.equal(run.status, EXIT.done);
  assert.equal(run.output, "");
  assert.match(run.errors, /^bob@xyz\.com: sent \(250 2\.0\.0 Taken, \d+ bytes\)\neve@xyz\.com: /);
  const [message, another] = smtp.messages;
  assert.equal(another, undefined);
  assert.equal(message!.user, "alice@abc.com");
  assert.equal(message!.from, "alice@abc.com");
  assert.deepEqual(message!.to, ["bob@xyz.com", "eve@xyz.com", "carl@xyz.com"]);
  assert.match(message!.content, /\r\nFrom: Alice <alice@abc\.com>\r\nTo: bob@xyz\.com, Eve <eve/);
  assert.match(message!.content, /\r\n\r\n\.dot\r\nHi\r\n$/);
  assert.doesNotMatch(message!.content, /carl/);
});

Deno.test("without --user nobody logs in", async () => {
  const smtp = fakeSmtp();
  await using server = startServer({ smtp });
  const args = ["send", ...server.at, "--from", "x@abc.com", "--to", "bob@xyz.com", "--body", "Hi"];
  assert.equal((await runSmtpc(args)).status, EXIT.done);
  assert.equal(smtp.messages[0]!.user, null);
});

Deno.test("the sender is the user; without a domain, the server's name completes it", async () => {
  const smtp = fakeSmtp();
  await using server = startServer({ smtp });
  const args = ["send", ...server.at, "--user", "alice", "--to", "bob@xyz.com", "--body", "Hi"];
  assert.equal((await runSmtpc(args, WITH_PASSWORD)).status, EXIT.done);
  assert.equal(smtp.messages[0]!.from, "alice@abc.com");
});

Deno.test("a server whose name is no domain leaves the sender to --from", async () => {
  const smtp = fakeSmtp();
  await using server = startServer({ smtp, options: { hostname: "localhost" } });
  const args = ["send", ...server.at, "--user", "alice", "--to", "bob@xyz.com", "--body", "Hi"];
  const run = await runSmtpc(args, WITH_PASSWORD);
  assert.equal(run.status, EXIT.usage);
  assert.match(run.failure, /--from ADDRESS.*localhost/);
  assert.deepEqual(smtp.messages, []);
  assert.equal((await runSmtpc([...args, "--from", "a@abc.com"], WITH_PASSWORD)).status, EXIT.done);
});

Deno.test("one refused recipient stops the whole send, with the server's words for each", async () => {
  const smtp = fakeSmtp();
  await using server = startServer({ smtp });
  const to = ["send", ...server.at, "--from", "a@abc.com", "--body", "Hi", "--to"];
  const one = await runSmtpc([...to, "nobody@xyz.com"]);
  assert.equal(one.status, EXIT.noSuchRecipient);
  assert.match(
    one.failure,
    /^nobody@xyz\.com was refused by 127.*: 550 5\.1\.1 Recipient refused$/,
  );
  assert.equal(one.errors, "");

  const two = await runSmtpc([...to, "bob@xyz.com,nobody@xyz.com"]);
  assert.equal(two.status, EXIT.noSuchRecipient);
  assert.match(two.errors, /^bob@xyz\.com: not sent \(250 .*\)\nnobody@xyz\.com: refused \(550 /);
  assert.match(two.failure, /nothing was sent \(--partial/);
  assert.deepEqual(smtp.messages, []);
});

Deno.test("--partial sends to the others, and fails only when there are none", async () => {
  const smtp = fakeSmtp();
  await using server = startServer({ smtp });
  const to = ["send", ...server.at, "--from", "a@abc.com", "--body", "Hi", "--partial", "--to"];
  const some = await runSmtpc([...to, "nobody@xyz.com,bob@xyz.com"]);
  assert.equal(some.status, EXIT.done);
  assert.match(some.errors, /nobody@xyz\.com: refused .*\nbob@xyz\.com: sent /);
  assert.deepEqual(smtp.messages.map(({ to }) => to), [["bob@xyz.com"]]);
  assert.equal((await runSmtpc([...to, "nobody@xyz.com"])).status, EXIT.noSuchRecipient);
});

Deno.test("--json says what became of each recipient, one object per line", async () => {
  await using server = startServer();
  const args = ["send", ...server.at, "--from", "a@abc.com", "--body", "Hi", "--json", "--to"];
  const { output, errors } = await runSmtpc([...args, "bob@xyz.com,nobody@xyz.com"]);
  assert.deepEqual(output.trimEnd().split("\n").map((line) => JSON.parse(line)), [
    {
      recipient: "bob@xyz.com",
      result: "withheld",
      at: "rcpt",
      code: 250,
      status: "2.1.0",
      text: "Recipient OK",
    },
    {
      recipient: "nobody@xyz.com",
      result: "refused",
      at: "rcpt",
      code: 550,
      status: "5.1.1",
      text: "Recipient refused",
    },
  ]);
  assert.equal(errors, "");
});

const refusals: readonly (readonly [from: string, to: string, status: ExitStatus, why: RegExp])[] =
  [
    ["nobody@abc.com", "bob@xyz.com", EXIT.badData, /the sender was refused .*--from/],
    ["later@abc.com", "bob@xyz.com", EXIT.tryAgainLater, /for now .*450 4\.2\.1 Sender put off/],
    ["a@abc.com", "later@xyz.com", EXIT.tryAgainLater, /later@xyz\.com was refused .*for now/],
    ["full@abc.com", "bob@xyz.com", EXIT.tryAgainLater, /the message was refused .*451 4\.3\.0/],
  ];

for (const [from, to, status, why] of refusals) {
  Deno.test(`a message from ${from} to ${to} ends with ${status}`, async () => {
    await using server = startServer();
    const args = ["send", ...server.at, "--from", from, "--to", to, "--body", "Hi"];
    const run = await runSmtpc(args);
    assert.equal(run.status, status);
    assert.match(run.failure, why);
  });
}

Deno.test("a message that is too large is not even offered, and is bad data", async () => {
  const limits = { ...DEFAULT_SMTP_LIMITS, messageBytesMax: 1000 };
  await using server = startServer({ options: { limits } });
  const to = ["send", ...server.at, "--from", "a@abc.com", "--to", "bob@xyz.com"];
  const run = await runSmtpc([...to, "--body", "x".repeat(900)]);
  assert.equal(run.status, EXIT.badData);
  assert.match(run.failure, /the message was refused .*552/);
});

Deno.test("a login that is refused, or not offered, ends with 77", async () => {
  await using server = startServer();
  await using encrypted = startServer({ options: { plainAuth: false } });
  const args = ["--user", "alice", "--to", "bob@xyz.com", "--body", "Hi"];
  const variables = { SMTPC_PASSWORD: "wrong" };
  const wrong = await runSmtpc(["send", ...server.at, ...args], { variables });
  assert.equal(wrong.status, EXIT.loginRefused);
  assert.match(wrong.failure, /535 5\.7\.8 .*check --user and the password/);
  const hidden = await runSmtpc(["send", ...encrypted.at, ...args], WITH_PASSWORD);
  assert.equal(hidden.status, EXIT.loginRefused);
  assert.match(hidden.failure, /offers no login/);
});

Deno.test("the strongest login is used, or the one that was chosen", async () => {
  await using server = startServer();
  const args = ["--user", "alice", "--to", "bob@xyz.com", "--body", "Hi", "-v"];
  for (
    const [auth, shown] of [
      [[], "SCRAM-SHA-256"],
      [["--auth", "scram-sha-256"], "SCRAM-SHA-256"],
      [["--auth", "plain"], "PLAIN"],
      [["--auth", "login"], "LOGIN"],
    ] as const
  ) {
    const run = await runSmtpc(["send", ...server.at, ...args, ...auth], WITH_PASSWORD);
    assert.equal(run.status, EXIT.done, run.errors);
    assert.ok(run.errors.includes(`AUTH ${shown} ****`), run.errors);
  }
  await using old = startTurns(
    "220 abc.com ESMTP\r\n",
    "250-abc.com\r\n250 AUTH PLAIN\r\n",
    "221 bye\r\n",
  );
  const chosen = ["--auth", "scram-sha-256"];
  const run = await runSmtpc(["send", ...old.at, ...args, ...chosen], WITH_PASSWORD);
  assert.equal(run.status, EXIT.loginRefused);
  assert.match(run.failure, /does not offer SCRAM-SHA-256/);
});

Deno.test("a server that lets everybody in is not logged in to", async () => {
  await using server = startTurns(
    "220 abc.com ESMTP\r\n",
    "250-abc.com\r\n250 AUTH SCRAM-SHA-256\r\n",
    "235 2.7.0 welcome\r\n",
    "221 bye\r\n",
  );
  const args = ["--user", "alice", "--to", "bob@xyz.com", "--body", "Hi"];
  const run = await runSmtpc(["send", ...server.at, ...args], WITH_PASSWORD);
  assert.equal(run.status, EXIT.loginRefused);
  assert.match(run.failure, /may be a false one/);
});

const SEND = ["--from", "a@abc.com", "--to", "bob@xyz.com", "--body", "Hi"];

const scripts: readonly (readonly [
  says: string,
  how: "listens" | "close",
  status: ExitStatus,
  why: RegExp,
])[] = [
  ["421 4.3.2 Closing\r\n", "close", EXIT.tryAgainLater, /does not want to talk: 421/],
  ["554 5.7.1 Not you \x9b2J\r\n", "listens", EXIT.unavailable, /does not want to talk: 554/],
  ["+OK POP3\r\n", "listens", EXIT.protocol, /is not SMTP/],
  ["", "close", EXIT.tryAgainLater, /closed the connection/],
  ["", "listens", EXIT.tryAgainLater, /no answer from .* within 0\.3 s/],
  ["220 abc.com\r\n", "listens", EXIT.tryAgainLater, /no answer from .* within 0\.3 s/],
];

for (const [says, how, status, why] of scripts) {
  Deno.test(`a server that says ${JSON.stringify(says)} and ${how} is status ${status}`, async () => {
    await using server = startScript(says, how);
    const run = await runSmtpc(["send", ...server.at, ...SEND, "--timeout", "0.3"]);
    assert.equal(run.status, status);
    assert.match(run.failure, why);
  });
}

Deno.test("a connection that is lost behind the dot may have delivered the message", async () => {
  const replies = ["220 a.com", "250 a.com", "250 OK", "250 OK", "354 Go"];
  await using server = startTurns(...replies.map((each) => `${each}\r\n`));
  const run = await runSmtpc(["send", ...server.at, ...SEND, "--timeout", "0.3"]);
  assert.equal(run.status, EXIT.tryAgainLater);
  assert.match(run.failure, /may get it twice/);
});

Deno.test("when nothing listens, the failure says what to check", async () => {
  const { at, [Symbol.asyncDispose]: stop } = startServer();
  await stop();
  const run = await runSmtpc(["send", ...at, ...SEND]);
  assert.equal(run.status, EXIT.unavailable);
  assert.match(run.failure, new RegExp(`nothing listens on ${at.join(":")}: .*its SMTP --port`));
});

Deno.test("a host that does not exist ends with 68", async () => {
  const run = await runSmtpc(["send", "no.such.host.invalid", "25", ...SEND, "--timeout", "5"]);
  // Without a network, the resolver may not know either way.
  assert.ok(run.status === EXIT.noSuchHost || run.status === EXIT.tryAgainLater);
  assert.match(run.failure, /no\.such\.host\.invalid/);
});

Deno.test("-v shows the dialogue and hides the password", async () => {
  await using server = startServer();
  const args = [
    "send",
    ...server.at,
    "--user",
    "alice",
    "--to",
    "bob@xyz.com",
    "--body",
    "Hi",
    "-v",
  ];
  const { errors } = await runSmtpc(args, WITH_PASSWORD);
  assert.match(errors, /^S: 220 abc\.com ESMTP ready\nC: EHLO \[127\.0\.0\.1\]\n/);
  assert.match(
    errors,
    /\nC: AUTH SCRAM-SHA-256 \*{4}\nS: 334 \*{4}\nC: \*{4}\n.*\nC: \*{4}\nS: 235 /,
  );
  assert.match(errors, /\nC: RCPT TO:<bob@xyz\.com>\n/);
  assert.doesNotMatch(errors, new RegExp(`${PASSWORD}|${btoa(`\0alice\0${PASSWORD}`)}`));
});

Deno.test("a server cannot steer the terminal through what it says", async () => {
  const smtp = fakeSmtp({ open: reply(554, "5.0.0", "\u009b2J\u202e") });
  await using server = startServer({ smtp });
  const { failure, errors } = await runSmtpc(["send", ...server.at, ...SEND, "-v"]);
  assert.match(errors, /S: 554/);
  assert.doesNotMatch(errors.replaceAll("\n", ""), /\p{Cc}/u);
  assert.match(failure, /554/);
});

const missing: readonly (readonly [args: readonly string[], options: RunOptions, names: RegExp])[] =
  [
    [[], {}, /--to/],
    [["--to", "b@x.com"], {}, /--from|--user/],
    [["--to", "b@x.com", "--from", "a@x.com"], {}, /--body/],
    [["--to", "b@x.com", "--from", "a@x.com"], { input: "" }, /--body/],
    [["--to", "b@x.com", "--user", "a", "--body", "x"], {}, /--password-file.*SMTPC_PASSWORD/],
    [["--to", "b@x.com", "--user", "a\nb", "--body", "x"], {}, /--user/],
  ];

for (const [args, options, names] of missing) {
  Deno.test(`without a terminal, send ${args.join(" ")} names what is missing`, async () => {
    const run = await runSmtpc(["send", "127.0.0.1", "25", ...args], options);
    assert.equal(run.status, EXIT.usage);
    assert.match(run.failure, names);
  });
}

Deno.test("without a terminal, a missing host or port is wrong usage", async () => {
  assert.match((await runSmtpc(["send", ...SEND])).failure, /HOST/);
  assert.match((await runSmtpc(["send", "abc.com", ...SEND])).failure, /PORT/);
});

Deno.test("on a terminal, everything that is missing is asked for, the login first", async () => {
  const smtp = fakeSmtp();
  await using server = startServer({ smtp });
  const answers = [...server.at, "alice", PASSWORD, "bob", "bob@xyz.com", "Hello", "Hi Bob\n"];
  const run = await runSmtpc(["send"], { answers });
  assert.equal(run.failure, "");
  assert.deepEqual(run.questions.map((question) => question.split(/[ (]/)[0]), [
    "Server",
    "Port",
    "User",
    "Password",
    "To",
    "To:", // asked again, for the first answer was no address
    "Subject",
    "Text",
  ]);
  assert.equal(smtp.messages[0]!.from, "alice@abc.com");
  assert.deepEqual(smtp.messages[0]!.to, ["bob@xyz.com"]);
  assert.match(smtp.messages[0]!.content, /\r\nSubject: Hello\r\n[^]*\r\n\r\nHi Bob\r\n$/);
});

Deno.test("on a terminal, a wrong password is told before a letter is written", async () => {
  await using server = startServer();
  const run = await runSmtpc(["send", ...server.at], { answers: ["alice", "wrong"] });
  assert.equal(run.status, EXIT.loginRefused);
  assert.equal(run.questions.length, 2);
});

Deno.test("on a terminal, one may send without a login, and is asked for the sender", async () => {
  const smtp = fakeSmtp();
  await using server = startServer({ smtp });
  const args = ["send", ...server.at, "--to", "bob@xyz.com", "--body", "Hi"];
  const run = await runSmtpc(args, { answers: ["", "eve@abc.com"] });
  assert.equal(run.status, EXIT.done);
  assert.equal(smtp.messages[0]!.user, null);
  assert.equal(smtp.messages[0]!.from, "eve@abc.com");
});

Deno.test("--dsn, --ret and --envid ask the server for reports", async () => {
  const smtp = fakeSmtp();
  await using server = startServer({ smtp });
  const args = ["send", ...server.at, "--from", "x@abc.com", "--to", "bob@xyz.com", "--body", "Hi"];
  const wishes = ["--dsn", "success,delay", "--ret", "hdrs", "--envid", "letter 1"];
  assert.equal((await runSmtpc([...args, ...wishes])).status, EXIT.done);
  const [mail, rcpt] = smtp.commands as readonly [MailCommand, RcptCommand];
  assert.equal(mail.ret, "HDRS");
  assert.equal(mail.envid, "letter+201");
  assert.deepEqual(rcpt.notify, ["SUCCESS", "DELAY"]);
  assert.equal(rcpt.orcpt, "rfc822;bob@xyz.com");

  assert.equal((await runSmtpc([...args, "--dsn", "never"])).status, EXIT.done);
  assert.deepEqual((smtp.commands[3] as RcptCommand).notify, []);
  for (const bad of [["--dsn", "never,delay"], ["--ret", "all"], ["--envid", "ä"]]) {
    assert.equal((await runSmtpc([...args, ...bad])).status, EXIT.usage, `${bad}`);
  }
});

const OLD = ["220 old.test ESMTP\r\n", "250 old.test\r\n", "221 Bye\r\n"];

Deno.test("a server without DSN or SMTPUTF8 gets nothing that needs it", async () => {
  await using server = startTurns(...OLD);
  const args = ["send", ...server.at, "--from", "x@abc.com", "--to", "bob@xyz.com", "--body", "Hi"];
  const run = await runSmtpc([...args, "--dsn", "success"]);
  assert.equal(run.status, EXIT.unavailable);
  assert.match(run.failure, /does not offer DSN, which --dsn needs: nothing was sent/);

  await using another = startTurns(...OLD);
  const to = ["--from", "x@abc.com", "--to", "böb@xyz.com", "--body", "Hi"];
  const refused = await runSmtpc(["send", ...another.at, ...to]);
  assert.equal(refused.status, EXIT.badData);
  assert.match(refused.failure, /553 5\.6\.7 The next server takes no SMTPUTF8/);
});

Deno.test("addresses in UTF-8 are sent with SMTPUTF8, their domains in ASCII", async () => {
  const smtp = fakeSmtp();
  await using server = startServer({ smtp });
  const run = await runSmtpc([
    ...["send", ...server.at, "--from", "älice@bücher.example", "--to", "böb@例え.jp"],
    ...["--subject", "Grüße", "--body", "Hi"],
  ]);
  assert.equal(run.status, EXIT.done, run.failure);
  const [mail] = smtp.commands as readonly [MailCommand];
  assert.equal(mail.utf8, true);
  assert.deepEqual(mail.from, { local: "älice", domain: "xn--bcher-kva.example" });
  const content = new TextDecoder().decode(latin1(smtp.messages[0]!.content));
  assert.match(content, /\r\nTo: böb@xn--r8jz45g\.jp\r\n/);

  const plain = ["--from", "a@bücher.example", "--to", "b@xyz.com", "--subject", "Grüße"];
  assert.equal(
    (await runSmtpc(["send", ...server.at, ...plain, "--body", "Hi"])).status,
    EXIT.done,
  );
  assert.equal((smtp.commands[2] as MailCommand).utf8, undefined);
});
