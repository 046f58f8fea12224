/** SASL mechanisms, the client's side (RFC 4422): SMTP, POP3 and IMAP only frame the exchange. */
import { encode } from "../wire/bytes.ts";
import { call, type Step } from "../wire/session.ts";
import {
  type ChannelBinding,
  type MechanismName,
  mechanismsOver,
  type SaslClient,
  type SaslClientStep,
  type SaslFault,
} from "./mechanism.ts";
import { scramClient } from "./scram_client.ts";
import type { Pbkdf2 } from "./secret.ts";

export type { SaslClient, SaslFault };

export interface Login {
  readonly user: string;
  readonly password: string;
  /** The only mechanism to log in with; by default the best that both sides have. */
  readonly mechanism?: MechanismName;
  /** What SCRAM needs of the world outside; without it, SCRAM is not used. */
  readonly work?: SaslWork;
}

export interface SaslWork {
  /** New each time: printable ASCII without a comma (RFC 5802 §5.1). */
  nonce(): string;
  readonly pbkdf2: Pbkdf2;
}

export interface ClientMechanism {
  readonly name: MechanismName;
  /** Whether the first response may go with the command, before any challenge. */
  readonly initial: boolean;
  readonly exchange: SaslClient;
}

/**
 * The best mechanism that both sides have over this channel; `null` when there is none.
 */
export function saslClient(
  offered: readonly string[],
  login: Login,
  binding: ChannelBinding,
): ClientMechanism | null {
  const upper = offered.map((name) => name.toUpperCase());
  const name = mechanismsOver(binding).find((each) =>
    upper.includes(each) && (login.mechanism ?? each) === each &&
    (!each.startsWith("SCRAM-") || login.work !== undefined)
  );
  const { user, password } = login;
  switch (name) {
    case undefined:
      return null;
    case "SCRAM-SHA-256-PLUS":
      return { name, initial: true, exchange: scramClient(user, password, binding!) };
    case "SCRAM-SHA-256": {
      // RFC 5802 §6: `y` would be a lie where -PLUS was seen and another mechanism was chosen.
      const flag = binding !== null && !upper.includes("SCRAM-SHA-256-PLUS") ? "y" : "n";
      return { name, initial: true, exchange: scramClient(user, password, flag) };
    }
    case "PLAIN":
      return { name, initial: true, exchange: plain(login) };
    case "LOGIN":
      return { name, initial: false, exchange: loginExchange(login) };
  }
}

/** Where an exchange has come to: the next response, or its end. */
export type Progress =
  | { readonly response: Uint8Array }
  | { readonly fault: SaslFault | null };

/**
 * Goes on to the next response. `heard` is the challenge, `null` when the server says that the
 * login has succeeded, and left out at the beginning.
 */
export function* proceed<B>(
  { exchange }: ClientMechanism,
  { work }: Login,
  heard?: Uint8Array | null,
): Step<B, Progress> {
  let step = exchange.next(heard);
  for (;;) {
    if (step.done) return { fault: step.value };
    if (step.value.ask === "challenge") return { response: step.value.response };
    step = exchange.next(yield* help<B>(step.value, work!));
  }
}

function* help<B>(
  asked: Exclude<SaslClientStep, { readonly ask: "challenge" }>,
  work: SaslWork,
): Step<B, unknown> {
  if (asked.ask === "nonce") return work.nonce();
  const { password, salt, iterations } = asked;
  return yield* call<B, Uint8Array>(() => work.pbkdf2(password, salt, iterations));
}

function* plain({ user, password }: Login): SaslClient {
  return yield* responses(`\0${user}\0${password}`); // RFC 4616 §2
}

function* loginExchange({ user, password }: Login): SaslClient {
  return yield* responses(user, password);
}

/** Gives these one after the other, whatever the challenges say. */
function* responses(...texts: readonly string[]): SaslClient {
  for (const text of texts) {
    const heard = yield { ask: "challenge", response: encode(text) };
    if (heard === null) return null;
  }
  return { fault: "protocol", text: "the server asks on behind the exchange" };
}
