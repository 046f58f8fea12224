import assert from "$assert";
import fc from "$check";
import { concat, decodeLatin1, encode } from "../lib/wire/bytes.ts";
import { dotStuffer, dotUnstuffer } from "../lib/wire/dots.ts";

const STUFFED: readonly (readonly [content: string, wire: string])[] = [
  ["", ".\r\n"],
  [".", "..\r\n.\r\n"],
  ["..\r\n", "...\r\n.\r\n"],
  ["a\r\n", "a\r\n.\r\n"],
  ["a", "a\r\n.\r\n"],
  ["a\r", "a\r\r\n.\r\n"],
  ["a\n", "a\n\r\n.\r\n"],
  ["a.b\r\n.c\r\n", "a.b\r\n..c\r\n.\r\n"],
  ["\r\n.\r\n.\r\n", "\r\n..\r\n..\r\n.\r\n"],
  ["a\n.b\r\n", "a\n.b\r\n.\r\n"],
  ["a\r.b\r\n", "a\r.b\r\n.\r\n"],
  ["a\r\r\n.b\r\n", "a\r\r\n..b\r\n.\r\n"],
];

Deno.test("dotStuffer doubles the dot of a line and of nothing else, wherever the content is cut", () => {
  for (const [content, wire] of STUFFED) {
    for (const size of [1, 2, 3, 1000]) {
      assert.equal(stuffed(pieces(encode(content), size)), wire, JSON.stringify([content, size]));
    }
  }
});

const UNSTUFFED: readonly (readonly [wire: string, content: string])[] = [
  ...STUFFED.filter(([content]) => content === "" || content.endsWith("\r\n"))
    .map(([content, wire]) => [wire, content] as const),
  [".a\r\n.\r\n", "a\r\n"],
  [".\na\r\n.\r\n", "\na\r\n"],
  [".\ra\r\n.\r\n", "\ra\r\n"],
  [".\r\r\n.\r\n", "\r\r\n"],
  ["a\n.\r\n.\r\n", "a\n.\r\n"],
];

Deno.test("dotUnstuffer gives the content and leaves what follows, wherever the wire is cut", () => {
  for (const [wire, content] of UNSTUFFED) {
    for (const size of [1, 2, 3, 4, 1000]) {
      const { text, rest } = unstuffed(pieces(encode(`${wire}QUIT\r\n`), size));
      assert.deepEqual({ text, rest }, { text: content, rest: "QUIT\r\n" }, `${wire}, ${size}`);
    }
  }
});

Deno.test("dotStuffer gives a chunk back uncopied when it has nothing to put in", () => {
  const chunk = encode("a. b.\r\nc");
  assert.equal(dotStuffer().push(chunk), chunk);
});

Deno.test("dotUnstuffer undoes dotStuffer up to the CRLF that closes the last line", () => {
  const bytes = fc.array(fc.constantFrom(...".\r\na"), { maxLength: 40 }).map((all) =>
    all.join("")
  );
  fc.assert(fc.property(
    bytes,
    fc.integer({ min: 1, max: 9 }),
    fc.integer({ min: 1, max: 9 }),
    (content, cutIn, cutOut) => {
      const wire = stuffed(pieces(encode(content), cutIn));
      const closed = content === "" || content.endsWith("\r\n") ? content : `${content}\r\n`;
      const { text, rest } = unstuffed(pieces(encode(wire), cutOut));
      assert.deepEqual({ text, rest }, { text: closed, rest: "" });
    },
  ));
});

function pieces(bytes: Uint8Array, size: number): readonly Uint8Array[] {
  const cut: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += size) cut.push(bytes.subarray(at, at + size));
  return cut;
}

function stuffed(chunks: readonly Uint8Array[]): string {
  const stuffer = dotStuffer();
  return decodeLatin1(concat([...chunks.map((each) => stuffer.push(each)), stuffer.end()]));
}

function unstuffed(chunks: readonly Uint8Array[]): { text: string; rest: string } {
  const unstuffer = dotUnstuffer();
  const content: Uint8Array[] = [];
  const rest: Uint8Array[] = [];
  let done = false;
  for (const chunk of chunks) {
    if (done) {
      rest.push(chunk);
      continue;
    }
    const step = unstuffer.push(chunk);
    content.push(step.content);
    rest.push(chunk.subarray(step.used));
    done = step.done;
  }
  assert.ok(done, "the end was not seen");
  return { text: decodeLatin1(concat(content)), rest: decodeLatin1(concat(rest)) };
}
