/** AUTH, RFC 4954: the SMTP profile of SASL, the client's side. */
import { type ClientMechanism, type Login, saslClient, type SaslFault } from "../sasl/client.ts";
import { type Carrier, clientExchange } from "../sasl/client_exchange.ts";
import type { ChannelBinding } from "../sasl/mechanism.ts";
import type { Step } from "../wire/session.ts";
import { isPositive, type Reply } from "./reply.ts";

/** How a login has failed. */
export type LoginEnd =
  | { readonly end: "refused"; readonly at: "login"; readonly reply: Reply }
  /** The server has no mechanism that we could log in with. */
  | { readonly end: "noLogin" }
  /** We do not log in there, whatever the server says. */
  | { readonly end: "faultyLogin"; readonly fault: SaslFault };

export interface LoginOptions<B> {
  readonly login: Login;
  /** The mechanisms of the EHLO reply. */
  readonly offered: readonly string[];
  readonly binding: ChannelBinding;
  /** Says a line and gives the reply; `shown` stands for it in a trace. */
  say(line: string, shown: string): Step<B, Reply>;
}

/** Logs in; `null` when it has succeeded. */
export function* smtpLogin<B>(options: LoginOptions<B>): Step<B, LoginEnd | null> {
  const { login, say } = options;
  const mechanism = saslClient(options.offered, login, options.binding);
  if (mechanism === null) return { end: "noLogin" };
  const end = yield* clientExchange<B, Answer>(mechanism, login, carrierOf(mechanism, say));
  if ("fault" in end) return { end: "faultyLogin", fault: end };
  return end.ok ? null : { end: "refused", at: "login", reply: end.reply };
}

interface Answer {
  readonly ok: boolean;
  readonly reply: Reply;
}

/** RFC 4954 §4: AUTH, then a response to each 334. */
function carrierOf<B>(
  { name }: ClientMechanism,
  say: LoginOptions<B>["say"],
): Carrier<B, Answer> {
  const line = `AUTH ${name}`;
  let reply: Reply;
  return {
    // RFC 4954 §4: an initial response that makes the command too long waits for the challenge.
    carries: (response) => `${line} ${response}`.length <= COMMAND_CHARACTERS_MAX,
    *begin(response) {
      reply = yield* say(response === null ? line : `${line} ${response}`, `${line} ${MASK}`);
    },
    *respond(response) {
      reply = yield* say(response, MASK);
    },
    // deno-lint-ignore require-yield -- the reply came with what was said
    *hear() {
      if (reply.code === 334) return { challenge: reply.lines[0] ?? "" };
      return { ok: isPositive(reply), reply };
    },
    *cancel() {
      yield* say("*", "*"); // RFC 4954 §4: the server waits for a response; this is to give up
    },
  };
}

const MASK = "****";
/** RFC 5321 §4.5.3.1.4, without the CRLF. */
const COMMAND_CHARACTERS_MAX = 510;
