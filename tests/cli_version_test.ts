import assert from "$assert";
import { versionText } from "../lib/cli/version.ts";

Deno.test("versionText names the program, the runtime and the base executable", () => {
  const [program, runtime, base] = versionText("smtpd").split("\n");
  assert.match(program!, /^smtpd \d+\.\d+\.\d+$/);
  assert.equal(runtime, `runtime: deno ${Deno.version.deno}`);
  assert.equal(base, "base: not compiled");
});
