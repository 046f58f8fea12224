/** Dialogues with the IMAP server about what RFCs ask for in their details. */
import { LOGGED_IN, SELECTED } from "./imap.ts";

/** SELECT, as a client of IMAP4rev2 hears of it. */
const OPENED = String.raw`S: * FLAGS (\\Answered \\Deleted \\Draft \\Flagged \\Seen)
    S: * OK [PERMANENTFLAGS (\\Answered \\Deleted \\Draft \\Flagged \\Seen \\*)] can be kept
    S: * 3 EXISTS
    S: * OK [UIDVALIDITY 1] numbers hold as long as this
    S: * OK [UIDNEXT 4] the next number
    S: * OK [HIGHESTMODSEQ 4] the newest change
    S: * OK [MAILBOXID (F1)] the mailbox`;

export const DETAIL_TRANSCRIPTS = {
  "RFC 9051 §6.3.9.7: OLDNAME, for clients of IMAP4rev2": String.raw`
    ${LOGGED_IN}
    C: a2 ENABLE IMAP4rev2
    S: * ENABLED IMAP4rev2
    S: a2 OK enabled
    # A name that is not normalised: u and a diaeresis.
    C: a3 CREATE "Entwu\xcc\x88rfe"
    S: * LIST (\\HasNoChildren) "/" "Entwürfe" ("OLDNAME" ("Entwu\xcc\x88rfe"))
    S: a3 OK [MAILBOXID (F4)] created
    C: a4 APPEND "Entwu\xcc\x88rfe" {4+}
    C: A: b
    S: * LIST (\\HasNoChildren) "/" "Entwürfe" ("OLDNAME" ("Entwu\xcc\x88rfe"))
    S: a4 OK [APPENDUID 4 1] appended
    C: a5 RENAME "Entwürfe" Plans
    S: * LIST (\\HasNoChildren) "/" "Plans" ("OLDNAME" ("Entwürfe"))
    S: a5 OK renamed
    C: a6 SELECT inbox
    ${OPENED}
    S: * LIST (\\HasNoChildren \\Subscribed) "/" "INBOX" ("OLDNAME" ("inbox"))
    S: a6 OK [READ-WRITE] selected
    C: a7 SELECT INBOX
    S: * OK [CLOSED] the mailbox before is closed
    ${OPENED}
    S: * LIST (\\HasNoChildren \\Subscribed) "/" "INBOX"
    S: a7 OK [READ-WRITE] selected
    C: a8 RENAME Plans "Pla\xcc\x88ne"
    S: * LIST (\\HasNoChildren) "/" "Pläne" ("OLDNAME" ("Plans"))
    S: a8 OK renamed
    C: a9 DELETE "Pla\xcc\x88ne"
    S: * LIST (\\NonExistent \\HasNoChildren) "/" "Pläne" ("OLDNAME" ("Pla\xcc\x88ne"))
    S: a9 OK deleted
    C: b1 CREATE Lists
    S: b1 OK [MAILBOXID (F5)] created
  `,

  "RFC 9051 §6.3.9.7: older clients hear of no OLDNAME": String.raw`
    ${LOGGED_IN}
    C: a2 CREATE Work
    S: a2 OK [MAILBOXID (F4)] created
    C: a3 RENAME Work Plans
    S: a3 OK renamed
    C: a4 DELETE Plans
    S: a4 OK deleted
  `,

  "RFC 9051 §6.3.5: a name that is gone stays above others": String.raw`
    ${LOGGED_IN}
    C: a2 CREATE Work/Plans/Big
    S: a2 OK [MAILBOXID (F6)] created
    C: a3 DELETE Work/Plans
    S: a3 OK deleted
    C: a4 LIST "" Work/%
    S: * LIST (\\Noselect \\HasChildren) "/" "Work/Plans"
    S: a4 OK that is all
    C: a5 LIST "" Work*
    S: * LIST (\\HasChildren) "/" "Work"
    S: * LIST (\\Noselect \\HasChildren) "/" "Work/Plans"
    S: * LIST (\\HasNoChildren) "/" "Work/Plans/Big"
    S: a5 OK that is all
    C: a6 LIST () "" Work/% RETURN (STATUS (MESSAGES))
    S: * LIST (\\NonExistent \\HasChildren) "/" "Work/Plans"
    S: a6 OK that is all
    C: a7 DELETE Work/Plans/Big
    S: a7 OK deleted
    C: a8 LIST "" Work*
    S: * LIST (\\HasNoChildren) "/" "Work"
    S: a8 OK that is all
  `,

  "RFC 6855 §3 and §4: what goes with UTF8=ACCEPT, and what does not": String.raw`
    ${LOGGED_IN}
    C: a2 APPEND Drafts UTF8 (~{16+}
    C: Subject: ü\r\n\r\nx)
    S: a2 NO enable UTF8=ACCEPT first
    C: a3 APPEND Drafts CATENATE (UTF8 (~{16+}
    C: Subject: ü\r\n\r\nx) TEXT {1+}
    C: y)
    S: a3 NO enable UTF8=ACCEPT first
    C: a4 ENABLE UTF8=ACCEPT
    S: * ENABLED UTF8=ACCEPT
    S: a4 OK enabled
    C: a5 APPEND Drafts UTF8 (~{15+}
    C: Subject: ü\r\n\r\n)
    S: a5 OK [APPENDUID 2 1] appended
    C: a6 APPEND Drafts CATENATE (UTF8 (~{15+}
    C: Subject: ü\r\n\r\n) TEXT {1+}
    C: y)
    S: a6 OK [APPENDUID 2 2] appended
    ${SELECTED.replaceAll("a2 ", "a7 ")}
    C: a8 SEARCH CHARSET UTF-8 SUBJECT lunch
    S: a8 BAD with UTF8=ACCEPT a search has no charset
    C: a9 SEARCH SUBJECT lunch
    S: * SEARCH 1 2
    S: a9 OK that is all
    # RFC 5256 §3 wants one of SORT.
    C: b1 SORT (SIZE) UTF-8 SUBJECT lunch
    S: * SORT 1 2
    S: b1 OK that is all
  `,

  "RFC 3501 §2.3.2 and §6.3.2: who is told first has it as recent": String.raw`
    ${LOGGED_IN}
    C: a2 APPEND Drafts {4+}
    C: A: b
    S: a2 OK [APPENDUID 2 1] appended
    C: a3 STATUS Drafts (MESSAGES RECENT)
    S: * STATUS "Drafts" (MESSAGES 1 RECENT 1)
    S: a3 OK that is all
    # EXAMINE sees it, and leaves it so.
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
    C: a5 FETCH 1 FLAGS
    S: * 1 FETCH (FLAGS (\\Recent))
    S: a5 OK that is all
    C: a6 APPEND Drafts {4+}
    C: A: c
    S: * 2 EXISTS
    S: * 2 RECENT
    S: a6 OK [APPENDUID 2 2] appended
    C: a7 SELECT Drafts
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
    S: a7 OK [READ-WRITE] selected
    C: a8 SEARCH RECENT
    S: * SEARCH 1 2
    S: a8 OK that is all
    C: a9 STATUS Drafts (RECENT)
    S: * STATUS "Drafts" (RECENT 0)
    S: a9 OK that is all
    C: b1 SELECT Drafts
    S: * OK [CLOSED] the mailbox before is closed
    S: * FLAGS (\\Answered \\Deleted \\Draft \\Flagged \\Seen)
    S: * OK [PERMANENTFLAGS (\\Answered \\Deleted \\Draft \\Flagged \\Seen \\*)] can be kept
    S: * 2 EXISTS
    S: * 0 RECENT
    S: * OK [UNSEEN 1] the first one
    S: * OK [UIDVALIDITY 2] numbers hold as long as this
    S: * OK [UIDNEXT 3] the next number
    S: * OK [HIGHESTMODSEQ 3] the newest change
    S: * OK [MAILBOXID (F2)] the mailbox
    S: b1 OK [READ-WRITE] selected
    C: b2 UNSELECT
    S: b2 OK closed
    C: b3 APPEND Drafts {4+}
    C: A: d
    S: b3 OK [APPENDUID 2 3] appended
    C: b4 STATUS Drafts (RECENT)
    S: * STATUS "Drafts" (RECENT 1)
    S: b4 OK that is all
  `,

  "RFC 9051 §6.4.4: a search for numbers that are not there finds nothing": String.raw`
    ${LOGGED_IN}
    ${SELECTED}
    C: a3 SEARCH 2:99
    S: * SEARCH 2 3
    S: a3 OK that is all
    C: a4 SEARCH NOT 77
    S: * SEARCH 1 2 3
    S: a4 OK that is all
    C: a5 FETCH 2:99 UID
    S: a5 BAD there is no message with that number
  `,
};
