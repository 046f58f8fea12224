/** The order of SORT (RFC 5256 §3, RFC 5957 §3). */
import type { SortKey } from "./search_command.ts";

/** What messages are sorted by. */
export interface Sortable {
  readonly number: number;
  readonly receivedAt: number;
  /** RFC 5256 §2.2: that of the Date field, or else `receivedAt`. */
  readonly sentAt: number;
  readonly size: number;
  /** As {@linkcode collated} has it, as the following. */
  readonly subject: string;
  /** RFC 5256 §3: the mailbox of the first address. */
  readonly from: string;
  readonly to: string;
  readonly cc: string;
  /** RFC 5957 §3: the name of the first address, or the address. */
  readonly displayFrom: string;
  readonly displayTo: string;
}

/** Sorts by the keys in their order; what is equal stays in the order of the mailbox. */
export function sorted<T extends Sortable>(
  messages: readonly T[],
  by: readonly { readonly key: SortKey; readonly reverse: boolean }[],
): readonly T[] {
  return messages.toSorted((a, b) => {
    for (const { key, reverse } of by) {
      const order = compare(valueOf(a, key), valueOf(b, key));
      if (order !== 0) return reverse ? -order : order;
    }
    return a.number - b.number;
  });
}

/** For comparing: RFC 5256 §3 wants i;unicode-casemap (RFC 5051 §2), without case and in pieces. */
export function collated(text: string): string {
  return text.toUpperCase().normalize("NFKD");
}

function valueOf(message: Sortable, key: SortKey): number | string {
  switch (key) {
    case "ARRIVAL":
      return message.receivedAt;
    case "CC":
      return message.cc;
    case "DATE":
      return message.sentAt;
    case "FROM":
      return message.from;
    case "SIZE":
      return message.size;
    case "SUBJECT":
      return message.subject;
    case "TO":
      return message.to;
    case "DISPLAYFROM":
      return message.displayFrom;
    case "DISPLAYTO":
      return message.displayTo;
  }
}

function compare(a: number | string, b: number | string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
