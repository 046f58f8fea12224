/** Which hosts take mail for a domain, as the DNS says it. */
import assert from "$assert";
import { findHosts, type FindOptions, type Found, type MxHost } from "../lib/queue/mx.ts";
import { textOf } from "../lib/smtp/reply.ts";
import { type FakeDns, fakeDns } from "./fake_dns.ts";
import { fakeWorld } from "./fake_world.ts";

/** What is known of the domain and its hosts; a word in the place of a list is a failure. */
type Zone = Readonly<Record<string, readonly string[] | "timeout" | "failed">>;

interface Setting extends Partial<Pick<FindOptions, "isOwn">> {
  readonly domain?: string;
  readonly seed?: number;
}

function find(zone: Zone, setting: Setting = {}): Promise<Found> {
  return ask(dnsWith(zone), setting);
}

function ask(dns: FakeDns, { domain = "xyz.com", seed = 1, isOwn }: Setting): Promise<Found> {
  return findHosts(dns, domain, {
    hostnames: ["mail.abc.com"],
    isOwn: isOwn ?? ((address) => address === "192.0.2.99"),
    random: fakeWorld(seed).random,
    signal: new AbortController().signal,
  });
}

function dnsWith(zone: Zone): FakeDns {
  const dns = fakeDns();
  for (const [key, records] of Object.entries(zone)) {
    const [name, type] = key.split(" ") as [string, "A" | "AAAA" | "MX" | undefined];
    if (typeof records === "string") dns.fail(name, records, type);
    else dns.set(name, ...records);
  }
  return dns;
}

/** `mx1.xyz.com 192.0.2.1 192.0.2.2`, with `!` behind a host whose name is certain. */
function textOfFound(found: Found): string | readonly string[] {
  switch (found.kind) {
    case "hosts":
      return found.hosts.map(({ host, addresses, vouched }) =>
        [`${host}${vouched ? "!" : ""}`, ...addresses].join(" ")
      );
    case "noMail":
      return "no mail";
    case "noDomain":
    case "later":
      return textOf(found.reply);
  }
}

function hostsIn(found: Found): readonly MxHost[] {
  if (found.kind !== "hosts") throw new Error(`no hosts: ${textOfFound(found)}`);
  return found.hosts;
}

const A1 = { "mx1.xyz.com": ["A 192.0.2.1"] };
const A2 = { "mx2.xyz.com": ["A 192.0.2.2"] };
const NO_HOST = "550 5.4.4 xyz.com has no host that takes mail";
const LOOP = "554 5.4.6 Mail for xyz.com comes to this server, which does not take it";

const CASES: Readonly<Record<string, readonly [zone: Zone, found: string | readonly string[]]>> = {
  "hosts come in the order of their preference": [
    { "xyz.com": ["MX 20 mx2.xyz.com", "MX 5 mx1.xyz.com"], ...A1, ...A2 },
    ["mx1.xyz.com 192.0.2.1", "mx2.xyz.com 192.0.2.2"],
  ],
  "a host is named by its lowest preference": [
    { "xyz.com": ["MX 30 mx1.xyz.com", "MX 20 mx2.xyz.com", "MX 10 mx1.xyz.com"], ...A1, ...A2 },
    ["mx1.xyz.com 192.0.2.1", "mx2.xyz.com 192.0.2.2"],
  ],
  "addresses of both families come in turn": [
    {
      "xyz.com": ["MX 10 mx1.xyz.com"],
      "mx1.xyz.com": ["A 192.0.2.1", "AAAA 2001:db8::1"],
    },
    ["mx1.xyz.com 2001:db8::1 192.0.2.1"],
  ],
  "without MX the domain itself is the host": [
    { "xyz.com": ["A 192.0.2.7", "AAAA 2001:db8::7"] },
    ["xyz.com! 2001:db8::7 192.0.2.7"],
  ],
  "with MX the domain itself is no host": [
    { "xyz.com": ["MX 10 mx1.xyz.com", "A 192.0.2.7"] },
    NO_HOST,
  ],
  "a domain that exists and has no host": [{ "xyz.com": ["TXT hello"] }, NO_HOST],
  "a domain that is an alias": [
    { "xyz.com": ["CNAME real.test"], "real.test": ["MX 10 mx1.xyz.com"], ...A1 },
    ["mx1.xyz.com 192.0.2.1"],
  ],
  "a host that is an alias": [
    {
      "xyz.com": ["MX 10 mx1.xyz.com"],
      "mx1.xyz.com": ["CNAME real.test"],
      "real.test": ["A 192.0.2.5"],
    },
    ["mx1.xyz.com 192.0.2.5"],
  ],
  "a domain that does not exist": [{}, "550 5.1.2 There is no domain xyz.com"],
  "a null MX": [{ "xyz.com": ["MX 0 ."] }, "no mail"],
  "a null MX beside another": [
    { "xyz.com": ["MX 0 .", "MX 10 mx1.xyz.com"], ...A1 },
    ["mx1.xyz.com 192.0.2.1"],
  ],
  "two null MX": [{ "xyz.com": ["MX 0 .", "MX 1 ."] }, NO_HOST],
  "an MX that is an address, or nonsense": [
    { "xyz.com": ["MX 1 192.0.2.1", "MX 2 a_b!.test", "MX 3 1.2", "MX 4 2001:db8::1"] },
    NO_HOST,
  ],
  "an MX that does not exist is passed over": [
    { "xyz.com": ["MX 1 gone.test", "MX 10 mx1.xyz.com"], ...A1 },
    ["mx1.xyz.com 192.0.2.1"],
  ],
  "addresses at which there is no host": [
    {
      "xyz.com": ["MX 10 mx1.xyz.com"],
      "mx1.xyz.com": ["A 0.0.0.0", "A 224.0.0.1", "A 255.255.255.255", "AAAA ::", "AAAA ff02::1"],
    },
    NO_HOST,
  ],
  "the DNS cannot say": [
    { "xyz.com": "failed" },
    "450 4.4.3 The DNS did not say where mail for xyz.com goes: xyz.com MX: failed",
  ],
  "the DNS is silent": [
    { "xyz.com": "timeout" },
    "450 4.4.3 The DNS did not say where mail for xyz.com goes: xyz.com MX: timeout",
  ],
  "the DNS cannot say where the only host is": [
    { "xyz.com": ["MX 10 mx1.xyz.com"], "mx1.xyz.com": "failed" },
    "450 4.4.3 The DNS did not say where mail for xyz.com goes: mx1.xyz.com AAAA: failed",
  ],
  "the DNS cannot say one of the hosts": [
    { "xyz.com": ["MX 10 mx1.xyz.com", "MX 20 mx2.xyz.com"], "mx1.xyz.com": "failed", ...A2 },
    ["mx2.xyz.com 192.0.2.2"],
  ],
  "the DNS cannot say one host, and the other is none": [
    { "xyz.com": ["MX 10 mx1.xyz.com", "MX 20 gone.test"], "mx1.xyz.com": "timeout" },
    "450 4.4.3 The DNS did not say where mail for xyz.com goes: mx1.xyz.com AAAA: timeout",
  ],
  "the DNS cannot say whether there are addresses of one family": [
    { "xyz.com": ["MX 10 mx1.xyz.com"], ...A1, "mx1.xyz.com AAAA": "failed" },
    ["mx1.xyz.com 192.0.2.1"],
  ],
  "our own name leaves the better ones": [
    {
      "xyz.com": [
        "MX 5 mx1.xyz.com",
        "MX 10 mail.abc.com",
        "MX 10 mx2.xyz.com",
        "MX 20 mx2.xyz.com",
      ],
      ...A1,
      ...A2,
    },
    ["mx1.xyz.com 192.0.2.1"],
  ],
  "our own name is the best": [
    { "xyz.com": ["MX 10 mail.abc.com", "MX 20 mx1.xyz.com"], ...A1 },
    LOOP,
  ],
  "our own address leaves the better ones": [
    {
      "xyz.com": ["MX 5 mx1.xyz.com", "MX 10 us.test", "MX 20 mx2.xyz.com"],
      "us.test": ["A 192.0.2.98", "A 192.0.2.99"],
      ...A1,
      ...A2,
    },
    ["mx1.xyz.com 192.0.2.1"],
  ],
  "our own address is the best": [{ "xyz.com": ["A 192.0.2.99"] }, LOOP],
  "our own address is worse than a host that the DNS cannot say": [
    {
      "xyz.com": ["MX 5 mx1.xyz.com", "MX 10 us.test"],
      "us.test": ["A 192.0.2.99"],
      "mx1.xyz.com": "timeout",
    },
    "450 4.4.3 The DNS did not say where mail for xyz.com goes: mx1.xyz.com AAAA: timeout",
  ],
};

for (const [name, [zone, expected]] of Object.entries(CASES)) {
  Deno.test(`RFC 5321 §5.1: ${name}`, async () => {
    assert.deepEqual(textOfFound(await find(zone)), expected);
  });
}

Deno.test("RFC 5321 §4.1.3: an address literal is its own host, and the DNS is not asked", async () => {
  const literals: Readonly<Record<string, string | readonly string[]>> = {
    "[192.0.2.1]": ["192.0.2.1! 192.0.2.1"],
    "[IPv6:2001:db8::1]": ["2001:db8::1! 2001:db8::1"],
    "[192.0.2.99]": LOOP.replace("xyz.com", "[192.0.2.99]"),
    "[IPv6:::ffff:192.0.2.99]": LOOP.replace("xyz.com", "[IPv6:::ffff:192.0.2.99]"),
    "[0.0.0.0]": NO_HOST.replace("xyz.com", "[0.0.0.0]"),
  };
  for (const [domain, expected] of Object.entries(literals)) {
    const dns = fakeDns();
    assert.deepEqual(textOfFound(await ask(dns, { domain })), expected, domain);
    assert.deepEqual(dns.questions, []);
  }
});

Deno.test("RFC 5321 §5.1: hosts of one preference, and addresses of one host, share the load", async () => {
  const zone: Zone = {
    "xyz.com": ["MX 10 mx1.xyz.com", "MX 10 mx2.xyz.com"],
    "mx1.xyz.com": ["A 192.0.2.1", "A 192.0.2.11"],
    ...A2,
  };
  const first = new Map<string, number>();
  for (let seed = 0; seed < 400; seed++) {
    const hosts = hostsIn(await find(zone, { seed }));
    assert.equal(hosts.length, 2);
    const address = hosts[0]!.addresses[0]!;
    first.set(address, (first.get(address) ?? 0) + 1);
  }
  const counts = ["192.0.2.1", "192.0.2.11", "192.0.2.2"].map((each) => first.get(each) ?? 0);
  assert.ok(counts[0]! > 60 && counts[1]! > 60 && counts[2]! > 150, counts.join());
});

Deno.test("of a long list, twenty are asked for, five are tried, each at four addresses", async () => {
  const exchanges = Array.from({ length: 30 }, (_, at) => `h${at}.xyz.com`);
  const addresses = (at: number) =>
    Array.from({ length: 9 }, (_, n) => [`A 192.0.2.${10 * at + n}`, `AAAA 2001:db8::${at}:${n}`])
      .flat();
  const dns = dnsWith({
    "xyz.com": exchanges.map((name, at) => `MX ${at} ${name}`),
    // The first fourteen do not exist.
    ...Object.fromEntries(
      exchanges.slice(14).map((name, at) => [name, addresses(at)] as const),
    ),
  });
  const hosts = hostsIn(await ask(dns, {}));
  assert.deepEqual(hosts.map(({ host }) => host), exchanges.slice(14, 19));
  for (const { addresses } of hosts) {
    assert.deepEqual(addresses.map((each) => each.includes(":")), [true, false, true, false]);
  }
  assert.equal(dns.questions.length, 1 + 2 * 20);
});

Deno.test("a question that is given up means later", async () => {
  const stop = new AbortController();
  stop.abort();
  const found = await findHosts(fakeDns(), "xyz.com", {
    hostnames: [],
    isOwn: () => false,
    random: fakeWorld().random,
    signal: stop.signal,
  });
  assert.equal(found.kind, "later");
});
