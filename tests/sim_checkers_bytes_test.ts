/** The simulation's judges of bytes, answers, numbers and conversations. */
import {
  ADDED,
  ANN,
  BOB,
  CID,
  CONTENT,
  copy,
  RECEIVED,
  snapshot,
  submission,
  taking,
  testCases,
} from "./sim_checkers_support.ts";

testCases([
  [
    "a letter that lost a dot",
    {
      submissions: [submission(BOB)],
      copies: [copy(BOB, { content: copy(BOB).content.replace(".Hello", "Hello") })],
    },
    /is not what was given: mark-1\. differs at 42 of 50/,
  ],
  [
    "a letter without a trace",
    { submissions: [submission(BOB)], copies: [copy(BOB, { content: CONTENT })] },
    /has no trace: mark-1\.$/,
  ],
  [
    "a stranger's letter to which something was added",
    { submissions: [submission(BOB, { user: null })], copies: [copy(BOB)] },
    /is not what was given/,
  ],
  [
    "a blind copy that is told of",
    {
      submissions: [submission(BOB, { content: `Bcc: x@y.test,\r\n z@y.test\r\n${CONTENT}` })],
      copies: [
        copy(BOB, { content: `${RECEIVED}${ADDED}Bcc: x@y.test,\r\n z@y.test\r\n${CONTENT}` }),
      ],
    },
    /is not what was given/,
  ],
  [
    "a blind copy that is taken out",
    {
      submissions: [submission(BOB, { content: `Bcc: x@y.test,\r\n z@y.test\r\n${CONTENT}` })],
      copies: [copy(BOB)],
    },
    null,
  ],
  [
    "8 bits, encoded for a server that takes 7",
    {
      submissions: [submission(CID, { content: `Subject: mark-1.\r\n\r\ncaf\xe9\r\n` })],
      takings: [taking({
        eightBit: false,
        content: `${RECEIVED}${ADDED}Subject: mark-1.\r\n` +
          `Content-Transfer-Encoding: quoted-printable\r\n\r\ncaf=E9\r\n`,
      })],
    },
    null,
  ],
  [
    "8 bits, encoded for a server that takes 8",
    {
      submissions: [submission(CID, { content: `Subject: mark-1.\r\n\r\ncaf\xe9\r\n` })],
      takings: [taking({
        content: `${RECEIVED}${ADDED}Subject: mark-1.\r\n` +
          `Content-Transfer-Encoding: quoted-printable\r\n\r\ncaf=E9\r\n`,
      })],
    },
    /is not what was given/,
  ],
  [
    "somebody with an account who is refused",
    {
      submissions: [submission(ANN, {
        recipients: [{ address: ANN, code: 550, notify: null }],
        answer: "unsent",
      })],
    },
    /<ann@abc\.test> was answered with 550, and has an account$/,
  ],
  [
    "somebody elsewhere who has had an account for long and is refused",
    {
      submissions: [submission(BOB, {
        recipients: [{ address: BOB, code: 550, notify: null }],
        answer: "unsent",
        beganAtMs: 900_000,
        endedAtMs: 900_001,
      })],
    },
    /<bob@xyz\.test> was answered with 550, and has an account$/,
  ],
  [
    "somebody elsewhere who got the account just now and is refused",
    {
      submissions: [submission("new@xyz.test", {
        recipients: [{ address: "new@xyz.test", code: 550, notify: null }],
        answer: "unsent",
        beganAtMs: 900_000,
      })],
      accounts: [{ server: "xyz.test", account: "new@xyz.test", change: "added", atMs: 800_000 }],
    },
    null,
  ],
  [
    "nobody who is taken",
    { submissions: [submission("no@abc.test", { answer: "unsent" })] },
    /<no@abc\.test> was answered with 250, and has no account$/,
  ],
  [
    "a conversation that never ends",
    { conversations: [{ what: "pop3", beganAtMs: 10, endedAtMs: null }] },
    /a conversation \(pop3\) that began at 10 ms took 999990 ms$/,
  ],
  [
    "a conversation that ends",
    { conversations: [{ what: "pop3", beganAtMs: 10, endedAtMs: 20_000 }] },
    null,
  ],
  ["a mailbox that grows", {
    snapshots: [snapshot({}), snapshot({ uidNext: 4, modSeq: 6, uids: [2, 3] })],
  }, null],
  ["a uid that is not below the next", { snapshots: [snapshot({ uids: [3] })] }, /uid 3 is not/],
  [
    "a next uid that goes back",
    { snapshots: [snapshot({}), snapshot({ uidNext: 2, uids: [1], modSeq: 6 })] },
    /uidnext went back to 2$/,
  ],
  [
    "a modseq that goes back",
    { snapshots: [snapshot({}), snapshot({ modSeq: 4 })] },
    /modseq went back to 4$/,
  ],
  [
    "a uid that comes back",
    { snapshots: [snapshot({ uids: [2] }), snapshot({ modSeq: 6 })] },
    /uid 1 came back$/,
  ],
  [
    "a change without a modseq",
    { snapshots: [snapshot({}), snapshot({ uids: [2] })] },
    /it changed and its modseq did not$/,
  ],
  [
    "a uidvalidity that changes",
    { snapshots: [snapshot({}), snapshot({ uidValidity: 2 })] },
    /its uidvalidity changed$/,
  ],
]);
