/** The disk that the data lies on, and how much of it has to stay free. */
import { DEFAULT_FREE_BYTES } from "../config.ts";
import { diskAt, diskBytes } from "../net/disk.ts";
import type { World } from "../net/world.ts";
import { MEMORY } from "./data_directory.ts";

/** Of a small disk, the default must leave most to the mail. */
const SHARE_FREE = 1 / 8;

/**
 * The world with the disk of the data, and what is to stay free there: what was `said`, else the
 * default, or a share of a disk that is so small. `bytes` says how large it is; `null`: unknown.
 */
export function fittingDisk(
  world: World,
  data: string,
  said: number | undefined,
  bytes: (directory: string) => number | null = diskBytes,
): { readonly world: World; readonly freeBytesMin: number } {
  if (data === MEMORY) return { world, freeBytesMin: said ?? DEFAULT_FREE_BYTES };
  const share = Math.floor((bytes(data) ?? Infinity) * SHARE_FREE);
  const freeBytesMin = said ?? Math.min(DEFAULT_FREE_BYTES, share);
  return { world: { ...world, disk: diskAt(data) }, freeBytesMin };
}
