/** SASL mechanisms, the client's side (RFC 4422), without I/O. */
import { encode } from "../wire/bytes.ts";
import { type MechanismName, MECHANISMS } from "./server.ts";

export interface Login {
  readonly user: string;
  readonly password: string;
}

/** Yields the responses; is resumed with each challenge. */
export type SaslClient = Generator<Uint8Array, void, Uint8Array>;

export interface ClientMechanism {
  readonly name: MechanismName;
  /** Whether the first response may go with the command, before any challenge. */
  readonly initial: boolean;
  readonly exchange: SaslClient;
}

/** The best mechanism that both sides have; `null` when there is none. */
export function saslClient(offered: readonly string[], login: Login): ClientMechanism | null {
  const upper = offered.map((name) => name.toUpperCase());
  const name = MECHANISMS.find((each) => upper.includes(each));
  if (name === undefined) return null;
  return name === "PLAIN"
    ? { name, initial: true, exchange: plain(login) }
    : { name, initial: false, exchange: loginExchange(login) };
}

function* plain({ user, password }: Login): SaslClient {
  yield encode(`\0${user}\0${password}`); // RFC 4616 §2
}

function* loginExchange({ user, password }: Login): SaslClient {
  yield encode(user);
  yield encode(password);
}
