/** What next hops have said about recipients, and for how long it counts. */
import assert from "$assert";
import {
  type Asked,
  createVerdicts,
  type Heard,
  isAboutAddress,
  REFUSED_MS,
  TAKEN_MS,
  UNKNOWN_MS,
  VERDICTS_MAX,
} from "../lib/policy/verdicts.ts";
import { reply } from "../lib/smtp/reply.ts";

const BOB: Asked = { hop: "192.0.2.1:25", recipient: "bob@xyz.com", nullSender: false };
const HOP: Asked = { hop: BOB.hop, recipient: null, nullSender: false };
const REFUSED: Heard = { kind: "refused", reply: reply(550, "5.1.1", "Nobody") };

const KEPT: readonly (readonly [Heard, number])[] = [
  [{ kind: "taken" }, TAKEN_MS],
  [REFUSED, REFUSED_MS],
  [{ kind: "unknown" }, UNKNOWN_MS],
];

for (const [heard, keptMs] of KEPT) {
  Deno.test(`what was ${heard.kind} is remembered for ${keptMs / 60_000} minutes`, () => {
    const verdicts = createVerdicts();
    verdicts.remember(BOB, heard, 1_000);
    assert.deepEqual(verdicts.recall(BOB, 1_000 + keptMs - 1), heard);
    assert.equal(verdicts.recall(BOB, 1_000 + keptMs), null);
  });
}

Deno.test("the newest word counts, and for its own time", () => {
  const verdicts = createVerdicts();
  verdicts.remember(BOB, { kind: "taken" }, 0);
  verdicts.remember(BOB, REFUSED, 1_000);
  assert.deepEqual(verdicts.recall(BOB, 1_000), REFUSED);
  assert.equal(verdicts.recall(BOB, 1_000 + REFUSED_MS), null);
});

Deno.test("what is known is known of one hop, one recipient, and one kind of sender", () => {
  const verdicts = createVerdicts();
  verdicts.remember(BOB, { kind: "taken" }, 0);
  for (
    const other of [
      { hop: "192.0.2.2:25" },
      { recipient: "carol@xyz.com" },
      { nullSender: true },
      { recipient: null },
    ]
  ) assert.equal(verdicts.recall({ ...BOB, ...other }, 0), null, JSON.stringify(other));
});

Deno.test("a hop that has answered is not unknown any more, and its recipients stay known", () => {
  const verdicts = createVerdicts();
  verdicts.remember(HOP, { kind: "unknown" }, 0);
  verdicts.remember(BOB, { kind: "taken" }, 0);
  verdicts.forgetHop(HOP.hop);
  assert.equal(verdicts.recall(HOP, 0), null);
  assert.deepEqual(verdicts.recall(BOB, 0), { kind: "taken" });
});

Deno.test("twenty thousand are remembered; who was not asked for longest is forgotten", () => {
  const verdicts = createVerdicts();
  const nth = (n: number) => ({ ...BOB, recipient: `bob${n}@xyz.com` });
  for (let n = 0; n < VERDICTS_MAX; n++) verdicts.remember(nth(n), { kind: "taken" }, 0);
  assert.notEqual(verdicts.recall(nth(0), 0), null);
  verdicts.remember(BOB, { kind: "taken" }, 0);
  assert.equal(verdicts.recall(nth(1), 0), null);
  for (const known of [nth(0), nth(2), BOB]) assert.notEqual(verdicts.recall(known, 0), null);
});

Deno.test("only what is said of an address holds for every sender", () => {
  for (const status of ["5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"]) {
    assert.ok(isAboutAddress(reply(550, status, "No")), status);
  }
  for (const status of ["5.7.1", "5.1.7", "5.1.8", "5.2.2", "5.0.0", ""]) {
    assert.ok(!isAboutAddress(reply(550, status, "No")), status);
  }
});
