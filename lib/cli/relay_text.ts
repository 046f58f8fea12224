/** A next server as a person writes it: `lmtp://127.0.0.1:24`, `smtps://mail.example`, `host`. */
import type { Relay } from "../endpoint.ts";

interface Scheme {
  readonly port: number;
  readonly relay: Pick<Relay, "protocol" | "tls">;
}

/** Port numbers are IANA's; 24 is for any private mail system, and widely used for LMTP. */
const SCHEMES: Readonly<Record<string, Scheme>> = {
  smtp: { port: 25, relay: {} }, // RFC 5321 §4.5.4.2
  submission: { port: 587, relay: {} }, // RFC 6409 §3.1
  smtps: { port: 465, relay: { tls: "first" } }, // RFC 8314 §3.3
  lmtp: { port: 24, relay: { protocol: "lmtp" } },
};

/**
 * `[SCHEME://]HOST[:PORT]`; an IPv6 address stands in brackets. `null`: it is not of this form.
 * @throws {RangeError} for a port that is none, or a scheme that is not among `schemes`, whose
 * first one is for text without.
 */
export function parseRelay(text: string, schemes: readonly string[]): Relay | null {
  const [, named, bracketed, plain, portText] =
    /^(?:([a-z]+):\/\/)?(?:\[([^[\]\s]+)\]|([^:[\]/\s]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined || host === ".") return null;
  const scheme = SCHEMES[named ?? schemes[0]!];
  if (scheme === undefined || !schemes.includes(named ?? schemes[0]!)) {
    throw new RangeError(`${JSON.stringify(named)} is not one of ${schemes.join(", ")}`);
  }
  const port = portText === undefined ? scheme.port : parsePort(portText);
  if (port === 0) throw new RangeError(`${JSON.stringify(text)}: nobody listens on port 0`);
  return { host, port, ...scheme.relay };
}

/** A port. @throws {RangeError} */
export function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : NaN;
  if (port <= 65535) return port;
  throw new RangeError(`${JSON.stringify(text)} is not a port: a whole number from 0 to 65535`);
}
