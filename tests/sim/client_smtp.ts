/**
 * A naive mail client, written for the simulation: it knows exactly which reply it got to what.
 * Nothing of our own client is in it.
 */
import type { Transport } from "../../lib/net/world.ts";
import type { Submission } from "./ledger.ts";
import { dotted, type Talk, talkOver } from "./talk.ts";

export interface Given {
  readonly user: string | null;
  readonly password: string;
  /** `null` is the null sender. */
  readonly sender: string | null;
  /** What stands behind MAIL's path, like `RET=FULL`. */
  readonly mailParameters: readonly string[];
  readonly recipients: readonly GivenRecipient[];
  readonly content: string;
  readonly manner: Manner;
}

export interface GivenRecipient {
  readonly address: string;
  readonly notify: readonly string[] | null;
}

/**
 * How the content is sent: with DATA, with all commands in one write, or in chunks. `leaves`: the
 * client is gone before it hears the last reply.
 */
export interface Manner {
  readonly by: "data" | "pipelined" | "chunks";
  readonly leaves: boolean;
}

/** What the client can say about it afterwards. */
export type Heard = Pick<Submission, "recipients" | "answer" | "id">;

/** Gives one message to a server, and closes the connection. Never throws. */
export async function give(transport: Transport, given: Given): Promise<Heard> {
  const talk = talkOver(transport);
  try {
    if (!await introduce(talk, given)) return unsent(given, []);
    return await transact(talk, given);
  } finally {
    transport.close();
  }
}

interface Reply {
  readonly code: number;
  readonly text: string;
}

async function introduce(talk: Talk, { user, password }: Given): Promise<boolean> {
  if ((await hear(talk))?.code !== 220) return false;
  if ((await ask(talk, "EHLO client.test"))?.code !== 250) return false;
  if (user === null) return true;
  const secret = btoa(`\0${user}\0${password}`);
  return (await ask(talk, `AUTH PLAIN ${secret}`))?.code === 235;
}

async function transact(talk: Talk, given: Given): Promise<Heard> {
  const { by } = given.manner;
  const mail = [`MAIL FROM:<${given.sender ?? ""}>`, ...given.mailParameters].join(" ");
  const named = given.recipients.map(nameRecipient);
  const together = by === "pipelined";
  if (together) await talk.say([mail, ...named, "DATA", ""].join("\r\n"));
  const said = await (together ? hear(talk) : ask(talk, mail));
  const codes: (number | null)[] = [];
  for (const line of named) {
    if (!together && said?.code !== 250) break;
    codes.push((await (together ? hear(talk) : ask(talk, line)))?.code ?? null);
  }
  if (by === "chunks") return await sendChunks(talk, given, codes);
  if (!together && !codes.some(isPositive)) return await goodbye(talk, unsent(given, codes));
  const go = await (together ? hear(talk) : ask(talk, "DATA"));
  if (go?.code !== 354) return await goodbye(talk, unsent(given, codes));
  if (!await talk.say(dotted(given.content))) return unknown(given, codes);
  return await conclude(talk, given, codes);
}

function nameRecipient({ address, notify }: GivenRecipient): string {
  const wish = notify === null ? "" : ` NOTIFY=${notify.join(",") || "NEVER"}`;
  return `RCPT TO:<${address}>${wish}`;
}

/** RFC 3030: the first half, then the rest with LAST. */
async function sendChunks(
  talk: Talk,
  given: Given,
  codes: readonly (number | null)[],
): Promise<Heard> {
  if (!codes.some(isPositive)) return await goodbye(talk, unsent(given, codes));
  const half = given.content.length >> 1;
  const first = given.content.slice(0, half);
  const rest = given.content.slice(half);
  if (!await talk.say(`BDAT ${first.length}\r\n${first}`)) return unsent(given, codes);
  if ((await hear(talk))?.code !== 250) return await goodbye(talk, unsent(given, codes));
  if (!await talk.say(`BDAT ${rest.length} LAST\r\n${rest}`)) return unknown(given, codes);
  return await conclude(talk, given, codes);
}

async function conclude(
  talk: Talk,
  given: Given,
  codes: readonly (number | null)[],
): Promise<Heard> {
  const recipients = answered(given, codes);
  const reply = given.manner.leaves ? null : await hear(talk);
  // A server that goes down says so in place of an answer, and the message may be there.
  if (reply === null || reply.code === 421) return unknown(given, codes);
  const answer = reply.code === 250 ? "accepted" : "refused";
  const id = / Accepted as (\S+)/.exec(reply.text)?.[1] ?? null;
  return await goodbye(talk, { recipients, answer, id });
}

function unsent(given: Given, codes: readonly (number | null)[]): Heard {
  return { recipients: answered(given, codes), answer: "unsent", id: null };
}

/** All was said, and may have been heard. */
function unknown(given: Given, codes: readonly (number | null)[]): Heard {
  return { recipients: answered(given, codes), answer: "unknown", id: null };
}

function answered(given: Given, codes: readonly (number | null)[]): Heard["recipients"] {
  return given.recipients.map((each, at) => ({ ...each, code: codes[at] ?? null }));
}

async function goodbye(talk: Talk, heard: Heard): Promise<Heard> {
  await ask(talk, "QUIT");
  return heard;
}

function isPositive(code: number | null): boolean {
  return code !== null && code < 300;
}

async function ask(talk: Talk, line: string): Promise<Reply | null> {
  return await talk.say(`${line}\r\n`) ? await hear(talk) : null;
}

/** The next reply, whatever number of lines it has; `null` where none comes. */
async function hear(talk: Talk): Promise<Reply | null> {
  for (let text = "";;) {
    const line = await talk.line();
    if (line === null) return null;
    text += line;
    if (line[3] !== "-") return { code: Number(line.slice(0, 3)), text };
  }
}
