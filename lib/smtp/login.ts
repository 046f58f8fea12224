/** AUTH, RFC 4954: the SMTP profile of SASL, the client's side. */
import { decodeBase64, encodeBase64 } from "../sasl/base64.ts";
import {
  type ClientMechanism,
  type Login,
  proceed,
  type Progress,
  saslClient,
  type SaslFault,
} from "../sasl/client.ts";
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
  const begun = yield* proceed<B>(mechanism, login);
  if ("fault" in begun) return failed(begun);
  let answer = yield* begin<B>(mechanism, begun.response, say);
  while (answer.code === 334) {
    const challenge = decodeBase64(answer.lines[0] ?? "");
    const progress = challenge === null
      ? NOT_BASE64
      : yield* proceed<B>(mechanism, login, challenge);
    if ("fault" in progress) {
      yield* say("*", "*"); // RFC 4954 §4: the server waits for a response; this is to give up
      return failed(progress);
    }
    answer = yield* say(encodeBase64(progress.response), MASK);
  }
  if (!isPositive(answer)) return { end: "refused", at: "login", reply: answer };
  return failed(yield* proceed<B>(mechanism, login, null));
}

/** AUTH with the first response; gives the reply to what the response has got. */
function* begin<B>(
  { name, initial }: ClientMechanism,
  response: Uint8Array,
  say: LoginOptions<B>["say"],
): Step<B, Reply> {
  const line = `AUTH ${name}`;
  const token = encodeBase64(response);
  // RFC 4954 §4: an initial response that makes the command too long waits for the challenge.
  const carrying = `${line} ${token}`;
  if (initial && carrying.length <= COMMAND_CHARACTERS_MAX) {
    return yield* say(carrying, `${line} ${MASK}`);
  }
  const asked = yield* say(line, `${line} ${MASK}`);
  return asked.code === 334 ? yield* say(token, MASK) : asked;
}

const MASK = "****";
/** RFC 5321 §4.5.3.1.4, without the CRLF. */
const COMMAND_CHARACTERS_MAX = 510;

const NOT_BASE64: Progress = {
  fault: { fault: "protocol", text: "the server's challenge is not base64" },
};

function failed(progress: Progress): LoginEnd | null {
  const fault = "fault" in progress ? progress.fault : null;
  return fault === null ? null : { end: "faultyLogin", fault };
}
