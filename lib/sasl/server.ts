/**
 * SASL mechanisms, the server's side (RFC 4422), without I/O: a mechanism asks for the client's
 * next response, or for a password to be checked, and ends with an outcome. SMTP, POP3 and IMAP
 * only frame the exchange.
 */
import { decode, encode } from "../wire/bytes.ts";
import {
  type ChannelBinding,
  type MechanismName,
  mechanismOf,
  MECHANISMS,
  mechanismsOver,
  type SaslOutcome,
  type SaslServer,
  type SaslServerStep,
  type ScramStart,
  UNBOUND,
} from "./mechanism.ts";
import { scramServer } from "./scram_server.ts";

export { mechanismOf, MECHANISMS, mechanismsOver, UNBOUND };
export type { MechanismName, SaslOutcome, SaslServer, SaslServerStep, ScramStart };

/** Starts a mechanism; `initial` is the initial response (RFC 4422 §3), `null` without one. */
export function saslServer(
  name: MechanismName,
  initial: Uint8Array | null,
  binding: ChannelBinding,
): SaslServer {
  switch (name) {
    case "SCRAM-SHA-256-PLUS":
      return scramServer(initial, { plus: true, binding });
    case "SCRAM-SHA-256":
      return scramServer(initial, { plus: false, binding });
    case "PLAIN":
      return plain(initial);
    case "LOGIN":
      return login(initial);
  }
}

function* plain(initial: Uint8Array | null): SaslServer {
  const message = initial ?? (yield* response(""));
  // RFC 4616 §2: [authzid] NUL authcid NUL passwd, each at most 255 octets, UTF-8.
  const text = utf8(message);
  const parts = text?.split("\0");
  if (parts?.length !== 3) return { result: "malformed" };
  const [authorize, user, password] = parts as [string, string, string];
  if (user === "" || password === "" || message.length > 3 * 255 + 2) {
    return { result: "malformed" };
  }
  const outcome = yield* check(user, password);
  if (outcome.result !== "accepted") return outcome;
  // RFC 4616 §2: an empty authzid, or the user's own, asks for nothing more than the login.
  if (authorize !== "" && authorize.toLowerCase() !== user.toLowerCase()) {
    return { result: "denied" };
  }
  return outcome;
}

/** Never made a standard; the challenges are those of draft-murchison-sasl-login. */
function* login(initial: Uint8Array | null): SaslServer {
  const user = utf8(initial ?? (yield* response("Username:")));
  const password = utf8(yield* response("Password:"));
  if (!user || !password) return { result: "malformed" };
  return yield* check(user, password);
}

function* response(challenge: string): Generator<SaslServerStep, Uint8Array, unknown> {
  return (yield { ask: "response", challenge: encode(challenge) }) as Uint8Array;
}

function* check(user: string, password: string): SaslServer {
  const right = (yield { ask: "password", user, password }) as boolean;
  return right ? { result: "accepted", user } : { result: "refused" };
}

function utf8(bytes: Uint8Array): string | null {
  const text = decode(bytes);
  return text.includes("\uFFFD") ? null : text;
}
