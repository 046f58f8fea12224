/** The client's login: AUTHENTICATE where it can be, else LOGIN (RFC 9051 §6.2.2, §6.2.3). */
import { type ClientMechanism, type Login, saslClient, type SaslFault } from "../sasl/client.ts";
import { type Carrier, clientExchange } from "../sasl/client_exchange.ts";
import type { ChannelBinding } from "../sasl/mechanism.ts";
import type { Step } from "../wire/session.ts";
import {
  type Answer,
  can,
  command,
  type Dialogue,
  hearUntilAnswer,
  MASK,
  nextTag,
  type Refusal,
  sayLine,
  stringPiece,
} from "./client_dialogue.ts";
import { broken } from "./client_error.ts";

/** The login failed, and why. */
export interface LoginRefusal {
  readonly result: "loginRefused";
  /**
   * `credentials`: the user or the password is wrong, or not accepted here. `inUse`: another
   * session keeps this one out. `temporary`: the same login may succeed later (RFC 5530 §3).
   * `mechanism`: the server does not offer the one that was asked for, or any. Others: see
   * {@linkcode SaslFault}.
   */
  readonly reason: "credentials" | "inUse" | "temporary" | "mechanism" | SaslFault["fault"];
  /** The server's words, or ours, fit to be shown. */
  readonly text: string;
}

/**
 * Asks what the server can do, unless it has told already.
 * @throws {ProtocolError} when it does not say.
 */
export function* learnCapabilities<B>(dialogue: Dialogue): Step<B, void> {
  if (dialogue.capabilities !== null) return;
  const answer = yield* command<B>(dialogue, ["CAPABILITY"]);
  // RFC 9051 §6.1.1: there is no server that may refuse it.
  if (!answer.ok || dialogue.capabilities === null) throw broken("it does not say what it can do");
}

/**
 * Logs in, by the best mechanism that both sides have. Gives `null` when that has succeeded.
 * @throws {ProtocolError} when the server breaks the protocol.
 */
export function* imapLogin<B>(
  dialogue: Dialogue,
  login: Login,
  binding: ChannelBinding,
): Step<B, LoginRefusal | null> {
  // NUL is what PLAIN puts between its parts, and no string of IMAP holds it (RFC 9051 §4.3).
  if (/[\0\r\n]/.test(login.user + login.password)) {
    return refusal("unsendable", "the user or the password has a character that cannot be sent");
  }
  const mechanism = saslClient(mechanismsOf(dialogue), login, binding);
  if (mechanism === null && login.mechanism !== undefined) {
    return refusal("mechanism", `the server does not offer ${login.mechanism}`);
  }
  // RFC 9051 §6.2.3: LOGIN must not be tried where the server says so.
  if (mechanism === null && can(dialogue, "LOGINDISABLED")) {
    return refusal("mechanism", "the server offers no login that works here");
  }
  dialogue.challenged = mechanism !== null;
  const end = mechanism === null
    ? yield* plainLogin<B>(dialogue, login)
    : yield* clientExchange<B, Answer>(mechanism, login, carrierOf(dialogue, mechanism));
  dialogue.challenged = false;
  if ("fault" in end) return refusal(end.fault, end.text);
  if (!end.ok) return refusal(reasonOf(end), end.text);
  // RFC 9051 §6.2.2: what it can do may differ now; most servers tell with the answer.
  if (end.code?.name !== "CAPABILITY") dialogue.capabilities = null;
  yield* learnCapabilities<B>(dialogue);
  return null;
}

function refusal(reason: LoginRefusal["reason"], text: string): LoginRefusal {
  return { result: "loginRefused", reason, text };
}

function mechanismsOf({ capabilities }: Dialogue): readonly string[] {
  return [...capabilities ?? []].filter((name) => name.startsWith("AUTH="))
    .map((name) => name.slice("AUTH=".length));
}

function plainLogin<B>(dialogue: Dialogue, { user, password }: Login): Step<B, Answer> {
  const pieces = ["LOGIN", stringPiece(user), stringPiece(password)];
  return command<B>(dialogue, pieces, { shown: `LOGIN ${MASK}` });
}

/** RFC 9051 §6.2.2: a response to each challenge, until the answer comes. */
function carrierOf<B>(dialogue: Dialogue, { name }: ClientMechanism): Carrier<B, Answer> {
  const tag = nextTag(dialogue);
  const command = `${tag} AUTHENTICATE ${name}`;
  return {
    // RFC 4959 §3: with the command, where the server takes it.
    carries: () => can(dialogue, "SASL-IR"),
    begin: (response) =>
      response === null
        ? sayLine(dialogue, command)
        : sayLine(dialogue, `${command} ${response}`, `${command} ${MASK}`),
    respond: (response) => sayLine(dialogue, response, MASK),
    hear: () => hearUntilAnswer(dialogue, tag),
    *cancel() {
      // RFC 9051 §6.2.2: a client that makes no sense of a challenge cancels, and is answered BAD.
      yield* sayLine<B>(dialogue, "*");
      const heard = yield* hearUntilAnswer<B>(dialogue, tag);
      if (!("ok" in heard) || heard.ok) throw broken("its login cannot be followed");
    },
  };
}

function reasonOf({ condition, code }: Refusal): LoginRefusal["reason"] {
  if (code === "INUSE") return "inUse";
  return condition === "BYE" || code === "UNAVAILABLE" || code === "LIMIT"
    ? "temporary"
    : "credentials";
}
