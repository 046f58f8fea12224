/** Dialogues with the IMAP server about mailboxes. */
import { LOGGED_IN } from "./imap.ts";

export const MAILBOX_TRANSCRIPTS = {
  "RFC 9051 §6.3.9: LIST": String.raw`
    ${LOGGED_IN}
    C: a2 LIST "" ""
    S: * LIST (\\Noselect) "/" ""
    S: a2 OK that is all
    C: a3 LIST "" *
    S: * LIST (\\HasNoChildren \\Drafts) "/" "Drafts"
    S: * LIST (\\HasNoChildren) "/" "INBOX"
    S: * LIST (\\HasNoChildren \\Trash) "/" "Trash"
    S: a3 OK that is all
    C: a4 CREATE Lists/Deno
    S: a4 OK [MAILBOXID (F5)] created
    C: a5 LIST "" %
    S: * LIST (\\HasNoChildren \\Drafts) "/" "Drafts"
    S: * LIST (\\HasNoChildren) "/" "INBOX"
    S: * LIST (\\HasChildren) "/" "Lists"
    S: * LIST (\\HasNoChildren \\Trash) "/" "Trash"
    S: a5 OK that is all
    C: a6 LIST Lists/ %
    S: * LIST (\\HasNoChildren) "/" "Lists/Deno"
    S: a6 OK that is all
    C: a7 LIST "" "inbox"
    S: * LIST (\\HasNoChildren) "/" "INBOX"
    S: a7 OK that is all
    C: a8 LIST "" "Nothing*"
    S: a8 OK that is all
  `,

  "RFC 5258: LIST with options": String.raw`
    ${LOGGED_IN}
    C: a2 CREATE Lists/Deno
    S: a2 OK [MAILBOXID (F5)] created
    C: a3 SUBSCRIBE Lists/Deno
    S: a3 OK subscribed
    C: a4 SUBSCRIBE Gone
    S: a4 OK subscribed
    C: a5 LIST (SUBSCRIBED) "" *
    S: * LIST (\\NonExistent \\Subscribed) "/" "Gone"
    S: * LIST (\\HasNoChildren \\Subscribed) "/" "INBOX"
    S: * LIST (\\HasNoChildren \\Subscribed) "/" "Lists/Deno"
    S: a5 OK that is all
    C: a6 LIST (SUBSCRIBED RECURSIVEMATCH) "" %
    S: * LIST (\\NonExistent \\Subscribed) "/" "Gone"
    S: * LIST (\\HasNoChildren \\Subscribed) "/" "INBOX"
    S: * LIST (\\HasChildren) "/" "Lists" ("CHILDINFO" ("SUBSCRIBED"))
    S: a6 OK that is all
    C: a7 LIST "" (INBOX Drafts) RETURN (SUBSCRIBED CHILDREN)
    S: * LIST (\\HasNoChildren \\Drafts) "/" "Drafts"
    S: * LIST (\\HasNoChildren \\Subscribed) "/" "INBOX"
    S: a7 OK that is all
    C: a8 LIST (SPECIAL-USE) "" * RETURN (SPECIAL-USE)
    S: * LIST (\\HasNoChildren \\Drafts) "/" "Drafts"
    S: * LIST (\\HasNoChildren \\Trash) "/" "Trash"
    S: a8 OK that is all
    C: a9 LIST (RECURSIVEMATCH) "" *
    S: a9 BAD RECURSIVEMATCH goes with another option
    # RFC 5819: with the status of each.
    C: b1 LIST "" % RETURN (STATUS (MESSAGES UNSEEN))
    S: * LIST (\\HasNoChildren \\Drafts) "/" "Drafts"
    S: * STATUS "Drafts" (MESSAGES 0 UNSEEN 0)
    S: * LIST (\\HasNoChildren) "/" "INBOX"
    S: * STATUS "INBOX" (MESSAGES 3 UNSEEN 3)
    S: * LIST (\\HasChildren) "/" "Lists"
    S: * STATUS "Lists" (MESSAGES 0 UNSEEN 0)
    S: * LIST (\\HasNoChildren \\Trash) "/" "Trash"
    S: * STATUS "Trash" (MESSAGES 0 UNSEEN 0)
    S: b1 OK that is all
    # RFC 3501 §6.3.9: the older way to ask.
    C: b2 LSUB "" *
    S: * LSUB () "/" "Gone"
    S: * LSUB () "/" "INBOX"
    S: * LSUB () "/" "Lists/Deno"
    S: b2 OK that is all
    C: b3 LSUB "" %
    S: * LSUB () "/" "Gone"
    S: * LSUB () "/" "INBOX"
    S: * LSUB (\\Noselect) "/" "Lists"
    S: b3 OK that is all
    C: b4 UNSUBSCRIBE Gone
    S: b4 OK no longer subscribed
    C: b5 LSUB "" *
    S: * LSUB () "/" "INBOX"
    S: * LSUB () "/" "Lists/Deno"
    S: b5 OK that is all
  `,

  "RFC 9051 §6.3.4 to §6.3.6: making, renaming and removing": String.raw`
    ${LOGGED_IN}
    C: a2 CREATE Work/
    S: a2 OK [MAILBOXID (F4)] created
    C: a3 CREATE work
    S: a3 OK [MAILBOXID (F5)] created
    C: a4 CREATE INBOX
    S: a4 NO [ALREADYEXISTS] it is there already
    C: a5 CREATE Work
    S: a5 NO [ALREADYEXISTS] it is there already
    C: a6 CREATE "a//b"
    S: a6 NO [CANNOT] a mailbox cannot have that name
    C: a7 CREATE "star*"
    S: a7 NO [CANNOT] a mailbox cannot have that name
    C: a8 RENAME Work Job
    S: a8 OK renamed
    C: a9 RENAME Work Job
    S: a9 NO [NONEXISTENT] there is no such mailbox
    C: b1 RENAME Job Trash
    S: b1 NO [ALREADYEXISTS] it is there already
    C: b2 RENAME Job Job/Old
    S: b2 NO [CANNOT] a mailbox cannot go into itself
    C: b3 DELETE Job
    S: b3 OK deleted
    C: b4 DELETE Job
    S: b4 NO [NONEXISTENT] there is no such mailbox
    C: b5 DELETE Inbox
    S: b5 NO [CANNOT] INBOX stays
  `,

  "RFC 6154 §3: a mailbox for a use": String.raw`
    ${LOGGED_IN}
    C: a2 CREATE Post (USE (\\sent))
    S: a2 OK [MAILBOXID (F4)] created
    C: a3 CREATE Everything (USE (\\All))
    S: a3 NO [USEATTR] no mailbox for that use
    C: a4 CREATE Both (USE (\\Junk \\Archive))
    S: a4 NO [USEATTR] no mailbox for that use
    C: a5 LIST "" Post
    S: * LIST (\\HasNoChildren \\Sent) "/" "Post"
    S: a5 OK that is all
  `,

  "RFC 3501 §5.1.3 and RFC 6855 §3: names that are not ASCII": String.raw`
    ${LOGGED_IN}
    C: a2 CREATE Entw&APw-rfe
    S: a2 OK [MAILBOXID (F4)] created
    C: a3 CREATE Entw&fe
    S: a3 NO [CANNOT] that is not modified UTF-7
    C: a4 LIST "" Entw*
    S: * LIST (\\HasNoChildren) "/" "Entw&APw-rfe"
    S: a4 OK that is all
    C: a5 ENABLE UTF8=ACCEPT
    S: * ENABLED UTF8=ACCEPT
    S: a5 OK enabled
    C: a6 LIST "" Entw*
    S: * LIST (\\HasNoChildren) "/" "Entwürfe"
    S: a6 OK that is all
    C: a7 STATUS "Entwürfe" (MESSAGES)
    S: * STATUS "Entwürfe" (MESSAGES 0)
    S: a7 OK that is all
  `,

  "RFC 9051 §6.3.11: STATUS": String.raw`
    ${LOGGED_IN}
    C: a2 STATUS INBOX (MESSAGES RECENT UIDNEXT UIDVALIDITY UNSEEN)
    S: * STATUS "INBOX" (MESSAGES 3 RECENT 0 UIDNEXT 4 UIDVALIDITY 1 UNSEEN 3)
    S: a2 OK that is all
    C: a3 STATUS INBOX (DELETED SIZE MAILBOXID APPENDLIMIT)
    S: * STATUS "INBOX" (DELETED 0 SIZE 679 MAILBOXID (F1) APPENDLIMIT 1500000)
    S: a3 OK that is all
    C: a4 STATUS inbox (HIGHESTMODSEQ)
    S: * STATUS "INBOX" (HIGHESTMODSEQ 4)
    S: a4 OK that is all
    C: a5 STATUS Nothing (MESSAGES)
    S: a5 NO [NONEXISTENT] there is no such mailbox
    C: a6 STATUS INBOX (NONSENSE)
    S: a6 BAD there is no such item
    # RFC 9208 §4.1.4: what an EXPUNGE would give back.
    C: a7 SELECT INBOX
    S: * FLAGS (\\Answered \\Deleted \\Draft \\Flagged \\Seen)
    S: * OK [PERMANENTFLAGS (\\Answered \\Deleted \\Draft \\Flagged \\Seen \\*)] can be kept
    S: * 3 EXISTS
    S: * 0 RECENT
    S: * OK [UNSEEN 1] the first one
    S: * OK [UIDVALIDITY 1] numbers hold as long as this
    S: * OK [UIDNEXT 4] the next number
    S: * OK [HIGHESTMODSEQ 4] the newest change
    S: * OK [MAILBOXID (F1)] the mailbox
    S: a7 OK [READ-WRITE] selected
    C: a8 STORE 1:2 +FLAGS.SILENT (\\Deleted)
    S: * 1 FETCH (MODSEQ (5))
    S: * 2 FETCH (MODSEQ (5))
    S: a8 OK changed
    C: a9 STATUS INBOX (DELETED DELETED-STORAGE)
    S: * STATUS "INBOX" (DELETED 2 DELETED-STORAGE 307)
    S: a9 OK that is all
  `,

  "RFC 2342 and RFC 9208: namespace and quota": String.raw`
    ${LOGGED_IN}
    C: a2 NAMESPACE
    S: * NAMESPACE (("" "/")) NIL NIL
    S: a2 OK that is all
    C: a3 GETQUOTAROOT INBOX
    S: * QUOTAROOT "INBOX" ""
    S: * QUOTA "" (STORAGE 1 10240)
    S: a3 OK that is all
    C: a4 GETQUOTA ""
    S: * QUOTA "" (STORAGE 1 10240)
    S: a4 OK that is all
    C: a5 GETQUOTA other
    S: a5 NO [NONEXISTENT] there is no such quota root
    C: a6 GETQUOTAROOT Nothing
    S: a6 NO [NONEXISTENT] there is no such mailbox
  `,

  "RFC 5464: METADATA": String.raw`
    ${LOGGED_IN}
    C: a2 SETMETADATA INBOX (/private/comment "mine" /shared/comment {5+}
    C: a\0b\r\n /private/filters/a "x" /private/filters/a/b "yz")
    S: a2 OK set
    C: a3 GETMETADATA INBOX /private/comment
    S: * METADATA "INBOX" (/private/comment "mine")
    S: a3 OK that is all
    C: a4 GETMETADATA INBOX (/private/comment /private/nothing)
    S: * METADATA "INBOX" (/private/comment "mine")
    S: a4 OK that is all
    C: a5 GETMETADATA (DEPTH 1) INBOX (/private/filters)
    S: * METADATA "INBOX" (/private/filters/a "x")
    S: a5 OK that is all
    C: a6 GETMETADATA (DEPTH infinity) INBOX (/private/filters)
    S: * METADATA "INBOX" (/private/filters/a "x" /private/filters/a/b "yz")
    S: a6 OK that is all
    C: b2 GETMETADATA (DEPTH infinity) INBOX (/private)
    S: * METADATA "INBOX" (/private/comment "mine" /private/filters/a "x" /private/filters/a/b "yz")
    S: b2 OK that is all
    C: b3 SETMETADATA INBOX (/private "x")
    S: b3 BAD that is not the name of an entry
    C: a7 GETMETADATA (MAXSIZE 2) INBOX (/private/comment /private/filters/a/b)
    S: * METADATA "INBOX" (/private/filters/a/b "yz")
    S: a7 OK [METADATA LONGENTRIES 4] that is all
    C: a8 SETMETADATA INBOX (/private/comment NIL)
    S: a8 OK set
    C: a9 GETMETADATA INBOX /private/comment
    S: a9 OK that is all
    C: b1 SETMETADATA "" (/shared/comment "of all")
    S: b1 OK set
    C: b2 GETMETADATA "" /shared/comment
    S: * METADATA "" (/shared/comment "of all")
    S: b2 OK that is all
    C: b3 SETMETADATA Nothing (/private/comment "x")
    S: b3 NO [NONEXISTENT] there is no such mailbox
    C: b4 SETMETADATA INBOX (/comment "x")
    S: b4 BAD that is not the name of an entry
  `,
};
