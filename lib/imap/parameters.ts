/** Parameters that were cut in pieces or encoded (RFC 2231), as BODYSTRUCTURE shows them. */
import { decoderOf } from "../mail/charset.ts";
import type { Parameter } from "../mail/mime.ts";
import { concat, encode } from "../wire/bytes.ts";

/**
 * RFC 9051 §7.5.2: pieces are joined under their name, with an asterisk behind it where any of them
 * was encoded: then the whole is `decoded` into UTF-8, or stays encoded as RFC 2231 §4 has it.
 */
export function joinedParameters(
  parameters: readonly Parameter[],
  options: { readonly decoded: boolean },
): readonly Parameter[] {
  const pieces = new Map<string, Map<number, Piece>>();
  const joined: Parameter[] = [];
  for (const [name, value] of parameters) {
    const found = /^([^*]+)(?:\*([0-9]{1,4}))?(\*)?$/.exec(name);
    if (found === null || (found[2] === undefined && found[3] === undefined)) {
      joined.push([name, value]);
      continue;
    }
    const base = found[1]!;
    const known = pieces.get(base) ?? new Map<number, Piece>();
    pieces.set(base, known);
    known.set(Number(found[2] ?? 0), { value, encoded: found[3] !== undefined });
  }
  return [...joined, ...[...pieces].map(([base, known]) => wholeOf(base, known, options))];
}

interface Piece {
  readonly value: string;
  readonly encoded: boolean;
}

function wholeOf(
  base: string,
  known: ReadonlyMap<number, Piece>,
  { decoded }: { readonly decoded: boolean },
): Parameter {
  const ordered = [...known].sort(([a], [b]) => a - b).map(([, piece]) => piece);
  if (!ordered.some(({ encoded }) => encoded)) {
    return [base, ordered.map(({ value }) => value).join("")];
  }
  if (!decoded) return [`${base}*`, ordered.map(encoded).join("")];
  const [first, ...rest] = ordered;
  // RFC 2231 §4: charset and language stand in front of the first piece.
  const marked = first!.encoded ? /^([^']*)'[^']*'(.*)$/s.exec(first!.value) : null;
  const bytes = concat([
    octets(marked === null ? first! : { value: marked[2]!, encoded: true }),
    ...rest.map(octets),
  ]);
  return [`${base}*`, (decoderOf(marked?.[1] ?? "") ?? new TextDecoder()).decode(bytes)];
}

/** As in a parameter with one piece: charset and language first, and no `%` that means itself. */
function encoded(piece: Piece, at: number): string {
  const text = piece.encoded ? piece.value : piece.value.replaceAll("%", "%25");
  return at === 0 && !piece.encoded ? `''${text}` : text;
}

/** RFC 2231 §4: `%` and two digits are an octet; what is no such thing stands for itself. */
function octets({ value, encoded }: Piece): Uint8Array {
  if (!encoded) return encode(value);
  const runs = value.split(/((?:%[0-9A-Fa-f]{2})+)/);
  return concat(
    runs.map((run, at) => at % 2 === 0 ? encode(run) : Uint8Array.fromHex(run.replaceAll("%", ""))),
  );
}
