/** How a message looks: to people, and to programs. */
import type { ShownMessage } from "../mail/read.ts";
import { decode } from "../wire/bytes.ts";
import { jsonLine, paint, type Streams } from "./io.ts";
import type { Listing } from "./mailbox.ts";
import { saveAttachments } from "./smtpc_save.ts";

/** In which form. */
export interface ShowOptions {
  readonly streams: Streams;
  readonly raw: boolean;
  readonly json: boolean;
  /** The folder where attachments are saved; `null`: they are not. */
  readonly saveTo: string | null;
}

/**
 * Writes a message to standard output, and its attachments to files where that is wanted. What a
 * stranger wrote cannot steer a terminal.
 */
export async function showMessage(
  content: Uint8Array,
  listing: Listing,
  { streams, raw, json, saveTo }: ShowOptions,
): Promise<void> {
  const { output, errors } = streams;
  const { readMessage, terminalSafe } = await reading();
  if (raw) {
    output.write(
      output.isTerminal ? terminalSafe(decode(content), { newlines: true }) : content,
    );
    return;
  }
  const message = await readMessage(content);
  const saved = saveTo === null ? [] : await saveAttachments(saveTo, message.attachments);
  const attachments = message.attachments.map(({ name, type, size }, at) => {
    const path = saved[at];
    return { name, type, size, ...(path === undefined ? {} : { path }) };
  });
  if (json) {
    output.write(jsonLine({ ...summaryOf(message, listing), text: message.text, attachments }));
    return;
  }
  output.write(messageText(message));
  for (const { name, type, size, path } of attachments) {
    const where = path === undefined ? "" : `, saved as ${path}`;
    errors.write(
      paint(errors, "dim", `(attached: ${name}, ${type}, ${size} bytes${where})`) + "\n",
    );
  }
}

/** From, To, Cc and Subject where there are any, an empty line, the text. */
export function messageText({ from, to, cc, subject, text }: ShownMessage): string {
  const lines = [`From: ${from}`, `To: ${to}`];
  if (cc !== "") lines.push(`Cc: ${cc}`);
  if (subject !== "") lines.push(`Subject: ${subject}`);
  return `${lines.join("\n")}\n\n${text}`;
}

/** What a list says about a message, with the names that `--json` has. */
export type Summary = Readonly<{
  number: number;
  uniqueId: string | null;
  size: number;
  from: string;
  to: string;
  cc: string;
  subject: string;
  date: string | null;
}>;

/** Reads a header section for a list. */
export async function summarise(header: Uint8Array, listing: Listing): Promise<Summary> {
  const { readMessage } = await reading();
  return summaryOf(await readMessage(header), listing);
}

/** One line for people. */
export function summaryLine({ number, date, from, subject, size }: Summary): string {
  const day = date === null ? "no date   " : date.slice(0, "2026-05-21".length);
  const what = subject === "" ? "(no subject)" : subject;
  return `${String(number).padStart(3)}  ${day}  ${from}  ${what}  (${size} bytes)`;
}

function summaryOf(
  { from, to, cc, subject, date }: ShownMessage,
  { number, uniqueId, size }: Listing,
): Summary {
  return { number, uniqueId, size, from, to, cc, subject, date };
}

/** The libraries behind it are large: sending does without them. */
function reading(): Promise<typeof import("../mail/read.ts")> {
  return import("../mail/read.ts");
}
