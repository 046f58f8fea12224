/** LOGIN, AUTHENTICATE and STARTTLS (RFC 9051 §6.2): how a client gets to its mailboxes. */
import { decodeBase64, encodeBase64 } from "../sasl/base64.ts";
import { type MechanismName, mechanismOf, mechanismsOver, saslServer } from "../sasl/server.ts";
import { decodeLatin1, encode } from "../wire/bytes.ts";
import { readLine } from "../wire/lines.ts";
import { pause, type Step, trace, write } from "../wire/session.ts";
import { upgrade } from "../wire/upgrade.ts";
import type { ImapBackend, ImapLogin } from "./backend.ts";
import { capabilities } from "./capability.ts";
import type { AuthenticateCommand } from "./command.ts";
import { ImapError, malformed, refused } from "./error.ts";
import { answer, ask, bye, done, MASK, mayLogIn, type Reply, type Serving } from "./serving.ts";

/** The wait after each failed login; behind the last comes the end. Guessing must not pay. */
const FAILED_LOGIN_PAUSES_MS = [1_000, 2_000, 4_000] as const;
/** RFC 4954 §4 asks for so much of SMTP, and the mechanisms are the same. */
const RESPONSE_LINE_BYTES_MAX = 12_288;

/** RFC 9051 §6.2.3. */
export function* logIn(
  serving: Serving,
  { user, password }: { readonly user: string; readonly password: string },
): Step<ImapBackend, Reply> {
  checkAllowed(serving);
  const login = yield* ask((signal) => serving.conversation.login(user, password, signal));
  return yield* admit(serving, login);
}

/** RFC 9051 §6.2.2, RFC 4959. */
export function* authenticate(
  serving: Serving,
  { mechanism, initial }: AuthenticateCommand,
): Step<ImapBackend, Reply | "over"> {
  checkAllowed(serving);
  const name = mechanismOf(mechanism, mechanismsOver(serving.tls?.binding ?? null));
  if (name === null) throw refused("there is no such mechanism here");
  const login = yield* exchange(serving, name, initial);
  return login === "over" ? "over" : yield* admit(serving, login);
}

/** RFC 9051 §6.2.1. What was said before is forgotten with what is pipelined. */
export function* startTls(
  serving: Serving,
  tag: string,
): Step<ImapBackend, "answered" | "over"> {
  const { identity, queue } = serving;
  if (serving.account !== null) throw new ImapError("BAD", "STARTTLS comes before the login");
  if (serving.tls !== null) throw new ImapError("BAD", "TLS is active already");
  if (identity === null) throw new ImapError("BAD", "TLS is not offered here");
  yield* answer(serving, tag, done("begin with TLS"));
  const info = yield* upgrade<ImapBackend>(queue, { side: "server", identity });
  if (!("version" in info)) return "over";
  serving.tls = info;
  // Whoever sits on the line may have said those in clear.
  serving.badCommands = 0;
  return "answered";
}

function checkAllowed(serving: Serving): void {
  if (serving.account !== null) throw new ImapError("BAD", "somebody is logged in already");
  // RFC 9051 §11.1 and RFC 5530 §3: no password in clear.
  if (!mayLogIn(serving)) throw refused("no login without TLS", "PRIVACYREQUIRED");
}

/** Challenges and responses, until the mechanism has its outcome. */
function* exchange(
  serving: Serving,
  name: MechanismName,
  initial: Uint8Array | null,
): Step<ImapBackend, ImapLogin | "denied" | "over"> {
  const { conversation } = serving;
  const mechanism = saslServer(name, initial, serving.tls?.binding ?? null);
  let login: ImapLogin = "refused";
  let step = mechanism.next();
  while (!step.done) {
    const asked = step.value;
    switch (asked.ask) {
      case "response": {
        const response = yield* challenge(serving, asked.challenge);
        if (response === null) return "over";
        step = mechanism.next(response);
        break;
      }
      case "secret": {
        const start = yield* ask((signal) => conversation.secret(asked.user, signal));
        if (start === "later") return start;
        step = mechanism.next(start);
        break;
      }
      case "password":
        login = yield* ask((signal) => conversation.login(asked.user, asked.password, signal));
        step = mechanism.next(typeof login !== "string");
        break;
      case "proven":
        login = yield* ask((signal) => conversation.proven(asked.user, asked.right, signal));
        step = mechanism.next(typeof login !== "string");
    }
  }
  const { result } = step.value;
  if (result === "malformed") throw malformed("the response does not fit the mechanism");
  return result === "denied" ? "denied" : login;
}

/** The response to a challenge; `null` when the conversation is over. */
function* challenge(serving: Serving, bytes: Uint8Array): Step<ImapBackend, Uint8Array | null> {
  yield* write(encode(`+ ${encodeBase64(bytes)}\r\n`));
  if (serving.traced) yield* trace("self", encode(`+ ${MASK}`));
  const heard = yield* readLine<ImapBackend>(serving.queue, RESPONSE_LINE_BYTES_MAX);
  if (serving.traced && heard !== null) yield* trace("peer", encode(MASK));
  if (heard === null || heard === "endless") return null;
  if (typeof heard === "string") throw malformed("the response is no line");
  const text = decodeLatin1(heard);
  if (text === "*") throw malformed("authentication cancelled"); // RFC 9051 §6.2.2: BAD
  const response = decodeBase64(text);
  if (response === null) throw malformed("the response is not base64");
  return response;
}

function* admit(serving: Serving, login: ImapLogin | "denied"): Step<ImapBackend, Reply> {
  switch (login) {
    case "denied":
      return yield* refuse(serving, "that account is not yours", "AUTHORIZATIONFAILED");
    case "refused":
      // RFC 5530 §3: which of them is wrong is not told.
      return yield* refuse(serving, "the user or the password is wrong", "AUTHENTICATIONFAILED");
    case "later":
      return yield* refuse(serving, "too many failed logins; try again later", "UNAVAILABLE");
    default:
      serving.account = login;
      // RFC 9051 §6.2.2: what is announced may differ from now on, and saves the client a question.
      return done("logged in", capabilities(serving));
  }
}

function* refuse(
  serving: Serving,
  words: string,
  code: string,
): Step<ImapBackend, Reply> {
  yield* pause(FAILED_LOGIN_PAUSES_MS[serving.failedLogins++]!);
  const last = serving.failedLogins === FAILED_LOGIN_PAUSES_MS.length;
  if (last) yield* bye(serving, "too many failed logins");
  return { condition: "NO", words, code, last };
}
