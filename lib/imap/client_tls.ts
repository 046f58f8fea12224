/** STARTTLS, RFC 9051 §6.2.1: the client's side. */
import type { Interrupted, Step, TlsInfo } from "../wire/session.ts";
import { type ClientTls, upgrade } from "../wire/upgrade.ts";
import { can, command, type Dialogue, type Refusal } from "./client_dialogue.ts";

/** Why there is no TLS where it should be. */
export type TlsOutcome =
  /** The server does not offer it, or somebody on the way has taken the offer out. */
  | { readonly result: "noTls" }
  /** The handshake failed; `why` has the cause. Nothing can be said any more. */
  | { readonly result: "tlsFailed"; readonly why: Interrupted }
  /** The server offers it, and then refuses. */
  | { readonly result: "refused"; readonly refusal: Refusal };

/**
 * What TLS was agreed, or `null` where it can go on without. To a client who is `known` already
 * (PREAUTH), STARTTLS is closed (RFC 9051 §6.2.1): whoever is in between could greet like that.
 */
export function* startTlsWhereOffered<B>(
  dialogue: Dialogue,
  tls: ClientTls,
  known: boolean,
): Step<B, TlsInfo | TlsOutcome | null> {
  const offered = !known && can(dialogue, "STARTTLS");
  const answer = offered ? yield* command<B>(dialogue, ["STARTTLS"]) : null;
  if (answer?.ok === true) {
    const info = yield* upgrade<B>(dialogue.queue, tls.request);
    // RFC 9051 §6.2.1: what was told in clear does not count under TLS.
    dialogue.capabilities = null;
    return "version" in info ? info : { result: "tlsFailed", why: info };
  }
  if (tls.when === "offered") return null;
  return answer === null ? { result: "noTls" } : { result: "refused", refusal: answer };
}
