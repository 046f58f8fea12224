/** From verdicts to what history says about them: pure, the same for all stores. */
import { type Address, sameAddress } from "../mail/address.ts";
import type { Reply } from "../smtp/reply.ts";
import {
  type Attempt,
  type ForgetOptions,
  type Happening,
  type HistoryId,
  type Note,
  type RecipientOutcome,
  REPLY_CHARACTERS_KEPT,
  type Unreached,
} from "./history.ts";
import type { Delivery, Verdict } from "./store.ts";

/** A recipient that got its verdict. */
export interface Settled {
  readonly recipient: Address;
  readonly verdict: Verdict;
  readonly note: Note | undefined;
}

/** What is said where nobody says more. */
const NO_NOTE = {
  at: null,
  via: null,
  tls: null,
  report: null,
  unreported: null,
  uncertain: false,
} as const;

/** One for all recipients of a message that were tried together. */
export function attemptsOf(settled: readonly Settled[]): readonly Attempt[] {
  const attempts = groupBy(settled, ({ note }) => {
    const { at, via, tls } = note ?? NO_NOTE;
    return JSON.stringify([at, via, tls]);
  });
  return attempts.map((group) => {
    const { at, via, tls } = group[0]!.note ?? NO_NOTE;
    return { what: "attempt", at, via, tls, outcomes: together(group.map(outcomeOf)) };
  });
}

/** That the operator dropped these. */
export function dropOf(recipients: readonly Address[], at: number | null): Happening {
  const outcome: RecipientOutcome = {
    recipients,
    outcome: "dropped",
    reply: null,
    dueAt: null,
    report: null,
    unreported: "the operator dropped it",
    uncertain: false,
  };
  return { what: "drop", at, outcomes: [outcome] };
}

/** Whether it may be forgotten before its message is: it is nobody's end. */
export function mayGo(happening: Happening): boolean {
  return !("outcomes" in happening) || !happening.outcomes.some(isEnd);
}

/** Where to go on behind a page of histories; see `History.forget`. */
export function nextAfter(
  page: readonly { readonly id: HistoryId; readonly acceptedAt: number }[],
  before: number,
  { max, now }: Pick<ForgetOptions, "max" | "now">,
): HistoryId | null {
  const last = page.at(-1);
  if (last === undefined || page.length < max) return null;
  const isYoung = last.acceptedAt >= before && last.acceptedAt <= now;
  return isYoung ? null : last.id;
}

/** Whether nothing more happens to these recipients. */
export function isEnd({ outcome }: RecipientOutcome): boolean {
  return outcome !== "deferred" && outcome !== "delayed";
}

/** A reply as it is kept: the beginning of what was said. */
export function shortened(reply: Reply): Reply {
  let left = REPLY_CHARACTERS_KEPT;
  const lines = reply.lines.map((line) => {
    const kept = line.slice(0, left);
    left -= kept.length;
    return kept;
  }).filter((line, at) => at === 0 || line !== "");
  return { ...reply, lines };
}

/**
 * What happened to a message, with the times at which a hop of its recipients could not be reached
 * while one of them waited for it.
 */
export function withUnreached(
  atFirst: readonly Address[],
  happenings: readonly Happening[],
  unreached: readonly Unreached[],
): readonly Happening[] {
  const queued = everQueued(atFirst, happenings);
  const ended = new Map<string, number>();
  for (const { domain } of queued) ended.set(domain, 0);
  for (const recipient of queued) {
    const end = endOf(recipient, happenings);
    ended.set(recipient.domain, Math.max(ended.get(recipient.domain)!, end));
  }
  const concerned = unreached.filter(({ hop, at }) => at <= (ended.get(hop) ?? -Infinity));
  return mergeByTime(happenings, concerned);
}

function endOf(recipient: Address, happenings: readonly Happening[]): number {
  for (const each of happenings) {
    if (!("outcomes" in each)) continue;
    const ends = each.outcomes.some((outcome) =>
      isEnd(outcome) && outcome.recipients.some((other) => sameAddress(other, recipient))
    );
    if (ends) return each.at ?? Infinity;
  }
  return Infinity;
}

/** Happenings keep their order, for clocks may jump. */
function mergeByTime(
  happenings: readonly Happening[],
  unreached: readonly Unreached[],
): readonly Happening[] {
  const merged: Happening[] = [];
  const waiting = [...unreached].sort((a, b) => a.at - b.at);
  for (const happening of happenings) {
    while (happening.at !== null && waiting.length > 0 && waiting[0]!.at <= happening.at) {
      merged.push(waiting.shift()!);
    }
    merged.push(happening);
  }
  return [...merged, ...waiting];
}

function outcomeOf(
  { recipient, verdict, note = { ...NO_NOTE, at: 0 } }: Settled,
): RecipientOutcome {
  const { report, unreported, uncertain } = note;
  const queued = verdict.do === "deliver" ? queuedIn(verdict.deliveries) : [];
  return {
    recipients: [recipient],
    outcome: outcomeName(verdict),
    ...(queued.length === 0 ? {} : { queued }),
    reply: shortened(verdict.reply),
    dueAt: verdict.do === "retry" ? verdict.dueAt : null,
    report,
    unreported,
    uncertain,
  };
}

/** The addresses of those deliveries that go into the queue. */
export function queuedIn(deliveries: readonly Delivery[]): readonly Address[] {
  return deliveries.flatMap((each) => each.to === "queue" ? [each.recipient.address] : []);
}

/** Everybody who was ever put into the queue for a message. */
export function everQueued(
  queued: readonly Address[],
  happenings: readonly Happening[],
): readonly Address[] {
  const outcomes = happenings.flatMap((each) => "outcomes" in each ? each.outcomes : []);
  return [...queued, ...outcomes.flatMap((each) => each.queued ?? [])];
}

function outcomeName(verdict: Verdict): RecipientOutcome["outcome"] {
  switch (verdict.do) {
    case "finish":
      return verdict.outcome;
    case "deliver":
      return verdict.outcome === "delivered" ? "delivered" : "expanded";
    case "retry":
      return "deferred";
    case "wait":
      return "delayed";
  }
}

/** Recipients with the same outcome stand together, so that many need little room. */
function together(outcomes: readonly RecipientOutcome[]): readonly RecipientOutcome[] {
  const groups = groupBy(outcomes, ({ recipients, ...rest }) => {
    // Each that was replaced was so by addresses of its own.
    return JSON.stringify(rest.queued === undefined ? rest : { ...rest, recipients });
  });
  return groups.map((group) => ({
    ...group[0]!,
    recipients: group.flatMap(({ recipients }) => recipients),
  }));
}

/** Groups in the order of their first member. */
function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): readonly (readonly T[])[] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return [...groups.values()];
}
