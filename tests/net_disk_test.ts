import assert from "$assert";
import { diskAt, diskBytes, freeBytesAt, NO_DISK } from "../lib/net/disk.ts";
import { canRun, temporaryFolder } from "./support.ts";

Deno.test(
  "a disk says how much of it is free, and how large it is",
  { ignore: !canRun },
  async () => {
    await using folder = await temporaryFolder();
    const free = await diskAt(folder.path).freeBytes();
    const all = diskBytes(folder.path);
    assert.ok(free !== null && all !== null && free > 0 && free <= all, `${free} of ${all}`);
    assert.equal(
      freeBytesAt(`${folder.path}/none`),
      null,
      "a directory that is not there has none",
    );
  },
);

Deno.test("where nothing is kept on a disk, nobody knows how full it is", async () => {
  assert.equal(await NO_DISK.freeBytes(), null);
});

Deno.test({
  name: "a disk is not asked without the permission for it",
  // Only what the whole run may can be given to a test: under `--allow-net` alone, no reading.
  ignore: !canRun,
  permissions: { read: true },
  fn: () => assert.equal(freeBytesAt("."), null),
});
