/** IMAP clients that count in mod-sequences. */
import { LOGGED_IN } from "./imap.ts";

export const CHANGE_TRANSCRIPTS = {
  "RFC 7162 §3.1: CONDSTORE": String.raw`
    ${LOGGED_IN}
    C: a2 SELECT INBOX (CONDSTORE)
    S: * FLAGS (\\Answered \\Deleted \\Draft \\Flagged \\Seen)
    S: * OK [PERMANENTFLAGS (\\Answered \\Deleted \\Draft \\Flagged \\Seen \\*)] can be kept
    S: * 3 EXISTS
    S: * 0 RECENT
    S: * OK [UNSEEN 1] the first one
    S: * OK [UIDVALIDITY 1] numbers hold as long as this
    S: * OK [UIDNEXT 4] the next number
    S: * OK [HIGHESTMODSEQ 4] the newest change
    S: * OK [MAILBOXID (F1)] the mailbox
    S: a2 OK [READ-WRITE] selected
    C: a3 FETCH 1:3 MODSEQ
    S: * 1 FETCH (MODSEQ (2))
    S: * 2 FETCH (MODSEQ (3))
    S: * 3 FETCH (MODSEQ (4))
    S: a3 OK that is all
    C: a4 STORE 1 (UNCHANGEDSINCE 2) +FLAGS (\\Flagged)
    S: * 1 FETCH (UID 1 FLAGS (\\Flagged) MODSEQ (5))
    S: a4 OK changed
    C: a5 STORE 1:2 (UNCHANGEDSINCE 4) +FLAGS (\\Seen)
    S: * 2 FETCH (UID 2 FLAGS (\\Seen) MODSEQ (6))
    S: a5 OK [MODIFIED 1] some have changed meanwhile
    C: a6 STORE 2 +FLAGS.SILENT (\\Draft)
    S: * 2 FETCH (MODSEQ (7))
    S: a6 OK changed
    C: a7 UID FETCH 1:* (FLAGS) (CHANGEDSINCE 4)
    S: * 1 FETCH (UID 1 FLAGS (\\Flagged) MODSEQ (5))
    S: * 2 FETCH (UID 2 FLAGS (\\Seen \\Draft) MODSEQ (7))
    S: a7 OK that is all
  `,

  "RFC 7162 §3.2: QRESYNC": String.raw`
    ${LOGGED_IN}
    C: a2 SELECT INBOX (QRESYNC (1 4))
    S: a2 BAD enable QRESYNC first
    C: a3 ENABLE QRESYNC
    S: * ENABLED QRESYNC
    S: a3 OK enabled
    C: a4 SELECT INBOX
    S: * FLAGS (\\Answered \\Deleted \\Draft \\Flagged \\Seen)
    S: * OK [PERMANENTFLAGS (\\Answered \\Deleted \\Draft \\Flagged \\Seen \\*)] can be kept
    S: * 3 EXISTS
    S: * 0 RECENT
    S: * OK [UNSEEN 1] the first one
    S: * OK [UIDVALIDITY 1] numbers hold as long as this
    S: * OK [UIDNEXT 4] the next number
    S: * OK [HIGHESTMODSEQ 4] the newest change
    S: * OK [MAILBOXID (F1)] the mailbox
    S: a4 OK [READ-WRITE] selected
    C: a5 STORE 2 +FLAGS.SILENT (\\Deleted)
    S: * 2 FETCH (MODSEQ (5))
    S: a5 OK changed
    C: a6 EXPUNGE
    S: * VANISHED 2
    S: a6 OK [HIGHESTMODSEQ 6] expunged
    C: a7 STORE 1 +FLAGS.SILENT (\\Seen)
    S: * 1 FETCH (MODSEQ (7))
    S: a7 OK changed
    C: a8 SELECT INBOX (QRESYNC (1 4 1:3))
    S: * OK [CLOSED] the mailbox before is closed
    S: * FLAGS (\\Answered \\Deleted \\Draft \\Flagged \\Seen)
    S: * OK [PERMANENTFLAGS (\\Answered \\Deleted \\Draft \\Flagged \\Seen \\*)] can be kept
    S: * 2 EXISTS
    S: * 0 RECENT
    S: * OK [UNSEEN 2] the first one
    S: * OK [UIDVALIDITY 1] numbers hold as long as this
    S: * OK [UIDNEXT 4] the next number
    S: * OK [HIGHESTMODSEQ 7] the newest change
    S: * OK [MAILBOXID (F1)] the mailbox
    S: * VANISHED (EARLIER) 2
    S: * 1 FETCH (UID 1 FLAGS (\\Seen) MODSEQ (7))
    S: a8 OK [READ-WRITE] selected
    C: a9 UID FETCH 1:3 (FLAGS) (CHANGEDSINCE 4 VANISHED)
    S: * VANISHED (EARLIER) 2
    S: * 1 FETCH (UID 1 FLAGS (\\Seen) MODSEQ (7))
    S: a9 OK that is all
    C: b1 FETCH 1 FLAGS (CHANGEDSINCE 4 VANISHED)
    S: b1 BAD VANISHED goes with UID FETCH and CHANGEDSINCE
    # With another UIDVALIDITY the client begins anew.
    C: b2 SELECT INBOX (QRESYNC (9 4))
    S: * OK [CLOSED] the mailbox before is closed
    S: * FLAGS (\\Answered \\Deleted \\Draft \\Flagged \\Seen)
    S: * OK [PERMANENTFLAGS (\\Answered \\Deleted \\Draft \\Flagged \\Seen \\*)] can be kept
    S: * 2 EXISTS
    S: * 0 RECENT
    S: * OK [UNSEEN 2] the first one
    S: * OK [UIDVALIDITY 1] numbers hold as long as this
    S: * OK [UIDNEXT 4] the next number
    S: * OK [HIGHESTMODSEQ 7] the newest change
    S: * OK [MAILBOXID (F1)] the mailbox
    S: b2 OK [READ-WRITE] selected
  `,
};
