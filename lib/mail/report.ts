/** Reports about mail that was not delivered, RFC 3464 in the frame of RFC 6522. */
import { concat, decodeLatin1, encode } from "../wire/bytes.ts";
import { type Address, formatAddress } from "./address.ts";
import { formatDate } from "./date.ts";
import { formatField, formatMailboxField, formatTextField, withoutControls } from "./field.ts";
import { firstValue, type Header, parseHeader } from "./header.ts";
import { encodeText, toLines } from "./transfer.ts";

/** What a report tells, and to whom. It is sent with the null sender (RFC 3464 §2). */
export interface Report {
  /** The name of this server. */
  readonly reportingMta: string;
  /** Unique for ever on this host; the report's Message-ID and boundary are made of it. */
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** This server's clock, east of Greenwich; 0 by default. */
  readonly offsetMinutes?: number;
  /** The sender of the original's envelope (RFC 3464 §2). */
  readonly to: Address;
  /** At least one. */
  readonly recipients: readonly ReportedRecipient[];
  /** The original message, or its beginning: its header section is quoted. */
  readonly originalHeader: Uint8Array;
  /** When the original came here, in milliseconds since 1970. */
  readonly arrivedAt?: number | null;
  /** ENVID of RFC 3461, decoded. */
  readonly originalEnvelopeId?: string | null;
}

/** What became of one recipient. */
export interface ReportedRecipient {
  readonly address: Address;
  readonly action: "failed" | "delayed";
  /** Like `5.1.1` (RFC 3463). */
  readonly status: string;
  /**
   * The words of the other server, like `550 5.1.1 No such user`, or ours when there was no reply.
   */
  readonly diagnostic: string | null;
  /** The server whose words they are; `null` when none was reached (RFC 3464 §2.3.5). */
  readonly remoteMta: string | null;
  /** Milliseconds since 1970; `null` when nothing was tried (RFC 3464 §2.3.7). */
  readonly lastAttemptAt: number | null;
}

/**
 * The report as a message of short ASCII lines, so that it gets through wherever the original came
 * from.
 */
export function composeReport(report: Report): Uint8Array {
  const original = parseHeader(report.originalHeader);
  const parts = [
    textPart("text/plain; charset=utf-8", toLines(explain(report))),
    textPart("message/delivery-status", deliveryStatus(report)),
    textPart("text/rfc822-headers", quoteHeader(original)),
  ];
  const boundary = findBoundary(report.id, parts);
  const between = encode(`--${boundary}\r\n`);
  return concat([
    reportHeader(report, original),
    formatField("MIME-Version", "1.0"),
    // RFC 6522 §3 and RFC 3464 §2 (a).
    encode("Content-Type: multipart/report; report-type=delivery-status;\r\n"),
    encode(` boundary="${boundary}"\r\n\r\n`),
    // RFC 2046 §5.1.1: the CRLF in front of a boundary belongs to the boundary.
    ...parts.flatMap((part) => [between, part, encode("\r\n")]),
    encode(`--${boundary}--\r\n`),
  ]);
}

/** The quoted header is there to recognise the message by; more than this helps nobody. */
const QUOTED_BYTES_MAX = 64 * 1024;
/** Replies are short (RFC 5321 §4.5.3.1.5), but may have many lines. */
const DIAGNOSTIC_CHARACTERS_MAX = 1000;

function reportHeader(report: Report, original: Header): Uint8Array {
  const { reportingMta, id, now, offsetMinutes, to, recipients } = report;
  const daemon = { local: "mailer-daemon", domain: reportingMta };
  const fields = [
    formatField("Date", formatDate(now, offsetMinutes)),
    formatMailboxField("From", [{ name: "Mail Delivery System", address: daemon }]),
    formatMailboxField("To", [{ name: "", address: to }]),
    formatTextField(
      "Subject",
      hasFailed(recipients) ? "Your message could not be delivered" : "Your message is delayed",
    ),
    formatField("Message-ID", `<${id}@${reportingMta}>`),
    // RFC 3834 §3.1.7: so that no program answers this.
    formatField("Auto-Submitted", "auto-replied"),
  ];
  const messageId = firstValue(original, "Message-ID");
  // RFC 3834 §3.1.6: in the thread of the original, if its id can be quoted.
  if (messageId !== null && /^<[!-;=?-~]{1,900}>$/.test(messageId)) {
    fields.push(formatField("In-Reply-To", messageId), formatField("References", messageId));
  }
  return concat(fields);
}

/** RFC 3464 §2 (b): the part for people. */
function explain({ reportingMta, recipients }: Report): string {
  const failed = recipients.filter(({ action }) => action === "failed");
  const delayed = recipients.filter(({ action }) => action === "delayed");
  const paragraphs = [`This is the mail server ${reportingMta}.`];
  if (failed.length > 0) {
    paragraphs.push("Your message could not be delivered to:", ...failed.map(explainRecipient));
    paragraphs.push("It will not be tried again.");
  }
  if (delayed.length > 0) {
    paragraphs.push("Your message has not yet reached:", ...delayed.map(explainRecipient));
    paragraphs.push("This will be tried again; you need not do anything.");
  }
  paragraphs.push("The details and the header of your message follow.");
  return paragraphs.join("\n\n");
}

function explainRecipient({ address, diagnostic, remoteMta }: ReportedRecipient): string {
  const name = `  ${formatAddress(address)}`;
  if (diagnostic === null) return name;
  const words = withoutControls(diagnostic).slice(0, DIAGNOSTIC_CHARACTERS_MAX);
  const speaker = remoteMta === null ? "" : `${withoutControls(remoteMta)} said: `;
  return `${name}\n    ${speaker}${words}`;
}

/** RFC 3464 §2.1: the part for programs, which MUST be 7-bit. */
function deliveryStatus(report: Report): Uint8Array {
  const { reportingMta, offsetMinutes, originalEnvelopeId = null, arrivedAt = null } = report;
  const fields: Uint8Array[] = [];
  if (originalEnvelopeId !== null) {
    fields.push(formatField("Original-Envelope-Id", asciiOf(originalEnvelopeId)));
  }
  fields.push(formatField("Reporting-MTA", `dns; ${asciiOf(reportingMta)}`));
  if (arrivedAt !== null) {
    fields.push(formatField("Arrival-Date", formatDate(arrivedAt, offsetMinutes)));
  }
  for (const recipient of report.recipients) {
    fields.push(encode("\r\n"), recipientStatus(recipient, offsetMinutes));
  }
  return concat(fields);
}

function recipientStatus(recipient: ReportedRecipient, offsetMinutes?: number): Uint8Array {
  const { address, action, status, diagnostic, remoteMta, lastAttemptAt } = recipient;
  const fields = [
    formatField("Final-Recipient", typedAddress(address)),
    formatField("Action", action),
    formatField("Status", status),
  ];
  if (remoteMta !== null) fields.push(formatField("Remote-MTA", `dns; ${asciiOf(remoteMta)}`));
  if (diagnostic !== null) {
    // RFC 3464 §2.3.6: the type tells how to read the words; only a reply's are of the type smtp.
    const type = /^[245]\d\d\b/.test(diagnostic) ? "smtp" : "x-local";
    const words = asciiOf(diagnostic).slice(0, DIAGNOSTIC_CHARACTERS_MAX);
    fields.push(formatField("Diagnostic-Code", `${type}; ${words}`));
  }
  if (lastAttemptAt !== null) {
    fields.push(formatField("Last-Attempt-Date", formatDate(lastAttemptAt, offsetMinutes)));
  }
  return concat(fields);
}

/**
 * RFC 6533 §3: beyond ASCII, an address is of the type utf-8, each such character by its number.
 */
function typedAddress(address: Address): string {
  const text = formatAddress(address);
  if (/^[ -~]*$/.test(text)) return `rfc822; ${text}`;
  const escaped = text.replace(
    /[^!-*,-<>-[\]-~]/gu,
    (character) => `\\x{${character.codePointAt(0)!.toString(16).toUpperCase()}}`,
  );
  return `utf-8; ${escaped}`;
}

/** As many whole fields as fit, with a line end behind the last. */
function quoteHeader({ bytes, fields }: Header): Uint8Array {
  const end = fields.findLast((field) => field.end <= QUOTED_BYTES_MAX)?.end ?? 0;
  const quoted = bytes.subarray(0, end);
  return end === 0 || quoted[end - 1] === 10 ? quoted : concat([quoted, encode("\r\n")]);
}

/** RFC 6522 §4: broken header fields, too, are quoted in ASCII. */
function textPart(type: string, lines: Uint8Array): Uint8Array {
  const { encoding, bytes } = encodeText(lines, { eightBit: false });
  return concat([
    formatField("Content-Type", type),
    formatField("Content-Transfer-Encoding", encoding),
    encode("\r\n"),
    bytes,
  ]);
}

/** RFC 2046 §5.1.1: a boundary occurs in no part. The original could hold one that it guessed. */
function findBoundary(id: string, parts: readonly Uint8Array[]): string {
  const content = decodeLatin1(concat(parts));
  const base = `report-${id.replace(/[^A-Za-z0-9-]/g, "").slice(0, 40)}`;
  let boundary = base;
  for (let count = 1; content.includes(`--${boundary}`); count++) boundary = `${base}-${count}`;
  return boundary;
}

function hasFailed(recipients: readonly ReportedRecipient[]): boolean {
  return recipients.some(({ action }) => action === "failed");
}

function asciiOf(text: string): string {
  return text.replace(/[^ -~]/g, "?");
}
