/** The file of the index of texts: nothing is lost with it, and no copy of a store needs it. */

/** In the data directory. */
export const INDEX = "search.db";
/** All that SQLite makes of it. */
export const INDEX_FILES: readonly string[] = [INDEX, `${INDEX}-wal`, `${INDEX}-shm`];

/** Makes the file where it is missing, and not SQLite, which would let others read it. */
export function reserveIndex(directory: string): void {
  const options = { read: true, write: true, create: true, mode: 0o600 };
  Deno.openSync(`${directory}/${INDEX}`, options).close();
}

export function removeIndex(directory: string): void {
  for (const name of INDEX_FILES) {
    try {
      Deno.removeSync(`${directory}/${name}`);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}
