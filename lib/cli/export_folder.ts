/** Where `smtpd export` writes: a folder of its own, in one of three forms. */
import type { MailboxView } from "../app/admin_mail.ts";
import { EML_LIST, formatEmlNote, parseEmlNote } from "../mail/eml.ts";
import { toLf } from "../mail/line_ends.ts";
import {
  formatKeywordsFile,
  KEYWORDS_FILE,
  MAILDIR_KEYWORDS_MAX,
  maildirLetters,
  parseKeywordsFile,
  parseMaildirName,
} from "../mail/maildir.ts";
import { toMbox } from "../mail/mbox_message.ts";
import { decode, encode } from "../wire/bytes.ts";
import { EXIT, Failure } from "./fail.ts";
import { makeFolder, readFileIfThere, replaceFile } from "./files.ts";
import type { MailFormat } from "./import_sources.ts";
import { maildirFolder, pathOfMailbox } from "./mailbox_path.ts";

/** A mailbox that is being written. Disposing of it closes what is open. */
export interface MailboxWriter extends Disposable {
  readonly path: string;
  /** Keywords that have no place there. */
  readonly lost: readonly string[];
  /** Whether a message is there already, from an earlier time. */
  has(uid: number): boolean;
  write(message: ExportedMessage): Promise<void>;
  /** Everything was written. */
  end(): Promise<void>;
}

export interface ExportedMessage {
  readonly uid: number;
  readonly receivedAt: number;
  readonly flags: readonly string[];
  readonly content: Uint8Array;
}

/** Tells a folder that is ours: of which user, and in which form. */
const MARK = ".smtpd-export";

/**
 * Makes the folder, or goes on with one that an earlier export of the same mail has made.
 * @throws {Failure} `cannotCreate` where something else is there
 */
export async function openFolder(path: string, user: string, format: MailFormat): Promise<void> {
  await makeFolder(path);
  const mark = `${JSON.stringify({ user, format })}\n`;
  const found = await readFileIfThere(`${path}/${MARK}`);
  if (found !== null && decode(found) === mark) return;
  const isEmpty = await writing(path, async () => {
    for await (const _ of Deno.readDir(path)) return false;
    return true;
  });
  if (!isEmpty) {
    const what = found === null ? "other things" : `another export (${decode(found).trim()})`;
    throw new Failure(EXIT.cannotCreate, `${path} has ${what} in it: name a new folder`);
  }
  await replaceFile(`${path}/${MARK}`, mark);
}

/** `null`: this mailbox was written to its end before. */
export async function openWriter(
  path: string,
  format: MailFormat,
  mailbox: MailboxView,
): Promise<MailboxWriter | null> {
  switch (format) {
    case "mbox":
      return await mboxWriter(`${path}/${pathOfMailbox(mailbox.name)}.mbox`);
    case "maildir":
      return await maildirWriter(path, mailbox);
    case "eml":
      return await emlWriter(`${path}/${pathOfMailbox(mailbox.name)}`, mailbox);
  }
}

/** A file is written under another name until it is whole, so one of this name is. */
async function mboxWriter(path: string): Promise<MailboxWriter | null> {
  if (await isThere(path)) return null;
  await makeFolder(path.replace(/\/[^/]*$/, ""));
  const partial = `${path}.partial`;
  const file = await writing(
    partial,
    () => Deno.open(partial, { write: true, create: true, truncate: true, mode: 0o600 }),
  );
  return {
    path,
    lost: [],
    has: () => false,
    write: ({ content, flags, receivedAt }) =>
      writing(partial, () => writeAll(file, toMbox({ content, flags }, receivedAt))),
    end: () =>
      writing(path, async () => {
        await file.sync();
        await Deno.rename(partial, path);
      }),
    [Symbol.dispose]: () => file.close(),
  };
}

async function maildirWriter(root: string, mailbox: MailboxView): Promise<MailboxWriter> {
  const isInbox = mailbox.name === "INBOX";
  const path = isInbox ? root : `${root}/${maildirFolder(mailbox.name)}`;
  for (const name of ["tmp", "new", "cur"]) await makeFolder(`${path}/${name}`);
  if (!isInbox) await replaceFile(`${path}/maildirfolder`, "");
  const keywords = await keepKeywords(`${path}/${KEYWORDS_FILE}`, mailbox.keywords);
  const there = await namesIn(`${path}/cur`, (name) => parseMaildirName(name).base);
  const baseOf = (uid: number) => `${nameOf(mailbox, uid)}.smtpd`;
  return {
    path,
    lost: mailbox.keywords.filter((each) =>
      each.toLowerCase() !== "$forwarded" && !keywords.includes(each)
    ),
    has: (uid) => there.has(baseOf(uid)),
    async write({ uid, flags, content, receivedAt }) {
      const temporary = `${path}/tmp/${baseOf(uid)}`;
      const name = `${baseOf(uid)}:2,${maildirLetters(flags, keywords)}`;
      // The programs that keep a Maildir end lines as their system does.
      await writeFile(temporary, toLf(content), receivedAt, `${path}/cur/${name}`);
    },
    end: () => Promise.resolve(),
    [Symbol.dispose]: () => {},
  };
}

/** The letters of an earlier time stay what they were; new keywords come behind. */
async function keepKeywords(path: string, wanted: readonly string[]): Promise<readonly string[]> {
  const found = await readFileIfThere(path);
  const known = found === null
    ? []
    : parseKeywordsFile(decode(found)).filter((each) => each !== "");
  const fresh = wanted.filter((each) => each.toLowerCase() !== "$forwarded");
  const keywords = [...new Set([...known, ...fresh])].slice(0, MAILDIR_KEYWORDS_MAX);
  if (keywords.length > 0) await replaceFile(path, formatKeywordsFile(keywords));
  return keywords;
}

async function emlWriter(path: string, mailbox: MailboxView): Promise<MailboxWriter> {
  await makeFolder(path);
  const list = `${path}/${EML_LIST}`;
  const written = decode(await readFileIfThere(list) ?? new Uint8Array(0));
  // A line that was cut is written again, behind its file.
  const whole = written.slice(0, written.lastIndexOf("\n") + 1);
  await replaceFile(list, whole);
  const there = new Set(whole.split("\n").map((line) => parseEmlNote(line)?.file));
  const file = await writing(list, () => Deno.open(list, { append: true }));
  const fileOf = (uid: number) => `${nameOf(mailbox, uid)}.eml`;
  return {
    path,
    lost: [],
    has: (uid) => there.has(fileOf(uid)),
    async write({ uid, flags, content, receivedAt }) {
      const name = fileOf(uid);
      await writeFile(`${path}/${name}.partial`, content, receivedAt, `${path}/${name}`);
      const note = encode(formatEmlNote({ file: name, receivedAt, flags }));
      await writing(list, () => writeAll(file, note));
    },
    end: () => writing(list, () => file.sync()),
    [Symbol.dispose]: () => file.close(),
  };
}

/** Sorts by uid, and is no other message's, also after a restore. */
function nameOf({ uidValidity }: MailboxView, uid: number): string {
  return `${uidValidity}.${String(uid).padStart(10, "0")}`;
}

/** Under another name until it is whole, with the time of its arrival as that of the file. */
async function writeFile(
  temporary: string,
  content: Uint8Array,
  receivedAt: number,
  path: string,
): Promise<void> {
  await writing(path, async () => {
    await Deno.writeFile(temporary, content, { mode: 0o600 });
    const time = new Date(receivedAt);
    await Deno.utime(temporary, time, time);
    await Deno.rename(temporary, path);
  });
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
}

async function namesIn(
  folder: string,
  baseOf: (name: string) => string,
): Promise<ReadonlySet<string>> {
  return await writing(folder, async () => {
    const names = new Set<string>();
    for await (const { name } of Deno.readDir(folder)) names.add(baseOf(name));
    return names;
  });
}

async function isThere(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** @throws {Failure} `cannotCreate` in words that name the file */
async function writing<T>(path: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    if (!(error instanceof Error) || error instanceof Deno.errors.NotCapable) throw error;
    throw new Failure(EXIT.cannotCreate, `cannot write ${path}: ${error.message}`, {
      cause: error,
    });
  }
}
