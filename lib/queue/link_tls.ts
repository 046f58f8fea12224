/** Which TLS a message goes on under: pure. */
import { isLoopback, type Relay } from "../endpoint.ts";
import type { Envelope } from "../mail/envelope.ts";
import { type ClientTls, IN_CLEAR } from "../wire/upgrade.ts";
import type { Place } from "./place.ts";

/** How a message may go, from the best way to the worst; the next where there is no such TLS. */
export interface Ways {
  readonly tls: readonly ClientTls[];
  /** What becomes of the message where there is no TLS on any of them. */
  readonly otherwise: "refuse" | "later";
}

/** The ways to a server. `authorities` are trusted beside the known ones. */
export function waysTo(
  { relay, vouched }: Pick<Place, "relay" | "vouched">,
  envelope: Envelope,
  authorities: readonly string[],
): Ways {
  const when = tlsOf(relay);
  const first = when === "first" ? when : "required";
  const verified = verifiedTls(relay.host, first, authorities);
  if (when !== "offered") {
    const needed = envelope.tls === "required" && envelope.sender !== null;
    return { tls: [verified], otherwise: needed ? "refuse" : "later" };
  }
  // RFC 8689 §4.2.1: a name from an MX record that nobody vouches for is not worth verifying.
  return waysOffered(relay, envelope, vouched ? [verified] : []);
}

function waysOffered(relay: Relay, envelope: Envelope, verified: readonly ClientTls[]): Ways {
  // RFC 7435 §3: TLS that nobody verifies keeps off listeners. Where it cannot be had, that is no
  // reason to keep the mail.
  const inClear = { ...IN_CLEAR, exposesPassword: isThisMachine(relay.host) };
  const any = [opportunistic(relay), inClear];
  if (envelope.tls !== "required") return { tls: any, otherwise: "later" };
  // RFC 8689 §4.2.1: over TLS with a server whose certificate was verified, or not at all.
  if (envelope.sender !== null) return { tls: verified, otherwise: "refuse" };
  // RFC 8689 §5: a report goes without, rather than not at all.
  return { tls: [...verified, ...any], otherwise: "later" };
}

/** Whether a connection with this TLS is one with a server that has shown who it is. */
export function isVerified({ when }: ClientTls): boolean {
  return when === "required" || when === "first";
}

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
function opportunistic({ host }: Relay): ClientTls {
  return {
    when: "offered",
    request: { side: "client", hostname: host, verify: false },
    exposesPassword: isThisMachine(host),
  };
}

/** Where only this machine can listen in; RFC 6761 §6.3: `localhost` is nowhere else. */
function isThisMachine(host: string): boolean {
  return isLoopback(host) || host === "localhost";
}
