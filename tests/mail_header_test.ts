import assert from "$assert";
import fc from "$check";
import { formatAddress } from "../lib/mail/address.ts";
import {
  addressesIn,
  allValues,
  countFields,
  firstValue,
  HEADER_BYTES_MAX,
  parseHeader,
  removeFields,
} from "../lib/mail/header.ts";
import { decode, encode } from "../lib/wire/bytes.ts";

/** It takes a fraction of a second; what took the square of the length would take minutes. */
const HOSTILE_MS_MAX = 20_000;

const MESSAGE = encode(
  "Received: from a\r\n\tby b\r\nSubject: Hello\r\n there \r\nReceived:c\r\nBcc : eve@x\r\n" +
    "X-Empty:\r\n\r\nSubject: body\r\n",
);

Deno.test("parseHeader finds the fields, unfolds their values and leaves the body alone", () => {
  const header = parseHeader(MESSAGE);
  const names = header.fields.map((field) => field.name);
  assert.deepEqual(names, ["received", "subject", "received", "bcc", "x-empty"]);
  assert.deepEqual(allValues(header, "Received"), ["from a\tby b", "c"]);
  assert.equal(firstValue(header, "SUBJECT"), "Hello there");
  assert.equal(firstValue(header, "x-empty"), "");
  assert.equal(firstValue(header, "Date"), null);
  assert.equal(countFields(header, "received"), 2);
  assert.equal(decode(MESSAGE.subarray(header.bodyStart)), "Subject: body\r\n");
  assert.equal(decode(MESSAGE.subarray(header.end, header.bodyStart)), "\r\n");
  assert(!header.truncated);
});

Deno.test("parseHeader copes with what is no header", () => {
  const cases: readonly (readonly [text: string, names: readonly string[], body: string])[] = [
    ["", [], ""],
    ["\r\nbody", [], "body"],
    ["\nbody", [], "body"],
    ["Hello\r\nTo: you\r\n", [], "Hello\r\nTo: you\r\n"],
    [" folded: x\r\n\r\nbody", [], " folded: x\r\n\r\nbody"],
    ["a: 1\nb: 2\n\nbody", ["a", "b"], "body"],
    ["a: 1", ["a"], ""],
    ["a: 1\r\n", ["a"], ""],
    ["a: 1\r\nstray\r\nbcc: x\r\n\r\nbody", ["a", "", "bcc"], "body"],
    ["a: 1\r\n\u0000b: 2\r\nc d: 3\r\n: 4\r\n\r\nbody", ["a", "", "", ""], "body"],
    ["From alice Mon Jan 1\r\na: 1\r\n\r\nbody", ["", "a"], "body"],
    ["a: 1\r\n \r\n\t\r\nb: 2\r\n\r\n", ["a", "b"], ""],
    ["a: 1\rb: 2\r\n\r\n", ["a"], ""],
  ];
  for (const [text, names, body] of cases) {
    const bytes = encode(text);
    const header = parseHeader(bytes);
    assert.deepEqual(header.fields.map((field) => field.name), names, JSON.stringify(text));
    assert.equal(decode(bytes.subarray(header.bodyStart)), body, JSON.stringify(text));
  }
});

Deno.test("parseHeader reads a bounded part of a hostile header, in little time", () => {
  const startedAt = performance.now();
  const hostile = ["a: 1\r\n", "x", "a:", "\u0000", "a: 1\r\n ", "stray\r\n", ":", "\r"];
  for (const piece of hostile) {
    const bytes = encode("a: b\r\n" + piece.repeat(10 * 1024 * 1024 / piece.length));
    const header = parseHeader(bytes);
    assert(header.truncated, piece);
    assert.equal(header.end, HEADER_BYTES_MAX);
    assert.notEqual(firstValue(header, "a"), null);
  }
  assert(performance.now() - startedAt < HOSTILE_MS_MAX);
});

Deno.test("removeFields takes out whole fields and nothing else", () => {
  const header = parseHeader(MESSAGE);
  assert.equal(
    decode(removeFields(header, ["BCC", "received"])),
    "Subject: Hello\r\n there \r\nX-Empty:\r\n",
  );
  assert.deepEqual(removeFields(header, []), MESSAGE.subarray(0, header.end));
});

Deno.test("fields lie side by side, cover the header and are never lost by removing none", () => {
  const piece = fc.constantFrom(
    "a: 1",
    "Bcc :x",
    "\r\n",
    "\n",
    "\r",
    " ",
    "\t",
    ":",
    "x",
    "\u0000",
  );
  const text = fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join(""));
  fc.assert(fc.property(fc.oneof(text, fc.string({ unit: "binary" })), (text) => {
    const bytes = encode(text);
    const header = parseHeader(bytes);
    let at = 0;
    for (const field of header.fields) {
      assert.equal(field.start, at);
      assert(field.valueStart >= field.start && field.valueStart <= field.end);
      at = field.end;
    }
    assert.equal(at, header.end);
    assert(header.bodyStart - header.end <= 2);
    assert.deepEqual(removeFields(header, []), bytes.subarray(0, header.end));
    const without = parseHeader(removeFields(header, ["bcc"]));
    assert.equal(countFields(without, "bcc"), 0);
  }));
});

const ADDRESSES: readonly (readonly [value: string, ...found: readonly string[]])[] = [
  [""],
  [" , ;,"],
  ["bob@xyz.com", "|bob@xyz.com"],
  ["<bob@xyz.com>", "|bob@xyz.com"],
  ["Bob <bob@xyz.com>", "Bob|bob@xyz.com"],
  ['"Bob, \\"B\\"" <bob@xyz.com>, eve@x', 'Bob, "B"|bob@xyz.com', "|eve@x"],
  ["Bob (the (real) one, you know) B. <bob@xyz.com>", "Bob B.|bob@xyz.com"],
  ["bob@xyz.com (Bob)", "|bob@xyz.com"],
  ["friends: a@x, B <b@x>; c@x", "|a@x", "B|b@x", "|c@x"],
  ["undisclosed-recipients:;"],
  ["=?utf-8?Q?J=C3=B6rg?= <j@x>", "Jörg|j@x"],
  ["Jörg <j@bücher.de>", "Jörg|j@xn--bcher-kva.de"],
  ['"a b"@x', '|"a b"@x'],
  ["bob . b @ x.com", "|bob.b@x.com"],
  ["< bob@x >", "|bob@x"],
  ["a@[IPv6:::1], b@x", "|a@[IPv6:::1]", "|b@x"],
  ["<@relay.com:bob@x>", "|bob@x"],
  ["alice@abc.com <eve@x>", "alice@abc.com|eve@x"],
  ["<alice@abc.com> <eve@x>", "<alice@abc.com> <eve@x>|"],
  ["<alice@abc.com> eve@x", "<alice@abc.com> eve@x|"],
  ["Bob <bob@x", "Bob <bob@x|"],
  ['"Bob <bob@x>, eve@x', "Bob <bob@x>, eve@x|"],
  ["just words", "just words|"],
  ["a@x b@y", "a@x b@y|"],
];

Deno.test("addressesIn reads mailboxes as they are seen in the wild", () => {
  for (const [value, ...found] of ADDRESSES) {
    const shown = addressesIn(value).map(({ name, address }) =>
      `${name}|${address === null ? "" : formatAddress(address)}`
    );
    assert.deepEqual(shown, found, value);
  }
});

Deno.test("addressesIn takes hostile values in little time", () => {
  const startedAt = performance.now();
  for (
    const piece of ['"', '\\"', "<", "(", "()", "[", ",", ":", "a@x,", " ", "=?", "\\", "@", '<"']
  ) {
    assert(addressesIn(piece.repeat(200_000)).length <= 200_000);
  }
  assert(performance.now() - startedAt < HOSTILE_MS_MAX);
});

Deno.test("addressesIn finds what was written, whatever the names", () => {
  const name = fc.string({ unit: "grapheme-ascii" }).map((name) => name.trim().replace(/ +/g, " "));
  fc.assert(fc.property(fc.array(name, { minLength: 1 }), (names) => {
    const value = names.map((name, at) => `"${name.replace(/["\\]/g, "\\$&")}" <user${at}@xyz.com>`)
      .join(", ");
    const found = addressesIn(value);
    assert.deepEqual(
      found.map(({ address }) => address?.local),
      names.map((_, at) => `user${at}`),
    );
    const plain = names.map((name) => name.includes("=?") ? null : name);
    assert.deepEqual(found.map(({ name }, at) => plain[at] === null ? null : name), plain);
  }));
});

Deno.test("addressesIn takes nothing for an address that has over a thousand characters", () => {
  const found = (route: string) => addressesIn(`<${route}bob@xyz.com>`)[0]!;
  assert.equal(formatAddress(found("@a.test:").address!), "bob@xyz.com");
  const long = `${Array.from({ length: 120 }, () => "@hop.test").join(",")}:`;
  assert.ok(long.length > 1000);
  assert.equal(found(long).address, null);
});
