/** The characters of foreign mail servers: none of them is rare. */
import type { Prng } from "./prng.ts";

export interface Persona {
  readonly name: string;
  readonly protocol: "smtp" | "lmtp";
  /** What EHLO is answered with. */
  readonly extensions: readonly string[];
  /** Refuses with 5xx what it has announced, as soon as it is used. */
  readonly lies: boolean;
  /** `announced`: it refuses STARTTLS nevertheless. */
  readonly startTls: "absent" | "announced" | "works";
  /** Puts off each sender and recipient for so long after they were first seen; 0: never. */
  readonly greylistMs: number;
  /** Before each reply. */
  readonly tarpitMs: number;
  /** Who is taken: the users, anybody, or nobody. */
  readonly takes: "users" | "anybody" | "nobody";
  /** How a reply is cut into writes. */
  readonly cut: "whole" | "lines" | "bytes";
  /** Replies have several lines. */
  readonly wordy: boolean;
  readonly whims: Whims;
}

/** How likely it does what nobody expects; these end when the faults of a run end. */
export interface Whims {
  /** At a command: 421, and it closes. */
  readonly goodbye: number;
  /** At a command: it closes without a word. */
  readonly hangUp: number;
  /** Behind the content: it closes without a word, and keeps the message. */
  readonly keepAndDrop: number;
  /** Behind the content: it closes without a word, and forgets the message. */
  readonly drop: number;
  /** Behind the content: 4xx. */
  readonly defer: number;
  /** Behind the content: 5xx. */
  readonly refuse: number;
  /** Behind the content: the answer takes `lateMs`. */
  readonly late: number;
  readonly lateMs: number;
  /** At a login: 535, whoever comes. */
  readonly deny: number;
}

/** None at all. */
export const CALM: Whims = {
  goodbye: 0,
  hangUp: 0,
  keepAndDrop: 0,
  drop: 0,
  defer: 0,
  refuse: 0,
  late: 0,
  lateMs: 0,
  deny: 0,
};

const COMMON = ["PIPELINING", "8BITMIME", "SIZE 10000000", "ENHANCEDSTATUSCODES"];
const ALL = [...COMMON, "CHUNKING", "SMTPUTF8", "DSN"];

/** A server without any fault. */
const HONEST: Persona = {
  name: "honest",
  protocol: "smtp",
  extensions: ALL,
  lies: false,
  startTls: "absent",
  greylistMs: 0,
  tarpitMs: 0,
  takes: "users",
  cut: "whole",
  wordy: false,
  whims: CALM,
};

const MINUTE_MS = 60_000;

/** One of each kind. Times and odds are drawn when a persona is. */
const KINDS = {
  honest: () => ({}),
  old: () => ({ extensions: [] }),
  common: () => ({ extensions: COMMON }),
  greylister: (prng) => ({ greylistMs: magnitude(prng, MINUTE_MS, 60 * MINUTE_MS) }),
  tarpit: (prng) => ({ tarpitMs: magnitude(prng, 100, 30_000) }),
  absentMinded: () => ({ whims: { ...CALM, keepAndDrop: 0.3, drop: 0.2 } }),
  late: (prng) => ({
    whims: { ...CALM, late: 0.5, lateMs: magnitude(prng, 1000, 15 * MINUTE_MS) },
  }),
  busy: () => ({ whims: { ...CALM, goodbye: 0.1, hangUp: 0.05, defer: 0.2, deny: 0.1 } }),
  picky: () => ({ whims: { ...CALM, refuse: 0.4, deny: 0.3 } }),
  liar: () => ({ lies: true }),
  promisesTls: () => ({ startTls: "announced" }),
  tls: () => ({ startTls: "works" }),
  stutterer: (prng) => ({ cut: prng.pick(["lines", "bytes"]), wordy: true }),
  yes: () => ({ takes: "anybody" }),
  no: () => ({ takes: "nobody" }),
  lmtp: () => ({ protocol: "lmtp", whims: { ...CALM, keepAndDrop: 0.1, defer: 0.1 } }),
} satisfies Readonly<Record<string, (prng: Prng) => Partial<Persona>>>;

export type PersonaName = keyof typeof KINDS;
const PERSONA_NAMES = Object.keys(KINDS) as readonly PersonaName[];

/** A persona for one server of one run. */
export function drawPersona(prng: Prng): Persona {
  return personaOf(prng.pick(PERSONA_NAMES), prng);
}

/** A persona of this kind. */
export function personaOf(name: PersonaName, prng: Prng): Persona {
  return { ...HONEST, name, ...KINDS[name](prng) };
}

/** From `least` to `most`, where small and large ones are as likely. */
function magnitude(prng: Prng, least: number, most: number): number {
  return Math.round(least * (most / least) ** prng.fraction());
}
