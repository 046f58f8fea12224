/** The name servers of a scenario: what they know, and how they fail. */
import {
  type Dns,
  type DnsAnswer,
  DnsError,
  type DnsRecord,
  type DnsType,
} from "../../lib/net/dns.ts";
import type { Faults } from "./faults.ts";
import { type Life, never } from "./life.ts";
import type { Prng } from "./prng.ts";

/** What they know, by name in lower case; every machine is there with its address. */
export type Zones = Map<string, readonly DnsRecord[]>;

export interface DnsOptions {
  readonly zones: Zones;
  readonly life: Life;
  readonly prng: Prng;
  readonly faults: Faults;
  readonly tell: (line: string) => void;
}

/** An address at which nobody is (RFC 5737). */
export const NOBODY = "192.0.2.1";

/** Nobody remembers longer what has changed since. */
const TTL_MS_MAX = 3_600_000;
/** A resolver that got no answer says so after that. */
const TIMEOUT_MS = 20_000;

/** The resolver of one process. */
export function simDns(options: DnsOptions): Dns {
  const { life, prng, faults, tell } = options;
  return {
    query(name, type, signal) {
      if (!life.act()) return never();
      if (signal.aborted) return Promise.reject(aborted());
      const slow = faults.strikes("dnsSlow");
      const lost = slow && prng.chance(0.5);
      const waitMs = lost ? TIMEOUT_MS : (slow ? TIMEOUT_MS : 50) * prng.fraction();
      return new Promise((resolve, reject) => {
        const onAbort = () => {
          event.cancel();
          reject(aborted());
        };
        const event = life.after(waitMs, () => {
          signal.removeEventListener("abort", onAbort);
          if (lost) {
            tell(`nobody answers ${type} ${name}`);
            return reject(new DnsError("timeout", `no answer about ${name}`));
          }
          if (faults.strikes("dnsFailed")) {
            tell(`SERVFAIL ${type} ${name}`);
            return reject(new DnsError("failed", `SERVFAIL about ${name}`));
          }
          resolve(answer(options, name, type));
        });
        signal.addEventListener("abort", onAbort, { once: true });
      });
    },
  };
}

function answer({ zones, prng, faults, tell }: DnsOptions, name: string, type: DnsType): DnsAnswer {
  const ttlMs = prng.chance(0.2) ? 0 : Math.floor(TTL_MS_MAX * prng.fraction());
  const known = zones.get(name);
  if (known === undefined) return { kind: "noName", ttlMs };
  if (type === "A" && faults.strikes("dnsLie")) {
    tell(`lies about ${name}`);
    return { kind: "found", records: [{ type, address: NOBODY }], ttlMs };
  }
  const records = known.filter((each) => each.type === type);
  return records.length === 0 ? { kind: "noData", ttlMs } : { kind: "found", records, ttlMs };
}

function aborted(): DnsError {
  return new DnsError("aborted", "the question was given up");
}
