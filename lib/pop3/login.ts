/**
 * The client's login: what the server can do decides how (RFC 2449 §5, RFC 5034 §4, RFC 1939 §7).
 */
import { type ClientMechanism, type Login, saslClient, type SaslFault } from "../sasl/client.ts";
import { type Carrier, clientExchange } from "../sasl/client_exchange.ts";
import type { ChannelBinding } from "../sasl/mechanism.ts";
import { decode } from "../wire/bytes.ts";
import type { Step } from "../wire/session.ts";
import { COMMAND_LINE_BYTES_MAX, MASK } from "./command.ts";
import {
  broken,
  command,
  type Dialogue,
  hearLine,
  hearList,
  type Refusal,
  type Response,
  responseOf,
} from "./dialogue.ts";
import { say } from "./talk.ts";

/** The login failed, and why. */
export interface LoginRefusal {
  readonly result: "loginRefused";
  /**
   * `credentials`: the user or the password is wrong, or not accepted here. `inUse`: another
   * session has the mailbox open (RFC 2449 §8.1.2). `temporary`: the same login may succeed later
   * (RFC 3206 §4). `mechanism`: the server does not offer the one that was asked for. Others: see
   * {@linkcode SaslFault}.
   */
  readonly reason: "credentials" | "inUse" | "temporary" | "mechanism" | SaslFault["fault"];
  /** The server's words, or ours, fit to be shown. */
  readonly text: string;
}

/**
 * Logs in after the greeting: with SASL where the server offers a mechanism that we have, else with
 * USER and PASS. Asks for the `capabilities` where they are not known yet, and for messages as they
 * are where the server has others for clients that do not ask. Gives `null` when it has succeeded.
 * @throws {ProtocolError} when the server breaks the protocol.
 */
export function* pop3Login<B>(
  dialogue: Dialogue,
  login: Login,
  capabilities: readonly string[] | null,
  binding: ChannelBinding,
): Step<B, LoginRefusal | null> {
  // A line end would smuggle a command in; NUL is what PLAIN puts between its parts.
  if (/[\0\r\n]/.test(login.user + login.password)) {
    return refusal("unsendable", "the user or the password has a character that cannot be sent");
  }
  const known = capabilities ?? (yield* capabilitiesOf<B>(dialogue));
  // RFC 6856 §2.1: before the login, and behind STLS. A refusal does no harm: then the server sends
  // something else in place of headers in UTF-8.
  if (known.some((line) => /^UTF8(?: |$)/i.test(line))) yield* command<B>(dialogue, "UTF8");
  const offered = saslOffer(known);
  const mechanism = saslClient(offered, login, binding);
  // RFC 1939 §7: USER and PASS say the password in clear; they do not stand for what was chosen.
  if (mechanism === null && login.mechanism !== undefined) {
    return refusal("mechanism", `the server does not offer ${login.mechanism}`);
  }
  const end = mechanism === null
    ? yield* userAndPass<B>(dialogue, login)
    : yield* clientExchange<B, Response>(mechanism, login, carrierOf(dialogue, mechanism));
  if ("fault" in end) return refusal(end.fault, end.text);
  return end.ok ? null : refusal(reasonOf(end), end.text);
}

function refusal(reason: LoginRefusal["reason"], text: string): LoginRefusal {
  return { result: "loginRefused", reason, text };
}

/** CAPA lists a dozen lines of at most 512 bytes each (RFC 2449 §3). */
const CAPABILITIES_BYTES_MAX = 64 * 1024;
/** RFC 5034 §4 sets no limit for challenges; ours are of a few words. */
const CHALLENGE_LINE_BYTES_MAX = 12_288;

/** What the server can do, line by line. */
export function* capabilitiesOf<B>(dialogue: Dialogue): Step<B, readonly string[]> {
  const response = yield* command<B>(dialogue, "CAPA");
  // RFC 2449 §5: an old server says -ERR; then AUTH must not be assumed either (RFC 5034 §3).
  return response.ok ? yield* hearList<B>(dialogue, CAPABILITIES_BYTES_MAX) : [];
}

/** The SASL mechanisms that the server offers. */
function saslOffer(capabilities: readonly string[]): readonly string[] {
  return capabilities.map((line) => line.split(" "))
    .filter(([tag]) => tag!.toUpperCase() === "SASL")
    .flatMap(([_tag, ...mechanisms]) => mechanisms);
}

function* userAndPass<B>(dialogue: Dialogue, { user, password }: Login): Step<B, Response> {
  const response = yield* command<B>(dialogue, `USER ${user}`);
  return response.ok ? yield* command(dialogue, `PASS ${password}`, `PASS ${MASK}`) : response;
}

/** RFC 5034 §4: AUTH, then a response to each challenge, until +OK or -ERR. */
function carrierOf<B>(dialogue: Dialogue, { name }: ClientMechanism): Carrier<B, Response> {
  const carrying = (response: string) => `AUTH ${name} ${response}`;
  return {
    // RFC 5034 §4: a command that would become too long goes without the initial response.
    carries: (response) => carrying(response).length + 2 <= COMMAND_LINE_BYTES_MAX,
    begin: (response) =>
      response === null
        ? say(dialogue, `AUTH ${name}`)
        : say(dialogue, carrying(response), carrying(MASK)),
    respond: (response) => say(dialogue, response, MASK),
    hear: () => hearChallenge(dialogue),
    *cancel() {
      // RFC 5034 §4: a client that makes no sense of a challenge cancels, and is answered -ERR.
      const response = yield* command<B>(dialogue, "*");
      if (response.ok) throw broken("the server's login cannot be followed");
    },
  };
}

function* hearChallenge<B>(
  dialogue: Dialogue,
): Step<B, Response | { readonly challenge: string }> {
  const line = yield* hearLine<B>(
    dialogue,
    CHALLENGE_LINE_BYTES_MAX,
    (line) => isChallenge(decode(line)) ? `+ ${MASK}` : decode(line),
  );
  const text = decode(line);
  return isChallenge(text) ? { challenge: text.slice(2) } : responseOf(line);
}

/** RFC 5034 §4: a plus sign and a blank; some servers leave the blank out when nothing follows. */
function isChallenge(line: string): boolean {
  return line === "+" || line.startsWith("+ ");
}

function reasonOf({ code }: Refusal): LoginRefusal["reason"] {
  // RFC 2449 §8: further levels of detail behind a slash are to be ignored.
  if (/^IN-USE(\/|$)/.test(code ?? "")) return "inUse";
  return /^(SYS\/TEMP|LOGIN-DELAY)(\/|$)/.test(code ?? "") ? "temporary" : "credentials";
}
