/** GETMETADATA and SETMETADATA as they are said (RFC 5464 §4). */
import { malformed } from "./error.ts";
import type { Reader } from "./parse.ts";

export type MetadataCommand =
  | {
    readonly verb: "GETMETADATA";
    readonly mailbox: string;
    readonly entries: readonly string[];
    readonly bytesMax: number | null;
    readonly depth: "0" | "1" | "infinity";
  }
  | {
    readonly verb: "SETMETADATA";
    readonly mailbox: string;
    readonly entries: readonly (readonly [name: string, value: Uint8Array | null])[];
  };

/** Entries in one command. */
export const METADATA_ENTRIES_MAX = 100;

/**
 * Behind `GETMETADATA`. RFC 5464 §5: options stand in front of the mailbox; in the examples of
 * §4.2.1 behind it, and there are clients of both kinds.
 */
export function parseGetMetadata(reader: Reader, utf8: boolean): MetadataCommand {
  reader.space();
  const before = parseMetadataOptions(reader);
  const mailbox = reader.mailbox(utf8);
  reader.space();
  const { bytesMax, depth } = before ?? parseMetadataOptions(reader) ??
    { bytesMax: null, depth: "0" };
  const entries = reader.sees("(")
    ? reader.list(() => askedName(reader), { least: 1, most: METADATA_ENTRIES_MAX })
    : [askedName(reader)];
  return { verb: "GETMETADATA", mailbox, entries, bytesMax, depth };
}

type MetadataOptions = Pick<
  MetadataCommand & { readonly verb: "GETMETADATA" },
  "bytesMax" | "depth"
>;

/** A list of options with the space behind it; `null` where there is another list, or none. */
function parseMetadataOptions(reader: Reader): MetadataOptions | null {
  if (!reader.sees("(") || reader.sees("(/")) return null;
  let options: MetadataOptions = { bytesMax: null, depth: "0" };
  reader.list(() => {
    const name = reader.keyword();
    reader.space();
    if (name === "MAXSIZE") options = { ...options, bytesMax: reader.number() };
    else if (name === "DEPTH") options = { ...options, depth: parseDepth(reader) };
    else throw malformed("there is no such option");
  }, { least: 1, most: 2 });
  reader.space();
  return options;
}

function parseDepth(reader: Reader): "0" | "1" | "infinity" {
  const depth = reader.atom().toLowerCase();
  if (depth === "0" || depth === "1" || depth === "infinity") return depth;
  throw malformed("the depth is 0, 1 or infinity");
}

/** Behind `SETMETADATA`: RFC 5464 §4.3. */
export function parseSetMetadata(reader: Reader, utf8: boolean): MetadataCommand {
  reader.space();
  const mailbox = reader.mailbox(utf8);
  reader.space();
  const entries = reader.list((): readonly [string, Uint8Array | null] => {
    const name = entryName(reader);
    reader.space();
    if (reader.skipWord("NIL")) return [name, null];
    return [name, reader.seesLiteral() ? reader.literal().bytes : reader.string()];
  }, { least: 1, most: METADATA_ENTRIES_MAX });
  return { verb: "SETMETADATA", mailbox, entries };
}

/** RFC 5464 §3.2: without case, no wildcards, no empty parts. */
function entryName(reader: Reader): string {
  const name = askedName(reader);
  if (ROOTS.has(name)) throw malformed("that is not the name of an entry");
  return name;
}

/** The same, or one of the roots: with DEPTH whoever names it gets all below (§4.2.2). */
function askedName(reader: Reader): string {
  const name = reader.text().toLowerCase();
  const valid = /^\/(private|shared)(\/[ -$&-)+-.0-~]+)*$/.test(name);
  if (!valid) throw malformed("that is not the name of an entry");
  return name;
}

const ROOTS: ReadonlySet<string> = new Set(["/private", "/shared"]);
