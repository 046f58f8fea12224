/**
 * What was made of the content of messages (ENVELOPE, BODYSTRUCTURE, fields of headers), in memory:
 * to make it anew takes ten times as long, and clients ask for the same again. A message never
 * changes, so what is kept stays true; it may be forgotten at any time.
 */
export interface KeptTexts {
  get(key: string): string | null;
  set(key: string, text: string): void;
}

/** Characters of all keys and texts; the envelopes of some ten thousand messages. */
export const KEPT_TEXTS_CHARACTERS_MAX = 16 * 1024 * 1024;

/**
 * Two halves: what is asked for is in the younger one, and when that is full, the older one is
 * forgotten as a whole. `charactersMax` is for tests.
 */
export function createKeptTexts(charactersMax: number = KEPT_TEXTS_CHARACTERS_MAX): KeptTexts {
  let younger = new Map<string, string>();
  let older = new Map<string, string>();
  let characters = 0;

  function set(key: string, text: string): void {
    const more = key.length + text.length;
    if (more > charactersMax / 2) return;
    if (characters + more > charactersMax / 2) {
      older = younger;
      younger = new Map();
      characters = 0;
    }
    younger.set(key, text);
    characters += more;
  }

  return {
    get(key) {
      const found = younger.get(key);
      if (found !== undefined) return found;
      const old = older.get(key);
      if (old === undefined) return null;
      set(key, old);
      return old;
    },
    set,
  };
}
