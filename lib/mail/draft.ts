import type { Mailbox } from "./field.ts";

/** A message before it is written down. */
export interface Draft {
  readonly from: Mailbox;
  readonly to: readonly Mailbox[];
  readonly cc?: readonly Mailbox[];
  /** Only for the envelope: it never appears in the message (RFC 5322 §3.6.3). */
  readonly bcc?: readonly Mailbox[];
  /** `null` or empty: the field is left out. */
  readonly subject: string | null;
  /** Any line ends. */
  readonly text: string;
  /** Milliseconds since 1970. */
  readonly date: number;
  /** The sender's clock, east of Greenwich; 0 by default. */
  readonly offsetMinutes?: number;
  /** With its brackets: `<id@host>`. */
  readonly messageId: string;
  /** The Message-ID that this answers, with its brackets. */
  readonly inReplyTo?: string | null;
  /** Message-IDs with their brackets, the oldest first. */
  readonly references?: readonly string[];
  readonly attachments?: readonly Attachment[];
}

export interface Attachment {
  readonly filename: string;
  readonly content: Uint8Array;
  /** By the name's ending when it is left out. */
  readonly contentType?: string;
}
