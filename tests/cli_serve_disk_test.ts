import assert from "$assert";
import { fittingDisk } from "../lib/cli/serve_disk.ts";
import { DEFAULT_FREE_BYTES } from "../lib/config.ts";
import { fakeWorld } from "./fake_world.ts";

const MIB = 1024 * 1024;

const SIZES: readonly (readonly [
  said: number | undefined,
  disk: number | null,
  freeBytesMin: number,
])[] = [
  [undefined, 1024 * MIB, DEFAULT_FREE_BYTES],
  [undefined, 512 * MIB, DEFAULT_FREE_BYTES],
  [undefined, 8 * MIB, MIB],
  [undefined, null, DEFAULT_FREE_BYTES],
  [7, 8 * MIB, 7],
  [0, 8 * MIB, 0],
  [1024 * MIB, 8 * MIB, 1024 * MIB],
];

for (const [said, disk, freeBytesMin] of SIZES) {
  Deno.test(`--min-free-bytes ${said} on a disk of ${disk} bytes is ${freeBytesMin}`, () => {
    const fitting = fittingDisk(fakeWorld(), "/data", said, () => disk);
    assert.equal(fitting.freeBytesMin, freeBytesMin);
  });
}

Deno.test("a store in memory keeps the world's own disk", () => {
  const world = fakeWorld();
  assert.equal(fittingDisk(world, "memory:", undefined).world, world);
  assert.notEqual(fittingDisk(world, "/data", undefined, () => null).world.disk, world.disk);
});
