/** The items of FETCH that are cut from the content of a message (RFC 9051 §7.5.2). */
import { parseHeader } from "../mail/header.ts";
import type { FetchItem, Partial, Section } from "./fetch_command.ts";
import { literalPieces, type Piece, quoted, textString } from "./format.ts";
import { preview } from "./preview.ts";
import { binaryOf, cut, type Dissected, sectionOf } from "./sections.ts";
import { bodyStructure, envelope } from "./structure.ts";

/**
 * The name under which is kept what is asked for again and again, and takes longer to make than to
 * say; `null` for the rest. Who takes UTF-8 is told otherwise than others.
 */
export function keptName(item: FetchItem, utf8: boolean): string | null {
  switch (item.item) {
    case "ENVELOPE":
    case "BODY":
    case "BODYSTRUCTURE":
      return utf8 ? `${item.item} UTF8` : item.item;
    case "BODY[]": {
      const { section: { part, of }, partial } = item;
      const isListed = part.length === 0 && of.kind === "fields" && partial === null;
      return isListed ? `BODY[${sectionWords(item.section)}]` : null;
    }
    default:
      return null;
  }
}

type ContentItem =
  | Extract<
    FetchItem,
    {
      readonly item:
        | "BODY[]"
        | "BINARY[]"
        | "BINARY.SIZE"
        | "PREVIEW"
        | "RFC822"
        | "RFC822.HEADER"
        | "RFC822.TEXT";
    }
  >
  | { readonly item: "BODY" | "BODYSTRUCTURE" | "ENVELOPE" };

/** What is said of an item that is cut from the content. @throws {ImapError} UNKNOWN-CTE */
export function contentItem(item: FetchItem, message: Dissected, utf8: boolean): readonly Piece[] {
  const { bytes } = message;
  const found = item as ContentItem;
  switch (found.item) {
    case "BODY":
      return ["BODY ", bodyStructure(message.root, bytes, { utf8, extended: false })];
    case "BODYSTRUCTURE":
      return ["BODYSTRUCTURE ", bodyStructure(message.root, bytes, { utf8, extended: true })];
    case "ENVELOPE":
      return ["ENVELOPE ", envelope(parseHeader(bytes), { utf8 })];
    case "RFC822":
      return ["RFC822 ", ...literalPieces(bytes)];
    case "RFC822.HEADER":
      return ["RFC822.HEADER ", ...literalPieces(bytes.subarray(0, message.root.bodyStart))];
    case "RFC822.TEXT":
      return ["RFC822.TEXT ", ...literalPieces(bytes.subarray(message.root.bodyStart))];
    case "PREVIEW":
      return ["PREVIEW ", textString(preview(message), utf8)];
    case "BODY[]":
      return bodySection(found, message);
    case "BINARY[]":
      return binarySection(found, message);
    case "BINARY.SIZE": {
      const size = binaryOf(message, found.part)?.length ?? 0;
      return [`BINARY.SIZE[${found.part.join(".")}] ${size}`];
    }
  }
}

function bodySection(
  item: Extract<FetchItem, { readonly item: "BODY[]" }>,
  message: Dissected,
): readonly Piece[] {
  const { section, partial } = item;
  const bytes = sectionOf(message, section);
  const value = bytes === null ? ["NIL"] : literalPieces(cut(bytes, partial));
  return [`BODY[${sectionWords(section)}]${originOf(partial)} `, ...value];
}

/** RFC 9051 §9 `section-spec`, as the client wrote it. */
function sectionWords({ of, part }: Section): string {
  const words = of.kind === "all"
    ? ""
    : of.kind === "fields"
    ? `HEADER.FIELDS${of.not ? ".NOT" : ""} (${of.names.map(fieldName).join(" ")})`
    : of.kind;
  return [part.join("."), words].filter((each) => each !== "").join(".");
}

function binarySection(
  { part, partial }: Extract<FetchItem, { readonly item: "BINARY[]" }>,
  message: Dissected,
): readonly Piece[] {
  const bytes = binaryOf(message, part);
  const name = `BINARY[${part.join(".")}]${originOf(partial)} `;
  if (bytes === null) return [`${name}NIL`];
  const wanted = cut(bytes, partial);
  // RFC 3516 §4.2: a literal8 only where NUL needs it.
  return [name, ...literalPieces(wanted, wanted.includes(0))];
}

/** RFC 9051 §7.5.2: where it begins, and not how much was asked for. */
function originOf(partial: Partial | null): string {
  return partial === null ? "" : `<${partial.from}>`;
}

/** The names of fields as the client wrote them; quoted where they are no atoms. */
function fieldName(name: string): string {
  // deno-lint-ignore no-control-regex -- control characters are no part of an atom
  return /^[^\x00-\x20\x7f-\uffff(){%*"\\]+$/.test(name) ? name : quoted(name);
}
