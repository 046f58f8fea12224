/** The hosts of a domain are tried in their order, until one has something to say to the job. */
import assert from "$assert";
import { SILENT } from "../lib/log.ts";
import { bodyOf } from "../lib/mail/body.ts";
import { createLinks, type PerformedVia } from "../lib/queue/link.ts";
import type { Target } from "../lib/queue/target.ts";
import type { SmtpJob } from "../lib/smtp/client.ts";
import { textOf } from "../lib/smtp/reply.ts";
import { encode } from "../lib/wire/bytes.ts";
import { type FakeWorld, fakeWorld } from "./fake_world.ts";
import { type NextHop, type NextHopOptions, startNextHop } from "./next_hop.ts";

const PORT = 25;
const MX1 = { host: "mx1.xyz.com", addresses: ["192.0.2.1"], vouched: false };
const MX2 = { host: "mx2.xyz.com", addresses: ["192.0.2.2"], vouched: false };

function targetOf(...hosts: Extract<Target, { kind: "hosts" }>["hosts"]): Target {
  return { kind: "hosts", domain: "xyz.com", hosts, port: PORT, policy: null };
}

const envelope = { sender: { local: "alice", domain: "abc.com" }, body: "7BIT" } as const;
const recipients = [{ address: { local: "bob", domain: "xyz.com" } }];
const SEND: SmtpJob = { do: "send", envelope, recipients, content: bodyOf(encode("Hi\r\n")) };
const VERIFY: SmtpJob = { do: "verify", envelope, recipients, contentBytes: null };

interface Setting extends AsyncDisposable {
  readonly world: FakeWorld;
  hop(host: string, answer?: NextHopOptions["answer"]): NextHop;
  /** Does a job and says what became of it, and where. */
  perform(target: Target, job?: SmtpJob, timeoutMs?: number): Promise<string>;
}

function startSetting(): Setting {
  const world = fakeWorld();
  const links = createLinks({ world, hostname: "abc.com", log: SILENT });
  const hops: NextHop[] = [];
  return {
    world,
    hop(host, answer) {
      const hop = startNextHop(world, {
        host,
        port: PORT,
        ...(answer === undefined ? {} : { answer }),
      });
      hops.push(hop);
      return hop;
    },
    async perform(target, job = SEND, timeoutMs = 60_000) {
      const { signal } = new AbortController();
      let performed: PerformedVia | null = null;
      links.perform(target, job, { timeoutMs, signal }).then((done) => performed = done);
      for (let ms = 0; performed === null && ms < 120_000; ms += 1_000) {
        await world.clock.pass(ms === 0 ? 0 : 1_000);
      }
      if (performed === null) throw new Error("the job does not end");
      return outcomeOf(performed);
    },
    async [Symbol.asyncDispose]() {
      const closed = links.close();
      await world.clock.pass(30_000);
      await closed;
      for (const hop of hops) hop.stop();
    },
  };
}

function outcomeOf(performed: PerformedVia): string {
  const said = performed.done
    ? performed.attempts.map(({ result, reply }) => `${result} ${reply?.code}`).join(", ")
    : `later: ${textOf(performed.words)}`;
  return `${performed.via}: ${said}`;
}

const DELIVERED = "mx2.xyz.com[192.0.2.2]:25: delivered 250";

Deno.test("a host where nobody listens leaves the job to the next", async () => {
  await using setting = startSetting();
  const hop = setting.hop("192.0.2.2");
  assert.equal(await setting.perform(targetOf(MX1, MX2)), DELIVERED);
  assert.equal(hop.messages.length, 1);
});

/** What the first host says to which line, and the second takes the message then. */
const TURNED_AWAY: readonly (readonly [line: string, said: string])[] = [
  ["connect", "421 4.3.2 Too busy"],
  ["connect", "554 5.7.1 We know you"],
  ["connect", "521 5.3.2 No mail here"],
  ["connect", "close"],
  ["connect", "SSH-2.0-OpenSSH"],
  ["EHLO", "421 4.3.2 Too busy"],
  ["EHLO", "550 5.5.0 No such name"],
  ["EHLO", "close"],
  ["MAIL", "421 4.3.2 Going down"],
  ["MAIL", "close"],
];

for (const [at, said] of TURNED_AWAY) {
  Deno.test(`RFC 5321 §5.1: ${said} at ${at} leaves the job to the next host`, async () => {
    await using setting = startSetting();
    setting.hop("192.0.2.1", (line) => {
      // Whoever refuses EHLO does not take HELO either.
      return line.startsWith(at) || (at === "EHLO" && line.startsWith("HELO")) ? said : undefined;
    });
    const hop = setting.hop("192.0.2.2");
    assert.equal(await setting.perform(targetOf(MX1, MX2)), DELIVERED);
    assert.equal(hop.messages.length, 1);
  });
}

/** Here the first host has the last word. */
const ANSWERED: readonly (readonly [line: string, said: string, outcome: string])[] = [
  ["MAIL", "451 4.3.0 Later", "deferred 451"],
  ["MAIL", "550 5.7.1 Not you", "refused 550"],
  ["RCPT", "450 4.2.0 Greylisted", "deferred 450"],
  ["RCPT", "550 5.1.1 Nobody", "refused 550"],
  ["RCPT", "421 4.3.2 Going down", "deferred 421"],
  [".", "451 4.3.0 Later", "deferred 451"],
  [".", "close", "unknown undefined"],
];

for (const [at, said, outcome] of ANSWERED) {
  Deno.test(`${said} at ${at} is an answer, and no other host is asked`, async () => {
    await using setting = startSetting();
    setting.hop("192.0.2.1", (line) => line.startsWith(at) ? said : undefined);
    const hop = setting.hop("192.0.2.2");
    const target = targetOf(MX1, MX2);
    assert.equal(await setting.perform(target), `mx1.xyz.com[192.0.2.1]:25: ${outcome}`);
    assert.equal(hop.connections.length, 0);
  });
}

Deno.test("RFC 7504 §4: a domain is refused when all of its hosts take no mail, and not before", async () => {
  await using setting = startSetting();
  const first = (line: string) => line === "connect" ? "521 5.3.2 No mail here" : undefined;
  setting.hop("192.0.2.1", first);
  assert.equal(
    await setting.perform(targetOf(MX1, MX2)),
    "mx2.xyz.com[192.0.2.2]:25: later: 450 4.4.1 nothing listens on 192.0.2.2:25",
  );
  assert.equal(
    await setting.perform(targetOf(MX2, MX1)),
    "mx2.xyz.com[192.0.2.2]:25: later: 450 4.4.1 nothing listens on 192.0.2.2:25",
  );
  setting.hop("192.0.2.2", first);
  assert.match(await setting.perform(targetOf(MX1, MX2)), /: refused 521$/);
});

Deno.test("every address of a host is tried, each with its share of the time", async () => {
  await using setting = startSetting();
  const { world } = setting;
  world.net.silence("192.0.2.1");
  world.net.silence("2001:db8::1");
  setting.hop("192.0.2.2");
  const silent = { ...MX1, addresses: ["2001:db8::1", "192.0.2.1"] };
  const startedMs = world.clock.monotonicMs();
  assert.equal(await setting.perform(targetOf(silent, MX2), VERIFY, 21_000), DELIVERED);
  assert.equal(world.clock.monotonicMs() - startedMs, 14_000);
});

Deno.test("the time of a job is that of all its hosts", async () => {
  await using setting = startSetting();
  const { world } = setting;
  setting.hop("192.0.2.1", (line) => line === "connect" ? "silence" : undefined);
  const hop = setting.hop("192.0.2.2");
  const startedMs = world.clock.monotonicMs();
  assert.match(
    await setting.perform(targetOf(MX1, MX2), VERIFY, 20_000),
    /^mx1\S+: later: .*time$/,
  );
  assert.equal(world.clock.monotonicMs() - startedMs, 20_000);
  assert.equal(hop.connections.length, 0);
});

Deno.test("a place that could not be reached is tried last for a minute", async () => {
  await using setting = startSetting();
  const { world } = setting;
  world.net.silence("192.0.2.1");
  const second = setting.hop("192.0.2.2", (line) => line === "MAIL" ? "close" : undefined);
  const target = targetOf(MX1, MX2);
  const tookMs = async () => {
    const startedMs = world.clock.monotonicMs();
    assert.equal(await setting.perform(target), DELIVERED);
    return world.clock.monotonicMs() - startedMs;
  };
  assert.equal(await tookMs(), 30_000);
  // The connection is not kept so long.
  await world.clock.pass(29_000);
  assert.equal(await tookMs(), 0);
  assert.equal(second.connections.length, 2);
  await world.clock.pass(32_000);
  assert.equal(await tookMs(), 30_000);
});

Deno.test("a thousand places are avoided at most, and the oldest forgotten first", async () => {
  await using setting = startSetting();
  setting.hop("192.0.2.2", (line) => line.startsWith("EHLO") ? "close" : undefined);
  const attempts = () => setting.world.net.attempts(PORT);
  await setting.perform(targetOf(MX1));
  for (let at = 0; at < 999; at++) {
    await setting.perform(targetOf({ ...MX1, host: `h${at}.test` }));
  }
  // MX2 is reached, and ends the conversation: then comes the one that is avoided.
  assert.match(await setting.perform(targetOf(MX1, MX2)), /^mx1/);
  await setting.perform(targetOf({ ...MX1, host: "last.test" }));
  await setting.perform(targetOf({ ...MX1, host: "beyond.test" }));
  const before = attempts();
  assert.match(await setting.perform(targetOf({ ...MX1, host: "h0.test" }, MX2)), /^mx2/);
  assert.equal(attempts() - before, 2);
});

Deno.test("domains that share a host share the connection, and what is open comes first", async () => {
  await using setting = startSetting();
  const [first, second] = [setting.hop("192.0.2.1"), setting.hop("192.0.2.2")];
  assert.equal(await setting.perform(targetOf(MX2)), DELIVERED);
  assert.equal(
    await setting.perform({ ...targetOf(MX1, MX2), domain: "other.test" } as Target),
    DELIVERED,
  );
  assert.deepEqual([first.connections.length, second.connections.length], [0, 1]);
  // An address has no other name: a connection to it says nothing about another host there.
  const alias = { ...MX2, host: "alias.test" };
  assert.match(
    await setting.perform(targetOf(alias)),
    /^alias\.test\[192\.0\.2\.2\]:25: delivered/,
  );
  assert.equal(second.connections.length, 2);
});

Deno.test("two hundred connections are kept in all; the one that waits for longest gives way", async () => {
  await using setting = startSetting();
  const addresses = Array.from({ length: 201 }, (_, at) => `192.0.2.${at + 1}`);
  const hops = addresses.map((address) => setting.hop(address));
  const send = (address: string) => setting.perform(targetOf({ ...MX1, addresses: [address] }));
  for (const address of addresses.slice(0, 200)) await send(address);
  await send(addresses[0]!);
  await send(addresses[200]!);
  const left = hops.flatMap(({ connections: [lines] }, at) => lines!.includes("QUIT") ? [at] : []);
  assert.deepEqual(left, [1]);
});

Deno.test("RFC 8689 §4.2.1: a name that nobody vouches for is not worth verifying", async () => {
  await using setting = startSetting();
  const hop = setting.hop("192.0.2.1");
  const secret: SmtpJob = { ...SEND, envelope: { ...envelope, tls: "required" } };
  const refused = await setting.perform(targetOf(MX1), secret);
  assert.equal(refused, "mx1.xyz.com[192.0.2.1]:25: refused 550");
  assert.equal(hop.connections.length, 0, "nothing of it was said");
  // RFC 8689 §5: a report goes in any case.
  const report: SmtpJob = { ...secret, envelope: { ...secret.envelope, sender: null } };
  assert.match(await setting.perform(targetOf(MX1), report), /: delivered 250$/);
});
