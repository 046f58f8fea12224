/** STLS, RFC 2595 §4: the client's side. */
import type { Interrupted, Step, TlsInfo } from "../wire/session.ts";
import { type ClientTls, upgrade } from "../wire/upgrade.ts";
import { command, type Dialogue, type Refusal } from "./dialogue.ts";
import { say } from "./talk.ts";

/** Why there is no TLS where it should be. */
export type TlsOutcome =
  /** The server does not offer it, or somebody on the way has taken the offer out. */
  | { readonly result: "noTls" }
  /** The handshake failed; `why` has the cause. Nothing can be said any more. */
  | { readonly result: "tlsFailed"; readonly why: Interrupted }
  /** The server offers it, and then refuses. */
  | { readonly result: "refused"; readonly refusal: Refusal };

/**
 * After CAPA, which told these `capabilities`: what TLS was agreed, or `null` where it can go on
 * without.
 */
export function* startTlsWhereOffered<B>(
  dialogue: Dialogue,
  tls: ClientTls,
  capabilities: readonly string[],
): Step<B, TlsInfo | TlsOutcome | null> {
  const required = tls.when !== "offered";
  const offered = capabilities.some((line) => /^STLS$/i.test(line.trim()));
  const answer = offered ? yield* command<B>(dialogue, "STLS") : null;
  if (answer?.ok === true) {
    const info = yield* upgrade<B>(dialogue.queue, tls.request);
    return "version" in info ? info : { result: "tlsFailed", why: info };
  }
  if (!required) return null;
  yield* say(dialogue, "QUIT"); // nobody waits for the answer
  return answer === null ? { result: "noTls" } : { result: "refused", refusal: answer };
}
