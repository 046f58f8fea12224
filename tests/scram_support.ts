/** The exchange of RFC 7677 §3, and a server's end of SCRAM for the tests of what frames it. */
import { pbkdf2Sync } from "node:crypto";
import { decodeBase64 } from "../lib/sasl/base64.ts";
import type { Login, SaslWork } from "../lib/sasl/client.ts";
import type { SaslFault, SaslOutcome, ScramStart } from "../lib/sasl/mechanism.ts";
import { type ScramBinding, scramClient } from "../lib/sasl/scram_client.ts";
import { decoySecret, keysOf, type StoredSecret } from "../lib/sasl/secret.ts";
import { type ScramChannel, scramServer } from "../lib/sasl/scram_server.ts";
import { decode, encode } from "../lib/wire/bytes.ts";

/** The user is `user`, the password `pencil`. */
export const RFC_7677 = {
  clientFirst: "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
  serverFirst: "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0," +
    "s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
  clientFinal: "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0," +
    "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
  serverFinal: "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
  clientNonce: "rOprNGfwEbeRWgbNEkqO",
  serverNonce: "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
} as const;

/** That user and these nonces with -PLUS, where the channel is the one of `fake_tls.ts`. */
export const BOUND = {
  clientFirst: "p=tls-server-end-point,,n=user,r=rOprNGfwEbeRWgbNEkqO",
  serverFirst: RFC_7677.serverFirst,
  clientFinal: "c=cD10bHMtc2VydmVyLWVuZC1wb2ludCwsBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=," +
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0," +
    "p=c9b9jQHkwHMpL8P0rQgF4RGLojHTQ/sjwsPI6P1cVu8=",
  serverFinal: "v=fMlSFPRENSO00Upy4v7GY//Cbc5BALKupL9eMRfFYzs=",
  /** The last message of a client that sees another certificate, and knows the password. */
  otherFinal: "c=cD10bHMtc2VydmVyLWVuZC1wb2ludCwsCAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAg=," +
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0," +
    "p=Z/eM3ozA1xVfIdvRLtomEvDxjYtRPPKGAdReIznqQHc=",
} as const;

/** The same messages as they cross the wire. */
export const BOUND_BASE64 = {
  clientFirst: btoa(BOUND.clientFirst),
  serverFirst: btoa(BOUND.serverFirst),
  clientFinal: btoa(BOUND.clientFinal),
  serverFinal: btoa(BOUND.serverFinal),
  otherFinal: btoa(BOUND.otherFinal),
  /** The first message with the binding that TLS 1.3 is used to (RFC 9266). */
  exporterFirst: btoa(BOUND.clientFirst.replace("server-end-point", "exporter")),
  /** The first message of a client that could bind its channel, and has seen no -PLUS. */
  unboundFirst: btoa(BOUND.clientFirst.replace("p=tls-server-end-point", "y")),
  /** Its last one, */
  unboundFinal: btoa(
    "c=eSws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0," +
      "p=FoqiHTtQEDE8lz1CdaEe3tK4mS+iMDTl77SPyDS53DY=",
  ),
  /** and what the server answers to that. */
  unboundServerFinal: btoa("v=dI4KpiQJwBr1+V+K6U1dA6l6I4I9DUNXWND4pcpRU3U="),
} as const;

/** The messages of RFC 7677 as they cross the wire. */
export const RFC_7677_BASE64 = {
  clientFirst: btoa(RFC_7677.clientFirst),
  serverFirst: btoa(RFC_7677.serverFirst),
  clientFinal: btoa(RFC_7677.clientFinal),
  serverFinal: btoa(RFC_7677.serverFinal),
  /** With one character of the proof changed. */
  wrongFinal: btoa(RFC_7677.clientFinal.replace("p=dH", "p=dX")),
  /** The right proof of whoever began with `n,a=bob,`. */
  foreignFinal: btoa(
    "c=bixhPWJvYiw=,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0," +
      "p=9pdRjTdRG0zAyWO6sogK0y5lnj0yVu25jIUyCRY3pNk=",
  ),
  /** One round less than RFC 7677 §4 asks for. */
  fewRounds: btoa(RFC_7677.serverFirst.replace("i=4096", "i=4095")),
} as const;

/**
 * What the server of that exchange begins with; `user` and these have a password, others a decoy.
 */
export function rfc7677Start(
  user: string,
  passwords: Readonly<Record<string, string>> = {},
): ScramStart {
  const password = Object.hasOwn(passwords, user) ? passwords[user] : undefined;
  const secret = user === "user"
    ? RFC_7677_SECRET
    : password !== undefined
    ? secretOf(password, RFC_7677_SECRET.salt, 4096)
    : decoySecret(user, new Uint8Array(32));
  return { secret, nonce: RFC_7677.serverNonce };
}

/** The client's nonce of that exchange, and the work done at once. */
export const RFC_7677_WORK: SaslWork = {
  nonce: () => RFC_7677.clientNonce,
  pbkdf2: (password, salt, iterations) => Promise.resolve(derive(password, salt, iterations)),
};

/** PBKDF2 that does not let anybody wait. */
export function derive(password: string, salt: Uint8Array, iterations: number): Uint8Array {
  return new Uint8Array(pbkdf2Sync(password, salt, iterations, 32, "sha256"));
}

/** A verifier with these rounds. */
export function secretOf(password: string, salt: Uint8Array, iterations: number): StoredSecret {
  const { storedKey, serverKey } = keysOf(derive(password, salt, iterations));
  return { salt, iterations, storedKey, serverKey };
}

const RFC_7677_SECRET = secretOf("pencil", decodeBase64("W22ZaJ0SNY7soEsUEjb6gQ==")!, 4096);

/** What a server's end came to, with what it said. */
export interface ScramServed {
  readonly outcome: SaslOutcome | "waits";
  readonly challenges: readonly string[];
  /** Whether the proof was right; `null` when it never came so far. */
  readonly proven: boolean | null;
}

/** Lets a server's end hear these messages, the first as an initial response. */
export function serveScram(
  messages: readonly (string | Uint8Array)[],
  start: (user: string) => ScramStart = rfc7677Start,
  channel: ScramChannel = { plus: false, binding: null },
): ScramServed {
  const [initial, ...responses] = messages.map((each) =>
    typeof each === "string" ? encode(each) : each
  );
  const challenges: string[] = [];
  let proven: boolean | null = null;
  const server = scramServer(initial ?? null, channel);
  let step = server.next();
  while (!step.done) {
    const asked = step.value;
    switch (asked.ask) {
      case "secret":
        step = server.next(start(asked.user));
        break;
      case "proven":
        proven = asked.right;
        step = server.next(proven);
        break;
      case "response": {
        challenges.push(decode(asked.challenge));
        const response = responses.shift();
        if (response === undefined) return { outcome: "waits", challenges, proven };
        step = server.next(response);
        break;
      }
      case "password":
        throw new Error("SCRAM asks for no password");
    }
  }
  return { outcome: step.value, challenges, proven };
}

/** What a client's end came to, with what it said. */
export interface ScramAsked {
  readonly end: SaslFault | null | "waits";
  readonly responses: readonly string[];
}

/** Lets a client's end hear these challenges; `null`: the server says that it has logged in. */
export function askScram(
  challenges: readonly (string | Uint8Array | null)[],
  login: Login = { user: "user", password: "pencil" },
  nonce: string = RFC_7677.clientNonce,
  binding: ScramBinding = "n",
): ScramAsked {
  const rest = [...challenges];
  const responses: string[] = [];
  const client = scramClient(login.user, login.password, binding);
  let step = client.next();
  while (!step.done) {
    const asked = step.value;
    if (asked.ask === "nonce") step = client.next(nonce);
    else if (asked.ask === "derive") {
      step = client.next(derive(asked.password, asked.salt, asked.iterations));
    } else {
      responses.push(decode(asked.response));
      const challenge = rest.shift();
      if (challenge === undefined) return { end: "waits", responses };
      step = client.next(typeof challenge === "string" ? encode(challenge) : challenge);
    }
  }
  return { end: step.value, responses };
}
