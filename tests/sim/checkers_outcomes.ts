/**
 * Promises 1 and 2: what was answered with 250 ends in exactly one outcome for each recipient; what
 * was refused ends nowhere; and a copy appears twice only where something broke in between.
 */
import { markOfContent } from "./checkers_bytes.ts";
import { mayBeLost, mayBeTwice, mostAtOnce } from "./checkers_restored.ts";
import type { Copy, Drop, Interruption, Ledger, Submission, Taking } from "./ledger.ts";
import { type ReadReport, readReport } from "./report_reader.ts";

export interface World {
  /** The name of the server of ours that has the mailboxes of a domain; `null`: a foreign one's. */
  homeOf(domain: string): string | null;
  /** The name of the mailbox that an address leads to. */
  accountOf(address: string): string;
  /** Where an alias leads; the address itself where it is none. */
  membersOf(address: string): readonly string[];
  /** Who hears of what a list of this name cannot deliver; `null` where it is no list. */
  ownerOf(address: string): string | null;
  /**
   * The name of the server through which one of ours sends everything: another one of ours, or a
   * foreign one; `null`: there is none.
   */
  relayOf(server: string): string | null;
}

/** What became of one recipient of one message. */
export interface Fate {
  readonly submission: Submission;
  readonly address: string;
  /** The recipients of the submission that lead there. */
  readonly names: readonly string[];
  /** How many ways lead there: an alias on another server is one of its own. */
  readonly ways: number;
  /** In mailboxes, as far as they were ever read. */
  readonly copies: readonly Copy[];
  /** By foreign servers, in the order of time. */
  readonly takings: readonly Taking[];
  /** Reports of failure. */
  readonly failures: readonly ReadReport[];
  /** Whether its server remembers that it failed, and that nobody could be told. */
  readonly recorded: boolean;
  /** What the operator has dropped of it. */
  readonly drops: readonly Drop[];
  /**
   * Whether the recipient's account, or the sender's, was removed after the message had come: then
   * its mail, or the report about it, went with it.
   */
  readonly isGone: boolean;
}

/** What is wrong with the outcomes, one sentence each. */
export function checkOutcomes(ledger: Ledger, world: World): readonly string[] {
  return fatesOf(ledger, world).flatMap((fate) => [
    ...checkFate(fate, ledger, world),
    ...checkCopies(fate, ledger, world),
    ...checkTries(fate, ledger, world),
  ]);
}

/** The fate of each recipient, by submission; a recipient that was named twice has one. */
export function fatesOf(ledger: Ledger, world: World): readonly Fate[] {
  const copies = Map.groupBy(
    distinctCopies(ledger).filter(({ content }) => readReport(content) === null),
    ({ content }) => markOfContent(content),
  );
  const takings = Map.groupBy(
    ledger.takings.filter(({ content }) => readReport(content) === null),
    ({ content }) => markOfContent(content),
  );
  const reports = Map.groupBy(reportsIn(ledger), ({ mark }) => mark);
  const drops = Map.groupBy(
    ledger.drops.filter(({ content }) => readReport(content) === null),
    ({ content }) => markOfContent(content),
  );
  // A report to anybody else is a message like others, and may end as they do.
  const isOurs = (address: string) => world.homeOf(domainOf(address)) !== null;
  return ledger.submissions.flatMap((submission) => {
    const { mark } = submission;
    const addresses = new Set(
      submission.recipients.flatMap(({ address }) => world.membersOf(address)),
    );
    return [...addresses].map((address): Fate => {
      const { names, ways } = waysTo(address, submission, world);
      // A report or a record may be about the alias, or about whom it leads to.
      const about = [address, ...names];
      return {
        submission,
        address,
        names,
        ways,
        copies: (copies.get(mark) ?? [])
          .filter(({ account }) => account === world.accountOf(address)),
        // A foreign relay takes what is for an alias of ours under the name of that.
        takings: (takings.get(mark) ?? [])
          .filter(({ recipients }) => about.some((each) => recipients.includes(each))),
        failures: (reports.get(mark) ?? []).filter((report) => tellsFailure(report, about)),
        recorded: ledger.records.some((each) =>
          each.id === submission.id && about.includes(each.recipient) &&
          each.outcome === "failed" &&
          !(each.isReported && hearersOf(address, submission, world).some(isOurs))
        ),
        drops: (drops.get(mark) ?? [])
          .filter(({ recorded }) => about.some((each) => recorded.includes(each))),
        isGone: [address, submission.sender ?? "", ...ownersOf(names, world)].some((each) =>
          wasRemoved(
            ledger,
            world.accountOf(each),
            isRefused(submission, each) || !names.includes(each) ? 0 : submission.beganAtMs,
          )
        ),
      };
    });
  });
}

function waysTo(
  address: string,
  { server, recipients }: Submission,
  world: World,
): Pick<Fate, "names" | "ways"> {
  const names = [...new Set(recipients.map((each) => each.address))]
    .filter((name) => world.membersOf(name).includes(address));
  // What the first server knows itself leads to everybody once.
  const further = names.filter((name) =>
    name !== address && world.homeOf(domainOf(name)) !== server
  );
  return { names, ways: further.length + (further.length < names.length ? 1 : 0) };
}

/** Whoever administers the lists among these. */
export function ownersOf(names: readonly string[], world: World): readonly string[] {
  return names.map(world.ownerOf).filter((owner) => owner !== null);
}

/** Who hears of an address: the sender, unless lists alone have led to it; then their owners. */
export function hearersOf(
  address: string,
  { sender, recipients }: Submission,
  world: World,
): readonly string[] {
  const names = recipients.map((each) => each.address)
    .filter((name) => name === address || world.membersOf(name).includes(address));
  const lists = names.filter((name) => name !== address && world.ownerOf(name) !== null);
  const isTheirs = lists.length === names.length && names.length > 0;
  return [...(isTheirs || sender === null ? [] : [sender]), ...ownersOf(lists, world)];
}

/** Behind the `@`. */
export function domainOf(address: string): string {
  return address.slice(address.lastIndexOf("@") + 1);
}

/** The reports that came anywhere, or would have if they had not been dropped; each once. */
export function reportsIn(ledger: Ledger): readonly (ReadReport & { readonly mark: string })[] {
  const dropped = ledger.drops.filter(({ recorded }) => recorded.length > 0);
  const contents = [...distinctCopies(ledger), ...keptIn(ledger), ...dropped]
    .map(({ content }) => content);
  const reports = new Map<string, ReadReport & { readonly mark: string }>();
  for (const content of contents) {
    const report = readReport(content);
    if (report === null) continue;
    reports.set(report.id, { ...report, mark: report.mark ?? markOfContent("") });
  }
  return [...reports.values()];
}

/** Each copy once, however often it was read. */
function distinctCopies({ copies }: Ledger): readonly Copy[] {
  const named = copies.map((copy) =>
    [`${copy.server} ${copy.account} ${copy.uniqueId}`, copy] as const
  );
  return [...new Map(named).values()];
}

function keptIn({ takings }: Ledger): readonly Taking[] {
  return takings.filter(({ verdict }) => verdict === "kept");
}

function tellsFailure({ recipients }: ReadReport, about: readonly string[]): boolean {
  return recipients.some(({ action, address }) => action === "failed" && about.includes(address));
}

/** Who was named and refused can still be meant by an alias. */
function isRefused({ recipients }: Submission, address: string): boolean {
  return recipients.some((each) =>
    each.address === address && each.code !== null && each.code >= 500
  );
}

/** An alias may lead to an account that is gone already. */
function wasRemoved({ accounts }: Ledger, removed: string, fromMs: number): boolean {
  return accounts.some(({ account, change, atMs }) =>
    change === "removed" && account === removed && atMs >= fromMs
  );
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
  const isAgain = isDropped || mayBeTwice(fate, ledger, world);
  return outcomes.length === 1 || isUnclear || isAgain || fate.isGone || fate.ways > 1 || isTwice
    ? []
    : [`${name} has more than one outcome: ${outcomes.join(", ")}`];
}

/** Promise 2: twice only when something died between the acceptance there and the record here. */
function checkCopies(fate: Fate, ledger: Ledger, world: World): readonly string[] {
  const { copies, ways } = fate;
  const isTooMuch = mostAtOnce(copies, ledger) > ways + breaksOn(fate, ledger, world);
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

/** The servers of ours that have it on its way, as far as anybody can tell. */
export function serversOn({ submission, names, address }: Fate, world: World): Set<string> {
  const homes = [...names, address].map((name) => world.homeOf(domainOf(name)));
  const passed = new Set([submission.server, ...homes.filter((home) => home !== null)]);
  if (homes.some((home) => home !== submission.server)) {
    for (const relay of [...passed].map((server) => relayOfOurs(server, world))) {
      if (relay !== null) passed.add(relay);
    }
  }
  return passed;
}

/** Only where it is one of ours: what a foreign one does with its mail is not our affair. */
function relayOfOurs(server: string, world: World): string | null {
  const relay = world.relayOf(server);
  return relay === null ? null : world.homeOf(relay);
}

/** Whether another server of ours leads there: one that has an alias, or is the relay. */
export function isPassedOn({ submission, names, address }: Fate, world: World): boolean {
  const isElsewhere = [address, ...names].some((name) =>
    world.homeOf(domainOf(name)) !== submission.server
  );
  if (isElsewhere && relayOfOurs(submission.server, world) !== null) return true;
  return names.some((name) => {
    const home = world.homeOf(domainOf(name));
    return name !== address && home !== null && home !== submission.server;
  });
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
  const clients = relay !== null && hasItOnce ? [server, relay] : [server];
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

/** Which recipient of which message it is, at the beginning of a sentence. */
export function nameOf({ submission: { mark, server, endedAtMs }, address }: Fate): string {
  return `${mark} for <${address}>, given to ${server} at ${endedAtMs} ms,`;
}
