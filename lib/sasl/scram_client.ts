/** SCRAM-SHA-256, the client's side (RFC 5802 §5). */
import { timingSafeEqual } from "node:crypto";
import { concat, decode, encode } from "../wire/bytes.ts";
import { encodeBase64 } from "./base64.ts";
import type { SaslClient, SaslClientStep, SaslFault } from "./mechanism.ts";
import { saslprep } from "./saslprep.ts";
import {
  BINDING_TYPE,
  makeProof,
  readServerFinal,
  readServerFirst,
  signatureOf,
  writeName,
} from "./scram.ts";
import { keysOf } from "./secret.ts";

/** RFC 7677 §4: with fewer rounds, a false server could guess the password from the proof. */
const ITERATIONS_MIN = 4096;
/** Some seconds of work, and a multiple of what is advised today; a false server asks for more. */
const ITERATIONS_MAX = 10_000_000;

/**
 * What the client says about its channel (RFC 5802 §6): that it binds it (-PLUS), that it could but
 * has seen no -PLUS announced (`y`), or that it cannot (`n`).
 */
export type ScramBinding = Uint8Array | "y" | "n";

/** One exchange. It does not end well before the server has shown that it knows the verifier. */
export function* scramClient(
  user: string,
  password: string,
  binding: ScramBinding,
): SaslClient {
  const name = saslprep(user, "query");
  const prepared = saslprep(password, "stored"); // RFC 5802 §2.2
  if (!name || !prepared) {
    return fault("unsendable", "the user or the password has a character that SCRAM cannot carry");
  }
  const nonce = (yield { ask: "nonce" }) as string;
  // RFC 5802 §7 gs2-header: the channel, and nobody to act for but oneself.
  const header = `${typeof binding === "string" ? binding : `p=${BINDING_TYPE}`},,`;
  const bare = `n=${writeName(name)},r=${nonce}`;
  const firstBytes = yield* challenge(`${header}${bare}`);
  if (firstBytes === null) return TOO_SOON;
  const first = readServerFirst(firstBytes);
  // RFC 5802 §5.1: the server adds to our nonce; otherwise it could repeat an old exchange.
  if (first === null || !first.nonce.startsWith(nonce) || first.nonce === nonce) {
    return fault("protocol", "the server's challenge is not one of SCRAM-SHA-256");
  }
  const { salt, iterations } = first;
  if (iterations < ITERATIONS_MIN || iterations > ITERATIONS_MAX) {
    return fault("protocol", `the server wants ${iterations} rounds of work for one login`);
  }

  const salted = (yield { ask: "derive", password: prepared, salt, iterations }) as Uint8Array;
  const { clientKey, storedKey, serverKey } = keysOf(salted);
  const bound = concat([encode(header), ...(typeof binding === "string" ? [] : [binding])]);
  const withoutProof = `c=${encodeBase64(bound)},r=${first.nonce}`;
  const authMessage = `${bare},${decode(firstBytes)},${withoutProof}`;
  const proof = encodeBase64(makeProof(clientKey, storedKey, authMessage));
  const finalBytes = yield* challenge(`${withoutProof},p=${proof}`);
  if (finalBytes === null) return TOO_SOON;
  const final = readServerFinal(finalBytes);
  if (final === null) return fault("protocol", "the server's last word is not one of SCRAM");
  if ("error" in final) return fault("protocol", `the server says ${final.error}`);
  if (!timingSafeEqual(final.signature, signatureOf(serverKey, authMessage))) return FALSE_SERVER;

  // RFC 4954 §4, RFC 5034 §4: the signature came as a challenge, so it gets its empty response.
  const more = yield* challenge("");
  return more === null ? null : fault("protocol", "the server asks on behind the exchange");
}

const FALSE_SERVER = fault(
  "untrusted",
  "the server does not know this password itself: it may be a false one",
);
const TOO_SOON = fault(
  "untrusted",
  "the server let us in without showing that it knows this password: it may be a false one",
);

function* challenge(response: string): Generator<SaslClientStep, Uint8Array | null, unknown> {
  return (yield { ask: "challenge", response: encode(response) }) as Uint8Array | null;
}

function fault(fault: SaslFault["fault"], text: string): SaslFault {
  return { fault, text };
}
