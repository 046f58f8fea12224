import assert from "$assert";
import {
  createExpectation,
  EXPECTING_ITEMS_MAX,
  EXPECTING_MS_MAX,
} from "../lib/store/expectation.ts";

/** An expectation in a world where a turn takes a tenth of a millisecond. */
function inTurns(options: { readonly clock: boolean } = { clock: true }) {
  let turns = 0;
  let atTurn: (turn: number) => void = () => {};
  const turn = () => {
    atTurn(++turns);
    return Promise.resolve();
  };
  const monotonicMs = () => turns / 10;
  const expectation = createExpectation(options.clock ? { turn, monotonicMs } : { turn });
  return {
    ...expectation,
    /** How many turns it takes until a group is closed; `during` sees the number of each. */
    async turnsFor(during: (turn: number) => void = () => {}, waiting = () => 1): Promise<number> {
      const before = turns;
      atTurn = (turn) => during(turn - before);
      await expectation.gather(waiting);
      return turns - before;
    },
  };
}

Deno.test("whoever is alone waits for one turn", async () => {
  const { turnsFor, took } = inTurns();
  took(2);
  assert.equal(await turnsFor(), 1);
});

Deno.test("a group stays open for what is expected until that comes", async () => {
  const { turnsFor, took, expect } = inTurns();
  took(2);
  const first = expect();
  const second = expect();
  const turns = await turnsFor((turn) => {
    if (turn === 3) first();
    if (turn === 7) second();
  });
  assert.equal(turns, 7);
});

Deno.test("nobody is waited for longer than the last commit took, nor than some ms", async () => {
  for (const [tookMs, turns] of [[0, 1], [0.6, 6], [2, 20], [1_000, 10 * EXPECTING_MS_MAX]]) {
    const { turnsFor, took, expect } = inTurns();
    took(tookMs!);
    expect();
    assert.equal(await turnsFor(), turns);
  }
});

Deno.test("who was waited for in vain is not waited for again, but others are", async () => {
  const { turnsFor, took, expect } = inTurns();
  took(2);
  const slow = expect();
  assert.equal(await turnsFor(), 20);
  assert.equal(await turnsFor(), 1, "it is slow");
  const quick = expect();
  assert.equal(await turnsFor((turn) => turn === 4 && quick()), 4, "another is not");
  slow();
  slow();
  const next = expect();
  assert.equal(await turnsFor(), 20, "once it is there, the next one is waited for");
  next();
});

Deno.test("a group that shares well enough waits for nobody", async () => {
  const { turnsFor, took, expect } = inTurns();
  took(2);
  expect();
  let waiting = EXPECTING_ITEMS_MAX - 4;
  assert.equal(await turnsFor(() => waiting++, () => waiting), 4);
});

Deno.test("without a clock nobody is waited for", async () => {
  const { turnsFor, took, expect } = inTurns({ clock: false });
  took(2);
  expect();
  assert.equal(await turnsFor(), 1);
});
