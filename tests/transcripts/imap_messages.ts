/** Dialogues with the IMAP server about messages. */
import { LOGGED_IN, SELECTED } from "./imap.ts";

const BOB = '(("Bob" NIL "bob" "xyz.com"))';
const ENVELOPE = `("Sat, 7 Feb 2026 10:00:00 +0000" "lunch" ${BOB} ${BOB} ${BOB} ` +
  '((NIL NIL "alice" "abc.com")) NIL NIL NIL "<1@xyz.com>")';
const TEXT = '("TEXT" "PLAIN" ("CHARSET" "utf-8") NIL NIL "7BIT" 12 0';
const IMAGE = '("IMAGE" "PNG" NIL NIL NIL "BASE64" 8';
const ATTACHED = ' NIL ("attachment" ("FILENAME" "p.png")) NIL NIL';
const MIXED = '"MIXED" ("BOUNDARY" "b") NIL NIL NIL';
const NOON = '"10-Feb-2026 12:00:00 +0000"';

export const MESSAGE_TRANSCRIPTS = {
  "RFC 9051 §6.3.2: SELECT, EXAMINE, and how they end": String.raw`
    ${LOGGED_IN}
    ${SELECTED}
    C: a3 EXAMINE Drafts
    S: * OK [CLOSED] the mailbox before is closed
    S: * FLAGS (\\Answered \\Deleted \\Draft \\Flagged \\Seen)
    S: * OK [PERMANENTFLAGS ()] can be kept
    S: * 0 EXISTS
    S: * 0 RECENT
    S: * OK [UIDVALIDITY 2] numbers hold as long as this
    S: * OK [UIDNEXT 1] the next number
    S: * OK [HIGHESTMODSEQ 1] the newest change
    S: * OK [MAILBOXID (F2)] the mailbox
    S: a3 OK [READ-ONLY] selected
    C: a4 STORE 1 +FLAGS (\\Seen)
    S: a4 NO [READ-ONLY] the mailbox is open read-only
    C: a5 EXPUNGE
    S: a5 NO [READ-ONLY] the mailbox is open read-only
    C: a6 UNSELECT
    S: a6 OK closed
    C: a7 UNSELECT
    S: a7 BAD select a mailbox first
    C: a8 SELECT Nothing
    S: a8 NO [NONEXISTENT] there is no such mailbox
    C: a9 SELECT INBOX
    S: * FLAGS (\\Answered \\Deleted \\Draft \\Flagged \\Seen)
    S: * OK [PERMANENTFLAGS (\\Answered \\Deleted \\Draft \\Flagged \\Seen \\*)] can be kept
    S: * 3 EXISTS
    S: * 0 RECENT
    S: * OK [UNSEEN 1] the first one
    S: * OK [UIDVALIDITY 1] numbers hold as long as this
    S: * OK [UIDNEXT 4] the next number
    S: * OK [HIGHESTMODSEQ 4] the newest change
    S: * OK [MAILBOXID (F1)] the mailbox
    S: a9 OK [READ-WRITE] selected
    # A mailbox that cannot be opened closes the one that was.
    C: b1 SELECT Nothing
    S: * OK [CLOSED] the mailbox before is closed
    S: b1 NO [NONEXISTENT] there is no such mailbox
    C: b2 FETCH 1 FLAGS
    S: b2 BAD select a mailbox first
  `,

  "RFC 9051 §6.3.2: SELECT in IMAP4rev2 tells the name, and nothing is recent": String.raw`
    ${LOGGED_IN}
    C: a2 ENABLE IMAP4rev2
    S: * ENABLED IMAP4rev2
    S: a2 OK enabled
    C: a3 SELECT inbox
    S: * FLAGS (\\Answered \\Deleted \\Draft \\Flagged \\Seen)
    S: * OK [PERMANENTFLAGS (\\Answered \\Deleted \\Draft \\Flagged \\Seen \\*)] can be kept
    S: * 3 EXISTS
    S: * OK [UIDVALIDITY 1] numbers hold as long as this
    S: * OK [UIDNEXT 4] the next number
    S: * OK [HIGHESTMODSEQ 4] the newest change
    S: * OK [MAILBOXID (F1)] the mailbox
    S: * LIST (\\HasNoChildren \\Subscribed) "/" "INBOX" ("OLDNAME" ("inbox"))
    S: a3 OK [READ-WRITE] selected
  `,

  "RFC 9051 §6.4.5: FETCH": String.raw`
    ${LOGGED_IN}
    ${SELECTED}
    C: a3 FETCH 1 (FLAGS UID INTERNALDATE RFC822.SIZE)
    S: * 1 FETCH (FLAGS () UID 1 INTERNALDATE " 7-Feb-2026 12:00:00 +0000" RFC822.SIZE 140)
    S: a3 OK that is all
    C: a4 FETCH 1 ENVELOPE
    S: * 1 FETCH (ENVELOPE ${ENVELOPE})
    S: a4 OK that is all
    C: a5 FETCH 3 BODY
    S: * 3 FETCH (BODY (${TEXT})${IMAGE}) "MIXED"))
    S: a5 OK that is all
    C: a6 FETCH 3 BODYSTRUCTURE
    S: * 3 FETCH (BODYSTRUCTURE (${TEXT} NIL NIL NIL NIL)${IMAGE}${ATTACHED}) ${MIXED}))
    S: a6 OK that is all
    C: a7 FETCH 1 BODY.PEEK[HEADER.FIELDS (Subject "X-None")]
    S: * 1 FETCH (BODY[HEADER.FIELDS (Subject X-None)] {18}
    S: Subject: lunch
    S:
    S: )
    S: a7 OK that is all
    C: a8 FETCH 1 FLAGS
    S: * 1 FETCH (FLAGS ())
    S: a8 OK that is all
    # Looking at the body is seeing the message.
    C: a9 FETCH 1 BODY[TEXT]<0.5>
    S: * 1 FETCH (BODY[TEXT]<0> {5}
    S: Today FLAGS (\\Seen))
    S: a9 OK that is all
    C: b1 UID FETCH 2:* FLAGS
    S: * 2 FETCH (UID 2 FLAGS ())
    S: * 3 FETCH (UID 3 FLAGS ())
    S: b1 OK that is all
    C: b2 FETCH 4 FLAGS
    S: b2 BAD there is no message with that number
    C: b3 UID FETCH 100 FLAGS
    S: b3 OK that is all
    C: b4 FETCH 1:3 FAST
    S: * 1 FETCH (FLAGS (\\Seen) INTERNALDATE " 7-Feb-2026 12:00:00 +0000" RFC822.SIZE 140)
    S: * 2 FETCH (FLAGS () INTERNALDATE " 8-Feb-2026 12:00:00 +0000" RFC822.SIZE 167)
    S: * 3 FETCH (FLAGS () INTERNALDATE " 9-Feb-2026 12:00:00 +0000" RFC822.SIZE 372)
    S: b4 OK that is all
  `,

  "RFC 3516, RFC 8970, RFC 8474 and RFC 8514: more about messages": String.raw`
    ${LOGGED_IN}
    ${SELECTED}
    C: a3 FETCH 3 (BINARY.SIZE[1] BINARY.PEEK[1] BINARY.PEEK[2])
    S: * 3 FETCH (BINARY.SIZE[1] 12 BINARY[1] {12}
    S: It is grün. BINARY[2] {6}
    S: \x89PNG
    S: )
    S: a3 OK that is all
    C: a4 FETCH 1:2 PREVIEW
    S: * 1 FETCH (PREVIEW "Today at one?")
    S: * 2 FETCH (PREVIEW "At two.")
    S: a4 OK that is all
    C: a5 FETCH 1 (PREVIEW (LAZY) EMAILID THREADID SAVEDATE)
    S: * 1 FETCH (PREVIEW "Today at one?" EMAILID (M1) THREADID NIL SAVEDATE ${NOON})
    S: a5 OK that is all
    # RFC 9394 §3.3: only some of many.
    C: a6 UID FETCH 1:* (UID) (PARTIAL -1:-2)
    S: * 2 FETCH (UID 2)
    S: * 3 FETCH (UID 3)
    S: a6 OK that is all
  `,

  "RFC 9051 §6.4.6: STORE": String.raw`
    ${LOGGED_IN}
    ${SELECTED}
    C: a3 STORE 1 +FLAGS (\\Flagged $Work)
    S: * 1 FETCH (FLAGS (\\Flagged $Work))
    S: * FLAGS (\\Answered \\Deleted \\Draft \\Flagged \\Seen $Work)
    S: * OK [PERMANENTFLAGS (\\Answered \\Deleted \\Draft \\Flagged \\Seen $Work \\*)] can be kept
    S: a3 OK changed
    C: a4 STORE 1:2 FLAGS \\Seen
    S: * 1 FETCH (FLAGS (\\Seen))
    S: * 2 FETCH (FLAGS (\\Seen))
    S: a4 OK changed
    C: a5 STORE 2 -FLAGS.SILENT (\\Seen)
    S: a5 OK changed
    C: a6 UID STORE 2 +FLAGS (\\Answered)
    S: * 2 FETCH (UID 2 FLAGS (\\Answered))
    S: a6 OK changed
    C: a7 STORE 1 +FLAGS (\\Recent)
    S: a7 BAD there is no such flag
    C: a8 FETCH 1:2 FLAGS
    S: * 1 FETCH (FLAGS (\\Seen))
    S: * 2 FETCH (FLAGS (\\Answered))
    S: a8 OK that is all
  `,

  "RFC 9051 §6.4.7, RFC 4315 and RFC 6851: COPY, MOVE and EXPUNGE": String.raw`
    ${LOGGED_IN}
    ${SELECTED}
    C: a3 COPY 1:2 Drafts
    S: a3 OK [COPYUID 2 1:2 1:2] copied
    C: a4 COPY 1 Nothing
    S: a4 NO [TRYCREATE] there is no such mailbox
    C: a5 UID COPY 100 Drafts
    S: a5 OK there was nothing to do
    C: a6 MOVE 1 Trash
    S: * OK [COPYUID 3 1 1] moved
    S: * 1 EXPUNGE
    S: a6 OK moved
    C: a7 UID MOVE 3 Trash
    S: * OK [COPYUID 3 3 2] moved
    S: * 2 EXPUNGE
    S: a7 OK moved
    C: a8 STORE 1 +FLAGS.SILENT (\\Deleted)
    S: a8 OK changed
    C: a9 UID EXPUNGE 3
    S: a9 OK expunged
    C: b1 UID EXPUNGE 2
    S: * 1 EXPUNGE
    S: b1 OK expunged
    C: b2 NOOP
    S: b2 OK nothing was done
    C: b3 SELECT Drafts
    S: * OK [CLOSED] the mailbox before is closed
    S: * FLAGS (\\Answered \\Deleted \\Draft \\Flagged \\Seen)
    S: * OK [PERMANENTFLAGS (\\Answered \\Deleted \\Draft \\Flagged \\Seen \\*)] can be kept
    S: * 2 EXISTS
    S: * 2 RECENT
    S: * OK [UNSEEN 1] the first one
    S: * OK [UIDVALIDITY 2] numbers hold as long as this
    S: * OK [UIDNEXT 3] the next number
    S: * OK [HIGHESTMODSEQ 3] the newest change
    S: * OK [MAILBOXID (F2)] the mailbox
    S: b3 OK [READ-WRITE] selected
    C: b4 STORE 1:* +FLAGS.SILENT (\\Deleted)
    S: b4 OK changed
    C: b5 EXPUNGE
    S: * 1 EXPUNGE
    S: * 1 EXPUNGE
    S: b5 OK expunged
    C: b6 FETCH 1:* FLAGS
    S: b6 BAD there is no message with that number
  `,

  "RFC 9051 §6.4.1: CLOSE removes, and says nothing of it": String.raw`
    ${LOGGED_IN}
    ${SELECTED}
    C: a3 STORE 2 +FLAGS.SILENT (\\Deleted)
    S: a3 OK changed
    C: a4 CLOSE
    S: a4 OK closed
    C: a5 STATUS INBOX (MESSAGES)
    S: * STATUS "INBOX" (MESSAGES 2)
    S: a5 OK that is all
  `,

  "RFC 2177: IDLE": String.raw`
    ${LOGGED_IN}
    C: a2 IDLE
    S: + idling
    C: DONE
    S: a2 OK no more idling
    C: a3 SELECT INBOX
    S: * FLAGS (\\Answered \\Deleted \\Draft \\Flagged \\Seen)
    S: * OK [PERMANENTFLAGS (\\Answered \\Deleted \\Draft \\Flagged \\Seen \\*)] can be kept
    S: * 3 EXISTS
    S: * 0 RECENT
    S: * OK [UNSEEN 1] the first one
    S: * OK [UIDVALIDITY 1] numbers hold as long as this
    S: * OK [UIDNEXT 4] the next number
    S: * OK [HIGHESTMODSEQ 4] the newest change
    S: * OK [MAILBOXID (F1)] the mailbox
    S: a3 OK [READ-WRITE] selected
    C: a4 IDLE
    S: + idling
    C: done
    S: a4 OK no more idling
    C: a5 IDLE
    S: + idling
    C: a6 NOOP
    S: a5 BAD DONE is what ends IDLE
    C: a7 NOOP
    S: a7 OK nothing was done
  `,
};
