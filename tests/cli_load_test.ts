/** What a load is made of: its messages, and what is counted. */
import assert from "$assert";
import { loadMessages } from "../lib/cli/load_message.ts";
import { createTally, endText, ERROR_KINDS_MAX } from "../lib/cli/load_tally.ts";
import type { Attempt } from "../lib/smtp/client.ts";
import { type Reply, reply } from "../lib/smtp/reply.ts";
import { concat, decode, encode } from "../lib/wire/bytes.ts";
import { fakeWorld } from "./fake_world.ts";

const ALICE = { local: "alice", domain: "abc.com" };
const people = (count: number) =>
  Array.from({ length: count }, (_, at) => ({ local: `p${at}`, domain: "abc.com" }));

function messages(sizeBytes: number, options: { eightBit?: boolean } = {}) {
  const { eightBit = false } = options;
  return loadMessages(
    { from: ALICE, to: people(3), recipients: 2, sizeBytes, eightBit },
    fakeWorld(),
  );
}

async function bytesOf(message: ReturnType<ReturnType<typeof messages>>, cut = Infinity) {
  const { content } = message;
  const slices: Uint8Array[] = [];
  for (let at = 0; at < content.size; at += cut) slices.push(await content.slice(at, at + cut));
  return concat(slices);
}

Deno.test("a message of a load has its size and whole lines, whatever the size is", async () => {
  for (const eightBit of [false, true]) {
    for (let size = 400; size < 800; size++) {
      const text = decode(await bytesOf(messages(size, { eightBit })(7)));
      assert.equal(encode(text).length, size);
      assert.match(text, /^(?:[^\r\n]{0,998}\r\n)+$/);
      assert.doesNotMatch(text, /^\./m);
    }
  }
});

Deno.test("a message that should be smaller than its header is the header", async () => {
  const text = decode(await bytesOf(messages(1)(7)));
  assert.match(text, /^From: <alice@abc\.com>\r\nTo: <p0@abc\.com>\r\n(?:.+\r\n)+\r\n$/);
});

Deno.test("messages differ by their number, at every cut, and leave each other alone", async () => {
  const message = messages(3000);
  const seventh = message(7);
  const eighth = message(8);
  const expected = await bytesOf(seventh);
  assert.match(decode(expected), /\r\nSubject: smtpc bench 0{11}7\r\n/);
  assert.match(decode(expected), /\r\nMessage-ID: <0{11}7\.[0-9a-f]{16}@bench\.invalid>\r\n/);
  for (const cut of [1, 17, 200, 2999]) {
    assert.deepEqual(await bytesOf(seventh, cut), expected, `cut at ${cut}`);
  }
  assert.match(decode(await bytesOf(eighth)), /Subject: smtpc bench 0{11}8\r\n/);
});

Deno.test("recipients get the messages of a load in turn", () => {
  const message = messages(1000);
  const to = (number: number) => message(number).recipients.map(({ address }) => address.local);
  assert.deepEqual([to(1), to(2), to(3), to(4)], [
    ...[["p0", "p1"], ["p2", "p0"], ["p1", "p2"], ["p0", "p1"]],
  ]);
});

Deno.test("what a message of a load holds decides how it is announced", () => {
  const bodyOf = (eightBit: boolean) => messages(2000, { eightBit })(1).envelope.body;
  assert.deepEqual([bodyOf(false), bodyOf(true)], ["7BIT", "8BITMIME"]);
});

const attempt = (result: Attempt["result"], answer: Reply | null): Attempt => ({
  recipient: { address: ALICE },
  reply: answer,
  at: "rcpt",
  result,
});
const TAKEN = attempt("delivered", reply(250, "2.0.0", "Accepted"));

function answered(...attempts: readonly Attempt[]) {
  return { attempts, bytes: 100, wholeMs: 4, finalMs: 2 };
}

Deno.test("a message counts as accepted when one of its recipients gets it", () => {
  const tally = createTally();
  const refusal = (id: number) => attempt("refused", reply(550, "5.1.1", `No such user (${id})`));
  tally.answered(answered(TAKEN, refusal(1)));
  tally.answered(answered(refusal(2), refusal(3)));
  tally.answered(answered(attempt("unknown", null)));
  tally.lost("refused");
  const { accepted, failed, bytes, wholeMs, finalMs } = tally;
  assert.deepEqual({ accepted, failed, bytes }, { accepted: 1, failed: 2, bytes: 100 });
  assert.deepEqual([wholeMs.count, finalMs.count], [1, 1]);
  assert.deepEqual(tally.errors(), [
    { at: "rcpt", code: 550, text: "550 5.1.1 No such user (1)", count: 3 },
    { at: "rcpt", code: null, text: "no answer", count: 1 },
    { at: "connect", code: null, text: "refused", count: 1 },
  ]);
});

Deno.test("a server with a new answer for everybody does not make the count grow without end", () => {
  const tally = createTally();
  for (let at = 0; at < 3 * ERROR_KINDS_MAX; at++) {
    tally.answered(answered(attempt("refused", reply(550, `5.1.${at}`, "No"))));
  }
  const errors = tally.errors();
  assert.equal(errors.length, ERROR_KINDS_MAX + 1);
  assert.deepEqual([errors[0]!.text, errors[0]!.count], ["other answers", 2 * ERROR_KINDS_MAX]);
});

Deno.test("why a connection did nothing is said in words", () => {
  assert.equal(endText({ end: "lost", reason: "deadline" }), "no answer in time");
  assert.equal(endText({ end: "lost", reason: "closed" }), "closed by the server");
  const busy = reply(421, "4.3.2", "Too busy");
  assert.equal(
    endText({ end: "refused", at: "greeting", reply: busy }),
    "greeting: 421 4.3.2 Too busy",
  );
  assert.equal(endText({ end: "exposed" }), "given up: exposed");
});
