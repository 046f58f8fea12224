import assert from "$assert";
import { EXIT, Failure, failureOf, oneLine } from "../lib/cli/fail.ts";
import { jsonLine, paint } from "../lib/cli/io.ts";
import { SHOWN_FROM_BYTES, showProgress, watchBody } from "../lib/cli/progress.ts";
import { bodyOf } from "../lib/mail/body.ts";
import { parseToml } from "../lib/toml.ts";
import { decode } from "../lib/wire/bytes.ts";
import { fakeStreams } from "./cli_support.ts";

Deno.test("a failure keeps its status; all else is a mistake of the program's own", () => {
  const failure = new Failure(EXIT.loginRefused, "no");
  assert.equal(failureOf(failure), failure);
  assert.equal(failureOf(new TypeError("x is undefined")).status, EXIT.internal);
  assert.match(failureOf("thrown text").message, /should not happen: thrown text/);
  assert.match(failureOf(new RangeError()).message, /should not happen: RangeError/);
});

Deno.test("text from anywhere becomes one line that no terminal obeys", () => {
  assert.equal(oneLine("a\r\nb\x1b[2Jc\x9b31md\u2028e\n"), "a b [2Jc 31md e");
});

Deno.test("a JSON line has nothing that a terminal obeys, and means the same", () => {
  const value = { text: 'a\n"\x1b\x7f\x9b\u2028\u202eß' };
  const line = jsonLine(value);
  assert.match(line, /^[\x20-\x7eß]+\n$/);
  assert.deepEqual(JSON.parse(line), value);
});

Deno.test("colours are only for those who see them", () => {
  const { streams } = fakeStreams();
  assert.equal(paint(streams.errors, "red", "no"), "no");
  assert.equal(paint({ ...streams.errors, hasColours: true }, "red", "no"), "\x1b[31mno\x1b[39m");
});

Deno.test("progress is shown to people, for long work, and taken away", async () => {
  const shown = async (size: number, outputIsTerminal: boolean) => {
    const { streams, errors } = fakeStreams({ outputIsTerminal });
    const options = { doing: "Sending", shownFrom: SHOWN_FROM_BYTES };
    const progress = showProgress(streams.errors, options);
    const body = watchBody(bodyOf(new Uint8Array(size)), progress);
    for (let at = 0; at < size; at += size / 4) await body.slice(at, at + size / 4);
    progress.hide();
    return decode(errors());
  };
  const steps = [25, 50, 75, 100].map((percent) => `\rSending: ${percent} %`).join("");
  assert.equal(await shown(SHOWN_FROM_BYTES, true), `${steps}\r\x1b[K`);
  assert.equal(await shown(SHOWN_FROM_BYTES - 4, true), "");
  assert.equal(await shown(SHOWN_FROM_BYTES, false), "");
});

Deno.test("broken TOML is reported in one line with its number", () => {
  assert.throws(() => parseToml("a = 1\na = 2\n"), {
    name: "SyntaxError",
    message: /^line 2: .+$/,
  });
});
