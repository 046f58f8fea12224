/** What the simulation's judges know of the operator, and of servers that go on with a backup. */
import type { Drop, Hold, OutcomeRecord, Restore } from "./sim/ledger.ts";
import {
  AGAIN,
  ANN,
  BOB,
  CID,
  copy,
  CRASH,
  report,
  snapshot,
  submission,
  taking,
  testCases,
  TOLD,
} from "./sim_checkers_support.ts";

const CONTENT = "Subject: mark-1.\r\n\r\n";
const MUCH_LATER = { atMs: 9_000_000 };

function drop(change: Partial<Drop> = {}): Drop {
  return {
    server: "abc.test",
    id: "1",
    content: CONTENT,
    count: 1,
    endedAtMs: 3000,
    recorded: [CID],
    ...change,
  };
}

function hold(change: Partial<Hold> = {}): Hold {
  return {
    server: "abc.test",
    id: "1",
    content: CONTENT,
    recipients: [CID],
    fromMs: 3500,
    untilMs: 5000,
    ...change,
  };
}

/** The copy was made when the letter had been taken. */
function restore(change: Partial<Restore> = {}): Restore {
  return {
    server: "abc.test",
    copiedAtMs: 2500,
    lostAtMs: 3500,
    backAtMs: 3600,
    releasedAtMs: 3900,
    ...change,
  };
}

const BEFORE_IT_CAME = restore({ copiedAtMs: 500 });
const DROPPED: OutcomeRecord = {
  server: "abc.test",
  id: "1",
  message: "1",
  recipient: CID,
  outcome: "dropped",
  isReported: false,
};

testCases([
  ["a letter that the operator drops", { submissions: [submission(CID)], drops: [drop()] }, null],
  [
    "a letter that is dropped while it is under way",
    { submissions: [submission(CID)], drops: [drop()], takings: [taking(AGAIN)] },
    null,
  ],
  [
    "a letter that is given away long after it was dropped",
    { submissions: [submission(CID)], drops: [drop()], takings: [taking(MUCH_LATER)] },
    /was dropped, and given away long after that$/,
  ],
  [
    "a letter that is dropped, and of which the sender is told that it failed",
    { submissions: [submission(CID)], drops: [drop()], copies: [TOLD()] },
    /was dropped, and its sender was told that it failed$/,
  ],
  [
    "a letter whose report is dropped",
    {
      submissions: [submission(CID)],
      drops: [drop({ id: "r1", content: report(), recorded: [ANN] })],
    },
    null,
  ],
  [
    "a letter that the operator wanted to drop, and that is gone otherwise",
    { submissions: [submission(CID)], drops: [drop({ count: 0, recorded: [] })] },
    /250, and is lost$/,
  ],
  [
    "a drop of which the operator was told otherwise than is remembered",
    { submissions: [submission(CID)], drops: [drop({ count: 2 })] },
    /said that 2 recipients of 1 were dropped, and knows of 1$/,
  ],
  [
    "a drop that nobody has answered",
    { submissions: [submission(CID)], drops: [drop({ count: null })] },
    null,
  ],
  [
    "a letter that nobody dropped",
    { submissions: [submission(CID)], takings: [taking()], records: [DROPPED] },
    /1 for <cid@one\.example> was dropped by nobody$/,
  ],
  [
    "a letter that is given away while it is held",
    { submissions: [submission(CID)], holds: [hold()], takings: [taking(AGAIN)] },
    /was given away while the operator held it$/,
  ],
  [
    "a letter that was under way when it was held, and comes to its end",
    { submissions: [submission(CID)], holds: [hold({ recipients: [] })], takings: [taking(AGAIN)] },
    null,
  ],
  [
    "a letter that is given away when it is released",
    {
      submissions: [submission(CID)],
      holds: [hold({ untilMs: 3900 })],
      takings: [taking(AGAIN)],
    },
    null,
  ],
  [
    "a letter that came to a disk which was lost, behind the copy",
    { submissions: [submission(ANN)], restores: [BEFORE_IT_CAME] },
    null,
  ],
  [
    "a letter that is not there although it was in the copy",
    { submissions: [submission(ANN)], restores: [restore()] },
    /250, and is lost$/,
  ],
  [
    "a letter that came after the disk was lost, and is not there",
    { submissions: [submission(ANN)], restores: [restore({ copiedAtMs: 500, lostAtMs: 900 })] },
    /250, and is lost$/,
  ],
  [
    "a letter that was given on to a server whose disk was lost",
    { submissions: [submission(BOB)], restores: [restore({ server: "xyz.test" })] },
    null,
  ],
  [
    "a letter in a copy that is given away again when it is released",
    {
      submissions: [submission(CID)],
      takings: [taking(), taking(AGAIN)],
      restores: [restore()],
      interruptions: [CRASH],
    },
    null,
  ],
  [
    "a letter in a copy that is given away before it is released",
    {
      submissions: [submission(CID)],
      takings: [taking(), taking(AGAIN)],
      restores: [restore({ releasedAtMs: 9000 })],
      interruptions: [CRASH],
    },
    /was given away while the operator held it$/,
  ],
  [
    "a letter in a copy that was taken before, and now fails",
    {
      submissions: [submission(CID)],
      takings: [taking(), taking({ ...AGAIN, verdict: "refused" })],
      copies: [TOLD(), TOLD({ id: "r2" })],
      restores: [restore()],
      interruptions: [CRASH],
    },
    null,
  ],
  [
    "a letter behind a copy that fails twice",
    {
      submissions: [submission(CID)],
      copies: [TOLD(), TOLD({ id: "r2" })],
      restores: [BEFORE_IT_CAME],
    },
    /said 2 times that mark-1\. was failed$/,
  ],
  [
    "the same letter in a mailbox before and after",
    {
      submissions: [submission(ANN)],
      copies: [copy(ANN), copy(ANN, { ...AGAIN, uniqueId: "7.1" })],
      restores: [restore()],
    },
    null,
  ],
  [
    "two letters in a mailbox after it was restored",
    {
      submissions: [submission(ANN)],
      copies: [copy(ANN, { uniqueId: "7.1" }), copy(ANN, { uniqueId: "7.2" })],
      restores: [restore()],
    },
    /is there 2 times, and nothing broke$/,
  ],
  [
    "a mailbox that begins anew with another UIDVALIDITY",
    {
      snapshots: [snapshot({}), snapshot({ atMs: 4000, uidValidity: 9, uidNext: 2, uids: [1] })],
      restores: [restore()],
    },
    null,
  ],
  [
    "a mailbox that goes on with the same UIDVALIDITY from a backup",
    { snapshots: [snapshot({}), snapshot({ atMs: 4000 })], restores: [restore()] },
    /mailbox 1 of abc\.test was restored, and its uidvalidity is not a new one$/,
  ],
  [
    "a UIDVALIDITY that changes long after a backup was needed",
    {
      snapshots: [snapshot({ atMs: 4000 }), snapshot({ atMs: 5000, uidValidity: 9 })],
      restores: [restore()],
    },
    /its uidvalidity changed$/,
  ],
]);
