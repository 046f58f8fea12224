/** The ends of lines: CRLF in mail (RFC 5322 §2.1), LF in files of most systems. */
import { CR, LF } from "../wire/bytes.ts";

/** Every LF has a CR in front of it; other CRs stay as they are. */
export function toCrlf(bytes: Uint8Array): Uint8Array {
  let bare = 0;
  for (let at = bytes.indexOf(LF); at !== -1; at = bytes.indexOf(LF, at + 1)) {
    if (bytes[at - 1] !== CR) bare++;
  }
  if (bare === 0) return bytes;
  const result = new Uint8Array(bytes.length + bare);
  let [from, end] = [0, 0];
  for (let at = bytes.indexOf(LF); at !== -1; at = bytes.indexOf(LF, at + 1)) {
    if (bytes[at - 1] === CR) continue;
    result.set(bytes.subarray(from, at), end);
    end += at - from;
    result[end++] = CR;
    from = at;
  }
  result.set(bytes.subarray(from), end);
  return result;
}

/** Every CRLF becomes an LF; other CRs stay as they are. */
export function toLf(bytes: Uint8Array): Uint8Array {
  const result = new Uint8Array(bytes.length);
  let [from, end] = [0, 0];
  for (let at = bytes.indexOf(LF); at !== -1; at = bytes.indexOf(LF, at + 1)) {
    if (at === 0 || bytes[at - 1] !== CR) continue;
    result.set(bytes.subarray(from, at - 1), end);
    end += at - 1 - from;
    from = at;
  }
  result.set(bytes.subarray(from), end);
  return result.subarray(0, end + bytes.length - from);
}
