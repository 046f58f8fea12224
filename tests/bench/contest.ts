/** What a row of the benchmark is: who does the same work, what is measured, and what is wanted. */

export interface Setting {
  /** How often each contender has its turn. */
  readonly runs: number;
  /** About so long each turn takes. */
  readonly seconds: number;
  /** Smaller sizes, where these take most of the time. */
  readonly quick: boolean;
}

export interface Row {
  /** As in the table of goals. */
  readonly number: number;
  readonly title: string;
  /** One after the other. @throws {Missing} where a peer cannot be started here */
  readonly contests: readonly ((setting: Setting) => Promise<Contest>)[];
}

/** Contenders at the same work, who take turns so that a busy machine is unfair to all of them. */
export interface Contest extends AsyncDisposable {
  readonly title: string;
  readonly unit: string;
  readonly contenders: readonly Contender[];
  readonly goals: readonly Goal[];
  /** Each has one turn, for it is long, and what it measures does not depend on others. */
  readonly once?: true;
  /**
   * Looks whether what was counted is there; a sentence that says what was looked at.
   * @throws {Error} where something is not there: then the figures are worth nothing
   */
  verify(): Promise<string>;
}

export interface Contender {
  readonly name: string;
  measure(): Promise<number>;
}

/** A median, or its ratio to that of another, that is to be so large, or so small. */
export interface Goal {
  readonly of: string;
  readonly to?: string;
  readonly atLeast?: number;
  readonly atMost?: number;
}

/** What a contest needs is not on this machine. */
export class Missing extends Error {
  override readonly name = "Missing";
}

export interface Figures {
  readonly name: string;
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

export interface Judged {
  readonly goal: Goal;
  readonly value: number;
  readonly met: boolean;
}

export interface Outcome {
  readonly title: string;
  readonly unit: string;
  readonly figures: readonly Figures[];
  readonly judged: readonly Judged[];
  readonly verified: string;
}

/** Gives all contenders their turns, and looks at what they have done. */
export async function hold(contest: Contest, runs: number): Promise<Outcome> {
  const values = contest.contenders.map((): number[] => []);
  for (let run = 0; run < (contest.once ? 1 : runs); run++) {
    for (const [at, contender] of contest.contenders.entries()) {
      values[at]!.push(await contender.measure());
    }
  }
  const figures = contest.contenders.map(({ name }, at) => figuresOf(name, values[at]!));
  const { title, unit, goals } = contest;
  const judged = goals.map((goal) => judge(goal, figures));
  return { title, unit, figures, judged, verified: await contest.verify() };
}

export function figuresOf(name: string, values: readonly number[]): Figures {
  const sorted = values.toSorted((one, other) => one - other);
  return {
    name,
    median: sorted[Math.floor(sorted.length / 2)]!,
    least: sorted[0]!,
    most: sorted.at(-1)!,
  };
}

export function judge(goal: Goal, figures: readonly Figures[]): Judged {
  const medianOf = (wanted: string) => figures.find(({ name }) => name === wanted)!.median;
  const value = medianOf(goal.of) / (goal.to === undefined ? 1 : medianOf(goal.to));
  const met = value >= (goal.atLeast ?? -Infinity) && value <= (goal.atMost ?? Infinity);
  return { goal, value, met };
}
