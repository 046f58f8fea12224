/** SCRAM-SHA-256, the server's side (RFC 5802 §5). */
import { encode, equal } from "../wire/bytes.ts";
import { encodeBase64 } from "./base64.ts";
import type { SaslServer, SaslServerStep, ScramStart } from "./mechanism.ts";
import { saslprep } from "./saslprep.ts";
import { isProof, readClientFinal, readClientFirst, signatureOf } from "./scram.ts";

/** One exchange; `initial` is the client's first message, `null` when it waits for a challenge. */
export function* scramServer(initial: Uint8Array | null): SaslServer {
  const first = readClientFirst(initial ?? (yield* response("")));
  // RFC 5802 §6: `y` says that the client could bind the channel and has seen no -PLUS announced.
  // That is true of us; where -PLUS is announced, somebody has taken it away, and `y` has to fail.
  // `p` stands in the exchange of a -PLUS only, which this is not.
  if (first === null || typeof first.binding === "object") return MALFORMED;
  const user = saslprep(first.user, "query");
  if (user === null || user === "") return MALFORMED; // RFC 5802 §5.1
  if (encode(user).length > USER_BYTES_MAX) return MALFORMED;

  const { secret, nonce } = (yield { ask: "secret", user }) as ScramStart;
  const bothNonces = first.nonce + nonce;
  const { salt, iterations, storedKey, serverKey } = secret;
  const serverFirst = `r=${bothNonces},s=${encodeBase64(salt)},i=${iterations}`;
  const final = readClientFinal(yield* response(serverFirst));
  if (final === null) return MALFORMED;

  const authMessage = `${first.bare},${serverFirst},${final.withoutProof}`;
  const proven = isProof(final.proof, storedKey, authMessage);
  // RFC 5802 §5.1: both nonces, and the header as it was in the first message, so that whoever
  // stands in between has changed neither.
  const right = proven && final.nonce === bothNonces && equal(final.binding, encode(first.header));
  if (right) {
    // The outcome is asked for behind this: a client that leaves here is not logged in.
    const verifier = `v=${encodeBase64(signatureOf(serverKey, authMessage))}`;
    if ((yield* response(verifier)).length > 0) return MALFORMED;
  }
  const loggedIn = (yield { ask: "proven", user, right }) as boolean;
  if (!loggedIn) return { result: "refused" };
  const own = first.authorize === "" ||
    saslprep(first.authorize, "query")?.toLowerCase() === user.toLowerCase();
  return own ? { result: "accepted", user } : { result: "denied" };
}

const MALFORMED = { result: "malformed" } as const;

/** As long as a name may be in PLAIN (RFC 4616 §2). */
const USER_BYTES_MAX = 255;

function* response(challenge: string): Generator<SaslServerStep, Uint8Array, unknown> {
  return (yield { ask: "response", challenge: encode(challenge) }) as Uint8Array;
}
