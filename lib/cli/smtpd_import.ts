/** `smtpd import`: mail from files into mailboxes. */
import { createHash } from "node:crypto";
import { type BroughtView, IMPORTED_BYTES_MAX } from "../app/admin_mail.ts";
import { KEYWORD_CHARACTERS_MAX } from "../store/flags.ts";
import { IMPORT_KEY_BYTES } from "../store/store.ts";
import { concat } from "../wire/bytes.ts";
import type { Admin } from "./admin_arguments.ts";
import { type Asking, openAdmin } from "./admin_client.ts";
import { EXIT, type ExitStatus, oneLine } from "./fail.ts";
import { type Found, messagesOf } from "./import_messages.ts";
import { findSources, type MailFormat, type Source } from "./import_sources.ts";
import { jsonLine } from "./io.ts";
import { showProgress } from "./progress.ts";
import type { SmtpdContext } from "./smtpd_context.ts";

export interface ImportCommand extends Admin {
  readonly user: string;
  readonly paths: readonly string[];
  /** `null`: INBOX, where the files do not name one. */
  readonly mailbox: string | null;
  /** `null`: what the files look like. */
  readonly format: MailFormat | null;
  /** Whether to take what was taken before. */
  readonly again: boolean;
}

/** Status 65 when something was left out. */
export async function runImport(
  command: ImportCommand,
  context: SmtpdContext,
): Promise<ExitStatus> {
  const { world, streams: { output, errors } } = context;
  await using asking = await openAdmin({ world, place: command.place });
  const prepared = new Set<string>();
  let allTaken = true;
  for (const path of command.paths) {
    for await (const source of findSources(path, command)) {
      await prepare(asking, command, source.mailbox, prepared);
      const counts = await importSource(asking, command, source, context);
      if (counts.leftOut > 0) allTaken = false;
      if (command.json) output.write(jsonLine({ ...source, ...counts }));
      else errors.write(`${oneLine(aboutSource(source, counts))}\n`);
    }
  }
  return allTaken ? EXIT.done : EXIT.badData;
}

/** Once for each mailbox, or one source would forget what another has brought. */
async function prepare(
  asking: Asking,
  { user, again }: ImportCommand,
  mailbox: string,
  prepared: Set<string>,
): Promise<void> {
  if (prepared.has(mailbox)) return;
  prepared.add(mailbox);
  await asking.ask({ do: "import", user, mailbox, ...again ? { again } : {} });
}

interface Counts {
  readonly taken: number;
  /** Those that were taken before. */
  readonly known: number;
  readonly leftOut: number;
}

/** A request has about so much, which is one short transaction, */
const BATCH_BYTES = 1024 * 1024;
/** so many messages, */
const BATCH_MESSAGES = 100;
/** and so much about them: a line of a request may have twice of it. */
const BATCH_CHARACTERS = 256 * 1024;

async function importSource(
  asking: Asking,
  { user, json }: ImportCommand,
  source: Source,
  { streams: { errors } }: SmtpdContext,
): Promise<Counts> {
  const progress = json
    ? null
    : showProgress(errors, { doing: `Importing ${oneLine(source.mailbox)}`, shownFrom: 20 });
  const { mailbox } = source;
  const counts = { taken: 0, known: 0, leftOut: 0 };
  let batch = newBatch();
  const send = async () => {
    if (batch.messages.length === 0) return;
    const { messages, contents } = batch;
    batch = newBatch();
    const content = new Uint8Array(concat(contents));
    const request = { do: "import messages", user, mailbox, messages } as const;
    const { taken } = await asking.ask(request, content);
    counts.taken += taken;
    counts.known += messages.length - taken;
  };
  for await (const found of messagesOf(source)) {
    if (found.kind === "progress") progress?.at(found.done, found.total);
    else if (found.kind === "leftOut") {
      counts.leftOut++;
      progress?.hide();
      errors.write(`${oneLine(`${found.place}: ${found.why}, and was left out`)}\n`);
    } else {
      const view = viewOf(found);
      if (batch.bytes + view.size > IMPORTED_BYTES_MAX) await send();
      add(batch, view, found.content);
      if (isFull(batch)) await send();
    }
  }
  await send();
  progress?.hide();
  return counts;
}

interface Batch {
  readonly messages: BroughtView[];
  readonly contents: Uint8Array[];
  bytes: number;
  characters: number;
}

function newBatch(): Batch {
  return { messages: [], contents: [], bytes: 0, characters: 0 };
}

function add(batch: Batch, view: BroughtView, content: Uint8Array): void {
  batch.messages.push(view);
  batch.contents.push(content);
  batch.bytes += view.size;
  batch.characters += JSON.stringify(view).length;
}

function isFull({ messages, bytes, characters }: Batch): boolean {
  return messages.length >= BATCH_MESSAGES || bytes >= BATCH_BYTES ||
    characters >= BATCH_CHARACTERS;
}

function viewOf(found: Extract<Found, { readonly kind: "message" }>): BroughtView {
  const { identity, content, receivedAt, flags } = found;
  const digest = createHash("sha256").update(`${identity}\0`).update(content).digest();
  return {
    key: digest.subarray(0, IMPORT_KEY_BYTES).toString("hex"),
    size: content.length,
    receivedAt: Math.trunc(receivedAt),
    flags: flags.filter(isFlag),
  };
}

/** What no mailbox could keep is passed over: it is a word of some program. */
function isFlag(flag: string): boolean {
  if (flag.startsWith("\\")) return /^\\(?:Seen|Answered|Flagged|Deleted|Draft)$/i.test(flag);
  return flag.length <= KEYWORD_CHARACTERS_MAX && /^[!#$&'+-[^-z|~]+$/.test(flag);
}

function aboutSource({ path, mailbox }: Source, { taken, known, leftOut }: Counts): string {
  const parts = [`${path}: ${taken} message${taken === 1 ? "" : "s"} taken into ${mailbox}`];
  if (known > 0) parts.push(`${known} there from before`);
  if (leftOut > 0) parts.push(`${leftOut} left out`);
  return parts.join(", ");
}
