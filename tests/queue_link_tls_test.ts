/** The ways of mail to a server that the DNS has named, under MTA-STS (RFC 8461) and REQUIRETLS. */
import assert from "$assert";
import type { Envelope } from "../lib/mail/envelope.ts";
import { waysTo } from "../lib/queue/link_tls.ts";
import type { Place } from "../lib/queue/place.ts";

type Wish = Envelope["tls"] | "required report" | "report";

type Known = Pick<Place, "relay" | "vouched" | "policy">;

const relay = { host: "mx.xyz.com", port: 25 };
const MX: Known = { relay, vouched: false, policy: null };
const VOUCHED: Known = { ...MX, vouched: true };
const under = (mode: "enforce" | "testing", names: boolean): Known => ({
  ...MX,
  vouched: names,
  policy: { mode, names },
});
const enforced = (names: boolean) => under("enforce", names);
const tested = (names: boolean) => under("testing", names);

const REFUSED = "550 5.7.10";
const LATER = "450 4.7.5";
const ANY = "offered never";

const WAYS: readonly (readonly [string, Known, Wish, string])[] = [
  ["no policy", MX, undefined, `${ANY} / ${LATER}`],
  ["no policy", MX, "optional", `${ANY} / ${LATER}`],
  // RFC 8689 §4.2.1: without DNSSEC, the name has to be vouched for.
  ["no policy", MX, "required", ` / ${REFUSED}`],
  ["no policy", MX, "required report", `${ANY} / ${LATER}`],
  ["a certain name", VOUCHED, undefined, `${ANY} / ${LATER}`],
  ["a certain name", VOUCHED, "required", `required / ${REFUSED}`],
  ["a certain name", VOUCHED, "required report", `required ${ANY} / ${LATER}`],
  // RFC 8461 §5: never in clear, and never to another host; not even a report.
  ["a policy that is enforced", enforced(true), undefined, `required / ${LATER}`],
  ["a policy that is enforced", enforced(true), "report", `required / ${LATER}`],
  ["a policy that is enforced", enforced(true), "required", `required / ${REFUSED}`],
  ["a policy that is enforced", enforced(true), "required report", `required / ${LATER}`],
  ["a policy that names others", enforced(false), undefined, ` / ${LATER}`],
  ["a policy that names others", enforced(false), "report", ` / ${LATER}`],
  ["a policy that names others", enforced(false), "required", ` / ${LATER}`],
  // RFC 8689 §4.2.2
  ["a policy that is enforced", enforced(true), "optional", `${ANY} / ${LATER}`],
  ["a policy that names others", enforced(false), "optional", `${ANY} / ${LATER}`],
  // RFC 8461 §5: as if it had not failed.
  ["a policy in testing", tested(true), undefined, `required ${ANY} / ${LATER}`],
  ["a policy in testing", tested(true), "required", `required / ${REFUSED}`],
  ["a policy in testing that names others", tested(false), undefined, `${ANY} / ${LATER}`],
  ["a policy in testing that names others", tested(false), "required", ` / ${REFUSED}`],
];

for (const [what, known, wish, expected] of WAYS) {
  Deno.test(`with ${what}, mail with TLS ${wish ?? "as it comes"} goes: ${expected}`, () => {
    const { tls, otherwise } = waysTo(known, envelopeOf(wish), ["pem"]);
    const ways = tls.map(({ when }) => when).join(" ");
    const { code, status } = otherwise.reply;
    assert.equal(`${ways} / ${code} ${status}`, expected);
    assert.equal(otherwise.do, code === 550 ? "refuse" : "later");
  });
}

function envelopeOf(wish: Wish): Envelope {
  const tls = wish === "report" ? undefined : wish === "required report" ? "required" : wish;
  const sender = wish?.endsWith("report") ? null : { local: "alice", domain: "abc.com" };
  return { sender, body: "7BIT", ...(tls === undefined ? {} : { tls }) };
}
