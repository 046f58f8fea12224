/** A naive POP3 client that takes mail out of a mailbox, and writes down what it has seen. */
import { PASSWORD } from "./letters.ts";
import { connect, LostError, type Wire } from "./wire.ts";

/** One message of a mailbox; the server's name for it is never used again (RFC 1939 §7). */
export interface Copy {
  readonly owner: string;
  readonly name: string;
  readonly text: string;
  /** Whether the server has said that it is deleted. */
  deleted: boolean;
}

export interface ReaderOptions {
  readonly owner: string;
  readonly port: number;
  /** By {@linkcode nameOf}. */
  readonly copies: Map<string, Copy>;
  /** Told what must not happen. */
  readonly complain: (text: string) => void;
}

/** Reads until it is over. */
export async function keepReading(options: ReaderOptions, over: () => boolean): Promise<void> {
  while (!over()) {
    await readOnce(options);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

const PAUSE_MS = 400;

/** Takes everything that is there; gives whether nothing came in between. */
export async function readOnce(options: ReaderOptions): Promise<boolean> {
  try {
    using wire = await connect(options.port);
    return await take(wire, options);
  } catch (error) {
    if (!(error instanceof LostError)) throw error;
    return false;
  }
}

async function take(
  wire: Wire,
  { owner, copies, complain }: ReaderOptions,
): Promise<boolean> {
  await wire.line();
  await say(wire, "UTF8"); // RFC 6856 §2.1: from here on each byte is sent as it came
  await say(wire, `USER ${owner}`);
  if (!await say(wire, `PASS ${PASSWORD}`)) return false; // locked by a session that was cut off
  await say(wire, "UIDL");
  const names = (await lines(wire)).map((line) => line.split(" ")[1]!);
  const deleted: Copy[] = [];
  for (const [at, name] of names.entries()) {
    const known = copies.get(nameOf(owner, name));
    if (known?.deleted) complain(`${owner}: message ${name} came back after it was deleted`);
    let copy = known;
    if (copy === undefined) {
      if (!await say(wire, `RETR ${at + 1}`)) return false;
      const text = (await lines(wire)).map((line) => `${line}\r\n`).join("");
      copy = { owner, name, text, deleted: false };
      copies.set(nameOf(owner, name), copy);
    }
    if (await say(wire, `DELE ${at + 1}`)) deleted.push(copy);
  }
  // RFC 1939 §6: only the +OK to QUIT says that they are gone.
  if (!await say(wire, "QUIT")) return false;
  for (const copy of deleted) copy.deleted = true;
  return true;
}

/** Tells mailboxes of several owners apart. */
export function nameOf(owner: string, name: string): string {
  return `${owner} ${name}`;
}

/** Whether the answer is +OK. */
async function say(wire: Wire, line: string): Promise<boolean> {
  await wire.send(`${line}\r\n`);
  return (await wire.line()).startsWith("+OK");
}

/** A long answer, dots undone. */
async function lines(wire: Wire): Promise<readonly string[]> {
  const all: string[] = [];
  for (;;) {
    const line = await wire.line();
    if (line === ".") return all;
    all.push(line.startsWith(".") ? line.slice(1) : line);
  }
}
