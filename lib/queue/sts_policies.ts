/**
 * Which MTA-STS policy holds for a domain: found by DNS and HTTPS, remembered in the store, and
 * asked for anew when the domain says that it has changed (RFC 8461 §3.3 and §5.1).
 */
import { describeError, type Log } from "../log.ts";
import type { Dns } from "../net/dns.ts";
import { NetError, type World } from "../net/world.ts";
import type { KeptPolicy, Policies } from "../store/policies.ts";
import { decodeUtf8 } from "../wire/bytes.ts";
import { parseStsPolicy, stsIdOf, type StsPolicy, stsPolicyUrl, stsRecordName } from "./mta_sts.ts";

export interface StsPolicies {
  /**
   * The policy that holds; `null` where there is none. Rejects where it is not known whether there
   * is one: with the signal's reason when that is aborted first, and when the store cannot be read.
   */
  of(domain: string, signal: AbortSignal): Promise<StsPolicy | null>;
  /** Gives up what is being fetched. */
  close(): void;
}

export interface StsPoliciesOptions {
  readonly world: Pick<World, "clock" | "https">;
  /** Asked for TXT; whoever remembers answers for as long as they hold spares questions. */
  readonly dns: Dns;
  readonly policies: Policies;
  readonly log: Log;
  /** PEM certificates that are trusted beside the well-known authorities. */
  readonly authorities: readonly string[];
}

/** RFC 8461 §3.3 suggests a minute; who waits may be a client. */
const FETCH_MS = 20_000;
/** RFC 8461 §3.3 suggests as much. */
const POLICY_BYTES_MAX = 64 * 1024;
/** RFC 8461 §3.3: a policy that could not be fetched is left alone for five minutes. */
const FAILED_MS = 5 * 60_000;
/** Domains whose policy could not be fetched; beyond that, some are tried again sooner. */
const FAILED_MAX = 1_000;
/** RFC 8461 §3.3: whoever listens in from now on must not be able to wait for it to run out. */
export const REFRESH_AFTER_MS = 24 * 60 * 60_000;

export function createStsPolicies(options: StsPoliciesOptions): StsPolicies {
  const failed = new Map<string, { readonly id: string; readonly untilMs: number }>();
  const underWay = new Map<string, Promise<StsPolicy | null>>();
  const stop = new AbortController();

  async function find(domain: string): Promise<StsPolicy | null> {
    const { world, log } = options;
    const found = await kept(options, domain);
    const id = await currentId(options, domain, stop.signal);
    const now = world.clock.now();
    const isFresh = found !== null && found.id === id && now < found.fetchedAt + REFRESH_AFTER_MS;
    // RFC 8461 §3.3: what is remembered holds, also where nothing can be found any more.
    if (id === null || isFresh || isLeftAlone(domain, id)) return found;
    try {
      const policy = await fetchPolicy(options, domain, stop.signal);
      failed.delete(domain);
      await keep(options, domain, { ...policy, id, fetchedAt: now });
      log.info("sts-policy", { domain, id, mode: policy.mode, mx: policy.mx.join(" ") });
      return policy;
    } catch (error) {
      leaveAlone(domain, id);
      // RFC 8461 §3.3: operators are told, unless the domain is about to give it up.
      const level = found === null || found.mode === "none" ? "info" : "warn";
      log[level]("sts-fetch-failed", { domain, id, reason: describeError(error) });
      return found;
    }
  }

  function isLeftAlone(domain: string, id: string): boolean {
    const failure = failed.get(domain);
    return failure?.id === id && options.world.clock.monotonicMs() < failure.untilMs;
  }

  function leaveAlone(domain: string, id: string): void {
    if (failed.size >= FAILED_MAX) failed.clear();
    failed.set(domain, { id, untilMs: options.world.clock.monotonicMs() + FAILED_MS });
  }

  return {
    of(domain, signal) {
      const before = underWay.get(domain);
      if (before !== undefined) return unlessAborted(before, signal);
      const finding = find(domain).catch((error) => {
        options.log.error("sts-failed", { domain, reason: describeError(error) });
        throw error;
      }).finally(() => underWay.delete(domain));
      // It may fail when everybody has given up waiting.
      finding.catch(() => {});
      underWay.set(domain, finding);
      return unlessAborted(finding, signal);
    },
    close: () => stop.abort(),
  };
}

/** Who gives up waiting leaves what is under way to the others. */
function unlessAborted<T>(finding: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) return onAbort();
    signal.addEventListener("abort", onAbort);
    finding.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}

/** RFC 8461 §5.1: what is remembered and has not run out. */
async function kept(
  { policies, world }: StsPoliciesOptions,
  domain: string,
): Promise<KeptPolicy | null> {
  const found = await policies.find(domain);
  if (found === null) return null;
  const ageMs = world.clock.now() - found.fetchedAt;
  // A clock that was put back must not make a policy last for ever.
  return ageMs >= 0 && ageMs < found.maxAgeMs ? found : null;
}

/** A disk that is full takes no policy's force away: it is fetched again when it is needed. */
async function keep(
  { policies, log }: StsPoliciesOptions,
  domain: string,
  policy: KeptPolicy,
): Promise<void> {
  try {
    await policies.keep(domain, policy);
  } catch (error) {
    log.error("sts-failed", { domain, reason: describeError(error) });
  }
}

/** The id of the policy that the domain has now; `null`: it has none, or nobody can say. */
async function currentId(
  { dns, log }: StsPoliciesOptions,
  domain: string,
  signal: AbortSignal,
): Promise<string | null> {
  try {
    const answer = await dns.query(stsRecordName(domain), "TXT", signal);
    if (answer.kind !== "found") return null;
    return stsIdOf(answer.records.flatMap((each) => each.type === "TXT" ? [each.text] : []));
  } catch (error) {
    log.info("sts-lookup-failed", { domain, reason: describeError(error) });
    return null;
  }
}

/** @throws {NetError} where no policy could be had. */
async function fetchPolicy(
  { world, authorities }: StsPoliciesOptions,
  domain: string,
  signal: AbortSignal,
): Promise<StsPolicy> {
  const { status, type, body } = await world.https.get(stsPolicyUrl(domain), {
    timeoutMs: FETCH_MS,
    bytesMax: POLICY_BYTES_MAX,
    authorities,
    signal,
  });
  // RFC 8461 §3.3: 200 and nothing else; a redirection could lead to whom it does not belong to.
  if (status !== 200) throw new NetError("other", `the answer has status ${status}`);
  // RFC 8461 §3.2: what users of a web server may put there is rarely plain text.
  if (!/^text\/plain[ \t]*(;|$)/i.test(type)) throw new NetError("other", `it is ${type}`);
  const text = decodeUtf8(body);
  const policy = text === null ? null : parseStsPolicy(text);
  if (policy === null) throw new NetError("other", "the policy makes no sense");
  return policy;
}
