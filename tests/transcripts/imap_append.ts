/** Messages that clients bring to the IMAP server. */
import { LOGGED_IN, SELECTED } from "./imap.ts";

export const APPEND_TRANSCRIPTS = {
  "RFC 9051 §6.3.12: APPEND": String.raw`
    ${LOGGED_IN}
    C: a2 APPEND Drafts (\\Seen $Mine) "01-Feb-2026 10:00:00 +0200" {18}
    S: + go on
    C: Subject: x\r\n\r\nbody
    S: a2 OK [APPENDUID 2 1] appended
    C: a3 APPEND Nothing {18+}
    C: Subject: x\r\n\r\nbody
    S: a3 NO [TRYCREATE] there is no such mailbox
    C: a4 APPEND Drafts {0+}
    C:
    S: a4 NO that is no message
    C: a5 SELECT Drafts
    S: * FLAGS (\\Answered \\Deleted \\Draft \\Flagged \\Seen $Mine)
    S: * OK [PERMANENTFLAGS (\\Answered \\Deleted \\Draft \\Flagged \\Seen $Mine \\*)] can be kept
    S: * 1 EXISTS
    S: * 1 RECENT
    S: * OK [UIDVALIDITY 2] numbers hold as long as this
    S: * OK [UIDNEXT 2] the next number
    S: * OK [HIGHESTMODSEQ 2] the newest change
    S: * OK [MAILBOXID (F2)] the mailbox
    S: a5 OK [READ-WRITE] selected
    C: a6 FETCH 1 (FLAGS INTERNALDATE)
    S: * 1 FETCH (FLAGS (\\Seen $Mine \\Recent) INTERNALDATE " 1-Feb-2026 08:00:00 +0000")
    S: a6 OK that is all
    # RFC 9051 §7.5.1: what comes into the open mailbox is told before the reply.
    C: a7 APPEND Drafts {5+}
    C: A: b\n
    S: * 2 EXISTS
    S: * 2 RECENT
    S: a7 OK [APPENDUID 2 2] appended
    C: a0 NOOP
    S: a0 OK nothing was done
    # RFC 7889: more than is taken.
    C: a8 APPEND Drafts {1500001}
    S: a8 NO [TOOBIG] that is too big
    C: a9 NOOP
    S: a9 OK nothing was done
  `,

  "RFC 3502 and RFC 4469: several messages, and messages of pieces": String.raw`
    ${LOGGED_IN}
    C: a2 APPEND Drafts {4+}
    C: A: 1 (\\Draft) {4+}
    C: A: 2
    S: a2 OK [APPENDUID 2 1:2] appended
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
    C: a4 APPEND Drafts CATENATE (TEXT {6+}
    C: X: 1\r\n URL "/INBOX;UIDVALIDITY=1/;UID=1/;SECTION=TEXT")
    S: a4 OK [APPENDUID 2 3] appended
    C: a5 APPEND Drafts CATENATE (URL "/INBOX/;UID=77")
    S: a5 NO [BADURL /INBOX/;UID=77] that URL leads to nothing here
    C: a6 SELECT Drafts
    S: * OK [CLOSED] the mailbox before is closed
    S: * FLAGS (\\Answered \\Deleted \\Draft \\Flagged \\Seen)
    S: * OK [PERMANENTFLAGS (\\Answered \\Deleted \\Draft \\Flagged \\Seen \\*)] can be kept
    S: * 3 EXISTS
    S: * 3 RECENT
    S: * OK [UNSEEN 1] the first one
    S: * OK [UIDVALIDITY 2] numbers hold as long as this
    S: * OK [UIDNEXT 4] the next number
    S: * OK [HIGHESTMODSEQ 4] the newest change
    S: * OK [MAILBOXID (F2)] the mailbox
    S: a6 OK [READ-WRITE] selected
    C: a7 FETCH 3 BODY.PEEK[]
    S: * 3 FETCH (BODY[] {21}
    S: X: 1
    S: Today at one?
    S: )
    S: a7 OK that is all
  `,

  "RFC 3516 §4.4: what holds NUL has to be said to": String.raw`
    ${LOGGED_IN}
    C: a2 APPEND Drafts {7+}
    C: A: b\r\n\0
    S: a2 NO a message holds no NUL
    C: a3 APPEND Drafts ~{18+}
    C: Subject: \0\r\n\r\nb\0\r\n\
    C:
    S: a3 OK [APPENDUID 2 1] appended
    C: a4 EXAMINE Drafts
    S: * FLAGS (\\Answered \\Deleted \\Draft \\Flagged \\Seen)
    S: * OK [PERMANENTFLAGS ()] can be kept
    S: * 1 EXISTS
    S: * 1 RECENT
    S: * OK [UNSEEN 1] the first one
    S: * OK [UIDVALIDITY 2] numbers hold as long as this
    S: * OK [UIDNEXT 2] the next number
    S: * OK [HIGHESTMODSEQ 2] the newest change
    S: * OK [MAILBOXID (F2)] the mailbox
    S: a4 OK [READ-ONLY] selected
    # Where a literal must not hold it, another byte stands for it.
    C: a5 FETCH 1 (BINARY[1] BODY[TEXT] RFC822.TEXT)
    S: * 1 FETCH (BINARY[1] ~{4}
    S: b\0
    S:  BODY[TEXT] {4}
    S: b\x80
    S:  RFC822.TEXT {4}
    S: b\x80
    S: )
    S: a5 OK that is all
    C: a6 FETCH 1 ENVELOPE
    S: * 1 FETCH (ENVELOPE (NIL {1}
    S: \x80 NIL NIL NIL NIL NIL NIL NIL NIL))
    S: a6 OK that is all
  `,

  "RFC 8508: REPLACE": String.raw`
    ${LOGGED_IN}
    ${SELECTED}
    C: a3 REPLACE 2 INBOX (\\Seen) {4+}
    C: A: 1
    S: * OK [APPENDUID 1 4] the new one is there
    S: * 2 EXPUNGE
    S: * 3 EXISTS
    S: * 1 RECENT
    S: a3 OK replaced
    C: a4 UID REPLACE 1 Drafts {4+}
    C: A: 2
    S: * OK [APPENDUID 2 1] the new one is there
    S: * 1 EXPUNGE
    S: a4 OK replaced
    C: a5 REPLACE 1:2 INBOX {4+}
    C: A: 3
    S: a5 BAD REPLACE is for one message
    C: a6 UID REPLACE 99 INBOX {4+}
    C: A: 3
    S: a6 NO [NONEXISTENT] there is no such message
  `,
};
