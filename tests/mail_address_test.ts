import assert from "$assert";
import fc from "$check";
import {
  accountName,
  type Address,
  addressKey,
  baseAddress,
  formatAddress,
  isDomain,
  parseMailbox,
  parsePath,
  readPath,
  sameAddress,
} from "../lib/mail/address.ts";
import { canonicalAddress, literalOf } from "../lib/mail/literal.ts";
import { ProtocolError } from "../lib/wire/error.ts";

const MAILBOXES: readonly (readonly [text: string, local: string, domain: string])[] = [
  ["bob@xyz.com", "bob", "xyz.com"],
  ["Bob@XYZ.Com", "Bob", "xyz.com"],
  ["b.o.b@a-1.b2", "b.o.b", "a-1.b2"],
  ["!#$%&'*+-/=?^_`{|}~@x", "!#$%&'*+-/=?^_`{|}~", "x"],
  ['"bob"@x', "bob", "x"],
  ['"b b"@x', "b b", "x"],
  ['"a@b"@x', "a@b", "x"],
  ['"a\\"\\\\\\b>"@x', 'a"\\b>', "x"],
  ['""@x', "", "x"],
  ["bob@[192.0.2.1]", "bob", "[192.0.2.1]"],
  ["bob@[192.000.002.010]", "bob", "[192.0.2.10]"],
  ["bob@[IPv6:2001:DB8::1]", "bob", "[IPv6:2001:db8::1]"],
  ["bob@[ipv6:2001:0db8:0:0:0:0:0:1]", "bob", "[IPv6:2001:db8::1]"],
  ["bob@[IPv6:::ffff:192.0.2.1]", "bob", "[IPv6:::ffff:c000:201]"],
  [`${"a".repeat(64)}@x`, "a".repeat(64), "x"],
  [`a@${"b".repeat(63)}.c`, "a", `${"b".repeat(63)}.c`],
];

Deno.test("parseMailbox reads every form of RFC 5321", () => {
  for (const [text, local, domain] of MAILBOXES) {
    assert.deepEqual(parseMailbox(text), { local, domain }, text);
  }
});

const NO_MAILBOXES: readonly string[] = [
  "",
  "@",
  "bob",
  "bob@",
  "@xyz.com",
  "bob @x",
  "bob@ x",
  " bob@x",
  "bob@x ",
  "bob@x.",
  "bob@.x",
  "bob@x..y",
  ".bob@x",
  "bob.@x",
  "b..b@x",
  "bob@-x",
  "bob@x-",
  "bob@a_b.com",
  "bob@x@y",
  '"bob@x',
  '"b"ob@x',
  '"b"b"@x',
  '"a\u0007"@x',
  "bob@[192.0.2]",
  "bob@[192.0.2.256]",
  "bob@[192.0.2.1",
  "bob@192.0.2.1]",
  "bob@[2001:db8::1]",
  "bob@[IPv6:2001:db8::1::2]",
  "bob@[IPv6:fe80::1%eth0]",
  "bob@[IPv6:]",
  "bob@[X400:c=de]",
  "bob@[]",
  "bob@x\r\nRCPT TO:<eve@x>",
  "bob@x\n",
  "böb@x",
  "bob@xöz",
  `${"a".repeat(65)}@x`,
  `a@${"b".repeat(64)}`,
  `a@${"b.".repeat(127)}bb`,
  `${"a".repeat(1025)}@x`,
];

Deno.test("parseMailbox refuses everything else with 501 and the caller's status", () => {
  for (const text of NO_MAILBOXES) {
    const refusal = { name: "ProtocolError", code: 501, status: "5.1.7" };
    assert.throws(() => parseMailbox(text, { status: "5.1.7" }), refusal, text);
  }
  assert.throws(() => parseMailbox("bob"), { status: "5.1.3" });
});

Deno.test("parseMailbox takes characters beyond ASCII only where they are allowed", () => {
  const utf8 = { utf8: true };
  const composed = { local: "böb", domain: "xn--bcher-kva.de" };
  assert.deepEqual(parseMailbox("böb@BÜCHER.de", utf8), composed);
  assert.deepEqual(parseMailbox("böb@bu\u0308cher.de", utf8), composed);
  assert.deepEqual(parseMailbox('"b ö"@例え.jp', utf8), {
    local: "b ö",
    domain: "xn--r8jz45g.jp",
  });
  for (
    const bad of ["b\u0085b@x", "b\u2028b@x", "b\ufffdb@x", "b\ud800b@x", "b@x\u00a0y", "b@€.x"]
  ) {
    assert.throws(() => parseMailbox(bad, utf8), ProtocolError, JSON.stringify(bad));
  }
  // RFC 5890 §2.3.2.4: both forms of a domain are the same domain, whoever writes which.
  assert.deepEqual(parseMailbox("böb@XN--Bcher-kva.de", utf8), composed);
  assert.deepEqual(parseMailbox("b@xn--bcher-kva.de"), { ...composed, local: "b" });
  // What only looks like an A-label is a name all the same.
  assert.equal(parseMailbox("b@xn--zzzzzzz99.de").domain, "xn--zzzzzzz99.de");
  // A label that fits as it is written, and not as the DNS writes it.
  assert.throws(() => parseMailbox(`b@${"ü".repeat(60)}.de`, utf8), /domain/);
  // 33 characters of two octets each.
  assert.throws(() => parseMailbox(`${"ö".repeat(33)}@x`, utf8), /too long/);
});

Deno.test("readPath gives the address and where it ended", () => {
  const bob = { local: "bob", domain: "xyz.com" };
  const paths: readonly (readonly [text: string, address: Address | null, rest: string])[] = [
    ["<bob@xyz.com>", bob, ""],
    ["<bob@xyz.com> SIZE=1", bob, " SIZE=1"],
    ["<bob@xyz.com>>", bob, ">"],
    ["<> BODY=7BIT", null, " BODY=7BIT"],
    ["<@a.com:bob@xyz.com>", bob, ""],
    ["<@a.com,@[192.0.2.1],@b:bob@xyz.com> X", bob, " X"],
    ["<Postmaster>", { local: "Postmaster", domain: "" }, ""],
    ["<POSTMASTER> X", { local: "POSTMASTER", domain: "" }, " X"],
    ["<postmaster@xyz.com>", { local: "postmaster", domain: "xyz.com" }, ""],
    ['<"a> b"@x> Y', { local: "a> b", domain: "x" }, " Y"],
  ];
  for (const [text, address, rest] of paths) {
    const read = readPath(`TO:${text}`, 3);
    assert.deepEqual(read.address, address, text);
    assert.equal(`TO:${text}`.slice(read.end), rest, text);
  }
  const bad = [
    "",
    "<",
    "bob@x",
    "<bob>",
    "<bob@x",
    "< bob@x>",
    "<bob@x >",
    "< >",
    "<@a:>",
    "<@a,bob@x>",
    "<@a bob@x>",
    "<a@x,b@x>",
    "<<bob@x>>",
    "<postmasters>",
  ];
  for (const text of bad) assert.throws(() => readPath(text, 0), ProtocolError, text);
});

Deno.test("parsePath wants nothing behind the path", () => {
  assert.equal(parsePath("<>"), null);
  assert.deepEqual(parsePath("<a@b>"), { local: "a", domain: "b" });
  assert.throws(() => parsePath("<a@b> "), { code: 501, status: "5.1.3" });
});

Deno.test("formatAddress quotes only what must be quoted", () => {
  assert.equal(formatAddress({ local: "a.b", domain: "x" }), "a.b@x");
  assert.equal(formatAddress({ local: "a..b", domain: "x" }), '"a..b"@x');
  assert.equal(formatAddress({ local: 'a "\\', domain: "x" }), '"a \\"\\\\"@x');
  assert.equal(formatAddress({ local: "", domain: "x" }), '""@x');
  assert.equal(formatAddress({ local: "Postmaster", domain: "" }), "Postmaster");
  assert.equal(formatAddress({ local: "böb", domain: "x" }), "böb@x");
});

Deno.test("sameAddress knows no case of local parts, addressKey does", () => {
  const bob = parseMailbox("bob@xyz.com");
  assert(sameAddress(bob, parseMailbox('"bob"@XYZ.com')));
  assert(!sameAddress(bob, parseMailbox("Bob@xyz.com")));
  assert(!sameAddress(bob, parseMailbox("bob@abc.com")));
  assert.equal(addressKey(parseMailbox("BOB@xyz.com")), addressKey(bob));
  const utf8 = { utf8: true };
  assert.equal(
    addressKey(parseMailbox("Bo\u0308b@x", utf8)),
    addressKey(parseMailbox("böb@x", utf8)),
  );
});

Deno.test("accountName completes and folds what people type, or says what is wrong", () => {
  assert.equal(accountName("Alice", "abc.com"), "alice@abc.com");
  assert.equal(accountName("Alice@XYZ.com", "abc.com"), "alice@xyz.com");
  assert.equal(accountName("JO\u0308RG", "abc.com"), "jörg@abc.com");
  for (
    const bad of ["", "al ice", "alice@", "@abc.com", '"al ice"@abc.com', "a@b@c", "<alice@x>"]
  ) {
    assert.throws(() => accountName(bad, "abc.com"), ProtocolError, bad);
  }
});

Deno.test("baseAddress takes the tag away", () => {
  const base = (local: string) => baseAddress({ local, domain: "x" }).local;
  assert.equal(base("bob+shopping"), "bob");
  assert.equal(base("bob+a+b"), "bob");
  assert.equal(base("bob"), "bob");
  assert.equal(base("+bob"), "+bob");
});

Deno.test("isDomain and literalOf know names and addresses", () => {
  assert(isDomain("mx.abc.com") && isDomain("[192.0.2.1]") && isDomain("[IPv6:::1]"));
  for (const bad of ["", "192.0.2.1]", "a b", "a_b", "[x]", "(a)", "a\r\nb", "bücher.de"]) {
    assert(!isDomain(bad), bad);
  }
  assert.equal(literalOf("127.0.0.1"), "[127.0.0.1]");
  assert.equal(literalOf("::1"), "[IPv6:::1]");
  assert.equal(literalOf("fe80::1%eth0"), null);
  assert.equal(canonicalAddress("2001:DB8:0:0::9"), "2001:db8::9");
  assert.equal(canonicalAddress("192.0.2.1"), "192.0.2.1");
  assert.equal(canonicalAddress("::ffff:127.0.0.1"), "127.0.0.1");
  assert.equal(canonicalAddress("0:0:0:0:0:ffff:7f00:1"), "127.0.0.1");
  assert.equal(canonicalAddress("localhost"), null);
  assert.equal(literalOf("localhost"), null);
});

/** Text that is an address, or nearly. */
const nearly = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.array(
    fc.constantFrom(...'ab.@<>"\\ ,:[]+-_1öİK'.split(""), "[IPv6:::", "Postmaster"),
    { maxLength: 20 },
  ).map((parts) => parts.join("")),
  fc.tuple(fc.string(), fc.constantFrom("x.com", "[1.2.3.4]", "İ.com"))
    .map(([local, domain]) => `"${local.replace(/["\\]/g, "\\$&")}"@${domain}`),
);

Deno.test("any text is an address or a ProtocolError, and addresses survive being written", () => {
  fc.assert(fc.property(nearly, fc.boolean(), (text, utf8) => {
    let address: Address;
    try {
      address = parseMailbox(text, { utf8 });
    } catch (error) {
      assert(error instanceof ProtocolError);
      return;
    }
    const written = formatAddress(address);
    assert.deepEqual(parseMailbox(written, { utf8 }), address);
    assert.deepEqual(parsePath(`<${written}>`, { utf8 }), address);
    const key = addressKey(address);
    assert.equal(addressKey({ ...address, local: address.local.toLowerCase() }), key);
  }));
});

Deno.test("any text at any offset is a path or throws ProtocolError", () => {
  fc.assert(fc.property(nearly, fc.nat(3), fc.boolean(), (text, at, utf8) => {
    const path = `<${text}>`;
    try {
      const { end } = readPath(path, at % 2, { utf8 });
      assert.equal(path[end - 1], ">");
    } catch (error) {
      assert(error instanceof ProtocolError);
    }
  }));
});

Deno.test("an account is found by its own address, however that was typed", () => {
  const names = fc.string({ unit: fc.constantFrom(..."aZöÖİΣßé.+1".split("")), minLength: 1 });
  fc.assert(fc.property(names, (local) => {
    let name: string;
    try {
      name = accountName(local, "abc.com");
    } catch (error) {
      assert(error instanceof ProtocolError);
      return;
    }
    assert.equal(addressKey(parseMailbox(name, { utf8: true })), name);
    assert.equal(accountName(name, "other.com"), name);
  }));
});

Deno.test("parseMailbox does not look at what has over 1024 characters", () => {
  const hostile = (characters: number) => () => parseMailbox(`"${"\\".repeat(characters - 3)}"@`);
  assert.throws(hostile(1024), { code: 501, message: "The part before the @ is not well-formed" });
  assert.throws(hostile(1025), { code: 501, message: "The address is too long" });
});
