/** Users whose mail is imported and exported by `smtpd`, in a folder of their own. */
import assert from "$assert";
import { bodyOf, bytesOf } from "../lib/mail/body.ts";
import { openSqliteStore } from "../lib/store/sqlite.ts";
import type { Store } from "../lib/store/store.ts";
import { decode, encode } from "../lib/wire/bytes.ts";
import { secretOf, turn } from "./conformance/store_support.ts";
import { runProgram } from "./smtpd_support.ts";
import { canUseFiles, temporaryFolder } from "./support.ts";

export const AT = Date.UTC(2026, 10, 24, 16, 0, 0);

/** A test with a folder in which alice and bob have their data. */
export function test(name: string, fn: (folder: string) => Promise<void>): void {
  Deno.test(name, { ignore: !canUseFiles }, () => withUsers(fn));
}

export async function withUsers(fn: (folder: string) => Promise<void>): Promise<void> {
  await using folder = await temporaryFolder();
  {
    await using store = await open(folder.path);
    for (const user of ["alice", "bob"]) await store.users.add(`${user}@abc.com`, secretOf(0), 0);
  }
  await fn(folder.path);
}

export function open(folder: string): Promise<Store> {
  return openSqliteStore({ directory: `${folder}/data`, turn });
}

/** Runs it on the data in the folder, with `--json`; gives what it said, line by line. */
export async function run(folder: string, ...args: readonly string[]) {
  const ran = await runProgram([...args, "--data", `${folder}/data`, "--json"]);
  const lines = ran.output.split("\n").filter((line) => line !== "");
  return { ...ran, lines: lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

export interface Letter {
  readonly content: string;
  readonly flags: readonly string[];
  readonly receivedAt: number;
}

/** What a user has, by mailbox and in its order; mailboxes with nothing in them are left out. */
export async function mailOf(
  folder: string,
  user: string,
): Promise<Record<string, readonly Letter[]>> {
  await using store = await open(folder);
  assert.deepEqual(await store.check(), []);
  const all: Record<string, readonly Letter[]> = {};
  for (const { name, mailbox } of await store.mailboxes.list(store.users.find(user)!.id)) {
    if (mailbox === null || mailbox.messages === 0) continue;
    const letters: Letter[] = [];
    for (const { uid, flags, receivedAt } of await store.mail.list(mailbox.id, 0, 10_000)) {
      const body = await store.mail.body(mailbox.id, uid);
      letters.push({ content: decode(await bytesOf(body!)), flags, receivedAt });
    }
    all[name] = letters;
  }
  return all;
}

export async function subjectsOf(folder: string, user = "bob@abc.com") {
  const all = Object.entries(await mailOf(folder, user));
  return Object.fromEntries(all.map(([name, letters]) => [
    name,
    letters.map(({ content }) => /^Subject: (.*)\r$/m.exec(content)?.[1]),
  ]));
}

/** Puts letters into mailboxes of alice. */
export async function fill(
  folder: string,
  mailboxes: Readonly<Record<string, readonly Letter[]>>,
): Promise<void> {
  await using store = await open(folder);
  const account = store.users.find("alice@abc.com")!.id;
  let made = (await store.mailboxes.usage(account)).messages;
  for (const [name, letters] of Object.entries(mailboxes)) {
    if (await store.mail.mailbox(account, name) === null) {
      await store.mailboxes.create(account, name, { use: null, at: AT });
    }
    const messages = letters.map(({ content, flags, receivedAt }) => ({
      id: `m${++made}`,
      content: bodyOf(encode(content)),
      flags,
      receivedAt,
    }));
    await store.mail.append({ account, name }, messages, { at: AT });
  }
}

export function letter(subject: string, flags: readonly string[] = []): Letter {
  return { content: `Subject: ${subject}\r\n\r\nHi\r\n`, flags, receivedAt: AT };
}

export function mbox(subjects: readonly string[], field = ""): string {
  const postmark = "From carol@other.test Tue Nov 24 16:00:00 2026\n";
  return subjects.map((each) => `${postmark}Subject: ${each}\n${field}\nHi\n\n`).join("");
}

export const numbered = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, at) => `${from + at}`);
