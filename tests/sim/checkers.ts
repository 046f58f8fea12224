/**
 * The judges of a run: written from the promises, beside the system, sharing no code with it. They
 * see a ledger and nothing else.
 */
import { checkAnswers, checkConversations } from "./checkers_answers.ts";
import { checkBytes } from "./checkers_bytes.ts";
import { checkImap } from "./checkers_imap.ts";
import { checkImapGrowth } from "./checkers_imap_growth.ts";
import { checkGrowth } from "./checkers_growth.ts";
import { checkOperator } from "./checkers_operator.ts";
import { checkOutcomes } from "./checkers_outcomes.ts";
import { checkReports } from "./checkers_reports.ts";
import type { World } from "./geography.ts";
import type { Ledger } from "./ledger.ts";

/** Everything that must not be, one sentence each; empty when the run was good. */
export function checkLedger(ledger: Ledger, world: World, nowMs: number): readonly string[] {
  return [
    ...checkOutcomes(ledger, world),
    ...checkBytes(ledger, world),
    ...checkReports(ledger, world),
    ...checkAnswers(ledger, world),
    ...checkOperator(ledger, world),
    ...checkGrowth(ledger),
    ...checkImap(ledger),
    ...checkImapGrowth(ledger),
    ...checkConversations(ledger, nowMs),
  ];
}
