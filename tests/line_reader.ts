/** Reading a connection line by line, for tests that talk by hand. */
import type { Transport } from "../lib/net/world.ts";
import { decodeLatin1 } from "../lib/wire/bytes.ts";

/**
 * Gives the next line without its CRLF, each byte a character; `null` when the other side has
 * closed, or the connection is lost.
 */
export function lineReader(transport: Transport): () => Promise<string | null> {
  let text = "";
  return async () => {
    for (;;) {
      const end = text.indexOf("\r\n");
      if (end !== -1) {
        const line = text.slice(0, end);
        text = text.slice(end + 2);
        return line;
      }
      const chunk = await transport.read().catch(() => null);
      if (chunk === null) return null;
      text += decodeLatin1(chunk);
    }
  };
}
