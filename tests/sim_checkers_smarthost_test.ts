/** What the simulation's judges know of servers that send everything through another one. */
import {
  ADDED,
  ANN,
  BOB,
  CID,
  CONTENT,
  copy,
  RECEIVED,
  submission,
  taking,
  testCases,
  TOLD,
} from "./sim_checkers_support.ts";

/** Given to a server that sends through ours, `klm.test`, or through a foreign one. */
const SHIP = { server: "ship.test" };
const BOAT = { server: "boat.test" };
const BY_RELAY = { client: "klm.test" };
const BREAK = { what: "connection", nodes: ["ship.test", "klm.test"], atMs: 2500 } as const;
const REFUSED = { recipients: [{ address: BOB, code: 550, notify: null }] };
/** Ten minutes after somebody got an account, and more than that after the beginning. */
const LATER = { beganAtMs: 800_000, endedAtMs: 801_000 };
const FROM_STRANGER = { user: null, sender: "eve@else.example" };
const BY_KLM = "Received: from ship.test\r\n\tby klm.test id 2; Thu, 1 Jan 2026\r\n";

/** The relay of ours says twice that it failed. */
const TWICE = ["r1", "r2"].map((id) => TOLD({ id, from: "klm.test" }));

testCases([
  [
    "two reports of a relay to which an alias has brought the letter back",
    {
      submissions: [
        submission(CID, {
          server: "klm.test",
          recipients: [CID, "crew@ship.test"].map((address) => (
            { address, code: 250, notify: null }
          )),
        }),
      ],
      copies: TWICE,
    },
    null,
  ],
  [
    "two reports of a relay to which nothing came back",
    { submissions: [submission(CID, { server: "klm.test" })], copies: TWICE },
    /klm\.test said 2 times that mark-1\. was failed$/,
  ],
  [
    "a letter that a foreign relay takes, wherever it was for",
    { submissions: [submission(BOB, BOAT)], takings: [taking({ recipients: [BOB] })] },
    null,
  ],
  [
    "a letter for an alias, which a foreign relay takes under its name",
    {
      submissions: [submission("team@abc.test", BOAT)],
      takings: [taking({ client: "boat.test", recipients: ["team@abc.test"] })],
    },
    null,
  ],
  [
    "a letter for an alias that is given again to a foreign relay",
    {
      submissions: [submission("team@abc.test", BOAT)],
      takings: [{}, { atMs: 4000 }].map((change) =>
        taking({ client: "boat.test", recipients: ["team@abc.test"], ...change })
      ),
    },
    /was given again to one\.example, which had said 250$/,
  ],
  [
    "an answer that a foreign relay has given about somebody here",
    { submissions: [submission(BOB, { ...BOAT, ...REFUSED, ...LATER, answer: "unsent" })] },
    null,
  ],
  [
    "such an answer where the relay is ours",
    { submissions: [submission(BOB, { ...SHIP, ...REFUSED, ...LATER, answer: "unsent" })] },
    /<bob@xyz\.test> was answered with 550, and has an account$/,
  ],
  [
    "such an answer that two servers may have remembered, one after the other",
    {
      submissions: [submission(BOB, { ...SHIP, ...REFUSED, ...LATER, answer: "unsent" })],
      accounts: [{ server: "xyz.test", account: BOB, change: "added", atMs: 200_000 }],
    },
    null,
  ],
  [
    "a second copy where a connection to the relay broke",
    {
      submissions: [submission(BOB, SHIP)],
      copies: [copy(BOB), copy(BOB, { uniqueId: "1.2" })],
      interruptions: [BREAK],
    },
    null,
  ],
  [
    "a letter that the relay gives again after a 250",
    {
      submissions: [submission(CID, SHIP)],
      takings: [taking(BY_RELAY), taking({ ...BY_RELAY, atMs: 4000 })],
    },
    /was given again to one\.example, which had said 250$/,
  ],
  [
    "a letter that the relay may have been given twice, and gives on twice",
    {
      submissions: [submission(CID, SHIP)],
      takings: [taking(BY_RELAY), taking({ ...BY_RELAY, atMs: 4000 })],
      interruptions: [BREAK],
    },
    null,
  ],
  [
    "fields that a relay adds, for whom it is submitted there",
    {
      submissions: [submission(BOB, { ...SHIP, ...FROM_STRANGER })],
      copies: [copy(BOB, { content: BY_KLM + ADDED + RECEIVED + CONTENT })],
    },
    null,
  ],
  [
    "fields that nobody may have added, for it did not pass the relay",
    {
      submissions: [submission(BOB, { ...SHIP, ...FROM_STRANGER })],
      copies: [copy(BOB, { content: RECEIVED + ADDED + CONTENT })],
    },
    /is not what was given: mark-1\. differs/,
  ],
  [
    "a letter that was given to the relay and is lost there",
    { submissions: [submission(ANN, SHIP)] },
    /250, and is lost$/,
  ],
]);
