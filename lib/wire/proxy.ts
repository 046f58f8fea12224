/**
 * The PROXY protocol, versions 1 and 2: what a proxy says first about whom it speaks for
 * (https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt; sections are those of that text).
 */
import { decodeLatin1, equal } from "./bytes.ts";

/**
 * What a connection begins with. `none`: something else. `more`: it may become a header.
 * `malformed`: it can only have been meant as one.
 */
export type ProxyHeader =
  | "none"
  | "more"
  | "malformed"
  | {
    /** How many bytes it has; what follows belongs to the conversation. */
    readonly headerBytes: number;
    /** `null`: the proxy speaks for itself, or does not know for whom (LOCAL, UNKNOWN). */
    readonly source: ProxiedPeer | null;
  };

export interface ProxiedPeer {
  /** IP address; IPv6 as it was written, or as eight groups. */
  readonly address: string;
  readonly port: number;
}

/** §2.1: the longest line of version 1, with its CRLF. */
const LINE_BYTES_MAX = 107;
/** §2.2: addresses have at most 216; extensions follow, of which proxies send a few hundred. */
const BLOCK_BYTES_MAX = 4096;

/** Reads the beginning of a connection. */
export function parseProxyHeader(bytes: Uint8Array): ProxyHeader {
  if (beginsAlike(bytes, SIGNATURE)) {
    return bytes.length < FIXED_BYTES ? "more" : parseBinary(bytes);
  }
  return beginsAlike(bytes, PREFIX) ? parseLine(bytes) : "none";
}

/** §2.2: no other protocol begins with it. */
const SIGNATURE = Uint8Array.of(13, 10, 13, 10, 0, 13, 10, 81, 85, 73, 84, 10);
/** §2.1: `PROXY ` */
const PREFIX = Uint8Array.of(80, 82, 79, 88, 89, 32);
/** The signature, version and command, family, and the length of what follows. */
const FIXED_BYTES = 16;

function beginsAlike(bytes: Uint8Array, start: Uint8Array): boolean {
  const common = Math.min(bytes.length, start.length);
  return common > 0 && equal(bytes.subarray(0, common), start.subarray(0, common));
}

function parseLine(bytes: Uint8Array): ProxyHeader {
  const text = decodeLatin1(bytes.subarray(0, LINE_BYTES_MAX));
  const lineFeed = text.indexOf("\n");
  if (lineFeed === -1) return bytes.length < LINE_BYTES_MAX ? "more" : "malformed";
  const end = lineFeed - 1;
  // §2.1: the first line feed ends the line, wherever the bytes were cut, and only behind a CR.
  if (text[end] !== "\r") return "malformed";
  const headerBytes = end + 2;
  const [, protocol, ...rest] = text.slice(0, end).split(" ");
  // §2.1: whatever stands behind UNKNOWN is not to be looked at.
  if (protocol === "UNKNOWN") return { headerBytes, source: null };
  const [source, destination, sourcePort, destinationPort] = rest;
  const isAddress = protocol === "TCP4" ? isIpv4 : protocol === "TCP6" ? isIpv6 : null;
  if (isAddress === null || rest.length !== 4) return "malformed";
  const port = portOf(sourcePort!);
  if (!isAddress(source!) || !isAddress(destination!) || port === null) return "malformed";
  if (portOf(destinationPort!) === null) return "malformed";
  return { headerBytes, source: { address: source!, port } };
}

/** §2.2: the whole header comes before a byte of what is proxied. */
function parseBinary(bytes: Uint8Array): ProxyHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [version, command] = [bytes[12]! >> 4, bytes[12]! & 15];
  const [family, transport] = [bytes[13]! >> 4, bytes[13]! & 15];
  const blockBytes = view.getUint16(14);
  if (version !== 2 || command > 1 || blockBytes > BLOCK_BYTES_MAX) return "malformed";
  const headerBytes = FIXED_BYTES + blockBytes;
  if (bytes.length < headerBytes) return "more";
  // LOCAL is a health check; of families, only those of TCP come over TCP.
  if (command === 0 || family === 0) return { headerBytes, source: null };
  const addressBytes = family === 1 ? 4 : family === 2 ? 16 : 0;
  if (transport !== 1 || addressBytes === 0 || blockBytes < 2 * addressBytes + 4) {
    return "malformed";
  }
  const address = bytes.subarray(FIXED_BYTES, FIXED_BYTES + addressBytes);
  const port = view.getUint16(FIXED_BYTES + 2 * addressBytes);
  return { headerBytes, source: { address: addressText(address), port } };
}

function addressText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join(".");
  const groups = Array.from({ length: 8 }, (_, at) => bytes[2 * at]! * 256 + bytes[2 * at + 1]!);
  return groups.map((group) => group.toString(16)).join(":");
}

function isIpv4(text: string): boolean {
  return /^(?:\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])(?:\.(?:\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])){3}$/
    .test(text);
}

function isIpv6(text: string): boolean {
  return /^[0-9A-Fa-f:.]{2,45}$/.test(text) && text.includes(":") &&
    URL.canParse(`http://[${text}]/`);
}

/** §2.1: decimal, without a zero in front. */
function portOf(text: string): number | null {
  return /^(?:0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 65535 ? Number(text) : null;
}
