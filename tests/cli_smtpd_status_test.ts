/** `smtpd status`: what the running server has counted. */
import assert from "$assert";
import { METRICS } from "../lib/metrics.ts";
import { EXIT } from "../lib/cli/fail.ts";
import { runProgram, startProgram } from "./smtpd_support.ts";
import { canUseFiles, temporaryFolder } from "./support.ts";

Deno.test({
  name: "smtpd status shows what the running server counts, and that none runs",
  ignore: !canUseFiles,
  async fn() {
    await using folder = await temporaryFolder();
    const data = `${folder.path}/data`;
    {
      await using _server = await startProgram(
        ["--port", "0", "--domain", "abc.com", "--data", data],
      );
      const shown = await runProgram(["status", "--data", data]);
      assert.deepEqual(
        shown.output.trimEnd().split("\n"),
        METRICS.map((name) => `${name} 0`),
      );
      const { output } = await runProgram(["status", "--data", data, "--json"]);
      assert.equal(JSON.parse(output).metrics.verifyAsked, 0);
    }
    const { status, failure } = await runProgram(["status", "--data", data]);
    assert.equal(status, EXIT.noInput);
    assert.match(failure, /no server runs/);
  },
});
