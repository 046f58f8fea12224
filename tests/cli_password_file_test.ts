import assert from "$assert";
import { EXIT, Failure } from "../lib/cli/fail.ts";
import { readPasswordFile } from "../lib/cli/password_file.ts";
import { canUseFiles, temporaryFolder } from "./support.ts";

Deno.test({
  name: "readPasswordFile takes the first line, and UTF-8 only",
  ignore: !canUseFiles,
  async fn() {
    await using folder = await temporaryFolder();
    const path = `${folder.path}/password`;
    const read = async (bytes: readonly number[]) => {
      await Deno.writeFile(path, Uint8Array.from(bytes));
      return await readPasswordFile(path);
    };
    assert.equal(await read([0x61, 0x20, 0x62]), "a b");
    assert.equal(await read([0x61, 0x0d, 0x0a, 0x62, 0x0a]), "a");
    assert.equal(await read([0xef, 0xbb, 0xbf, 0xc3, 0xbc, 0x0a]), "ü", "no byte order mark");
    for (const bytes of [[], [0x0a, 0x61], [0xfc, 0x0a]]) {
      await assert.rejects(
        read(bytes),
        (error: unknown) => error instanceof Failure && error.status === EXIT.badData,
        `${bytes}`,
      );
    }
  },
});
