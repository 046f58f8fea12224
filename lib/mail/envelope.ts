/**
 * What SMTP says about a message outside of the message (RFC 5321 §2.3.1), and what the queue
 * carries.
 */
import type { Address } from "./address.ts";

/** The envelope of one accepted message, without its recipients. */
export interface Envelope extends EnvelopeOptions {
  /** `null` is the null reverse-path, `<>`: nobody may be told about it (RFC 5321 §4.5.5). */
  readonly sender: Address | null;
  /** BODY of RFC 6152: whether the content may hold bytes above 127. */
  readonly body: "7BIT" | "8BITMIME";
}

/** What a client may say about a message; left out where it said nothing. */
export interface EnvelopeOptions {
  /**
   * SMTPUTF8 of RFC 6531: the header needs it. Whether an address does is seen in the address.
   */
  readonly utf8?: true;
  /**
   * `required`: REQUIRETLS of RFC 8689 §2, never sent on but under verified TLS; `optional`: the
   * header has `TLS-Required: No` (§3).
   */
  readonly tls?: "required" | "optional";
  /** RET of RFC 3461 §4.3: how much of the message a report of a failure returns. */
  readonly ret?: "FULL" | "HDRS";
  /** ENVID of RFC 3461 §4.4, the sender's own name for the message; xtext, as it was given. */
  readonly envid?: string;
  /** HOLDFOR or HOLDUNTIL of RFC 4865: nothing of it is delivered or sent on before. */
  readonly hold?: Hold;
  /** BY of RFC 2852: what is to be done where it is not delivered in time. */
  readonly by?: DeliverBy;
  /** MT-PRIORITY of RFC 6710 §3, from -9 to 9, higher first; 0 where it is left out. */
  readonly priority?: number;
}

/** A message that waits for its hour. */
export interface Hold {
  /** Milliseconds since 1970. */
  readonly until: number;
  /** As it was asked for, like `for;3600`, which reports repeat (RFC 4865 §5.1.2). */
  readonly request: string;
}

/** A deadline, RFC 2852 §4. */
export interface DeliverBy {
  /** The deliver-by-time, in milliseconds since 1970; it may have passed with `notify`. */
  readonly at: number;
  /**
   * `return`: after the deadline it comes back. `notify`: its sender is told of the delay, and it
   * is tried on.
   */
  readonly mode: "return" | "notify";
  /** Whether each server on the way says where it went. */
  readonly trace: boolean;
}

/** One recipient, as the client named it. */
export interface Recipient extends RecipientOptions {
  readonly address: Address;
  /** The address that the client named, where an alias here has led on from it. */
  readonly via?: Address;
}

/** What a client may say about a recipient; left out where it said nothing. */
export interface RecipientOptions {
  /** NOTIFY of RFC 3461 §4.1: what the sender wants to hear of; empty for NEVER. */
  readonly notify?: readonly NotifyCondition[];
  /** ORCPT of RFC 3461 §4.2: `addr-type;xtext`, as it was given. */
  readonly orcpt?: string;
}

export type NotifyCondition = (typeof NOTIFY_CONDITIONS)[number];
export const NOTIFY_CONDITIONS = ["SUCCESS", "FAILURE", "DELAY"] as const;

/**
 * Whether the sender is to be told. Who said nothing hears of failures (RFC 3461 §5.2.2 (f), §5.2.6
 * (c)), and may hear of delays (§5.2.5 (b)), but never of success (§5.2.3 (c)).
 */
export function wantsReport({ notify }: Recipient, condition: NotifyCondition): boolean {
  return notify === undefined ? condition !== "SUCCESS" : notify.includes(condition);
}

/** Whether an address can be given only to a server that knows SMTPUTF8 (RFC 6531 §3.2). */
export function needsUtf8(address: Address | null): boolean {
  return address !== null && !/^[ -~]*$/.test(address.local);
}
