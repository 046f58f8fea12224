/** The files that people name, each of which is a message to send. */
import { EXIT, Failure } from "./fail.ts";
import { entriesOf, isEml, statOf } from "./import_sources.ts";

/**
 * Their paths: files as they were named, and of a folder the .eml files, by name, with those of the
 * folders below it. Only names are kept, so there may be many.
 * @throws {Failure} `noInput` when one is not there, or a folder has no .eml files
 */
export async function messageFiles(named: readonly string[]): Promise<readonly string[]> {
  const paths: string[] = [];
  for (const path of named) {
    const { isDirectory } = await statOf(path);
    const before = paths.length;
    if (!isDirectory) paths.push(path);
    else for await (const file of emlFiles(path.replace(/(?<=.)\/+$/, ""))) paths.push(file);
    if (paths.length === before) {
      throw new Failure(EXIT.noInput, `${path} has no files in it whose names end with .eml`);
    }
  }
  return paths;
}

async function* emlFiles(folder: string): AsyncGenerator<string> {
  const { files, folders } = await entriesOf(folder);
  for (const name of files.filter(isEml)) yield `${folder}/${name}`;
  for (const name of folders) if (!name.startsWith(".")) yield* emlFiles(`${folder}/${name}`);
}
