import assert from "$assert";
import check from "$check";
import {
  answered,
  crowded,
  deliveriesMax,
  failed,
  NEW_WAY,
  type WayState,
} from "../lib/queue/ways.ts";

function after(state: WayState, ...steps: readonly ((state: WayState) => WayState)[]): WayState {
  return steps.reduce((before, step) => step(before), state);
}

function times(count: number, step: (state: WayState) => WayState) {
  return Array.from({ length: count }, () => step);
}

Deno.test("a hop that answers may have one more delivery after each, up to twenty", () => {
  assert.equal(deliveriesMax(NEW_WAY), 1, "nothing is known yet");
  assert.equal(deliveriesMax(after(NEW_WAY, answered)), 3);
  assert.equal(deliveriesMax(after(NEW_WAY, ...times(17, answered))), 19);
  assert.equal(deliveriesMax(after(NEW_WAY, ...times(500, answered))), 20);
});

Deno.test("a connection too many halves them, and then they grow slowly", () => {
  const before = after(NEW_WAY, ...times(10, answered), crowded);
  assert.equal(deliveriesMax(before), 6);
  assert.equal(deliveriesMax(after(before, ...times(6, answered))), 6);
  assert.equal(deliveriesMax(after(before, ...times(7, answered))), 7);
});

Deno.test("a hop that is down has one, and begins anew when it answers", () => {
  const down = after(NEW_WAY, ...times(10, answered), failed);
  assert.deepEqual([down.failures, deliveriesMax(down)], [1, 1]);
  assert.equal(after(down, failed, failed).failures, 3);
  const back = after(down, failed, failed, answered);
  assert.deepEqual([back.failures, deliveriesMax(back)], [0, 2]);
});

Deno.test("whatever happens, a hop may have from one to twenty deliveries", () => {
  const step = check.constantFrom(answered, answered, answered, crowded, failed);
  check.assert(check.property(check.array(step, { maxLength: 200 }), (steps) => {
    const most = deliveriesMax(after(NEW_WAY, ...steps));
    return Number.isInteger(most) && most >= 1 && most <= 20;
  }));
});
