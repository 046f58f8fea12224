import assert from "$assert";
import * as check from "$check";
import { formatReply, isPositive, type Reply, reply, textOf } from "../lib/smtp/reply.ts";
import { parseReplyLine, readReply, type ReplyError } from "../lib/smtp/reply_reader.ts";
import { ByteQueue, decode, decodeLatin1, encode } from "../lib/wire/bytes.ts";
import type { Session } from "../lib/wire/session.ts";
import { play } from "./play.ts";
import { bytewise, cutAt, latin1 } from "./smtp_support.ts";

Deno.test("formatReply puts the code, a mark and the status on every line", () => {
  assert.equal(decode(formatReply(reply(250, "2.0.0", "OK"))), "250 2.0.0 OK\r\n");
  assert.equal(
    decode(formatReply(reply(250, "", "abc.com", "HELP"))),
    "250-abc.com\r\n250 HELP\r\n",
  );
  assert.equal(
    decode(formatReply(reply(550, "5.7.1", "No", "", "Really"))),
    "550-5.7.1 No\r\n550-5.7.1 \r\n550 5.7.1 Really\r\n",
  );
});

Deno.test("formatReply lets no text out of its line", () => {
  const evil = reply(550, "5.1.1", "no\r\n250 2.0.0 OK\0\x7f\u0085\u2028", "Müller \u{1F4E7}");
  assert.equal(
    decode(formatReply(evil)),
    "550-5.1.1 no??250 2.0.0 OK????\r\n550 5.1.1 M?ller ?\r\n",
  );
});

Deno.test("formatReply keeps each line within 512 bytes of ASCII, whatever the text", () => {
  const text = check.string({ unit: "binary", maxLength: 2000 });
  check.assert(check.property(check.array(text, { minLength: 1, maxLength: 3 }), (lines) => {
    const bytes = formatReply(reply(550, "5.123.456", ...lines));
    assert.ok(bytes.every((byte) => byte === 13 || byte === 10 || (byte >= 32 && byte < 127)));
    const written = decode(bytes).split("\r\n");
    assert.equal(written.length, lines.length + 1);
    assert.ok(written.every((line) => line.length <= 510));
  }));
  assert.equal(formatReply(reply(250, "2.0.0", "ä".repeat(900))).length, 4 + 6 + 480 + 2);
});

Deno.test("textOf joins the lines and leaves out what would move a terminal", () => {
  assert.equal(textOf(reply(550, "5.1.1", "No such", "user")), "550 5.1.1 No such / user");
  assert.equal(textOf(reply(220, "", "Grüße\x1b[2J\u202egnp")), "220 Grüße?[2J?gnp");
});

Deno.test("isPositive is true for 2yz alone", () => {
  const codes = [199, 200, 250, 299, 300, 354, 421, 550];
  assert.deepEqual(codes.filter((code) => isPositive(reply(code, "", ""))), [200, 250, 299]);
});

Deno.test("parseReplyLine reads every form that servers give", () => {
  const table: readonly (readonly [line: string, read: unknown[] | null])[] = [
    ["250 2.1.0 Sender OK", [250, "2.1.0", "Sender OK", true]],
    ["250-2.1.0 Sender OK", [250, "2.1.0", "Sender OK", false]],
    ["250 OK", [250, "", "OK", true]],
    ["250", [250, "", "", true]],
    ["250 ", [250, "", "", true]],
    ["250-", [250, "", "", false]],
    ["550 5.1.1", [550, "5.1.1", "", true]],
    ["550 5.1.10 x", [550, "5.1.10", "x", true]],
    ["550 5.1.1000 x", [550, "", "5.1.1000 x", true]],
    ["550 5.1.1x", [550, "", "5.1.1x", true]],
    ["354 3.0.0 go", [354, "", "3.0.0 go", true]],
    ["599 x", [599, "", "x", true]],
    ["250 \x1b[2J\u202e\0", [250, "", "?[2J??", true]],
    ["250  two blanks", [250, "", " two blanks", true]],
    ["199 x", null],
    ["600 x", null],
    ["25 x", null],
    ["2500 x", null],
    ["250x", null],
    ["250\tx", null],
    [" 250 x", null],
    ["", null],
    ["+OK POP3", null],
  ];
  for (const [line, expected] of table) {
    const read = parseReplyLine(line);
    const got = read && [read.code, read.status, read.text, read.last];
    assert.deepEqual(got, expected, JSON.stringify(line));
  }
});

Deno.test("readReply gives back what formatReply wrote, wherever it is cut", () => {
  const text = check.string({ maxLength: 40 }).filter((text) => !/^\d\.\d/.test(text));
  const written = check.record({
    code: check.integer({ min: 200, max: 599 }),
    status: check.constantFrom("", "2.0.0", "4.7.12", "5.123.1"),
    lines: check.array(text, { minLength: 1, maxLength: 5 }),
  }, { noNullPrototype: true });
  check.assert(check.property(written, check.array(check.nat(300)), (written, cuts) => {
    assert.deepEqual(received(cutAt(formatReply(written), cuts)), written);
  }));
});

Deno.test("readReply leaves what comes behind the reply", () => {
  const queue = new ByteQueue();
  play(reading(queue), [encode("250-a\r\n250 b\r\n221 c\r\n")], null);
  assert.equal(decode(queue.peek()), "221 c\r\n");
});

Deno.test("readReply says what is wrong with what is no reply", () => {
  const table: readonly (readonly [sent: string, kind: ReplyError["kind"], says: RegExp])[] = [
    ["", "closed", /closed/],
    ["250 OK", "closed", /closed/],
    ["250-a\r\n", "closed", /closed/],
    ["hello\r\n", "malformed", /no reply/],
    ["250-a\r\nhello\r\n", "malformed", /no reply/],
    ["250-a\r\n251 b\r\n", "malformed", /two codes/],
    ["250 a\n", "malformed", /CRLF/],
    ["250 a\rb\r\n", "malformed", /CRLF/],
    [`250 ${"x".repeat(4091)}\r\n`, "malformed", /too long/],
    ["250-x\r\n".repeat(200), "malformed", /does not end/],
    ["SSH-2.0-OpenSSH_9.6\r\n", "malformed", /no reply/],
  ];
  for (const [sent, kind, says] of table) {
    for (const chunks of [[latin1(sent)], bytewise(latin1(sent))]) {
      assert.throws(
        () => received(chunks),
        { name: "ReplyError", kind, message: says },
        JSON.stringify(sent.slice(0, 20)),
      );
    }
  }
});

Deno.test("readReply takes long lines and many of them, up to its limits", () => {
  assert.equal(received([latin1(`250 ${"x".repeat(4090)}\r\n`)]).lines[0]!.length, 4090);
  assert.equal(received([latin1("250-x\r\n".repeat(199)), latin1("250 x\r\n")]).lines.length, 200);
});

Deno.test("readReply shows each line when it is traced", () => {
  const { trace } = play(reading(new ByteQueue(), true), [latin1("250-a\r\n250 b\r\n")], null);
  assert.deepEqual(trace.map(([from, bytes]) => `${from} ${decodeLatin1(bytes)}`), [
    "peer 250-a",
    "peer 250 b",
  ]);
});

function received(chunks: readonly Uint8Array[]): Reply {
  return play(reading(new ByteQueue()), chunks, null).outcome!;
}

function* reading(queue: ByteQueue, traced = false): Session<null, Reply> {
  return yield* readReply<null>(queue, traced);
}
