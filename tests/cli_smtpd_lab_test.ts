/** `smtpd lab`: the newcomer's first minute. */
import assert from "$assert";
import { EXIT } from "../lib/cli/fail.ts";
import { letter, logIn, REAL, sendMessage, talkTo } from "./app_support.ts";
import { runProgram, startProgram } from "./smtpd_support.ts";
import { until } from "./support.ts";

const READY = /What the servers do/;

Deno.test("smtpd lab shows who is there, and commands with their ports", async () => {
  await using lab = await startProgram(["lab", "--port-a", "0", "--port-b", "0"], { ready: READY });
  const text = lab.output();
  const { abc, xyz } = sidesOf(text);
  assert.ok(new Set([abc.smtp, abc.pop3, xyz.smtp, xyz.pop3]).size === 4, text);
  assert.match(text, new RegExp(`SMTPC_PASSWORD=secret \\S.* send 127.0.0.1 ${abc.smtp} `));
  assert.match(text, new RegExp(`SMTPC_PASSWORD=hunter2 \\S.* read 127.0.0.1 ${xyz.smtp} `));
  assert.ok(text.includes(`smtp://127.0.0.1:${abc.smtp}\n`), text);
  assert.ok(text.includes(`curl -u bob:hunter2 pop3://127.0.0.1:${xyz.pop3}/1\n`), text);
  for (const line of text.split("\n")) assert.ok(line.length <= 100, line);
});

Deno.test("smtpd lab carries a message from alice to bob, and an answer back", async () => {
  await using lab = await startProgram(["lab", "--port-a", "0", "--port-b", "0"], { ready: READY });
  const { abc, xyz } = sidesOf(lab.output());
  await send(abc.smtp, { user: "alice", password: "secret" }, "alice@abc.com", "bob@xyz.com");
  await until("bob's mail", () => /xyz\.com delivered .*to=bob@xyz\.com/.test(lab.errors()));
  await send(xyz.smtp, { user: "bob", password: "hunter2" }, "bob@xyz.com", "alice@abc.com");
  await until("the answer", () => /abc\.com delivered .*to=alice@abc\.com/.test(lab.errors()));
  const reader = await talkTo(REAL, xyz.pop3);
  await reader.say("USER bob");
  assert.match(await reader.say("PASS hunter2"), /^\+OK/);
  assert.match(await reader.say("STAT"), /^\+OK 1 /);
  assert.match(await reader.say("RETR 1"), /^\+OK/);
  assert.ok((await reader.hearLong()).endsWith(letter("Hello")));
  reader.close();
});

Deno.test("smtpd lab shows that an unknown recipient is refused by the receiver", async () => {
  await using lab = await startProgram(["lab", "--port-a", "0", "--port-b", "0"], { ready: READY });
  const talker = await talkTo(REAL, sidesOf(lab.output()).abc.smtp);
  await talker.say("EHLO test.example");
  await logIn(talker, "alice");
  await talker.say("MAIL FROM:<alice@abc.com>");
  assert.match(await talker.say("RCPT TO:<nobody@xyz.com>"), /^550 5\.1\.1 /);
  talker.close();
  assert.match(lab.errors(), /xyz\.com refused from=alice@abc\.com to=nobody@xyz\.com/);
  assert.match(lab.errors(), /abc\.com verify-refused to=nobody@xyz\.com/);
});

Deno.test("smtpd lab takes other ports than the usual ones, but not than given ones", async () => {
  await using first = await startProgram(["lab"], { ready: READY });
  await using second = await startProgram(["lab"], { ready: READY });
  const { abc } = sidesOf(first.output());
  assert.notEqual(sidesOf(second.output()).abc.smtp, abc.smtp);
  const { status, failure } = await runProgram(["lab", "--port-a", `${abc.smtp}`]);
  assert.equal(status, EXIT.unavailable);
  assert.match(failure, /another program uses this port/);
});

async function send(
  port: number,
  login: { readonly user: string; readonly password: string },
  from: string,
  to: string,
): Promise<void> {
  const talker = await talkTo(REAL, port);
  await talker.say("EHLO test.example");
  assert.match(await logIn(talker, login.user, login.password), /^235 /);
  const replies = await sendMessage(talker, { from, to: [to], content: letter("Hello") });
  assert.match(replies.at(-1)!, /^250 /);
  await talker.say("QUIT");
  talker.close();
}

function sidesOf(text: string) {
  const side = (domain: string) => {
    const ports = new RegExp(`${domain} .*127.0.0.1:(\\d+).*127.0.0.1:(\\d+)`).exec(text);
    return { smtp: Number(ports?.[1]), pop3: Number(ports?.[2]) };
  };
  return { abc: side("abc.com"), xyz: side("xyz.com") };
}
