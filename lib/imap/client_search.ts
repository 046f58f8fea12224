/** What a client searches for, as it is said (RFC 9051 §6.4.4). */
import { stringPiece } from "./client_dialogue.ts";
import type { Piece } from "./format.ts";
import type { SearchKey } from "./search_command.ts";

/** All of them have to be true of a message. */
export type WantedKey =
  | { readonly key: "NOT"; readonly not: WantedKey }
  | Extract<SearchKey, { readonly key: "FLAG" | "HEADER" | "BODY" | "TEXT" }>
  | Extract<SearchKey, { readonly key: "BEFORE" | "ON" | "SINCE" | "LARGER" | "SMALLER" }>;

/** Behind `SEARCH`; without a key, all messages. */
export function searchPieces(keys: readonly WantedKey[]): readonly Piece[] {
  if (keys.length === 0) return ["ALL"];
  const pieces = keys.flatMap(keyPieces);
  // RFC 9051 §6.4.4: UTF-8 is what a server of IMAP4rev2 takes it for; older ones have to be told.
  const named = pieces.some((piece) => typeof piece !== "string");
  return named ? ["CHARSET", "UTF-8", ...pieces] : pieces;
}

function keyPieces(key: WantedKey): readonly Piece[] {
  switch (key.key) {
    case "NOT":
      return ["NOT", ...keyPieces(key.not)];
    case "FLAG":
      return [flagKey(key.flag, key.set)];
    case "HEADER":
      return OWN_KEYS.has(key.field)
        ? [key.field.toUpperCase(), stringPiece(key.text)]
        : ["HEADER", stringPiece(key.field), stringPiece(key.text)];
    case "BODY":
    case "TEXT":
      return [key.key, stringPiece(key.text)];
    case "BEFORE":
    case "ON":
    case "SINCE":
      return [`${OF[key.of]}${key.key}`, dayText(key.day)];
    case "LARGER":
    case "SMALLER":
      return [key.key, `${key.bytes}`];
  }
}

const OWN_KEYS: ReadonlySet<string> = new Set(["from", "to", "cc", "bcc", "subject"]);
const OF = { received: "", sent: "SENT", saved: "SAVED" } as const;
const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

/** `SEEN`, `UNSEEN`; for a flag that the grammar does not name, `KEYWORD $Forwarded`. */
function flagKey(flag: string, set: boolean): string {
  const not = set ? "" : "UN";
  return flag.startsWith("\\") ? `${not}${flag.slice(1).toUpperCase()}` : `${not}KEYWORD ${flag}`;
}

/** RFC 9051 §9 `date`: `2026-05-21` as `21-May-2026`. */
function dayText(day: string): string {
  const [year, month, date] = day.split("-") as [string, string, string];
  return `${Number(date)}-${MONTHS[Number(month) - 1]}-${year}`;
}
