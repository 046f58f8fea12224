/** A password in a file, where neither a list of processes nor a shell's history shows it. */
import { decodeUtf8 } from "../wire/bytes.ts";
import { EXIT, Failure } from "./fail.ts";
import { readFile } from "./files.ts";

/**
 * The first line of the file, which is the password.
 * @throws {Failure} `noInput` when it cannot be read, `badData` when it is not UTF-8 or the line is
 * empty
 */
export async function readPasswordFile(path: string): Promise<string> {
  const text = decodeUtf8(await readFile(path));
  // Replaced, all bytes of another encoding would become the same character, and open the account.
  if (text === null) throw new Failure(EXIT.badData, `${path} is not UTF-8 text`);
  const [password] = text.split(/\r?\n/, 1) as [string];
  if (password !== "") return password;
  throw new Failure(EXIT.badData, `the first line of ${path} should be the password`);
}
