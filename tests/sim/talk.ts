/** A connection in the hands of a simulated stranger: lines and octets, each a character. */
import type { Transport } from "../../lib/net/world.ts";

export interface Talk {
  readonly transport: Transport;
  /** The next line without its CRLF; `null`: the other side closed, or the connection broke. */
  line(): Promise<string | null>;
  /** So many octets; `null` where fewer come. */
  octets(count: number): Promise<string | null>;
  /** False when the connection is lost. */
  say(text: string): Promise<boolean>;
  /** Forgets what was heard and not read, as a handshake does. */
  forget(): void;
}

/** `onWait` is called whenever it waits for the other side. */
export function talkOver(transport: Transport, onWait: () => void = () => {}): Talk {
  let heard = "";

  async function more(): Promise<boolean> {
    onWait();
    const chunk = await transport.read().catch(() => null);
    if (chunk !== null) heard += latin1Of(chunk);
    return chunk !== null;
  }

  return {
    transport,
    async line() {
      for (;;) {
        const end = heard.indexOf("\r\n");
        if (end !== -1) {
          const line = heard.slice(0, end);
          heard = heard.slice(end + 2);
          return line;
        }
        if (!await more()) return null;
      }
    },
    async octets(count) {
      while (heard.length < count) if (!await more()) return null;
      const octets = heard.slice(0, count);
      heard = heard.slice(count);
      return octets;
    },
    say: (text) => transport.write(bytesOf(text)).then(() => true, () => false),
    forget: () => void (heard = ""),
  };
}

/** Reads lines up to one with a single dot and undoes the dots; `null` where that never comes. */
export async function dottedText(talk: Talk): Promise<string | null> {
  const lines: string[] = [];
  for (;;) {
    const line = await talk.line();
    if (line === null) return null;
    if (line === ".") return lines.join("");
    lines.push(line.startsWith(".") ? line.slice(1) : line, "\r\n");
  }
}

/** What stands between DATA and the end of its content, the line with the dot included. */
export function dotted(content: string): string {
  const lines = content.replace(/^\./, "..").replaceAll("\r\n.", "\r\n..");
  return lines === "" || lines.endsWith("\r\n") ? `${lines}.\r\n` : `${lines}\r\n.\r\n`;
}

export function bytesOf(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at);
  return bytes;
}

const LATIN1 = new TextDecoder("latin1");

/** Each byte as a character; what the decoder takes for Windows' own is put right. */
function latin1Of(bytes: Uint8Array): string {
  if (bytes.every((byte) => byte < 128)) return LATIN1.decode(bytes);
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}
