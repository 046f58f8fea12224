/** What became of taken recipients, recorded in SQLite inside one transaction. */
import type { EnvelopeOptions } from "../mail/envelope.ts";
import { type Arrivals, isVoid, queues } from "./arrivals.ts";
import type { Prepared } from "./content.ts";
import { attemptsOf, type Settled as SettledRecipient } from "./happenings.ts";
import { prepare } from "./sql.ts";
import { addressOf, type MessageRow } from "./sqlite_content.ts";
import type { SqliteParts } from "./sqlite_parts.ts";
import type {
  AccountId,
  Delivery,
  HopId,
  ModSeq,
  QueuedId,
  Settling,
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
  verdicts: readonly Settling[],
  reports: readonly Prepared[],
) => Settled {
  const { contents, schedule, insertMessage, histories } = parts;
  const settleOne = rowSettler(parts, tokens);
  const deliverOnce = releaser(parts);

  return (verdicts, reports) => {
    const stale: Token[] = [];
    const hops = new Set<HopId>();
    const settled = new Map<MessageRow, SettledRecipient[]>();
    const modSeqs = new Map<AccountId, ModSeq>();
    for (const [token, verdict, note] of verdicts) {
      const row = settleOne(token, verdict);
      if (row === null) {
        stale.push(token);
        continue;
      }
      hops.add(row.hop);
      const recipient = { local: row.recipientLocal, domain: row.recipientDomain };
      const ofMessage = settled.get(row.message) ?? [];
      settled.set(row.message, [...ofMessage, { recipient, verdict, note }]);
      if (verdict.do !== "deliver") continue;
      for (const delivery of verdict.deliveries) deliverOnce(delivery, row.message, modSeqs);
    }
    for (const hop of hops) schedule.settled(hop);
    for (const [message, recipients] of settled) {
      for (const attempt of attemptsOf(recipients)) histories.append(message, attempt);
    }
    contents.release(settled.keys());
    const queued = verdicts.some(([, verdict]) => queues(verdict));
    const told = isVoid(verdicts, stale) ? [] : reports;
    return { stale, arrivals: [{ modSeqs, queued }, ...told.map(insertMessage)] };
  };
}

interface Row {
  readonly hop: HopId;
  readonly message: MessageRow;
  readonly recipientLocal: string;
  readonly recipientDomain: string;
}

/** What is known about a row when it is gone. */
const RETURNING = "RETURNING hop, message, recipientLocal, recipientDomain";

function rowSettler(
  { database }: SqliteParts,
  tokens: Tokens,
): (token: Token, verdict: Verdict) => Row | null {
  const finish = prepare<Row>(database, `DELETE FROM queue WHERE id = ? ${RETURNING}`);
  const retry = prepare<Row>(
    database,
    `UPDATE queue SET dueAt = ?2, reply = ?3, attempts = attempts + 1 WHERE id = ?1
     ${RETURNING}`,
  );
  const pastDeadline = prepare<Row>(
    database,
    `UPDATE queue SET deadline = NULL, warned = 1 WHERE id = ? ${RETURNING}`,
  );
  const pastDelay = prepare<Row>(
    database,
    `UPDATE queue SET warned = 1 WHERE id = ? ${RETURNING}`,
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
        return (verdict.past === "deadline" ? pastDeadline : pastDelay).first(queued);
    }
  };
}

/** Delivers what was held, but to no mailbox that has it already. @throws {StoreError} `unknown` */
function releaser(
  { database, deliver, schedule }: SqliteParts,
): (delivery: Delivery, message: MessageRow, modSeqs: Map<AccountId, ModSeq>) => void {
  const selectCopy = prepare(
    database,
    `SELECT 1 FROM entries e JOIN mailboxes b ON b.id = e.mailbox
     WHERE e.message = ?1 AND b.account = ?2 AND b.name = ?3`,
  );
  const selectAccepted = prepare<{
    readonly acceptedAt: number;
    readonly senderLocal: string | null;
    readonly senderDomain: string | null;
    readonly options: string;
  }>(
    database,
    "SELECT acceptedAt, senderLocal, senderDomain, options FROM messages WHERE id = ?",
  );
  return (delivery, message, modSeqs) => {
    if (delivery.to === "queue") {
      const { acceptedAt, senderLocal, senderDomain, options } = selectAccepted.first(message)!;
      const sender = addressOf(senderLocal, senderDomain);
      const envelope = { sender, ...JSON.parse(options) as EnvelopeOptions };
      schedule.insert(message, { acceptedAt, envelope }, delivery);
    } else if (selectCopy.first(message, delivery.account, delivery.mailbox) === null) {
      modSeqs.set(delivery.account, deliver(delivery, message));
    }
  };
}
