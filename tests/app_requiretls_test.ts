/** REQUIRETLS through whole servers, RFC 8689. */
import assert from "$assert";
import { sendOverSmtp } from "../lib/cli/transfer.ts";
import { bodyOf } from "../lib/mail/body.ts";
import type { Address } from "../lib/mail/address.ts";
import type { Recipient } from "../lib/mail/envelope.ts";
import type { Accepted } from "../lib/store/store.ts";
import { encode } from "../lib/wire/bytes.ts";
import {
  arrived,
  letter,
  REAL,
  sendMessage,
  startTestServer,
  startWithHop,
  type TestServer,
} from "./app_support.ts";
import { until } from "./support.ts";
import { lab } from "./tls_support.ts";

interface Sent {
  readonly to: Recipient;
  /** Default alice, who logs in. */
  readonly from?: Address;
  readonly content?: string;
}

async function send(server: TestServer, { to, from, content = letter("Secret") }: Sent) {
  const { authority } = await lab();
  const { attempts } = await sendOverSmtp({
    world: REAL,
    to: { host: "localhost", port: server.port("smtp") },
    helloName: null,
    timeoutMs: 10_000,
    tls: { mode: "starttls", authorities: [authority.certificate] },
    login: from === undefined ? { user: "alice", password: "secret" } : null,
    envelope: {
      sender: from ?? { local: "alice", domain: "abc.com" },
      body: "7BIT",
      tls: "required",
    },
    recipients: [to],
    content: bodyOf(encode(content)),
  });
  return attempts[0]!;
}

function bobAt(domain: string): Recipient {
  return { address: { local: "bob", domain } };
}

Deno.test("a message with REQUIRETLS goes from server to server under verified TLS, or not", async () => {
  const { good, authority } = await lab();
  await using other = await startTestServer({
    domains: ["xyz.com"],
    users: ["bob"],
    tls: [good],
  });
  await using plain = await startTestServer({ domains: ["plain.test"], users: ["bob"] });
  await using server = await startTestServer({
    users: ["alice"],
    tls: [good],
    authorities: [authority.certificate],
    routes: {
      "xyz.com": { host: "localhost", port: other.port("smtp") },
      "plain.test": { host: "localhost", port: plain.port("smtp") },
    },
  });
  assert.equal((await send(server, { to: bobAt("xyz.com") })).result, "delivered");
  const [message] = await arrived(other, "bob@xyz.com");
  assert.match(message!.replaceAll("\r\n ", " "), / by xyz\.com with ESMTPS /);
  const refused = await send(server, { to: bobAt("plain.test") });
  assert.equal(refused.at, "rcpt");
  assert.equal(refused.reply!.status, "5.7.10");
  assert.deepEqual(await plain.mailbox("bob@plain.test"), []);
});

Deno.test("RFC 8689 §5: a report about such a message has its header only", async () => {
  await using setting = await startWithHop();
  const { server, world } = setting;
  const message: Accepted = {
    id: "m1",
    acceptedAt: world.clock.now(),
    envelope: {
      sender: { local: "alice", domain: "abc.com" },
      body: "7BIT",
      ret: "FULL",
      tls: "required",
    },
    content: bodyOf(encode(letter("Secret"))),
    deliveries: [{
      to: "queue",
      hop: "xyz.com",
      recipient: { address: { local: "bob", domain: "xyz.com" } },
      dueAt: world.clock.now(),
    }],
  };
  await server.store.accept(message);
  await world.clock.pass(60_000);
  const [report] = await server.mailbox("alice@abc.com");
  assert.match(report!, /\r\nStatus: 5\.7\.10\r\n/);
  assert.match(report!, /\r\nSubject: Secret\r\n/);
  assert.doesNotMatch(report!, /Hello Bob/);
});

Deno.test("RFC 8689 §5: a report about such a message requires TLS as well", async () => {
  const { good } = await lab();
  // Nobody listens there, so that what goes there stays in the queue.
  const routes = { "xyz.com": { host: "127.0.0.1", port: 1 } };
  await using server = await startTestServer({ users: ["alice"], tls: [good], routes });
  const { result } = await send(server, {
    from: { local: "carol", domain: "xyz.com" },
    to: { address: { local: "alice", domain: "abc.com" }, notify: ["SUCCESS"] },
  });
  assert.equal(result, "delivered");
  const [report] = await until("the report in the queue", async () => {
    await server.store.queue.retry(Number.MAX_SAFE_INTEGER);
    const taken = await server.store.queue.take("xyz.com", Number.MAX_SAFE_INTEGER, 10);
    return taken.length === 0 ? null : taken;
  });
  assert.equal(report!.envelope.sender, null);
  assert.equal(report!.envelope.tls, "required");
});

Deno.test("RFC 8689 §4.1: with REQUIRETLS, TLS-Required: No counts for nothing", async () => {
  const { good } = await lab();
  await using plain = await startTestServer({ domains: ["plain.test"], users: ["bob"] });
  await using server = await startTestServer({
    users: ["alice"],
    tls: [good],
    routes: { "plain.test": { host: "localhost", port: plain.port("smtp") } },
    verifyRecipients: "never",
  });
  const content = `TLS-Required: No\r\n${letter("Secret")}`;
  assert.equal((await send(server, { to: bobAt("plain.test"), content })).result, "delivered");
  const [report] = await arrived(server, "alice@abc.com");
  assert.match(report!, /\r\nStatus: 5\.7\.10\r\n/);
  assert.deepEqual(await plain.mailbox("bob@plain.test"), []);
});

Deno.test("TLS-Required: No is written down, and nothing that looks like it", async () => {
  await using setting = await startWithHop((line) => line === "connect" ? "close" : undefined);
  const { server } = setting;
  const alice = await server.smtp("alice");
  const no = "TLS-Required: No\r\n";
  // RFC 8689 §3: one instance, and one parameter.
  for (const field of [no, "tls-required:\r\n NO\r\n", "TLS-Required: yes\r\n", no + no, ""]) {
    await sendMessage(alice, {
      from: "alice@abc.com",
      to: ["bob@xyz.com"],
      content: field + letter("Optional"),
    });
  }
  await server.store.queue.retry(Number.MAX_SAFE_INTEGER);
  const taken = await server.store.queue.take("xyz.com", Number.MAX_SAFE_INTEGER, 10);
  assert.deepEqual(taken.map(({ envelope }) => envelope.tls), [
    "optional",
    "optional",
    undefined,
    undefined,
    undefined,
  ]);
  alice.close();
});
