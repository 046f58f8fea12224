/** Composing messages for people, RFC 5322 §3.6. */
import { concat, encode } from "../wire/bytes.ts";
import { formatDate } from "./date.ts";
import type { Draft } from "./draft.ts";
import { formatField, formatMailboxField, formatTextField } from "./field.ts";
import { encodeText, toLines } from "./transfer.ts";

/** The message as bytes with CRLF. Only one with attachments loads the library that builds them. */
export async function composeMessage(draft: Draft): Promise<Uint8Array> {
  const { attachments = [] } = draft;
  if (attachments.length === 0) return composePlain(draft);
  const { composeMixed } = await import("./composer.ts");
  const boundary = draft.messageId.replace(/[^A-Za-z0-9]/g, "").slice(0, BOUNDARY_CHARACTERS_MAX);
  const mixed = await composeMixed({ text: draft.text, attachments, boundary });
  return concat([composeHeader(draft), mixed]);
}

/**
 * The message of one text, without attachments: 7bit or 8bit, quoted-printable if lines are too
 * long.
 */
export function composePlain(draft: Draft): Uint8Array {
  const { encoding, bytes } = encodeText(toLines(draft.text), { eightBit: true });
  return concat([
    composeHeader(draft),
    formatField("MIME-Version", "1.0"),
    formatField("Content-Type", "text/plain; charset=utf-8"),
    formatField("Content-Transfer-Encoding", encoding),
    encode("\r\n"),
    bytes,
  ]);
}

/** RFC 2046 §5.1.1 allows 70, of which the library takes some. */
const BOUNDARY_CHARACTERS_MAX = 40;

function composeHeader(draft: Draft): Uint8Array {
  const { cc = [], references = [], inReplyTo = null } = draft;
  const fields = [
    formatField("Date", formatDate(draft.date, draft.offsetMinutes)),
    formatMailboxField("From", [draft.from]),
  ];
  if (draft.to.length > 0) fields.push(formatMailboxField("To", draft.to));
  if (cc.length > 0) fields.push(formatMailboxField("Cc", cc));
  if (draft.subject) fields.push(formatTextField("Subject", draft.subject));
  fields.push(formatField("Message-ID", draft.messageId));
  if (inReplyTo !== null) fields.push(formatField("In-Reply-To", inReplyTo));
  if (references.length > 0) fields.push(formatField("References", references.join(" ")));
  return concat(fields);
}
