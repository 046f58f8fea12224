/** What `smtpd import` was told to take, found by looking at it: files, Maildirs, folders. */
import { canonical, INBOX, SEPARATOR } from "../imap/mailbox_name.ts";
import { EML_LIST } from "../mail/eml.ts";
import { compareNames } from "../mail/maildir.ts";
import { parsePostmark } from "../mail/mbox.ts";
import { decodeLatin1 } from "../wire/bytes.ts";
import { EXIT, Failure } from "./fail.ts";
import { levelOfFile, mailboxOfMaildir } from "./mailbox_path.ts";

export const MAIL_FORMATS = ["mbox", "maildir", "eml"] as const;
export type MailFormat = (typeof MAIL_FORMATS)[number];

/** Mail that goes into one mailbox. */
export interface Source {
  readonly format: MailFormat;
  /** Of a file; with `maildir`, of the folder, and with `eml` of either. */
  readonly path: string;
  readonly mailbox: string;
}

export interface SourceOptions {
  /** `null`: what it looks like. */
  readonly format: MailFormat | null;
  /** For what has no name of its own; above those that have. */
  readonly mailbox: string | null;
}

/**
 * All sources behind a path, folders of folders among them.
 * @throws {Failure} `noInput` when nothing is there, `badData` when it is no mail
 */
export async function* findSources(path: string, options: SourceOptions): AsyncGenerator<Source> {
  const bare = path.replace(/(?<=.)\/+$/, "");
  const { isDirectory } = await statOf(bare);
  const mailbox = options.mailbox === null ? INBOX : canonical(options.mailbox);
  let found = false;
  const sources = isDirectory ? inFolder(bare, mailbox, options) : fromFile(bare, mailbox, options);
  for await (const source of sources) {
    found = true;
    yield source;
  }
  if (found) return;
  const form = options.format ?? "mbox, Maildir or .eml";
  throw new Failure(EXIT.badData, `${bare}: there is no mail in the form of ${form}`);
}

async function* fromFile(
  path: string,
  mailbox: string,
  { format }: SourceOptions,
): AsyncGenerator<Source> {
  const looksLike = format ?? await formatOfFile(path);
  if (looksLike === "mbox" || looksLike === "eml") yield { format: looksLike, path, mailbox };
}

async function* inFolder(
  path: string,
  mailbox: string,
  options: SourceOptions,
): AsyncGenerator<Source> {
  const { format } = options;
  const entries = await entriesOf(path);
  const isMaildir = ["cur", "new"].every((name) => entries.folders.includes(name));
  if (isMaildir && (format ?? "maildir") === "maildir") {
    yield { format: "maildir", path, mailbox };
    for (const name of entries.folders.filter((each) => /^\.[^.]/.test(each))) {
      const folder = `${path}/${name}`;
      const own = mailboxOfMaildir(name);
      const { folders } = await entriesOf(folder);
      if (!folders.includes("cur")) continue;
      yield { format: "maildir", path: folder, mailbox: below(options, own) };
    }
    return;
  }
  const hasList = entries.files.includes(EML_LIST);
  if ((format ?? "eml") === "eml" && (hasList || entries.files.some(isEml))) {
    yield { format: "eml", path, mailbox };
  }
  for (const name of entries.files.filter((each) => !isEml(each) && each !== EML_LIST)) {
    const file = `${path}/${name}`;
    if ((format ?? "mbox") !== "mbox" || !(await isMboxFile(file))) continue;
    yield {
      format: "mbox",
      path: file,
      mailbox: below(options, levelOfFile(name.replace(/\.mbox$/, ""))),
    };
  }
  for (const name of entries.folders.filter((each) => !each.startsWith("."))) {
    // Thunderbird has the mailboxes below `Work` in the folder `Work.sbd`.
    const own = below(options, levelOfFile(name.replace(/\.sbd$/, "")));
    yield* inFolder(`${path}/${name}`, own, { ...options, mailbox: own });
  }
}

/** The name that something has of its own, below the one that was asked for, if one was. */
function below({ mailbox }: SourceOptions, own: string): string {
  return canonical(mailbox === null ? own : `${mailbox}${SEPARATOR}${own}`);
}

export function isEml(name: string): boolean {
  return /^[^.].*\.eml$/i.test(name);
}

async function formatOfFile(path: string): Promise<MailFormat | null> {
  if (isEml(path.split("/").at(-1)!)) return "eml";
  if (await isMboxFile(path)) return "mbox";
  return /^[!-9;-~]+:/.test(await beginningOf(path)) ? "eml" : null;
}

/** Also an empty one, where its name says what it is. */
async function isMboxFile(path: string): Promise<boolean> {
  const beginning = await beginningOf(path);
  if (beginning === "") return path.endsWith(".mbox");
  return parsePostmark(beginning.replace(/^(?:\r?\n)+/, "").split(/\r?\n/, 1)[0]!) !== null;
}

/** Room for empty lines and a From_ line. */
const BEGINNING_BYTES = 4 * 1024;

async function beginningOf(path: string): Promise<string> {
  return await reading(path, async () => {
    using file = await Deno.open(path);
    const bytes = new Uint8Array(BEGINNING_BYTES);
    return decodeLatin1(bytes.subarray(0, await file.read(bytes) ?? 0));
  });
}

/** What is in a folder. */
export interface Entries {
  readonly files: readonly string[];
  readonly folders: readonly string[];
}

/** By name. Links are passed over: one to a folder above would have no end. */
export async function entriesOf(path: string): Promise<Entries> {
  return await reading(path, async () => {
    const files: string[] = [];
    const folders: string[] = [];
    for await (const { name, isFile, isDirectory } of Deno.readDir(path)) {
      if (isFile) files.push(name);
      else if (isDirectory) folders.push(name);
    }
    return { files: files.sort(compareNames), folders: folders.sort(compareNames) };
  });
}

/** @throws {Failure} `noInput` when nothing is there */
export async function statOf(path: string): Promise<Deno.FileInfo> {
  return await reading(path, () => Deno.stat(path));
}

/** @throws {Failure} `noInput` in words that name the file */
export async function reading<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof Error) || error instanceof Deno.errors.NotCapable) throw error;
    const reason = error instanceof Deno.errors.NotFound ? "there is no such file" : error.message;
    throw new Failure(EXIT.noInput, `cannot read ${path}: ${reason}`, { cause: error });
  }
}
