/**
 * What SMTP says about a message outside of the message (RFC 5321 §2.3.1), and what the queue
 * carries.
 */
import type { Address } from "./address.ts";

/** The envelope of one accepted message, without its recipients. */
export interface Envelope {
  /** `null` is the null reverse-path, `<>`: nobody may be told about it (RFC 5321 §4.5.5). */
  readonly sender: Address | null;
  /** BODY of RFC 6152: whether the content may hold bytes above 127. */
  readonly body: "7BIT" | "8BITMIME";
}

/** One recipient, as the client named it. */
export interface Recipient {
  readonly address: Address;
}
