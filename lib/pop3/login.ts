/**
 * The client's login: what the server can do decides how (RFC 2449 §5, RFC 5034 §4, RFC 1939 §7).
 */
import { decodeBase64, encodeBase64 } from "../sasl/base64.ts";
import { type ClientMechanism, type Login, saslClient } from "../sasl/client.ts";
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
   * (RFC 3206 §4). `unsendable`: a name or password with a character that POP3 cannot carry;
   * nothing was sent.
   */
  readonly reason: "credentials" | "inUse" | "temporary" | "unsendable";
  /** The server's words, fit to be shown. */
  readonly text: string;
}

/**
 * Logs in after the greeting: with SASL where the server offers a mechanism that we have, else with
 * USER and PASS. Asks for the `capabilities` where they are not known yet. Gives `null` when it has
 * succeeded.
 * @throws {ProtocolError} when the server breaks the protocol.
 */
export function* pop3Login<B>(
  dialogue: Dialogue,
  login: Login,
  capabilities: readonly string[] | null,
): Step<B, LoginRefusal | null> {
  // A line end would smuggle a command in; NUL is what PLAIN puts between its parts.
  if (/[\0\r\n]/.test(login.user + login.password)) {
    const text = "the user or the password has a character that cannot be sent";
    return { result: "loginRefused", reason: "unsendable", text };
  }
  const mechanism = saslClient(
    saslOffer(capabilities ?? (yield* capabilitiesOf<B>(dialogue))),
    login,
  );
  const response = mechanism === null
    ? yield* userAndPass<B>(dialogue, login)
    : yield* authenticate<B>(dialogue, mechanism);
  return response.ok
    ? null
    : { result: "loginRefused", reason: reasonOf(response), text: response.text };
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
function* authenticate<B>(
  dialogue: Dialogue,
  { name, initial, exchange }: ClientMechanism,
): Step<B, Response> {
  const started = exchange.next();
  /** The response that waits for its challenge; the first one is known before there is any. */
  let due = started.done ? null : encodeBase64(started.value);
  const carrying = `AUTH ${name} ${due}`;
  // RFC 5034 §4: a command that would become too long goes without the initial response.
  if (initial && due !== null && carrying.length + 2 <= COMMAND_LINE_BYTES_MAX) {
    yield* say(dialogue, carrying, `AUTH ${name} ${MASK}`);
    due = null;
  } else yield* say(dialogue, `AUTH ${name}`);
  for (;;) {
    const heard = yield* hearChallenge<B>(dialogue);
    if ("ok" in heard) return heard;
    const response = due ?? nextResponse(exchange, heard.challenge);
    due = null;
    if (response === null) return yield* cancel(dialogue);
    yield* say(dialogue, response, MASK);
  }
}

/** `null` when the challenge is not base64, or one too many. */
function nextResponse(exchange: ClientMechanism["exchange"], challenge: string): string | null {
  const bytes = decodeBase64(challenge);
  if (bytes === null) return null;
  const step = exchange.next(bytes);
  return step.done ? null : encodeBase64(step.value);
}

function* cancel<B>(dialogue: Dialogue): Step<B, Response> {
  // RFC 5034 §4: a client that cannot make sense of a challenge cancels, and is answered -ERR.
  const response = yield* command<B>(dialogue, "*");
  if (response.ok) throw broken("the server's login cannot be followed");
  return response;
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
