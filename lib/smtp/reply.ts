/** SMTP replies, RFC 5321 §4.2, with enhanced status codes, RFC 2034. */
import { encode } from "../wire/bytes.ts";

export interface Reply {
  /** 200 to 599. */
  readonly code: number;
  /** Class, subject and detail, like `5.1.1` (RFC 3463); empty where RFC 2034 §4 gives none. */
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

/**
 * The bytes of a reply. Text that came from elsewhere cannot break out of its line: everything below a
 * blank becomes `?`, and a line is cut so that it stays within RFC 5321 §4.5.3.1.5's 512 bytes.
 */
export function formatReply(reply: Reply): Uint8Array {
  const status = reply.status === "" ? "" : `${reply.status} `;
  const last = reply.lines.length - 1;
  return encode(
    reply.lines.map((line, at) =>
      // RFC 5321 §4.2.1: a hyphen behind the code says that more lines come.
      `${reply.code}${at === last ? " " : "-"}${status}${clean(line)}\r\n`
    ).join(""),
  );
}

/** One line for people and logs: `550 5.1.1 No such user`. */
export function textOf(reply: Reply): string {
  const status = reply.status === "" ? "" : `${reply.status} `;
  return `${reply.code} ${status}${reply.lines.map(clean).join(" / ")}`;
}

const LINE_CHARACTERS_MAX = 480;

function clean(line: string): string {
  // deno-lint-ignore no-control-regex -- control characters are what must go
  return line.replace(/[\x00-\x1f\x7f]/g, "?").slice(0, LINE_CHARACTERS_MAX);
}
