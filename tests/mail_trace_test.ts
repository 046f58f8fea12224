import assert from "$assert";
import fc from "$check";
import { parseHeader } from "../lib/mail/header.ts";
import {
  countReceived,
  hasPassed,
  protocolOf,
  type Received,
  receivedField,
  returnPathField,
} from "../lib/mail/trace.ts";
import { concat, decode, encode } from "../lib/wire/bytes.ts";

const RECEIVED: Received = {
  helo: "mx.abc.com",
  address: "192.0.2.1",
  name: null,
  by: "mx.xyz.com",
  protocol: "ESMTPS",
  tls: { version: "TLSv1.3", cipher: "TLS_AES_256_GCM_SHA384" },
  id: "m1-2",
  recipient: { local: "bob", domain: "xyz.com" },
  at: 0,
};

const unfolded = (bytes: Uint8Array) => decode(bytes).replaceAll("\r\n", "");

Deno.test("receivedField has the clauses of RFC 5321 §4.4 in their order, folded", () => {
  assert.equal(
    unfolded(receivedField(RECEIVED)),
    "Received: from mx.abc.com ([192.0.2.1]) (TLSv1.3 TLS_AES_256_GCM_SHA384) by mx.xyz.com" +
      " with ESMTPS id m1-2 for <bob@xyz.com>; Thu, 1 Jan 1970 00:00:00 +0000",
  );
  assert(decode(receivedField(RECEIVED)).split("\r\n").every((line) => line.length <= 78));
  const plain = { ...RECEIVED, tls: null, recipient: null, offsetMinutes: 60 };
  assert.equal(
    unfolded(receivedField({ ...plain, helo: "[192.0.2.9]", address: "::1" })),
    "Received: from [192.0.2.9] ([IPv6:::1]) by mx.xyz.com with ESMTPS id m1-2;" +
      " Thu, 1 Jan 1970 01:00:00 +0100",
  );
  assert.match(unfolded(receivedField({ ...plain, address: null })), /from mx\.abc\.com by /);
});

Deno.test("receivedField puts a name that is none into the comment, tamed", () => {
  const from = (helo: string, address: string | null = "192.0.2.1") =>
    unfolded(receivedField({ ...RECEIVED, tls: null, helo, address })).match(/from (.*?) by/)![1];
  assert.equal(from("my_laptop"), "[192.0.2.1] (helo=my_laptop)");
  assert.equal(from("x) by evil.com (y"), "[192.0.2.1] (helo=x??by?evil.com??y)");
  assert.equal(from("", null), "unknown (helo=)");
  assert.equal(from("bücher.de"), "[192.0.2.1] (helo=b?cher.de)");
});

Deno.test("no name of a stranger breaks out of the Received field", () => {
  const piece = fc.constantFrom("\r\n", "Bcc: x", " by evil.com ", "(", ")", ";", '"', "\\", "a.b");
  const text = fc.oneof(
    fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join("")),
    fc.string({ unit: "binary", maxLength: 3000 }),
  );
  fc.assert(fc.property(text, (helo) => {
    const field = receivedField({ ...RECEIVED, helo });
    const header = parseHeader(concat([field, encode("\r\n")]));
    assert.deepEqual(header.fields.map(({ name }) => name), ["received"]);
    assert(decode(field).split("\r\n").every((line) => line.length <= 998));
    assert(hasPassed(header, "mx.xyz.com", 0));
    assert(!hasPassed(header, "evil.com", 0));
  }));
});

Deno.test("returnPathField names the sender or nobody", () => {
  const alice = { local: "a lice", domain: "abc.com" };
  assert.equal(decode(returnPathField(alice)), 'Return-Path: <"a lice"@abc.com>\r\n');
  assert.equal(decode(returnPathField(null)), "Return-Path: <>\r\n");
});

Deno.test("protocolOf names what RFC 3848 and RFC 6531 registered", () => {
  const protocol = (
    extended: boolean,
    encrypted: boolean,
    authenticated: boolean,
    utf8 = false,
    lmtp = false,
  ) => protocolOf({ lmtp, extended, encrypted, authenticated, utf8 });
  assert.equal(protocol(false, false, false), "SMTP");
  assert.equal(protocol(true, false, false), "ESMTP");
  assert.equal(protocol(true, true, false), "ESMTPS");
  assert.equal(protocol(true, false, true), "ESMTPA");
  assert.equal(protocol(true, true, true), "ESMTPSA");
  assert.equal(protocol(true, false, false, true), "UTF8SMTP");
  assert.equal(protocol(true, true, false, true), "UTF8SMTPS");
  assert.equal(protocol(true, false, true, true), "UTF8SMTPA");
  assert.equal(protocol(true, true, true, true), "UTF8SMTPSA");
  assert.equal(protocol(true, false, false, false, true), "LMTP");
  assert.equal(protocol(true, true, true, false, true), "LMTPSA");
  assert.equal(protocol(true, true, false, true, true), "UTF8LMTPS");
});

Deno.test("loops are seen by the number of servers, and by our own name", () => {
  const header = parseHeader(encode(
    "Received: from x by MX.xyz.com (by other.com) with SMTP id 1; date\r\n" +
      "Received: from by.com (by other.com)\r\n\tby mx.xyz.com; date\r\n" +
      "Received: from by (by.test [192.0.2.1])\r\n\tby fourth.com; date\r\n" +
      "Received: by third.com\r\nSubject: by mx.xyz.com\r\n\r\nReceived: by mx.xyz.com\r\n",
  ));
  assert.equal(countReceived(header), 4);
  assert(hasPassed(header, "mx.xyz.com", 1));
  assert(!hasPassed(header, "mx.xyz.com", 2));
  assert(hasPassed(header, "third.com", 0));
  assert(hasPassed(header, "fourth.com", 0));
  assert(!hasPassed(header, "other.com", 0));
});

Deno.test("of a stranger's name the Received field has 255 characters", () => {
  const text = unfolded(receivedField({ ...RECEIVED, tls: null, helo: "(".repeat(2000) }));
  assert.match(text, /\(helo=\?{255}\) by /);
});
