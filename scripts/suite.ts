/**
 * `deno task test`: the whole suite with all permissions, examples in the documentation included.
 * Its last line counts what passed, failed and was ignored, so that a test which did not run is
 * seen. Further arguments (files, `--filter`) go to `deno test`.
 */

const { code, output } = await suite(["--allow-all", "--doc", ...Deno.args]);
const { passed, failed, ignored } = summary(output);
console.log(`${passed} passed, ${failed} failed, ${ignored} skipped`);
Deno.exit(code);

async function suite(args: readonly string[]): Promise<{ code: number; output: string }> {
  const tests = new Deno.Command(Deno.execPath(), {
    args: ["test", ...args],
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const decoder = new TextDecoder();
  let output = "";
  for await (const bytes of tests.stdout) {
    await Deno.stdout.write(bytes);
    // The summary is at the end; what a test printed before is not kept.
    output = (output + decoder.decode(bytes, { stream: true })).slice(-4096);
  }
  return { code: (await tests.status).code, output };
}

/** Deno's own last line: `ok | 12 passed (3 steps) | 0 failed | 1 ignored (2s)`. */
function summary(output: string): Record<"passed" | "failed" | "ignored", number> {
  // deno-lint-ignore no-control-regex -- colours are between the words
  const line = output.replaceAll(/\x1b\[[0-9;]*m/g, "").match(/\| \d+ passed.*\n?$/m)?.[0] ?? "";
  const count = (word: string) => Number(line.match(`(\\d+) ${word}`)?.[1] ?? 0);
  return { passed: count("passed"), failed: count("failed"), ignored: count("ignored") };
}
