/** AUTH, RFC 4954: the SMTP profile of SASL, the server's side. */
import { decodeBase64, encodeBase64 } from "../sasl/base64.ts";
import {
  mechanismOf,
  mechanismsOver,
  type SaslServer,
  saslServer,
  type SaslServerStep,
  type ScramStart,
  UNBOUND,
} from "../sasl/server.ts";
import { decodeLatin1, encode } from "../wire/bytes.ts";
import { readLine } from "../wire/lines.ts";
import { call, Interrupted, type Step, trace, writeNow } from "../wire/session.ts";
import type { SmtpLogin } from "./backend.ts";
import { AUTH_LINE_BYTES_MAX, type AuthCommand } from "./command.ts";
import { type Reply, reply } from "./reply.ts";
import { type Connection, helloFirst, lineFault, say } from "./connection.ts";
import { mayLogIn } from "./start_tls.ts";

/** Goes through the exchange; the final reply, or `null` when the conversation is over. */
export function* authenticate<B>(
  connection: Connection,
  command: AuthCommand,
): Step<B, Reply | null> {
  // Whoever may connect to the port may deliver; a login would change nothing.
  if (connection.options.service === "lmtp") return reply(502, "5.5.1", "Logins are not for LMTP");
  // RFC 4954 §4: after EHLO, not within a transaction, and once in a session.
  if (connection.hello?.extended !== true) return helloFirst(connection);
  if (connection.user !== null) return reply(503, "5.5.1", "You are logged in already");
  if (connection.transaction !== null) return reply(503, "5.5.1", "Not within a transaction");
  const mechanism = mechanismOf(command.mechanism, mechanismsOver(UNBOUND));
  if (mechanism === null) return reply(504, "5.5.4", "That mechanism is not offered");
  // RFC 4954 §4 would allow SCRAM in clear. But whoever listens can guess at the password at home
  // (RFC 5802 §9), and whoever stands in between can send under the login that it has made.
  if (!mayLogIn(connection)) return reply(538, "5.7.11", "A login needs TLS here");
  return yield* exchange(connection, saslServer(mechanism, command.initial, UNBOUND));
}

function* exchange<B>(connection: Connection, sasl: SaslServer): Step<B, Reply | null> {
  let account: string | null = null;
  let step = sasl.next();
  while (!step.done) {
    const asked = step.value;
    if (asked.ask === "response") {
      const response = yield* respond<B>(connection, asked.challenge);
      if (response === null || "code" in response) return response;
      step = sasl.next(response);
      continue;
    }
    const answer = yield* consult<B>(connection, asked);
    if (answer === "later") return TOO_MANY;
    if (answer !== "refused" && "code" in answer) return answer;
    if (answer !== "refused" && "account" in answer) account = answer.account;
    step = sasl.next(asked.ask === "secret" ? answer : account !== null);
  }
  switch (step.value.result) {
    case "accepted":
      connection.user = account;
      return reply(235, "2.7.0", "Logged in");
    case "malformed":
      return reply(501, "5.5.2", "The response is malformed");
    case "refused":
    case "denied":
      return reply(535, "5.7.8", "User or password is wrong");
  }
}

/** RFC 4954 §6: a temporary failure; the same for every user, here or not. */
const TOO_MANY = reply(454, "4.7.0", "Too many failed logins, try again later");

/** Asks the application; a reply when it cannot say. */
function* consult<B>(
  { conversation }: Connection,
  asked: Exclude<SaslServerStep, { readonly ask: "response" }>,
): Step<B, SmtpLogin | ScramStart | Reply> {
  try {
    return yield* call<B, SmtpLogin | ScramStart>((_, signal) => {
      switch (asked.ask) {
        case "password":
          return conversation.login(asked.user, asked.password, signal);
        case "secret":
          return conversation.secret(asked.user, signal);
        case "proven":
          return conversation.proven(asked.user, asked.right, signal);
      }
    });
  } catch (error) {
    if (error instanceof Interrupted) throw error;
    return reply(454, "4.7.0", "Cannot check logins just now"); // RFC 4954 §6
  }
}

/** Sends a challenge and reads the response; a reply where the exchange is over. */
function* respond<B>(
  connection: Connection,
  challenge: Uint8Array,
): Step<B, Uint8Array | Reply | null> {
  const { options, queue } = connection;
  if (options.traced) yield* trace("self", encode("334 ****"));
  yield* writeNow(encode(`334 ${encodeBase64(challenge)}\r\n`));
  const response = yield* readLine<B>(queue, AUTH_LINE_BYTES_MAX);
  if (response === null) return null;
  if (options.traced) yield* trace("peer", encode("****"));
  if (response === "endless") {
    yield* say(options, lineFault(response));
    return null;
  }
  // RFC 4954 §4: 500 with this status.
  if (response === "overlong") return reply(500, "5.5.6", "Authentication line too long");
  if (typeof response === "string") return reply(500, "5.5.2", "Lines end with CRLF (nc -C)");
  const text = decodeLatin1(response);
  if (text === "*") return reply(501, "5.0.0", "The login was cancelled"); // RFC 4954 §4
  return decodeBase64(text) ?? reply(501, "5.5.2", "That is not base64");
}
