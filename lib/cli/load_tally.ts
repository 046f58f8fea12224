/** What became of the messages of a load, counted. */
import { type Attempt, type SmtpClientEnd } from "../smtp/client.ts";
import { textOf } from "../smtp/reply.ts";
import { createLatencies, type Latencies } from "./latencies.ts";

export interface Tally {
  /** Messages that at least one of their recipients gets. */
  readonly accepted: number;
  /** Messages that nobody gets, or of which nobody knows. */
  readonly failed: number;
  /** Of the messages that were accepted. */
  readonly bytes: number;
  /** Connections that were made. */
  readonly opened: number;
  /** From the moment at which a message was to be sent to the last answer about it. */
  readonly wholeMs: Latencies;
  /** From the end of its content to the answer to it. */
  readonly finalMs: Latencies;
  /** What else was answered, most frequent first. */
  errors(): readonly LoadError[];
}

export interface LoadError {
  /** What was answered: `connect`, a stage of a message, or a `round` of reading. */
  readonly at: "connect" | "round" | Attempt["at"];
  /** `null` where there was no answer. */
  readonly code: number | null;
  /** The answer, in words: the first of its kind. */
  readonly text: string;
  /** To so many recipients, or connections. */
  readonly count: number;
}

export interface OpenTally extends Tally {
  connected(): void;
  /** A message has got its answers. */
  answered(message: Answered): void;
  /** A connection came to nothing. */
  lost(why: string): void;
}

export interface Answered {
  readonly attempts: readonly Attempt[];
  readonly bytes: number;
  readonly wholeMs: number;
  readonly finalMs: number;
}

/** A server may answer each recipient in other words; kinds beyond these are counted as one. */
export const ERROR_KINDS_MAX = 100;

export function createTally(): OpenTally {
  const counts = { accepted: 0, failed: 0, bytes: 0, opened: 0 };
  const wholeMs = createLatencies();
  const finalMs = createLatencies();
  const errors = createErrorKinds();

  return {
    wholeMs,
    finalMs,
    get accepted() {
      return counts.accepted;
    },
    get failed() {
      return counts.failed;
    },
    get bytes() {
      return counts.bytes;
    },
    get opened() {
      return counts.opened;
    },
    errors: errors.list,
    connected: () => void counts.opened++,
    answered(message) {
      const failed = message.attempts.filter(({ result }) => result !== "delivered");
      for (const { at, reply } of failed) {
        const text = reply === null ? "no answer" : textOf(reply);
        errors.note({ at, code: reply?.code ?? null, text });
      }
      if (failed.length === message.attempts.length) return void counts.failed++;
      counts.accepted++;
      counts.bytes += message.bytes;
      wholeMs.add(message.wholeMs);
      finalMs.add(message.finalMs);
    },
    lost: (why) => errors.note({ at: "connect", code: null, text: why }),
  };
}

/** Errors, counted by their kinds. */
export interface ErrorKinds {
  note(error: Omit<LoadError, "count">): void;
  /** Most frequent first. */
  list(): readonly LoadError[];
}

export function createErrorKinds(): ErrorKinds {
  const kinds = new Map<string, LoadError>();
  return {
    note({ at, code, text }) {
      // Words may hold the time or a number; what an answer means is its code and its status.
      const key = code === null ? `${at} ${text}` : `${at} ${text.split(" ", 2).join(" ")}`;
      const known = kinds.has(key) || kinds.size < ERROR_KINDS_MAX;
      const kind = known ? key : OTHERS;
      const before = kinds.get(kind) ?? { at, code, text: known ? text : OTHERS, count: 0 };
      kinds.set(kind, { ...before, count: before.count + 1 });
    },
    list: () => [...kinds.values()].toSorted((one, other) => other.count - one.count),
  };
}

const OTHERS = "other answers";

/** Why a connection did nothing, in words. */
export function endText(end: SmtpClientEnd): string {
  switch (end.end) {
    case "refused":
      return `${end.at}: ${textOf(end.reply)}`;
    case "lost":
      return end.reason === "deadline" ? "no answer in time" : "closed by the server";
    case "protocol":
      return end.detail;
    default:
      return `given up: ${end.end}`;
  }
}
