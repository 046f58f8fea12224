/** The identifier of a message, RFC 5322 §3.6.4, as people and programs look for it. */
import { firstValue, parseHeader } from "./header.ts";

/** RFC 5322 §2.1.1: a line has at most 998 characters, so a longer identifier is none. */
const MESSAGE_ID_CHARACTERS_MAX = 998;

/**
 * What stands between the angle brackets of a Message-ID; where there are none, all that is there.
 * `null` where nothing is, or more than can be kept.
 */
export function messageIdOf(text: string): string | null {
  const id = /<([^<>]*)>/.exec(text)?.[1] ?? text;
  const bare = id.replace(/\s+/g, "");
  return bare === "" || bare.length > MESSAGE_ID_CHARACTERS_MAX ? null : bare;
}

/** The identifier in the header of a message, or of its beginning; `null` where there is none. */
export function messageIdIn(content: Uint8Array): string | null {
  const value = firstValue(parseHeader(content), "Message-ID");
  return value === null ? null : messageIdOf(value);
}
