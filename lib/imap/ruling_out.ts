/** What need not be read for a search: an index knows that it has not what a key looks for. */
import type { Step } from "../wire/session.ts";
import type { ImapBackend, RuledOut, TextPlace } from "./backend.ts";
import { folded, type SearchSetting, type TextKey } from "./search.ts";
import type { SearchKey } from "./search_command.ts";
import { ask, type Selected } from "./serving.ts";

/** To read so few messages takes no longer than to ask. */
const READ_AT_ONCE = 10;
/** Keys of one search for which the index is asked; the first ones rule out the most. */
export const KEYS_ASKED_MAX = 20;

/** Asks for the keys that look into the content, where so many messages would have to be read. */
export function* rulingOut(
  { mailbox }: Pick<Selected, "mailbox">,
  keys: SearchKey,
  messages: number,
): Step<ImapBackend, SearchSetting["isRuledOut"]> {
  const known = new Map<TextKey, RuledOut>();
  if (messages <= READ_AT_ONCE) return () => false;
  for (const key of [...textKeys(keys)].slice(0, KEYS_ASKED_MAX)) {
    const { texts, within } = wantedBy(key);
    const isRuledOut = yield* ask(() => mailbox.without(texts, within));
    if (isRuledOut !== null) known.set(key, isRuledOut);
  }
  return (key, uid) => known.get(key)?.(uid) ?? false;
}

function* textKeys(key: SearchKey): Iterable<TextKey> {
  switch (key.key) {
    case "AND":
      for (const each of key.keys) yield* textKeys(each);
      return;
    case "OR":
      yield* textKeys(key.either);
      yield* textKeys(key.or);
      return;
    case "NOT":
      yield* textKeys(key.not);
      return;
    case "HEADER":
    case "BODY":
    case "TEXT":
      yield key as TextKey;
  }
}

/** What the texts of a message must have for the key to fit: all of these, and perhaps more. */
function wantedBy(key: TextKey): { readonly texts: readonly string[]; readonly within: TextPlace } {
  const text = folded(key.text);
  switch (key.key) {
    case "HEADER": // the field stands there by its name, before its value
      return { texts: [folded(`${key.field.toLowerCase()}: `), text], within: "header" };
    case "BODY":
      return { texts: [text], within: "body" };
    case "TEXT":
      return { texts: [text], within: "whole" };
  }
}
