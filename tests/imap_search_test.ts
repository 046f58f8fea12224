import assert from "$assert";
import fc from "$check";
import type { ImapMessage } from "../lib/imap/backend.ts";
import { preview } from "../lib/imap/preview.ts";
import { folded, hasFlag, matches, type SearchContent } from "../lib/imap/search.ts";
import type { SearchKey } from "../lib/imap/search_command.ts";
import { SEARCH_CONTENT_VERSION, searchContentOf } from "../lib/imap/search_content.ts";
import { TEXT_BYTES_MAX, textParts, withoutTags } from "../lib/imap/text.ts";
import { parseMime } from "../lib/mail/mime.ts";
import { concat, encode } from "../lib/wire/bytes.ts";
import { latin1, mail } from "./imap_support.ts";

const MESSAGE: ImapMessage = {
  uid: 7,
  modSeq: 50,
  flags: ["\\Seen", "$Junk"],
  size: 1_000,
  receivedAt: Date.parse("2020-02-03T23:59:00Z"),
  savedAt: Date.parse("2020-02-05T00:00:00Z"),
  emailId: "M7",
};
const SETTING = {
  now: MESSAGE.receivedAt + 60_000,
  numbers: () => [{ from: 3, to: 4 }],
  isRecent: (uid: number) => uid === 7,
  isRuledOut: () => false,
};
const content = (bytes: Uint8Array) => searchContentOf({ bytes, root: parseMime(bytes) });
const CONTENT = content(
  mail("Subject: Hello", "Date: Sun, 2 Feb 2020 23:30:00 -0800", "", "World"),
);

/** Without content, then with it. */
function answers(key: SearchKey, with_: SearchContent = CONTENT) {
  const candidate = { number: 4, message: MESSAGE };
  return [matches(key, candidate, SETTING, null), matches(key, candidate, SETTING, with_)];
}

const YES = { key: "ALL" } as const;
const NO = { key: "NOT", not: YES } as const;
const LATER = { key: "TEXT", text: "world" } as const;
const day = (key: "BEFORE" | "ON" | "SINCE", of: "received" | "sent" | "saved", day: string) => {
  return { key, of, day } as const;
};

const MATCHES: readonly (readonly [key: SearchKey, before: boolean | null, after: boolean])[] = [
  [YES, true, true],
  [NO, false, false],
  [{ key: "SAVEDATESUPPORTED" }, true, true],
  [{ key: "SEQUENCE", set: "$" }, true, true],
  [{ key: "UID", set: "$" }, false, false],
  [{ key: "FLAG", flag: "\\Seen", set: true }, true, true],
  [{ key: "FLAG", flag: "$JUNK", set: true }, true, true],
  [{ key: "FLAG", flag: "\\Draft", set: false }, true, true],
  [{ key: "RECENT", set: true }, true, true],
  [{ key: "LARGER", bytes: 999 }, true, true],
  [{ key: "LARGER", bytes: 1_000 }, false, false],
  [{ key: "SMALLER", bytes: 1_000 }, false, false],
  [{ key: "SMALLER", bytes: 1_001 }, true, true],
  [{ key: "YOUNGER", seconds: 60 }, true, true],
  [{ key: "YOUNGER", seconds: 59 }, false, false],
  [{ key: "OLDER", seconds: 60 }, true, true],
  [{ key: "OLDER", seconds: 61 }, false, false],
  [{ key: "MODSEQ", least: 50 }, true, true],
  [{ key: "MODSEQ", least: 51 }, false, false],
  [{ key: "EMAILID", id: "M7" }, true, true],
  [{ key: "THREADID", id: "M7" }, false, false],
  [day("ON", "received", "2020-02-03"), true, true],
  [day("BEFORE", "received", "2020-02-03"), false, false],
  [day("SINCE", "received", "2020-02-03"), true, true],
  [day("BEFORE", "received", "2020-02-04"), true, true],
  [day("ON", "saved", "2020-02-05"), true, true],
  // RFC 9051 §6.4.4: the day as the sender had it, whatever the time and the zone.
  [day("ON", "sent", "2020-02-02"), null, true],
  [day("SINCE", "sent", "2020-02-03"), null, false],
  [{ key: "HEADER", field: "SUBJECT", text: "hell" }, null, true],
  [{ key: "HEADER", field: "X-None", text: "" }, null, false],
  [{ key: "HEADER", field: "Subject", text: "" }, null, true],
  [{ key: "BODY", text: "hello" }, null, false],
  [LATER, null, true],
  [{ key: "AND", keys: [YES, LATER] }, null, true],
  [{ key: "AND", keys: [LATER, NO] }, false, false],
  [{ key: "OR", either: LATER, or: YES }, true, true],
  [{ key: "OR", either: NO, or: LATER }, null, true],
  [{ key: "OR", either: NO, or: NO }, false, false],
  [{ key: "NOT", not: LATER }, null, false],
];

Deno.test("a search says yes, no, or that the content decides", () => {
  for (const [key, before, after] of MATCHES) {
    assert.deepEqual(answers(key), [before, after], JSON.stringify(key));
  }
  assert.equal(hasFlag(["\\Seen"], "\\seen"), true);
  const undated = content(mail("Subject: x", ""));
  assert.equal(answers(day("ON", "sent", "2020-02-03"), undated)[1], true);
});

const key: fc.Arbitrary<SearchKey> = fc.letrec<{ key: SearchKey }>((tie) => ({
  key: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom<SearchKey>(YES, NO, LATER, { key: "BODY", text: "none" }),
    fc.record({ key: fc.constant("NOT" as const), not: tie("key") }),
    fc.record({ key: fc.constant("OR" as const), either: tie("key"), or: tie("key") }),
    fc.record({ key: fc.constant("AND" as const), keys: fc.array(tie("key"), { minLength: 1 }) }),
  ),
})).key;

Deno.test("what a search says without the content stays so with it", () => {
  fc.assert(fc.property(key, (key) => {
    const [before, after] = answers(key);
    assert.notEqual(after, null);
    if (before !== null) assert.equal(before, after);
  }));
});

Deno.test("text is compared without case, in all scripts", () => {
  const same = [["ÄÖ", "äö"], ["straße", "STRASSE"], ["ΟΔΟΣ", "οδοσ"], ["ﬁ", "FI"], [
    "e\u0301",
    "É",
  ]];
  for (const [a, b] of same) assert.equal(folded(a!), folded(b!));
  const text = fc.string({ unit: fc.constantFrom(..."aÄß Σςσİıﬁ日") });
  fc.assert(fc.property(text, text, text, (before, wanted, after) => {
    assert.ok(folded(before + wanted + after).includes(folded(wanted)));
  }));
});

const EVERYTHING = concat([
  mail(
    "Subject: =?iso-8859-1?q?Gr=FC=DFe?= from",
    " home",
    "X-Raw: schön",
    "Content-Type: multipart/mixed; boundary=x",
    "",
    "--x",
    "Content-Type: text/plain; charset=iso-8859-1; name=plainname",
    "Content-Transfer-Encoding: quoted-printable",
    "",
    "J=F6rg lives in a=",
    " house",
    "--x",
    "Content-Type: text/html; charset=utf-8",
    "",
    "<style>hidden</style><a href='http://link'>Hel<b>lo</b></a>&nbsp;&#228;",
    "--x",
    "Content-Type: text/plain; charset=koi8-r",
    "Content-Transfer-Encoding: base64",
    "",
    "8NLJ18XU",
    "--x",
    "Content-Type: application/pdf",
    "Content-Transfer-Encoding: base64",
    "",
    "c2VjcmV0",
    "--x",
    "Content-Type: message/rfc822",
    "",
    "Subject: =?utf-8?b?w6R1w59lcmU=?=",
    "",
    "forwarded",
    "--x",
    "Content-Type: message/delivery-status",
    "",
    "Status: 5.1.1",
    "--x--",
  ),
]);

Deno.test("BODY and TEXT look into every text of a message, whatever it came in", () => {
  const found = content(EVERYTHING);
  const inBody = [
    "jörg lives in a house",
    "hello ä",
    "http://link",
    "Привет",
    "forwarded",
    "äußere",
    "5.1.1",
  ];
  for (const each of inBody) {
    assert.ok(found.body.includes(folded(each)), each);
    assert.ok(found.text.includes(folded(each)), each);
  }
  for (const each of ["grüße from home", "schön", "plainname", "subject: "]) {
    assert.ok(found.text.includes(folded(each)), each);
    if (each !== "subject: ") assert.ok(!found.body.includes(folded(each)), each);
  }
  for (const each of ["secret", "c2vjcmv0", "=f6rg"]) assert.ok(!found.text.includes(each), each);
});

Deno.test("whoever finds other texts in a message raises the version of the index", async () => {
  const { text } = content(EVERYTHING);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", encode(text).slice()));
  const known = {
    version: 1,
    digest: "99cad391ccc1002ba3a600a056c392772460cc37e7e6a4ac1a765f930bcb60dc",
  };
  assert.deepEqual({ version: SEARCH_CONTENT_VERSION, digest: digest.toHex() }, known);
});

Deno.test("fields are decoded, each by itself", () => {
  const found = content(mail("To: a@b", "to: =?utf-8?q?=C3=84?= <c@d>", "", "To: body"));
  assert.deepEqual(found.fields("to"), ["a@b", "ä <c@d>"]);
  assert.deepEqual(found.fields("cc"), []);
  // Raw 8-bit text that is no UTF-8 is what Windows wrote.
  assert.deepEqual(content(latin1("Subject: Gr\xfc\x80\r\n\r\n")).fields("subject"), ["grü€"]);
  assert.equal(found.sentDay, null);
});

Deno.test("so much of a message's text is looked through", () => {
  const text = (before: number) =>
    content(encode(`\r\n${"a".repeat(before)}needle`)).body.includes("needle");
  assert.equal(text(TEXT_BYTES_MAX - 6), true);
  assert.equal(text(TEXT_BYTES_MAX), false);
  const part = (body: string) => `--x\r\n\r\n${body}\r\n`;
  const parts = content(encode(
    `Content-Type: multipart/mixed; boundary=x\r\n\r\n${part("a".repeat(TEXT_BYTES_MAX - 3))}` +
      `${part("needle")}`,
  ));
  assert.ok(parts.body.endsWith("\nnee"));
});

const HTML: readonly (readonly [html: string, text: string])[] = [
  ["a<br>b", "a b"],
  ["a<b>b</b>c", "abc"],
  ["<p class='x'>a</p>", " a "],
  ["a<script>x</script>b", "a b"],
  ["a<STYLE>x<b>y</style >b", "a b"],
  ["a<script>x", "a "],
  ["a<!-- <b>x</b> -->b", "a b"],
  ["a<!-- x", "a "],
  ["a < b > c <3", "a < b > c <3"],
  ["a<b", "a"],
  ["&lt;a&gt; &amp;amp; &quot;&#39;&apos;&nbsp;.", "<a> &amp; \"'' ."],
  ["&auml;&Auml;&#228;&#xE4;&euro;", "äÄää€"],
  ["&none; &#0; &#99999999; &#x110000;", "&none; &#0; &#99999999; &#x110000;"],
];

Deno.test("HTML is read without its tags, in one pass", () => {
  for (const [html, text] of HTML) assert.equal(withoutTags(html), text, html);
  for (const each of ["<", "<script", "<script>", "<!--", "<a ", "&", "&#", "</style", "<style<"]) {
    assert.ok(withoutTags(each.repeat(200_000)).length <= 200_000 * each.length);
  }
});

Deno.test("a preview is the beginning of what one would read", () => {
  const of = (message: Uint8Array) => preview({ bytes: message, root: parseMime(message) });
  assert.equal(of(EVERYTHING), "Jörg lives in a house");
  assert.equal(of(mail("Content-Type: text/html", "", "<p>a</p>\t<b>b</b>")), "a b");
  assert.equal(of(mail("Content-Type: image/gif", "", "GIF")), "");
  assert.equal(of(encode(`\r\n${"😀".repeat(201)}`)), "😀".repeat(200));
  assert.equal(of(mail("", "a\x1b[2J\0b")), "a [2J b");
  const late = (blanks: number) => of(encode(`\r\n${" ".repeat(blanks)}a`));
  assert.equal(late(64 * 1024 - 1), "a");
  assert.equal(late(64 * 1024), "");
  assert.deepEqual(textParts(parseMime(EVERYTHING)).map(({ subtype }) => subtype), [
    "plain",
    "html",
    "plain",
    "plain",
    "delivery-status",
  ]);
});
