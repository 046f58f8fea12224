import assert from "$assert";
import fc from "$check";
import { readMessage, terminalSafe } from "../lib/mail/read.ts";
import { encode } from "../lib/wire/bytes.ts";

const lines = (...lines: string[]) => encode(lines.join("\r\n"));

Deno.test("readMessage shows a plain message", async () => {
  const message = lines(
    "From: =?utf-8?q?J=C3=B6rg?= <j@abc.com>",
    "To: bob@xyz.com,",
    " Eve <eve@x>",
    "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=",
    "Date: Thu, 21 May 2026 14:05:09 +0200",
    "Content-Type: text/plain; charset=iso-8859-1",
    "Content-Transfer-Encoding: quoted-printable",
    "",
    "Sch=F6n",
    "",
  );
  assert.deepEqual(await readMessage(message), {
    from: "Jörg <j@abc.com>",
    to: "bob@xyz.com, Eve <eve@x>",
    cc: "",
    subject: "Grüße",
    date: "2026-05-21T12:05:09.000Z",
    text: "Schön\n",
    html: null,
    attachments: [],
  });
});

Deno.test("readMessage shows the text of HTML, and prefers text where there is one", async () => {
  const html = "<p>Hello <b>Bob</b>,<script>alert(1)</script></p><p>a &lt; b</p>";
  const read = await readMessage(lines("Content-Type: text/html; charset=utf-8", "", html));
  assert.equal(read.text, "Hello Bob,\n\na < b\n");
  assert.equal(read.html?.trim(), html);
  const both = await readMessage(lines(
    "Content-Type: multipart/alternative; boundary=b",
    "",
    "--b",
    "",
    "plain",
    "--b",
    "Content-Type: text/html",
    "",
    html,
    "--b--",
    "",
  ));
  assert.equal(both.text, "plain\n");
});

Deno.test("readMessage gives a text of several lines as it was, also in a multipart", async () => {
  for (const text of ["one\r\ntwo", "one\r\ntwo\r\n", "one\r\ntwo\r\n\r\n"]) {
    const plain = await readMessage(lines("Subject: Hi", "", text));
    const multipart = await readMessage(
      lines("Content-Type: multipart/mixed; boundary=b", "", "--b", "", text, "--b--", ""),
    );
    assert.equal(multipart.text, plain.text);
  }
});

Deno.test("readMessage lists attachments", async () => {
  const read = await readMessage(lines(
    "Content-Type: multipart/mixed; boundary=b",
    "",
    "--b",
    "",
    "see below",
    "--b",
    "Content-Type: application/octet-stream",
    'Content-Disposition: attachment; filename="../\u001b[31mx\u202etxt.exe"',
    "Content-Transfer-Encoding: base64",
    "",
    "AQID",
    "--b",
    "Content-Type: image/png",
    "Content-Transfer-Encoding: base64",
    "",
    "AQ==",
    "--b--",
    "",
  ));
  assert.equal(read.text, "see below\n");
  assert.deepEqual(
    read.attachments.map(({ name, type, size }) => [name, type, size]),
    [["../[31mxtxt.exe", "application/octet-stream", 3], ["image/png", "image/png", 1]],
  );
  assert.deepEqual(read.attachments[0]!.content, Uint8Array.of(1, 2, 3));
});

Deno.test("readMessage keeps a message that is attached out of the text", async () => {
  const read = await readMessage(lines(
    "Content-Type: multipart/mixed; boundary=b",
    "",
    "--b",
    "",
    "see below",
    "--b",
    "Content-Type: message/rfc822; name=old.eml",
    "",
    "Subject: old",
    "",
    "said by somebody else",
    "--b--",
    "",
  ));
  assert.equal(read.text, "see below\n");
  assert.deepEqual(read.attachments.map(({ name, type }) => [name, type]), [
    ["old.eml", "message/rfc822"],
  ]);
});

Deno.test("readMessage shows the text of hurried writers", async () => {
  const missing = await readMessage(lines("From: a@x", "To: b@x", "Hello Bob", "how are you", ""));
  assert.equal(missing.text, "Hello Bob\nhow are you\n");
  assert.equal(missing.from, "a@x");
  const bare = await readMessage(lines("Hello Bob", "To: you", ""));
  assert.equal(bare.text, "Hello Bob\nTo: you\n");
  assert.equal(bare.to, "");
  assert.equal((await readMessage(encode(""))).text, "");
});

Deno.test("readMessage never throws and lets nothing hostile reach the terminal", async () => {
  const nested = Array.from(
    { length: 300 },
    (_, at) => `Content-Type: multipart/mixed; boundary=b${at}\r\n\r\n--b${at}\r\n`,
  ).join("");
  const forwarded = "Content-Type: message/rfc822\r\n\r\n".repeat(300);
  const html = `Content-Type: text/html\r\n\r\n${"<div>".repeat(50_000)}x`;
  for (const hostile of [nested, forwarded, html, "\0\x1b", "a:".repeat(1_000_000)]) {
    const read = await readMessage(encode(hostile));
    assert.equal(terminalSafe(read.text, { newlines: true }), read.text);
  }
  const piece = fc.constantFrom(
    ...["From: ", "\x1b[31m", "\u202e", "\x9b", "\r\n", "\r\n\r\n", "Content-Type: ", "text/html"],
    ...[
      "multipart/mixed; boundary=b",
      "--b",
      "--b--",
      "<p>",
      "charset=",
      "\0",
      "=?",
      "?=",
      "base64",
    ],
    ...["Content-Transfer-Encoding: ", "Subject: =?utf-8?q?=1B[31m=0A=E2=80=AE?=\r\n", "Date: "],
  );
  await fc.assert(fc.asyncProperty(fc.array(piece, { maxLength: 30 }), async (pieces) => {
    const read = await readMessage(encode(pieces.join("")));
    const { attachments, text, date: _date, html: _html, ...fields } = read;
    assert.equal(terminalSafe(text, { newlines: true }), text);
    const shown = [
      ...Object.values(fields),
      ...attachments.flatMap(({ name, type }) => [name, type]),
    ];
    for (const value of shown) assert.equal(terminalSafe(value, { newlines: false }), value);
  }));
});

Deno.test("terminalSafe takes out controls and reversals, and keeps text", () => {
  const safe = (text: string) => terminalSafe(text, { newlines: true });
  assert.equal(safe("a\x1b[31mb\x07c\x9bd\x7f\r\ne\tf\rg\u2028h"), "a[31mbcd\ne\tfg\nh");
  assert.equal(safe("\u202egpj.exe\u2066\u200f\u061c"), "gpj.exe");
  assert.equal(safe("Grüße 日本語 👩‍👩‍👧 עברית"), "Grüße 日本語 👩‍👩‍👧 עברית");
  assert.equal(terminalSafe("a\r\nb\nc\td", { newlines: false }), "a b c\td");
});

Deno.test("readMessage converts a megabyte of HTML, and leaves out what is behind it", async () => {
  const html = `<p>${"word ".repeat(210_000)}</p><p>behind</p>`;
  assert.ok(html.length > 1024 * 1024);
  const read = await readMessage(lines("Content-Type: text/html; charset=utf-8", "", html));
  assert.ok(read.text.includes("word word"));
  assert.ok(!read.text.includes("behind"));
});
