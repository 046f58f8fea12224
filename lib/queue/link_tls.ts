/** Which TLS a message goes on under: pure. */
import { isLoopback, type Relay } from "../endpoint.ts";
import type { Envelope } from "../mail/envelope.ts";
import { type Reply, reply } from "../smtp/reply.ts";
import { type ClientTls, IN_CLEAR } from "../wire/upgrade.ts";
import type { Place } from "./place.ts";

/** How a message may go, from the best way to the worst; the next where there is no such TLS. */
export interface Ways {
  readonly tls: readonly ClientTls[];
  /** What becomes of the message where there is no TLS on any of them. */
  readonly otherwise: { readonly do: "refuse" | "later"; readonly reply: Reply };
}

/** The ways to a server. `authorities` are trusted beside the well-known ones. */
export function waysTo(
  { relay, vouched, policy }: Pick<Place, "relay" | "vouched" | "policy">,
  envelope: Envelope,
  authorities: readonly string[],
): Ways {
  const isRequired = envelope.tls === "required" && envelope.sender !== null;
  const otherwise = isRequired ? REFUSED : LATER;
  const when = tlsOf(relay);
  const verified = verifiedTls(relay.host, when === "first" ? when : "required", authorities);
  if (when !== "offered") return { tls: [verified], otherwise };
  // RFC 8689 §4.2.2: with TLS-Required: No, the policy of the domain is left aside.
  const binding = envelope.tls === "optional" ? null : policy;
  // RFC 8461 §5: to whom the policy names, with a certificate that shows it, or not at all. What is
  // amiss may be mended, so the message waits.
  if (binding?.mode === "enforce") {
    return binding.names ? { tls: [verified], otherwise } : { tls: [], otherwise: UNNAMED };
  }
  // RFC 8689 §4.2.1: over TLS with a server whose certificate was verified, or not at all; and a
  // name that somebody on the way may have put there is not worth verifying.
  const safe = vouched ? [verified] : [];
  if (isRequired) return { tls: safe, otherwise };
  const first = envelope.tls === "required" || binding !== null ? safe : [];
  // RFC 7435 §3: TLS that nobody verifies keeps off listeners. Where it cannot be had, that is no
  // reason to keep the mail. RFC 8689 §5: a report goes without, rather than not at all.
  const inClear = { ...IN_CLEAR, exposesPassword: isThisMachine(relay.host) };
  return { tls: [...first, opportunistic(relay.host), inClear], otherwise };
}

/** Whether a connection with this TLS is one with a server that has shown who it is. */
export function isVerified({ when }: ClientTls): boolean {
  return when === "required" || when === "first";
}

/** RFC 8689 §4.2.1: for when there is no TLS with a server that can be verified. */
const REFUSED = {
  do: "refuse",
  reply: reply(550, "5.7.10", "There is no verified TLS with the next server"),
} as const;
/** For when it is our own rule, or the domain's, that wants it: what is amiss may be mended. */
const LATER = {
  do: "later",
  reply: reply(450, "4.7.5", "There is no verified TLS with the next server"),
} as const;
const UNNAMED = {
  do: "later",
  reply: reply(450, "4.7.5", "The domain's MTA-STS policy does not name its server"),
} as const;

/** A password goes to nobody who has not shown who it is; only this machine hears itself. */
function tlsOf({ host, tls, login }: Relay): NonNullable<Relay["tls"]> {
  return tls ?? (login === undefined || isThisMachine(host) ? "offered" : "required");
}

function verifiedTls(
  hostname: string,
  when: "required" | "first",
  authorities: readonly string[],
): ClientTls {
  return {
    when,
    request: { side: "client", hostname, verify: true, authorities },
    exposesPassword: false,
  };
}

/** RFC 3207 §6: no certificate is demanded, for most servers have none that could be verified. */
function opportunistic(hostname: string): ClientTls {
  return {
    when: "offered",
    request: { side: "client", hostname, verify: false },
    exposesPassword: isThisMachine(hostname),
  };
}

/** Where only this machine can listen in; RFC 6761 §6.3: `localhost` is nowhere else. */
function isThisMachine(host: string): boolean {
  return isLoopback(host) || host === "localhost";
}
