/** Reads the tables of docs/limits.md, and the figures in the code that they speak of. */
import { makeConfig } from "../lib/config.ts";

/** A row of a table. */
export interface Limit {
  /** What is limited, in words. */
  readonly what: string;
  /** As it is written: `25 MiB`; several with commas between them. */
  readonly figure: string;
  /** `lib/smtp/data.ts: NAME`, also with a field: `NAME.field`. All have the same figure. */
  readonly constants: readonly string[];
  /** `null` where the table has a dash. */
  readonly test: { readonly path: string; readonly name: string } | null;
}

/** @throws {SyntaxError} for a row that has another form. */
export function parseLimits(text: string): readonly Limit[] {
  const rows = text.split("\n").filter((line) => line.startsWith("|"));
  return rows.filter((row) => !/^\| (limit|-+) /.test(row)).map(parseRow);
}

function parseRow(row: string): Limit {
  const cells = row.split("|").slice(1, -1).map((cell) => cell.trim());
  const [what = "", figure = "", , beyond = "", where = "", test = ""] = cells;
  const constants = constantsIn(where);
  const known = /^`(tests\/[^`]+\.ts)` (\S.*)$/.exec(test);
  const complete = cells.length === 6 && what !== "" && beyond !== "" && constants.length > 0;
  if (!complete || (known === null && test !== "—")) {
    throw new SyntaxError(`docs/limits.md: a row has another form: ${row}`);
  }
  const found = known === null ? null : { path: known[1]!, name: known[2]! };
  return { what, figure, constants, test: found };
}

/** All constants that a text names: `` `lib/a.ts: NAME` ``. */
export function constantsIn(text: string): readonly string[] {
  return [...text.matchAll(/`(lib\/[^`\s]+\.ts: [\w.]+)`/g)].map((match) => match[1]!);
}

const UNITS: Readonly<Record<string, number>> = {
  "": 1,
  bytes: 1,
  characters: 1,
  KiB: 1024,
  MiB: 1024 * 1024,
  ms: 1,
  s: 1000,
  hours: 3_600_000,
  min: 60_000,
  days: 24 * 60 * 60_000,
};

/** `1 s, 2 s` as bytes, milliseconds or plain numbers. @throws {SyntaxError} for another form. */
export function valuesOf(figure: string): readonly number[] {
  return figure.split(", ").map((part) => {
    const [, number, unit = ""] = /^(\d+)(?: ([A-Za-z]+))?$/.exec(part) ?? [];
    const factor = UNITS[unit];
    if (number === undefined || factor === undefined) {
      throw new SyntaxError(`docs/limits.md: not a figure: ${figure}`);
    }
    return Number(number) * factor;
  });
}

/** What a constant is in the code. @throws {Error} when there is none, or it is no figure. */
export async function valuesInCode(constant: string): Promise<readonly number[]> {
  const [path, name] = constant.split(": ") as [string, string];
  const value = await valueInCode(path, name);
  const values = Array.isArray(value) ? value : [value];
  if (values.every((each) => typeof each === "number")) return values;
  throw new Error(`${constant} is not a figure`);
}

async function valueInCode(path: string, name: string): Promise<unknown> {
  const [whole, field] = name.split(".") as [string, string?];
  if (whole === makeConfig.name) {
    return propertyOf(makeConfig({ domains: ["example.org"] }), field);
  }
  const url = new URL(`../${path}`, import.meta.url);
  const exported = await import(url.href);
  if (whole in exported) {
    return field === undefined ? exported[whole] : propertyOf(exported[whole], field);
  }
  return figureIn(await Deno.readTextFile(url), name);
}

function propertyOf(value: object, field: string | undefined): unknown {
  return Object.entries(value).find(([key]) => key === field)?.[1];
}

/**
 * A constant that is not exported, worked out from its source: a number, another constant of the
 * file, sums and products of these, or a list. @throws {Error} for anything else.
 */
export function figureIn(source: string, name: string): number | readonly number[] {
  const declared = new RegExp(`^(?:export )?const ${name}\\b[^=]*= ([^;]*);`, "m").exec(source);
  if (declared === null) throw new Error(`there is no constant ${name}`);
  const text = declared[1]!.replace(/ as const$/, "").trim();
  if (text.startsWith("[")) {
    const items = text.slice(1, -1).split(",").map((item) => item.trim()).filter((it) => it !== "");
    return items.map((item) => sum(source, item));
  }
  return sum(source, text);
}

function sum(source: string, text: string): number {
  return text.split("+").reduce((total, part) => total + product(source, part), 0);
}

function product(source: string, text: string): number {
  return text.split("*").reduce((total, part) => total * factor(source, part.trim()), 1);
}

function factor(source: string, text: string): number {
  if (/^\d[\d_]*$/.test(text)) return Number(text.replaceAll("_", ""));
  const value = /^[A-Z][A-Z0-9_]*$/.test(text) ? figureIn(source, text) : null;
  if (typeof value !== "number") throw new Error(`not a figure: ${text}`);
  return value;
}

/** The constants of a file that say by their name that they are a limit or a time. */
export function limitsIn(source: string): readonly string[] {
  const names = source.matchAll(/^(?:export )?const ([A-Z][A-Z0-9_]*_(?:MAX|MS|KEPT))\b/gm);
  return [...names].map((match) => match[1]!);
}

/**
 * Whether a file has a test, or a case of one, with this name: what stands in `${…}` may be
 * anything.
 */
export function hasTest(source: string, name: string): boolean {
  const literals = source.matchAll(/"((?:[^"\\\n]|\\.)+)"|`((?:[^`\\\n]|\\.)+)`/g);
  return [...literals].some(([, plain, template]) => {
    if (plain !== undefined) return plain === name;
    const parts = template!.split(/\$\{[^}]*\}/);
    if (parts.join("").length < TEMPLATE_CHARACTERS_MIN) return false;
    const pattern = parts.map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join(".+");
    return new RegExp(`^${pattern}$`).test(name);
  });
}

/** A template of blanks alone would fit every name. */
const TEMPLATE_CHARACTERS_MIN = 10;
