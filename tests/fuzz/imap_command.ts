import assert from "$assert";
import { parseCommand, tagOf } from "../../lib/imap/command.ts";
import { ImapError } from "../../lib/imap/error.ts";
import { formatSpans, parseSequenceSet, type Range, spansOf } from "../../lib/imap/sequence.ts";
import { decodeLatin1 } from "../../lib/wire/bytes.ts";
import { latin1, rawCommand } from "../imap_support.ts";
import type { FuzzTarget } from "./target.ts";

export const target: FuzzTarget = {
  name: "imap_command",
  invariant:
    "any text with literals is a command whose numbers are exact and whose sets can be written " +
    "and read again, or an ImapError with a printable message",
  seeds: [
    "a LOGIN {5}\r\nalice secret",
    "a AUTHENTICATE PLAIN AGFsaWNlAHNlY3JldA==",
    'a ID ("name" "x" "os" NIL)',
    "a SELECT INBOX (QRESYNC (67890007 90060115194045000 41,43:211 (1 2)) CONDSTORE)",
    "a CREATE &AOQ- (USE (\\Drafts))",
    'a LIST (SUBSCRIBED) "" (% "x*") RETURN (CHILDREN STATUS (MESSAGES))',
    'a APPEND x (\\Seen) "17-Jul-1996 02:44:25 -0700" {1+}\r\na ~{1}\r\n\0',
    'a APPEND x CATENATE (URL "/;UID=1/;SECTION=1.MIME" TEXT {1}\r\na)',
    "a UID FETCH 1:*,$ (FLAGS BODY.PEEK[1.2.HEADER.FIELDS (To Cc)]<0.5> PREVIEW (LAZY))",
    "a FETCH 1 BINARY[1]<0.9223372036854775807> (CHANGEDSINCE 9 PARTIAL -1:-5)",
    "a STORE 1 (UNCHANGEDSINCE 7) +FLAGS.SILENT (\\Deleted $a)",
    'a SEARCH RETURN (MIN PARTIAL 1:5) CHARSET koi8-r OR NOT SINCE "1-Feb-1994" (TEXT {1}\r\n\xc1)',
    "a UID SORT (REVERSE DATE SUBJECT) UTF-8 MODSEQ 7 YOUNGER 5",
    "a THREAD REFERENCES UTF-8 ALL",
    'a SETMETADATA "" (/private/a NIL /shared/b ~{1}\r\n\0)',
    "a GETMETADATA x (DEPTH 1) /private/a",
  ].map(latin1),
  run(input) {
    const raw = rawCommand(decodeLatin1(input));
    const tag = tagOf(raw);
    for (const utf8 of [false, true]) {
      try {
        check(parseCommand(raw, utf8));
        assert.ok(tag !== null);
      } catch (error) {
        if (!(error instanceof ImapError)) throw error;
        assert.match(`${error.message}${error.code ?? ""}`, /^[ -~]+$/);
      }
    }
  },
};

/** Looks at everything in a command. */
function check(value: unknown): void {
  if (typeof value === "number") assert.ok(Number.isSafeInteger(value));
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return;
  for (const [name, inner] of Object.entries(value)) {
    if (name === "set" && Array.isArray(inner)) checkSet(inner);
    check(inner);
  }
}

function checkSet(set: readonly Range[]): void {
  const spans = spansOf(set, 1_000);
  const again = parseSequenceSet(formatSpans(spans));
  assert.deepEqual(spansOf(again as readonly Range[], 1_000), spans);
}
