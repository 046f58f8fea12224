/**
 * Promises 1 and 2: what was answered with 250 ends in exactly one outcome for each recipient; what
 * was refused ends nowhere; and a copy appears twice only where something broke in between.
 */
import { strayCopies } from "./checkers_imap.ts";
import { mayBeLost, mayBeTwice, mostAtOnce } from "./checkers_restored.ts";
import { comesBack, type Fate, fatesOf, isPassedOn, nameOf, serversOn } from "./fates.ts";
import { domainOf, relayOfOurs, type World } from "./geography.ts";
import type { Interruption, Ledger } from "./ledger.ts";

/** What is wrong with the outcomes, one sentence each. */
export function checkOutcomes(ledger: Ledger, world: World): readonly string[] {
  return fatesOf(ledger, world).flatMap((fate) => [
    ...checkFate(fate, ledger, world),
    ...checkCopies(fate, ledger, world),
    ...checkTries(fate, ledger, world),
  ]);
}

/** Whether the recipient was accepted with the message; `maybe`: nobody heard. */
function isAccepted({ submission, names }: Fate): "yes" | "no" | "maybe" {
  const wasTaken = submission.recipients.some((each) =>
    names.includes(each.address) && each.code !== null && each.code < 300
  );
  if (!wasTaken || submission.answer === "unsent") return "no";
  // RFC 5321 §4.2: only 250 takes over the responsibility, and a refusal refuses it.
  return submission.answer === "unknown"
    ? "maybe"
    : submission.answer === "accepted"
    ? "yes"
    : "no";
}

function checkFate(fate: Fate, ledger: Ledger, world: World): readonly string[] {
  const kept = fate.takings.filter(({ verdict }) => verdict === "kept");
  const outcomes = [
    ...(fate.copies.length > 0 ? ["in the mailbox"] : []),
    ...(kept.length > 0 ? ["accepted by the next server"] : []),
    ...(fate.failures.length > 0 ? ["reported as failed"] : []),
    // A report to somebody elsewhere may have been seen on its way there.
    ...(fate.recorded && fate.failures.length === 0 ? ["recorded"] : []),
    ...(fate.drops.length > 0 ? ["dropped by the operator"] : []),
  ];
  const name = nameOf(fate);
  const accepted = isAccepted(fate);
  if (accepted === "no") {
    return outcomes.length === 0 ? [] : [`${name} was not accepted, and is ${outcomes.join(", ")}`];
  }
  if (outcomes.length === 0) {
    return accepted === "maybe" || fate.isGone || mayBeLost(fate, ledger, world)
      ? []
      : [`${name} was answered with 250, and is lost`];
  }
  // A server that kept it without a word may refuse it later, or never answer again.
  const isUnclear = kept.length > 0 && !kept.some(({ heard }) => heard);
  // An alias elsewhere may have been reached twice, and then each of the two has its outcome.
  const isTwice = isPassedOn(fate, world) && breaksOn(fate, ledger, world) > 0;
  // What is under way when it is dropped comes to its end nevertheless.
  const isDropped = fate.drops.length > 0;
  const isAgain = isDropped || isForgotten(fate, ledger) || mayBeTwice(fate, ledger, world);
  return outcomes.length === 1 || isUnclear || isAgain || fate.isGone || fate.ways > 1 || isTwice
    ? []
    : [`${name} has more than one outcome: ${outcomes.join(", ")}`];
}

/** Promise 2: twice only when something died between the acceptance there and the record here. */
function checkCopies(fate: Fate, ledger: Ledger, world: World): readonly string[] {
  const { copies, ways, address } = fate;
  const home = world.homeOf(domainOf(address));
  const isRestored = ledger.restores.some(({ server }) => server === home);
  const strays = strayCopies(ledger.imap, world.accountOf(address), isRestored);
  const isTooMuch = mostAtOnce(copies, ledger) > ways + breaksOn(fate, ledger, world) + strays;
  return [
    ...(isTooMuch ? [`${nameOf(fate)} is there ${copies.length} times, and nothing broke`] : []),
    ...checkAgain(fate, ledger, world, "kept"),
  ];
}

/** How often something broke or died on the way, where it leads from one server to another. */
function breaksOn(fate: Fate, ledger: Ledger, world: World): number {
  const passed = serversOn(fate, world);
  if (passed.size === 1) return 0;
  return ledger.interruptions.filter((each) =>
    each.what !== "unrecorded" && concerns(each, [...passed])
  ).length;
}

/** Whether a server died before it noted that it was taken, and was refused when it came again. */
function isForgotten({ takings }: Fate, ledger: Ledger): boolean {
  return takings.some((one) =>
    one.verdict === "kept" &&
    takings.some((other) =>
      other.verdict === "refused" && other.client === one.client &&
      diedBetween(ledger, one.client, one.atMs, other.atMs)
    )
  );
}

/** RFC 5321 §4.2.1: what was refused for good is not tried again. */
function checkTries(fate: Fate, ledger: Ledger, world: World): readonly string[] {
  return checkAgain(fate, ledger, world, "refused");
}

/** A server that has the message once gives it on until it hears a last word, and not again. */
function checkAgain(
  fate: Fate,
  ledger: Ledger,
  world: World,
  last: "kept" | "refused",
): readonly string[] {
  const { submission: { server }, ways } = fate;
  const relay = relayOfOurs(server, world);
  // Other servers, to which an alias has led, or the way itself, may have been given it twice.
  const hasItOnce = ways === 1 && breaksOn(fate, ledger, world) === 0;
  const clients = [
    ...(hasItOnce || !comesBack(fate, world) ? [server] : []),
    ...(hasItOnce && relay !== null ? [relay] : []),
  ];
  const named = new Set([fate.address, ...fate.names]);
  return clients.flatMap((client) =>
    [...named].flatMap((name) => {
      const takings = fate.takings.filter((each) =>
        each.client === client && each.recipients.includes(name)
      );
      return takings.slice(1).flatMap((next, at) => {
        const before = takings[at]!;
        if (before.verdict !== last || !before.heard) return [];
        if (diedBetween(ledger, client, before.atMs, next.atMs)) return [];
        return [`${nameOf(fate)} was given again to ${next.server}, which had said ${SAID[last]}`];
      });
    })
  );
}

const SAID = { kept: "250", refused: "554" } as const;

/** Whether a server ended before it could write down what it had heard. */
function diedBetween(
  { interruptions }: Ledger,
  server: string,
  fromMs: number,
  untilMs: number,
): boolean {
  const its = interruptions.filter((each) => concerns(each, [server]));
  const stops = its.filter(({ what }) => what === "stop");
  const between = its.filter(({ atMs }) => atMs >= fromMs && atMs <= untilMs);
  return between.some(({ what }) => what === "crash") ||
    // A server that is stopped while its disk refuses to take the outcome cannot keep it; it may
    // have heard it while it was stopping already.
    between.some(({ what, atMs }) =>
      what === "unrecorded" &&
      stops.some((stop) => stop.atMs <= untilMs && atMs <= stop.atMs + STOPPING_MS)
    );
}

/** A server that stops may go on trying for so long. */
const STOPPING_MS = 15_000;

function concerns({ nodes }: Interruption, names: readonly string[]): boolean {
  return nodes.some((node) => names.includes(node));
}
