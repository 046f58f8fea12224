import assert from "$assert";
import { hasUtf8Header } from "../lib/mail/utf8.ts";
import { encode } from "../lib/wire/bytes.ts";

const MULTIPART = "Content-Type: multipart/mixed; boundary=x\r\n\r\n";

const MESSAGES: readonly (readonly [name: string, message: string, found: boolean])[] = [
  ["nothing", "", false],
  ["ASCII", "Subject: a\r\n\r\nHello\r\n", false],
  ["a UTF-8 body", "Subject: a\r\n\r\nGrüße\r\n--ü\r\n", false],
  ["a UTF-8 field", "Subject: Grüße\r\n\r\nHello\r\n", true],
  ["a field that is not ended", "Subject: Grüße", true],
  ["what may be a header", `${MULTIPART}--x\r\nX: y\r\n\r\nü\r\n--x--\r\nü\r\n`, true],
  ["a part's field", `${MULTIPART}--x\r\nContent-Description: ü\r\n\r\n--x--\r\n`, true],
  ["text in a part", `${MULTIPART}--x\r\nX: y\r\n\r\nü\r\n--x--\r\n`, false],
  ["a signature", `${MULTIPART}--x\r\nX: y\r\n\r\n-- \r\nü\r\n--x--\r\n`, false],
  ["a message within", "Content-Type: message/rfc822\r\n\r\nSubject: ü\r\n\r\n", true],
  ["text of a message within", "Content-type:\r\n message/rfc822\r\n\r\nX: y\r\n\r\nü\r\n", false],
  [
    "a message in a part",
    `${MULTIPART}--x\r\nContent-Type: message/global\r\n\r\nSubject: ü\r\n\r\n--x--\r\n`,
    true,
  ],
];

Deno.test("hasUtf8Header looks into every header of a message, and into nothing else", () => {
  for (const [name, message, found] of MESSAGES) {
    assert.equal(hasUtf8Header(encode(message)), found, name);
  }
});

Deno.test("hasUtf8Header passes over a field in an old charset", () => {
  const latin1 = Uint8Array.from("Subject: Gr\xfc\xdfe\r\n\r\n", (each) => each.charCodeAt(0));
  assert.equal(hasUtf8Header(latin1), false);
});
