/** `smtpd export`: mail from mailboxes into files. */
import type { ExportedView, MailboxView } from "../app/admin_mail.ts";
import { canonical } from "../imap/mailbox_name.ts";
import { concat } from "../wire/bytes.ts";
import type { Admin } from "./admin_arguments.ts";
import { type Asking, openAdmin } from "./admin_client.ts";
import { openFolder, openWriter } from "./export_folder.ts";
import { EXIT, type ExitStatus, Failure, oneLine } from "./fail.ts";
import type { MailFormat } from "./import_sources.ts";
import { jsonLine } from "./io.ts";
import { showProgress } from "./progress.ts";
import type { SmtpdContext } from "./smtpd_context.ts";

export interface ExportCommand extends Admin {
  readonly user: string;
  readonly directory: string;
  /** `null`: all of them. */
  readonly mailbox: string | null;
  readonly format: MailFormat;
}

/** Goes on where an earlier one has ended. */
export async function runExport(
  command: ExportCommand,
  context: SmtpdContext,
): Promise<ExitStatus> {
  const { directory, format, json } = command;
  const { world, streams: { output, errors } } = context;
  await using asking = await openAdmin({ world, place: command.place });
  const { user, mailboxes } = await asking.ask({ do: "export", user: command.user });
  const wanted = chosen(mailboxes, command.mailbox);
  if (wanted.length === 0) {
    throw new Failure(EXIT.noInput, `${user} has no mailbox ${command.mailbox}`);
  }
  await openFolder(directory, user, format);
  for (const mailbox of wanted) {
    const done = await exportMailbox(asking, { ...command, user }, mailbox, context);
    if (json) output.write(jsonLine({ mailbox: mailbox.name, ...done }));
    else errors.write(`${oneLine(aboutMailbox(mailbox, done))}\n`);
  }
  return EXIT.done;
}

function chosen(mailboxes: readonly MailboxView[], name: string | null): readonly MailboxView[] {
  return mailboxes.filter((each) => name === null || each.name === canonical(name));
}

interface Done {
  readonly written: number;
  /** Those that were there already, or the whole mailbox: `null`. */
  readonly before: number | null;
  /** Keywords that have no place in this form. */
  readonly lost: readonly string[];
}

async function exportMailbox(
  asking: Asking,
  { user, directory, format, json }: ExportCommand,
  mailbox: MailboxView,
  { streams: { errors } }: SmtpdContext,
): Promise<Done> {
  using writer = await openWriter(directory, format, mailbox);
  if (writer === null) return { written: 0, before: null, lost: [] };
  const progress = json
    ? null
    : showProgress(errors, { doing: `Exporting ${oneLine(mailbox.name)}`, shownFrom: 20 });
  let [written, before] = [0, 0];
  for (let after = 0, more = true; more;) {
    const request = { do: "export messages", user, mailbox: mailbox.name, after } as const;
    const page = await asking.ask(request);
    for (const message of page.messages) {
      after = message.uid;
      if (writer.has(message.uid)) {
        before++;
        continue;
      }
      const content = await contentOf(asking, { user, mailbox: mailbox.name }, message);
      if (content !== null) await writer.write({ ...message, content });
      if (content !== null) written++;
      progress?.at(written + before, mailbox.messages);
    }
    more = page.more;
  }
  await writer.end();
  progress?.hide();
  return { written, before, lost: writer.lost };
}

/** `null`: it was removed meanwhile. */
async function contentOf(
  asking: Asking,
  where: { readonly user: string; readonly mailbox: string },
  { uid, size, content }: ExportedView,
): Promise<Uint8Array | null> {
  const pieces = [Uint8Array.fromBase64(content)];
  for (let from = pieces[0]!.length; from < size;) {
    const more = await asking.ask({ do: "export content", ...where, uid, from }).catch(ifGone);
    if (more === null) return null;
    const piece = Uint8Array.fromBase64(more.content);
    if (piece.length === 0) throw new Failure(EXIT.badData, `message ${uid} is not whole`);
    pieces.push(piece);
    from += piece.length;
  }
  return concat(pieces);
}

function ifGone(error: unknown): null {
  if (error instanceof Failure && error.status === EXIT.noInput) return null;
  throw error;
}

function aboutMailbox({ name }: MailboxView, { written, before, lost }: Done): string {
  if (before === null) return `${name}: it is there already, and was left as it is`;
  const parts = [`${name}: ${written} message${written === 1 ? "" : "s"} written`];
  if (before > 0) parts.push(`${before} there already`);
  if (lost.length > 0) parts.push(`without the keywords ${lost.join(" ")}`);
  return parts.join(", ");
}
