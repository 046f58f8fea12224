import assert from "$assert";
import { endpointText, type Relay } from "../lib/endpoint.ts";
import { type Route, routeOf, type Routes, wayOf } from "../lib/queue/route.ts";

const XYZ = { host: "127.0.0.1", port: 2526 };
const SMART = { host: "smart.test", port: 25 };

const ROUTES: Routes = {
  local: new Set(["abc.com", "second.test"]),
  hops: new Map([["xyz.com", XYZ], ["closed.test", null]]),
  dns: false,
};
const WITH_DNS: Routes = { ...ROUTES, dns: true };
const WITH_STAR: Routes = { ...ROUTES, hops: new Map([...ROUTES.hops, ["*", SMART]]) };

const CASES: readonly (readonly [domain: string, routes: Routes, Route])[] = [
  ["abc.com", ROUTES, { kind: "local" }],
  ["second.test", ROUTES, { kind: "local" }],
  ["", ROUTES, { kind: "local" }], // <Postmaster>
  ["xyz.com", ROUTES, { kind: "relay", to: XYZ }],
  ["closed.test", ROUTES, { kind: "noMail" }],
  ["mail.xyz.com", ROUTES, { kind: "none" }],
  ["mail.abc.com", ROUTES, { kind: "none" }],
  ["[127.0.0.1]", ROUTES, { kind: "none" }],
  ["*", ROUTES, { kind: "none" }],
  ["abc.com", WITH_DNS, { kind: "local" }],
  ["xyz.com", WITH_DNS, { kind: "relay", to: XYZ }],
  ["closed.test", WITH_DNS, { kind: "noMail" }],
  ["anything.test", WITH_DNS, { kind: "dns" }],
  ["[127.0.0.1]", WITH_DNS, { kind: "dns" }],
  ["anything.test", { ...WITH_STAR, dns: true }, { kind: "relay", to: SMART }],
  ["abc.com", WITH_STAR, { kind: "local" }],
  ["", WITH_STAR, { kind: "local" }],
  ["xyz.com", WITH_STAR, { kind: "relay", to: XYZ }],
  ["closed.test", WITH_STAR, { kind: "noMail" }],
  ["anything.test", WITH_STAR, { kind: "relay", to: SMART }],
  ["anything.test", { ...WITH_DNS, smarthost: SMART }, { kind: "relay", to: SMART }],
  ["abc.com", { ...ROUTES, smarthost: SMART }, { kind: "local" }],
  ["xyz.com", { ...ROUTES, smarthost: SMART }, { kind: "relay", to: XYZ }],
  ["closed.test", { ...ROUTES, smarthost: SMART }, { kind: "noMail" }],
];

for (const [domain, routes, route] of CASES) {
  const star = routes.hops.has("*") ? " where * has a route" : "";
  const smart = routes.smarthost === undefined ? "" : " where there is a smarthost";
  const dns = routes.dns ? " where the DNS is asked" : "";
  Deno.test(`mail for "${domain}" is of the kind ${route.kind}${star}${dns}${smart}`, () => {
    assert.deepEqual(routeOf(domain, routes), route);
  });
}

Deno.test("domains share a way where they go to the same server in the same manner", () => {
  const login = { user: "me", password: "secret" };
  const relays: readonly Relay[] = [
    SMART,
    { ...SMART },
    { ...SMART, port: 26 },
    { ...SMART, protocol: "lmtp" },
    { ...SMART, tls: "required" },
    { ...SMART, tls: "first" },
    { ...SMART, login },
    { ...SMART, login: { ...login, user: "you" } },
  ];
  const hops = new Map(relays.map((relay, at) => [`d${at}.test`, relay]));
  const ways = [...hops.keys()].map((domain) => wayOf(domain, { ...ROUTES, hops }));
  assert.equal(ways[0], ways[1]);
  assert.equal(new Set(ways).size, relays.length - 1);
  assert.ok(!ways.join().includes(login.password));
});

Deno.test("a domain without a named server is its own way, and a policy makes another", () => {
  const smarthost: Routes = {
    ...ROUTES,
    smarthost: SMART,
    hops: new Map([["a.test", { ...SMART }]]),
  };
  assert.equal(wayOf("b.test", smarthost), wayOf("c.test", smarthost));
  assert.equal(wayOf("b.test", smarthost), wayOf("a.test", smarthost));
  // RFC 8461 §3.4: where the DNS is asked, the smarthost may be bound by what its domain says.
  const bound = { ...smarthost, dns: true };
  assert.notEqual(wayOf("b.test", bound), wayOf("a.test", bound));
  for (const domain of ["abc.com", "x.test", "closed.test", "[127.0.0.1]", ""]) {
    assert.equal(wayOf(domain, WITH_DNS), domain);
    assert.equal(wayOf(domain, ROUTES), domain);
  }
});

Deno.test("an endpoint is written with brackets around an IPv6 address", () => {
  assert.equal(endpointText(XYZ), "127.0.0.1:2526");
  assert.equal(endpointText({ host: "::1", port: 25 }), "[::1]:25");
});
