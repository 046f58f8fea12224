/**
 * Remembers what the DNS has answered for as long as it says, and asks one question once, however
 * many wait for its answer.
 */
import { type Dns, type DnsAnswer, DnsError, type DnsRecord, type DnsType } from "./dns.ts";
import type { World } from "./world.ts";

/** RFC 1034 §7.1 leaves it to us; what was moved without warning is found on the next day. */
const FOUND_MS_MAX = 24 * 60 * 60_000;
/** RFC 2308 §5: "values of one to three hours have been found to work well". */
const NOT_FOUND_MS_MAX = 60 * 60_000;
/** What all answers together may take; then the oldest go, and are only asked for again. */
const CHARACTERS_MAX = 16 * 1024 * 1024;
/** What an answer takes beside its text. */
const CHARACTERS_EACH = 200;

interface Known {
  readonly answer: DnsAnswer;
  readonly untilMs: number;
  readonly characters: number;
}

interface Question {
  readonly answer: Promise<DnsAnswer>;
  readonly stop: AbortController;
  waiting: number;
}

/** A DNS with a memory. Failures are not remembered. */
export function createResolver({ dns, clock }: Pick<World, "dns" | "clock">): Dns {
  const known = new Map<string, Known>();
  const open = new Map<string, Question>();
  let characters = 0;

  function remember(key: string, answer: DnsAnswer): void {
    forget(key);
    const max = answer.kind === "found" ? FOUND_MS_MAX : NOT_FOUND_MS_MAX;
    const ms = Math.min(answer.ttlMs, max);
    if (ms === 0) return;
    const size = CHARACTERS_EACH + key.length + charactersOf(answer);
    known.set(key, { answer, untilMs: clock.monotonicMs() + ms, characters: size });
    characters += size;
    while (characters > CHARACTERS_MAX) forget(known.keys().next().value!);
  }

  function forget(key: string): void {
    characters -= known.get(key)?.characters ?? 0;
    known.delete(key);
  }

  function begin(key: string, name: string, type: DnsType): Question {
    const stop = new AbortController();
    const close = () => {
      if (open.get(key) === question) open.delete(key);
    };
    const answer = dns.query(name, type, stop.signal).finally(close);
    answer.then((found) => remember(key, found), () => {});
    const question: Question = { answer, stop, waiting: 0 };
    stop.signal.addEventListener("abort", close);
    open.set(key, question);
    return question;
  }

  return {
    async query(name, type, signal) {
      const key = `${type} ${name.toLowerCase()}`;
      const kept = known.get(key);
      const leftMs = (kept?.untilMs ?? 0) - clock.monotonicMs();
      if (kept !== undefined && leftMs > 0) return { ...kept.answer, ttlMs: leftMs };
      const question = open.get(key) ?? begin(key, name, type);
      question.waiting++;
      try {
        return await unlessAborted(question.answer, signal);
      } finally {
        question.waiting--;
        if (question.waiting === 0) question.stop.abort();
      }
    },
  };
}

function charactersOf(answer: DnsAnswer): number {
  if (answer.kind !== "found") return 0;
  return answer.records.reduce((sum, record) => sum + CHARACTERS_EACH + textOf(record).length, 0);
}

function textOf(record: DnsRecord): string {
  switch (record.type) {
    case "MX":
      return record.exchange;
    case "A":
    case "AAAA":
      return record.address;
    case "TXT":
      return record.text;
  }
}

/** Who gives up waiting leaves the question to the others who wait for it. */
function unlessAborted(answer: Promise<DnsAnswer>, signal: AbortSignal): Promise<DnsAnswer> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(new DnsError("aborted", "the question was given up"));
    if (signal.aborted) return onAbort();
    signal.addEventListener("abort", onAbort);
    answer.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}
