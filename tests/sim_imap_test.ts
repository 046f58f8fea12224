/** The simulated readers by IMAP: what they make of what a server says, and when they complain. */
import assert from "$assert";
import { DatabaseSync } from "node:sqlite";
import { sqliteStore } from "../lib/store/sqlite.ts";
import { hearResponse, type Response } from "./sim/imap_response.ts";
import { type Cache, createTold, type Slot, type Told } from "./sim/imap_told.ts";
import { differences } from "./sim/imap_truth.ts";
import { simulate } from "./sim/simulate.ts";
import { slowStore } from "./sim/slow_store.ts";
import { talkOver } from "./sim/talk.ts";
import { createFaults } from "./sim/faults.ts";
import { createPrng } from "./sim/prng.ts";
import { fakeTransport } from "./fake_transport.ts";

/** Everything that a server says, as the simulation reads it. */
async function responsesIn(text: string): Promise<readonly Response[]> {
  const transport = fakeTransport();
  transport.feed(text);
  transport.feed(null);
  const talk = talkOver(transport);
  const responses: Response[] = [];
  for (;;) {
    const response = await hearResponse(talk);
    if (response === null) return responses;
    responses.push(response);
  }
}

interface Heard {
  readonly told: Told;
  readonly faults: readonly string[];
}

interface Hearing {
  readonly command?: string;
  readonly resumes?: Cache;
  readonly resync?: boolean;
}

async function hear(lines: readonly string[], hearing: Hearing = {}): Promise<Heard> {
  const { command = "NOOP", resumes, resync = resumes !== undefined } = hearing;
  const faults: string[] = [];
  const told = createTold({ resync, fault: (what) => faults.push(what) });
  const during = { command, ...resumes === undefined ? {} : { resumes } };
  for (const response of await responsesIn(lines.map((line) => `${line}\r\n`).join(""))) {
    told.hear(response, during);
  }
  told.completed();
  return { told, faults };
}

const THREE = [
  "* 3 EXISTS",
  "* 1 FETCH (UID 4 FLAGS (\\Seen \\Recent) MODSEQ (7) EMAILID (a))",
  "* 2 FETCH (UID 6 FLAGS () MODSEQ (5) EMAILID (b))",
  "* 3 FETCH (UID 9 FLAGS ($x) MODSEQ (6) EMAILID (c))",
];

function slot(uid: number, modSeq: number, flags: readonly string[] = []): Slot {
  return { uid, flags, modSeq, emailId: `m${uid}` };
}

const CACHE: Cache = { uidValidity: 1, mark: 7, slots: [slot(4, 7), slot(6, 5), slot(9, 6)] };

/** What is said, and what is known then, as UIDs with flags. */
const views: readonly (readonly [
  what: string,
  lines: readonly string[],
  hearing: Hearing,
  known: string,
])[] = [
  ["what is fetched", THREE, {}, "4(\\Seen) 6() 9($x)"],
  ["numbers that move", [...THREE, "* 1 EXPUNGE", "* 1 EXPUNGE", "* 2 EXISTS"], {}, "9($x) ?"],
  ["UIDs that vanish", [...THREE, "* VANISHED 4,9"], { resync: true }, "6()"],
  ["a UID that vanishes untold", ["* 2 EXISTS", "* 1 FETCH (UID 3)", "* VANISHED 7"], {
    resync: true,
  }, "3?"],
  [
    "flags that change",
    [...THREE, "* 2 FETCH (FLAGS (\\Draft))"],
    {},
    "4(\\Seen) 6(\\Draft) 9($x)",
  ],
  [
    "what changed since a cache",
    [
      "* 3 EXISTS",
      "* OK [UIDVALIDITY 1] x",
      "* VANISHED (EARLIER) 5:6",
      "* 3 FETCH (UID 12 FLAGS ())",
    ],
    { resumes: CACHE },
    "4() 9() 12()",
  ],
  [
    "news behind a cache",
    ["* 3 EXISTS", "* OK [UIDVALIDITY 1] x", "* VANISHED 6", "* 3 EXISTS"],
    { resumes: CACHE },
    "4() 9() ?",
  ],
  [
    "another mailbox than the one of a cache",
    ["* 2 EXISTS", "* OK [UIDVALIDITY 2] x"],
    { resumes: CACHE },
    "? ?",
  ],
];

for (const [what, lines, hearing, known] of views) {
  Deno.test(`a simulated reader keeps count of ${what}`, async () => {
    const { told, faults } = await hear(lines, hearing);
    assert.deepEqual(faults, []);
    const shown = told.slots.map(({ uid, flags }) =>
      uid === null ? "?" : `${uid}${flags === null ? "?" : `(${flags.join(" ")})`}`
    );
    assert.equal(shown.join(" "), known);
  });
}

const wrong: readonly (readonly [
  what: string,
  lines: readonly string[],
  fault: RegExp,
  hearing?: Hearing,
])[] = [
  ["fewer messages without a word", [...THREE, "* 2 EXISTS"], /^2 exist, not 3$/],
  ["a number beyond", [...THREE, "* 4 FETCH (FLAGS ())"], /^message 4 of 3 is told of$/],
  ["a removal beyond", [...THREE, "* 4 EXPUNGE"], /^message 4 of 3 is expunged$/],
  ["a removal during FETCH", [...THREE, "* 1 EXPUNGE"], /numbers move during FETCH$/, {
    command: "FETCH",
  }],
  ["UIDs that vanish during STORE", [...THREE, "* VANISHED 4"], /numbers move during STORE$/, {
    command: "STORE",
    resync: true,
  }],
  ["EXPUNGE behind QRESYNC", [...THREE, "* 1 EXPUNGE"], /who has enabled QRESYNC$/, {
    resync: true,
  }],
  ["a UID that was not there", [...THREE, "* VANISHED 5"], /uid 5 vanished, and was not there$/],
  ["another UID", [...THREE, "* 2 FETCH (UID 7)"], /uid 6 has become uid 7$/],
  ["another id", [...THREE, "* 2 FETCH (EMAILID (z))"], /uid 6: b has become z$/],
  ["a modseq that goes back", [...THREE, "* 1 FETCH (MODSEQ (6))"], /went back from 7 to 6$/],
  ["UIDs that fall", ["* 2 EXISTS", "* 1 FETCH (UID 4)", "* 2 FETCH (UID 3)"], /between 4 and/],
  [
    "a cache with a message of which nothing was told",
    ["* 4 EXISTS", "* OK [UIDVALIDITY 1] x"],
    /resumes with 3 messages \(4,6,9\) where 4 are told$/,
    { resumes: CACHE },
  ],
  [
    "a number that is another message's behind a cache",
    ["* 3 EXISTS", "* OK [UIDVALIDITY 1] x", "* 2 FETCH (UID 9 FLAGS ())"],
    /message 2 is not uid 9$/,
    { resumes: CACHE },
  ],
];

for (const [what, lines, fault, hearing] of wrong) {
  Deno.test(`a simulated reader complains of ${what}`, async () => {
    const { faults } = await hear(lines, hearing);
    assert.match(faults[0] ?? "nothing", fault);
  });
}

Deno.test("a simulated reader comes back with the mark that RFC 7162 asks for", async () => {
  const marked = async (...lines: readonly string[]) =>
    (await hear([...THREE, ...lines])).told.cache()?.mark;
  assert.equal(await marked(), 7);
  assert.equal(await marked("* 2 FETCH (MODSEQ (12))"), 12);
  assert.equal(await marked("* 2 FETCH (MODSEQ (12))", "* OK [HIGHESTMODSEQ 8] held"), 8);
  // Whoever does not know everything has nothing to come back with.
  assert.equal(await marked("* 4 EXISTS"), undefined);
});

Deno.test("a simulated reader reads messages, and the answers to its commands", async () => {
  const text = "+ go on\r\n* 1 FETCH (UID 3 BODY[] {8}\r\na)\r\nbc\r\n FLAGS ())\r\n" +
    '* LIST () "/" "Later"\r\n* BYE bye\r\na1 OK [COPYUID 5 1:2,4 7:9] done\r\n* 1 RECENT\r\n';
  const [go, fetched, list, bye, tagged, other] = await responsesIn(text);
  const items = { uid: 3, flags: [], modSeq: null, emailId: null, content: "a)\r\nbc\r\n" };
  assert.deepEqual([go, list, bye, other], [
    { is: "go" },
    { is: "list", mailbox: "Later" },
    { is: "bye" },
    { is: "other" },
  ]);
  assert.deepEqual(tagged, {
    is: "tagged",
    tag: "a1",
    condition: "OK",
    code: { name: "COPYUID", words: ["5", "1:2,4", "7:9"] },
  });
  assert.deepEqual(fetched, { is: "fetch", number: 1, items });
});

Deno.test("what a simulated reader knows is compared with what is there, one by one", async () => {
  const { told } = await hear(THREE);
  const entry = (uid: number, modSeq: number, flags: readonly string[]) => ({ uid, modSeq, flags });
  const there = [entry(4, 7, ["\\Seen"]), entry(6, 5, []), entry(9, 6, ["$x"])];
  const truth = (entries: typeof there) => ({
    server: "abc.test",
    account: "ann@abc.test",
    accountId: 1,
    name: "INBOX",
    atMs: 0,
    uidValidity: 1,
    uidNext: 10,
    modSeq: 7,
    entries,
  });
  assert.deepEqual(differences(told, truth(there)), []);
  assert.deepEqual(differences(told, truth(there.slice(1))), [
    "3 messages (4,6,9), not 2 (6,9)",
  ]);
  const other = [entry(5, 7, ["\\Seen"]), entry(6, 4, []), entry(9, 6, ["$y"])];
  assert.deepEqual(differences(told, truth(other)), [
    "message 1 as 4, not 5",
    "uid 6 with modseq 5, not 4",
    "uid 9 with ($x), not ($y)",
  ]);
});

Deno.test("a simulated store lets others be faster than what it reads", async () => {
  const { failures } = await simulate(async (sim) => {
    const { world } = sim.node("here.test");
    const faults = createFaults({ random: sim.random, without: new Set(), rates: { readSlow: 1 } });
    const turn = () => Promise.resolve();
    const store = sqliteStore(new DatabaseSync(":memory:"), { turn });
    const slow = slowStore(store, { faults, prng: createPrng(1, "reads"), clock: world.clock });
    const before = sim.now();
    assert.deepEqual(await slow.mail.list(1, 0, 10), []);
    assert.equal(sim.now(), before);
    faults.begin();
    assert.deepEqual(await slow.mail.list(1, 0, 10), []);
    assert.ok(sim.now() > before);
    await store[Symbol.asyncDispose]();
  }, { seed: 1 });
  assert.deepEqual(failures, []);
});
