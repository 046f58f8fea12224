/** The story that must always work: two servers, and two people who write to each other. */
import assert from "$assert";
import {
  arrived,
  letter,
  sendMessage,
  startTestServer,
  type Talker,
  type TestServer,
} from "./app_support.ts";
import { until } from "./support.ts";

interface Two extends AsyncDisposable {
  /** abc.com, where alice is. */
  readonly a: TestServer;
  /** xyz.com, where bob is. */
  readonly b: TestServer;
}

/** Two servers that know each other's domain. */
async function startTwo(): Promise<Two> {
  // Each needs the other's port, so one is asked for first and used again.
  const probe = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const port = (probe.addr as Deno.NetAddr).port;
  probe.close();
  const b = await startTestServer({
    domains: ["xyz.com"],
    users: ["bob"],
    routes: { "abc.com": { host: "127.0.0.1", port } },
  });
  const a = await startTestServer({
    domains: ["abc.com"],
    users: ["alice"],
    ports: { smtp: port, pop3: 0 },
    routes: { "xyz.com": { host: "127.0.0.1", port: b.port("smtp") } },
  });
  return {
    a,
    b,
    async [Symbol.asyncDispose]() {
      await Promise.all([a[Symbol.asyncDispose](), b[Symbol.asyncDispose]()]);
    },
  };
}

async function readFirst(talker: Talker, user: string): Promise<string> {
  assert.match(await talker.say(`USER ${user}`), /^\+OK/);
  assert.match(await talker.say("PASS secret"), /^\+OK/);
  assert.match(await talker.say("STAT"), /^\+OK 1 \d+$/);
  assert.match(await talker.say("RETR 1"), /^\+OK/);
  const content = await talker.hearLong();
  assert.match(await talker.say("QUIT"), /^\+OK/);
  talker.close();
  return content;
}

Deno.test("mail goes from server to server and is read by POP3 and by XPOP3", async () => {
  await using two = await startTwo();
  const alice = await two.a.smtp("alice");
  const replies = await sendMessage(alice, {
    from: "alice@abc.com",
    to: ["bob@xyz.com"],
    content: letter("The story"),
  });
  assert.deepEqual(replies.map((each) => each.slice(0, 9)), [
    "250 2.1.0",
    "250 2.1.5",
    "354 Go ah",
    "250 2.0.0",
  ]);
  alice.close();
  await arrived(two.b, "bob@xyz.com");

  const byPop3 = await readFirst(await two.b.connect("pop3"), "bob");
  const smtp = await two.b.smtp();
  assert.match(await smtp.say("XPOP3"), /^220 /);
  assert.match(await smtp.hear(), /^\+OK /);
  const byXpop3 = await readFirst(smtp, "bob@xyz.com");

  assert.equal(byPop3, byXpop3);
  assert.match(byPop3, /^Return-Path: <alice@abc\.com>\r\nReceived: from abc\.com /);
  assert.match(byPop3, /\r\nSubject: The story\r\n\r\nHello Bob!\r\n$/);
  await until(
    "an empty queue",
    async () => (await two.a.store.queue.list({ max: 1 })).length === 0,
  );
});

Deno.test("the recipient replies", async () => {
  await using two = await startTwo();
  const bob = await two.b.smtp("bob");
  const replies = await sendMessage(bob, {
    from: "bob@xyz.com",
    to: ["alice@abc.com"],
    content: "From: bob@xyz.com\r\nTo: alice@abc.com\r\n\r\nHello Alice!\r\n",
  });
  assert.match(replies.at(-1)!, /^250 /);
  bob.close();
  const [reply] = await arrived(two.a, "alice@abc.com");
  assert.match(reply!, /^Return-Path: <bob@xyz\.com>\r\n/);
});

Deno.test("an unknown recipient is refused in the words of the server that knows", async () => {
  await using two = await startTwo();
  const alice = await two.a.smtp("alice");
  const [mail, rcpt, data] = await sendMessage(alice, {
    from: "alice@abc.com",
    to: ["nobody@xyz.com"],
    content: letter("In vain"),
  });
  assert.match(mail!, /^250 /);
  assert.equal(rcpt, "550 5.1.1 There is no such user here");
  assert.equal(data, "554 5.5.1 No valid recipients");
  alice.close();
});

Deno.test("one message for people on both servers reaches each of them once", async () => {
  await using two = await startTwo();
  const alice = await two.a.smtp("alice");
  await sendMessage(alice, {
    from: "alice@abc.com",
    to: ["bob@xyz.com", "alice@abc.com"],
    content: letter("To both"),
  });
  alice.close();
  assert.equal((await arrived(two.b, "bob@xyz.com")).length, 1);
  assert.equal((await arrived(two.a, "alice@abc.com")).length, 1);
});

Deno.test("the other server reports what alice asked for, in the name that she gave", async () => {
  await using two = await startTwo();
  const alice = await two.a.smtp("alice");
  await alice.say("MAIL FROM:<alice@abc.com> ENVID=QQ1");
  await alice.say("RCPT TO:<bob@xyz.com> NOTIFY=SUCCESS ORCPT=rfc822;Bob@XYZ.com");
  await alice.say("DATA");
  await alice.send(`${letter("Tell me")}.\r\n`);
  assert.match(await alice.hear(), /^250 /);
  alice.close();
  await arrived(two.b, "bob@xyz.com");
  const [report] = await arrived(two.a, "alice@abc.com");
  assert.match(report!, /^Return-Path: <>\r\nReceived: from xyz\.com /);
  assert.match(report!, /\r\nOriginal-Envelope-Id: QQ1\r\nReporting-MTA: dns; xyz\.com\r\n/);
  assert.match(report!, /\r\nOriginal-Recipient: rfc822; Bob@XYZ\.com\r\n/);
  assert.match(report!, /\r\nAction: delivered\r\n/);
});
