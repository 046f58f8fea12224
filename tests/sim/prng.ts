/** Chance from a seed. Streams with names of their own do not disturb one another. */
import type { Random } from "../../lib/net/world.ts";

export interface Prng extends Random {
  /** A whole number from 0 up to, and without, `count`. */
  below(count: number): number;
  /** A whole number from `least` to `most`, both included. */
  between(least: number, most: number): number;
  chance(probability: number): boolean;
  /** One of several; there has to be one. */
  pick<T>(list: readonly T[]): T;
  /** The same things in another order. */
  shuffled<T>(list: readonly T[]): readonly T[];
}

/** The stream of this name: the same for the same seed, whatever else was drawn. */
export function createPrng(seed: number, name: string): Prng {
  const fraction = mulberry32(hash(`${seed}/${name}`));
  const below = (count: number) => Math.floor(fraction() * count);
  return {
    fraction,
    below,
    bytes: (count) => Uint8Array.from({ length: count }, () => below(256)),
    between: (least, most) => least + below(most - least + 1),
    chance: (probability) => fraction() < probability,
    pick(list) {
      if (list.length === 0) throw new Error("there is nothing to pick from");
      return list[below(list.length)]!;
    },
    shuffled(list) {
      return list.map((each) => [fraction(), each] as const)
        .toSorted(([a], [b]) => a - b)
        .map(([, each]) => each);
    },
  };
}

/** Small, and good enough for choices. */
function mulberry32(start: number): () => number {
  let state = start >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** FNV-1a, mixed once more, so that neighbouring seeds have nothing in common. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) {
    value = Math.imul(value ^ text.charCodeAt(at), 0x01000193);
  }
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}
