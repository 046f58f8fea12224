/**
 * What all conversations of a server together hold of content that is not stored yet. A single one
 * may hold a whole message; as many as there may be connections would need more memory than there
 * is.
 */
export interface Room {
  /** The part of one transaction, which is empty at first. */
  hold(): Hold;
  /** Bytes that are taken now, by all together. */
  heldBytes(): number;
}

export interface Hold {
  /** Whether so many bytes more are to be had just now. */
  fits(bytes: number): boolean;
  /** Takes so many bytes more; false, and nothing taken, where they are not to be had. */
  take(bytes: number): boolean;
  /** Gives everything back. */
  release(): void;
}

/** A room of so many bytes. */
export function createRoom(bytesMax: number): Room {
  let held = 0;
  return {
    heldBytes: () => held,
    hold() {
      let mine = 0;
      const fits = (bytes: number) => held + bytes <= bytesMax;
      return {
        fits,
        take(bytes) {
          if (!fits(bytes)) return false;
          held += bytes;
          mine += bytes;
          return true;
        },
        release() {
          held -= mine;
          mine = 0;
        },
      };
    },
  };
}
