/** The stored secret: a SCRAM-SHA-256 verifier (RFC 5802 §3, RFC 7677). No password is kept. */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";

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

/** Makes the verifier of a password. `salt` comes from the world's randomness. */
export async function makeSecret(
  password: string,
  salt: Uint8Array,
  pbkdf2: Pbkdf2,
): Promise<StoredSecret> {
  return secretOf(await pbkdf2(normalise(password), salt, ITERATIONS), salt, ITERATIONS);
}

/** Whether a password belongs to a verifier; takes the same time whether it does or not. */
export async function verifyPassword(
  password: string,
  secret: StoredSecret,
  pbkdf2: Pbkdf2,
): Promise<boolean> {
  const salted = await pbkdf2(normalise(password), secret.salt, secret.iterations);
  const made = secretOf(salted, secret.salt, secret.iterations);
  return timingSafeEqual(made.storedKey, secret.storedKey);
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

function secretOf(salted: Uint8Array, salt: Uint8Array, iterations: number): StoredSecret {
  const clientKey = createHmac("sha256", salted).update("Client Key").digest();
  return {
    salt,
    iterations,
    storedKey: new Uint8Array(createHash("sha256").update(clientKey).digest()),
    serverKey: new Uint8Array(createHmac("sha256", salted).update("Server Key").digest()),
  };
}

/** RFC 4013 in its useful part: what is typed the same gives the same bytes. */
function normalise(password: string): string {
  return password.normalize("NFKC");
}
