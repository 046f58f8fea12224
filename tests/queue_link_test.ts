/** Connections to next servers: their words, their limits, and when one is kept. */
import assert from "$assert";
import { bodyOf } from "../lib/mail/body.ts";
import { SILENT } from "../lib/log.ts";
import { createLinks, type Links, type Performed } from "../lib/queue/link.ts";
import type { SmtpJob } from "../lib/smtp/client.ts";
import { textOf } from "../lib/smtp/reply.ts";
import type { Endpoint, Transport } from "../lib/net/world.ts";
import { decode, encode } from "../lib/wire/bytes.ts";
import { TLS_HANDSHAKE_MS } from "../lib/wire/upgrade.ts";
import { FAKE_TLS, fakeIdentity } from "./fake_tls.ts";
import { type FakeWorld, fakeWorld } from "./fake_world.ts";
import { type NextHop, type NextHopOptions, startNextHop } from "./next_hop.ts";

interface Setting {
  readonly world: FakeWorld;
  readonly hop: NextHop;
  readonly links: Links;
  /** Does a job, with all the time that it needs. */
  perform(job: SmtpJob, passMs?: number): Promise<Performed>;
}

function startSetting(answer?: NextHopOptions["answer"]): Setting {
  const world = fakeWorld();
  const hop = startNextHop(world, answer === undefined ? {} : { answer });
  const links = createLinks({ world, hostname: "abc.com", log: SILENT });
  return {
    world,
    hop,
    links,
    async perform(job, passMs = 0) {
      const { signal } = new AbortController();
      const performed = links.perform(hop.target, job, { timeoutMs: 60_000, signal });
      await world.clock.pass(passMs);
      return await performed;
    },
  };
}

const envelope = { sender: { local: "alice", domain: "abc.com" }, body: "7BIT" } as const;
const recipients = [{ address: { local: "bob", domain: "xyz.com" } }];
const VERIFY: SmtpJob = { do: "verify", envelope, recipients, contentBytes: null };
const SEND: SmtpJob = { do: "send", envelope, recipients, content: bodyOf(encode("Hi\r\n")) };

function words(performed: Performed): string {
  assert.equal(performed.done, false);
  return performed.done ? "" : textOf(performed.words);
}

/**
 * What the next hop says before any job, and the words that a sender may have to read in the end.
 */
const NOT_BEGUN: readonly (readonly [NextHopOptions["answer"], string])[] = [
  [
    (line) => line === "connect" ? "554 5.7.1 We know you" : undefined,
    "450 4.4.1 greeting was answered with 554 We know you",
  ],
  [
    (line) => line === "connect" ? "421 4.3.2 Too busy" : undefined,
    "450 4.4.1 greeting was answered with 421 Too busy",
  ],
  [
    (line) => /^(EHLO|HELO)/.test(line) ? "550 5.5.0 No such name" : undefined,
    "450 4.4.1 hello was answered with 550 No such name",
  ],
  [(line) => line === "connect" ? "close" : undefined, "450 4.4.1 The connection was lost"],
  [(line) => line.startsWith("EHLO") ? "close" : undefined, "450 4.4.1 The connection was lost"],
  [(line) => line.startsWith("MAIL") ? "close" : undefined, "450 4.4.1 The connection was lost"],
];

for (const [answer, expected] of NOT_BEGUN) {
  Deno.test(`a job that did not come about says: ${expected}`, async () => {
    const { hop, links, perform } = startSetting(answer);
    assert.equal(words(await perform(SEND, 5_000)), expected);
    await links.close();
    hop.stop();
  });
}

for (
  const [at, said] of [["connect", "521 5.3.2 No mail here"], ["EHLO", "556 5.1.10 Nor there"]]
) {
  Deno.test(`RFC 7504 §4: ${said} is the answer to every recipient`, async () => {
    const { hop, links, perform } = startSetting((line) =>
      line.startsWith(at!) || line.startsWith("HELO") ? said : undefined
    );
    const performed = await perform(SEND, 5_000);
    const attempts = performed.done ? performed.attempts : [];
    assert.deepEqual(
      attempts.map(({ result, reply }) => [result, reply === null ? null : textOf(reply)]),
      [["refused", said]],
    );
    await links.close();
    hop.stop();
  });
}

Deno.test("what one connection does not hold, the next one does", async () => {
  const limits = "250-hop.test\r\n250 LIMITS RCPTMAX=2 MAILMAX=1 RCPTDOMAINMAX=1";
  const { hop, links, perform } = startSetting((line) =>
    line.startsWith("EHLO") ? limits : line.includes("<nobody@") ? "550 5.1.1 No" : undefined
  );
  const locals = ["bob", "carol", "nobody", "dave", "eve"];
  const domains = ["xyz.com", "xyz.com", "xyz.com", "other.test", "xyz.com"];
  const performed = await perform({
    ...SEND,
    recipients: locals.map((local, at) => ({ address: { local, domain: domains[at]! } })),
  }, 5_000);
  assert.deepEqual(
    performed.done && performed.attempts.map(({ recipient, result }) => [
      recipient.address.local,
      result,
    ]),
    locals.map((local) => [local, local === "nobody" ? "refused" : "delivered"]),
  );
  assert.deepEqual(hop.messages.map(({ recipients }) => recipients), [
    ["bob@xyz.com", "carol@xyz.com"],
    ["eve@xyz.com"],
    ["dave@other.test"],
  ]);
  assert.equal(hop.connections.length, 3);
  await links.close();
  hop.stop();
});

Deno.test("a kept connection that holds no more gives way to a new one", async () => {
  const limits = "250-hop.test\r\n250 LIMITS RCPTDOMAINMAX=1";
  const { hop, links, perform } = startSetting((line) =>
    line.startsWith("EHLO") ? limits : undefined
  );
  await perform(SEND);
  const recipients = [{ address: { local: "eve", domain: "other.test" } }];
  const performed = await perform({ ...SEND, recipients });
  assert.deepEqual(performed.done && performed.attempts.map(({ result }) => result), ["delivered"]);
  assert.deepEqual(hop.connections.map((lines) => lines.filter((line) => line === ".").length), [
    1,
    1,
  ]);
  await links.close();
  hop.stop();
});

Deno.test("what is not SMTP is told in words", async () => {
  const { hop, links, perform } = startSetting((line) =>
    line === "connect" ? "SSH-2.0-OpenSSH" : undefined
  );
  assert.match(words(await perform(SEND, 5_000)), /^450 4\.4\.1 It does not speak SMTP: /);
  await links.close();
  hop.stop();
});

Deno.test("nothing listens there: the words are the network's", async () => {
  const { hop, perform } = startSetting();
  hop.stop();
  assert.match(words(await perform(SEND)), /^450 4\.4\.1 nothing listens on /);
});

for (const silentAt of ["connect", "EHLO", "MAIL"]) {
  Deno.test(`a hop that is silent at ${silentAt} is left when the time is up`, async () => {
    const { world, hop, links } = startSetting((line) =>
      line.startsWith(silentAt) ? "silence" : undefined
    );
    const { signal } = new AbortController();
    const ended: string[] = [];
    void links.perform(hop.target, SEND, { timeoutMs: 7_000, signal })
      .then((performed) => ended.push(words(performed)));
    await world.clock.pass(6_900);
    assert.deepEqual(ended, []);
    await world.clock.pass(100);
    assert.deepEqual(ended, ["450 4.4.1 There was no answer in time"]);
    await world.clock.pass(10_000);
    assert.equal(hop.connections.length, 1, "and no second connection is made in its stead");
    await links.close();
    hop.stop();
  });
}

Deno.test("a silence after the dot leaves it unknown whether the message was taken", async () => {
  const { hop, links, perform } = startSetting((line) => line === "." ? "silence" : undefined);
  const performed = await perform(SEND, 70_000);
  assert.deepEqual(performed.done && performed.attempts.map(({ result }) => result), ["unknown"]);
  await links.close();
  hop.stop();
});

Deno.test("jobs one after the other share a connection, jobs at once do not", async () => {
  const { hop, links, perform } = startSetting();
  await perform(VERIFY);
  await perform(SEND);
  assert.equal(hop.connections.length, 1);
  await Promise.all([perform(SEND), perform(SEND), perform(SEND)]);
  assert.equal(hop.connections.length, 3);
  await perform(SEND);
  assert.equal(hop.connections.length, 3);
  assert.equal(hop.messages.length, 5);
  await links.close();
  assert.deepEqual(hop.connections.map((lines) => lines.at(-1)), ["QUIT", "QUIT", "QUIT"]);
  hop.stop();
});

Deno.test("at most four connections to one hop are kept", async () => {
  const { world, hop, links, perform } = startSetting();
  await Promise.all(Array.from({ length: 7 }, () => perform(SEND)));
  await world.clock.pass(0);
  const left = hop.connections.filter((lines) => lines.at(-1) !== "QUIT");
  assert.equal(left.length, 4);
  await links.close();
  hop.stop();
});

for (const goodbye of ["close", "421 4.4.2 Timeout, closing"]) {
  Deno.test(`a kept connection that ends with ${goodbye} is replaced`, async () => {
    let transactions = 0;
    const { hop, links, perform } = startSetting((line) =>
      line.startsWith("MAIL") && ++transactions === 2 ? goodbye : undefined
    );
    await perform(VERIFY);
    const performed = await perform(SEND, 5_000);
    assert.deepEqual(performed.done && performed.attempts.map(({ result }) => result), [
      "delivered",
    ]);
    assert.equal(hop.connections.length, 2);
    assert.equal(hop.messages.length, 1);
    await links.close();
    hop.stop();
  });
}

Deno.test("a 421 on a new connection is the answer to its job", async () => {
  const { hop, links, perform } = startSetting((line) =>
    line.startsWith("MAIL") ? "421 4.3.2 Going down" : undefined
  );
  for (let n = 1; n <= 2; n++) {
    const performed = await perform(SEND, 5_000);
    assert.equal(performed.done && performed.attempts[0]!.reply?.code, 421);
    assert.equal(hop.connections.length, n);
  }
  await links.close();
  hop.stop();
});

Deno.test("the name that the server gave itself comes with what it said", async () => {
  const { hop, links, perform } = startSetting();
  const performed = await perform(SEND);
  assert.equal(performed.done && performed.serverName, "hop.test");
  await links.close();
  hop.stop();
});

Deno.test("an aborted job is cut off at once, before the greeting and in the middle", async () => {
  for (const silentAt of ["connect", "RCPT"]) {
    const { world, hop, links } = startSetting((line) =>
      line.startsWith(silentAt) ? "silence" : undefined
    );
    const stop = new AbortController();
    const performed = links.perform(hop.target, SEND, { timeoutMs: 60_000, signal: stop.signal });
    await world.clock.pass(1_000);
    stop.abort();
    assert.equal(words(await performed), "450 4.4.1 This server is going down");
    await world.clock.pass(5_000);
    assert.equal(world.net.open(), 0);
    assert.equal(world.clock.pending(), 0);
    hop.stop();
  }
});

Deno.test("closing does not wait for ever for a server that does not answer QUIT", async () => {
  const { world, hop, links, perform } = startSetting((line) =>
    line === "QUIT" ? "silence" : undefined
  );
  await perform(SEND);
  const closed = links.close().then(() => "closed");
  await world.clock.pass(10_000);
  assert.equal(await Promise.race([closed, "waiting"]), "closed");
  assert.equal(world.clock.pending(), 0);
  hop.stop();
});

/** A hop that offers STARTTLS, and takes a message in clear, or after the handshake if it can. */
function startTlsHop(world: FakeWorld, works: boolean): Endpoint {
  const at = { host: "127.0.0.1", port: 2599 };
  const listener = world.net.listen(at);
  const identity = fakeIdentity([{ certificate: "mx.xyz.com", key: "" }]);
  void (async () => {
    for await (const transport of listener) void serve(transport);
  })();
  async function serve(transport: Transport): Promise<void> {
    const say = (text: string) => transport.write(encode(`${text}\r\n`));
    await say("220 mx.xyz.com ESMTP");
    for (let chunk; (chunk = await transport.read()) !== null;) {
      const said = decode(chunk);
      if (said.startsWith("EHLO")) await say("250-mx.xyz.com\r\n250 STARTTLS");
      else if (said.startsWith("STARTTLS")) {
        await say("220 go ahead");
        if (!works) return transport.close();
        await transport.startTls({ side: "server", identity });
      } else await say("250 2.0.0 OK");
    }
    transport.close();
  }
  return at;
}

Deno.test("a hop that offers TLS gets it, and one whose TLS fails gets the mail in clear", async () => {
  for (const works of [true, false]) {
    const world = fakeWorld();
    const at = startTlsHop(world, works);
    const logged: string[] = [];
    const log = { ...SILENT, warn: (event: string) => void logged.push(event) };
    const links = createLinks({ world, hostname: "abc.com", log });
    const { signal } = new AbortController();
    const performing = links.perform({ kind: "named", endpoint: at }, VERIFY, {
      timeoutMs: 60_000,
      signal,
    });
    await world.clock.pass(works ? 0 : TLS_HANDSHAKE_MS + 1_000);
    const performed = await performing;
    assert.deepEqual(performed.done && performed.tls, works ? FAKE_TLS : null);
    assert.deepEqual(logged, works ? [] : ["tls-failed"]);
    assert.equal(world.net.attempts(2599), works ? 1 : 2);
    const closed = links.close();
    await world.clock.pass(30_000);
    await closed;
  }
});

Deno.test("a hop that does not know the BDAT it offers gets the message by DATA", async () => {
  const chunking = "250-hop.test\r\n250-8BITMIME\r\n250 CHUNKING";
  const { hop, links, perform } = startSetting((line) =>
    line.startsWith("EHLO") ? chunking : line.startsWith("BDAT") ? "500 5.5.1 What?" : undefined
  );
  const job: SmtpJob = {
    ...SEND,
    envelope: { ...envelope, body: "8BITMIME" },
    content: bodyOf(encode("Grüße\r\n")),
  };
  for (const connections of [2, 2]) {
    const performed = await perform(job, 5_000);
    assert.equal(performed.done && performed.attempts[0]!.result, "delivered");
    assert.equal(hop.connections.length, connections, "it is remembered");
  }
  assert.equal(hop.messages.length, 2);
  await links.close();
  hop.stop();
});
