/** Names of mailboxes as names of files and folders, and back. */
import { canonical, decodeUtf7, encodeUtf7, SEPARATOR } from "../imap/mailbox_name.ts";

/** A path below some folder, one name for each level; no level leads anywhere else. */
export function pathOfMailbox(name: string): string {
  return name.split(SEPARATOR).map(fileName).join("/");
}

/** The name of a level that {@linkcode pathOfMailbox} wrote, or somebody else. */
export function levelOfFile(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name; // a per cent sign of somebody else
  }
}

/** Maildir++: all levels in one name, with a dot in front of each. */
export function maildirFolder(name: string): string {
  // A dot within a level would be taken for the next one; others write it so, too.
  const levels = name.split(SEPARATOR).map((level) => encodeUtf7(level).replaceAll(".", DOT));
  return levels.map((level) => `.${level}`).join("");
}

/** The mailbox of a folder `.Work.2026`. */
export function mailboxOfMaildir(folder: string): string {
  const levels = folder.slice(1).split(".").map((level) => {
    const parts = level.split(DOT);
    return parts.map((part) => decodeUtf7(part) ?? part).join(".");
  });
  return canonical(levels.join(SEPARATOR));
}

/** A dot in modified UTF-7, which needs no such form for it. */
const DOT = "&AC4-";

/**
 * What a file system, a shell, Windows, or our own import would take for something else is written
 * as `%2F`.
 */
function fileName(level: string): string {
  return level.replace(
    /[\p{Cc}%<>:"\\|?*/]|^[.~]|[. ]$|\.(?=sbd$)/gu,
    (character) =>
      [...new TextEncoder().encode(character)].map((byte) =>
        `%${byte.toString(16).toUpperCase().padStart(2, "0")}`
      ).join(""),
  );
}
