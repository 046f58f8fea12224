/** What became of each recipient of each message, found in the ledger, and not judged yet. */
import { markOfContent } from "./checkers_bytes.ts";
import { emailIdsOf } from "./checkers_imap.ts";
import { domainOf, hearersOf, ownersOf, relayOfOurs, type World } from "./geography.ts";
import type { Copy, Drop, Ledger, Submission, Taking } from "./ledger.ts";
import { type ReadReport, readReport } from "./report_reader.ts";

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

/** Which recipient of which message it is, at the beginning of a sentence. */
export function nameOf({ submission: { mark, server, endedAtMs }, address }: Fate): string {
  return `${mark} for <${address}>, given to ${server} at ${endedAtMs} ms,`;
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

/** Whether a server that sends everything through the one which was given it may bring it back. */
export function comesBack(fate: Fate, world: World): boolean {
  const { server } = fate.submission;
  return [...serversOn(fate, world)].some((each) => relayOfOurs(each, world) === server);
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

/** Each copy once, however often it was read, and wherever its reader has copied or moved it. */
function distinctCopies({ copies, imap }: Ledger): readonly Copy[] {
  const emailIds = emailIdsOf(imap);
  const named = copies.map((copy) => {
    const place = `${copy.server} ${copy.account} ${copy.uniqueId}`;
    return [
      `${copy.server} ${copy.account} ${emailIds.get(place) ?? copy.uniqueId}`,
      copy,
    ] as const;
  });
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
