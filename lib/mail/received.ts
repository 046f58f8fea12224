/** A message as a program wants it: decoded, and with the bytes that it came as. */
import { firstValue, parseHeader } from "./header.ts";
import { readMessage } from "./read.ts";

/** A message from a mailbox. */
export interface ReceivedMail {
  /**
   * The sender's address that the envelope had (Return-Path, RFC 5321 §4.4), without brackets.
   * Empty for the null sender, which reports have; `null` when the server did not note it.
   */
  readonly returnPath: string | null;
  /** The field From, decoded, like `Alice <alice@abc.com>`; empty when it is missing. */
  readonly from: string;
  /** The field To, decoded; several are joined with `, `; empty when it is missing. */
  readonly to: string;
  /** The field Cc, like `to`. */
  readonly cc: string;
  /** Decoded; empty when it is missing. */
  readonly subject: string;
  /** The field Date; `null` when it is missing or unreadable. */
  readonly date: Date | null;
  /** The field Message-ID with its brackets; `null` when it is missing. */
  readonly messageId: string | null;
  /** The text, its lines ended by `\n`; made from the HTML where there is no other. */
  readonly text: string;
  /** The HTML as it was written; `null` when there is none. */
  readonly html: string | null;
  /** In their order; empty when there are none. */
  readonly attachments: readonly ReceivedAttachment[];
  /** The whole message, byte for byte: trace fields, header and body, with CRLF line ends. */
  readonly raw: Uint8Array;
}

/** A part of a message that is not its text. */
export interface ReceivedAttachment {
  /** As the sender named it: it may hold slashes and dots. The media type where it has no name. */
  readonly name: string;
  /** The media type, like `image/png`. */
  readonly type: string;
  /** In bytes. */
  readonly size: number;
  /** Decoded. */
  readonly content: Uint8Array;
}

/** Decodes a message. It never throws: what cannot be decoded is shown as it came. */
export async function receivedMail(raw: Uint8Array): Promise<ReceivedMail> {
  const header = parseHeader(raw);
  const { date, ...shown } = await readMessage(raw);
  return {
    returnPath: /<(.*)>/.exec(firstValue(header, "Return-Path") ?? "")?.[1] ?? null,
    ...shown,
    date: date === null ? null : new Date(date),
    messageId: firstValue(header, "Message-ID"),
    raw,
  };
}
