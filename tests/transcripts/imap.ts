/**
 * Dialogues with the IMAP server, in the form of `tests/transcripts.ts`: the conversation itself.
 * The account is that of `fakeImap`, with three messages in INBOX.
 */

/** What is announced before the login, where passwords may be sent, */
export const STRANGER = "CAPABILITY IMAP4rev1 IMAP4rev2 LITERAL+ SASL-IR ENABLE ID " +
  "APPENDLIMIT=1500000 AUTH=SCRAM-SHA-256 AUTH=PLAIN AUTH=LOGIN";

/** where they may not, */
export const CLEAR = "CAPABILITY IMAP4rev1 IMAP4rev2 LITERAL+ SASL-IR ENABLE ID " +
  "APPENDLIMIT=1500000 STARTTLS LOGINDISABLED";

/** under TLS, */
export const SECURED = "CAPABILITY IMAP4rev1 IMAP4rev2 LITERAL+ SASL-IR ENABLE ID " +
  "APPENDLIMIT=1500000 AUTH=SCRAM-SHA-256-PLUS AUTH=SCRAM-SHA-256 " +
  "AUTH=PLAIN AUTH=LOGIN";

/** and behind the login. */
export const USER = "CAPABILITY IMAP4rev1 IMAP4rev2 LITERAL+ SASL-IR ENABLE ID " +
  "APPENDLIMIT=1500000 IDLE NAMESPACE UNSELECT UIDPLUS MOVE CHILDREN " +
  "LIST-EXTENDED LIST-STATUS SPECIAL-USE CREATE-SPECIAL-USE CONDSTORE " +
  "QRESYNC ESEARCH SEARCHRES WITHIN CONTEXT=SEARCH SORT ESORT SORT=DISPLAY " +
  "THREAD=ORDEREDSUBJECT THREAD=REFERENCES BINARY MULTIAPPEND CATENATE " +
  "UTF8=ACCEPT STATUS=SIZE OBJECTID PREVIEW REPLACE SAVEDATE QUOTA " +
  "QUOTA=RES-STORAGE QUOTA=RES-MESSAGE METADATA PARTIAL COMPRESS=DEFLATE NOTIFY";

/** The usual beginning, */
export const LOGGED_IN = `S: * OK [${STRANGER}] abc.com IMAP server ready
    C: a1 LOGIN alice secret
    S: a1 OK [${USER}] logged in`;

/** and what mostly follows. */
export const SELECTED = String.raw`C: a2 SELECT INBOX
    S: * FLAGS (\\Answered \\Deleted \\Draft \\Flagged \\Seen)
    S: * OK [PERMANENTFLAGS (\\Answered \\Deleted \\Draft \\Flagged \\Seen \\*)] can be kept
    S: * 3 EXISTS
    S: * 0 RECENT
    S: * OK [UNSEEN 1] the first one
    S: * OK [UIDVALIDITY 1] numbers hold as long as this
    S: * OK [UIDNEXT 4] the next number
    S: * OK [HIGHESTMODSEQ 4] the newest change
    S: * OK [MAILBOXID (F1)] the mailbox
    S: a2 OK [READ-WRITE] selected`;

export const TRANSCRIPTS = {
  "RFC 9051 §6.1: what can be said in every state": String.raw`
    S: * OK [${STRANGER}] abc.com IMAP server ready
    C: a1 CAPABILITY
    S: * ${STRANGER}
    S: a1 OK that is all
    C: a2 NOOP
    S: a2 OK nothing was done
    C: a3 ID ("name" "Test" "version" NIL)
    S: * ID ("name" "smtpd")
    S: a3 OK that is all
    C: a4 id nil
    S: * ID ("name" "smtpd")
    S: a4 OK that is all
    C: a5 LOGOUT
    S: * BYE goodbye
    S: a5 OK logged out
    # Nobody hears what comes behind LOGOUT.
    C: a6 NOOP
    ! closes
  `,

  "RFC 9051 §6: each command in its state": String.raw`
    S: * OK [${STRANGER}] abc.com IMAP server ready
    C: a1 SELECT INBOX
    S: a1 BAD log in first
    C: a2 LIST "" *
    S: a2 BAD log in first
    C: a3 ENABLE IMAP4rev2
    S: a3 BAD log in first
    C: a4 IDLE
    S: a4 BAD log in first
    C: a5 GETQUOTA ""
    S: a5 BAD log in first
    C: a6 LOGIN alice secret
    S: a6 OK [${USER}] logged in
    C: a7 FETCH 1 FLAGS
    S: a7 BAD select a mailbox first
    C: a8 CLOSE
    S: a8 BAD select a mailbox first
    C: a9 CHECK
    S: a9 BAD select a mailbox first
    C: b1 LOGIN alice secret
    S: b1 BAD somebody is logged in already
    C: b2 AUTHENTICATE PLAIN
    S: b2 BAD somebody is logged in already
    C: b3 STARTTLS
    S: b3 BAD STARTTLS comes before the login
  `,

  "RFC 9051 §7.1: what is no command": String.raw`
    S: * OK [${STRANGER}] abc.com IMAP server ready
    C: a1 NONSENSE
    S: a1 BAD there is no such command
    C: a2
    S: a2 BAD a space is missing
    C:
    S: * BAD the tag is missing
    C: + x
    S: * BAD the tag is missing
    C: a3 NOOP now
    S: a3 BAD there is something behind the command
    C: a4  NOOP
    S: a4 BAD a word is missing
    C: a5 UID NOOP
    S: a5 BAD there is no such command with UID
    C: a6 LOGIN alice
    S: a6 BAD a space is missing
    C: a7 LOGIN "alice secret
    S: a7 BAD the quoted string is not right
    C: a8 NOOP\n\
    S: * BAD lines end with CRLF
    C: a9 CAPABILITY
    S: * ${STRANGER}
    S: a9 OK that is all
  `,

  "RFC 5161: what has to be enabled": String.raw`
    ${LOGGED_IN}
    C: a2 ENABLE CONDSTORE X-GOOD-IDEA
    S: * ENABLED CONDSTORE
    S: a2 OK enabled
    C: a3 ENABLE condstore IMAP4REV2
    S: * ENABLED IMAP4rev2
    S: a3 OK enabled
    C: a4 ENABLE UTF8=ACCEPT
    S: * ENABLED UTF8=ACCEPT
    S: a4 OK enabled
    # RFC 7162 §3.2.3: QRESYNC brings CONDSTORE with it.
    C: a5 ENABLE QRESYNC
    S: * ENABLED QRESYNC
    S: a5 OK enabled
    C: a6 ENABLE NOTHING
    S: * ENABLED
    S: a6 OK enabled
  `,

  "RFC 9051 §4.3 and RFC 7888: literals": String.raw`
    S: * OK [${STRANGER}] abc.com IMAP server ready
    C: a1 LOGIN {5}
    S: + go on
    C: alice {6+}
    C: secret
    S: a1 OK [${USER}] logged in
    C: a2 STATUS {5+}
    C: INBOX (MESSAGES)
    S: * STATUS "INBOX" (MESSAGES 3)
    S: a2 OK that is all
    # What is too big is refused before it is sent,
    C: a3 STATUS {2000000}
    S: a3 NO [TOOBIG] that is too big
    # and what comes unasked is read, and answered.
    C: a4 STATUS {9+}
    C: not there (MESSAGES)
    S: a4 NO [NONEXISTENT] there is no such mailbox
    C: a5 NOOP
    S: a5 OK nothing was done
  `,
};
