/** SMTP replies, RFC 5321 §4.2, with enhanced status codes, RFC 2034. */
import { encode } from "../wire/bytes.ts";

export interface Reply {
  /** 200 to 599. */
  readonly code: number;
  /**
   * Class, subject and detail, like `5.1.1` (RFC 3463), all of them registered (RFC 5248 §2.4);
   * empty where RFC 2034 §4 gives none.
   */
  readonly status: string;
  /** At least one; each without the code and the status. */
  readonly lines: readonly string[];
}

export function reply(code: number, status: string, ...lines: string[]): Reply {
  return { code, status, lines };
}

/** Whether a reply is of the 2yz class. */
export function isPositive(reply: Reply): boolean {
  return reply.code >= 200 && reply.code < 300;
}

/** The bytes of a reply, every line with its CRLF. */
export function formatReply(reply: Reply): Uint8Array {
  return encode(replyLines(reply).map((line) => `${line}\r\n`).join(""));
}

/**
 * The lines of a reply as they are sent, without their CRLF. Text that came from elsewhere cannot
 * break out of its line: what RFC 5321 §4.2 does not allow in a reply becomes `?`, and a line is
 * cut so that it stays within the 512 bytes of §4.5.3.1.5.
 */
export function replyLines(reply: Reply): readonly string[] {
  const status = reply.status === "" ? "" : `${reply.status} `;
  const last = reply.lines.length - 1;
  return reply.lines.map((line, at) => {
    const text = line.replace(/[^ -~]/gu, "?").slice(0, LINE_CHARACTERS_MAX);
    // RFC 5321 §4.2.1: a hyphen behind the code says that more lines come.
    return `${reply.code}${at === last ? " " : "-"}${status}${text}`;
  });
}

/** One line for people and logs: `550 5.1.1 No such user`. */
export function textOf(reply: Reply): string {
  const status = reply.status === "" ? "" : `${reply.status} `;
  const lines = reply.lines.map((line) => printable(line).slice(0, LINE_CHARACTERS_MAX));
  return `${reply.code} ${status}${lines.join(" / ")}`;
}

const LINE_CHARACTERS_MAX = 480;

/** Text without what moves a terminal's cursor or turns its text around. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "?");
}
