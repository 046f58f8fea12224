/** The identifier of a message, in a header and as people write it. */
import assert from "$assert";
import { messageIdIn, messageIdOf } from "../lib/mail/message_id.ts";
import { encode } from "../lib/wire/bytes.ts";

const TEXTS: readonly (readonly [text: string, id: string | null])[] = [
  ["<a@b.c>", "a@b.c"],
  ["a@b.c", "a@b.c"],
  [" <a@b.c> ", "a@b.c"],
  ["(a comment) <a@b.c>", "a@b.c"],
  ["<a@b.c> <d@e.f>", "a@b.c"],
  ["<a @ b.c>", "a@b.c"],
  ["", null],
  ["<>", null],
  [`<${"x".repeat(998)}>`, "x".repeat(998)],
  [`<${"x".repeat(999)}>`, null],
];

for (const [text, id] of TEXTS) {
  Deno.test(`the Message-ID in ${JSON.stringify(text.slice(0, 30))} is ${id?.slice(0, 30)}`, () => {
    assert.equal(messageIdOf(text), id);
  });
}

Deno.test("a Message-ID has at most 998 characters", () => {
  assert.equal(messageIdOf("x".repeat(998)), "x".repeat(998));
  assert.equal(messageIdOf("x".repeat(999)), null);
});

Deno.test("the Message-ID of a message is in its header, in any case, and in the first field", () => {
  const content = "Subject: <x@y>\r\nmessage-id:\r\n <a@b.c>\r\nMessage-ID: <d@e.f>\r\n\r\n";
  assert.equal(messageIdIn(encode(content)), "a@b.c");
  assert.equal(messageIdIn(encode("Subject: x\r\n\r\nMessage-ID: <a@b.c>\r\n")), null);
});
