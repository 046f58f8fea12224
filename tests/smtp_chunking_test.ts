/** BDAT beyond the transcripts: what gets through, what does not, and how long it may take. */
import assert from "$assert";
import * as check from "$check";
import { createRoom } from "../lib/wire/room.ts";
import { cutAt, latin1, SMALL_LIMITS, talk } from "./smtp_support.ts";

const TO_BOB = "MAIL FROM:<alice@abc.com>\r\nRCPT TO:<bob@xyz.com>\r\n";
const LIMITS = { ...SMALL_LIMITS, messageBytesMax: 1000 };

Deno.test("content comes through BDAT byte by byte as it is, in any chunks, however they are cut", () => {
  const part = check.constantFrom(
    "a",
    ".",
    "\r\n",
    "\r\n.\r\n",
    "RSET\r\n",
    "\0",
    "\xff",
    "BDAT 1",
  );
  const content = check.array(part, { maxLength: 30 }).map((parts) => `${parts.join("")}\r\n`);
  const places = check.array(check.nat(200), { maxLength: 8 });
  check.assert(check.property(content, places, check.array(check.nat(900)), (content, at, cuts) => {
    const chunks = cutAt(latin1(content), at).map((chunk) => String.fromCharCode(...chunk));
    const wire = chunked(chunks);
    const cut = cutAt(latin1(wire), cuts).map((piece) => String.fromCharCode(...piece));
    const { backend, lines } = talk(cut, { limits: LIMITS });
    assert.deepEqual(backend.messages.map((each) => each.content), [content]);
    assert.equal(lines.at(-1), "221 2.0.0 abc.com says goodbye");
  }));
});

Deno.test("nothing is smuggled through BDAT, in one chunk or across two", () => {
  const smuggled = `${TO_BOB}DATA\r\nevil\r\n.\r\n`;
  for (const end of ["\n.\n", "\n.\r\n", "\r.\r", "\r.\r\n", "\r\n.\n", "\r\n.\r", "\r\n.\r\r\n"]) {
    const content = `Hello${end}${smuggled}`;
    for (let at = 5; at <= 5 + end.length; at++) {
      const { backend, lines } = talk(chunked([content.slice(0, at), content.slice(at)]), {
        limits: LIMITS,
      });
      assert.equal(backend.counts().messageCalls, 0, JSON.stringify(end));
      assert.equal(lines.filter((line) => line.startsWith("550 5.6.0 ")).length, 1);
      assert.equal(lines.at(-1), "221 2.0.0 abc.com says goodbye");
    }
  }
  const { backend } = talk(chunked([`Hello\r\n.\r\n${smuggled}`]), { limits: LIMITS });
  assert.deepEqual(backend.messages.map((each) => each.content), [`Hello\r\n.\r\n${smuggled}`]);
});

Deno.test("chunks hold room until the message is taken, refused, reset or broken off", () => {
  const room = createRoom(64 * 1024);
  const limits = { ...SMALL_LIMITS, messageBytesMax: 1024 * 1024 };
  const chunk = `${"x".repeat(78)}\r\n`.repeat(500);
  const hear = (wire: string) =>
    talk(`EHLO x\r\n${TO_BOB}BDAT ${chunk.length}${wire}`, { limits, room }).lines.slice(-2);
  const twice = ` \r\n${chunk}BDAT ${chunk.length} LAST\r\n${chunk}NOOP\r\n`;
  for (let round = 1; round <= 2; round++) {
    assert.match(hear(` LAST\r\n${chunk}`)[1]!, /^250 2\.0\.0 Taken/);
    assert.match(hear(twice)[0]!, /^452 4\.3\.1 /);
    assert.match(
      hear(`\r\n${chunk}RSET\r\n${TO_BOB}BDAT 2 LAST\r\n\r\n`)[1]!,
      /^250 2\.0\.0 Taken/,
    );
    assert.match(hear(`\r\n${chunk}`)[1]!, /^250 2\.0\.0 Chunk taken/);
    assert.match(hear(`\r\n${chunk}BDAT 2\r\n\n\n`)[1]!, /^550 /);
  }
  const other = room.hold();
  assert.ok(other.take(64 * 1024), "nothing is held any more");
  assert.match(hear(` LAST\r\n${chunk}`)[1]!, /^452 4\.3\.1 /);
});

Deno.test("BDAT has the deadlines of DATA", () => {
  const limits = { ...LIMITS, commandTimeoutMs: 11, blockTimeoutMs: 22 };
  const { played } = talk(`EHLO x\r\n${TO_BOB}BDAT 2\r\na\r`, { limits });
  // What comes behind it shares the time of the chunk: too little has come for more.
  assert.deepEqual(played.deadlinesMs, [11, ...[11, 11, 11, 11], 22]);
});

Deno.test("between chunks there is more time for each 16 KiB, and for nothing less", () => {
  const limits = {
    ...LIMITS,
    messageBytesMax: 1024 * 1024,
    commandTimeoutMs: 11,
    blockTimeoutMs: 22,
  };
  const content = `${"x".repeat(510)}\r\n`.repeat(16);
  const wire = `BDAT ${content.length}\r\n${content}`;
  const deadlines = (chunks: string) =>
    talk(`EHLO x\r\n${TO_BOB}${chunks}`, { limits }).played.deadlinesMs.slice(5);
  assert.equal(content.length, 8192);
  assert.deepEqual(deadlines(wire), [22]);
  assert.deepEqual(deadlines(wire.repeat(2)), [22, 11]);
  assert.deepEqual(deadlines(wire.repeat(3)), [22, 11]);
  assert.deepEqual(deadlines(wire.repeat(4)), [22, 11, 11]);
  assert.deepEqual(deadlines(`${wire}RSET\r\n`), [22, 11], "the message is over");
  assert.deepEqual(deadlines("BDAT 0\r\n".repeat(50)), [22]);
  const refused = "BDAT 2\r\n\n\n";
  assert.deepEqual(deadlines(refused + "BDAT 0\r\n".repeat(50)), [22]);
  assert.deepEqual(deadlines(refused + wire.repeat(3)), [22, 11]);
});

Deno.test("chunks behind a refused one are no errors of their own, others are", () => {
  const start = `EHLO x\r\n${TO_BOB}`;
  const chunks = `BDAT 2\r\n\n\n${"BDAT 2\r\n\n\n".repeat(100)}BDAT 0 LAST\r\nNOOP\r\n`;
  const pipelined = talk(start + chunks, { limits: LIMITS });
  assert.equal(pipelined.lines.at(-1), "250 2.0.0 OK");
  assert.deepEqual(pipelined.played.pausesMs, []);
  const flood = talk(start + "BDAT 0 LAST\r\n".repeat(100), { limits: LIMITS });
  assert.equal(flood.lines.at(-1), "421 4.7.0 Too many errors, closing");
});

Deno.test("a transaction more than MAILMAX is told to connect anew", () => {
  const limits = { ...SMALL_LIMITS, mailsMax: 2 };
  const mail = "MAIL FROM:<alice@abc.com>\r\nRSET\r\n";
  const refused = "MAIL FROM:<nobody@abc.com>\r\n";
  const { lines, played } = talk(`EHLO x\r\n${refused}${mail}${mail}${mail}NOOP\r\n`, { limits });
  assert.ok(lines.includes("250-LIMITS RCPTMAX=3 MAILMAX=2"));
  assert.deepEqual(lines.slice(-6), [
    "550 5.1.1 Sender refused",
    "250 2.1.0 Sender OK",
    "250 2.0.0 OK",
    "250 2.1.0 Sender OK",
    "250 2.0.0 OK",
    "421 4.7.0 Too many messages on one connection, closing",
  ]);
  assert.ok(played.ended);
});

/** A conversation in which these are the chunks of one message. */
function chunked(chunks: readonly string[]): string {
  const commands = chunks.map((chunk, at) =>
    `BDAT ${chunk.length}${at === chunks.length - 1 ? " LAST" : ""}\r\n${chunk}`
  );
  return `EHLO x\r\n${TO_BOB}${commands.join("")}QUIT\r\n`;
}
