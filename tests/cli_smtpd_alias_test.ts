/** `smtpd alias`, on the store of a directory and through a running server. */
import assert from "$assert";
import { EXIT } from "../lib/cli/fail.ts";
import { canUseFiles, temporaryFolder } from "./support.ts";
import { runProgram, startProgram } from "./smtpd_support.ts";

Deno.test({
  name: "smtpd alias works on the store, and on a server while it runs",
  ignore: !canUseFiles,
  async fn() {
    await using folder = await temporaryFolder();
    const data = `${folder.path}/abc.com`;
    const alias = async (...words: readonly string[]) =>
      await runProgram(["alias", ...words, "--data", data], { ready: /never/ });
    assert.equal((await alias("add", "sales@abc.com", "alice@abc.com")).status, EXIT.noInput);
    {
      await using _server = await startProgram([
        ...["--port", "0", "--domain", "abc.com", "--data", data, "--user", "alice:secret"],
      ]);
      const first = await alias("add", "sales", "alice", "bob", "carol@xyz.com");
      assert.deepEqual([first.status, first.output, first.errors], [
        EXIT.done,
        "",
        "sales@abc.com -> alice@abc.com, bob@abc.com, carol@xyz.com\n" +
        "There is nobody with the address bob@abc.com yet.\n",
      ]);
      const team = await alias("add", "team", "alice", "carol@xyz.com", "--owner", "alice");
      assert.equal(
        team.errors,
        "team@abc.com -> alice@abc.com, carol@xyz.com (list of alice@abc.com)\n",
      );
      const json = await alias("remove", "sales", "carol@xyz.com", "bob", "--json");
      assert.equal(json.output, '{"name":"sales@abc.com","targets":["alice@abc.com"]}\n');
    }
    const list = await alias("list");
    assert.equal(
      list.output,
      "sales@abc.com -> alice@abc.com\n" +
        "team@abc.com -> alice@abc.com, carol@xyz.com (list of alice@abc.com)\n",
    );
    const lines = (await alias("list", "--json")).output.trimEnd().split("\n");
    assert.deepEqual(JSON.parse(lines[1]!), {
      name: "team@abc.com",
      targets: ["alice@abc.com", "carol@xyz.com"],
      owner: "alice@abc.com",
    });
    const removed = await runProgram(["user", "remove", "alice@abc.com", "--data", data], {
      ready: /never/,
    });
    assert.match(removed.errors, /^alice@abc\.com was removed, with all mail\nThe alias sales@/);
    assert.equal((await alias("remove", "team@abc.com")).errors, "team@abc.com was removed\n");
    assert.equal((await alias("remove", "sales@abc.com")).status, EXIT.done);
    assert.equal((await alias("list")).errors, "There are no aliases.\n");
    const unknown = await alias("remove", "team@abc.com");
    assert.deepEqual([unknown.status, unknown.failure], [
      EXIT.noSuchRecipient,
      "there is no alias team@abc.com",
    ]);
  },
});
