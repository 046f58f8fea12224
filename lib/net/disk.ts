/** How much room the disk has. */
import { statfsSync } from "node:fs";
import type { Disk } from "./world.ts";

/** Where nothing is kept on a disk. */
export const NO_DISK: Disk = { freeBytes: () => null };

/** The disk that a directory lies on. */
export function diskAt(directory: string): Disk {
  return { freeBytes: () => freeBytesAt(directory) };
}

/** How many bytes are free where a directory lies; `null` where it cannot be told. */
export function freeBytesAt(directory: string): number | null {
  return statisticsOf(directory)?.freeBytes ?? null;
}

/** How many bytes it has in all, used and free; `null` where it cannot be told. */
export function diskBytes(directory: string): number | null {
  return statisticsOf(directory)?.bytes ?? null;
}

/**
 * It needs `--allow-sys=statfs`; who runs the program without it is not asked for it, and goes
 * without the answer. Free is what an ordinary user may still use.
 */
function statisticsOf(directory: string): { bytes: number; freeBytes: number } | null {
  try {
    if (Deno.permissions.querySync(STATFS).state !== "granted") return null;
    const { bsize, blocks, bavail } = statfsSync(directory);
    return { bytes: bsize * blocks, freeBytes: bsize * bavail };
  } catch {
    // Some file systems do not say, and the directory may be gone.
    return null;
  }
}

const STATFS = { name: "sys", kind: "statfs" } as const;
