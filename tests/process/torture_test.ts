/** A short torture, in the suite; `deno task torture --kills 300` is the long one. */
import assert from "$assert";
import { canRun, commandOf, temporaryFolder } from "../support.ts";
import { torture } from "../torture/torture.ts";

for (const signal of ["SIGKILL", "SIGTERM"] as const) {
  Deno.test({
    name: `two servers under load that get ${signal} at three moments lose nothing`,
    ignore: !canRun,
    async fn() {
      await using folder = await temporaryFolder();
      const result = await torture({
        command: commandOf("smtpd"),
        folder: folder.path,
        kills: 3,
        signal,
        seconds: 3,
        disk: null,
        tell: () => {},
      });
      assert.deepEqual(result.faults, []);
      assert.equal(result.kills, 3);
      assert.ok(result.accepted > 10, `${result.accepted} messages accepted`);
    },
  });
}
