/** STARTTLS and implicit TLS: the client's side (RFC 3207, RFC 8314). */
import type { ByteQueue } from "../wire/bytes.ts";
import type { Interrupted, Step, TlsInfo } from "../wire/session.ts";
import { type ClientTls, upgrade } from "../wire/upgrade.ts";
import { isPositive, type Reply } from "./reply.ts";

/** Why there is no TLS where it should be. */
export type TlsEnd =
  /** The server does not offer it, or somebody on the way has taken the offer out. */
  | { readonly end: "noTls" }
  /** The handshake failed; `why` has the cause. Nothing can be said any more. */
  | { readonly end: "tlsFailed"; readonly why: Interrupted }
  /** The server offers it, and then refuses. */
  | { readonly end: "refused"; readonly at: "starttls"; readonly reply: Reply };

/** What became of the wish to go on as POP3. */
export type SwitchEnd =
  /** POP3 goes on, beginning with its greeting. */
  | { readonly end: "pop3"; readonly tls: TlsInfo | null }
  /** The server has no such thing. */
  | { readonly end: "smtpOnly" }
  | TlsEnd;

export interface StartTlsOptions<B> {
  readonly tls: ClientTls;
  readonly queue: ByteQueue;
  /** Whether the EHLO reply has STARTTLS. */
  readonly offered: boolean;
  /** Says a command and gives the reply. */
  say(line: string): Step<B, Reply>;
}

/** After EHLO: what TLS was agreed, or `null` where it can go on without. */
export function* startTlsWhereOffered<B>(
  { tls, queue, offered, say }: StartTlsOptions<B>,
): Step<B, TlsInfo | TlsEnd | null> {
  if (tls.when === "never") return null;
  const required = tls.when === "required";
  if (!offered) return required ? { end: "noTls" } : null;
  const answer = yield* say("STARTTLS");
  if (isPositive(answer)) return yield* upgradeOrEnd<B>(tls, queue);
  return required ? { end: "refused", at: "starttls", reply: answer } : null;
}

/** The handshake. */
export function* upgradeOrEnd<B>(tls: ClientTls, queue: ByteQueue): Step<B, TlsInfo | TlsEnd> {
  const info = yield* upgrade<B>(queue, tls.request);
  return "version" in info ? info : { end: "tlsFailed", why: info };
}
