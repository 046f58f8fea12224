import assert from "$assert";
import {
  createGroup,
  type Group,
  GROUP_BYTES_MAX,
  GROUP_ITEMS_MAX,
  type Transactions,
  WAITING_BYTES_MAX,
} from "../lib/store/group.ts";
import { turn } from "./conformance/store_support.ts";

/** A database that holds words; it writes down what is done to it and fails when told to. */
function wordsDatabase() {
  const log: string[] = [];
  let words: string[] = [];
  let before: string[] = [];
  const failing = new Set<"begin" | "attempt" | "commit">();
  function failIf(what: "begin" | "attempt" | "commit"): void {
    log.push(what);
    if (failing.has(what)) throw new Error(`no ${what}`);
  }
  const transactions: Transactions = {
    begin() {
      before = [...words];
      failIf("begin");
    },
    attempt(work) {
      failIf("attempt");
      const kept = [...words];
      try {
        return { done: true, value: work() };
      } catch (error) {
        words = kept;
        return { done: false, error };
      }
    },
    commit: () => failIf("commit"),
    rollback() {
      log.push("rollback");
      words = before;
    },
  };
  return {
    log,
    failing,
    transactions,
    words: () => words,
    add: (word: string) => words.push(word),
  };
}

function groupOf(database: ReturnType<typeof wordsDatabase>, until = turn): Group {
  return createGroup({ transactions: database.transactions, turn: until });
}

function say(database: ReturnType<typeof wordsDatabase>, word: string): () => number {
  return () => database.add(word);
}

function refuse(database: ReturnType<typeof wordsDatabase>): () => never {
  return () => {
    database.add("half");
    throw new Error("refused");
  };
}

Deno.test("group commits what comes in one turn together, and settles after the commit", async () => {
  const database = wordsDatabase();
  const group = groupOf(database);
  const settled: string[] = [];
  const all = ["a", "b", "c"].map((word) =>
    group.run(say(database, word), (count) => settled.push(`${word} memory ${count}`))
      .then((count) => settled.push(`${word} caller ${count} after ${database.log.at(-1)}`))
  );
  assert.deepEqual(database.log, []);
  await Promise.all(all);
  assert.deepEqual(database.log, ["begin", "attempt", "attempt", "attempt", "commit"]);
  // Memory is up to date before any caller goes on.
  assert.deepEqual(settled, [
    "a memory 1",
    "b memory 2",
    "c memory 3",
    "a caller 1 after commit",
    "b caller 2 after commit",
    "c caller 3 after commit",
  ]);
});

Deno.test("group takes along what comes while it is gathering, as long as that takes", async () => {
  const database = wordsDatabase();
  const open = Promise.withResolvers<void>();
  const group = groupOf(database, () => open.promise);
  const first = group.run(say(database, "a"));
  await turn();
  const second = group.run(say(database, "b"));
  open.resolve();
  await Promise.all([first, second]);
  assert.equal(database.log.filter((what) => what === "commit").length, 1);
});

Deno.test("group lets an item fail alone", async () => {
  const database = wordsDatabase();
  const group = groupOf(database);
  const results = await Promise.allSettled([
    group.run(say(database, "a")),
    group.run(refuse(database), () => assert.fail("told memory of what failed")),
    group.run(say(database, "b")),
  ]);
  assert.deepEqual(results.map((each) => each.status), ["fulfilled", "rejected", "fulfilled"]);
  assert.deepEqual(database.words(), ["a", "b"]);
});

for (const what of ["begin", "attempt", "commit"] as const) {
  Deno.test(`group rejects everything when ${what} fails, and recovers`, async () => {
    const database = wordsDatabase();
    const group = groupOf(database);
    await group.run(say(database, "before"));
    database.failing.add(what);
    const told: string[] = [];
    const results = await Promise.allSettled([
      group.run(say(database, "a"), () => told.push("a")),
      group.run(refuse(database)),
      group.run(say(database, "b"), () => told.push("b")),
    ]);
    assert.deepEqual(results.map((each) => each.status), ["rejected", "rejected", "rejected"]);
    assert.match(String((results[0] as PromiseRejectedResult).reason), new RegExp(`no ${what}`));
    assert.deepEqual(database.words(), ["before"]);
    assert.deepEqual(told, []);
    assert.equal(database.log.at(-1), "rollback");

    database.failing.clear();
    await group.run(say(database, "after"));
    assert.deepEqual(database.words(), ["before", "after"]);
  });
}

Deno.test("group commits at most so many at once, in the order in which they came", async () => {
  const database = wordsDatabase();
  const group = groupOf(database);
  const count = GROUP_ITEMS_MAX + 10;
  const words = Array.from({ length: count }, (_, at) => String(at));
  await Promise.all(words.map((word) => group.run(say(database, word))));
  assert.deepEqual(database.words(), words);
  assert.equal(database.log.indexOf("commit"), GROUP_ITEMS_MAX + 1);
  assert.equal(database.log.filter((what) => what === "commit").length, 2);
});

Deno.test("group settles what it has before it closes, and takes nothing more", async () => {
  const database = wordsDatabase();
  const group = groupOf(database);
  const last = group.run(say(database, "a"));
  const closed = group.close();
  await assert.rejects(group.run(say(database, "b")), { kind: "closed" });
  await closed;
  assert.deepEqual(database.words(), ["a"]);
  assert.equal(await last, 1);
});

Deno.test("group commits at most so many bytes at once, and one item however large", async () => {
  const database = wordsDatabase();
  const group = groupOf(database);
  const half = GROUP_BYTES_MAX / 2;
  const sizes = [half, half, 1, GROUP_BYTES_MAX + 1, 1];
  await Promise.all(sizes.map((size, at) => group.run(say(database, `${at}`), () => {}, size)));
  assert.deepEqual(database.words(), ["0", "1", "2", "3", "4"]);
  const counts = database.log.join(" ").split("commit").map((each) =>
    each.match(/attempt/g)?.length
  );
  assert.deepEqual(counts, [2, 1, 1, 1, undefined]);
});

Deno.test("group refuses what is too much for the memory, until some is committed", async () => {
  const database = wordsDatabase();
  const group = groupOf(database);
  const large = group.run(say(database, "large"), () => {}, WAITING_BYTES_MAX + 1);
  await assert.rejects(group.run(say(database, "more"), () => {}, 1), { kind: "busy" });
  const small = group.run(say(database, "small"));
  await assert.rejects(group.run(say(database, "more"), () => {}, 1), { kind: "busy" });
  await Promise.all([large, small]);
  await group.run(say(database, "later"), () => {}, WAITING_BYTES_MAX);
  database.failing.add("commit");
  await assert.rejects(group.run(say(database, "lost"), () => {}, WAITING_BYTES_MAX));
  database.failing.clear();
  await group.run(say(database, "last"), () => {}, WAITING_BYTES_MAX);
  assert.deepEqual(database.words(), ["large", "small", "later", "last"]);
});
