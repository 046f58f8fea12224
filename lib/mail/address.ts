/** Mail addresses, RFC 5321 §4.1.2. */

/** A mailbox address in its canonical form. */
export interface Address {
  /** As it is meant: quotes and backslashes are undone, case is kept. */
  readonly local: string;
  /**
   * Lower case; an address literal keeps its brackets (`[192.0.2.1]`, `[IPv6:2001:db8::1]`). Empty only
   * for the `<Postmaster>` without a domain of RFC 5321 §4.1.1.3.
   */
  readonly domain: string;
}
