/** Certificates made for tests, and ends of connections to try them on. */
import assert from "$assert";
import type * as X509 from "$x509";
import { denoWorld } from "../lib/net/deno.ts";
import { type KeyPair, NetError, type NetErrorKind, type Transport } from "../lib/net/world.ts";

const CURVE = { name: "ECDSA", namedCurve: "P-256" };
const DAY_MS = 24 * 60 * 60 * 1000;

export interface Authority extends KeyPair {
  readonly subject: string;
  readonly keys: CryptoKeyPair;
}

export interface IssueOptions {
  /** Signs itself without one. */
  readonly by?: Authority;
  /** Whether it says that it may sign others. */
  readonly authority?: boolean;
  /** Default: since yesterday, for another 30 days. */
  readonly validDays?: readonly [from: number, until: number];
  /** Default: on P-256, signed with SHA-256. */
  readonly algorithm?: RsaHashedKeyGenParams | EcKeyGenParams | { readonly name: "Ed25519" };
  readonly hash?: string;
}

/** A certificate for these names, with its key; it may sign others where `authority` says so. */
export async function issue(
  names: readonly string[],
  options: IssueOptions = {},
): Promise<Authority> {
  const { by, authority = false, validDays = [-1, 30], algorithm = CURVE, hash = "SHA-256" } =
    options;
  await import("$reflect");
  const x509 = await import("$x509");
  const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  if (!("privateKey" in keys)) throw new Error("a pair of keys is wanted");
  const subject = `CN=${names[0]}`;
  const signingAlgorithm = { ...algorithm, hash, saltLength: 32 };
  const certificate = await x509.X509CertificateGenerator.create({
    subject,
    issuer: by?.subject ?? subject,
    publicKey: keys.publicKey,
    signingKey: by?.keys.privateKey ?? keys.privateKey,
    signingAlgorithm,
    notBefore: new Date(Date.now() + validDays[0] * DAY_MS),
    notAfter: new Date(Date.now() + validDays[1] * DAY_MS),
    extensions: [
      new x509.BasicConstraintsExtension(authority, undefined, true),
      new x509.SubjectAlternativeNameExtension(names.map(generalName)),
    ],
  });
  const key = await crypto.subtle.exportKey("pkcs8", keys.privateKey);
  return {
    subject,
    keys,
    certificate: certificate.toString("pem"),
    key: x509.PemConverter.encode(key, "PRIVATE KEY"),
  };
}

function generalName(value: string): X509.JsonGeneralName {
  return { type: /^[\d.]+$/.test(value) ? "ip" : "dns", value };
}

/** Made once for all tests of a file: an authority, and what it signed. */
export interface Lab {
  readonly authority: Authority;
  /** For `localhost` and `127.0.0.1`. */
  readonly good: KeyPair;
  /** For `other.example` and `*.wild.example`. */
  readonly other: KeyPair;
}

let made: Promise<Lab> | null = null;

export function lab(): Promise<Lab> {
  return made ??= (async () => {
    const by = await issue(["Test Authority"], { authority: true });
    return {
      authority: by,
      good: await issue(["localhost", "127.0.0.1"], { by }),
      other: await issue(["other.example", "*.wild.example"], { by }),
    };
  })();
}

/** For `assert.throws` and `assert.rejects`: that it was this failure, said in such words. */
export function isNetError(kind: NetErrorKind, words: RegExp = /./): (error: unknown) => boolean {
  return (error) => {
    if (!(error instanceof NetError)) return false;
    assert.equal(error.kind, kind);
    assert.match(error.message, words);
    return true;
  };
}

const { net } = denoWorld();

/** A server's transport and the client's plain connection to it. */
export interface Pair {
  readonly server: Transport;
  readonly client: Deno.TcpConn;
}

/** One connection, accepted. */
export async function pair(): Promise<Pair> {
  const listener = net.listen({ host: "127.0.0.1", port: 0 });
  const accepting = listener[Symbol.asyncIterator]().next();
  const client = await Deno.connect({ hostname: "127.0.0.1", port: listener.local.port });
  const server = await accepting;
  listener.close();
  if (server.done === true) throw new Error("the listener ended");
  return { server: server.value, client };
}

/** One connection between two transports. */
export async function transports(): Promise<
  { readonly server: Transport; readonly client: Transport }
> {
  const listener = net.listen({ host: "127.0.0.1", port: 0 });
  const accepting = listener[Symbol.asyncIterator]().next();
  const client = await net.connect(listener.local, { timeoutMs: 10_000 });
  const server = await accepting;
  listener.close();
  if (server.done === true) throw new Error("the listener ended");
  return { server: server.value, client };
}

/** Everything that comes until the end, or so many bytes. */
export async function readAll(transport: Transport, bytesMax = Infinity): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for (let bytes = 0; bytes < bytesMax;) {
    const chunk = await transport.read();
    if (chunk === null) break;
    chunks.push(chunk.slice());
    bytes += chunk.length;
  }
  return new Uint8Array(await new Blob(chunks as Uint8Array<ArrayBuffer>[]).arrayBuffer());
}

/** Fills `bytes`. */
export async function readExactly(conn: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const count = await conn.read(bytes.subarray(at));
    if (count === null) throw new Error(`the connection ended after ${at} bytes`);
    at += count;
  }
}

/** Bytes that look like nothing in particular, the same each time. */
export function noise(count: number): Uint8Array<ArrayBuffer> {
  let state = 1;
  return Uint8Array.from({ length: count }, () => {
    state = Math.imul(state, 1103515245) + 12345;
    return state >>> 16;
  });
}

const canCountFiles = (await Deno.permissions.query({ name: "read" })).state === "granted" &&
  isReadable("/proc/self/fd");

function isReadable(path: string): boolean {
  try {
    Deno.readDirSync(path).next();
    return true;
  } catch {
    return false;
  }
}

/** How many files this process holds open; `null` where that may not be known. */
export function openFiles(): number | null {
  return canCountFiles ? [...Deno.readDirSync("/proc/self/fd")].length : null;
}
