/**
 * Reads reports about mail, with a small parser of its own: it knows the little of RFC 6522 and RFC
 * 3464 that any mail program has to know.
 */
import { markIn } from "./ledger.ts";

export interface ReadReport {
  /** Its own Message-ID. */
  readonly id: string;
  /** The server that made it. */
  readonly from: string;
  /** The mark of the message that it is about; `null` where nothing of it tells. */
  readonly mark: string | null;
  readonly recipients: readonly ReadRecipient[];
}

export interface ReadRecipient {
  readonly address: string;
  readonly action: string;
  readonly status: string;
}

/** What a message is if it is a report; `null` for any other. */
export function readReport(content: string): ReadReport | null {
  const { fields, body } = splitMessage(content);
  const type = fields.get("content-type") ?? "";
  if (!/^multipart\/report\b/i.test(type)) return null;
  const boundary = /boundary="([^"]+)"/.exec(type)?.[1];
  if (boundary === undefined) return null;
  const [, status, original] = partsOf(body, boundary).map(splitMessage);
  if (status === undefined || original === undefined) return null;
  const [about, ...recipients] = decoded(status).split(/\r\n\r\n/).map(fieldsOf);
  return {
    id: fields.get("message-id") ?? "",
    from: behindType(about?.get("reporting-mta")),
    mark: markIn(decoded(original)) ?? markIn(about?.get("original-envelope-id") ?? ""),
    recipients: recipients.filter((each) => each.size > 0).map((each) => ({
      address: addressOf(each.get("final-recipient")),
      action: each.get("action") ?? "",
      status: each.get("status") ?? "",
    })),
  };
}

export interface SplitMessage {
  /** Unfolded, by name in lower case; the first where there are several. */
  readonly fields: ReadonlyMap<string, string>;
  readonly body: string;
}

export function splitMessage(content: string): SplitMessage {
  const end = content.indexOf("\r\n\r\n");
  if (end === -1) return { fields: fieldsOf(content), body: "" };
  return { fields: fieldsOf(content.slice(0, end)), body: content.slice(end + 4) };
}

/** What a body says once its transfer encoding is undone. */
export function decoded({ fields, body }: SplitMessage): string {
  switch (fields.get("content-transfer-encoding")?.toLowerCase()) {
    case "base64":
      return atob(body.replace(/[^A-Za-z0-9+/=]/g, ""));
    case "quoted-printable":
      return body.replace(/=\r\n/g, "").replace(
        /=([0-9A-F]{2})/g,
        (_, hex) => String.fromCharCode(parseInt(hex, 16)),
      );
    default:
      return body;
  }
}

function fieldsOf(header: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const line of header.replace(/\r\n(?=[ \t])/g, "").split("\r\n")) {
    const [, name, value] = /^([!-9;-~]+): ?(.*)$/.exec(line) ?? [];
    if (name === undefined || fields.has(name.toLowerCase())) continue;
    fields.set(name.toLowerCase(), value!.trim());
  }
  return fields;
}

/** RFC 2046 §5.1.1: the CRLF in front of a boundary is the boundary's. */
function partsOf(body: string, boundary: string): readonly string[] {
  return `\r\n${body}`.split(`\r\n--${boundary}`).slice(1, -1).map((part) =>
    part.replace(/^[ \t]*\r\n/, "")
  );
}

function behindType(value: string | undefined): string {
  return value?.replace(/^[^;]*;\s*/, "") ?? "";
}

/** RFC 6533 §3: what is not ASCII stands there as `\x{E9}`. */
function addressOf(value: string | undefined): string {
  return behindType(value).replace(
    /\\x\{([0-9A-F]+)\}/gi,
    (_, hex) => String.fromCodePoint(parseInt(hex, 16)),
  );
}
