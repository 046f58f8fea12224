/** Arguments that several commands have. */
import { malformed } from "./error.ts";
import type { Reader } from "./parse.ts";

/** A flag as it is kept: the system's in RFC 9051 §2.3.2's spelling, keywords as they were said. */
export function normalFlag(flag: string): string {
  if (!flag.startsWith("\\")) return flag;
  return `\\${flag.charAt(1).toUpperCase()}${flag.slice(2).toLowerCase()}`;
}

/** RFC 9394 §4 `partial-range`. */
export function parsePartial(reader: Reader): { readonly from: number; readonly to: number } {
  const first = signed(reader);
  reader.expect(":");
  const second = signed(reader);
  if (first < 0 !== second < 0) throw malformed("both ends count from the same side");
  const [from, to] = [first, second].sort((a, b) => Math.abs(a) - Math.abs(b));
  return { from: from!, to: to! };
}

function signed(reader: Reader): number {
  return reader.skip("-") ? -reader.nzNumber() : reader.nzNumber();
}
