/** Which SASL mechanisms there are (RFC 4422), and what the two sides of one ask for. */
import type { StoredSecret } from "./secret.ts";

/** The mechanisms that there are, the strongest first. */
export const MECHANISMS = ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "PLAIN", "LOGIN"] as const;
export type MechanismName = (typeof MECHANISMS)[number];

/**
 * What identifies the channel under the exchange: `tls-server-end-point` of RFC 5929 §4. `null`:
 * there is no TLS, or the runtime does not tell.
 */
export type ChannelBinding = Uint8Array | null;

/**
 * What the servers of SMTP and POP3 take as their channel, under TLS, too. RFC 5802 §6.1 would have
 * every server that binds take `tls-unique`, or under TLS 1.3 its successor `tls-exporter`, and the
 * runtime shows the keys of neither. GNU SASL and newer msmtp and mpop choose -PLUS wherever it is
 * announced, bind with one of these, and in SMTP and POP3 give up where that is refused. In IMAP
 * they go on to the next mechanism, so that it announces -PLUS for whoever can bind as we do.
 */
export const UNBOUND: ChannelBinding = null;

/** The mechanisms that work over this channel, the strongest first. */
export function mechanismsOver(binding: ChannelBinding): readonly MechanismName[] {
  // RFC 5802 §6: -PLUS is announced only where the channel can be bound.
  return binding === null ? MECHANISMS.filter((name) => name !== "SCRAM-SHA-256-PLUS") : MECHANISMS;
}

/** Which of these mechanisms is named, in any case; `null` for another. */
export function mechanismOf(
  name: string,
  among: readonly MechanismName[] = MECHANISMS,
): MechanismName | null {
  const upper = name.toUpperCase();
  return among.find((each) => each === upper) ?? null;
}

/**
 * What a mechanism asks for on the server's side; it is resumed with the response's bytes, with a
 * {@linkcode ScramStart}, or with whether the user is logged in.
 */
export type SaslServerStep =
  | { readonly ask: "response"; readonly challenge: Uint8Array }
  | { readonly ask: "password"; readonly user: string; readonly password: string }
  | { readonly ask: "secret"; readonly user: string }
  /** The exchange has shown whether the client knows the password; it may still be refused. */
  | { readonly ask: "proven"; readonly user: string; readonly right: boolean };

export type SaslServer = Generator<SaslServerStep, SaslOutcome, unknown>;

/** What SCRAM needs of the world outside. */
export interface ScramStart {
  /** For a user who is not there, one that looks the same each time. */
  readonly secret: StoredSecret;
  /** New for each exchange: printable ASCII without a comma (RFC 5802 §5.1). */
  readonly nonce: string;
}

/**
 * `refused`: the user, the password or the channel is wrong, and nobody is told which. `malformed`:
 * the response breaks the mechanism's syntax. `denied`: a correct login that wanted to act for
 * somebody else.
 */
export type SaslOutcome =
  | { readonly result: "accepted"; readonly user: string }
  | { readonly result: "refused" | "malformed" | "denied" };

/**
 * What a mechanism asks for on the client's side; it is resumed with the next challenge (`null`
 * when the server says instead that the login has succeeded), with a nonce, or with a key.
 */
export type SaslClientStep =
  | { readonly ask: "challenge"; readonly response: Uint8Array }
  | { readonly ask: "nonce" }
  /** PBKDF2 with SHA-256, which is heavy work. */
  | {
    readonly ask: "derive";
    readonly password: string;
    readonly salt: Uint8Array;
    readonly iterations: number;
  };

/** Ends with `null` when all is well. */
export type SaslClient = Generator<SaslClientStep, SaslFault | null, unknown>;

/** Why the client does not go on, though the server might. */
export interface SaslFault {
  /**
   * `unsendable`: the user or the password cannot be sent in this mechanism. `protocol`: the
   * challenge makes no sense. `untrusted`: the server does not know the password itself.
   */
  readonly fault: "unsendable" | "protocol" | "untrusted";
  /** For people. */
  readonly text: string;
}
