/** Reports about what became of mail, RFC 3464 in the frame of RFC 6522. */
import { concat, decodeLatin1, encode, isAscii } from "../wire/bytes.ts";
import { type Address, formatAddress } from "./address.ts";
import { formatDate } from "./date.ts";
import { formatField, formatMailboxField, formatTextField, withoutControls } from "./field.ts";
import { firstValue, type Header, parseHeader } from "./header.ts";
import { showAddress, showOrcpt } from "./orcpt.ts";
import { encodeText, toLines } from "./transfer.ts";
import { hasUtf8Header } from "./utf8.ts";

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
  /** The original message; its beginning is enough where only the header is returned. */
  readonly original: Uint8Array;
  /**
   * RET of RFC 3461: whether the whole message is returned with a failure. Its header is, by
   * default, and always where nothing failed (§4.3).
   */
  readonly returned?: "FULL" | "HDRS";
  /** When the original came here, in milliseconds since 1970. */
  readonly arrivedAt?: number | null;
  /** ENVID of RFC 3461, decoded; `null` when the sender gave none. */
  readonly originalEnvelopeId?: string | null;
  /** The deadline of RFC 2852, in milliseconds since 1970; `null` where there was none. */
  readonly deliverBy?: number | null;
  /** What was asked for by RFC 4865, like `for;3600`; `null` where nothing was. */
  readonly holdRequest?: string | null;
}

/** What became of one recipient. */
export interface ReportedRecipient {
  readonly address: Address;
  /** The address that the sender named, where an alias has led on from it. */
  readonly via?: Address | null;
  /** ORCPT of RFC 3461, as the sender gave it; `null` without one. */
  readonly orcpt?: string | null;
  readonly action: ReportedAction;
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
  /** When it will be given up, of one that is delayed (RFC 3464 §2.3.9); `null` by default. */
  readonly willRetryUntil?: number | null;
}

/** RFC 3464 §2.3.3. */
export type ReportedAction = "failed" | "delayed" | "delivered" | "relayed" | "expanded";

/**
 * The report as a message of short ASCII lines, so that it gets through wherever the original came
 * from. Only an original in 8 bits that is returned whole, and a sender who is not ASCII, make it
 * need more.
 */
export function composeReport(report: Report): Uint8Array {
  const original = parseHeader(report.original);
  const parts = [
    textPart("text/plain; charset=utf-8", toLines(explain(report))),
    textPart("message/delivery-status", deliveryStatus(report)),
    returnedPart(report, original),
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
/** RFC 3461 §6.2 leaves the limit to us: a report should not be harder to deliver than mail is. */
const RETURNED_BYTES_MAX = 1024 * 1024;
/** Replies are short (RFC 5321 §4.5.3.1.5), but may have many lines. */
const DIAGNOSTIC_CHARACTERS_MAX = 1000;

function reportHeader(report: Report, original: Header): Uint8Array {
  const { reportingMta, id, now, offsetMinutes, to, recipients } = report;
  const daemon = { local: "mailer-daemon", domain: reportingMta };
  const fields = [
    formatField("Date", formatDate(now, offsetMinutes)),
    formatMailboxField("From", [{ name: "Mail Delivery System", address: daemon }]),
    formatMailboxField("To", [{ name: "", address: to }]),
    formatTextField("Subject", subjectOf(recipients)),
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
function explain({ reportingMta, recipients, offsetMinutes }: Report): string {
  const paragraphs = [`This is the mail server ${reportingMta}.`];
  for (const { action, before, behind } of EXPLANATIONS) {
    const concerned = recipients.filter((each) => each.action === action);
    if (concerned.length === 0) continue;
    const lines = concerned.map((each) => explainRecipient(each, offsetMinutes));
    paragraphs.push(before, ...lines, behind);
  }
  paragraphs.push("The details and the header of your message follow.");
  return paragraphs.join("\n\n");
}

/** The gravest first: it names the report. */
const EXPLANATIONS: readonly {
  readonly action: ReportedAction;
  readonly subject: string;
  readonly before: string;
  readonly behind: string;
}[] = [
  {
    action: "failed",
    subject: "Your message could not be delivered",
    before: "Your message could not be delivered to:",
    behind: "It will not be tried again.",
  },
  {
    action: "delayed",
    subject: "Your message is delayed",
    before: "Your message has not yet reached:",
    behind: "This will be tried again; you need not do anything.",
  },
  {
    action: "relayed",
    subject: "Your message was passed on",
    before: "Your message was passed on to another server, for:",
    behind: "It may have arrived; you will hear if it comes back.",
  },
  {
    action: "expanded",
    subject: "Your message was passed on to several people",
    before: "Your message was passed on to everybody behind:",
    behind: "It may have arrived; you will hear if it does not.",
  },
  {
    action: "delivered",
    subject: "Your message was delivered",
    before: "Your message was put into the mailbox of:",
    behind: "Nobody can say whether it was read.",
  },
];

function subjectOf(recipients: readonly ReportedRecipient[]): string {
  const found = EXPLANATIONS.find(({ action }) =>
    recipients.some((each) => each.action === action)
  );
  if (found === undefined) throw new RangeError("a report is about at least one recipient");
  return found.subject;
}

function explainRecipient(recipient: ReportedRecipient, offsetMinutes?: number): string {
  const { address, via = null, diagnostic, remoteMta, willRetryUntil = null } = recipient;
  const named = via === null ? "" : `, to which ${formatAddress(via)} leads`;
  const lines = [`  ${formatAddress(address)}${named}`];
  if (diagnostic !== null) {
    const words = withoutControls(diagnostic).slice(0, DIAGNOSTIC_CHARACTERS_MAX);
    const speaker = remoteMta === null ? "" : `${withoutControls(remoteMta)} said: `;
    lines.push(`    ${speaker}${words}`);
  }
  if (willRetryUntil !== null) {
    lines.push(`    tried until ${formatDate(willRetryUntil, offsetMinutes)}`);
  }
  return lines.join("\n");
}

/** RFC 3464 §2.1: the part for programs, which MUST be 7-bit. */
function deliveryStatus(report: Report): Uint8Array {
  const { reportingMta, offsetMinutes, originalEnvelopeId = null, arrivedAt = null } = report;
  const { deliverBy = null, holdRequest = null } = report;
  const fields: Uint8Array[] = [];
  if (originalEnvelopeId !== null) {
    fields.push(formatField("Original-Envelope-Id", asciiOf(originalEnvelopeId)));
  }
  fields.push(formatField("Reporting-MTA", `dns; ${asciiOf(reportingMta)}`));
  if (arrivedAt !== null) {
    fields.push(formatField("Arrival-Date", formatDate(arrivedAt, offsetMinutes)));
  }
  // RFC 2852 §5 and RFC 4865 §5.1.2.
  if (deliverBy !== null) {
    fields.push(formatField("Deliver-By-Date", formatDate(deliverBy, offsetMinutes)));
  }
  if (holdRequest !== null) fields.push(formatField("Future-Release-Request", holdRequest));
  for (const recipient of report.recipients) {
    fields.push(encode("\r\n"), recipientStatus(recipient, offsetMinutes));
  }
  return concat(fields);
}

function recipientStatus(recipient: ReportedRecipient, offsetMinutes?: number): Uint8Array {
  const { address, orcpt = null, action, status, diagnostic, remoteMta } = recipient;
  const { lastAttemptAt, willRetryUntil = null } = recipient;
  const fields = [
    // RFC 3461 §6.3 (d): only where the sender gave one.
    ...(orcpt === null ? [] : [formatField("Original-Recipient", showOrcpt(orcpt))]),
    formatField("Final-Recipient", showAddress(address)),
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
  // RFC 3464 §2.3.9: it must not appear beside another action.
  if (action === "delayed" && willRetryUntil !== null) {
    fields.push(formatField("Will-Retry-Until", formatDate(willRetryUntil, offsetMinutes)));
  }
  return concat(fields);
}

/**
 * RFC 3461 §6.2 and RFC 6533 §4.4: the message or its header, each under the name that it has with
 * a header in UTF-8, and then in ASCII all the same: only those types may be encoded (RFC 6532
 * §3.7).
 */
function returnedPart(report: Report, header: Header): Uint8Array {
  const { original, returned = "HDRS", recipients } = report;
  const whole = returned === "FULL" && original.length <= RETURNED_BYTES_MAX &&
    recipients.some(({ action }) => action === "failed");
  const global = hasUtf8Header(original);
  if (whole && global) return textPart("message/global", original);
  if (whole && isPlain(original)) return messagePart(original);
  const quoted = quoteHeader(header);
  const type = hasUtf8Header(quoted) ? "message/global-headers" : "text/rfc822-headers";
  return textPart(type, quoted);
}

/** RFC 2046 §5.2.1: a message within has no encoding of its own. */
function isPlain(message: Uint8Array): boolean {
  return encodeText(message, { eightBit: true }).bytes === message;
}

function messagePart(message: Uint8Array): Uint8Array {
  const encoding = isAscii(message) ? "7bit" : "8bit";
  return concat([
    formatField("Content-Type", "message/rfc822"),
    formatField("Content-Transfer-Encoding", encoding),
    encode("\r\n"),
    message,
  ]);
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

function asciiOf(text: string): string {
  return text.replace(/[^ -~]/g, "?");
}
