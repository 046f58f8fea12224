/**
 * A client of IMAP and POP3 that does nothing but speak, so that what is measured is the server: it
 * keeps what it hears as bytes, and looks at it when the time is taken.
 */
const READ_BYTES = 256 * 1024;
/** A tagged line is shorter. */
const TAIL_BYTES = 2_048;
const encoder = new TextEncoder();
const latin1 = new TextDecoder("latin1");

/** One connection to an IMAP server. */
export interface ImapTalk {
  /** Says a command, without its tag; gives the answer, tagged line included. @throws if not OK */
  say(command: string | Uint8Array): Promise<readonly Uint8Array[]>;
  /** Says what is no command, DONE for example, and waits for nothing. */
  tell(line: string): Promise<void>;
  /** Waits until something like this is heard. */
  hear(pattern: RegExp): Promise<void>;
  close(): void;
}

/** Connects and logs in. */
export async function talkImap(port: number, user: string): Promise<ImapTalk> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  connection.setNoDelay(true);
  const buffer = new Uint8Array(READ_BYTES);
  let count = 0;

  async function heard(): Promise<Uint8Array> {
    const bytes = await connection.read(buffer);
    if (bytes === null) throw new Error("the server has closed the connection");
    return buffer.slice(0, bytes);
  }

  async function answer(tag: string): Promise<readonly Uint8Array[]> {
    const chunks: Uint8Array[] = [];
    for (let tail = "\r\n";;) {
      const chunk = await heard();
      chunks.push(chunk);
      tail = (tail + latin1.decode(chunk.subarray(-TAIL_BYTES))).slice(-TAIL_BYTES);
      const at = tail.lastIndexOf(`\r\n${tag} `);
      if (at === -1 || !tail.endsWith("\r\n")) continue;
      if (!tail.startsWith("OK", at + tag.length + 3)) throw new Error(`it said ${tail.slice(at)}`);
      return chunks;
    }
  }

  const talk: ImapTalk = {
    async say(command) {
      const tag = `a${++count}`;
      const body = typeof command === "string" ? encoder.encode(command) : command;
      const bytes = new Uint8Array(tag.length + body.length + 3);
      bytes.set(encoder.encode(`${tag} `));
      bytes.set(body, tag.length + 1);
      bytes.set([13, 10], tag.length + 1 + body.length);
      await writeAll(connection, bytes);
      return await answer(tag);
    },
    tell: (line) => writeAll(connection, encoder.encode(`${line}\r\n`)),
    async hear(pattern) {
      for (let text = ""; !pattern.test(text);) text += latin1.decode(await heard());
    },
    close: () => connection.close(),
  };
  await talk.hear(/\r\n/);
  await talk.say(`LOGIN ${user} secret`);
  return talk;
}

/** Logs in by POP3, asks for so many messages at once, and quits; gives all that was heard. */
export async function retrieveAll(
  port: number,
  user: string,
  messages: number,
): Promise<readonly Uint8Array[]> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const numbers = Array.from({ length: messages }, (_, at) => `RETR ${at + 1}`);
  const lines = [`USER ${user}`, "PASS secret", ...numbers, "QUIT", ""];
  // RFC 2449 §6.6 PIPELINING: both servers announce it.
  const said = writeAll(connection, encoder.encode(lines.join("\r\n")));
  const chunks: Uint8Array[] = [];
  const buffer = new Uint8Array(READ_BYTES);
  for (let bytes = 0; bytes !== null;) {
    const read = await connection.read(buffer);
    if (read === null) break;
    chunks.push(buffer.slice(0, bytes = read));
  }
  await said;
  return chunks;
}

/** What was heard, a character for each byte. */
export function textOf(chunks: readonly Uint8Array[]): string {
  const decoder = new TextDecoder("latin1");
  return chunks.map((chunk) => decoder.decode(chunk)).join("");
}

async function writeAll(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
}
