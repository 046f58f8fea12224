/** The simulation's judges of outcomes and reports: what each finds, and what it leaves alone. */
import {
  ACCOUNTS,
  AGAIN,
  BOB,
  BREAK,
  CID,
  copy,
  CRASH,
  LIST,
  report,
  STOP,
  submission,
  taking,
  testCases,
  TOLD,
  UNRECORDED,
} from "./sim_checkers_support.ts";

const FAILED = {
  server: "abc.test",
  id: "1",
  message: "1",
  recipient: CID,
  outcome: "failed",
  isReported: true,
};

testCases([
  ["nothing", {}, null],
  ["a letter that arrives", { submissions: [submission(BOB)], copies: [copy(BOB)] }, null],
  [
    "the same copy that is read twice",
    { submissions: [submission(BOB)], copies: [copy(BOB), copy(BOB)] },
    null,
  ],
  ["a letter that is lost", { submissions: [submission(BOB)] }, /250, and is lost$/],
  [
    "a letter that nobody heard about, and that is nowhere",
    { submissions: [submission(BOB, { answer: "unknown", id: null })] },
    null,
  ],
  [
    "a letter that was never said to its end, and is there",
    { submissions: [submission(BOB, { answer: "unsent" })], copies: [copy(BOB)] },
    /was not accepted, and is in the mailbox$/,
  ],
  [
    "a refused letter that is delivered",
    { submissions: [submission(BOB, { answer: "refused" })], copies: [copy(BOB)] },
    /was not accepted, and is in the mailbox$/,
  ],
  [
    "a refused recipient who gets it",
    {
      submissions: [submission(CID, { recipients: [{ address: CID, code: 550, notify: null }] })],
      takings: [taking()],
    },
    /was not accepted, and is accepted by the next server$/,
  ],
  [
    "a letter for an account that was removed",
    {
      submissions: [submission(BOB)],
      accounts: [...ACCOUNTS, {
        server: "xyz.test",
        account: BOB,
        change: "removed",
        atMs: 2500,
      }],
    },
    null,
  ],
  [
    "a second copy with nothing broken",
    { submissions: [submission(BOB)], copies: [copy(BOB), copy(BOB, { uniqueId: "1.2" })] },
    /is there 2 times, and nothing broke$/,
  ],
  [
    "a second copy where a connection broke",
    {
      submissions: [submission(BOB)],
      copies: [copy(BOB), copy(BOB, { uniqueId: "1.2" })],
      interruptions: [BREAK],
    },
    null,
  ],
  [
    "a second copy on the server it was given to, whatever broke",
    {
      submissions: [submission("dee@abc.test")],
      copies: [copy("dee@abc.test"), copy("dee@abc.test", { uniqueId: "1.2" })],
      interruptions: [CRASH],
    },
    /is there 2 times/,
  ],
  [
    "a letter that goes to a foreign server",
    { submissions: [submission(CID)], takings: [taking()] },
    null,
  ],
  [
    "a letter that is given again after a 250",
    { submissions: [submission(CID)], takings: [taking(), taking(AGAIN)] },
    /was given again to one\.example, which had said 250$/,
  ],
  [
    "a letter that is given again after a 250 which nobody heard",
    { submissions: [submission(CID)], takings: [taking({ heard: false }), taking(AGAIN)] },
    null,
  ],
  [
    "a letter that is given again after a crash",
    {
      submissions: [submission(CID)],
      takings: [taking(), taking(AGAIN)],
      interruptions: [CRASH],
    },
    null,
  ],
  [
    "a letter that is given again after a stop in good order",
    { submissions: [submission(CID)], takings: [taking(), taking(AGAIN)], interruptions: [STOP] },
    /was given again/,
  ],
  [
    "a letter that is given again after a stop with a disk that refused",
    {
      submissions: [submission(CID)],
      takings: [taking(), taking(AGAIN)],
      interruptions: [UNRECORDED, STOP],
    },
    null,
  ],
  [
    "a letter that a server hears of while it is stopping, with a disk that refuses",
    {
      submissions: [submission(CID)],
      takings: [taking(), taking(AGAIN)],
      interruptions: [{ ...STOP, atMs: 2900 }, UNRECORDED],
    },
    null,
  ],
  [
    "a letter that is given again long after a stop",
    {
      submissions: [submission(CID)],
      takings: [taking(), taking(AGAIN)],
      interruptions: [{ ...STOP, atMs: -12_000 }, UNRECORDED],
    },
    /was given again/,
  ],
  [
    "a letter that was taken before a crash, and refused after it",
    {
      submissions: [submission(CID)],
      takings: [taking(), taking({ ...AGAIN, verdict: "refused" })],
      copies: [TOLD()],
      interruptions: [CRASH],
    },
    null,
  ],
  [
    "a letter that was taken, and refused later, and nothing died between",
    {
      submissions: [submission(CID)],
      takings: [taking(), taking({ ...AGAIN, verdict: "refused" })],
      copies: [TOLD()],
    },
    /was given again|has more than one outcome/,
  ],
  [
    "a letter that is tried again after a refusal",
    {
      submissions: [submission(CID)],
      takings: [taking({ verdict: "refused" }), taking(AGAIN)],
    },
    /was given again to one\.example, which had said 554$/,
  ],
  [
    "a letter that is put off, and then taken",
    { submissions: [submission(CID)], takings: [taking({ verdict: "deferred" }), taking(AGAIN)] },
    null,
  ],
  [
    "a refusal that is reported",
    {
      submissions: [submission(CID)],
      takings: [taking({ verdict: "refused" })],
      copies: [TOLD()],
    },
    null,
  ],
  [
    "a refusal that is recorded, for nobody can be told",
    {
      submissions: [submission(CID, { sender: null })],
      records: [{ ...FAILED, isReported: false }],
    },
    null,
  ],
  [
    "a failure that is reported to a sender elsewhere, and not heard of again",
    {
      submissions: [submission(CID, { user: null, sender: "eve@else.example" })],
      records: [FAILED],
    },
    null,
  ],
  [
    "a failure that is reported to a sender here, and not heard of again",
    { submissions: [submission(CID)], records: [FAILED] },
    /250, and is lost$/,
  ],
  [
    "an alias whose members all get it",
    { submissions: [submission("team@abc.test")], copies: [copy(BOB)], takings: [taking()] },
    null,
  ],
  [
    "two ways through another server, and a copy by each",
    {
      submissions: [submission(BOB, {
        server: "klm.test",
        recipients: ["team@abc.test", BOB].map((address) => ({ address, code: 250, notify: null })),
      })],
      copies: [copy(BOB), copy(BOB, { uniqueId: "1.2" })],
      takings: [taking({ client: "abc.test" })],
    },
    null,
  ],
  [
    "an alias on a server that died, reached twice, and another outcome each time",
    {
      submissions: [submission("team@abc.test", { server: "klm.test" })],
      interruptions: [{ what: "crash", nodes: ["abc.test"], atMs: 2500 }],
      copies: [copy(BOB), TOLD()],
      takings: [taking({ client: "abc.test" })],
    },
    null,
  ],
  [
    "an alias on a server where nothing broke, and two outcomes",
    {
      submissions: [submission("team@abc.test", { server: "klm.test" })],
      copies: [copy(BOB), TOLD()],
      takings: [taking({ client: "abc.test" })],
    },
    /has more than one outcome: accepted by the next server, reported as failed$/,
  ],
  [
    "an alias of whose members one gets nothing",
    { submissions: [submission("team@abc.test")], copies: [copy(BOB)] },
    /<cid@one\.example>.* and is lost$/,
  ],
  [
    "a report of a letter that was taken",
    { submissions: [submission(CID)], takings: [taking()], copies: [TOLD()] },
    /has more than one outcome: accepted by the next server, reported as failed$/,
  ],
  [
    "a report of a letter that was taken without a word",
    {
      submissions: [submission(CID)],
      takings: [taking({ heard: false })],
      copies: [TOLD()],
    },
    null,
  ],
  [
    "two reports of the same failure",
    { submissions: [submission(CID)], copies: [TOLD(), TOLD({ id: "r2" })] },
    /abc\.test said 2 times that mark-1\. was failed$/,
  ],
  [
    "a report that nobody asked for",
    {
      submissions: [submission(CID)],
      takings: [taking()],
      copies: [TOLD({ action: "relayed" })],
    },
    /"relayed", was not asked for$/,
  ],
  [
    "a report of a relay where a deadline was set",
    {
      submissions: [submission(CID, { hasDeadline: true })],
      takings: [taking()],
      copies: [TOLD({ action: "relayed" })],
    },
    null,
  ],
  [
    "a failure that is told although NOTIFY=NEVER was said",
    {
      submissions: [submission(CID, { recipients: [{ address: CID, code: 250, notify: [] }] })],
      copies: [TOLD()],
    },
    /"failed", was not asked for$/,
  ],
  [
    "a report to the null sender",
    { submissions: [submission(CID, { sender: null })], copies: [TOLD()] },
    /answers the null sender$/,
  ],
  [
    "a report that somebody else gets",
    { submissions: [submission(CID)], copies: [copy(BOB, { content: report() })] },
    /the report of mark-1\. for <ann@abc\.test> went to <bob@xyz\.test>$/,
  ],
  [
    "a report of a list that its owner gets, whatever the sender asked for",
    {
      submissions: [submission(LIST, { recipients: [{ address: LIST, code: 250, notify: [] }] })],
      copies: [copy(BOB, { content: report() })],
    },
    null,
  ],
  [
    "a report of a list that the sender gets",
    { submissions: [submission(LIST)], copies: [TOLD()] },
    /the report of mark-1\. for <bob@xyz\.test> went to <ann@abc\.test>$/,
  ],
  [
    "a report about somebody who was not written to",
    {
      submissions: [submission(CID)],
      takings: [taking()],
      copies: [TOLD({ about: "eve@one.example" })],
    },
    /is about nobody it was sent to$/,
  ],
  [
    "a report about a letter that was never given",
    { copies: [TOLD()] },
    /a report is about nothing: mark-1\.$/,
  ],
  [
    "a letter that was never given",
    { copies: [copy(BOB)] },
    /was given by nobody: mark-1\.$/,
  ],
]);
