/** A DNS in the hands of a test: it knows the names that it was told, and no other. */
import {
  type Dns,
  type DnsAnswer,
  DnsError,
  type DnsErrorKind,
  type DnsRecord,
  type DnsType,
} from "../lib/net/dns.ts";

export interface FakeDns extends Dns {
  /**
   * From now on this name has these records, as in a zone file: `MX 10 mx.xyz.com`, `MX 0 .`,
   * `A 192.0.2.1`, `AAAA 2001:db8::1`, `TXT v=STSv1; id=1`, `CNAME other.test`. None: it exists.
   */
  set(name: string, ...records: readonly string[]): void;
  /** From now on questions about this name fail; with a type, only those. */
  fail(name: string, kind: DnsErrorKind, type?: DnsType): void;
  /** From now on there is no such name, and nothing is wrong with it. */
  remove(name: string): void;
  /** How long answers may be remembered from now on; at first 300 s. */
  setTtl(ttlMs: number): void;
  /** Every question, in its order: `xyz.com MX`. */
  readonly questions: readonly string[];
}

export function fakeDns(): FakeDns {
  const names = new Map<string, readonly string[]>();
  const failures = new Map<string, DnsErrorKind>();
  const questions: string[] = [];
  let ttlMs = 300_000;

  function answer(name: string, type: DnsType): DnsAnswer {
    const failure = failures.get(`${name} ${type}`) ?? failures.get(name);
    if (failure !== undefined) throw new DnsError(failure, `${name} ${type}: ${failure}`);
    const texts = names.get(name);
    if (texts === undefined) return { kind: "noName", ttlMs };
    const alias = texts.find((each) => each.startsWith("CNAME "));
    if (alias !== undefined) return answer(alias.slice("CNAME ".length), type);
    const records = texts.map(recordOf).filter((each) => each.type === type);
    return records.length === 0 ? { kind: "noData", ttlMs } : { kind: "found", records, ttlMs };
  }

  return {
    questions,
    set: (name, ...records) => void names.set(name, records),
    fail: (name, kind, type) =>
      void failures.set(type === undefined ? name : `${name} ${type}`, kind),
    remove(name) {
      names.delete(name);
      for (const key of failures.keys()) {
        if (key === name || key.startsWith(`${name} `)) failures.delete(key);
      }
    },
    setTtl: (ms) => void (ttlMs = ms),
    async query(name, type, signal) {
      questions.push(`${name} ${type}`);
      if (signal.aborted) throw new DnsError("aborted", "the question was given up");
      return await answer(name.toLowerCase(), type);
    },
  };
}

function recordOf(text: string): DnsRecord {
  const [type, ...words] = text.split(" ");
  switch (type) {
    case "MX":
      return { type, preference: Number(words[0]), exchange: words[1]!.replace(/\.$/, "") };
    case "A":
    case "AAAA":
      return { type, address: words[0]! };
    case "TXT":
      return { type, text: words.join(" ") };
    default:
      throw new Error(`not a record: ${text}`);
  }
}
