/** A naive SMTP client that writes down exactly what it was answered. */
import { type createNumbers, type Letter, letterOf, PASSWORD, type Side } from "./letters.ts";
import { connect, LostError, type Wire } from "./wire.ts";

/**
 * What the client knows about a message. `refused`: it is not the server's, because it was refused,
 * put off, or its end was never sent. `unknown`: the end was sent, and no answer came.
 */
export type Answer = "accepted" | "refused" | "unknown";

export interface Sent {
  readonly letter: Letter;
  /** Those that were taken at RCPT. */
  readonly recipients: Set<string>;
  answer: Answer;
  /** When the end of the message was sent; 0 before. */
  endedAtMs: number;
}

export interface SenderOptions {
  readonly ports: Readonly<Record<Side, number>>;
  readonly over: () => boolean;
  readonly numbers: ReturnType<typeof createNumbers>;
  readonly ledger: Sent[];
  /** Counts replies that ask to come again later, by their code and status. */
  readonly putOff: Map<string, number>;
}

/** Letters that are sent over one connection, when nothing goes wrong. */
const LETTERS_PER_CONNECTION = 4;
/** Between connections, and after one that failed: the load is to leave time for restarts. */
const PAUSE_MS = 60;

/** Sends one letter after the other until it is over. */
export async function keepSending(options: SenderOptions): Promise<void> {
  while (!options.over()) {
    const kind = options.numbers.kind();
    try {
      let letter = letterOf(options.numbers.next(kind));
      using wire = await connect(options.ports[letter.to]);
      await hello(wire, letter.user);
      for (let count = 0; count < LETTERS_PER_CONNECTION && !options.over(); count++) {
        await send(wire, letter, options);
        letter = letterOf(options.numbers.next(kind));
      }
      await say(wire, "QUIT");
    } catch (error) {
      if (!(error instanceof LostError)) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

async function hello(wire: Wire, user: string | null): Promise<void> {
  await hear(wire);
  await say(wire, "EHLO client.test");
  if (user !== null) await say(wire, `AUTH PLAIN ${btoa(`\0${user}\0${PASSWORD}`)}`);
}

async function send(wire: Wire, letter: Letter, options: SenderOptions): Promise<void> {
  const sent: Sent = { letter, recipients: new Set(), answer: "refused", endedAtMs: 0 };
  options.ledger.push(sent);
  const count = (reply: string) => {
    const [word] = /^4\d\d \d\.\d\.\d/.exec(reply) ?? [];
    if (word !== undefined) options.putOff.set(word, (options.putOff.get(word) ?? 0) + 1);
    return reply;
  };
  const mail = count(await say(wire, `MAIL FROM:<${letter.from}> BODY=8BITMIME`));
  if (!mail.startsWith("250")) return;
  for (const recipient of letter.recipients) {
    const reply = count(await say(wire, `RCPT TO:<${recipient}>`));
    if (reply.startsWith("250")) sent.recipients.add(recipient);
  }
  if (sent.recipients.size === 0) return void await say(wire, "RSET");
  const { content } = letter;
  if (letter.chunked) {
    await wire.send(`BDAT ${content.length} LAST\r\n${content.slice(0, -1)}`);
  } else {
    await say(wire, "DATA");
    await wire.send(`${content.replace(/^\./gm, "..")}.`);
  }
  // From here on the server may have all of it, whatever becomes of the connection.
  sent.endedAtMs = Date.now();
  sent.answer = "unknown";
  await wire.send(letter.chunked ? content.slice(-1) : "\r\n");
  const reply = count(await hear(wire));
  sent.answer = reply.startsWith("250") ? "accepted" : "refused";
}

async function say(wire: Wire, line: string): Promise<string> {
  await wire.send(`${line}\r\n`);
  return await hear(wire);
}

/** The last line of a reply. RFC 5321 §3.8: behind a 421 the server closes. */
async function hear(wire: Wire): Promise<string> {
  for (;;) {
    const line = await wire.line();
    if (line.startsWith("421")) throw new LostError(line);
    if (!/^\d{3}-/.test(line)) return line;
  }
}
