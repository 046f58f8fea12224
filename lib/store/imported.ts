/** What an import takes: the same for all stores. */

/** Which of these are to be taken: their keys are not known, and did not stand in front of them. */
export function newKeys(
  messages: readonly { readonly key: Uint8Array }[],
  isKnown: (key: Uint8Array) => boolean,
): readonly boolean[] {
  const seen = new Set<string>();
  return messages.map(({ key }) => {
    const name = key.toHex();
    const isNew = !seen.has(name) && !isKnown(key);
    seen.add(name);
    return isNew;
  });
}
