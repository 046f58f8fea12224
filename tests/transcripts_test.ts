import assert from "$assert";
import { ByteQueue, concat, encode } from "../lib/wire/bytes.ts";
import { readLine } from "../lib/wire/lines.ts";
import { read, type Session, write } from "../lib/wire/session.ts";
import { parseTranscript, replay, replayOnSocket } from "./transcripts.ts";

Deno.test("parseTranscript reads lines, escapes and the end", () => {
  const { input, output, end } = parseTranscript(
    "t",
    String.raw`
    # A comment.
    C: a\r\n\0\xff\\
    C: b\
    C: c\\
    C:
    S: + \x20
    S~ ^\+OK
    ! lost
  `,
  );
  assert.deepEqual(
    input,
    concat([encode("a\r\n\0"), Uint8Array.of(0xff), encode("\\\r\nbc\\\r\n\r\n")]),
  );
  assert.deepEqual(output.map(({ pattern }) => pattern), ["+  ", /^\+OK/]);
  assert.equal(end, "lost");
});

Deno.test("parseTranscript gives the other lines to a client's session", () => {
  const { input, output } = parseTranscript("t", "S: hello\nC~ .*", { side: "client" });
  assert.deepEqual([input, output.length], [encode("hello\r\n"), 1]);
});

Deno.test("parseTranscript names a line that it cannot read", () => {
  for (const line of ["X: y", "C~ pattern", "S hello", "! explodes", String.raw`C: \q`]) {
    assert.throws(() => parseTranscript("t", `C: fine\n${line}`), line);
  }
});

Deno.test("replay and replayOnSocket accept what fits", async () => {
  const fits = parseTranscript("t", "C: a\nS: <a>\nC: quit\nS~ ^<q\n! closes");
  await replay(fits, () => ({ session: echo(), backend: null }));
  assert.equal(await replayOnSocket(fits, () => ({ session: echo(), backend: null })), true);
});

Deno.test("replay refuses a wrong line, a missing one, one too many and a wrong end", async () => {
  const wrong = [
    "C: a\nS: <b>",
    "C: a\nS~ ^a",
    "C: a\nS: <a>\nS: <b>",
    "C: a\nC: b\nS: <a>",
    "C: quit\nS: <quit>",
    "C: a\nS: <a>\n! closes",
  ];
  for (const text of wrong) {
    const transcript = parseTranscript("t", text);
    await assert.rejects(replay(transcript, () => ({ session: echo(), backend: null })), text);
  }
});

Deno.test("replay refuses a session that depends on where its input is cut", async () => {
  const transcript = parseTranscript("t", "C: a\nS: 3");
  const start = () => ({ session: measure(), backend: null });
  await assert.rejects(replay(transcript, start), /byte by byte/);
});

/** Repeats each line in brackets, until `quit`. */
function* echo(): Session<null> {
  const queue = new ByteQueue();
  for (;;) {
    const line = yield* readLine<null>(queue, 100);
    if (!(line instanceof Uint8Array)) return;
    yield* write(concat([encode("<"), line, encode(">\r\n")]));
    if (line.length === 4) return;
  }
}

/** Says how long each chunk is. */
function* measure(): Session<null> {
  for (let chunk; (chunk = yield* read<null>()) !== null;) {
    yield* write(encode(`${chunk.length}\r\n`));
  }
}
