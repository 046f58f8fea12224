/** What became of taken recipients, recorded in SQLite inside one transaction. */
import type { Arrivals } from "./arrivals.ts";
import type { Prepared } from "./content.ts";
import { prepare } from "./sql.ts";
import type { MessageRow } from "./sqlite_content.ts";
import type { SqliteParts } from "./sqlite_parts.ts";
import type {
  AccountId,
  HopId,
  MailboxDelivery,
  ModSeq,
  QueuedId,
  Token,
  Verdict,
} from "./store.ts";

export interface Tokens {
  /** Marks a recipient as taken. */
  take(queued: QueuedId): Token;
  /** Takes the mark away; gives whose it was, `null` when the token is stale. */
  end(token: Token): QueuedId | null;
  release(token: Token): void;
}

export interface Settled {
  readonly stale: readonly Token[];
  readonly arrivals: readonly Arrivals[];
}

/** Gives the function that settles. @throws {StoreError} `unknown` from it */
export function settler(
  parts: SqliteParts,
  tokens: Tokens,
): (
  verdicts: readonly (readonly [Token, Verdict])[],
  reports: readonly Prepared[],
) => Settled {
  const { contents, schedule, insertMessage } = parts;
  const settleOne = rowSettler(parts, tokens);
  const deliverOnce = mailboxDeliverer(parts);

  return (verdicts, reports) => {
    const stale: Token[] = [];
    const hops = new Set<HopId>();
    const messages = new Set<MessageRow>();
    const modSeqs = new Map<AccountId, ModSeq>();
    for (const [token, verdict] of verdicts) {
      const row = settleOne(token, verdict);
      if (row === null) {
        stale.push(token);
        continue;
      }
      hops.add(row.hop);
      messages.add(row.message);
      if (verdict.do !== "deliver") continue;
      const modSeq = deliverOnce(verdict.delivery, row.message);
      if (modSeq !== null) modSeqs.set(verdict.delivery.account, modSeq);
    }
    for (const hop of hops) schedule.settled(hop);
    contents.release(messages);
    const queued = verdicts.some(([, verdict]) => verdict.do === "retry" || verdict.do === "wait");
    return { stale, arrivals: [{ modSeqs, queued }, ...reports.map(insertMessage)] };
  };
}

interface Row {
  readonly hop: HopId;
  readonly message: MessageRow;
}

function rowSettler(
  { database }: SqliteParts,
  tokens: Tokens,
): (token: Token, verdict: Verdict) => Row | null {
  const finish = prepare<Row>(database, "DELETE FROM queue WHERE id = ? RETURNING hop, message");
  const retry = prepare<Row>(
    database,
    `UPDATE queue SET dueAt = ?2, reply = ?3, attempts = attempts + 1 WHERE id = ?1
     RETURNING hop, message`,
  );
  const wait = prepare<Row>(
    database,
    "UPDATE queue SET deadline = NULL WHERE id = ? RETURNING hop, message",
  );
  return (token, verdict) => {
    const queued = tokens.end(token);
    if (queued === null) return null;
    switch (verdict.do) {
      case "finish":
      case "deliver":
        return finish.first(queued);
      case "retry":
        return retry.first(queued, verdict.dueAt, JSON.stringify(verdict.reply));
      case "wait":
        return wait.first(queued);
    }
  };
}

/** Gives `null` where the mailbox has the message already. */
function mailboxDeliverer(
  { database, deliver }: SqliteParts,
): (delivery: MailboxDelivery, message: MessageRow) => ModSeq | null {
  const selectCopy = prepare(
    database,
    `SELECT 1 FROM entries e JOIN mailboxes b ON b.id = e.mailbox
     WHERE e.message = ?1 AND b.account = ?2 AND b.name = ?3`,
  );
  return (delivery, message) => {
    const copy = selectCopy.first(message, delivery.account, delivery.mailbox);
    return copy === null ? deliver(delivery, message) : null;
  };
}
