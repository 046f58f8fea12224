/**
 * Deliberate bugs that lose, double or change mail: `deno task sim --mutants` puts each into a copy
 * of the project, and the simulation has to find it.
 */
import type { Mutant } from "./mutant.ts";
import { SIM_IMAP_MUTANTS } from "./simulated_imap.ts";

/** No single test has to notice it. */
export type SimMutant = Omit<Mutant, "test">;

/** The one transaction of `settleOnce`, line by line. */
const SETTLE = "  const stale = await options.store.queue.settle(\n";
const NOTES = `    outcomes.map((outcome) => [
      outcome.taken.token,
      outcome.verdict,
      noteOf(outcome, { at: options.world.clock.now(), delivery, report }),
    ]),
`;
const REPORT_WITH_THEM = "    [...(report === null ? [] : [report]), " +
  "...outcomes.flatMap(({ copies = [] }) => copies)],\n" +
  "  );\n";
const COPIES_WITH_THEM = "    outcomes.flatMap(({ copies = [] }) => copies),\n  );\n";

export const SIM_MUTANTS: readonly SimMutant[] = [
  ...SIM_IMAP_MUTANTS,
  {
    name: "250 before the commit",
    file: "lib/app/accept.ts",
    find: "  await store.accept(first!, others);\n",
    replace: "  store.accept(first!, others).catch(() => {});\n",
    why: "promise 1: a 250 means durable",
  },
  {
    name: "settle outside the transaction",
    file: "lib/queue/settlement.ts",
    find: REPORT_WITH_THEM + "  for (const outcome of outcomes) {\n",
    replace: COPIES_WITH_THEM +
      "  if (report !== null) await options.store.accept(report);\n" +
      "  for (const outcome of outcomes) {\n",
    why: "a crash in between loses the report, and with it the message",
  },
  {
    name: "a taken message is never given back",
    file: "lib/queue/worker.ts",
    find: "if (left.length > 0) await this.#giveBack(left);",
    replace: "",
    why: "what was taken and not tried waits for ever",
  },
  {
    name: "report sent before settle",
    file: "lib/queue/settlement.ts",
    find: SETTLE + NOTES + REPORT_WITH_THEM,
    replace: "  if (report !== null) await options.store.accept(report);\n" +
      SETTLE + NOTES + COPIES_WITH_THEM,
    why: "a crash in between tells the sender twice",
  },
  {
    name: "retry after 5xx",
    file: "lib/queue/outcome.ts",
    find: '    case "refused":\n      return { do: "finish", outcome: "failed", reply: words };\n',
    replace: '    case "refused":\n',
    why: "RFC 5321 §4.2.1: what was refused for good is not tried again",
  },
  {
    name: "verify cache never expiring",
    file: "lib/policy/verdicts.ts",
    find: "return kept === null || nowMs >= kept.untilMs ? null : kept.heard;",
    replace: "return kept === null || kept.untilMs === 0 ? null : kept.heard;",
    why: "whoever gets an account after somebody asked for it is never written to",
  },
  {
    name: "dot-stuffing off by one",
    file: "lib/wire/dots.ts",
    find: "        copied = at;\n",
    replace: "        copied = at + 1;\n",
    why: "lines that begin with a dot lose it, where there is no BDAT",
  },
  {
    name: "duplicate on reconnect",
    file: "lib/queue/link.ts",
    find: "      if (begun) return performed;\n",
    replace: "      if (begun && !performed.done) return performed;\n",
    why: "what a kept connection has delivered is delivered again over a new one",
  },
  {
    name: "lost wake-up",
    file: "lib/store/arrivals.ts",
    find: "  if (arrivals.queued) announceWork(marks);\n",
    replace: "",
    why: "the queue's worker sleeps on while there is work",
  },
  {
    name: "recipients mixed between messages",
    file: "lib/queue/worker.ts",
    find: "    const group = groups.get(taken.message);\n",
    replace: "    const group = groups.get(taken.message) ?? [...groups.values()][0];\n",
    why: "somebody gets what was meant for somebody else",
  },
  {
    name: "release forgets a recipient",
    file: "lib/store/sqlite_operator.ts",
    find: "held = 0, holdReason = ?1 WHERE q.held = 1",
    replace: "held = 0, holdReason = ?1 WHERE q.held = 1 " +
      "AND q.id = (SELECT min(id) FROM queue o WHERE o.message = q.message)",
    why: "whoever else waits for the message waits for ever",
  },
  {
    name: "drop removes another message's",
    file: "lib/store/sqlite_operator.ts",
    find: "DELETE FROM queue WHERE message = (SELECT id",
    replace: "DELETE FROM queue WHERE message >= (SELECT id",
    why: "what the operator did not name is lost",
  },
  {
    name: "what waits in a backup is tried at once",
    file: "lib/store/restore.ts",
    find: "held: await store.queue.hold({ reason, at: now }),",
    replace: "held: await store.queue.size(),",
    why: "it may have been delivered since the backup was made",
  },
  {
    name: "a restored mailbox keeps its UIDVALIDITY",
    file: "lib/store/restore.ts",
    find: "  renewUidValidity(database, now);\n",
    replace: "",
    why: "RFC 9051 §2.3.1.1: uids that were given out since are given to other messages",
  },
];
