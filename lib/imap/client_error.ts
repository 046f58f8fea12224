/** What a client makes of a server that does something wrong. */
import { ProtocolError } from "../wire/error.ts";

/** The server broke the protocol; `message` goes on behind "it breaks the protocol:". */
export function broken(message: string): ProtocolError {
  return new ProtocolError(message, { code: 0, status: "" });
}
