import assert from "$assert";
import { parsePlainMessage } from "../lib/mail/plain.ts";

Deno.test("parsePlainMessage finds where the header ends", () => {
  const plain = (text: string) => parsePlainMessage(text);
  const message = { from: "alice@abc.com", to: ["bob@xyz.com"], cc: [], subject: null };
  const head = "From: alice@abc.com\nTo: bob@xyz.com\n";
  const cases: readonly (readonly [text: string, expected: unknown])[] = [
    [`${head}Hello\n`, { ...message, body: "Hello\n" }],
    [`${head}\nHello\n`, { ...message, body: "Hello\n" }],
    [`${head}\n\nHello`, { ...message, body: "\nHello" }],
    [`${head}`, { ...message, body: "" }],
    ["to:bob@xyz.com\r\nFROM :alice@abc.com\r\n\r\nHi\r\n", { ...message, body: "Hi\r\n" }],
    [`\ufeff${head}x`, { ...message, body: "x" }],
    [`${head}To: my dear friend\n`, { ...message, body: "To: my dear friend\n" }],
    [`${head}Note: cake\n`, { ...message, body: "Note: cake\n" }],
    [`${head}Subject: Hi\nyou`, { ...message, subject: "Hi", body: "you" }],
    [`${head}Subject:\n\nyou`, { ...message, body: "you" }],
    [`${head}\nDate: tomorrow\n`, { ...message, body: "Date: tomorrow\n" }],
    [
      'From: alice\nCc: "B, C" <b@x>, d\nTo: b,c\nx',
      { from: "alice", to: ["b", "c"], cc: ['"B, C" <b@x>', "d"], subject: null, body: "x" },
    ],
    // Fields that go on in indented lines, and letters that begin with one.
    [`From: a@b\nTo: b@c,\n  d@e\n\nx`, { ...message, from: "a@b", to: ["b@c", "d@e"], body: "x" }],
    [`From: a@b\nTo: b@c\n ,d@e\nCc: f@g\nx`, {
      ...message,
      from: "a@b",
      to: ["b@c", "d@e"],
      cc: ["f@g"],
      body: "x",
    }],
    [`${head}Subject: one\n two\n\nx`, { ...message, subject: "one two", body: "x" }],
    [`${head}Subject: =?utf-8?q?h=C3=A4?=\n\nx`, { ...message, subject: "hä", body: "x" }],
    [`${head}  Dear Bob,\n  how are you?`, { ...message, body: "  Dear Bob,\n  how are you?" }],
    [`${head}Subject: Hi\n  Dear\nBob`, { ...message, subject: "Hi", body: "  Dear\nBob" }],
    // Ready messages, and no messages.
    [`${head}Subject: one\n two\nContent-Type: text/plain\n\nx`, null],
    [`${head}Date: x\n\nHello`, null],
    [`${head}MIME-Version: 1.0\n\nHello`, null],
    ["From: alice@abc.com\nHello", null],
    ["To: bob@xyz.com\nHello", null],
    ["From:\nTo: b\n", null],
    ["From: a\nTo: ,\n", null],
    ["\nFrom: a\nTo: b\n", null],
    ["", null],
  ];
  for (const [text, expected] of cases) {
    assert.deepEqual(plain(text), expected, JSON.stringify(text));
  }
});
