/** What the server can do (RFC 2449 §5), and the multi-line responses that are lists. */
import { mechanismsOver } from "../sasl/server.ts";
import { encode } from "../wire/bytes.ts";
import { type Step, write } from "../wire/session.ts";
import type { Pop3Backend } from "./backend.ts";
import { mayLogIn, type Serving } from "./serving.ts";
import { say, show, type Talk } from "./talk.ts";

/** RFC 2449 §5: what can be done, told in both states. */
export function* sayCapabilities(
  serving: Serving,
  state: "authorization" | "transaction",
): Step<Pop3Backend, void> {
  const { identity, tls } = serving;
  yield* say(serving, "+OK capabilities follow");
  yield* sayListing(serving, [
    // RFC 5034 §4: where passwords must not be sent in clear, the ways to do so are not told of.
    ...(mayLogIn(serving)
      ? ["USER", `SASL ${mechanismsOver(tls?.binding ?? null).join(" ")}`]
      : []),
    // RFC 2595 §4: in this state only, and not twice.
    ...(identity !== null && tls === null && state === "authorization" ? ["STLS"] : []),
    "TOP",
    "UIDL",
    "PIPELINING", // RFC 2449 §6.6
    "RESP-CODES", // RFC 2449 §6.4
    "AUTH-RESP-CODE", // RFC 3206 §6
    "EXPIRE NEVER", // RFC 2449 §6.7: nothing is removed but by DELE
  ]);
}

/** A list is written in pieces of about this size, and is never in memory as a whole. */
const PIECE_CHARACTERS = 32 * 1024;

/**
 * The lines behind the `+OK` of a multi-line response, and the dot that ends them. None may begin
 * with a dot; capabilities, mechanisms and lines that begin with a message's number do not.
 */
export function* sayListing(talk: Talk, lines: Iterable<string>): Step<Pop3Backend, void> {
  let piece = "";
  for (const line of lines) {
    piece += `${line}\r\n`;
    yield* show(talk, "self", line);
    if (piece.length < PIECE_CHARACTERS) continue;
    yield* write(encode(piece));
    piece = "";
  }
  yield* write(encode(`${piece}.\r\n`));
  yield* show(talk, "self", ".");
}
