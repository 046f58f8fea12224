/** The mailbox as one session sees it: numbered at login, with deletion marks (RFC 1939 §5). */
import type { Pop3Message, Pop3Snapshot } from "./backend.ts";

/** A snapshot and its marks. What is marked is neither counted, listed nor found. */
export interface Maildrop {
  readonly count: number;
  /** In bytes. */
  readonly size: number;
  /** By number, rising from 1; the numbers of marked messages are passed over. */
  list(): Iterable<readonly [number: number, message: Pop3Message]>;
  /** `null` when there is no such message, or not any more. */
  find(number: number): Pop3Message | null;
  /** Marks a message as deleted; false when there is none to mark. */
  mark(number: number): boolean;
  /** Takes all marks away. */
  reset(): void;
  /** What QUIT has to remove, by number. */
  marked(): Iterable<Pop3Message>;
}

/** Begins without marks. */
export function maildropOf(snapshot: Pop3Snapshot): Maildrop {
  // A byte each: a client can mark them all, and there may be very many.
  const marks = new Uint8Array(snapshot.count);
  let markedCount = 0;
  let markedSize = 0;

  function find(number: number): Pop3Message | null {
    // 0 stands for "not marked"; beyond the last message, and at 0, there is nothing to look up.
    return marks[number - 1] === 0 ? snapshot.message(number) : null;
  }

  function* those(mark: number): Iterable<readonly [number, Pop3Message]> {
    for (let at = marks.indexOf(mark); at !== -1; at = marks.indexOf(mark, at + 1)) {
      yield [at + 1, snapshot.message(at + 1)];
    }
  }

  return {
    get count() {
      return snapshot.count - markedCount;
    },
    get size() {
      return snapshot.size - markedSize;
    },
    list: () => those(0),
    find,
    mark(number) {
      const message = find(number);
      if (message === null) return false;
      marks[number - 1] = 1;
      markedCount++;
      markedSize += message.size;
      return true;
    },
    reset() {
      marks.fill(0);
      markedCount = markedSize = 0;
    },
    *marked() {
      for (const [, message] of those(1)) yield message;
    },
  };
}

/** For people: `1 message`, `2 messages`. */
export function counted(count: number): string {
  return count === 1 ? "1 message" : `${count} messages`;
}
