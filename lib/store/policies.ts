/** What is remembered about the MTA-STS policies of other domains (RFC 8461). */
import type { MaybePromise } from "../wire/session.ts";

/** The policy of a domain (RFC 8461 §3.2), as it was fetched. */
export interface KeptPolicy {
  /** Which one it is, in the words of the domain's TXT record. */
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly fetchedAt: number;
  readonly mode: "enforce" | "testing" | "none";
  readonly mx: readonly string[];
  readonly maxAgeMs: number;
}

/** So many domains' policies are kept; a sender of mail could make us ask for any number. */
export const POLICIES_KEPT = 5_000;

/** They outlive the process: who could wait for a restart must not find us without. */
export interface Policies {
  /** What is remembered of a domain's policy, also when it has run out; `null`: nothing. */
  find(domain: string): MaybePromise<KeptPolicy | null>;
  /**
   * Takes the place of what was remembered of this domain. Of more than
   * {@linkcode POLICIES_KEPT}, those that were fetched first are forgotten.
   */
  keep(domain: string, policy: KeptPolicy): Promise<void>;
  /**
   * Domains whose policy was fetched before that time, has not run out now, and binds; at most
   * `max`, those that were fetched first in front.
   */
  aging(times: { readonly fetchedBefore: number; readonly now: number }, max: number): MaybePromise<
    readonly string[]
  >;
}
