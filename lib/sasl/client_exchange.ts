/** A login's exchange as SMTP, POP3 and IMAP have it: only how they frame it differs. */
import type { Step } from "../wire/session.ts";
import { decodeBase64, encodeBase64 } from "./base64.ts";
import {
  type ClientMechanism,
  type Login,
  proceed,
  type Progress,
  type SaslFault,
} from "./client.ts";

/** How a protocol carries an exchange. `Answer` is how its command ends. */
export interface Carrier<B, Answer extends { readonly ok: boolean }> {
  /** Whether this response, in base64, may go with the command that begins the exchange. */
  carries(response: string): boolean;
  /** Says the command, with the first response where there is one. */
  begin(response: string | null): Step<B, void>;
  /** Says a response, in base64. */
  respond(response: string): Step<B, void>;
  /** The next challenge, in base64, or the answer. */
  hear(): Step<B, Answer | { readonly challenge: string }>;
  /** Gives up, and hears what the server says to that. */
  cancel(): Step<B, void>;
}

/** A response to each challenge (RFC 4422 §3), until the answer comes or the mechanism gives up. */
export function* clientExchange<B, Answer extends { readonly ok: boolean }>(
  mechanism: ClientMechanism,
  login: Login,
  carrier: Carrier<B, Answer>,
): Step<B, Answer | SaslFault> {
  const first = yield* proceed<B>(mechanism, login);
  if ("fault" in first) return first.fault!;
  const response = encodeBase64(first.response);
  const carried = mechanism.initial && carrier.carries(response);
  yield* carrier.begin(carried ? response : null);
  /** The response that waits for its challenge; the first one is known before there is any. */
  let due = carried ? null : response;
  for (;;) {
    const heard = yield* carrier.hear();
    if ("ok" in heard) {
      if (!heard.ok) return heard;
      const end = yield* proceed<B>(mechanism, login, null);
      return "fault" in end ? end.fault ?? heard : heard;
    }
    if (due === null) {
      const bytes = decodeBase64(heard.challenge);
      const next = bytes === null ? NOT_BASE64 : yield* proceed<B>(mechanism, login, bytes);
      if ("fault" in next) {
        yield* carrier.cancel();
        return next.fault!;
      }
      due = encodeBase64(next.response);
    }
    yield* carrier.respond(due);
    due = null;
  }
}

const NOT_BASE64: Progress = {
  fault: { fault: "protocol", text: "the server's challenge is not base64" },
};
