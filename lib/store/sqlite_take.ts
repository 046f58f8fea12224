/** Taking queued recipients from SQLite: those that are due, by turns, and those that are late. */
import type { Body } from "../mail/body.ts";
import type { Envelope, EnvelopeOptions, Recipient } from "../mail/envelope.ts";
import type { Reply } from "../smtp/reply.ts";
import { CHUNK_BYTES } from "./content.ts";
import { RANK } from "./schema.ts";
import { prepare } from "./sql.ts";
import { addressOf, type MessageRow } from "./sqlite_content.ts";
import type { SqliteParts } from "./sqlite_parts.ts";
import { IS_FREE } from "./sqlite_schedule.ts";
import type { Tokens } from "./sqlite_settle.ts";
import {
  type HopId,
  type MessageId,
  type Overdue,
  type Patience,
  type QueuedId,
  type Taken,
  TAKEN_BYTES_MAX,
  type Token,
} from "./store.ts";
import { createTurns, dealOut } from "./turns.ts";

export interface Taker {
  /** See `Queue.take`. */
  take(hop: HopId, now: number, max: number): readonly Taken[];
  /** See `Queue.overdue`. */
  overdue(now: number, max: number, patience: Patience): readonly Overdue[];
}

interface DueRow {
  readonly id: QueuedId;
  readonly hop: HopId;
  readonly row: MessageRow;
  readonly message: MessageId;
  readonly acceptedAt: number;
  readonly senderLocal: string | null;
  readonly senderDomain: string | null;
  readonly body: Envelope["body"];
  readonly size: number;
  readonly envelopeOptions: string;
  readonly recipientLocal: string;
  readonly recipientDomain: string;
  readonly recipientOptions: string;
  readonly attempts: number;
  readonly rank: number;
  /** JSON of Reply. */
  readonly lastReply: string | null;
}

const COLUMNS = `q.id, q.hop, m.id AS row, m.message, m.acceptedAt, m.senderLocal,
  m.senderDomain, m.body, m.size, m.options AS envelopeOptions, q.recipientLocal,
  q.recipientDomain, q.options AS recipientOptions, q.attempts,
  ${RANK} AS rank`;

/** Both inside a transaction. */
export function taker(parts: SqliteParts, tokens: Tokens): Taker {
  const dueOf = dueSelector(parts);
  const lateOf = lateSelector(parts);
  const takeThese = rowTaker(parts, tokens);
  return {
    take(hop, now, max) {
      const byTurns = takeThese(dueOf.byTurns(hop, now, max));
      // Many senders may have nothing that is due; then there is room for who has waited longest.
      const oldest = takeThese(dueOf.oldest(hop, now, max - byTurns.length), byTurns);
      return [...byTurns, ...oldest].map(({ taken }) => taken);
    },
    overdue(now, max, patience) {
      const late: Overdue[] = [];
      for (const { why, rowsOf } of lateOf(now, patience)) {
        for (const { row, taken } of takeThese(rowsOf(max - late.length))) {
          const lastReply = row.lastReply === null ? null : JSON.parse(row.lastReply) as Reply;
          late.push({ ...taken, why, lastReply });
        }
      }
      return late;
    },
  };
}

type RowsOf = (max: number) => readonly DueRow[];

interface DueSelector {
  readonly byTurns: (hop: HopId, now: number, max: number) => readonly DueRow[];
  readonly oldest: (hop: HopId, now: number, max: number) => readonly DueRow[];
}

function dueSelector({ database }: SqliteParts): DueSelector {
  // The indexes are named, or a long queue would be sorted anew for each batch.
  const select = (index: string, ofSender: string) =>
    prepare<DueRow>(
      database,
      `SELECT ${COLUMNS}, NULL AS lastReply
       FROM queue q INDEXED BY ${index} JOIN messages m ON m.id = q.message
       WHERE q.hop = ?1 AND q.dueAt <= ?2 AND ${IS_FREE} ${ofSender}
         AND NOT EXISTS (SELECT 1 FROM hops WHERE hop = ?1 AND until > ?2)
       ORDER BY ${RANK}, q.id LIMIT ?3`,
    );
  const selectOldest = select("queueByRank", "");
  const selectOfSender = select("queueBySender", "AND q.sender = ?4");
  // Goes from sender to sender through the index, whatever each of them has sent.
  const selectSenders = prepare<{ readonly sender: string }>(
    database,
    `WITH RECURSIVE senders (sender) AS (
       SELECT min(sender) FROM queue WHERE hop = ?1 AND sender >= ?2
       UNION ALL
       SELECT (SELECT min(sender) FROM queue WHERE hop = ?1 AND sender > senders.sender)
       FROM senders WHERE sender IS NOT NULL LIMIT ?3
     )
     SELECT sender FROM senders WHERE sender IS NOT NULL`,
  );
  const turns = createTurns();

  /** Whose turn it is: at most `max` senders, round and round. */
  function nextSenders(hop: HopId, max: number): readonly string[] {
    const first = turns.of(hop);
    const behind = selectSenders.all(hop, first, max + 1);
    const before = first === "" ? [] : selectSenders.all(hop, "", max + 1);
    const senders = [...new Set([...behind, ...before].map(({ sender }) => sender))];
    turns.set(hop, senders[max] ?? "");
    return senders.slice(0, max);
  }

  return {
    byTurns(hop, now, max) {
      const senders = nextSenders(hop, max);
      const share = Math.ceil(max / senders.length);
      const bySender = senders.map((each) => selectOfSender.all(hop, now, share, each));
      return dealOut(bySender, max, (one, other) => one.rank - other.rank || one.id - other.id);
    },
    oldest: (hop, now, max) => max > 0 ? selectOldest.all(hop, now, max) : [],
  };
}

type LateSelector = (
  now: number,
  patience: Patience,
) => readonly { readonly why: Overdue["why"]; readonly rowsOf: RowsOf }[];

const LATE_COLUMNS = `${COLUMNS},
  CASE WHEN h.until > q.dueAt THEN h.reply ELSE q.reply END AS lastReply`;

function lateSelector(parts: SqliteParts): LateSelector {
  const selectDeadline = prepare<DueRow>(
    parts.database,
    `SELECT ${LATE_COLUMNS}
     FROM queue q JOIN messages m ON m.id = q.message LEFT JOIN hops h ON h.hop = q.hop
     WHERE q.deadline <= ?1 AND ${IS_FREE} ORDER BY q.deadline, q.id LIMIT ?2`,
  );
  const [tooOld, tooOldUnwarned, delayed] = [1, 0, 0].map((warned) => ageSelector(parts, warned));
  return (now, { warnAfterMs, giveUpAfterMs }) => [
    { why: "age", rowsOf: (max) => tooOld!(now, now - giveUpAfterMs, max) },
    { why: "age", rowsOf: (max) => tooOldUnwarned!(now, now - giveUpAfterMs, max) },
    { why: "deadline", rowsOf: (max) => selectDeadline.all(now, max) },
    ...(warnAfterMs === null ? [] : [
      { why: "delay", rowsOf: (max: number) => delayed!(now, now - warnAfterMs, max) } as const,
    ]),
  ];
}

/**
 * After a long time without power, many may be old and due, so that they are not late yet: of the
 * old ones, so many are looked at in one call, and others in the next.
 */
const LOOKED_AT = 500;

/** Gives the function that finds those since `until` or longer, as far as they are put off. */
function ageSelector(
  { database }: SqliteParts,
  warned: number,
): (now: number, until: number, max: number) => readonly DueRow[] {
  const old = `FROM queue q WHERE q.warned = ${warned} AND q.held = 0 AND q.since <= ?1
    AND (q.since, q.id) > (?2, ?3) ORDER BY q.since, q.id`;
  const selectLast = prepare<{ readonly since: number; readonly id: QueuedId }>(
    database,
    `SELECT q.since, q.id ${old} LIMIT 1 OFFSET ${LOOKED_AT - 1}`,
  );
  const selectLate = prepare<DueRow>(
    database,
    `WITH old AS MATERIALIZED (SELECT q.id ${old} LIMIT ${LOOKED_AT})
     SELECT ${LATE_COLUMNS} FROM old JOIN queue q ON q.id = old.id
     JOIN messages m ON m.id = q.message LEFT JOIN hops h ON h.hop = q.hop
     WHERE max(q.dueAt, ifnull(h.until, 0)) > ?4 AND ${IS_FREE} ORDER BY q.since, q.id LIMIT ?5`,
  );
  let behind = { since: -1, id: 0 };
  return (now, until, max) => {
    if (until === -Infinity) return [];
    const late = selectLate.all(until, behind.since, behind.id, now, max);
    if (late.length < max) {
      behind = selectLast.first(until, behind.since, behind.id) ?? { since: -1, id: 0 };
    }
    return late;
  };
}

interface TakenRow {
  readonly row: DueRow;
  readonly taken: Taken;
}

/** Takes of these rows what there is room for in memory, beside what was taken `before`. */
function rowTaker({ contents, schedule }: SqliteParts, tokens: Tokens) {
  return (rows: readonly DueRow[], before: readonly TakenRow[] = []): readonly TakenRow[] => {
    const bodies = new Map<MessageRow, Body>();
    let bytes = 0;
    const bodyOf = ({ row, size }: DueRow) => {
      const body = bodies.get(row) ?? contents.body(row, size);
      if (!bodies.has(row)) bytes += Math.min(size, CHUNK_BYTES);
      bodies.set(row, body);
      return body;
    };
    for (const { row } of before) bytes += Math.min(row.size, CHUNK_BYTES);
    const taken: TakenRow[] = [];
    for (const row of rows) {
      if (bytes >= TAKEN_BYTES_MAX && !bodies.has(row.row)) continue;
      taken.push({ row, taken: takenOf(row, tokens.take(row.id), bodyOf(row)) });
    }
    for (const hop of new Set(taken.map(({ row }) => row.hop))) schedule.update(hop);
    return taken;
  };
}

function takenOf(due: DueRow, token: Token, content: Body): Taken {
  const envelopeOptions = JSON.parse(due.envelopeOptions) as EnvelopeOptions;
  const recipientOptions = JSON.parse(due.recipientOptions) as Omit<Recipient, "address">;
  return {
    token,
    message: due.message,
    acceptedAt: due.acceptedAt,
    envelope: {
      sender: addressOf(due.senderLocal, due.senderDomain),
      body: due.body,
      ...envelopeOptions,
    },
    recipient: {
      address: { local: due.recipientLocal, domain: due.recipientDomain },
      ...recipientOptions,
    },
    content,
    attempts: due.attempts,
  };
}
