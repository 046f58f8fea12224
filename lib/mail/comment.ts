/** Comments in structured fields, RFC 5322 §3.2.2. */

/**
 * The text with a blank in the place of each comment. They may be nested, and what is in quotes is
 * none. One that is never closed reaches to the end.
 */
export function withoutComments(text: string): string {
  let kept = "";
  let copied = 0;
  let depth = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === "\\") at++; // RFC 5322 §3.2.1: it takes the meaning from the next one
    else if (depth === 0 && character === '"') quoted = !quoted;
    else if (quoted) continue;
    else if (character === "(") {
      if (depth++ === 0) kept += text.slice(copied, at);
    } else if (character === ")" && depth > 0 && --depth === 0) {
      kept += " ";
      copied = at + 1;
    }
  }
  return depth > 0 ? kept : kept + text.slice(copied);
}
