/** What `smtpc bench` says at its end, for people and for programs. */
import type { BenchWishes } from "./bench_arguments.ts";
import type { Latencies } from "./latencies.ts";
import type { LoadResult } from "./load.ts";

/** Several lines, each a name and what belongs to it. */
export function benchText(
  { tally, elapsedMs }: LoadResult,
  { connections }: Pick<BenchWishes, "connections">,
): string {
  const { accepted, failed, opened, bytes, wholeMs, finalMs } = tally;
  const seconds = elapsedMs / 1000;
  const others = failed === 0 ? "" : `, ${failed} not`;
  const opening = opened === connections ? "" : ` (${opened} were opened)`;
  const lines = [
    ["messages", `${accepted} accepted${others}, in ${figure(seconds)} s`],
    ["connections", `${connections} at once${opening}`],
    [
      "rate",
      `${figure(accepted / seconds)} messages/s, ${figure(bytes / seconds / MEBIBYTE)} MiB/s`,
    ],
    ["whole", sharesText(wholeMs)],
    ["dot to 250", sharesText(finalMs)],
    ...tally.errors().map(({ at, text, count }) => ["error", `${count} × ${at}: ${text}`]),
  ];
  return lines.map(([name, value]) => `${name!.padEnd(NAME_COLUMNS)}${value}\n`).join("");
}

/** One object; times in milliseconds, `null` where no message was accepted. */
export function benchJson(
  { tally, elapsedMs }: LoadResult,
  { connections }: Pick<BenchWishes, "connections">,
): Readonly<Record<string, unknown>> {
  const { accepted, failed, opened, bytes, wholeMs, finalMs } = tally;
  const seconds = elapsedMs / 1000;
  return {
    accepted,
    failed,
    seconds,
    messagesPerSecond: accepted / seconds,
    bytesPerSecond: bytes / seconds,
    connections,
    opened,
    wholeMs: sharesOf(wholeMs),
    finalMs: sharesOf(finalMs),
    errors: tally.errors(),
  };
}

const MEBIBYTE = 1024 * 1024;
const NAME_COLUMNS = 13;

const SHARES = [["p50", 0.5], ["p90", 0.9], ["p99", 0.99], ["max", 1]] as const;

function sharesOf(latencies: Latencies): Readonly<Record<string, number | null>> {
  return Object.fromEntries(SHARES.map(([name, share]) => [name, latencies.atShare(share)]));
}

function sharesText(latencies: Latencies): string {
  if (latencies.count === 0) return "nothing was accepted";
  return SHARES.map(([name, share]) => `${name} ${figure(latencies.atShare(share)!)} ms`)
    .join(", ");
}

/** With three digits that count. */
function figure(value: number): string {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return value.toFixed(digits);
}
