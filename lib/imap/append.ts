/** APPEND (RFC 9051 §6.3.12, RFC 3502, RFC 4469): messages that a client brings. */
import { concat } from "../wire/bytes.ts";
import type { Step } from "../wire/session.ts";
import type { AppendCommand, AppendMessage } from "./append_command.ts";
import type { ImapBackend, ImapNewMessage } from "./backend.ts";
import { refused } from "./error.ts";
import { dissect } from "./dissect.ts";
import { tellName } from "./lists.ts";
import { sectionOf } from "./sections.ts";
import { formatSpans, spansOfNumbers } from "./sequence.ts";
import {
  accountOf,
  ask,
  done,
  notePlaced,
  type Reply,
  type Serving,
  takesUtf8,
} from "./serving.ts";
import { parseUrl } from "./url.ts";

/** All of them, in one transaction. */
export function* append(
  serving: Serving,
  { mailbox, said, messages }: AppendCommand,
): Step<ImapBackend, Reply> {
  const account = accountOf(serving);
  const whole: ImapNewMessage[] = [];
  for (const message of messages) whole.push(yield* assemble(serving, message));
  const { uidValidity, uids } = yield* ask(() => account.append(mailbox, whole));
  notePlaced(serving, mailbox, uids);
  if (said !== mailbox) yield* tellName(serving, mailbox, said); // RFC 9051 §6.3.12
  const code = `APPENDUID ${uidValidity} ${formatSpans(spansOfNumbers(uids))}`; // RFC 4315 §3
  return done("appended", code);
}

/** Puts the pieces of a message together, and looks whether it may be kept. */
export function* assemble(
  serving: Serving,
  { flags, receivedAt, parts, binary, utf8 }: AppendMessage,
): Step<ImapBackend, ImapNewMessage> {
  // RFC 6855 §4: who has not asked for UTF-8 may not know what it brings.
  if (utf8 && !takesUtf8(serving)) throw refused("enable UTF8=ACCEPT first");
  const pieces: Uint8Array[] = [];
  for (const part of parts) {
    pieces.push(part.from === "text" ? part.bytes : yield* contentOf(serving, part.url));
  }
  const content = concat(pieces);
  if (content.length > serving.messageBytesMax) {
    throw refused("the message is too big", "TOOBIG"); // RFC 4469 §5
  }
  // RFC 9051 §4.3.1: NUL stands in binary literals only.
  if (!binary && content.includes(0)) throw refused("a message holds no NUL");
  if (content.length === 0) throw refused("that is no message");
  return { content, flags, receivedAt };
}

/** RFC 4469 §3: a message here, or a section of one. */
function* contentOf(serving: Serving, url: string): Step<ImapBackend, Uint8Array> {
  const account = accountOf(serving);
  const wanted = parseUrl(url);
  const failed = refused(
    "that URL leads to nothing here",
    `BADURL ${url.replace(/[\]\r\n]/g, "")}`,
  );
  if (wanted === null) throw failed;
  const mailbox = wanted.mailbox === null
    ? serving.selected?.mailbox ?? null
    : yield* ask(() => account.select(wanted.mailbox!));
  const validity = wanted.uidValidity ?? mailbox?.status.uidValidity;
  if (mailbox === null || validity !== mailbox.status.uidValidity) throw failed;
  const message = yield* dissect(mailbox, wanted.uid, "all");
  const bytes = message === null ? null : sectionOf(message, wanted.section);
  if (bytes === null) throw failed;
  return bytes;
}
