/** The stored secret: a SCRAM-SHA-256 verifier (RFC 5802 §3, RFC 7677). No password is kept. */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { saslprep } from "./saslprep.ts";

export interface StoredSecret {
  readonly salt: Uint8Array;
  readonly iterations: number;
  /** H(ClientKey), RFC 5802 §3. */
  readonly storedKey: Uint8Array;
  readonly serverKey: Uint8Array;
}

/** PBKDF2 with SHA-256 as the world gives it. */
export type Pbkdf2 = (
  password: string,
  salt: Uint8Array,
  iterations: number,
) => Promise<Uint8Array>;

/** RFC 7677 §4 asks for at least 4096; this takes about 10 ms of one core. */
export const ITERATIONS = 15_000;
export const SALT_BYTES = 16;

/**
 * Makes the verifier of a password. `salt` comes from the world's randomness.
 * @throws {RangeError} when it cannot be a password (RFC 4013): nobody could log in with it.
 */
export async function makeSecret(
  password: string,
  salt: Uint8Array,
  pbkdf2: Pbkdf2,
): Promise<StoredSecret> {
  const prepared = saslprep(password, "stored");
  if (!prepared) {
    throw new RangeError("the password has a character that not every mail program can send");
  }
  return secretOf(await pbkdf2(prepared, salt, ITERATIONS), salt, ITERATIONS);
}

/** Whether a password belongs to a verifier; takes the same time whether it does or not. */
export async function verifyPassword(
  password: string,
  secret: StoredSecret,
  pbkdf2: Pbkdf2,
): Promise<boolean> {
  const prepared = saslprep(password, "stored");
  const salted = await pbkdf2(prepared ?? "", secret.salt, secret.iterations);
  const made = secretOf(salted, secret.salt, secret.iterations);
  return timingSafeEqual(made.storedKey, secret.storedKey) && Boolean(prepared);
}

/**
 * The verifier that stands in for an account that does not exist, so that asking for it takes as
 * long and looks the same each time (`key` is random and kept for the life of the process).
 */
export function decoySecret(user: string, key: Uint8Array): StoredSecret {
  const derive = (what: string) =>
    new Uint8Array(createHmac("sha256", key).update(`${what}\0${user}`).digest());
  return {
    salt: derive("salt").subarray(0, SALT_BYTES),
    iterations: ITERATIONS,
    storedKey: derive("stored"),
    serverKey: derive("server"),
  };
}

/** RFC 5802 §3: the keys that SaltedPassword gives. */
export interface ScramKeys {
  /** Only the client has it. */
  readonly clientKey: Uint8Array;
  readonly storedKey: Uint8Array;
  readonly serverKey: Uint8Array;
}

export function keysOf(salted: Uint8Array): ScramKeys {
  const hmac = (text: string) => new Uint8Array(createHmac("sha256", salted).update(text).digest());
  const clientKey = hmac("Client Key");
  return {
    clientKey,
    storedKey: new Uint8Array(createHash("sha256").update(clientKey).digest()),
    serverKey: hmac("Server Key"),
  };
}

function secretOf(salted: Uint8Array, salt: Uint8Array, iterations: number): StoredSecret {
  const { storedKey, serverKey } = keysOf(salted);
  return { salt, iterations, storedKey, serverKey };
}
