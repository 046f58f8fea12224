import assert from "$assert";
import { endpointText } from "../lib/endpoint.ts";
import { type Route, routeOf, type Routes } from "../lib/queue/route.ts";

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

Deno.test("an endpoint is written with brackets around an IPv6 address", () => {
  assert.equal(endpointText(XYZ), "127.0.0.1:2526");
  assert.equal(endpointText({ host: "::1", port: 25 }), "[::1]:25");
});
