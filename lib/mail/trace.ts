/** Trace fields: what a server writes in front of what it accepted, RFC 5321 §4.4. */
import { type Address, formatAddress, isDomain } from "./address.ts";
import { withoutComments } from "./comment.ts";
import { formatDate } from "./date.ts";
import { formatField } from "./field.ts";
import { allValues, countFields, type Header } from "./header.ts";
import { literalOf } from "./literal.ts";

/** What one Received field tells. */
export interface Received {
  /** The name that the client gave to HELO or EHLO: any text, nobody has checked it. */
  readonly helo: string;
  /** The client's IP address; `null` where there was no connection. */
  readonly address: string | null;
  /** The client's host name, where somebody has looked it up. */
  readonly name: string | null;
  /** The name of this server. */
  readonly by: string;
  readonly protocol: Protocol;
  /** How the connection was encrypted, like `TLSv1.3` and `TLS_AES_256_GCM_SHA384`. */
  readonly tls: { readonly version: string; readonly cipher: string } | null;
  /** The id of the message in this server. */
  readonly id: string;
  /** The recipient, when there is only one: several would tell each about the others (§7.2). */
  readonly recipient: Address | null;
  /** MT-PRIORITY of RFC 6710, where the client gave one. */
  readonly priority?: number | undefined;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** This server's clock, east of Greenwich; 0 by default. */
  readonly offsetMinutes?: number;
}

/** The registered names of RFC 5321 §4.4, RFC 3848 and RFC 6531 §4.3. */
export type Protocol =
  | "SMTP"
  | `${"ESMTP" | "UTF8SMTP" | "LMTP" | "UTF8LMTP"}${"" | "A" | "S" | "SA"}`;

/** What the WITH clause says about a conversation (RFC 3848 §1). */
export function protocolOf(conversation: {
  /** Whether it was LMTP (RFC 2033). */
  readonly lmtp: boolean;
  /** Whether the client said EHLO or LHLO. */
  readonly extended: boolean;
  readonly encrypted: boolean;
  readonly authenticated: boolean;
  /** Whether MAIL had SMTPUTF8. */
  readonly utf8: boolean;
}): Protocol {
  const { lmtp, extended, encrypted, authenticated, utf8 } = conversation;
  // All the extensions need EHLO, so there is no name for them without it.
  if (!extended) return "SMTP";
  // RFC 6531 §4.3 and RFC 3848 §1.
  const protocol = lmtp ? (utf8 ? "UTF8LMTP" : "LMTP") : utf8 ? "UTF8SMTP" : "ESMTP";
  if (encrypted) return authenticated ? `${protocol}SA` : `${protocol}S`;
  return authenticated ? `${protocol}A` : protocol;
}

/** The Received field with its CRLF. */
export function receivedField(received: Received): Uint8Array {
  const { by, protocol, tls, id, recipient, priority, at, offsetMinutes } = received;
  const clauses = [`from ${fromDomain(received)}`];
  if (tls !== null) clauses.push(`(${clean(tls.version)} ${clean(tls.cipher)})`);
  clauses.push(`by ${clean(by)} with ${protocol} id ${clean(id)}`);
  if (recipient !== null) clauses.push(`for <${formatAddress(recipient)}>`);
  // RFC 6710 §7: one of the additional clauses, which stand behind all others (RFC 5321 §4.4).
  if (priority !== undefined) clauses.push(`PRIORITY ${priority}`);
  return formatField("Received", `${clauses.join(" ")}; ${formatDate(at, offsetMinutes)}`);
}

/** The Return-Path field that final delivery puts in front, with its CRLF. */
export function returnPathField(sender: Address | null): Uint8Array {
  return formatField("Return-Path", sender === null ? "<>" : `<${formatAddress(sender)}>`);
}

/** How many servers this message has passed; RFC 5321 §6.3 takes 100 for a loop. */
export function countReceived(header: Header): number {
  return countFields(header, "received");
}

/**
 * Whether the message has been received by the host of this name more than `times` times. Passing
 * twice can be honest (an alias that leads to another server and back); strangers can write such
 * fields too, and only make their own mail fail.
 */
export function hasPassed(header: Header, hostname: string, times: number): boolean {
  const passed = allValues(header, "received").filter((value) =>
    receivedBy(value) === hostname.toLowerCase()
  );
  return passed.length > times;
}

/** RFC 5321 §4.5.3.1.2 gives a name 255 octets; this much tells who it was. */
const NAME_CHARACTERS_MAX = 255;

/**
 * RFC 5321 §4.4 From-domain: the name as it was given, then what the connection shows. The grammar
 * wants a domain or a literal first, so a name that is neither goes into the comment.
 */
function fromDomain({ helo, address, name }: Received): string {
  const literal = address === null ? null : literalOf(address);
  // RFC 5321 §4.4 TCP-info: the address alone, or behind the name.
  const shown = literal !== null && name !== null ? `${clean(name)} ${literal}` : literal;
  if (isDomain(helo)) return shown === null ? helo : `${helo} (${shown})`;
  return `${literal ?? "unknown"} (helo=${clean(helo)})`;
}

/** Leaves nothing that could end a comment, a clause or the field. */
function clean(text: string): string {
  return text.slice(0, NAME_CHARACTERS_MAX).replace(/[^A-Za-z0-9.:_@[\]/-]/g, "?");
}

function receivedBy(value: string): string | null {
  // RFC 5321 §4.4: From-domain is in front of it, and a host may be called "by".
  const clauses = withoutComments(value).replace(/^\s*from\s+\S+/i, "");
  const match = /(?:^|\s)by\s+([^\s;]{1,255})/i.exec(clauses);
  return match === null ? null : match[1]!.toLowerCase();
}
