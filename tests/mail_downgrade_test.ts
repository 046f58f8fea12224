import assert from "$assert";
import * as check from "$check";
import { toSevenBit } from "../lib/mail/downgrade.ts";
import { parseHeader } from "../lib/mail/header.ts";
import { concat, decodeLatin1, encode } from "../lib/wire/bytes.ts";
import { latin1 } from "./smtp_support.ts";

/** Each line gets its CRLF; what is not ASCII is UTF-8. */
function message(...lines: readonly string[]): Uint8Array {
  return encode(lines.map((line) => `${line}\r\n`).join(""));
}

function converted(...lines: readonly string[]): string | null {
  const sevenBit = toSevenBit(message(...lines));
  return sevenBit === null ? null : decodeLatin1(sevenBit);
}

const MULTIPART = ["MIME-Version: 1.0", "Content-Type: multipart/mixed; boundary=b", ""];
const TEXT = ["Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit", ""];

Deno.test("toSevenBit leaves alone what has no bytes above 127", () => {
  const plain = message("Content-Type: multipart/signed", "", "--x", "a\0b");
  assert.deepEqual(toSevenBit(plain), plain);
});

Deno.test("toSevenBit writes text as quoted-printable, and other content as base64", () => {
  assert.equal(
    converted("Subject: x", "MIME-Version: 1.0", ...TEXT, "Gruß = greeting", "."),
    "Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n" +
      "Content-Transfer-Encoding: quoted-printable\r\n\r\nGru=C3=9F =3D greeting\r\n.\r\n",
  );
  assert.equal(
    converted("MIME-Version: 1.0", "Content-Type: image/png", "", "ä"),
    "MIME-Version: 1.0\r\nContent-Type: image/png\r\n" +
      "Content-Transfer-Encoding: base64\r\n\r\nw6QNCg==\r\n",
  );
  // Where most is not ASCII, base64 is the shorter one.
  assert.match(converted("MIME-Version: 1.0", ...TEXT, "Привет, мир")!, /: base64\r\n\r\n0J/);
});

Deno.test("toSevenBit says so when nobody said what the bytes mean", () => {
  assert.equal(
    converted("Subject: x", "", "just send eight bits: ä"),
    "Subject: x\r\nContent-Type: text/plain; charset=unknown-8bit\r\nMIME-Version: 1.0\r\n" +
      "Content-Transfer-Encoding: quoted-printable\r\n\r\njust send eight bits: =C3=A4\r\n",
  );
});

Deno.test("toSevenBit converts each part by itself and keeps the structure", () => {
  const text = ["Content-Type: text/html", "", "<p>a quite ordinary text ä</p>"];
  assert.equal(
    converted(
      ...["Content-Transfer-Encoding: 8bit", ...MULTIPART, "for old readers: ü", "--b", ...text],
      ...["--b  ", "", "plain = plain", "--b", "Content-Type: message/rfc822", ""],
      ...["Subject: inside", 'Content-Type: multipart/alternative; boundary="b c"', ""],
      ...["--b c", "Content-Type: application/x-y", "", "ö", "--b c--", "--b--", "the end: ß"],
    ),
    [
      ...["MIME-Version: 1.0", "Content-Type: multipart/mixed; boundary=b"],
      ...["Content-Transfer-Encoding: 7bit", "", "for old readers: ??", "--b"],
      ...["Content-Type: text/html", "Content-Transfer-Encoding: quoted-printable", ""],
      ...["<p>a quite ordinary text =C3=A4</p>", "--b  ", "", "plain = plain", "--b"],
      ...["Content-Type: message/rfc822", "Content-Transfer-Encoding: 7bit", ""],
      ...["Subject: inside", 'Content-Type: multipart/alternative; boundary="b c"'],
      ...["MIME-Version: 1.0", "Content-Transfer-Encoding: 7bit", "", "--b c"],
      ...["Content-Type: application/x-y", "Content-Transfer-Encoding: base64", "", "w7Y="],
      ...["--b c--", "--b--", "the end: ??", ""],
    ].join("\r\n"),
  );
});

Deno.test("toSevenBit takes the parts of a digest for messages", () => {
  const digest = ["Content-Type: multipart/digest; boundary=b", "", "--b", ""];
  assert.match(
    converted(...digest, "Subject: x", "", "some more text with ä", "--b--")!,
    /--b\r\nContent-Transfer-Encoding: 7bit\r\n\r\nSubject: x\r\nContent-Type: text.*unknown-8bit/,
  );
});

Deno.test("toSevenBit gives null for what it would break, or cannot know", () => {
  const table: readonly (readonly string[])[] = [
    ["Subject: ä", "", "x"],
    ["Content-Type: multipart/signed; boundary=b", "", "--b", "", "ä", "--b--"],
    ["Content-Type: Multipart/Encrypted; boundary=b", "", "--b", "", "ä", "--b--"],
    [...MULTIPART, "--b", "Content-Type: multipart/signed; boundary=c", "", "ä", "--b--"],
    [...MULTIPART, "--b", "Content-Disposition: attachment; filename=ä", "", "x", "--b--"],
    ["Content-Type: multipart/mixed", "", "--b", "", "ä", "--b--"],
    ['Content-Type: multipart/mixed; boundary=""', "", "--", "", "ä", "----"],
    ["Content-Type: multipart/mixed; boundary=b; boundary=c", "", "--b", "", "ä", "--b--"],
    ["Content-Type: multipart/mixed; boundary*0=b", "", "--b", "", "ä", "--b--"],
    ['Content-Type: multipart/mixed; boundary="b', "", "--b", "", "ä", "--b--"],
    ["Content-Type: multipart/mixed; boundary=b", "", "--b", "", "ä"],
    ["Content-Type: multipart/mixed; boundary=b", "", "--b", "ä", "--b--"],
    ["Content-Type: text/plain", "Content-Type: text/html", "", "ä"],
    ["Content-Type: nonsense", "", "ä"],
    ["Content-Transfer-Encoding: base64", "", "ä"],
    ["Content-Transfer-Encoding: quoted-printable", "", "ä"],
    ["Content-Transfer-Encoding: x-own", "", "ä"],
    ["Content-Transfer-Encoding: 8bit", "Content-Transfer-Encoding: 7bit", "", "ä"],
    ["Content-Type: message/partial; id=a; number=1", "", "ä"],
    ["Content-Type: message/delivery-status", "", "ä"],
    ["no header here: ä"],
    ["Subject: without an empty line behind it"],
  ];
  for (const lines of table.slice(0, -1)) assert.equal(converted(...lines), null, lines.join("|"));
  const open = concat([message(...table.at(-1)!), latin1("X: \xe4")]);
  assert.equal(toSevenBit(open), null);
});

Deno.test("toSevenBit finds the boundary where a reader finds it", () => {
  const parts = ["", "--b", "", "some text with ä", "--b--"];
  for (
    const type of [
      "multipart/mixed;boundary=b",
      'multipart/mixed; x="; boundary=c"; Boundary = b;',
      'multipart/mixed (; boundary=c); boundary="b" (a comment)',
      'multipart/mixed;\r\n charset=utf-8;\r\n\tboundary="\\b"',
    ]
  ) {
    assert.match(converted(`Content-Type: ${type}`, ...parts)!, /=C3=A4\r\n--b--\r\n$/, type);
  }
});

Deno.test("toSevenBit takes little time for hostile structures", () => {
  const nested = (depth: number): readonly string[] =>
    depth === 0
      ? ["", "some text with ä"]
      : [`Content-Type: multipart/mixed; boundary=b${depth}`, ""].concat(
        [`--b${depth}`],
        nested(depth - 1),
        [`--b${depth}--`],
      );
  assert.match(converted(...nested(19))!, /some text with =C3=A4/);
  assert.equal(converted(...nested(20)), null);
  const many = [...MULTIPART, ...Array(200_000).fill("--b"), "", "some text with ä", "--b--"];
  const startedMs = performance.now();
  assert.ok(toSevenBit(encode(many.join("\r\n"))) !== undefined);
  const blanks = `Content-Type: multipart/mixed${"; ".repeat(50_000)}x`;
  assert.equal(converted(blanks, "", "ä"), null);
  const quotes = `Content-Type: multipart/mixed; a="${'\\"'.repeat(50_000)}`;
  assert.equal(converted(quotes, "", "ä"), null);
  const wide = converted("MIME-Version: 1.0", ...TEXT, ...Array(20_000).fill("ordinary text ä"));
  assert.ok(wide!.length > 20_000 * 15);
  assert.ok(performance.now() - startedMs < 5_000);
});

Deno.test("toSevenBit changes nothing that a reader of MIME sees", () => {
  // Content of SMTP has no bare CR or LF.
  const body = check.uint8Array({ maxLength: 200 })
    .map((bytes) => decodeLatin1(bytes).replace(/\r\n?|\n/g, "\r\n"));
  const type = check.constantFrom("text/plain; charset=utf-8", "image/png", "text/html");
  const parts = check.array(check.tuple(type, body), { minLength: 1, maxLength: 4 });
  check.assert(check.property(parts, (parts) => {
    const whole = latin1([
      "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=the-boundary\r\n",
      ...parts.map(([type, body]) => `\r\n--the-boundary\r\nContent-Type: ${type}\r\n\r\n${body}`),
      "\r\n--the-boundary--\r\n",
    ].join(""));
    const sevenBit = toSevenBit(whole)!;
    assert.ok(sevenBit.every((byte) => byte < 128));
    const [, ...read] = decodeLatin1(sevenBit).split(/\r\n--the-boundary(?:--)?\r\n/).slice(0, -1);
    assert.deepEqual(read.map(decoded), parts.map(([, body]) => body));
    assert.deepEqual(toSevenBit(sevenBit), sevenBit);
  }));
});

/** The body of a part as its encoding says. */
function decoded(part: string): string {
  const [header = "", ...rest] = part.split("\r\n\r\n");
  const body = rest.join("\r\n\r\n");
  const encoding = /Content-Transfer-Encoding: (.*)/.exec(header)?.[1];
  if (encoding === "base64") return atob(body.replaceAll("\r\n", ""));
  if (encoding !== "quoted-printable") return body;
  return body.replaceAll("=\r\n", "").replace(
    /=([0-9A-F]{2})/g,
    (_, hex: string) => String.fromCharCode(parseInt(hex, 16)),
  );
}

Deno.test("toSevenBit leaves alone what has a boundary of over seventy characters", () => {
  const multipart = (boundary: string) =>
    converted(
      ...["MIME-Version: 1.0", `Content-Type: multipart/mixed; boundary="${boundary}"`, ""],
      ...[`--${boundary}`, ...TEXT, "ä", `--${boundary}--`],
    );
  assert.match(multipart("b".repeat(70))!, /base64\r\n\r\nw6Q=/);
  assert.equal(multipart("b".repeat(71)), null);
});

Deno.test("toSevenBit keeps a header whose first field goes before a line that is no field", () => {
  const message = encode("Content-Transfer-Encoding: 8bit\r\nstray\r\nSubject: x\r\n\r\nä\r\n");
  const { fields } = parseHeader(toSevenBit(message)!);
  assert.deepEqual(fields.slice(-2).map(({ name }) => name), ["", "subject"]);
});
