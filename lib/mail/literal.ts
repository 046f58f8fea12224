/** Address literals, RFC 5321 §4.1.3: an IP address in the place of a domain. */

/**
 * The canonical form of a literal with its brackets (`[192.0.2.1]`, `[IPv6:2001:db8::1]`), or
 * `null`. RFC 5321 §4.1.3 leaves room for further tags; none was ever registered, so none is
 * understood.
 */
export function canonicalLiteral(text: string): string | null {
  const [, tag, host] = /^\[(IPv6:)?([0-9A-Fa-f:.]+)\]$/i.exec(text) ?? [];
  if (host === undefined) return null;
  if (tag === undefined) {
    const address = canonicalIpv4(host);
    return address === null ? null : `[${address}]`;
  }
  const address = canonicalIpv6(host);
  return address === null ? null : `[IPv6:${address}]`;
}

/** The literal for an IP address as sockets show it; `null` when it is not an IP address. */
export function literalOf(ip: string): string | null {
  return canonicalLiteral(ip.includes(":") ? `[IPv6:${ip}]` : `[${ip}]`);
}

/**
 * An IP address as sockets show it: in its canonical form, and IPv4 where it is written in the form
 * of IPv6 (RFC 4291 §2.5.5.2). `null` when it is not an IP address.
 */
export function canonicalAddress(ip: string): string | null {
  const plain = literalOf(ip)?.replace(/^\[(?:IPv6:)?|\]$/g, "") ?? null;
  if (plain === null) return null;
  const [, high, low] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(plain) ?? [];
  if (high === undefined || low === undefined) return plain;
  const [front, back] = [parseInt(high, 16), parseInt(low, 16)];
  return [front >> 8, front & 255, back >> 8, back & 255].join(".");
}

/** The IP address in a literal with its brackets, as in {@linkcode canonicalAddress}, or `null`. */
export function literalAddress(domain: string): string | null {
  const literal = canonicalLiteral(domain);
  return literal === null ? null : canonicalAddress(literal.replace(/^\[(?:IPv6:)?|\]$/g, ""));
}

/**
 * Whether one host can be reached at an IP address. Not so at those that stand for this network or
 * for many hosts at once, RFC 6890 §2.2.2; what is private may well be meant.
 */
export function isAddressOfHost(ip: string): boolean {
  const address = canonicalAddress(ip);
  return address !== null && !/^(?:0|22[4-9]|2[345]\d)\.|^::$|^ff[0-9a-f]{2}:/.test(address);
}

function canonicalIpv4(text: string): string | null {
  if (!/^\d{1,3}(?:\.\d{1,3}){3}$/.test(text)) return null;
  // RFC 5321 §4.1.3: Snum is decimal, whatever C libraries make of a leading zero.
  const numbers = text.split(".").map(Number);
  return numbers.every((number) => number <= 255) ? numbers.join(".") : null;
}

/**
 * The URL parser of the platform reads all four notations of RFC 4291 §2.2 and writes the shortest
 * one (RFC 5952). It would also pass over tabs and line ends, so only address characters get here.
 */
function canonicalIpv6(text: string): string | null {
  const url = URL.parse(`http://[${text}]/`);
  return url === null ? null : url.hostname.slice(1, -1);
}
