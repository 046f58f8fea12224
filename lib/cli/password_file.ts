/** A password in a file, where neither a list of processes nor a shell's history shows it. */
import { decode } from "../wire/bytes.ts";
import { EXIT, Failure } from "./fail.ts";
import { readFile } from "./files.ts";

/**
 * The first line of the file, which is the password.
 * @throws {Failure} `noInput` when it cannot be read, `badData` when the line is empty
 */
export async function readPasswordFile(path: string): Promise<string> {
  const [password] = decode(await readFile(path)).split(/\r?\n/, 1) as [string];
  if (password !== "") return password;
  throw new Failure(EXIT.badData, `the first line of ${path} should be the password`);
}
