/** Large mailboxes and large messages over POP3: in pieces, in turns, and not all in memory. */
import assert from "$assert";
import { concat, decode, encode } from "../lib/wire/bytes.ts";
import { dotUnstuffer } from "../lib/wire/dots.ts";
import { play } from "./play.ts";
import { fakePop3, LOGIN, serverSession, talk } from "./pop3_support.ts";

Deno.test("pop3Server removes two hundred messages at once, and all of them one after the other", () => {
  const contents = Array.from({ length: 450 }, () => "x");
  const marks = contents.map((_, at) => `DELE ${at + 1}\r\n`).join("");
  const { lines, backend } = talk(`${LOGIN}${marks}QUIT\r\n`, { contents });
  assert.equal(lines.at(-1), "+OK goodbye");
  assert.deepEqual(backend.removals(), [200, 200, 50]);
  assert.deepEqual(backend.left(), []);
});

Deno.test("pop3Server gives others a turn after a hundred commands, and within a long list", () => {
  const contents = Array.from({ length: 9_000 }, () => "x\r\n");
  assert.equal(talk(`${LOGIN}${"NOOP\r\n".repeat(99)}`).backend.turns(), 0);
  assert.equal(talk(`${LOGIN}${"NOOP\r\n".repeat(250)}`).backend.turns(), 2);
  assert.equal(talk(`${LOGIN}LIST\r\n`, { contents }).backend.turns(), 2);
  assert.equal(talk(`${LOGIN}UIDL\r\n`, { contents }).backend.turns(), 3);
});

Deno.test("pop3Server waits until the client has taken what it was sent of a long answer", () => {
  for (const command of ["LIST", "UIDL", "RETR 1"]) {
    const contents = ["a".repeat(300_000), ...Array.from({ length: 9_000 }, () => "x\r\n")];
    const sizes: number[] = [];
    let unsent = 0;
    const session = serverSession();
    let input: Uint8Array | null = encode(`${LOGIN}${command}\r\n`);
    const backend = fakePop3({ contents });
    let step = session.next();
    while (!step.done) {
      const effect = step.value;
      if (effect.do === "write") {
        unsent += effect.bytes.length;
        if (effect.flush === true) {
          sizes.push(unsent);
          unsent = 0;
        }
      }
      let value: unknown;
      if (effect.do === "read") [value, input] = [input, null];
      else if (effect.do === "call") value = effect.run(backend, new AbortController().signal);
      step = session.next(value);
    }
    assert.ok(sizes.length >= 2, command);
    assert.ok(Math.max(...sizes) < 70_000 && unsent < 70_000, `${command}: ${sizes}`);
  }
});

Deno.test("pop3Server gives a slow reader ten minutes for each piece of a long list", () => {
  const contents = Array.from({ length: 9_000 }, () => "x\r\n");
  const { played } = talk(`${LOGIN}UIDL\r\n`, { contents });
  assert.deepEqual(played.deadlinesMs, Array.from({ length: 4 + 3 }, () => 600_000));
});

Deno.test("pop3Server lists a mailbox of many messages", () => {
  const contents = Array.from({ length: 9_000 }, () => "x\r\n");
  const { lines } = talk(`${LOGIN}LIST\r\nUIDL\r\n`, { contents });
  const listing = lines.slice(3);
  assert.deepEqual(listing.slice(0, 2), ["+OK 9000 messages (27000 octets)", "1 3"]);
  assert.deepEqual(listing.slice(9_000, 9_002), ["9000 3", "."]);
  assert.deepEqual(listing.slice(-2), ["9000 m9000", "."]);
});

Deno.test("pop3Server sends a message in slices that a reader puts together again", () => {
  const line = encode(`.${"a".repeat(61)}\r\n`);
  const content = concat(Array.from({ length: 3_000 }, () => line));
  const played = play(
    serverSession(),
    [encode(`${LOGIN}RETR 1\r\nQUIT\r\n`)],
    fakePop3({
      contents: [content],
    }),
  );
  const first = decode(played.output).indexOf("octets\r\n") + "octets\r\n".length;
  const { content: read, used, done } = dotUnstuffer().push(played.output.subarray(first));
  assert.ok(done);
  assert.deepEqual(read, content);
  assert.equal(decode(played.output.subarray(first + used)), "+OK goodbye\r\n");
});
