/** The closing figures of many seeds; plain JSON, for they are added up across processes. */
import type { Simulated } from "./simulate.ts";

export interface Tally {
  passed: number;
  failed: number;
  virtualMs: number;
  events: number;
  /** By kind. */
  readonly faults: Record<string, number>;
  /** What scenarios have counted. */
  readonly counts: Record<string, number>;
}

export function newTally(): Tally {
  return { passed: 0, failed: 0, virtualMs: 0, events: 0, faults: {}, counts: {} };
}

export function addTally(tally: Tally, result: Simulated): void {
  const passed = result.failures.length === 0;
  mergeTally(tally, {
    passed: passed ? 1 : 0,
    failed: passed ? 0 : 1,
    virtualMs: result.virtualMs,
    events: result.events,
    faults: Object.fromEntries(result.faults),
    counts: Object.fromEntries(result.tallies),
  });
}

export function mergeTally(tally: Tally, other: Tally): void {
  tally.passed += other.passed;
  tally.failed += other.failed;
  tally.virtualMs += other.virtualMs;
  tally.events += other.events;
  addCounts(tally.faults, other.faults);
  addCounts(tally.counts, other.counts);
}

function addCounts(to: Record<string, number>, from: Readonly<Record<string, number>>): void {
  for (const [name, count] of Object.entries(from)) to[name] = (to[name] ?? 0) + count;
}

const DAY_MS = 24 * 3_600_000;

/** The last one counts what passed and failed. */
export function closingLines(tally: Tally, ms: number): readonly string[] {
  const seeds = tally.passed + tally.failed;
  return [
    `${seeds} seeds, ${(tally.virtualMs / DAY_MS).toFixed(0)} virtual days, ` +
    `${tally.events} events in ${(ms / 1000).toFixed(1)} s, ` +
    `${(seeds / ms * 1000).toFixed(1)} seeds a second`,
    `counted: ${listed(tally.counts)}`,
    `faults: ${listed(tally.faults)}`,
    `${tally.passed} passed, ${tally.failed} failed`,
  ];
}

function listed(counts: Readonly<Record<string, number>>): string {
  const names = Object.keys(counts).toSorted();
  return names.length === 0 ? "none" : names.map((name) => `${name} ${counts[name]}`).join(", ");
}
