/**
 * A mail server in the hands of a test: it says what the test wants, and tells what it was told.
 */
import type { Endpoint, Transport, World } from "../lib/net/world.ts";
import type { Target } from "../lib/queue/target.ts";
import { encode } from "../lib/wire/bytes.ts";
import { lineReader } from "./line_reader.ts";

export interface NextHop {
  readonly endpoint: Endpoint;
  /** The same, as a route leads there. */
  readonly target: Target;
  /** For each connection, the commands that were given on it; content is `.`. */
  readonly connections: readonly (readonly string[])[];
  /** What was answered with 250 after its dot. */
  readonly messages: readonly HopMessage[];
  /** Listens no more and closes every connection. */
  stop(): void;
}

export interface HopMessage {
  readonly sender: string;
  readonly recipients: readonly string[];
  /** Dots undone, each byte a character. */
  readonly content: string;
}

/**
 * What is said to a line: a reply without CRLF, `close`: the connection ends without one,
 * `silence`: nothing; `undefined`: as a server does that takes everything.
 */
export type HopAnswer = string | undefined;

export interface NextHopOptions {
  /** 0 by default. */
  readonly port?: number;
  /** 127.0.0.1 by default. */
  readonly host?: string;
  /**
   * Is asked about every command, about `connect` for the greeting, and about `.` for the end of
   * the content.
   */
  readonly answer?: (line: string) => HopAnswer;
  /** How long it thinks about each command and each content; by default not at all. */
  readonly thinksMs?: number;
  /** Whether it keeps nothing of what it was told, where that would be too much. */
  readonly forgets?: true;
}

export function startNextHop(world: World, options: NextHopOptions = {}): NextHop {
  const { host = "127.0.0.1", port = 0 } = options;
  const listener = world.net.listen({ host, port });
  const connections: string[][] = [];
  const messages: HopMessage[] = [];
  const open = new Set<Transport>();

  async function serve(transport: Transport): Promise<void> {
    const lines: string[] = [];
    if (!options.forgets) connections.push(lines);
    open.add(transport);
    try {
      const { answer = () => undefined, thinksMs = 0 } = options;
      const think = async () => void (thinksMs > 0 && await world.clock.sleep(thinksMs));
      const kept = options.forgets ? [] : messages;
      await converse({ transport, lines, messages: kept, answer, think });
    } catch {
      // The other side has left, or the test has stopped this one.
    } finally {
      open.delete(transport);
      transport.close();
    }
  }

  (async () => {
    for await (const transport of listener) void serve(transport);
  })();
  const endpoint = { host, port: listener.local.port };
  return {
    endpoint,
    target: { kind: "named", endpoint },
    connections,
    messages,
    stop() {
      listener.close();
      for (const transport of open) transport.close();
    },
  };
}

interface Talk {
  readonly transport: Transport;
  readonly lines: string[];
  readonly messages: HopMessage[];
  readonly answer: (line: string) => HopAnswer;
  readonly think: () => Promise<void>;
}

async function converse({ transport, lines, messages, answer, think }: Talk): Promise<void> {
  const next = lineReader(transport);
  let sender = "";
  let recipients: string[] = [];
  for (let line: string | null = "connect"; line !== null; line = await next()) {
    if (line !== "connect") lines.push(line);
    let said = answer(line) ?? usual(line);
    if (said.startsWith("354")) {
      await say(transport, said);
      const content = await readContent(next);
      lines.push(".");
      said = answer(".") ?? "250 OK";
      if (said.startsWith("250")) messages.push({ sender, recipients, content });
    }
    if (said === "close") return;
    if (said.startsWith("250")) {
      if (line.startsWith("RCPT")) recipients.push(pathOf(line));
      else recipients = [];
      if (line.startsWith("MAIL")) sender = pathOf(line);
    }
    await think();
    if (said !== "silence") await say(transport, said);
    if (line === "QUIT") return;
  }
}

async function readContent(next: () => Promise<string | null>): Promise<string> {
  let content = "";
  for (;;) {
    const line = await next();
    if (line === null) throw new Error("the connection ended inside of the content");
    if (line === ".") return content;
    content += `${line.replace(/^\./, "")}\r\n`;
  }
}

function say(transport: Transport, reply: string): Promise<void> {
  return transport.write(encode(`${reply}\r\n`));
}

function usual(line: string): string {
  if (line === "connect") return "220 hop.test ESMTP";
  if (line.startsWith("EHLO")) {
    return "250-hop.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 1000000";
  }
  if (line === "DATA") return "354 Go ahead";
  return line === "QUIT" ? "221 Goodbye" : "250 OK";
}

function pathOf(command: string): string {
  return /<([^>]*)>/.exec(command)?.[1] ?? "";
}
