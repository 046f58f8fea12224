/** What SORT and THREAD want to know of a message (RFC 5256 §2 and §3), from its header. */
import { parseDate } from "../mail/date.ts";
import { firstValue, type Header } from "../mail/header.ts";
import { decodeWords } from "../mail/words.ts";
import type { Candidate } from "./search.ts";
import { envelopeAddresses } from "./envelope_address.ts";
import { collated, type Sortable } from "./sort.ts";
import { baseSubject } from "./subject.ts";
import type { Threadable } from "./thread.ts";

export type Summary = Sortable & Threadable;

/** Identifiers of one message that count for its place: long discussions have some hundreds. */
export const REFERENCES_MAX = 1_000;

/** Never throws, whatever stands in the header. */
export function summaryOf({ number, message }: Candidate, header: Header): Summary {
  const value = (name: string) => firstValue(header, name) ?? "";
  const { base, isReply } = baseSubject(value("Subject"));
  const [from, to, cc] = [value("From"), value("To"), value("Cc")];
  return {
    number,
    receivedAt: message.receivedAt,
    // RFC 5256 §2.2: where the field cannot be read, INTERNALDATE.
    sentAt: parseDate(value("Date"))?.at ?? message.receivedAt,
    size: message.size,
    subject: base,
    isReply,
    from: mailboxOf(from),
    to: mailboxOf(to),
    cc: mailboxOf(cc),
    displayFrom: displayOf(from),
    displayTo: displayOf(to),
    messageId: messageIds(value("Message-ID"))[0] ?? null,
    references: referencesOf(value("References"), value("In-Reply-To")),
  };
}

/** RFC 5256 §3: the mailbox of the first address; without one, the empty string. */
function mailboxOf(field: string): string {
  return collated(envelopeAddresses(field)[0]?.mailbox ?? "");
}

/** RFC 5957 §3: its name, or else the address. */
function displayOf(field: string): string {
  const [first] = envelopeAddresses(field);
  if (first === undefined) return "";
  const name = decodeWords(first.name ?? "");
  if (name !== "") return collated(name);
  const { mailbox, host } = first;
  return collated(host === null || host === "" ? mailbox ?? "" : `${mailbox}@${host}`);
}

/** RFC 5256 §3 REFERENCES, step 1: In-Reply-To counts only where References has nothing. */
function referencesOf(references: string, inReplyTo: string): readonly string[] {
  const found = messageIds(references);
  return found.length > 0 ? found.slice(-REFERENCES_MAX) : messageIds(inReplyTo).slice(0, 1);
}

/**
 * All that are valid (RFC 5322 §3.6.4); RFC 5256 §3: they are compared without their quotes. Each
 * is bounded before it is looked at, for a field can be nothing but an endless one.
 */
function messageIds(value: string): readonly string[] {
  return [...value.matchAll(/<([^<>]{3,1000})>/g)]
    .map(([, id]) => id!.replace(/\s+/g, "").replace(/\\(.)|"/g, "$1"))
    .filter((id) => /^[^@]+@[^@]+$/.test(id));
}
