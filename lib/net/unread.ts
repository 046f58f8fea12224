/** A connection to which bytes can be given back. */
import type { Connection } from "./socket.ts";

export interface UnreadConnection extends Connection {
  /** The next read gives these. Not while a read is pending. */
  unread(bytes: Uint8Array): void;
}

export function unreadConnection(outer: Connection): UnreadConnection {
  let given: Uint8Array | null = null;
  return {
    local: outer.local,
    remote: outer.remote,
    get reading() {
      return outer.reading;
    },
    read() {
      if (given === null) return outer.read();
      const bytes = given;
      given = null;
      return Promise.resolve(bytes);
    },
    write: (bytes) => outer.write(bytes),
    closeWrite: () => outer.closeWrite(),
    close: () => outer.close(),
    unread(bytes) {
      if (outer.reading) throw new Error("Cannot give bytes back while a read is pending");
      if (bytes.length > 0) given = bytes;
    },
  };
}
