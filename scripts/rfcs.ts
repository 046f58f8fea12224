/**
 * `deno task rfcs`: writes `docs/rfcs.md`, the list of the places where each RFC is obeyed, from
 * the citations in the comments of the code, and from `docs/unsupported.md`, which people write.
 */

/** One file of the project. */
export interface Source {
  /** From the top of the project: `lib/smtp/data.ts`. */
  readonly path: string;
  readonly text: string;
}

/** One place where the code says which rule it obeys. */
export interface Citation {
  readonly rfc: number;
  /** `§4.5.2`, `Appendix C`; `null` where the RFC is cited as a whole. */
  readonly section: string | null;
  readonly path: string;
  /**
   * The top-level declaration that holds the comment or follows it; `null` for a whole file. Unlike
   * a line number it does not change with every edit.
   */
  readonly name: string | null;
}

/** A row of `docs/unsupported.md`. */
export interface Unsupported {
  readonly rfc: number;
  readonly state: UnsupportedState;
  readonly reason: string;
}

/** `partly`: the rest of it is obeyed. `not supported`: on purpose. */
export type UnsupportedState = (typeof STATES)[number];
const STATES = ["partly", "not built yet", "not supported"] as const;

/** Titles by number. */
export type Titles = Readonly<Record<string, string>>;

/** What is known about the RFCs. */
export interface Knowledge {
  readonly citations: readonly Citation[];
  readonly unsupported: readonly Unsupported[];
  readonly titles: Titles;
}

const TOP = new URL("../", import.meta.url);

/** Where the generated document lies. */
export function documentUrl(): URL {
  return new URL("docs/rfcs.md", TOP);
}

/** Reads the code and the hand-written files. Needs permission to read. */
export async function readKnowledge(): Promise<Knowledge> {
  const read = (path: string) => Deno.readTextFile(new URL(path, TOP));
  const sources = await readSources("lib/");
  return {
    citations: sources.flatMap(citationsIn),
    unsupported: parseUnsupported(await read("docs/unsupported.md")),
    titles: JSON.parse(await read("docs/rfcs_titles.json")) as Titles,
  };
}

/** The citations in one file, in their order. */
export function citationsIn({ path, text }: Source): readonly Citation[] {
  const lines = text.split("\n");
  return commentsIn(lines).flatMap((comment) =>
    citedIn(comment).map(({ rfc, section, line }) => ({
      rfc,
      section,
      path,
      name: nameAt(lines, comment, line),
    }))
  );
}

/**
 * The rows of the hand-written list: `- RFC 3461, partly: reason`, over several lines if need be.
 * @throws {SyntaxError} for an item that has another form.
 */
export function parseUnsupported(text: string): readonly Unsupported[] {
  const items = text.replace(/\n {2,}/g, " ").split("\n").filter((line) => /^[-*] /.test(line));
  return items.map((item) => {
    const match = new RegExp(`^- RFC (\\d+), (${STATES.join("|")}): (\\S.{9,})$`).exec(item);
    if (match === null) {
      throw new SyntaxError(`docs/unsupported.md: not of the form "- RFC 1, partly: why": ${item}`);
    }
    return { rfc: Number(match[1]), state: match[2] as UnsupportedState, reason: match[3]! };
  });
}

/** Where the lists contradict each other, or say nothing about one of the RFCs in `named`. */
export function faultsIn(knowledge: Knowledge, named: readonly number[]): readonly string[] {
  const { citations, unsupported, titles } = knowledge;
  const cited = new Set(citations.map(({ rfc }) => rfc));
  const listed = unsupported.map(({ rfc }) => rfc);
  const faults: string[] = [];
  for (const rfc of new Set([...cited, ...listed])) {
    if (titles[rfc] === undefined) faults.push(`RFC ${rfc} has no title in docs/rfcs_titles.json`);
  }
  for (const [at, rfc] of listed.entries()) {
    if (listed.indexOf(rfc) !== at) faults.push(`RFC ${rfc} is twice in docs/unsupported.md`);
  }
  for (const { rfc, state } of unsupported) {
    if (state === "partly" && !cited.has(rfc)) {
      faults.push(`RFC ${rfc} is said to be there partly, and nothing in the code cites it`);
    } else if (state !== "partly" && cited.has(rfc)) {
      faults.push(`RFC ${rfc} is cited in the code, and docs/unsupported.md says "${state}"`);
    }
  }
  for (const rfc of named) {
    if (!cited.has(rfc) && !listed.includes(rfc)) {
      faults.push(`RFC ${rfc} is neither cited in the code nor in docs/unsupported.md`);
    }
  }
  return faults;
}

/** The document. */
export function formatRfcs({ citations, unsupported, titles }: Knowledge): string {
  const byRfc = Map.groupBy(citations, ({ rfc }) => rfc);
  const heading = (rfc: number) => `RFC ${rfc}: ${titles[rfc]}`;
  const cited = sorted(byRfc.keys()).map((rfc) => {
    const lack = unsupported.find((each) => each.rfc === rfc && each.state === "partly");
    return [
      `## ${heading(rfc)}`,
      "",
      ...(lack === undefined ? [] : [`Partly: ${lack.reason}`, ""]),
      ...formatSections(byRfc.get(rfc)!),
      "",
    ];
  });
  const absent = unsupported
    .filter(({ state }) => state !== "partly")
    .toSorted((a, b) => a.rfc - b.rfc)
    .map(({ rfc, state, reason }) => `- RFC ${rfc}, ${titles[rfc]} (${state}): ${reason}`);
  return [...HEAD, ...cited.flat(), "## What is not supported", "", ...absent, ""].join("\n");
}

const HEAD = [
  "<!-- deno-fmt-ignore-file -->",
  "<!-- Written by `deno task rfcs`, from the comments in lib/ and from docs/unsupported.md. -->",
  "",
  "# RFCs",
  "",
  "The line that obeys a rule cites it, so this list is made from the code: for each section the",
  "files, and in them the functions or values at which the rule stands. What is missing, and why,",
  "is written by hand in [unsupported.md](unsupported.md).",
  "",
];

function formatSections(citations: readonly Citation[]): readonly string[] {
  const bySection = Map.groupBy(citations, ({ section }) => section ?? "");
  return [...bySection.keys()].toSorted(compareSections).map((section) => {
    const byPath = Map.groupBy(bySection.get(section)!, ({ path }) => path);
    const places = [...byPath.keys()].toSorted().map((path) => {
      const names = new Set(byPath.get(path)!.flatMap(({ name }) => name ?? []));
      return [`\`${path}\``, [...names].toSorted().join(", ")].join(" ").trimEnd();
    });
    return `- ${section === "" ? "as a whole" : section}: ${places.join("; ")}`;
  });
}

/** The whole first, then the sections by their numbers, then the appendices. */
function compareSections(a: string, b: string): number {
  const rank = (section: string) => section === "" ? 0 : section.startsWith("§") ? 1 : 2;
  return rank(a) - rank(b) || a.localeCompare(b, "en", { numeric: true });
}

function sorted(numbers: Iterable<number>): readonly number[] {
  return [...numbers].toSorted((a, b) => a - b);
}

/** Comments on lines of their own that follow each other, or one behind code. */
interface Comment {
  /** The first line, from 0. */
  readonly from: number;
  /** What stands on each line, without the marks. */
  readonly texts: readonly string[];
  /** Whether it stands at the top level of the file, and not inside of something. */
  readonly top: boolean;
}

function commentsIn(lines: readonly string[]): readonly Comment[] {
  const comments: Comment[] = [];
  let open: { from: number; texts: string[]; top: boolean } | null = null;
  for (const [at, line] of lines.entries()) {
    const whole = /^(\s*)(?:\/\/|\/\*\*?|\*\/|\*)(.*)$/.exec(line);
    if (whole === null) {
      open = null;
      const behind = /\s\/\/ (.*)$/.exec(line);
      if (behind !== null) comments.push({ from: at, texts: [behind[1]!], top: false });
      continue;
    }
    const starts = /^\s*\/\*/.test(line);
    if (open === null || starts) {
      // The stars of a block stand one column to the right.
      open = { from: at, texts: [], top: whole[1] === "" };
      comments.push(open);
    }
    open.texts.push(whole[2]!.replace(/\*\/\s*$/, "").trim());
  }
  return comments;
}

const RFC = /\bRFC (\d{2,5})\b/g;
/** `§4.1.2`, also behind another: `§4.1.2/§4.1.3`, `§5, §7`, `§2.7 and §2.8`, `§2 (b)`. */
const SECTION =
  /\s*(?:,|\/|and|to)?\s*(§\d+(?:\.\d+)*(?: \([a-z\d]\))?|appendix [A-Z](?:\.\d+)*)/iy;

function citedIn(comment: Comment) {
  // A citation may go on in the next line.
  const text = comment.texts.join(" ");
  return [...text.matchAll(RFC)].flatMap((match) => {
    const rfc = Number(match[1]);
    const line = comment.from + lineOf(comment.texts, match.index);
    const sections: string[] = [];
    SECTION.lastIndex = match.index + match[0].length;
    for (let found = SECTION.exec(text); found !== null; found = SECTION.exec(text)) {
      sections.push(found[1]!.replace(/^a/, "A"));
    }
    return (sections.length === 0 ? [null] : sections).map((section) => ({ rfc, section, line }));
  });
}

function lineOf(texts: readonly string[], offset: number): number {
  let end = 0;
  return texts.findIndex((text) => offset < (end += text.length + 1));
}

const DECLARATION =
  /^(?:export )?(?:async )?(?:function\*?|class|interface|type|const|let) ([A-Za-z_$][\w$]*)/;

function nameAt(lines: readonly string[], comment: Comment, line: number): string | null {
  if (comment.top) {
    // Directly above a declaration it is about that, else about the file.
    return DECLARATION.exec(lines[comment.from + comment.texts.length] ?? "")?.[1] ?? null;
  }
  for (let at = line; at >= 0; at--) {
    const name = DECLARATION.exec(lines[at]!)?.[1];
    if (name !== undefined) return name;
  }
  return null;
}

async function readSources(folder: string): Promise<readonly Source[]> {
  const sources: Source[] = [];
  for await (const { name, isDirectory } of Deno.readDir(new URL(folder, TOP))) {
    const path = `${folder}${name}`;
    if (isDirectory) sources.push(...await readSources(`${path}/`));
    else if (name.endsWith(".ts")) {
      sources.push({ path, text: await Deno.readTextFile(new URL(path, TOP)) });
    }
  }
  return sources;
}

if (import.meta.main) {
  const knowledge = await readKnowledge();
  await Deno.writeTextFile(documentUrl(), formatRfcs(knowledge));
  const faults = faultsIn(knowledge, []);
  for (const fault of faults) console.error(fault);
  if (faults.length > 0) Deno.exit(1);
}
