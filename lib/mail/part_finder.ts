/** Which lines of a message are headers, as it streams by: its own, and those of its parts. */
import { decodeLatin1 } from "../wire/bytes.ts";
import { withoutComments } from "./comment.ts";
import { parametersIn } from "./parameters.ts";

/** Is shown each line, and told where each header ends. */
export interface PartFinder {
  /** Whether the next line belongs to a header; a message begins with one. */
  readonly inHeader: boolean;
  /** Whether a header may come behind this body. */
  readonly expectsMore: boolean;
  /** Whether a line is a boundary, from which on it is another part, or none (RFC 2046 §5.1.1). */
  isBoundary(line: Uint8Array): boolean;
  /** The header is over; its field Content-Type as it was written, or `null` without one. */
  headerEnds(contentType: Uint8Array | null): void;
  /** There is no header, though there should be one: what stands in its place is body. */
  headerIsMissing(): void;
}

/** Parts within parts; real mail has three or four levels. What lies deeper is taken for body. */
const DEPTH_MAX = 20;
/** RFC 2046 §5.1.1: at most 70 characters. */
const BOUNDARY_CHARACTERS_MAX = 70;

export function createPartFinder(): PartFinder {
  /** Of the multiparts that are open, from the outermost to the innermost. */
  let open: readonly Multipart[] = [];
  let inHeader = true;

  return {
    get inHeader() {
      return inHeader;
    },
    get expectsMore() {
      return open.length > 0;
    },
    isBoundary(line) {
      if (line[0] !== HYPHEN || line[1] !== HYPHEN || line.length > LINE_BYTES_MAX) return false;
      const text = decodeLatin1(line.subarray(2)).trimEnd();
      // A boundary of an outer part ends the inner ones, which have lost theirs.
      const at = open.findLastIndex(({ boundary }) =>
        text === boundary || text === `${boundary}--`
      );
      if (at === -1) return false;
      const next = text === open[at]!.boundary;
      open = open.slice(0, next ? at + 1 : at);
      inHeader = next;
      return true;
    },
    headerEnds(contentType) {
      const digest = open.at(-1)?.digest ?? false;
      const type = typeOf(contentType) ?? { name: digest ? "message/rfc822" : "", boundary: null };
      if (type.boundary !== null && open.length < DEPTH_MAX) {
        open = [...open, { boundary: type.boundary, digest: type.name === "multipart/digest" }];
      }
      // The header of a message within follows at once (RFC 2046 §5.2.1, RFC 6532 §3.7).
      inHeader = /^message\/(?:rfc822|global)$/.test(type.name);
    },
    headerIsMissing() {
      inHeader = false;
    },
  };
}

interface Multipart {
  /** Each byte a character, for whatever it was written in. */
  readonly boundary: string;
  /** RFC 2046 §5.1.5: parts that do not say what they are, are messages. */
  readonly digest: boolean;
}

interface ContentType {
  /** In lower case. */
  readonly name: string;
  /** Of multiparts only. */
  readonly boundary: string | null;
}

const HYPHEN = 45;
/** Two hyphens before, two behind, blanks, and the line end. */
const LINE_BYTES_MAX = BOUNDARY_CHARACTERS_MAX + 50;

function typeOf(field: Uint8Array | null): ContentType | null {
  if (field === null) return null;
  const value = decodeLatin1(field).replace(/\r?\n/g, "").replace(/^[^:]*:/, "");
  const text = withoutComments(value).trim();
  const name = /^[^\s;]+/.exec(text)?.[0].toLowerCase() ?? "";
  if (!name.startsWith("multipart/")) return { name, boundary: null };
  const found = parametersIn(text).find(({ attribute }) => attribute.toLowerCase() === "boundary");
  const boundary = found?.value.trimEnd() ?? "";
  const fits = boundary !== "" && boundary.length <= BOUNDARY_CHARACTERS_MAX;
  return { name, boundary: fits ? boundary : null };
}
