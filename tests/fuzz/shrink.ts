/** Makes an input as small as it can be for what it shows. */
import { concat } from "../../lib/wire/bytes.ts";

/**
 * Leaves out ever smaller pieces, then makes bytes dull, as long as `holds` says that the input
 * still shows what it should.
 */
export async function shrink(
  input: Uint8Array,
  holds: (candidate: Uint8Array) => Promise<boolean>,
  runsMax: number,
): Promise<Uint8Array> {
  let runs = 0;
  const accept = async (candidate: Uint8Array): Promise<boolean> => {
    if (runs++ >= runsMax || !await holds(candidate)) return false;
    input = candidate;
    return true;
  };
  for (let piece = input.length; piece >= 1; piece = Math.floor(piece / 2)) {
    for (let at = 0; at < input.length && runs < runsMax;) {
      // Where it goes, the next piece has moved to the same place.
      const without = concat([input.subarray(0, at), input.subarray(at + piece)]);
      if (!await accept(without)) at += piece;
    }
  }
  for (let at = 0; at < input.length && runs < runsMax; at++) {
    if (input[at] !== DULL) await accept(input.with(at, DULL));
  }
  return input;
}

const DULL = 97; // "a"
