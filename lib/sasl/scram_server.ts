/** SCRAM-SHA-256, the server's side (RFC 5802 §5). */
import { concat, encode, equal } from "../wire/bytes.ts";
import { encodeBase64 } from "./base64.ts";
import type { ChannelBinding, SaslServer, SaslServerStep, ScramStart } from "./mechanism.ts";
import { saslprep } from "./saslprep.ts";
import {
  BINDING_TYPE,
  type ClientFirst,
  isProof,
  readClientFinal,
  readClientFirst,
  signatureOf,
} from "./scram.ts";

export interface ScramChannel {
  /** Whether this is the exchange of SCRAM-SHA-256-PLUS. */
  readonly plus: boolean;
  readonly binding: ChannelBinding;
}

/** One exchange; `initial` is the client's first message, `null` when it waits for a challenge. */
export function* scramServer(
  initial: Uint8Array | null,
  { plus, binding }: ScramChannel,
): SaslServer {
  const first = readClientFirst(initial ?? (yield* response("")));
  // RFC 5802 §6: `p` stands in the exchange of a -PLUS, and nothing else does.
  if (first === null || (typeof first.binding === "object") !== plus) return MALFORMED;
  if (plus && binding === null) return MALFORMED;
  // RFC 5802 §6: a channel binding that is not supported fails the login.
  if (plus && !isType(first.binding)) return { result: "refused" };
  // RFC 5802 §6: `y` says that the client could bind the channel and has seen no -PLUS announced.
  // Where it was announced, somebody has taken it away on its way.
  if (first.binding === "y" && binding !== null) return { result: "refused" };
  const user = saslprep(first.user, "query");
  if (user === null || user === "") return MALFORMED; // RFC 5802 §5.1
  if (encode(user).length > USER_BYTES_MAX) return MALFORMED;

  const { secret, nonce } = (yield { ask: "secret", user }) as ScramStart;
  const bothNonces = first.nonce + nonce;
  const { salt, iterations, storedKey, serverKey } = secret;
  const serverFirst = `r=${bothNonces},s=${encodeBase64(salt)},i=${iterations}`;
  const final = readClientFinal(yield* response(serverFirst));
  if (final === null) return MALFORMED;

  const bound = concat([encode(first.header), ...(plus ? [binding!] : [])]);
  const authMessage = `${first.bare},${serverFirst},${final.withoutProof}`;
  const proven = isProof(final.proof, storedKey, authMessage);
  // RFC 5802 §5.1: both nonces, and the header as it was in the first message, so that whoever
  // stands in between has changed neither; RFC 5802 §6: with -PLUS the channel is the same, too.
  const right = proven && final.nonce === bothNonces && equal(final.binding, bound);
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

function isType(binding: ClientFirst["binding"]): boolean {
  return typeof binding === "object" && binding.type === BINDING_TYPE;
}

/** As long as a name may be in PLAIN (RFC 4616 §2). */
const USER_BYTES_MAX = 255;

function* response(challenge: string): Generator<SaslServerStep, Uint8Array, unknown> {
  return (yield { ask: "response", challenge: encode(challenge) }) as Uint8Array;
}
