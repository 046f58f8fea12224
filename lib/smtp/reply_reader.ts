/** Reading a server's replies, RFC 5321 §4.2, in all the forms that servers give them. */
import { type ByteQueue, decode, encode } from "../wire/bytes.ts";
import { readLine } from "../wire/lines.ts";
import { type Step, trace } from "../wire/session.ts";
import { printable, type Reply } from "./reply.ts";

/** There is no reply: the server closed, or what it sent is none, or none to what was said. */
export class ReplyError extends Error {
  override readonly name = "ReplyError";
  readonly kind: "closed" | "malformed" | "unasked";
  constructor(kind: ReplyError["kind"], message: string) {
    super(message);
    this.kind = kind;
  }
}

/** RFC 5321 §4.5.3.1.5 gives a reply line 512 bytes; some servers explain themselves at length. */
const REPLY_LINE_BYTES_MAX = 4096;
/** An EHLO reply has about twenty; more is a server that never ends. */
const REPLY_LINES_MAX = 200;

/** @throws {ReplyError} */
export function* readReply<B>(queue: ByteQueue, traced: boolean): Step<B, Reply> {
  const lines: string[] = [];
  let code = 0;
  let status = "";
  for (;;) {
    const bytes = yield* readLine<B>(queue, REPLY_LINE_BYTES_MAX);
    if (bytes === null) throw new ReplyError("closed", "the server closed the connection");
    if (typeof bytes === "string") throw malformed("a line that is too long or has no CRLF");
    const line = parseReplyLine(decode(bytes));
    // A challenge is part of the login, and no more shown than the responses.
    if (traced) yield* trace("peer", line?.code === 334 ? CHALLENGE_SHOWN : bytes);
    if (line === null) throw malformed("a line that is no reply");
    if (lines.length === 0) ({ code, status } = line);
    // RFC 5321 §4.2.1: the code is the same on every line.
    else if (line.code !== code) throw malformed("a reply with two codes");
    lines.push(line.text);
    if (line.last) return { code, status, lines };
    if (lines.length >= REPLY_LINES_MAX) throw malformed("a reply that does not end");
  }
}

const CHALLENGE_SHOWN = encode("334 ****");

interface ReplyLine {
  readonly code: number;
  readonly status: string;
  readonly text: string;
  readonly last: boolean;
}

/** One line of a reply; `null` for something else. The text and its blank may be missing. */
export function parseReplyLine(line: string): ReplyLine | null {
  const match = /^([2-5]\d\d)(?:([ -])(?:([245]\.\d{1,3}\.\d{1,3})(?: |$))?(.*))?$/s.exec(line);
  if (match === null) return null;
  return {
    code: Number(match[1]),
    status: match[3] ?? "",
    text: printable(match[4] ?? ""), // it ends up on terminals and in reports
    last: match[2] !== "-",
  };
}

function malformed(what: string): ReplyError {
  return new ReplyError("malformed", `the server sent ${what}`);
}
