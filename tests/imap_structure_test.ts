/** What clients see of a message's parts: what Dovecot says of the same, but for the case. */
import assert from "$assert";
import fc from "$check";
import { ENVELOPE_ADDRESSES_MAX, envelopeAddresses } from "../lib/imap/envelope_address.ts";
import { list, literal, nstring, string, textString } from "../lib/imap/format.ts";
import { joinedParameters } from "../lib/imap/parameters.ts";
import { bodyStructure, envelope } from "../lib/imap/structure.ts";
import { parseHeader } from "../lib/mail/header.ts";
import { MIME_DEPTH_MAX, parseMime } from "../lib/mail/mime.ts";
import { encode } from "../lib/wire/bytes.ts";
import { latin1, mail, shown, wellFormed } from "./imap_support.ts";

const envelopeOf = (...fields: readonly string[]) =>
  shown(envelope(parseHeader(mail(...fields, "")), { utf8: false }));

Deno.test("ENVELOPE of RFC 5322 appendix A.5, with its comments and folded fields", () => {
  assert.equal(
    envelopeOf(
      "From: Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>",
      "To:A Group(Some people)",
      "     :Chris Jones <c@(Chris's host.)public.example>,",
      "         joe@example.org,",
      "  John <jdoe@one.test> (my dear friend); (the end of the group)",
      "Cc:(Empty list)(start)Hidden recipients  :(nobody(that I know))  ;",
      "Date: Thu, 13 Feb 1969 23:32 -0330",
      "Message-ID:              <testabcd.1234@silly.test>",
    ),
    '("Thu, 13 Feb 1969 23:32 -0330" NIL (("Pete" NIL "pete" "silly.test")) ' +
      '(("Pete" NIL "pete" "silly.test")) (("Pete" NIL "pete" "silly.test")) ' +
      '((NIL NIL "A Group" NIL)("Chris Jones" NIL "c" "public.example")' +
      '(NIL NIL "joe" "example.org")("John" NIL "jdoe" "one.test")(NIL NIL NIL NIL)) ' +
      '((NIL NIL "Hidden recipients" NIL)(NIL NIL NIL NIL)) NIL NIL "<testabcd.1234@silly.test>")',
  );
});

Deno.test("ENVELOPE has the sender and the answer's address of its own, or From's", () => {
  const nil = "NIL NIL NIL NIL NIL";
  const [a, b] = ['((NIL NIL "a" "x"))', '((NIL NIL "b" "x"))'];
  assert.equal(envelopeOf("From: a@x"), `(NIL NIL ${a} ${a} ${a} ${nil})`);
  assert.equal(
    envelopeOf("From: a@x", "Sender: b@x", "Reply-To: b@x"),
    `(NIL NIL ${a} ${b} ${b} ${nil})`,
  );
  assert.equal(envelopeOf("From: a@x", "Sender:"), `(NIL NIL ${a} ${a} ${a} ${nil})`);
  assert.equal(envelopeOf("X: y"), `(NIL NIL NIL NIL NIL ${nil})`);
});

Deno.test("ENVELOPE shows fields unfolded and encoded words as they came", () => {
  const words = envelopeOf('Subject: =?utf-8?q?=C3=A4?=\r\n  b "c"', "In-Reply-To: <x@y>");
  assert.equal(words, '(NIL "=?utf-8?q?=C3=A4?=  b \\"c\\"" NIL NIL NIL NIL NIL NIL "<x@y>" NIL)');
  // 8-bit text is a literal for clients that do not take UTF-8.
  assert.match(envelopeOf("Subject: ä"), /^\(NIL \{2\}\r\n\xc3\xa4 NIL/);
  const header = parseHeader(mail("Subject: ä", ""));
  assert.match(shown(envelope(header, { utf8: true })), /^\(NIL "\xc3\xa4" NIL/);
});

Deno.test("ENVELOPE takes several To fields as one list", () => {
  assert.match(
    envelopeOf("To: a@x", "To: b@x"),
    /NIL NIL NIL \(\(NIL NIL "a" "x"\)\(NIL NIL "b" "x"\)\) NIL/,
  );
});

const ADDRESSES: readonly (readonly [field: string, addresses: string])[] = [
  ["a@b", "NIL/NIL/a/b"],
  ["a@b, c@d", "NIL/NIL/a/b NIL/NIL/c/d"],
  ["A B <a@b>", "A B/NIL/a/b"],
  ['"A, B" <a@b>', "A, B/NIL/a/b"],
  ['"A \\"B\\"" <a@b>', 'A "B"/NIL/a/b'],
  ["Joe Q. Public <a@b>", "Joe Q. Public/NIL/a/b"],
  ["a.b.c <a@b>", "a.b.c/NIL/a/b"],
  ["<@a,@b:c@d>", "NIL/@a,@b/c/d"],
  ["a@b (A B)", "A B/NIL/a/b"],
  ['"a b"@c', "NIL/NIL/a b/c"],
  ["a . b @ c . d", "NIL/NIL/a.b/c.d"],
  ["a@[192.0.2.1]", "NIL/NIL/a/[192.0.2.1]"],
  ["g: a@b, c@d;", "NIL/NIL/g/NIL NIL/NIL/a/b NIL/NIL/c/d NIL/NIL/NIL/NIL"],
  ["g:;, a@b", "NIL/NIL/g/NIL NIL/NIL/NIL/NIL NIL/NIL/a/b"],
  ["g: a@b", "NIL/NIL/g/NIL NIL/NIL/a/b NIL/NIL/NIL/NIL"],
  [", ,a@b,", "NIL/NIL/a/b"],
  ["", ""],
  // What is broken has a mailbox and no host, which is no group.
  ["alice", "NIL/NIL/alice/"],
  ["<>", "NIL/NIL//"],
  ["A <a@b", "A/NIL/a/b"],
  ["<a@b> c, d@e", "NIL/NIL/a/b NIL/NIL/d/e"],
  ['"a', "NIL/NIL/a/"],
  ["a@b (c", "c/NIL/a/b"],
  ["a@b@c", "NIL/NIL/a@b/c"],
];

Deno.test("addresses are read in their four pieces, whatever stands there", () => {
  for (const [field, expected] of ADDRESSES) {
    const found = envelopeAddresses(field).map(({ name, route, mailbox, host }) =>
      [name, route, mailbox, host].map((each) => each ?? "NIL").join("/")
    );
    assert.equal(found.join(" "), expected, field);
  }
});

Deno.test("a field has so many addresses, and takes its time in proportion", () => {
  const many = envelopeAddresses("a@b,".repeat(ENVELOPE_ADDRESSES_MAX + 1));
  assert.equal(many.length, ENVELOPE_ADDRESSES_MAX);
  for (const each of ["(", '"', "<", ":", ";", ",", "@", ".", "[", "\\", " ", "a "]) {
    assert.ok(envelopeAddresses(each.repeat(100_000)).length <= ENVELOPE_ADDRESSES_MAX + 1);
  }
});

Deno.test("parameters in pieces are joined, and decoded where the client expects it", () => {
  // RFC 2231 §4.1.
  const pieces = [
    ["title*0*", "us-ascii'en'This%20is%20even%20more%20"],
    ["title*1*", "%2A%2A%2Afun%2A%2A%2A%20"],
    ["title*2", "isn't it! 100%"],
    ["access-type", "URL"],
  ] as const;
  assert.deepEqual(joinedParameters(pieces, { decoded: true }), [
    ["access-type", "URL"],
    ["title*", "This is even more ***fun*** isn't it! 100%"],
  ]);
  assert.deepEqual(joinedParameters(pieces, { decoded: false })[1], [
    "title*",
    "us-ascii'en'This%20is%20even%20more%20%2A%2A%2Afun%2A%2A%2A%20isn't it! 100%25",
  ]);
  const joined = (...parameters: readonly (readonly [string, string])[]) =>
    joinedParameters(parameters, { decoded: true });
  assert.deepEqual(joined(["a*1", "y"], ["a*0", "x"]), [["a", "xy"]]);
  assert.deepEqual(joined(["a*", "iso-8859-1''%E4"], ["a", "b"]), [["a", "b"], ["a*", "ä"]]);
  assert.deepEqual(joined(["a*0", "x"], ["a*1*", "%C3%A4"]), [["a*", "xä"]]);
  assert.deepEqual(joined(["a*", "x-unknown''%C3%A4😀"]), [["a*", "ä😀"]]);
  assert.deepEqual(joined(["a*", "%zz%4"]), [["a*", "%zz%4"]]);
  assert.deepEqual(joined(["*", "x"], ["a*x", "y"]), [["*", "x"], ["a*x", "y"]]);
  assert.deepEqual(joinedParameters([["a*0", "%"], ["a*1*", "%20"]], { decoded: false }), [
    ["a*", "''%25%20"],
  ]);
});

const TEXT = '"TEXT" "PLAIN" ("CHARSET" "us-ascii") NIL NIL "7BIT"';
const EMPTY_ENVELOPE = "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)";

const STRUCTURES: readonly (readonly [what: string, message: Uint8Array, body: string])[] = [
  ["a text", mail("From: a@b", "", "Hello"), `(${TEXT} 7 1)`],
  ["an empty message", encode(""), `(${TEXT} 0 0)`],
  [
    "everything that is told of a part",
    mail(
      'Content-Type: text/html; charset="utf-8"',
      "Content-ID: <1@2>",
      "Content-Description: some thing",
      "Content-Transfer-Encoding: Quoted-Printable",
      "",
      "<b>x</b>",
    ),
    '("TEXT" "HTML" ("CHARSET" "utf-8") "<1@2>" "some thing" "QUOTED-PRINTABLE" 10 1)',
  ],
  [
    "what is no text has no lines",
    mail("Content-Type: application/pdf; name=a", "Content-Transfer-Encoding: base64", "", "YQ=="),
    '("APPLICATION" "PDF" ("NAME" "a") NIL NIL "BASE64" 6)',
  ],
  [
    "parts",
    mail("Content-Type: multipart/mixed; boundary=x", "", "--x", "", "a", "--x", "", "b", "--x--"),
    `((${TEXT} 1 0)(${TEXT} 1 0) "MIXED")`,
  ],
  [
    "a multipart without parts has an empty one",
    mail("Content-Type: multipart/mixed; boundary=x", "", "a"),
    `((${TEXT} 0 0) "MIXED")`,
  ],
  [
    "a message in a message",
    mail("Content-Type: message/rfc822", "", "Subject: a", "", "b"),
    `("MESSAGE" "RFC822" NIL NIL NIL "7BIT" 17 (NIL "a" NIL NIL NIL NIL NIL NIL NIL NIL) ` +
    `(${TEXT} 3 1) 3)`,
  ],
  [
    "a digest",
    mail(
      "Content-Type: multipart/digest; boundary=x",
      "",
      "--x",
      "",
      "Subject: a",
      "",
      "b",
      "--x--",
    ),
    `(("MESSAGE" "RFC822" NIL NIL NIL "7BIT" 15 (NIL "a" NIL NIL NIL NIL NIL NIL NIL NIL) ` +
    `(${TEXT} 1 0) 2) "DIGEST")`,
  ],
];

for (const [what, message, body] of STRUCTURES) {
  Deno.test(`BODY tells of ${what}`, () => {
    const structure = bodyStructure(parseMime(message), message, { utf8: false, extended: false });
    assert.equal(shown(structure), body);
  });
}

Deno.test("BODYSTRUCTURE tells the rest", () => {
  const structure = (...lines: readonly string[]) => {
    const message = mail(...lines);
    return shown(bodyStructure(parseMime(message), message, { utf8: false, extended: true }));
  };
  assert.equal(structure(""), `(${TEXT} 0 0 NIL NIL NIL NIL)`);
  assert.equal(
    structure(
      "Content-Disposition: attachment; filename=a",
      "Content-Language: de, en (or so)",
      "Content-Location: http://x/",
      "Content-MD5: Q2hlY2sgSW50ZWdyaXR5IQ==",
      "",
    ),
    `(${TEXT} 0 0 "Q2hlY2sgSW50ZWdyaXR5IQ==" ("attachment" ("FILENAME" "a")) ("de" "en") ` +
      '"http://x/")',
  );
  assert.equal(structure("Content-Language: de", ""), `(${TEXT} 0 0 NIL NIL "de" NIL)`);
  assert.equal(
    structure("Content-Type: multipart/mixed; boundary=x", "Content-Disposition: inline", ""),
    `((${TEXT} 0 0 NIL NIL NIL NIL) "MIXED" ("BOUNDARY" "x") ("inline" NIL) NIL NIL)`,
  );
});

Deno.test("a message that lies too deep to be looked into has an empty structure", () => {
  const message = encode("Content-Type: message/rfc822\r\n\r\n".repeat(MIME_DEPTH_MAX + 5));
  const structure = bodyStructure(parseMime(message), message, { utf8: false, extended: false });
  assert.ok(shown(structure).includes(`${EMPTY_ENVELOPE} (${TEXT} 0 0) 10)`), shown(structure));
});

Deno.test("strings are quoted where they can be, and literals where not", () => {
  const cases: readonly (readonly [text: string, utf8: boolean, expected: string])[] = [
    ["", false, '""'],
    ['a"b\\', false, '"a\\"b\\\\"'],
    ["a\r\nb", false, "{4}\r\na\r\nb"],
    // RFC 9051 §4.3.1: NUL stands in no literal but the binary one.
    ["a\0", true, "{2}\r\na\x80"],
    ["\xc3\xa4", false, "{2}\r\n\xc3\xa4"],
    ['\xc3\xa4"', true, '"\xc3\xa4\\""'],
    ["\xff", true, "{1}\r\n\xff"],
    ["a\x7f", false, "{2}\r\na\x7f"],
  ];
  for (const [text, utf8, expected] of cases) {
    assert.equal(shown(string(latin1(text), utf8)), expected);
  }
  assert.equal(shown(string(latin1("a".repeat(1_000)))), `"${"a".repeat(1_000)}"`);
  assert.match(shown(string(latin1("a".repeat(1_001)))), /^\{1001\}/);
  assert.equal(nstring(null), "NIL");
  assert.equal(shown(textString("ä")), "{2}\r\n\xc3\xa4");
  assert.equal(shown(literal(latin1("\0"), true)), "~{1}\r\n\0");
  assert.equal(shown(list(["a", latin1("b"), list([])])), "(a b ())");
});

Deno.test("structure and envelope are strings, lists, numbers and NIL, for any header", () => {
  const field = fc.constantFrom(
    "From: ",
    "To: ",
    "Content-Type: ",
    "Content-Disposition: ",
    "Content-Language: ",
    "Subject: ",
    "X: ",
  );
  const value = fc.string({ unit: fc.constantFrom(..."a@<>()\",;:\\/=. *'%0ä\0") });
  fc.assert(fc.property(fc.array(fc.tuple(field, value)), (fields) => {
    const message = mail(...fields.map(([name, text]) => name + text), "", "body");
    const root = parseMime(message);
    const header = parseHeader(message.subarray(0, root.bodyStart));
    for (const utf8 of [false, true]) {
      wellFormed(shown(envelope(header, { utf8 })));
      wellFormed(shown(bodyStructure(root, message, { utf8, extended: true })));
    }
  }));
});
