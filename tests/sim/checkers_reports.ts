/** Reports reach those who asked, and nobody else; and each of them once. */
import { comesBack, fatesOf, reportsIn } from "./fates.ts";
import { hearersOf, ownersOf, type World } from "./geography.ts";
import type { Ledger, Submission, SubmittedRecipient } from "./ledger.ts";
import { type ReadReport, readReport } from "./report_reader.ts";

/** What is wrong with the reports, one sentence each. */
export function checkReports(ledger: Ledger, world: World): readonly string[] {
  const given = new Map(ledger.submissions.map((each) => [each.mark, each]));
  const each = reportsIn(ledger).flatMap((report) => {
    const submission = given.get(report.mark);
    if (submission === undefined) return [`a report is about nothing: ${report.mark}`];
    return report.recipients.flatMap(({ address, action }) =>
      checkWish(submission, { address, action, world })
    );
  });
  return [...each, ...checkReaders(ledger, given, world), ...checkOnce(ledger, world)];
}

/** RFC 3461 §4.1: what NOTIFY asks for; without it failures, and delays at the server's choice. */
function checkWish(
  submission: Submission,
  { address, action, world }: {
    readonly address: string;
    readonly action: string;
    readonly world: World;
  },
): readonly string[] {
  const about = `the report of ${submission.mark} about <${address}>`;
  if (submission.sender === null) return [`${about} answers the null sender`];
  const named = submission.recipients.filter((each) =>
    each.address === address || world.membersOf(each.address).includes(address)
  );
  if (named.length === 0) return [`${about} is about nobody it was sent to`];
  // RFC 2852 §4.1.4: who sets a deadline may be told where the message went, unless never.
  const isTraced = (each: SubmittedRecipient) =>
    submission.hasDeadline && each.notify?.length !== 0 && action === "relayed";
  // RFC 3461 §5.2.7.1: what a list sends on asks for nothing, and its owner hears of failures.
  const isOwners = ownersOf(named.map((each) => each.address), world).length > 0 &&
    isWanted({ notify: null }, action);
  return isOwners || named.some((each) => isWanted(each, action) || isTraced(each))
    ? []
    : [`${about}, "${action}", was not asked for`];
}

function isWanted({ notify }: Pick<SubmittedRecipient, "notify">, action: string): boolean {
  switch (action) {
    case "failed":
      return notify === null || notify.includes("FAILURE");
    case "delayed":
      return notify === null || notify.includes("DELAY");
    case "delivered":
    case "expanded":
    case "relayed":
      return notify !== null && notify.includes("SUCCESS");
    default:
      return false;
  }
}

/** RFC 3464 §2: a report goes to the sender of the envelope, who is a list's owner behind it. */
function checkReaders(
  { copies, takings }: Ledger,
  given: ReadonlyMap<string, Submission>,
  world: World,
): readonly string[] {
  const faults: string[] = [];
  const read = copies.map(({ content, account }) => ({ content, readers: [account] }));
  const taken = takings.map(({ content, recipients }) => ({ content, readers: recipients }));
  for (const { content, readers } of [...read, ...taken]) {
    const report = readReport(content);
    const submission = report === null ? undefined : given.get(report.mark ?? "");
    const sender = submission?.sender ?? null;
    if (report === null || submission === undefined || sender === null) continue;
    const concerned = new Set(
      report.recipients.flatMap(({ address }) => hearersOf(address, submission, world)),
    );
    const accounts = [...concerned].map(world.accountOf);
    const strangers = readers.filter((reader) => !accounts.includes(world.accountOf(reader)));
    if (strangers.length > 0) {
      const whose = [...concerned].join(", ");
      faults.push(`the report of ${report.mark} for <${whose}> went to <${strangers.join(", ")}>`);
    }
  }
  return faults;
}

/**
 * A report and the end of what it is about are one transaction: the server to which a message was
 * given once tells of each recipient once, whatever crashes in between.
 */
function checkOnce(ledger: Ledger, world: World): readonly string[] {
  const reports = Map.groupBy(reportsIn(ledger), ({ mark }) => mark);
  return fatesOf(ledger, world).flatMap((fate) => {
    const { submission, address } = fate;
    // What waits again in a backup may fail again.
    const isRestored = ledger.restores.some(({ server, copiedAtMs }) =>
      server === submission.server && submission.beganAtMs <= copiedAtMs
    );
    // It is given what another server sends through it, and that is another message.
    if (isRestored || comesBack(fate, world)) return [];
    const about = (reports.get(submission.mark) ?? [])
      .filter(({ from }) => from === submission.server);
    return ["failed", "delivered", "relayed"].flatMap((action) => {
      const count = about.filter((report) => tells(report, address, action)).length;
      return count > 1
        ? [`${submission.server} said ${count} times that ${submission.mark} was ${action}`]
        : [];
    });
  });
}

function tells({ recipients }: ReadReport, address: string, action: string): boolean {
  return recipients.some((each) => each.address === address && each.action === action);
}
