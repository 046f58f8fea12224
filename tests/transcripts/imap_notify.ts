/** What a client asks to hear of; what others do meanwhile is in `tests/imap_notify_test.ts`. */
import { LOGGED_IN, SELECTED, STRANGER, USER } from "./imap.ts";

export const NOTIFY_TRANSCRIPTS = {
  "RFC 5465 §3.1: NOTIFY SET, and how the mailboxes are": String.raw`
    ${LOGGED_IN}
    ${SELECTED}
    C: b1 NOTIFY SET STATUS (SELECTED NONE) (PERSONAL (MessageNew MessageExpunge FlagChange))
    S: * STATUS "Drafts" (MESSAGES 0 UIDNEXT 1 UIDVALIDITY 2 UNSEEN 0 HIGHESTMODSEQ 1)
    S: * STATUS "Trash" (MESSAGES 0 UIDNEXT 1 UIDVALIDITY 3 UNSEEN 0 HIGHESTMODSEQ 1)
    S: b1 OK you will hear of it
    C: b2 notify set status (mailboxes (Drafts INBOX Nowhere) (messagenew messageexpunge))
    S: * STATUS "Drafts" (MESSAGES 0 UIDNEXT 1 UIDVALIDITY 2)
    S: b2 OK you will hear of it
    C: b3 NOTIFY SET (SUBTREE Trash (MailboxName SubscriptionChange))
    S: b3 OK you will hear of it
    C: b4 NOTIFY NONE
    S: b4 OK you will hear of nothing
  `,

  "RFC 5465 §5: what the client does itself": String.raw`
    ${LOGGED_IN}
    ${SELECTED}
    C: b1 NOTIFY SET (SELECTED (MessageNew (UID FLAGS) MessageExpunge)) (PERSONAL (MailboxName))
    S: b1 OK you will hear of it
    C: b2 CREATE Work/Plans
    S: b2 OK [MAILBOXID (F5)] created
    C: b3 RENAME Work/Plans Work/Old
    S: b3 OK renamed
    C: b4 DELETE Work/Old
    S: b4 OK deleted
    C: b5 COPY 1 INBOX
    S: * 4 EXISTS
    S: * 1 RECENT
    S: b5 OK [COPYUID 1 1 4] copied
    # FlagChange was not asked for.
    C: b6 STORE 1 +FLAGS.SILENT (\\Deleted)
    S: b6 OK changed
    C: b7 NOTIFY NONE
    S: b7 OK you will hear of nothing
    C: b8 COPY 2 INBOX
    S: b8 OK [COPYUID 1 2 5] copied
    # What the client expunges it has to hear of.
    C: b9 EXPUNGE
    S: * 1 EXPUNGE
    S: * 4 EXISTS
    S: * 2 RECENT
    S: b9 OK expunged
  `,

  "RFC 5465 §3.1 and §8: what is refused": String.raw`
    S: * OK [${STRANGER}] abc.com IMAP server ready
    C: a1 NOTIFY NONE
    S: a1 BAD log in first
    C: a2 LOGIN alice secret
    S: a2 OK [${USER}] logged in
    C: b1 NOTIFY
    S: b1 BAD a space is missing
    C: b2 NOTIFY MAYBE
    S: b2 BAD SET or NONE is missing
    C: b3 NOTIFY SET (SELECTED NONE) (SELECTED-DELAYED NONE)
    S: b3 BAD SELECTED is said once
    C: b4 NOTIFY SET (SELECTED (MailboxName))
    S: b4 BAD SELECTED is about messages
    C: b5 NOTIFY SET (PERSONAL (MessageNew))
    S: b5 BAD MessageNew and MessageExpunge go together
    C: b6 NOTIFY SET (PERSONAL (FlagChange))
    S: b6 BAD FlagChange goes with MessageNew and MessageExpunge
    C: b7 NOTIFY SET (PERSONAL (MessageNew (UID) MessageExpunge))
    S: b7 BAD items are told of the mailbox that is open
    C: b8 NOTIFY SET (EVERYWHERE (MailboxName))
    S: b8 BAD there are no such mailboxes
    C: b9 NOTIFY SET (PERSONAL (AnnotationChange))
    S~ ^b9 NO \[BADEVENT \(MessageNew MessageExpunge FlagChange MailboxName .*\)\] there is no such
    C: c1 NOTIFY SET (PERSONAL ())
    S~ ^c1 BAD
  `,
};
