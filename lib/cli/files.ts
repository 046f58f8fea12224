/** Files that people name on the command line, with failures in their words. */
import { EXIT, Failure } from "./fail.ts";

/**
 * A whole file.
 * @throws {Failure} `noInput` when it is not there or cannot be read.
 */
export async function readFile(path: string): Promise<Uint8Array> {
  try {
    return await Deno.readFile(path);
  } catch (error) {
    throw new Failure(EXIT.noInput, `cannot read ${path}: ${reasonOf(error)}`, { cause: error });
  }
}

/** Like {@linkcode readFile}, but `null` when it is not there. */
export async function readFileIfThere(path: string): Promise<Uint8Array | null> {
  try {
    return await Deno.readFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw new Failure(EXIT.noInput, `cannot read ${path}: ${reasonOf(error)}`, { cause: error });
  }
}

/**
 * Writes a file that only its owner may read (mode 0600), all of it or nothing: whoever reads it
 * sees the old content or the new, also after a crash. The folder is made when it is missing.
 * @throws {Failure} `cannotCreate`
 */
export async function replaceFile(path: string, content: string): Promise<void> {
  const folder = path.replace(/\/[^/]*$/, "") || "/";
  const temporary = `${path}.new`;
  try {
    await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
    {
      using file = await Deno.open(temporary, {
        write: true,
        create: true,
        truncate: true,
        mode: 0o600,
      });
      const bytes = new TextEncoder().encode(content);
      for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
      await file.sync();
    }
    await Deno.rename(temporary, path);
  } catch (error) {
    throw new Failure(EXIT.cannotCreate, `cannot write ${path}: ${reasonOf(error)}`, {
      cause: error,
    });
  }
}

/**
 * Writes a new file that only its owner may read. Gives `false`, and touches nothing, where there
 * is something of that name already, a link that leads nowhere among them.
 * @throws {Failure} `cannotCreate`
 */
export async function createFile(path: string, content: Uint8Array): Promise<boolean> {
  try {
    await Deno.writeFile(path, content, { createNew: true, mode: 0o600 });
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return false;
    throw new Failure(EXIT.cannotCreate, `cannot write ${path}: ${reasonOf(error)}`, {
      cause: error,
    });
  }
}

/** Makes a folder where it is missing. @throws {Failure} `cannotCreate` */
export async function makeFolder(path: string): Promise<void> {
  try {
    await Deno.mkdir(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new Failure(EXIT.cannotCreate, `cannot make the folder ${path}: ${reasonOf(error)}`, {
      cause: error,
    });
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "there is no such file";
  if (error instanceof Deno.errors.PermissionDenied) return "permission denied";
  if (error instanceof Deno.errors.IsADirectory) return "it is a folder";
  if (error instanceof Deno.errors.NotADirectory) return "a part of the path is no folder";
  return error instanceof Error ? error.message : String(error);
}
