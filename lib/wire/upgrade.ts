/** Going over to TLS, on both sides and in each protocol that can: what none of them may forget. */
import type { ByteQueue } from "./bytes.ts";
import {
  deadline,
  Interrupted,
  startTls,
  type Step,
  type TlsInfo,
  type TlsRequest,
} from "./session.ts";

/** A handshake is done in this time, or the connection is over. Slow links need a few seconds. */
export const TLS_HANDSHAKE_MS = 30_000;

/**
 * Upgrades; gives why it failed as {@linkcode Interrupted}, after which nothing can be said or
 * heard any more. What waits in the queue was said in clear, by whomever, and is forgotten: obeyed
 * under TLS it would be an injection (RFC 3207 §6, CVE-2011-0411).
 */
export function* upgrade<B>(
  queue: ByteQueue,
  request: TlsRequest,
): Step<B, TlsInfo | Interrupted> {
  queue.skip(queue.length);
  yield* deadline(TLS_HANDSHAKE_MS);
  try {
    return yield* startTls<B>(request);
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    return error;
  }
}

/** How a client wants its connection to be encrypted. */
export interface ClientTls {
  /**
   * `offered`: where the server offers it, against listeners only (RFC 7435). `required`: nothing
   * is said before but what leads there. `first`: from the first byte (RFC 8314 §3).
   */
  readonly when: "never" | "offered" | "required" | "first";
  readonly request: TlsRequest & { readonly side: "client" };
  /** Whether a password may be sent although nobody knows who gets it, or listens in. */
  readonly exposesPassword: boolean;
}

/** No TLS at all, and passwords in clear: for connections that stay on this machine. */
export const IN_CLEAR: ClientTls = {
  when: "never",
  request: { side: "client", hostname: "", verify: true },
  exposesPassword: true,
};

/** Whether a password may be sent now. */
export function mayLogIn(tls: ClientTls, active: TlsInfo | null): boolean {
  return tls.exposesPassword || (active !== null && tls.request.verify);
}
