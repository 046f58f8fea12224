/** What `smtpc bench` says at its end, for people and for programs. */
import type { Latencies } from "./latencies.ts";
import type { LoadResult } from "./load.ts";
import type { Tally } from "./load_tally.ts";
import type { ReadLoadResult } from "./read_load.ts";

/** Several lines, each a name and what belongs to it. */
export function benchText(
  { tally, elapsedMs }: LoadResult,
  { connections }: { readonly connections: number },
): string {
  const { accepted, failed, opened, bytes, wholeMs, finalMs } = tally;
  const seconds = elapsedMs / 1000;
  const others = failed === 0 ? "" : `, ${failed} not`;
  const opening = opened === connections ? "" : ` (${opened} were opened)`;
  return linesOf([
    ["messages", `${accepted} accepted${others}, in ${figure(seconds)} s`],
    ["connections", `${connections} at once${opening}`],
    rateOf(accepted / seconds, bytes / seconds),
    ["whole", sharesText(wholeMs)],
    ["dot to 250", sharesText(finalMs)],
    ...errorsOf(tally),
  ]);
}

/** One object; times in milliseconds, `null` where no message was accepted. */
export function benchJson(
  { tally, elapsedMs }: LoadResult,
  { connections }: { readonly connections: number },
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

/** What `smtpc bench` says about reading; `steps` in the order of a round. */
export function readText({ tally, elapsedMs }: ReadLoadResult, connections: number): string {
  const { rounds, failed, messages, bytes, steps } = tally;
  const seconds = elapsedMs / 1000;
  const others = failed === 0 ? "" : `, ${failed} not`;
  return linesOf([
    ["rounds", `${rounds} whole${others}, in ${figure(seconds)} s`],
    ["messages", `${messages} downloaded`],
    ["connections", `${connections} at once`],
    rateOf(messages / seconds, bytes / seconds),
    ...[...steps].map(([step, latencies]) => [step, sharesText(latencies)] as const),
    ...errorsOf(tally),
  ]);
}

/** One object; times in milliseconds. */
export function readJson(
  { tally, elapsedMs }: ReadLoadResult,
  connections: number,
): Readonly<Record<string, unknown>> {
  const { rounds, failed, messages, bytes, steps } = tally;
  const seconds = elapsedMs / 1000;
  return {
    rounds,
    failed,
    messages,
    seconds,
    messagesPerSecond: messages / seconds,
    bytesPerSecond: bytes / seconds,
    connections,
    stepsMs: Object.fromEntries([...steps].map(([step, each]) => [step, sharesOf(each)])),
    errors: tally.errors(),
  };
}

type Line = readonly [name: string, value: string];

function linesOf(lines: readonly Line[]): string {
  return lines.map(([name, value]) => `${name.padEnd(NAME_COLUMNS)}${value}\n`).join("");
}

function rateOf(messagesPerSecond: number, bytesPerSecond: number): Line {
  const mebibytes = figure(bytesPerSecond / MEBIBYTE);
  return ["rate", `${figure(messagesPerSecond)} messages/s, ${mebibytes} MiB/s`];
}

function errorsOf(tally: Pick<Tally, "errors">): readonly Line[] {
  return tally.errors().map(({ at, text, count }) => ["error", `${count} × ${at}: ${text}`]);
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
