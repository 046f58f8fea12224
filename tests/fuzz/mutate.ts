/**
 * Makes inputs that are nearly right: the ones that find bugs. Everything follows from one seed.
 */
import { concat, encode } from "../../lib/wire/bytes.ts";

/** Numbers that look random and are the same for the same seed. */
export interface SeededRandom {
  /** A whole number from 0 up to, not including, `count`. */
  below(count: number): number;
  pick<T>(from: readonly T[]): T;
}

/** xorshift over 32 bits; the seed and the text choose where it starts. */
export function seededRandom(seed: number, text = ""): SeededRandom {
  let state = (seed ^ 0x9e3779b9) >>> 0;
  for (const byte of encode(text)) state = (Math.imul(state ^ byte, 0x01000193) + 1) >>> 0;
  const below = (count: number) => {
    if (state === 0) state = 0x9e3779b9;
    state ^= state << 13;
    state ^= state >>> 17;
    state = (state ^ (state << 5)) >>> 0;
    return state % count;
  };
  return { below, pick: (from) => from[below(from.length)]! };
}

/** Pieces of mail's grammars, which chance alone would hardly ever put together. */
const TOKENS: readonly Uint8Array[] = [
  "\r\n",
  "\n",
  "\r",
  "\r\n.\r\n",
  "\n.\n",
  "\r\n..\r\n",
  "\0",
  " ",
  "\t",
  "<",
  ">",
  "@",
  ":",
  ";",
  '"',
  "\\",
  "(",
  ")",
  "[",
  "]",
  "{",
  "}",
  "*",
  "+",
  "-",
  "=",
  "%",
  "<>",
  "[IPv6:::1]",
  "0",
  "4294967296",
  "99999999999999999999",
  "-1",
  "HELO x\r\n",
  "EHLO x\r\n",
  "MAIL FROM:<a@b.c>\r\n",
  "RCPT TO:<a@b.c>\r\n",
  "DATA\r\n",
  "RSET\r\n",
  "QUIT\r\n",
  "AUTH PLAIN ",
  "AGEAYg==",
  " SIZE=",
  " BODY=8BITMIME",
  "USER a\r\n",
  "PASS b\r\n",
  "RETR 1\r\n",
  "TOP 1 0\r\n",
  "Content-Type: multipart/mixed; boundary=x\r\n",
  "\r\n--x\r\n",
  "\r\n--x--\r\n",
  "=?utf-8?q?",
  "?=",
  "ä",
  "\u{1F4E7}",
].map(encode).concat([new Uint8Array([0xff]), new Uint8Array([0xc3]), new Uint8Array([0x80])]);

/** What a mutation may grow an input to: long lines and many commands, but many runs a second. */
const INPUT_BYTES_MAX = 64 * 1024;

type Mutation = (input: Uint8Array, seeds: readonly Uint8Array[], r: SeededRandom) => Uint8Array;

const MUTATIONS: readonly Mutation[] = [
  flipBit,
  setByte,
  insertToken,
  overwriteToken,
  remove,
  duplicate,
  repeatByte,
  truncate,
  splice,
];

/** A new input: one of the seeds, changed a few times; now and then it is made of nothing. */
export function mutate(seeds: readonly Uint8Array[], random: SeededRandom): Uint8Array {
  let input: Uint8Array = seeds.length === 0 || random.below(50) === 0
    ? Uint8Array.from({ length: random.below(64) }, () => random.below(256))
    : random.pick(seeds);
  for (let times = 1 + random.below(6); times > 0; times--) {
    input = random.pick(MUTATIONS)(input, seeds, random);
  }
  return input.slice(0, INPUT_BYTES_MAX);
}

function flipBit(input: Uint8Array, _: readonly Uint8Array[], random: SeededRandom): Uint8Array {
  if (input.length === 0) return input;
  const changed = input.slice();
  changed[random.below(changed.length)]! ^= 1 << random.below(8);
  return changed;
}

function setByte(input: Uint8Array, _: readonly Uint8Array[], random: SeededRandom): Uint8Array {
  if (input.length === 0) return input;
  const changed = input.slice();
  changed[random.below(changed.length)] = random.below(256);
  return changed;
}

function insertToken(input: Uint8Array, _: readonly Uint8Array[], r: SeededRandom): Uint8Array {
  const at = r.below(input.length + 1);
  return concat([input.subarray(0, at), r.pick(TOKENS), input.subarray(at)]);
}

function overwriteToken(input: Uint8Array, _: readonly Uint8Array[], r: SeededRandom): Uint8Array {
  const at = r.below(input.length + 1);
  const token = r.pick(TOKENS);
  return concat([input.subarray(0, at), token, input.subarray(at + token.length)]);
}

function remove(input: Uint8Array, _: readonly Uint8Array[], random: SeededRandom): Uint8Array {
  const [from, to] = range(input, random);
  return concat([input.subarray(0, from), input.subarray(to)]);
}

function duplicate(input: Uint8Array, _: readonly Uint8Array[], random: SeededRandom): Uint8Array {
  const [from, to] = range(input, random);
  const at = random.below(input.length + 1);
  return concat([input.subarray(0, at), input.subarray(from, to), input.subarray(at)]);
}

/** Lines and numbers that are far too long. */
function repeatByte(input: Uint8Array, _: readonly Uint8Array[], random: SeededRandom): Uint8Array {
  if (input.length === 0) return input;
  const at = random.below(input.length);
  const many = new Uint8Array(1 << random.below(13)).fill(input[at]!);
  return concat([input.subarray(0, at), many, input.subarray(at)]);
}

function truncate(input: Uint8Array, _: readonly Uint8Array[], random: SeededRandom): Uint8Array {
  return input.subarray(0, random.below(input.length + 1));
}

function splice(
  input: Uint8Array,
  seeds: readonly Uint8Array[],
  random: SeededRandom,
): Uint8Array {
  const other = seeds.length === 0 ? input : random.pick(seeds);
  const head = input.subarray(0, random.below(input.length + 1));
  return concat([head, other.subarray(random.below(other.length + 1))]);
}

function range(input: Uint8Array, random: SeededRandom): readonly [from: number, to: number] {
  const from = random.below(input.length + 1);
  return [from, from + random.below(input.length - from + 1)];
}
