/** Searches whose results are kept up to date. */
import { LOGGED_IN, SELECTED } from "./imap.ts";

export const CONTEXT_TRANSCRIPTS = {
  "RFC 5267 §4.3: what joins a result, and what leaves it": String.raw`
    ${LOGGED_IN}
    ${SELECTED}
    C: b1 UID SEARCH RETURN (UPDATE CONTEXT COUNT) FLAGGED
    S: * ESEARCH (TAG "b1") UID COUNT 0
    S: b1 OK that is all
    C: b2 STORE 2:3 +FLAGS (\\Flagged)
    S: * 2 FETCH (FLAGS (\\Flagged))
    S: * 3 FETCH (FLAGS (\\Flagged))
    S: * ESEARCH (TAG "b1") UID ADDTO (0 2:3)
    S: b2 OK changed
    C: b3 SEARCH RETURN (UPDATE) ALL
    S: * ESEARCH (TAG "b3")
    S: b3 OK that is all
    C: b4 STORE 2 -FLAGS.SILENT (\\Flagged)
    S: * ESEARCH (TAG "b1") UID REMOVEFROM (0 2)
    S: b4 OK changed
    C: b5 STORE 1:2 +FLAGS.SILENT (\\Deleted)
    S: b5 OK changed
    # By numbers that are still those of the messages.
    C: b6 EXPUNGE
    S: * ESEARCH (TAG "b3") REMOVEFROM (0 1:2)
    S: * 1 EXPUNGE
    S: * 1 EXPUNGE
    S: b6 OK expunged
    # And by numbers that are theirs already.
    C: b7 COPY 1 INBOX
    S: * 2 EXISTS
    S: * 1 RECENT
    S: * ESEARCH (TAG "b1") UID ADDTO (0 4)
    S: * ESEARCH (TAG "b3") ADDTO (0 2)
    S: b7 OK [COPYUID 1 3 4] copied
    C: b8 CANCELUPDATE "b3"
    S: b8 OK no further updates
    C: b9 COPY 1 INBOX
    S: * 3 EXISTS
    S: * 2 RECENT
    S: * ESEARCH (TAG "b1") UID ADDTO (0 5)
    S: b9 OK [COPYUID 1 3 5] copied
    C: c1 UNSELECT
    S: c1 OK closed
    C: c2 CANCELUPDATE "b1"
    S: c2 BAD select a mailbox first
  `,

  "RFC 5267 §4.3: numbers mean the messages that had them, and so does what was saved": String.raw`
    ${LOGGED_IN}
    ${SELECTED}
    C: b1 SEARCH RETURN (SAVE COUNT) SUBJECT lunch
    S: * ESEARCH (TAG "b1") COUNT 2
    S: b1 OK that is all
    C: b2 SEARCH RETURN (UPDATE COUNT) OR 3 NOT $ UNFLAGGED
    S: * ESEARCH (TAG "b2") COUNT 1
    S: b2 OK that is all
    C: b3 UID SEARCH RETURN (UPDATE COUNT) UID $ FLAGGED
    S: * ESEARCH (TAG "b3") UID COUNT 0
    S: b3 OK that is all
    C: b4 SEARCH RETURN (SAVE) UNSEEN
    S: b4 OK that is all
    C: b5 STORE 1 +FLAGS.SILENT (\\Deleted)
    S: b5 OK changed
    C: b6 EXPUNGE
    S: * 1 EXPUNGE
    S: b6 OK expunged
    C: b7 STORE 1:2 +FLAGS.SILENT (\\Flagged)
    S: * ESEARCH (TAG "b2") REMOVEFROM (0 2)
    S: * ESEARCH (TAG "b3") UID ADDTO (0 2)
    S: b7 OK changed
  `,

  "RFC 5267 §4.3: what is refused": String.raw`
    ${LOGGED_IN}
    ${SELECTED}
    C: b1 SEARCH RETURN (UPDATE COUNT) UNSEEN
    S: * ESEARCH (TAG "b1") COUNT 3
    S: b1 OK that is all
    C: b1 SEARCH RETURN (UPDATE) FLAGGED
    S: b1 BAD that tag is in use
    C: b2 SEARCH RETURN (UPDATE COUNT) NOT OLDER 86400
    S: * ESEARCH (TAG "b2") COUNT 0
    S: * NO [NOUPDATE "b2"] what only time changes is not watched
    S: b2 OK that is all
    C: b3 SORT RETURN (UPDATE) (SIZE) UTF-8 ALL
    S: b3 BAD there is no such option
    C: b4 CANCELUPDATE "b1" "b2"
    S: b4 BAD there is no such search
    C: b5 CANCELUPDATE b1
    S: b5 BAD a string is missing
    C: b6 CANCELUPDATE "b1"
    S: b6 OK no further updates
    C: b7 STORE 1 +FLAGS.SILENT (\\Seen)
    S: b7 OK changed
  `,
};
