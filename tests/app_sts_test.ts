/** MTA-STS through whole servers: what a domain says about its mail hosts holds (RFC 8461). */
import assert from "$assert";
import { bodyOf } from "../lib/mail/body.ts";
import { dnsOf } from "../lib/net/dns_client.ts";
import { openMemoryStore } from "../lib/store/memory.ts";
import type { Store } from "../lib/store/store.ts";
import { encode } from "../lib/wire/bytes.ts";
import {
  arrived,
  letter,
  REAL,
  sendMessage,
  startTestServer,
  type TestServer,
} from "./app_support.ts";
import { startDnsServer, zone } from "./dns_server.ts";
import { fakeIdentity } from "./fake_tls.ts";
import { type FakeWorld, fakeWorld } from "./fake_world.ts";
import { until } from "./support.ts";
import { lab } from "./tls_support.ts";

const URL = "https://mta-sts.xyz.com/.well-known/mta-sts.txt";

function policyText(mode: string, mx: string, maxAge = 86_400): string {
  return `version: STSv1\r\nmode: ${mode}\r\nmx: ${mx}\r\nmax_age: ${maxAge}\r\n`;
}

/** xyz.com with Bob at 192.0.2.1; `names` of its certificate, `null`: it has no TLS. */
function startOther(world: FakeWorld, names: string | null, host = "192.0.2.1") {
  return startTestServer({
    world,
    domains: ["xyz.com"],
    users: ["bob"],
    hosts: [host],
    ports: { smtp: 25, pop3: null },
    ...(names === null ? {} : { identity: fakeIdentity([{ certificate: names, key: "" }]) }),
  });
}

function startOurs(world: FakeWorld, store?: Store): Promise<TestServer> {
  return startTestServer({
    world,
    users: store === undefined ? ["alice"] : [],
    mxPort: 25,
    authorities: ["mx.xyz.com"],
    ...(store === undefined ? {} : { store }),
  });
}

/** A world in which xyz.com has this policy. */
function worldWith(mode: string, mx: string): FakeWorld {
  const world = fakeWorld();
  world.dns.set("xyz.com", "MX 10 mx.xyz.com");
  world.dns.set("mx.xyz.com", "A 192.0.2.1");
  world.dns.set("_mta-sts.xyz.com", "TXT v=STSv1; id=1;");
  world.https.set(URL, { text: policyText(mode, mx) });
  return world;
}

async function write(server: TestServer, content = letter("Hello")): Promise<void> {
  const alice = await server.smtp("alice");
  const message = { from: "alice@abc.com", to: ["bob@xyz.com"], content };
  assert.match((await sendMessage(alice, message)).at(-1)!, /^250 /);
  alice.close();
  await (server.world as FakeWorld).clock.pass(2_000);
}

/** How it got there: `ESMTPS`, `ESMTP`, or the words for which it waits. */
async function outcome(ours: TestServer, other: TestServer): Promise<string> {
  const [message] = await other.mailbox("bob@xyz.com");
  if (message !== undefined) {
    return / by xyz\.com with (\w+) /.exec(message.replaceAll("\r\n ", " "))![1]!;
  }
  const down = ours.logged("hop-down").at(-1);
  return String(down?.["reply"]);
}

interface Case {
  readonly mode: string;
  readonly mx: string;
  readonly names: string | null;
  readonly outcome: RegExp;
  /** What is written down about it. */
  readonly logged: readonly string[];
}

const CASES: readonly Case[] = [
  { mode: "enforce", mx: "mx.xyz.com", names: "mx.xyz.com", outcome: /^ESMTPS$/, logged: [] },
  { mode: "enforce", mx: "*.xyz.com", names: "mx.xyz.com", outcome: /^ESMTPS$/, logged: [] },
  {
    mode: "enforce",
    mx: "mx.xyz.com",
    names: null,
    outcome: /^450 4\.7\.5 There is no verified TLS/,
    logged: ["tls-failed"],
  },
  {
    mode: "enforce",
    mx: "mx.xyz.com",
    names: "other.test",
    outcome: /^450 4\.7\.5 There is no verified TLS/,
    logged: ["tls-failed"],
  },
  {
    mode: "enforce",
    mx: "mx2.xyz.com",
    names: "mx.xyz.com",
    outcome: /^450 4\.7\.5 .* does not name/,
    logged: ["sts-unnamed"],
  },
  {
    mode: "testing",
    mx: "mx.xyz.com",
    names: "other.test",
    outcome: /^ESMTPS$/,
    logged: ["tls-failed"],
  },
  { mode: "testing", mx: "mx.xyz.com", names: null, outcome: /^ESMTP$/, logged: ["tls-failed"] },
  {
    mode: "testing",
    mx: "mx2.xyz.com",
    names: "mx.xyz.com",
    outcome: /^ESMTPS$/,
    logged: ["sts-unnamed"],
  },
  { mode: "none", mx: "mx2.xyz.com", names: null, outcome: /^ESMTP$/, logged: [] },
];

for (const { mode, mx, names, outcome: expected, logged } of CASES) {
  const what = `${mode} of ${mx}, at a host with ${names ?? "no"} certificate`;
  Deno.test(`RFC 8461 §5: the policy ${what}, means ${expected.source}`, async () => {
    const world = worldWith(mode, mx);
    await using other = await startOther(world, names);
    await using ours = await startOurs(world);
    await write(ours);
    assert.match(await outcome(ours, other), expected);
    for (const event of ["tls-failed", "sts-unnamed"]) {
      assert.equal(ours.logged(event).length > 0, logged.includes(event), event);
    }
    assert.equal((await ours.mailbox("alice@abc.com")).length, 0, "nothing comes back");
  });
}

Deno.test("RFC 8461 §8.4: a host that the policy does not name counts as one that is down", async () => {
  const world = worldWith("enforce", "mx.xyz.com");
  world.dns.set("xyz.com", "MX 10 evil.test", "MX 20 mx.xyz.com");
  world.dns.set("evil.test", "A 192.0.2.66");
  await using evil = await startOther(world, "evil.test", "192.0.2.66");
  await using other = await startOther(world, "mx.xyz.com");
  await using ours = await startOurs(world);
  await write(ours);
  assert.equal(await outcome(ours, other), "ESMTPS");
  assert.deepEqual(await evil.mailbox("bob@xyz.com"), []);
  assert.deepEqual(evil.logged("connected"), [], "it was not even spoken to");
});

Deno.test("a policy outlives the process, its record and its web server", async () => {
  const world = worldWith("enforce", "mx.xyz.com");
  const store = openMemoryStore({ turn: world.clock.turn });
  // Only the first server adds Alice, and neither closes the store before the test has ended.
  const kept = { ...store, async [Symbol.asyncDispose]() {} };
  {
    await using _other = await startOther(world, "mx.xyz.com");
    await using first = await startTestServer({
      world,
      users: ["alice"],
      store: kept,
      mxPort: 25,
      authorities: ["mx.xyz.com"],
    });
    await write(first);
  }
  world.dns.remove("_mta-sts.xyz.com");
  world.https.remove(URL);
  await using stripped = await startOther(world, null);
  await using second = await startOurs(world, kept);
  await write(second);
  assert.match(await outcome(second, stripped), /^450 4\.7\.5 /);
  await store[Symbol.asyncDispose]();
});

Deno.test("RFC 8689 §4.2.2: TLS-Required: No goes on although the policy is not met", async () => {
  const world = worldWith("enforce", "mx.xyz.com");
  await using other = await startOther(world, null);
  await using ours = await startOurs(world);
  await write(ours, `TLS-Required: No\r\n${letter("Your certificate")}`);
  assert.equal(await outcome(ours, other), "ESMTP");
});

Deno.test("RFC 8689 §4.2.1: a policy vouches for the names of MX, and nothing else does", async () => {
  for (const mode of ["enforce", "testing", "none"]) {
    const world = worldWith(mode, "mx.xyz.com");
    await using _other = await startOther(world, "mx.xyz.com");
    await using ours = await startOurs(world);
    const { targets, links } = ours.server.site;
    const { signal } = new AbortController();
    const aim = await targets.of("xyz.com", signal);
    if (aim.kind !== "target") throw new Error("xyz.com has a mail host");
    const performing = links.perform(aim.target, {
      do: "send",
      envelope: { sender: { local: "alice", domain: "abc.com" }, body: "7BIT", tls: "required" },
      recipients: [{ address: { local: "bob", domain: "xyz.com" } }],
      content: bodyOf(encode("Hi\r\n")),
    }, { timeoutMs: 60_000, signal });
    await world.clock.pass(1_000);
    const performed = await performing;
    const [attempt] = performed.done ? performed.attempts : [];
    const expected = mode === "none" ? "refused 5.7.10" : "delivered 2.0.0";
    assert.equal(`${attempt?.result} ${attempt?.reply?.status}`, expected, mode);
  }
});

Deno.test("who has no time to look up a policy sends nothing", async () => {
  const world = worldWith("enforce", "mx.xyz.com");
  world.https.set(URL, "silence");
  await using ours = await startOurs(world);
  const { targets } = ours.server.site;
  const stop = new AbortController();
  const aiming = targets.of("xyz.com", stop.signal);
  await world.clock.pass(1_000);
  stop.abort();
  assert.equal((await aiming).kind, "later");
  const again = targets.of("xyz.com", new AbortController().signal);
  await world.clock.pass(20_000);
  assert.equal((await again).kind, "target", "RFC 8461 §3.3: what cannot be fetched binds nobody");
});

Deno.test("RFC 8461 §3.3: a policy is refreshed once a day, also where no mail goes there", async () => {
  const world = worldWith("enforce", "mx.xyz.com");
  await using _other = await startOther(world, "mx.xyz.com");
  await using ours = await startOurs(world);
  await write(ours);
  const fetched = () => world.https.asked.length;
  assert.equal(fetched(), 1);
  await world.clock.pass(24 * 60 * 60_000);
  assert.equal(fetched(), 1, "max_age is a day: it has run out, and there is no mail");
  world.https.set(URL, { text: policyText("enforce", "mx.xyz.com", 10 * 86_400) });
  await write(ours);
  assert.equal(fetched(), 2);
  for (const days of [1, 2, 3]) {
    await world.clock.pass(25 * 60 * 60_000);
    assert.equal(fetched(), 2 + days);
  }
  world.https.remove(URL);
  await world.clock.pass(26 * 60 * 60_000);
  const failures = ours.logged("sts-fetch-failed").length;
  assert.ok(failures >= 1 && failures <= 3, `${failures}: once an hour until it succeeds`);
});

Deno.test("more policies than one round holds are refreshed in the next", async () => {
  const world = fakeWorld();
  const store = openMemoryStore({ turn: world.clock.turn });
  const fetchedAt = world.clock.now() - 2 * 86_400_000;
  const kept = { id: "1", fetchedAt, mode: "enforce", mx: ["mx.test"], maxAgeMs: 864e6 } as const;
  for (let n = 0; n < 251; n++) {
    await store.policies.keep(`d${n}.test`, kept);
    world.dns.set(`_mta-sts.d${n}.test`, "TXT v=STSv1; id=1;");
    const url = `https://mta-sts.d${n}.test/.well-known/mta-sts.txt`;
    world.https.set(url, { text: policyText("enforce", "mx.test") });
  }
  await using _ours = await startTestServer({ world, store, mxPort: 25 });
  await world.clock.pass(1_000);
  assert.equal(world.https.asked.length, 250);
  await world.clock.pass(60 * 60_000);
  assert.equal(world.https.asked.length, 251);
});

Deno.test("RFC 8461 §3.4: a smarthost is its own policy domain, where nothing else protects it", async () => {
  for (const names of ["relay.test", "other.test"]) {
    const world = fakeWorld();
    world.dns.set("_mta-sts.relay.test", "TXT v=STSv1; id=1;");
    const text = policyText("enforce", "relay.test");
    world.https.set("https://mta-sts.relay.test/.well-known/mta-sts.txt", { text });
    await using other = await startOther(world, names, "127.0.0.1");
    await using ours = await startTestServer({
      world,
      users: ["alice"],
      mxPort: 25,
      smarthost: { host: "relay.test", port: 25 },
      authorities: ["relay.test", "other.test"],
    });
    await write(ours);
    const expected = names === "relay.test" ? /^ESMTPS$/ : /^450 4\.7\.5 /;
    assert.match(await outcome(ours, other), expected);
  }
});

Deno.test("on sockets: DNS, HTTPS and TLS, and a policy that is enforced", async () => {
  const { good, authority } = await lab();
  let policy = policyText("enforce", "localhost");
  await using dns = await startDnsServer(zone({
    "xyz.com": [["MX", { preference: 10, exchange: "localhost" }]],
    "localhost": [["A", "127.0.0.1"]],
    "_mta-sts.xyz.com": [["TXT", ["v=STSv1;", " id=1;"]]],
  }));
  const web = Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    cert: good.certificate,
    key: good.key,
    onListen() {},
  }, () => new Response(policy, { headers: { "content-type": "text/plain" } }));
  const world = {
    ...REAL,
    dns: dnsOf(dns.endpoint),
    // Nobody here can have the name mta-sts.xyz.com, so its server is found elsewhere.
    https: {
      get: (url: string, options: Parameters<typeof REAL.https.get>[1]) => {
        assert.equal(url, URL);
        return REAL.https.get(`https://localhost:${web.addr.port}/`, options);
      },
    },
  };
  await using other = await startTestServer({ domains: ["xyz.com"], users: ["bob"], tls: [good] });
  const start = () =>
    startTestServer({
      world,
      users: ["alice"],
      mxPort: other.port("smtp"),
      authorities: [authority.certificate],
    });
  const send = async (server: TestServer) => {
    const alice = await server.smtp("alice");
    const message = { from: "alice@abc.com", to: ["bob@xyz.com"], content: letter("On sockets") };
    assert.match((await sendMessage(alice, message)).at(-1)!, /^250 /);
    alice.close();
  };
  {
    await using ours = await start();
    await send(ours);
    const [message] = await arrived(other, "bob@xyz.com");
    assert.match(message!.replaceAll("\r\n ", " "), / by xyz\.com with ESMTPS /);
    assert.equal(ours.logged("sts-policy").length, 1);
  }
  policy = policyText("enforce", "mx.xyz.com");
  {
    await using ours = await start();
    await send(ours);
    const [down] = await until("the deferral", () => {
      const logged = ours.logged("hop-down");
      return logged.length > 0 ? logged : null;
    });
    assert.match(String(down!["reply"]), /^450 4\.7\.5 The domain's MTA-STS policy does not name/);
  }
  await web.shutdown();
});
