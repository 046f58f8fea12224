/** Outcomes as the table of docs/performance.md. */
import type { Goal, Judged, Outcome } from "./contest.ts";

export interface RowOutcome {
  readonly number: number;
  readonly title: string;
  readonly outcomes: readonly Outcome[];
  /** Why some of it did not run. */
  readonly missing: readonly string[];
}

/** A line for each contender; those of a contest stand together. */
export function tableOf(rows: readonly RowOutcome[]): string {
  const lines = rows.flatMap(({ number, title, outcomes, missing }) =>
    [
      ...outcomes.flatMap((outcome) => linesOf(`${title}, ${outcome.title}`, outcome)),
      ...missing.map((why) => [title, "not run", why, "", ""]),
    ].map((columns, at) => [at === 0 ? String(number) : "", ...columns])
  );
  const head = ["#", "work", "who", "median (least to most)", "ratio", "goal"];
  return [head, head.map(() => "---"), ...lines]
    .map((columns) => `| ${columns.join(" | ")} |`).join("\n");
}

/** What was looked at afterwards, one item for each contest. */
export function verifiedOf(rows: readonly RowOutcome[]): string {
  return rows.flatMap(({ number, outcomes }) =>
    outcomes.map(({ title, verified }) => `- ${number}, ${title}: ${verified}.`)
  ).join("\n");
}

/** The same for a terminal. */
export function textOf({ title, unit, figures, judged, verified }: Outcome): string {
  return [
    `  ${title}`,
    ...figures.map(({ name, median, least, most }) =>
      `    ${name.padEnd(32)} ${figure(median)} ${unit} (${figure(least)} to ${figure(most)})`
    ),
    ...judged.map((each) =>
      `    ${ratioText(each)} (goal ${goalText(each.goal)}: ${metText(each)})`
    ),
    `    ${verified}`,
  ].join("\n");
}

function linesOf(work: string, { unit, figures, judged }: Outcome): readonly string[][] {
  return figures.map(({ name, median, least, most }, at) => {
    const own = judged.filter(({ goal }) => goal.of === name);
    return [
      at === 0 ? work : "",
      name,
      `${figure(median)} ${unit} (${figure(least)} to ${figure(most)})`,
      own.map(ratioText).join("; "),
      own.map((each) => `${goalText(each.goal)}: ${metText(each)}`).join("; "),
    ];
  });
}

function ratioText({ goal, value }: Judged): string {
  return goal.to === undefined ? "" : `${figure(value)} × ${goal.to}`;
}

function goalText({ atLeast, atMost }: Goal): string {
  return atLeast === undefined ? `≤ ${atMost}` : `≥ ${atLeast}`;
}

function metText({ met }: Judged): string {
  return met ? "met" : "missed";
}

/** With three digits that count. */
export function figure(value: number): string {
  if (value >= 100) return String(Math.round(value));
  return value.toFixed(value >= 10 ? 1 : 2);
}
