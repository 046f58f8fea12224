/** TOML for files that people edit: configuration and contacts. The only user of smol-toml. */
import { parse, stringify, TomlError, type TomlTable } from "$toml";

export type { TomlTable, TomlValue } from "$toml";

/**
 * Reads a TOML document.
 * @throws {SyntaxError} that says in one line what is wrong, and on which line.
 */
export function parseToml(text: string): TomlTable {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    // The message goes on with an excerpt over several lines.
    const what = error.message.split("\n")[0]!.replace(/^Invalid TOML document: /, "");
    throw new SyntaxError(`line ${error.line}: ${what}`, { cause: error });
  }
}

/** Writes a table as a TOML document. */
export function formatToml(table: TomlTable): string {
  return stringify(table);
}
