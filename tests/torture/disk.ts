/**
 * A disk that is small enough to be filled: a tmpfs, where this process may mount one; else the
 * system's limit for the size of files, which makes writes fail.
 */

export interface SmallDisk extends AsyncDisposable {
  readonly path: string;
  /** What it is, for people. */
  readonly words: string;
  /** What a server is told about it. */
  readonly flags: readonly string[];
  /** Leaves so many bytes of it, by default none. */
  fill(leftBytes?: number): Promise<void>;
  /** Undoes that. */
  free(): Promise<void>;
  /** From now on it cannot be written. */
  protect(): Promise<void>;
}

const DISK_BYTES = 96 * 1024 * 1024;
/**
 * Mail is put off below this. What is left is for deliveries, reports and deletions, and for the
 * log of each database, which has to find room twice: as it grows, and when it goes into the
 * database.
 */
const RESERVE_BYTES = 24 * 1024 * 1024;
/** So long the disk is full, and then not. */
const FULL_MS = 700;
const FREE_MS = 1_500;

/** `null` where mounting is not allowed. */
export async function mountSmallDisk(path: string): Promise<SmallDisk | null> {
  await Deno.mkdir(path);
  if (!await run("mount", "-t", "tmpfs", "-o", `size=${DISK_BYTES}`, "tmpfs", path)) return null;
  const ballast = `${path}/ballast`;
  return {
    path,
    words: `a tmpfs of ${DISK_BYTES / 1024 / 1024} MiB`,
    flags: ["--min-free-bytes", `${RESERVE_BYTES}`],
    fill: (leftBytes = 0) => fill(ballast, leftBytes),
    free: () => Deno.remove(ballast),
    protect: async () => void await run("mount", "-o", "remount,ro", path),
    [Symbol.asyncDispose]: async () => void await run("umount", "--lazy", path),
  };
}

/**
 * In place of a disk: each server in `path` may write its files up to their first half megabyte,
 * whatever its database needs. Its command has to go through {@linkcode ignoringLimit}.
 */
export function limitFiles(path: string): SmallDisk {
  const limit = async (bytes: string) => {
    for (const side of ["abc", "xyz"]) {
      const [pid = ""] = (await Deno.readTextFile(`${path}/${side}/lock`)).split("\n");
      // It may have ended meanwhile; the next one has no limit until the next time.
      await run("prlimit", "--pid", pid, `--fsize=${bytes}:unlimited`);
    }
  };
  return {
    path,
    words: "files that may not grow (a small disk cannot be mounted here)",
    flags: [],
    fill: () => limit(`${FILE_BYTES_MAX}`),
    free: () => limit("unlimited"),
    protect: () => limit("0"),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

const FILE_BYTES_MAX = 512 * 1024;

/** A write beyond the limit fails, where the signal for it does not end the process. */
export function ignoringLimit(
  command: readonly [string, ...string[]],
): readonly [string, ...string[]] {
  return ["sh", "-c", `trap '' XFSZ; exec "$0" "$@"`, ...command];
}

async function run(program: string, ...args: readonly string[]): Promise<boolean> {
  try {
    return (await new Deno.Command(program, { args: [...args], stderr: "null" }).output()).success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/**
 * Fills the disk to its last byte again and again, or only to below the reserve; gives how often.
 */
export async function fillDisk(disk: SmallDisk, over: () => boolean): Promise<number> {
  let fillings = 0;
  while (!over()) {
    await new Promise((resolve) => setTimeout(resolve, FREE_MS));
    if (over()) break;
    await disk.fill(fillings % 3 === 0 ? RESERVE_BYTES / 2 : 0);
    fillings++;
    await new Promise((resolve) => setTimeout(resolve, FULL_MS));
    await disk.free();
  }
  return fillings;
}

/** Until the disk is full; then cut to what is to be left. */
async function fill(path: string, leftBytes: number): Promise<void> {
  using file = await Deno.open(path, { write: true, create: true, truncate: true });
  const block = new Uint8Array(64 * 1024);
  let bytes = 0;
  try {
    for (;;) bytes += await file.write(block);
  } catch (error) {
    // Deno has no class for ENOSPC.
    if (!/No space left/.test(String(error))) throw error;
  }
  await file.truncate(Math.max(0, bytes - leftBytes));
}
