import assert from "$assert";
import { createMark } from "../lib/store/watch.ts";
import { isSettled, NEVER } from "./conformance/store_support.ts";

Deno.test("a mark wakes those it has passed, and only those", async () => {
  const mark = createMark(5);
  const passing5 = mark.passed(5, NEVER);
  const passing6 = mark.passed(6, NEVER);
  await mark.passed(4, NEVER);
  assert.equal(await isSettled(passing5), false);
  mark.advance(6);
  await passing5;
  assert.equal(await isSettled(passing6), false);
  assert.equal(mark.waiting(), 1);
  mark.advance(9);
  await passing6;
  assert.deepEqual([mark.value(), mark.waiting()], [9, 0]);
});

Deno.test("a mark never goes back", async () => {
  const mark = createMark(5);
  mark.advance(3);
  assert.equal(mark.value(), 5);
  assert.equal(await isSettled(mark.passed(5, NEVER)), false);
});

Deno.test("a mark forgets those who gave up, and leaves nothing on their signal", async () => {
  const mark = createMark(0);
  const stop = new AbortController();
  let listeners = 0;
  const signal = new Proxy(stop.signal, {
    get(target, name) {
      if (name === "addEventListener") listeners++;
      if (name === "removeEventListener") listeners--;
      const value = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  const woken = mark.passed(0, signal);
  mark.advance(1);
  await woken;
  assert.equal(listeners, 0);

  const given = Array.from({ length: 100 }, () => mark.passed(1, signal));
  assert.equal(mark.waiting(), 100);
  const rejected = Promise.all(given.map((each) => assert.rejects(each, /gave up/)));
  stop.abort(new Error("gave up"));
  await rejected;
  assert.deepEqual([mark.waiting(), listeners], [0, 0]);
  await assert.rejects(mark.passed(0, signal), /gave up/);
});

Deno.test("a mark that has ended rejects everybody", async () => {
  const mark = createMark(0);
  const waiting = assert.rejects(mark.passed(0, NEVER), /over/);
  mark.end(new Error("over"));
  await waiting;
  await assert.rejects(mark.passed(-1, NEVER), /over/);
});
