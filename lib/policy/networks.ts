/** Networks of IP addresses: `10.0.0.0/8`, `2001:db8::/32`, or one address. */
import { literalOf } from "../mail/literal.ts";

export interface Network {
  /** 4 or 16 bytes. */
  readonly address: Uint8Array;
  readonly bits: number;
}

/** @throws {RangeError} that says what is wrong */
export function parseNetwork(text: string): Network {
  const [written = "", length, ...more] = text.split("/");
  const address = bytesOf(written);
  const bits = length === undefined ? (address?.length ?? 0) * 8 : Number(length);
  if (address !== null && more.length === 0 && /^(?:\d{1,3})?$/.test(length ?? "")) {
    if (length !== "" && bits <= address.length * 8) return { address, bits };
  }
  throw new RangeError(
    `${JSON.stringify(text)} is not ADDR/BITS (192.0.2.1, 10.0.0.0/8, 2001:db8::/32)`,
  );
}

/** Whether an IP address, as sockets show it, belongs to one of them. */
export function isIn(networks: readonly Network[], address: string): boolean {
  const bytes = networks.length === 0 ? null : bytesOf(address);
  return bytes !== null && networks.some((network) => contains(network, bytes));
}

function contains({ address, bits }: Network, bytes: Uint8Array): boolean {
  if (address.length !== bytes.length) return false;
  return bytes.every((byte, at) => {
    const counted = Math.min(8, Math.max(0, bits - 8 * at));
    return (byte ^ address[at]!) >> (8 - counted) === 0;
  });
}

/** `null` for what is no IP address. IPv4 in the form of IPv6 (RFC 4291 §2.5.5.2) is IPv4. */
function bytesOf(text: string): Uint8Array | null {
  const literal = literalOf(text.split("%")[0]!);
  if (literal === null) return null;
  const plain = literal.replace(/^\[(IPv6:)?|\]$/g, "");
  if (!plain.includes(":")) return Uint8Array.from(plain.split("."), Number);
  const [front = "", back = ""] = plain.split("::");
  const before = front === "" ? [] : front.split(":");
  const behind = back === "" ? [] : back.split(":");
  const zeros = Array.from({ length: 8 - before.length - behind.length }, () => "0");
  const groups = [...before, ...zeros, ...behind].map((group) => parseInt(group, 16));
  const bytes = Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 255]));
  const mapped = bytes.subarray(0, 10).every((byte) => byte === 0) &&
    bytes[10] === 255 && bytes[11] === 255;
  return mapped ? bytes.subarray(12) : bytes;
}
