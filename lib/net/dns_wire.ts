/**
 * DNS messages, RFC 1035 §4: a question as bytes, and what the bytes that come back mean for it.
 * The one place that knows dns-packet. Pure.
 */
import { Buffer } from "node:buffer";
import packet from "$dns";
import { concat, decodeLatin1 } from "../wire/bytes.ts";
import type { DnsAnswer, DnsRecord, DnsType } from "./dns.ts";

export interface DnsQuestion {
  /** From 0 to 65535; a stranger must not be able to guess it. */
  readonly id: number;
  readonly name: string;
  readonly type: DnsType;
}

/** What a reply says. */
export type DnsReading =
  | { readonly kind: "answer"; readonly answer: DnsAnswer }
  /** The name has a CNAME, and the server does not say what is there. */
  | { readonly kind: "alias"; readonly to: string; readonly ttlMs: number }
  /** There is more than a datagram holds: ask by TCP (RFC 7766 §5). */
  | { readonly kind: "truncated" }
  /** The server cannot say; another one may. */
  | { readonly kind: "failed"; readonly words: string };

/** RFC 1034 §5.2.2: aliases lead to aliases; more of them than this is a mistake, or a loop. */
export const ALIASES_MAX = 8;
/** RFC 1035 §2.3.4; with the length of each label and of the root, 255 octets. */
const NAME_CHARACTERS_MAX = 253;

/** Whether the DNS can have a name at all: labels of 1 to 63 octets, 255 in all. */
export function isDnsName(name: string): boolean {
  const isLabel = (label: string) => /^[!-~]{1,63}$/.test(label);
  return name.length <= NAME_CHARACTERS_MAX && name.split(".").every(isLabel);
}

/** The question as a message; `name` is a {@linkcode isDnsName}. */
export function questionBytes({ id, name, type }: DnsQuestion): Uint8Array {
  return packet.encode({
    type: "query",
    id,
    flags: packet.RECURSION_DESIRED, // RFC 1035 §4.3.1: the resolver is to do all of the work
    questions: [{ type, name, class: "IN" }],
  });
}

/**
 * What a message says to a question; `null` when it is no answer to this one, and whoever asked
 * waits on: it may have come from anybody.
 */
export function readReply(bytes: Uint8Array, question: DnsQuestion): DnsReading | null {
  const [id, flags] = [(bytes[0] ?? 0) * 256 + (bytes[1] ?? 0), bytes[2] ?? 0];
  if (bytes.length < HEADER_BYTES || id !== question.id || (flags & IS_REPLY) === 0) return null;
  // RFC 2181 §9: what a truncated message holds is not looked at; its last record may be half.
  if ((flags & IS_TRUNCATED) !== 0) return { kind: "truncated" };
  const message = messageIn(bytes);
  return message !== null && isAbout(message, question) ? readingOf(message, question) : null;
}

const HEADER_BYTES = 12;
/** Bits of the third octet. */
const IS_REPLY = 0x80;
const IS_TRUNCATED = 0x02;

/** As dns-packet gives it. */
interface Message {
  readonly opcode: string;
  readonly rcode: string;
  readonly flag_aa: boolean;
  readonly questions: readonly { readonly name: string; readonly type: string }[];
  readonly answers: readonly PacketRecord[];
  readonly authorities: readonly PacketRecord[];
}

interface PacketRecord {
  readonly type: string;
  readonly class?: string;
  readonly name: string;
  readonly ttl?: number;
  readonly data?: unknown;
}

/** `null` for what is no DNS message. */
function messageIn(bytes: Uint8Array): Message | null {
  try {
    return packet.decode(Buffer.from(bytes));
  } catch {
    // Only what does not fit the format makes it throw, with errors of many classes.
    return null;
  }
}

/** RFC 5452 §9.1: whoever forges an answer has to know the question. */
function isAbout({ opcode, questions }: Message, { name, type }: DnsQuestion): boolean {
  const [asked] = questions;
  return opcode === "QUERY" && questions.length === 1 &&
    sameName(asked!.name, name) && asked!.type === type;
}

function readingOf(message: Message, question: DnsQuestion): DnsReading {
  // RFC 2308 §2.1: the name at the end of the aliases does not exist.
  if (message.rcode === "NXDOMAIN") {
    return { kind: "answer", answer: { kind: "noName", ttlMs: negativeTtlMs(message) } };
  }
  if (message.rcode !== "NOERROR") return { kind: "failed", words: message.rcode };
  const end = endOfAliases(message, question.name);
  if (end === null) return { kind: "failed", words: "the name has too many aliases" };
  const { name, ttlMs } = end;
  const found = recordsOf(message, name).filter(({ type }) => type === question.type);
  const records = found.map(recordOf).filter((each) => each !== null);
  if (records.length > 0) {
    const least = Math.min(ttlMs, ...found.map(ttlMsOf));
    return { kind: "answer", answer: { kind: "found", records, ttlMs: least } };
  }
  const hasAuthority = (type: string) => message.authorities.some((each) => each.type === type);
  if (!hasAuthority("SOA")) {
    if (name !== question.name) return { kind: "alias", to: name, ttlMs };
    // RFC 2308 §2.2: this is how a server that is to be asked no more refers to others.
    if (hasAuthority("NS") && !message.flag_aa) {
      return { kind: "failed", words: "it knows nothing of the name" };
    }
  }
  const least = Math.min(ttlMs, negativeTtlMs(message));
  return { kind: "answer", answer: { kind: "noData", ttlMs: least } };
}

/**
 * RFC 1034 §3.6.2: the name that the aliases lead to, as far as the message goes; `null` where
 * they go on and on.
 */
function endOfAliases(message: Message, asked: string): { name: string; ttlMs: number } | null {
  let name = asked;
  let ttlMs = Infinity;
  for (let steps = 0; steps <= ALIASES_MAX; steps++) {
    const alias = recordsOf(message, name).find(({ type }) => type === "CNAME");
    if (alias === undefined || !isText(alias.data) || !isDnsName(alias.data)) {
      return { name, ttlMs };
    }
    name = alias.data.toLowerCase();
    ttlMs = Math.min(ttlMs, ttlMsOf(alias));
  }
  return null;
}

function recordsOf({ answers }: Message, name: string): readonly PacketRecord[] {
  return answers.filter((each) => each.class === "IN" && sameName(each.name, name));
}

function recordOf({ type, data }: PacketRecord): DnsRecord | null {
  switch (type) {
    case "A":
    case "AAAA":
      return isText(data) ? { type, address: data } : null;
    case "MX": {
      const { preference, exchange } = data as Readonly<Record<string, unknown>>;
      if (typeof preference !== "number" || !isText(exchange)) return null;
      return { type, preference, exchange: exchange.replace(/\.$/, "").toLowerCase() };
    }
    case "TXT":
      return { type, text: decodeLatin1(concat(data as readonly Uint8Array[])) };
    default:
      return null;
  }
}

/** RFC 2308 §5: the SOA says how long a "no" may be remembered; without one it may not be. */
function negativeTtlMs({ authorities }: Message): number {
  const soa = authorities.find(({ type }) => type === "SOA");
  if (soa === undefined) return 0;
  const { minimum } = soa.data as Readonly<Record<string, unknown>>;
  return Math.min(ttlMsOf(soa), typeof minimum === "number" ? secondsMs(minimum) : 0);
}

function ttlMsOf({ ttl = 0 }: PacketRecord): number {
  return secondsMs(ttl);
}

/** RFC 2181 §8: with its highest bit set, it means 0. */
function secondsMs(seconds: number): number {
  return seconds > 0x7fffffff ? 0 : seconds * 1000;
}

function sameName(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}
