/** In which languages the server speaks to people, RFC 6856 §3. */

/** A language that can be chosen. */
export interface Language {
  /** RFC 5646. */
  readonly tag: string;
  /** What it is called in that language. */
  readonly name: string;
}

/** Those that there are; the first one is spoken until another is chosen. */
export const LANGUAGES: readonly [Language, ...Language[]] = [{ tag: "en", name: "English" }];

/**
 * The language that a range asks for, in any case: `*` the first one, `en-GB` also `en`, for that
 * is nearer than nothing (RFC 4647 §3.4). `null` when there is none.
 */
export function languageOf(range: string): Language | null {
  if (range === "*") return LANGUAGES[0];
  const asked = range.toLowerCase();
  // RFC 4647 §3.4: subtags are taken off from the end.
  return LANGUAGES.find(({ tag }) => asked === tag || asked.startsWith(`${tag}-`)) ?? null;
}
