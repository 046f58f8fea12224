/** The password of an account that is made or changed. */
import type { Ask } from "./ask.ts";
import { EXIT, Failure } from "./fail.ts";
import type { Streams } from "./io.ts";

export interface NewPassword {
  readonly streams: Streams;
  readonly ask: Ask | null;
  /** Whose it is. */
  readonly name: string;
  /** What to do where nobody can be asked: one sentence. */
  readonly otherwise: string;
}

/**
 * Asks for it twice, because nobody sees what is typed, until both are the same.
 * @throws {Failure} `usage` where nobody can be asked
 */
export async function askNewPassword(options: NewPassword): Promise<string> {
  const { streams, ask, name, otherwise } = options;
  if (ask === null) throw new Failure(EXIT.usage, otherwise);
  for (;;) {
    const password = await ask.password(`New password for ${name}`);
    if (await ask.password("The same once more") === password) return password;
    streams.errors.write("These were not the same. Again:\n");
  }
}
