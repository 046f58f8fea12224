/** The messages of a source, one after the other, however much there is of them. */
import { IMPORTED_BYTES_MAX } from "../app/admin_mail.ts";
import { dateInHeader, EML_LIST, type EmlNote, parseEmlNote } from "../mail/eml.ts";
import { toCrlf } from "../mail/line_ends.ts";
import {
  compareNames,
  KEYWORDS_FILE,
  maildirFlags,
  parseKeywordsFile,
  parseMaildirName,
} from "../mail/maildir.ts";
import { createMboxSplitter, type MboxPiece } from "../mail/mbox.ts";
import { fromMbox } from "../mail/mbox_message.ts";
import { decode } from "../wire/bytes.ts";
import { readFileIfThere } from "./files.ts";
import { isEml, reading, type Source } from "./import_sources.ts";

export type Found =
  | {
    readonly kind: "message";
    /** For people: the file, and where in it. */
    readonly place: string;
    /** What tells it from others with the same content in this source; outlives a new path. */
    readonly identity: string;
    readonly content: Uint8Array;
    readonly receivedAt: number;
    readonly flags: readonly string[];
  }
  | { readonly kind: "leftOut"; readonly place: string; readonly why: string }
  /** So much of the source was read, in bytes. */
  | { readonly kind: "progress"; readonly done: number; readonly total: number };

/** @throws {Failure} `noInput` when the source cannot be read */
export function messagesOf(source: Source): AsyncGenerator<Found> {
  switch (source.format) {
    case "mbox":
      return inMbox(source.path);
    case "maildir":
      return inMaildir(source.path);
    case "eml":
      return inEml(source.path);
  }
}

const READ_BYTES = 256 * 1024;
const TOO_LARGE = `it is larger than ${IMPORTED_BYTES_MAX / 1024 / 1024} MiB`;

async function* inMbox(path: string): AsyncGenerator<Found> {
  using file = await reading(path, () => Deno.open(path));
  const total = (await file.stat()).size;
  const splitter = createMboxSplitter(IMPORTED_BYTES_MAX);
  const buffer = new Uint8Array(READ_BYTES);
  let done = 0;
  for (;;) {
    const count = await reading(path, () => file.read(buffer));
    const pieces = count === null ? splitter.end() : splitter.push(buffer.subarray(0, count));
    for (const piece of pieces) yield foundInMbox(path, piece);
    if (count === null) return;
    yield { kind: "progress", done: done += count, total };
  }
}

function foundInMbox(path: string, piece: MboxPiece): Found {
  const place = `${path}, byte ${piece.offset}`;
  if (piece.kind === "tooLarge") return { kind: "leftOut", place, why: TOO_LARGE };
  if (piece.kind === "junk") {
    return { kind: "leftOut", place, why: "no From_ line with a date stands in front of it" };
  }
  const identity = `mbox ${piece.offset}`;
  return checked({ place, identity, receivedAt: piece.receivedAt, ...fromMbox(piece.bytes) });
}

async function* inMaildir(path: string): AsyncGenerator<Found> {
  const list = await readFileIfThere(`${path}/${KEYWORDS_FILE}`);
  const keywords = list === null ? [] : parseKeywordsFile(decode(list));
  const files = (await Promise.all(["new", "cur"].map((each) => filesIn(`${path}/${each}`))))
    .flat();
  const named = files.map((file) => ({ file, ...parseMaildirName(file.name) }));
  named.sort((a, b) => compareNames(a.base, b.base));
  yield* inFiles(named.map(({ file }) => file), (file, content, modifiedAt) => {
    const { base, letters } = parseMaildirName(file.name);
    const flags = maildirFlags(letters, keywords);
    // Who keeps a Maildir keeps the time of arrival as that of the file.
    return { identity: `maildir ${base}`, receivedAt: modifiedAt, flags, content };
  });
}

async function* inEml(path: string): AsyncGenerator<Found> {
  const { isFile } = await reading(path, () => Deno.stat(path));
  const [folder, name] = [path.replace(/\/?[^/]*$/, ""), path.split("/").at(-1)!];
  const files = isFile ? [{ folder, path, name }] : (await filesIn(path)).filter(
    (each) => isEml(each.name),
  );
  const notes = isFile ? new Map<string, EmlNote>() : await notesIn(path);
  files.sort((a, b) => compareNames(a.name, b.name));
  yield* inFiles(files, (file, content, modifiedAt) => {
    const note = notes.get(file.name);
    const receivedAt = note?.receivedAt ?? dateInHeader(content) ?? modifiedAt;
    return { identity: `eml ${file.name}`, receivedAt, flags: note?.flags ?? [], content };
  });
}

async function notesIn(path: string): Promise<ReadonlyMap<string, EmlNote>> {
  const list = await readFileIfThere(`${path}/${EML_LIST}`);
  const lines = list === null ? [] : decode(list).split("\n");
  return new Map(
    lines.map(parseEmlNote).filter((note) => note !== null).map((note) => [note.file, note]),
  );
}

interface SourceFile {
  readonly folder: string;
  readonly path: string;
  readonly name: string;
}

async function filesIn(folder: string): Promise<SourceFile[]> {
  return await reading(folder, async () => {
    const files: SourceFile[] = [];
    for await (const { name, isFile } of Deno.readDir(folder)) {
      if (isFile && !name.startsWith(".")) files.push({ folder, path: `${folder}/${name}`, name });
    }
    return files;
  });
}

type Message = Omit<Extract<Found, { readonly kind: "message" }>, "kind" | "place">;

/** Progress is counted in files: to know their sizes, all would have to be looked at before. */
async function* inFiles(
  files: readonly SourceFile[],
  understand: (file: SourceFile, content: Uint8Array, modifiedAt: number) => Message,
): AsyncGenerator<Found> {
  for (const [at, file] of files.entries()) {
    const { path: place } = file;
    try {
      const { size, mtime } = await Deno.stat(place);
      if (size > IMPORTED_BYTES_MAX) yield { kind: "leftOut", place, why: TOO_LARGE };
      else {
        const content = toCrlf(await Deno.readFile(place));
        yield checked({ place, ...understand(file, content, mtime?.getTime() ?? 0) });
      }
    } catch (error) {
      if (!(error instanceof Error) || error instanceof Deno.errors.NotCapable) throw error;
      const gone = error instanceof Deno.errors.NotFound;
      const why = gone ? "it is not there any more" : `it cannot be read (${error.message})`;
      yield { kind: "leftOut", place, why };
    }
    yield { kind: "progress", done: at + 1, total: files.length };
  }
}

function checked(message: Message & { readonly place: string }): Found {
  const { place, content } = message;
  if (content.length === 0) return { kind: "leftOut", place, why: "it is empty" };
  // It may have grown: each line end is two bytes now.
  if (content.length > IMPORTED_BYTES_MAX) return { kind: "leftOut", place, why: TOO_LARGE };
  return { kind: "message", ...message };
}
