/** STARTTLS, RFC 3207: the server's side. */
import type { Step } from "../wire/session.ts";
import { upgrade } from "../wire/upgrade.ts";
import { answerNow, type Connection, fault, helloFirst, reset } from "./connection.ts";
import { reply } from "./reply.ts";

/** Answers STARTTLS; `close` when there is no conversation any more. */
export function* secure<B>(connection: Connection): Step<B, "next" | "close"> {
  const { options, queue } = connection;
  const refusal = connection.tls !== null
    ? reply(503, "5.5.1", "TLS is active already")
    : options.identity === null
    ? reply(502, "5.5.1", "TLS is not offered here")
    : connection.hello?.extended !== true
    ? helloFirst(connection)
    : null;
  if (refusal !== null) {
    yield* fault(connection, refusal);
    return "next";
  }
  yield* answerNow(options, reply(220, "2.0.0", "Begin with TLS"));
  const info = yield* upgrade<B>(queue, { side: "server", identity: options.identity! });
  if (!("version" in info)) return "close";
  connection.tls = info;
  // RFC 3207 §4.2: what the client has said before is forgotten. The counts of its errors are
  // ours, and stay: an upgrade must not buy new guesses.
  reset(connection);
  connection.hello = null;
  connection.user = null;
  connection.vouched = {};
  connection.loginFailed = false;
  return "next";
}

/** Whether a password may be sent on this connection. */
export function mayLogIn({ plainAuth, tls }: Connection): boolean {
  return plainAuth || tls !== null;
}
