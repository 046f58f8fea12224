/**
 * What can be read of a TLS handshake from outside: the client's and the server's hello are in
 * clear (RFC 8446 §4.1). Nothing is decided here that TLS itself would have to be trusted for.
 */
import { ByteQueue, decode } from "../wire/bytes.ts";

/** A hello has 2 KiB at most in practice; one that is longer than a record is not waited for. */
export const HELLO_BYTES_MAX = 16 * 1024;

export const TLS_1_3 = "TLSv1.3";

export interface ServerHello {
  /** For example `TLSv1.3`. */
  readonly version: string;
  /** The name in IANA's registry, or the number as `0xC02B`. */
  readonly cipher: string;
}

/** TLS record types (RFC 8446 §5.1) and handshake types (§4). */
const HANDSHAKE = 22;
const APPLICATION_DATA = 23;
const CLIENT_HELLO = 1;
const SERVER_HELLO = 2;
const RECORD_HEADER_BYTES = 5;

/** Whether these can be the first bytes of a TLS connection. */
export function looksLikeTls(bytes: Uint8Array): boolean {
  // RFC 8446 §5.1: a handshake record, and 3 as the major version in every TLS there is.
  return bytes[0] === HANDSHAKE && (bytes.length < 2 || bytes[1] === 3);
}

/**
 * The name that a client asks for (SNI, RFC 6066 §3) in lower case, `null` where it asks for none;
 * `"more"` while the hello is not there as a whole. What is no hello asks for nothing.
 */
export function serverNameIn(records: Uint8Array): string | null | "more" {
  const message = firstMessage(records);
  if (message === "more") return "more";
  if (message === null || message[0] !== CLIENT_HELLO) return null;
  try {
    const fields = new Fields(message.subarray(4));
    fields.skip(2 + 32); // version, random
    fields.skip(fields.number(1)); // session id
    fields.skip(fields.number(2)); // cipher suites
    fields.skip(fields.number(1)); // compression methods
    const extension = fields.extension(0);
    if (extension === null) return null;
    extension.skip(2 + 1); // length of the list, type of the name: only host_name exists
    const name = decode(extension.take(extension.number(2))).toLowerCase();
    // RFC 6066 §3: without the final dot; some clients send it all the same.
    return name.replace(/\.$/, "");
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** Watches what a server says until its hello is complete. */
export interface ServerHelloWatch {
  /** `awaited` until it is complete; `alien` when something else came. */
  readonly hello: ServerHello | "awaited" | "alien";
  /** Takes the next bytes; they may be used again afterwards. */
  see(chunk: Uint8Array): void;
}

export function watchServerHello(): ServerHelloWatch {
  const queue = new ByteQueue();
  let hello: ServerHelloWatch["hello"] = "awaited";
  return {
    get hello() {
      return hello;
    },
    see(chunk) {
      if (hello !== "awaited") return;
      queue.push(chunk);
      const message = firstMessage(queue.peek());
      if (message !== "more") hello = message === null ? "alien" : serverHelloIn(message);
      else if (queue.length > HELLO_BYTES_MAX) hello = "alien";
      if (hello === "awaited") queue.keep();
      else queue.clear();
    },
  };
}

function serverHelloIn(message: Uint8Array): ServerHello | "alien" {
  if (message[0] !== SERVER_HELLO) return "alien";
  try {
    const fields = new Fields(message.subarray(4));
    const legacyVersion = fields.number(2);
    fields.skip(32); // random
    fields.skip(fields.number(1)); // session id
    const cipher = fields.number(2);
    fields.skip(1); // compression method
    // RFC 8446 §4.2.1: TLS 1.3 says its version in an extension (43), and 1.2 where 1.2 does.
    const version = fields.extension(43)?.number(2) ?? legacyVersion;
    return { version: versionName(version), cipher: CIPHERS.get(cipher) ?? hex(cipher) };
  } catch (error) {
    if (error instanceof RangeError) return "alien";
    throw error;
  }
}

/**
 * Finds where the client's Finished ends in what a client of TLS 1.3 sends: its first record that
 * looks like application data (RFC 8446 §5: everything encrypted does). Fed chunk by chunk, it
 * gives the offset in the chunk behind the end of that record, or `null` until then.
 */
export function createFinishedFinder(): (chunk: Uint8Array) => number | null {
  const header = new Uint8Array(RECORD_HEADER_BYTES);
  let headerBytes = 0;
  let bodyLeft = 0;
  return (chunk) => {
    for (let at = 0; at < chunk.length;) {
      if (headerBytes < RECORD_HEADER_BYTES) {
        header[headerBytes++] = chunk[at++]!;
        if (headerBytes < RECORD_HEADER_BYTES) continue;
        bodyLeft = header[3]! * 256 + header[4]!;
      }
      const taken = Math.min(bodyLeft, chunk.length - at);
      at += taken;
      bodyLeft -= taken;
      if (bodyLeft > 0) return null;
      headerBytes = 0;
      if (header[0] === APPLICATION_DATA) return at;
    }
    return null;
  };
}

/**
 * The first handshake message: it may be spread over several records, and a record may hold more
 * than one (RFC 8446 §5.1). `null` when something else comes first.
 */
function firstMessage(records: Uint8Array): Uint8Array | "more" | null {
  if (records.length > 0 && !looksLikeTls(records)) return null;
  const message = new ByteQueue();
  for (let at = 0; at + RECORD_HEADER_BYTES <= records.length;) {
    if (records[at] !== HANDSHAKE) return null;
    const body = at + RECORD_HEADER_BYTES;
    const end = body + records[at + 3]! * 256 + records[at + 4]!;
    message.push(records.subarray(body, Math.min(end, records.length)));
    const [, high = 0, middle = 0, low = 0] = message.peek();
    const bytes = 4 + high * 65536 + middle * 256 + low;
    if (message.length >= 4 && message.length >= bytes) return message.take(bytes);
    at = end;
  }
  return "more";
}

/** Reads fields one after the other. @throws {RangeError} where there are not so many bytes. */
class Fields {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  number(bytes: 1 | 2): number {
    const [first = 0, second = 0] = this.take(bytes);
    return bytes === 1 ? first : first * 256 + second;
  }

  take(count: number): Uint8Array {
    const start = this.#at;
    this.skip(count);
    return this.#bytes.subarray(start, this.#at);
  }

  skip(count: number): void {
    if (this.#at + count > this.#bytes.length) throw new RangeError("The message is cut off");
    this.#at += count;
  }

  /** The extension of this number among those that follow; `null` when it is not there. */
  extension(wanted: number): Fields | null {
    if (this.#at === this.#bytes.length) return null;
    const extensions = new Fields(this.take(this.number(2)));
    while (extensions.#at < extensions.#bytes.length) {
      const type = extensions.number(2);
      const data = extensions.take(extensions.number(2));
      if (type === wanted) return new Fields(data);
    }
    return null;
  }
}

function versionName(version: number): string {
  // TLS 1.0 is 0x0301, and so on.
  return version >> 8 === 3 ? `TLSv1.${(version & 255) - 1}` : hex(version);
}

function hex(number: number): string {
  return `0x${number.toString(16).toUpperCase().padStart(4, "0")}`;
}

/** The suites of the runtime's TLS, on either side. */
const CIPHERS: ReadonlyMap<number, string> = new Map([
  [0x1301, "TLS_AES_128_GCM_SHA256"],
  [0x1302, "TLS_AES_256_GCM_SHA384"],
  [0x1303, "TLS_CHACHA20_POLY1305_SHA256"],
  [0xc02b, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"],
  [0xc02c, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"],
  [0xc02f, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"],
  [0xc030, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"],
  [0xcca8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"],
  [0xcca9, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"],
]);
