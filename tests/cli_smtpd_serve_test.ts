/** `smtpd serve` as a program, with everything in memory. */
import assert from "$assert";
import { EXIT } from "../lib/cli/fail.ts";
import { letter, logIn, REAL, sendMessage, talkTo } from "./app_support.ts";
import { runProgram, startProgram } from "./smtpd_support.ts";

const MEMORY = ["--port", "0", "--domain", "abc.com", "--data", "memory:"];

Deno.test("smtpd serve says where it listens, and then that it is ready", async () => {
  await using program = await startProgram([
    ...MEMORY,
    ...["--submission-port", "0", "--pop3-port", "0", "--user", "alice:secret"],
  ]);
  assert.match(
    program.output(),
    /^smtp 127\.0\.0\.1:\d+\nsubmission 127\.0\.0\.1:\d+\npop3 127\.0\.0\.1:\d+\nready\n$/,
  );
  assert.deepEqual(await program.end(), { status: EXIT.done, failure: "" });
});

Deno.test("smtpd serve says the same as one object when its log is JSON", async () => {
  await using program = await startProgram([
    ...MEMORY,
    ...["--host", "127.0.0.1", "--host", "127.0.0.2", "--pop3-port", "0", "--log-format", "json"],
  ]);
  const said = JSON.parse(program.output());
  const [first, second, third] = said.listening;
  assert.deepEqual(said, {
    event: "ready",
    ports: { smtp: first.port, pop3: third.port },
    listening: [
      { service: "smtp", host: "127.0.0.1", port: first.port },
      { service: "smtp", host: "127.0.0.2", port: second.port },
      { service: "pop3", host: "127.0.0.1", port: third.port },
      { service: "pop3", host: "127.0.0.2", port: said.listening[3].port },
    ],
  });
  assert.equal(JSON.parse(program.errors()).event, "no-accounts");
});

Deno.test("smtpd serve says that a host to listen on is unknown", async () => {
  const words = [...MEMORY, "--user", "a:b", "--host", "no-such-host.invalid"];
  const { status, failure } = await runProgram(words);
  assert.equal(status, EXIT.noSuchHost);
  assert.match(failure, /cannot listen on no-such-host\.invalid:0: there is no host/);
});

Deno.test("smtpd serve without accounts says how to add one", async () => {
  await using program = await startProgram(MEMORY);
  assert.match(program.errors(), /^There are no accounts yet.*--user NAME:PASSWORD\n$/);
});

Deno.test("smtpd serve --user makes an account that can log in and write to itself", async () => {
  await using program = await startProgram([...MEMORY, "--user", "Alice:a:b"]);
  const talker = await talkTo(REAL, portOf(program.output()));
  assert.match(talker.greeting, /^220 abc\.com /);
  await talker.say("EHLO test.example");
  assert.match(await logIn(talker, "alice", "a:b"), /^235 /);
  const content = letter("Note");
  const replies = await sendMessage(talker, {
    from: "alice@abc.com",
    to: ["alice@abc.com"],
    content,
  });
  assert.match(replies.at(-1)!, /^250 2\.0\.0 /);
  assert.match(await talker.say("QUIT"), /^221 /);
  talker.close();
  assert.match(program.errors(), / info {2}abc\.com delivered .*to=alice@abc\.com/);
});

Deno.test("smtpd serve asks on a terminal for what is missing, passwords twice", async () => {
  await using program = await startProgram(
    ["--port", "0", "--data", "memory:", "--user", "alice"],
    { answers: ["abc.com", "secret", "sceret", "secret", "secret"] },
  );
  assert.equal(program.questions.length, 5);
  assert.match(program.questions[0]!, /domain/);
  assert.match(program.questions[1]!, /alice@abc\.com/);
  assert.match(program.errors(), /not the same/);
  const talker = await talkTo(REAL, portOf(program.output()));
  await talker.say("EHLO test.example");
  assert.match(await logIn(talker, "alice"), /^235 /);
  talker.close();
});

Deno.test("smtpd serve names the flag that is missing where nobody can be asked", async () => {
  const withoutDomain = await runProgram(["--port", "0", "--data", "memory:"]);
  assert.equal(withoutDomain.status, EXIT.usage);
  assert.match(withoutDomain.failure, /--domain/);
  const withoutPassword = await runProgram([...MEMORY, "--user", "alice"]);
  assert.equal(withoutPassword.status, EXIT.usage);
  assert.match(withoutPassword.failure, /--user alice@abc\.com:PASSWORD/);
});

Deno.test("smtpd serve keeps the password of an account that exists, and says so", async () => {
  const twice = ["--user", "alice:secret", "--user", "ALICE@abc.com:other"];
  await using program = await startProgram([...MEMORY, ...twice]);
  assert.match(program.errors(), /^alice@abc\.com has another password already/);
  const talker = await talkTo(REAL, portOf(program.output()));
  await talker.say("EHLO test.example");
  assert.match(await logIn(talker, "alice", "other"), /^535 /);
  assert.match(await logIn(talker, "alice", "secret"), /^235 /);
  talker.close();
});

Deno.test("smtpd serve says nothing about an account that has this password, or none", async () => {
  const again = ["--user", "alice:secret", "--user", "alice:secret", "--user", "alice"];
  await using program = await startProgram([...MEMORY, ...again]);
  assert.equal(program.errors(), "");
});

Deno.test("smtpd serve refuses a password that is too long", async () => {
  const { status, failure } = await runProgram([
    ...MEMORY,
    "--user",
    `alice:${"x".repeat(300)}`,
  ]);
  assert.equal(status, EXIT.usage);
  assert.match(failure, /^--user alice@abc\.com: .*255/);
});

Deno.test("smtpd serve on a port that is taken ends with status 69", async () => {
  await using program = await startProgram([...MEMORY, "--user", "alice:secret"]);
  const port = `${portOf(program.output())}`;
  const { status, failure } = await runProgram([
    ...["--domain", "xyz.com", "--data", "memory:", "--port", port],
  ]);
  assert.equal(status, EXIT.unavailable);
  assert.match(failure, new RegExp(`cannot listen on 127.0.0.1:${port}: another program`));
});

Deno.test("smtpd serve on an address of another machine ends with status 78", async () => {
  // RFC 5737 §3: addresses for documentation belong to no machine.
  const { status, failure } = await runProgram([...MEMORY, "--host", "192.0.2.1"]);
  assert.equal(status, EXIT.badConfiguration);
  assert.match(failure, /192\.0\.2\.1.*does not have that address/);
});

Deno.test("smtpd serve says 421 to idle clients when it stops", async () => {
  await using program = await startProgram([...MEMORY, "--user", "alice:secret"]);
  const talker = await talkTo(REAL, portOf(program.output()));
  const ended = program.end();
  assert.match(await talker.hear(), /^421 4\.3\.2 /);
  talker.close();
  assert.deepEqual(await ended, { status: EXIT.done, failure: "" });
});

function portOf(output: string): number {
  return Number(/^smtp .*:(\d+)$/m.exec(output)?.[1]);
}
