/** How the client's programs and the library encrypt, and what they say when that fails. */
import { type Endpoint, endpointText, isLoopback } from "../endpoint.ts";
import { NetError, type Transport } from "../net/world.ts";
import type { Interrupted } from "../wire/session.ts";
import { type ClientTls, IN_CLEAR } from "../wire/upgrade.ts";
import { EXIT, Failure } from "./fail.ts";

/**
 * `auto`: what the server offers; `starttls`: in any case, by STARTTLS or STLS; `implicit`: from
 * the first byte; `none`: never.
 */
export type TlsMode = "auto" | "starttls" | "implicit" | "none";

/** What was asked for. */
export interface TlsChoice {
  readonly mode: TlsMode;
  /** PEM certificates that are trusted beside the well-known authorities. */
  readonly authorities: readonly string[];
  /** Whether `auto`, too, is content with nothing but TLS that was verified. */
  readonly strict?: boolean;
  /** Is told, in a sentence, what is less safe than it should be. */
  readonly warn?: (sentence: string) => void;
}

/** RFC 8314 §7.1 to §7.3: where TLS begins with the first byte. */
const IMPLICIT_PORTS: ReadonlySet<number> = new Set([465, 993, 995]);

interface Secured {
  readonly to: Endpoint;
  readonly tls: TlsChoice;
}

/** What a session is told; `verify: false` is for a server that could not be verified. */
export function clientTls(
  { to, tls }: Secured,
  transport: Transport,
  verify: boolean,
): ClientTls {
  const { mode, authorities } = tls;
  if (mode === "none") return IN_CLEAR;
  const implicit = mode === "implicit" || (mode === "auto" && IMPLICIT_PORTS.has(to.port));
  return {
    when: implicit ? "first" : isContent(tls) ? "offered" : "required",
    request: { side: "client", hostname: to.host, verify, authorities },
    // Only this machine can listen in on its own loopback.
    exposesPassword: isLoopback(transport.remote.host),
  };
}

/**
 * Whether to connect again without verification, after a handshake failed for want of trust: with
 * `auto`, and never where a password would go to a stranger.
 */
export function goesOnUnverified(
  { to, tls }: Secured,
  transport: Transport,
  { why, hasLogin }: { readonly why: Interrupted; readonly hasLogin: boolean },
): boolean {
  const untrusted = why.cause instanceof NetError && why.cause.kind === "untrusted";
  if (!untrusted || !isContent(tls) || (hasLogin && !isLoopback(transport.remote.host))) {
    return false;
  }
  tls.warn?.(
    `${endpointText(to)} is not verified, so anybody could be there: ` +
      `${(why.cause as NetError).message} (--ca FILE verifies it)`,
  );
  return true;
}

/** Why there is no TLS where it should be. */
export function tlsFailure(why: Interrupted, { to }: { readonly to: Endpoint }): Failure {
  const { cause } = why;
  const where = endpointText(to);
  if (!(cause instanceof NetError)) {
    return why.reason === "shutdown"
      ? new Failure(EXIT.cancelled, "cancelled")
      : new Failure(EXIT.tryAgainLater, `the TLS handshake with ${where} did not come to its end`);
  }
  switch (cause.kind) {
    case "untrusted":
      return new Failure(
        EXIT.unavailable,
        `${cause.message} (--ca FILE names whom to trust; --tls none sends in clear)`,
        { cause },
      );
    case "unusable":
      return new Failure(EXIT.badData, `--ca: ${cause.message}`, { cause });
    default:
      return new Failure(
        EXIT.protocol,
        `no TLS with ${where}: ${cause.message} (--tls starttls is for ports that begin in ` +
          "clear, --tls implicit for those that do not, --tls none does without)",
        { cause },
      );
  }
}

/** The server does not offer it. */
export function noTlsFailure({ to }: { readonly to: Endpoint }): Failure {
  return new Failure(
    EXIT.unavailable,
    `${endpointText(to)} does not offer TLS, and nothing was sent: it is not set up there, or ` +
      "somebody on the way takes the offer out (--tls none sends in clear)",
  );
}

/** The password was kept back. */
export function exposedFailure({ to }: { readonly to: Endpoint }): Failure {
  return new Failure(
    EXIT.loginRefused,
    `${endpointText(to)} offers no TLS, and without it others could read the password, so it was ` +
      "not sent (--tls none sends it in clear)",
  );
}

/** Whether less than verified TLS will do. Whoever names an authority wants to be sure. */
function isContent({ mode, authorities, strict = false }: TlsChoice): boolean {
  return mode === "auto" && authorities.length === 0 && !strict;
}
