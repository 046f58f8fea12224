/** Lengths of time as people write them: `30s`, `5m`, `4h`, `5d`. */

const UNITS: readonly (readonly [letter: string, word: string, ms: number])[] = [
  ["d", "day", 24 * 60 * 60_000],
  ["h", "hour", 60 * 60_000],
  ["m", "minute", 60_000],
  ["s", "second", 1_000],
];

/** In milliseconds. @throws {RangeError} when it is no length of time, or none at all. */
export function parseDuration(text: string): number {
  const [, count, letter] = /^(\d{1,9})([dhms])$/.exec(text.trim()) ?? [];
  const unit = UNITS.find(([each]) => each === letter);
  if (unit !== undefined && Number(count) > 0) return Number(count) * unit[2];
  throw new RangeError(`${JSON.stringify(text)} is not a length of time like 30s, 5m, 4h or 5d`);
}

/** In the largest unit of which it is a whole number: `5 days`, `90 minutes`. */
export function durationText(ms: number): string {
  const unit = UNITS.find(([, , each]) => ms >= each && ms % each === 0);
  if (unit === undefined) return `${ms / 1000} seconds`;
  const count = ms / unit[2];
  return `${count} ${unit[1]}${count === 1 ? "" : "s"}`;
}
