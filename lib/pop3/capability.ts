/** What the server can do (RFC 2449 §5), and the multi-line responses that are lists. */
import { mechanismsOver, UNBOUND } from "../sasl/server.ts";
import { encode } from "../wire/bytes.ts";
import { deadline, type Step, write, writeNow } from "../wire/session.ts";
import type { Pop3Backend } from "./backend.ts";
import { languageOf, LANGUAGES } from "./language.ts";
import { ask, type Expire, IDLE_MS, mayLogIn, type Serving } from "./serving.ts";
import { say, show } from "./talk.ts";

/** RFC 2449 §5: what can be done, told in both states. */
export function* sayCapabilities(
  serving: Serving,
  state: "authorization" | "transaction",
): Step<Pop3Backend, void> {
  const { identity, tls, loginDelaySeconds } = serving;
  yield* say(serving, "+OK capabilities follow");
  yield* sayListing(serving, [
    // RFC 5034 §4: where passwords must not be sent in clear, the ways to do so are not told of.
    ...(mayLogIn(serving) ? ["USER", `SASL ${mechanismsOver(UNBOUND).join(" ")}`] : []),
    // RFC 2595 §4: in this state only, and not twice.
    ...(identity !== null && tls === null && state === "authorization" ? ["STLS"] : []),
    "TOP",
    "UIDL",
    "PIPELINING", // RFC 2449 §6.6
    "RESP-CODES", // RFC 2449 §6.4
    "AUTH-RESP-CODE", // RFC 3206 §6
    ...expiry(serving.expire),
    // RFC 2449 §6.5: the same for all users, and so in both states.
    ...(loginDelaySeconds > 0 ? [`LOGIN-DELAY ${loginDelaySeconds}`] : []),
    "UTF8 USER", // RFC 6856 §2.2: names and passwords, too
    "LANG", // RFC 6856 §3.1
    "IMPLEMENTATION smtpd", // RFC 2449 §6.9; which version is nobody's business
  ]);
}

/**
 * RFC 2449 §6.7: NEVER says that nothing is removed but by DELE. What is unknown is not told: 0
 * would say that no mail may be left here.
 */
function expiry(expire: Expire): readonly string[] {
  return expire === "unknown" ? [] : [`EXPIRE ${expire === "never" ? "NEVER" : expire}`];
}

/** RFC 6856 §3.2 LANG: the languages, or what became of the wish for one; `null` asks for all. */
export function* answerLang(serving: Serving, range: string | null): Step<Pop3Backend, "next"> {
  if (range === null) {
    yield* say(serving, "+OK languages follow");
    yield* sayListing(serving, LANGUAGES.map(({ tag, name }) => `${tag} ${name}`));
    return "next";
  }
  const language = languageOf(range);
  const words = language === null ? "-ERR no such language here" : `+OK ${language.tag} it is`;
  yield* say(serving, words);
  return "next";
}

/** A list is written in pieces of about this size, and is never in memory as a whole. */
const PIECE_CHARACTERS = 32 * 1024;

/**
 * The lines behind the `+OK` of a multi-line response, and the dot that ends them. None may begin
 * with a dot; capabilities, mechanisms, languages and lines that begin with a message's number do
 * not.
 */
export function* sayListing(serving: Serving, lines: Iterable<string>): Step<Pop3Backend, void> {
  let piece = "";
  for (const line of lines) {
    piece += `${line}\r\n`;
    yield* show(serving, "self", line);
    if (piece.length < PIECE_CHARACTERS) continue;
    // A client that does not read holds up the list, and not more and more of it in memory.
    yield* deadline(IDLE_MS);
    yield* writeNow(encode(piece));
    piece = "";
    yield* ask(serving, (conversation) => conversation.turn());
  }
  yield* write(encode(`${piece}.\r\n`));
  yield* show(serving, "self", ".");
}
