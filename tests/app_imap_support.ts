/** What tests of whole servers with IMAP share. */
import { startTestServer, type TestServer, type TestServerOptions } from "./app_support.ts";
import { lineReader } from "./line_reader.ts";

/** A server with alice and bob that also serves IMAP. */
export async function startWithImap(options: TestServerOptions = {}): Promise<TestServer> {
  const ports = { smtp: 0, pop3: 0, imap: 0 };
  return await startTestServer({ users: ["alice", "bob"], ports, ...options });
}

/** One connection to IMAP in the hands of a test. */
export interface ImapTalker {
  readonly greeting: string;
  /**
   * Says a command and hears everything up to its tagged reply, whose tag is left out. With a tag,
   * the line ends a command that was begun with it.
   */
  say(command: string, begun?: string): Promise<string>;
  /** Sends a line as it is. */
  send(line: string): Promise<void>;
  /** The next line. */
  hear(): Promise<string>;
  close(): void;
}

/** A connection that has heard the greeting, and with a user, has logged in (`secret`). */
export async function talkImap(
  { world, port }: Pick<TestServer, "world" | "port">,
  { user, select }: { readonly user?: string; readonly select?: string } = {},
): Promise<ImapTalker> {
  const to = { host: "127.0.0.1", port: port("imap") };
  const transport = await world.net.connect(to, { timeoutMs: 5_000 });
  const next = lineReader(transport);
  const hear = async () => await next() ?? "";
  const send = (line: string) => transport.write(new TextEncoder().encode(`${line}\r\n`));
  let count = 0;
  const talker: ImapTalker = {
    greeting: await hear(),
    send,
    hear,
    async say(command, begun) {
      const tag = `${begun ?? `a${++count}`} `;
      await send(begun === undefined ? tag + command : command);
      const lines: string[] = [];
      for (let line = await next(); line !== null; line = await next()) {
        if (line.startsWith(tag)) return [...lines, line.slice(tag.length)].join("\n");
        lines.push(line);
      }
      return lines.join("\n");
    },
    close: () => transport.close(),
  };
  if (user !== undefined) await talker.say(`LOGIN ${user} secret`);
  if (select !== undefined) await talker.say(`SELECT ${select}`);
  return talker;
}

/** APPEND as one line, with a literal that does not wait. */
export function appendCommand(mailbox: string, content: string, flags = ""): string {
  return `APPEND ${mailbox} ${flags}{${content.length}+}\r\n${content}`;
}
