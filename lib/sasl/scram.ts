/**
 * SCRAM-SHA-256 (RFC 5802, RFC 7677): its messages and its arithmetic, which both sides share. What
 * is read is read strictly by the grammar of RFC 5802 §7, and is `null` where it breaks it.
 */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { encode } from "../wire/bytes.ts";
import { decodeBase64, encodeBase64 } from "./base64.ts";

/** `client-first-message`. */
export interface ClientFirst {
  /** `n`: the client has no channel binding; `y`: it has, and thinks that we have not. */
  readonly binding: "n" | "y" | { readonly type: string };
  /** Empty when none is given. */
  readonly authorize: string;
  readonly user: string;
  readonly nonce: string;
  /** The `gs2-header`, as it came. */
  readonly header: string;
  /** `client-first-message-bare`, as it came. */
  readonly bare: string;
}

/** `server-first-message`. */
export interface ServerFirst {
  readonly nonce: string;
  readonly salt: Uint8Array;
  readonly iterations: number;
}

/** `client-final-message`. */
export interface ClientFinal {
  /** What stands behind `c=`, decoded. */
  readonly binding: Uint8Array;
  readonly nonce: string;
  readonly proof: Uint8Array;
  readonly withoutProof: string;
}

/** `server-final-message`. */
export type ServerFinal =
  | { readonly signature: Uint8Array }
  /** A word of RFC 5802 §7, like `invalid-proof`. */
  | { readonly error: string };

/** The one channel binding of ours, RFC 5929 §4: the server's certificate, hashed. */
export const BINDING_TYPE = "tls-server-end-point";

/** Nonces are of some dozen characters; the server has to send the client's back with its own. */
const NONCE_CHARACTERS_MAX = 1024;
const KEY_BYTES = 32;

export function readClientFirst(message: Uint8Array): ClientFirst | null {
  const text = utf8(message);
  const parts = /^((n|y|p=([A-Za-z0-9.-]+)),(?:a=([^,]+))?,)(.*)$/s.exec(text ?? "");
  if (parts === null) return null;
  const [, header = "", flag, type, authzid, bare = ""] = parts;
  const found = attributes(bare);
  if (found === null) return null;
  const [user, nonce] = take(found, "n", "r") ?? [];
  if (user === undefined || nonce === undefined || !isNonce(nonce)) return null;
  const authorize = authzid === undefined ? "" : readName(authzid);
  const name = readName(user);
  if (authorize === null || name === null) return null;
  const binding = type !== undefined ? { type } : flag === "y" ? "y" : "n";
  return { binding, authorize, user: name, nonce, header, bare };
}

export function readServerFirst(message: Uint8Array): ServerFirst | null {
  const found = attributes(utf8(message) ?? "");
  const [nonce, salt, iterations] = take(found ?? [], "r", "s", "i") ?? [];
  if (nonce === undefined || salt === undefined || iterations === undefined) return null;
  const bytes = readBase64(salt);
  if (bytes === null || !isNonce(nonce) || !/^[1-9][0-9]{0,14}$/.test(iterations)) return null;
  return { nonce, salt: bytes, iterations: Number(iterations) };
}

export function readClientFinal(message: Uint8Array): ClientFinal | null {
  const text = utf8(message) ?? "";
  const end = text.lastIndexOf(",p=");
  const withoutProof = text.slice(0, Math.max(end, 0));
  const proof = end === -1 ? null : readKey(text.slice(end + ",p=".length));
  const [bound, nonce] = take(attributes(withoutProof) ?? [], "c", "r") ?? [];
  if (proof === null || bound === undefined || nonce === undefined) return null;
  const binding = readBase64(bound);
  if (binding === null || !isNonce(nonce)) return null;
  return { binding, nonce, proof, withoutProof };
}

export function readServerFinal(message: Uint8Array): ServerFinal | null {
  const found = attributes(utf8(message) ?? "") ?? [];
  const [error] = take(found, "e") ?? [];
  if (error !== undefined) return { error };
  const [verifier] = take(found, "v") ?? [];
  const signature = verifier === undefined ? null : readKey(verifier);
  return signature === null ? null : { signature };
}

/** `saslname`: the comma and the equals sign have other work in these messages. */
export function writeName(name: string): string {
  return name.replaceAll("=", "=3D").replaceAll(",", "=2C");
}

/** RFC 5802 §3: ClientProof, from the client's own key. */
export function makeProof(
  clientKey: Uint8Array,
  storedKey: Uint8Array,
  authMessage: string,
): Uint8Array {
  return xor(clientKey, hmac(storedKey, authMessage));
}

/** RFC 5802 §3: whether a ClientProof was made by somebody who has the client's key. */
export function isProof(proof: Uint8Array, storedKey: Uint8Array, authMessage: string): boolean {
  const clientKey = xor(proof, hmac(storedKey, authMessage));
  return timingSafeEqual(createHash("sha256").update(clientKey).digest(), storedKey);
}

/** RFC 5802 §3: ServerSignature, which shows the client that the server knows its verifier. */
export function signatureOf(serverKey: Uint8Array, authMessage: string): Uint8Array {
  return hmac(serverKey, authMessage);
}

type Attribute = readonly [name: string, value: string];

/** `attr-val *("," attr-val)`; what each of them means is not known here. */
function attributes(text: string): readonly Attribute[] | null {
  const found = text.split(",").map((each) => /^([A-Za-z])=([^\0]+)$/.exec(each));
  return found.includes(null) ? null : found.map((each) => [each![1]!, each![2]!] as const);
}

/** The values of the attributes that have to come first, and in this order. */
function take(found: readonly Attribute[], ...names: readonly string[]): readonly string[] | null {
  // RFC 5802 §5.1: `m` asks for an extension that we do not have; any other that follows is only
  // an offer, and ignored.
  if (found.some(([name]) => name === "m")) return null;
  const inOrder = names.every((name, at) => found[at]?.[0] === name);
  return inOrder ? found.slice(0, names.length).map(([, value]) => value) : null;
}

/** RFC 5802 §5.1: an equals sign that does not begin one of the two escapes fails the login. */
function readName(saslname: string): string | null {
  if (/\0|=(?!2C|3D)/.test(saslname)) return null;
  return saslname.replaceAll("=2C", ",").replaceAll("=3D", "=");
}

function isNonce(text: string): boolean {
  return /^[\x21-\x2b\x2d-\x7e]+$/.test(text) && text.length <= NONCE_CHARACTERS_MAX;
}

/** RFC 5802 §2.1: base64 in its canonical form only. */
function readBase64(text: string): Uint8Array | null {
  const bytes = decodeBase64(text);
  return bytes !== null && encodeBase64(bytes) === text ? bytes : null;
}

/** A proof or a signature. */
function readKey(text: string): Uint8Array | null {
  const bytes = readBase64(text);
  return bytes?.length === KEY_BYTES ? bytes : null;
}

function utf8(bytes: Uint8Array): string | null {
  try {
    return STRICT_UTF8.decode(bytes);
  } catch {
    return null;
  }
}

const STRICT_UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function hmac(key: Uint8Array, text: string): Uint8Array {
  return new Uint8Array(createHmac("sha256", key).update(encode(text)).digest());
}

function xor(a: Uint8Array, b: Uint8Array): Uint8Array {
  return a.map((byte, at) => byte ^ b[at]!);
}
