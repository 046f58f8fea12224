import assert from "$assert";
import * as check from "$check";
import {
  ByteQueue,
  concat,
  decode,
  decodeLatin1,
  encode,
  equal,
  isAscii,
  LF,
} from "../lib/wire/bytes.ts";

type Action =
  | { readonly do: "push"; readonly bytes: Uint8Array }
  | { readonly do: "take" | "skip"; readonly share: number }
  | { readonly do: "keep" | "clear" | "lineFeed" | "peek" };

/** Few different bytes, so that line feeds are common; sizes that make the queue grow and move. */
const chunk = check.uint8Array({ maxLength: 700, max: 12 });
const action: check.Arbitrary<Action> = check.oneof(
  { weight: 4, arbitrary: chunk.map((bytes): Action => ({ do: "push", bytes })) },
  {
    weight: 4,
    arbitrary: check.record({
      do: check.constantFrom("take" as const, "skip" as const),
      share: check.double({ min: 0, max: 1, noNaN: true }),
    }),
  },
  {
    weight: 3,
    arbitrary: check.record({
      do: check.constantFrom("keep" as const, "lineFeed" as const, "peek" as const),
    }),
  },
  { weight: 1, arbitrary: check.constant<Action>({ do: "clear" }) },
);

Deno.test("ByteQueue does what a plain array does, with lent chunks overwritten by keep", () => {
  check.assert(
    check.property(check.array(action, { maxLength: 60 }), (actions) => {
      const queue = new ByteQueue();
      let model: number[] = [];
      let lent: Uint8Array[] = [];
      for (const action of actions) {
        switch (action.do) {
          case "push": {
            const bytes = action.bytes.slice();
            queue.push(bytes);
            lent.push(bytes);
            model.push(...action.bytes);
            break;
          }
          case "take":
          case "skip": {
            const count = Math.floor(action.share * model.length);
            const expected = model.splice(0, count);
            if (action.do === "skip") queue.skip(count);
            else assert.deepEqual([...queue.take(count)], expected);
            break;
          }
          case "keep":
            queue.keep();
            for (const bytes of lent) bytes.fill(LF);
            lent = [];
            break;
          case "clear":
            queue.clear();
            model = [];
            break;
          case "lineFeed":
            assert.equal(queue.lineFeed(), model.indexOf(LF));
            break;
          case "peek":
            assert.deepEqual([...queue.peek()], model);
        }
        assert.equal(queue.length, model.length);
      }
      assert.equal(queue.lineFeed(), model.indexOf(LF));
      assert.deepEqual([...queue.peek()], model);
    }),
    { numRuns: 300 },
  );
});

Deno.test("ByteQueue does not copy a chunk that is consumed whole", () => {
  const queue = new ByteQueue();
  const bytes = encode("QUIT\r\n");
  queue.push(bytes);
  assert.equal(queue.take(6).buffer, bytes.buffer);
});

Deno.test("ByteQueue refuses to give more than it has", () => {
  const queue = new ByteQueue();
  queue.push(encode("ab"));
  assert.throws(() => queue.take(3), RangeError);
  assert.throws(() => queue.skip(3), RangeError);
  assert.equal(decode(queue.take(2)), "ab");
});

Deno.test("ByteQueue takes single bytes without searching them again and again", () => {
  const queue = new ByteQueue();
  const byte = new Uint8Array([65]);
  const startMs = performance.now();
  for (let i = 0; i < 1_000_000; i++) {
    queue.push(byte);
    assert.equal(queue.lineFeed(), -1);
    queue.keep();
  }
  // Quadratic work would be 500 billion steps.
  assert.ok(performance.now() - startMs < 5_000);
  assert.equal(queue.length, 1_000_000);
});

Deno.test("decodeLatin1 loses no byte, whatever the length", () => {
  check.assert(check.property(check.uint8Array({ maxLength: 20_000 }), (bytes) => {
    const text = decodeLatin1(bytes);
    assert.ok(equal(Uint8Array.from(text, (each) => each.charCodeAt(0)), bytes));
  }));
});

Deno.test("isAscii finds a byte above 127 wherever it lies, and however the bytes lie", () => {
  for (const length of [0, 1, 99, 100, 101, 300]) {
    for (const from of [0, 1, 2, 3, 4]) {
      // What stands around them is none of theirs.
      const bytes = new Uint8Array(length + 10).fill(200).subarray(from, from + length).fill(127);
      assert.ok(isAscii(bytes), `${length} from ${from}`);
      for (let at = 0; at < length; at++) {
        bytes[at] = 128;
        assert.ok(!isAscii(bytes), `${at} of ${length} from ${from}`);
        bytes[at] = 127;
      }
    }
  }
});

Deno.test("decode keeps a byte order mark and replaces what is not UTF-8", () => {
  assert.equal(decode(new Uint8Array([0xef, 0xbb, 0xbf, 0x61, 0xff])), "\uFEFFa\uFFFD");
});

Deno.test("concat joins and equal compares", () => {
  assert.deepEqual(concat([]), new Uint8Array(0));
  assert.deepEqual(concat([encode("a"), encode(""), encode("bc")]), encode("abc"));
  assert.ok(equal(encode("abc"), encode("abc")));
  assert.ok(!equal(encode("abc"), encode("abd")));
  assert.ok(!equal(encode("abc"), encode("ab")));
});
