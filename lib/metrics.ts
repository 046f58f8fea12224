/** What a running server counts, for whoever wants to know how it fares. */

/** `verify…`: recipients at next hops, RFC 5321 §3.3, in the order of docs/verification.md. */
export const METRICS = [
  "verifyAsked",
  "verifyTaken",
  "verifyRefused",
  "verifyUnknown",
  "verifyRemembered",
] as const;

export type MetricName = (typeof METRICS)[number];

/** Numbers that only grow, from 0 when the process starts. */
export interface Metrics {
  /** Adds `more`, by default one. */
  count(name: MetricName, more?: number): void;
  read(): Readonly<Record<MetricName, number>>;
}

export function createMetrics(): Metrics {
  const counts = Object.fromEntries(METRICS.map((name) => [name, 0])) as Record<MetricName, number>;
  return {
    count: (name, more = 1) => void (counts[name] += more),
    read: () => ({ ...counts }),
  };
}
