/** The mailbox as one session sees it: numbered at login, with deletion marks (RFC 1939 §5). */
import type { Pop3Message } from "./backend.ts";

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
  /** What QUIT has to remove. */
  marked(): readonly Pop3Message[];
}

/** Numbers the messages of a snapshot. */
export function maildropOf(messages: readonly Pop3Message[]): Maildrop {
  const size = messages.reduce((sum, message) => sum + message.size, 0);
  const marks = new Map<number, Pop3Message>();
  let markedSize = 0;

  function find(number: number): Pop3Message | null {
    return marks.has(number) ? null : messages[number - 1] ?? null;
  }

  return {
    get count() {
      return messages.length - marks.size;
    },
    get size() {
      return size - markedSize;
    },
    *list() {
      for (const [at, message] of messages.entries()) {
        if (!marks.has(at + 1)) yield [at + 1, message];
      }
    },
    find,
    mark(number) {
      const message = find(number);
      if (message === null) return false;
      marks.set(number, message);
      markedSize += message.size;
      return true;
    },
    reset() {
      marks.clear();
      markedSize = 0;
    },
    marked: () => [...marks.values()],
  };
}

/** For people: `1 message`, `2 messages`. */
export function counted(count: number): string {
  return count === 1 ? "1 message" : `${count} messages`;
}
