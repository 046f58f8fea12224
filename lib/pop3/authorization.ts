/** The AUTHORIZATION state, RFC 1939 §4: from the greeting to an open maildrop. */
import { decodeBase64, encodeBase64 } from "../sasl/base64.ts";
import { saslprep } from "../sasl/saslprep.ts";
import {
  type MechanismName,
  mechanismOf,
  mechanismsOver,
  saslServer,
  UNBOUND,
} from "../sasl/server.ts";
import { decodeLatin1, encode } from "../wire/bytes.ts";
import { pause, type Step, write } from "../wire/session.ts";
import { upgrade } from "../wire/upgrade.ts";
import type { Pop3Backend, Pop3Login, Pop3Snapshot } from "./backend.ts";
import { answerLang, sayCapabilities, sayListing } from "./capability.ts";
import { type AuthCommand, malformed, MASK } from "./command.ts";
import { counted } from "./maildrop.ts";
import { type Answer, answerCommands, ask, hearLine, mayLogIn, type Serving } from "./serving.ts";
import { say, show } from "./talk.ts";

type Verdict = Pop3Login | "denied";

/** The wait after each failed login; behind the last comes the end. Guessing must not pay. */
const FAILED_LOGIN_PAUSES_MS = [1_000, 2_000, 4_000] as const;

/**
 * RFC 5034 §4: responses are as long as the mechanism makes them, whatever the limit for commands.
 * PLAIN makes 1,024 characters at most (RFC 4616 §2); this is what RFC 4954 §4 asks of SMTP.
 */
const RESPONSE_LINE_BYTES_MAX = 12_288;

/** A login takes a handful of commands; whoever goes on and on only holds the place. */
const COMMANDS_MAX = 50;

/** Answers commands until somebody is logged in: gives the snapshot of the mailbox. */
export function authorization(serving: Serving): Step<Pop3Backend, Pop3Snapshot | "over"> {
  let user: string | null = null;
  let commands = 0;
  return answerCommands<Pop3Snapshot>(serving, function* (command) {
    // RFC 1939 §7: PASS counts only immediately after USER: other commands forget the name.
    const named = user;
    user = null;
    if (++commands > COMMANDS_MAX) {
      yield* say(serving, "-ERR too many commands without a login");
      return "over";
    }
    switch (command.verb) {
      case "USER":
        if (!(yield* allowed(serving))) return "next";
        user = nameOf(command.name);
        // RFC 1939 §13: the same answer for every name, or the names would be given away.
        yield* say(serving, "+OK now the password");
        return "next";
      case "PASS":
        if (named === null) throw malformed("USER comes first");
        return yield* admit(serving, yield* logIn(serving, named, command.password));
      case "AUTH":
        return yield* answerAuth(serving, command);
      case "CAPA":
        yield* sayCapabilities(serving, "authorization");
        return "next";
      case "LANG":
        return yield* answerLang(serving, command.range);
      case "UTF8":
        // RFC 6856 §2.1: from here on messages are sent as they are.
        serving.utf8 = true;
        yield* say(serving, "+OK headers may be in UTF-8");
        return "next";
      case "STLS":
        return yield* secure(serving);
      case "QUIT":
        // RFC 1939 §6: without a login there is no UPDATE state.
        yield* say(serving, "+OK goodbye");
        return "over";
      default:
        throw malformed(`${command.verb} comes after the login`);
    }
  });
}

/**
 * RFC 2595 §4. What was said before is forgotten: a name that waits for its password by every
 * command but PASS, what is pipelined by the upgrade.
 */
function* secure(serving: Serving): Step<Pop3Backend, "next" | "over"> {
  const { identity, queue } = serving;
  if (serving.tls !== null) throw malformed("TLS is active already");
  if (identity === null) throw malformed("TLS is not offered here");
  // RFC 6856 §2.1: what was agreed in clear would have to be forgotten.
  if (serving.utf8) throw malformed("STLS comes before UTF8");
  yield* say(serving, "+OK begin with TLS");
  const info = yield* upgrade<Pop3Backend>(queue, { side: "server", identity });
  if (!("version" in info)) return "over";
  serving.tls = info;
  return "next";
}

function* allowed(serving: Serving): Step<Pop3Backend, boolean> {
  if (mayLogIn(serving)) return true;
  // RFC 5034 §4: no password in clear. Not AUTH, for another password would not help (RFC 3206).
  yield* say(serving, "-ERR [SYS/PERM] no login without TLS");
  return false;
}

/** RFC 6856 §2.2: the name as it is looked up; PASS is prepared where it is compared. */
function nameOf(text: string): string {
  const name = saslprep(text, "query");
  if (!name) throw malformed("the name has a character that no name has");
  return name;
}

function* answerAuth(
  serving: Serving,
  { mechanism, initial }: AuthCommand,
): Step<Pop3Backend, Answer<Pop3Snapshot>> {
  if (!(yield* allowed(serving))) return "next";
  const offered = mechanismsOver(UNBOUND);
  if (mechanism === null) {
    // Not in RFC 5034, but older clients ask this way instead of with CAPA.
    yield* say(serving, "+OK mechanisms follow");
    yield* sayListing(serving, offered);
    return "next";
  }
  const name = mechanismOf(mechanism, offered);
  if (name === null) throw malformed("there is no such mechanism here");
  const verdict = yield* authenticate(serving, name, initial);
  return verdict === "over" ? "over" : yield* admit(serving, verdict);
}

/** RFC 5034 §4: challenges and responses, until the mechanism has its outcome. */
function* authenticate(
  serving: Serving,
  name: MechanismName,
  initial: Uint8Array | null,
): Step<Pop3Backend, Verdict | "over"> {
  const mechanism = saslServer(name, initial, UNBOUND);
  let verdict: Verdict = "refused";
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
        const start = yield* ask(serving, (each, signal) => each.secret(asked.user, signal));
        if (start === "later") return start;
        step = mechanism.next(start);
        break;
      }
      case "password":
        verdict = yield* logIn(serving, asked.user, asked.password);
        step = mechanism.next(typeof verdict !== "string");
        break;
      case "proven":
        verdict = yield* ask(
          serving,
          (each, signal) => each.proven(asked.user, asked.right, signal),
        );
        step = mechanism.next(typeof verdict !== "string");
    }
  }
  const { result } = step.value;
  if (result === "malformed") throw malformed("the response does not fit the mechanism");
  return result === "denied" ? "denied" : verdict;
}

/** The response to a challenge; `null` when the conversation is over. */
function* challenge(
  serving: Serving,
  bytes: Uint8Array,
): Step<Pop3Backend, Uint8Array | null> {
  // RFC 5034 §4: nothing but the challenge; an empty one leaves the plus sign and the blank.
  yield* write(encode(`+ ${encodeBase64(bytes)}\r\n`));
  yield* show(serving, "self", `+ ${MASK}`);
  const line = yield* hearLine(serving, RESPONSE_LINE_BYTES_MAX, () => MASK);
  if (line === null) return null;
  const text = decodeLatin1(line);
  if (text === "*") throw malformed("authentication cancelled");
  const response = decodeBase64(text);
  if (response === null) throw malformed("the response is not base64");
  return response;
}

function logIn(serving: Serving, user: string, password: string): Step<Pop3Backend, Verdict> {
  return ask(serving, (conversation, signal) => conversation.login(user, password, signal));
}

function* admit(serving: Serving, verdict: Verdict): Step<Pop3Backend, Answer<Pop3Snapshot>> {
  switch (verdict) {
    case "inUse":
      // RFC 2449 §8.1.2: the login was right, but somebody else has the lock.
      yield* say(serving, "-ERR [IN-USE] another session has the mailbox open");
      return "next";
    case "tooSoon":
      // RFC 2449 §8.1.1: said to whoever knows the password, and to nobody else.
      yield* say(serving, "-ERR [LOGIN-DELAY] the last login was a moment ago; try again later");
      return "next";
    case "denied":
      // RFC 1939 §4: the lock that this login took must not outlive the refusal; ending does that.
      yield* say(serving, "-ERR [AUTH] that account is not yours");
      return "over";
    case "refused":
      // RFC 3206 §5: the credentials are at fault; which of them is not told.
      return yield* refuse(serving, "-ERR [AUTH] the user or the password is wrong");
    case "later":
      // RFC 3206 §4: the same login may succeed later.
      return yield* refuse(serving, "-ERR [SYS/TEMP] too many failed logins; try again later");
    default:
      yield* say(serving, `+OK ${counted(verdict.count)}`);
      return verdict;
  }
}

function* refuse(serving: Serving, words: string): Step<Pop3Backend, "next" | "over"> {
  const pauseMs = FAILED_LOGIN_PAUSES_MS[serving.failedLogins++]!;
  yield* pause(pauseMs);
  yield* say(serving, words);
  return serving.failedLogins < FAILED_LOGIN_PAUSES_MS.length ? "next" : "over";
}
