/** Finding and ordering messages by IMAP. */
import { LOGGED_IN, SELECTED } from "./imap.ts";

export const SEARCH_TRANSCRIPTS = {
  "RFC 9051 §6.4.4: SEARCH": String.raw`
    ${LOGGED_IN}
    ${SELECTED}
    C: a3 SEARCH ALL
    S: * SEARCH 1 2 3
    S: a3 OK that is all
    C: a4 SEARCH FROM carol
    S: * SEARCH 2
    S: a4 OK that is all
    C: a5 SEARCH FROM "jörg"
    S: * SEARCH 3
    S: a5 OK that is all
    C: a6 UID SEARCH TEXT {5+}
    C: grün
    S: * SEARCH 3
    S: a6 OK that is all
    C: a7 SEARCH BODY lunch
    S: * SEARCH
    S: a7 OK that is all
    C: a8 SEARCH NOT SUBJECT lunch
    S: * SEARCH 3
    S: a8 OK that is all
    C: a9 SEARCH OR FROM bob BODY two
    S: * SEARCH 1 2
    S: a9 OK that is all
    C: b1 STORE 2 +FLAGS.SILENT (\\Seen)
    S: b1 OK changed
    C: b2 SEARCH UNSEEN 1:2
    S: * SEARCH 1
    S: b2 OK that is all
    C: b3 SEARCH SINCE 8-Feb-2026 SENTBEFORE 9-Feb-2026
    S: * SEARCH 2
    S: b3 OK that is all
    C: b4 SEARCH YOUNGER 90000
    S: * SEARCH 3
    S: b4 OK that is all
    C: b5 SEARCH LARGER 100000
    S: * SEARCH
    S: b5 OK that is all
    C: b6 SEARCH CHARSET KOI8-R ALL
    S: * SEARCH 1 2 3
    S: b6 OK that is all
    C: b7 SEARCH 4
    S: * SEARCH
    S: b7 OK that is all
    C: b8 SEARCH NONSENSE
    S: b8 BAD there is no such key
    C: b9 SEARCH NEW
    S: * SEARCH
    S: b9 OK that is all
  `,

  "RFC 4731: what SEARCH is to return": String.raw`
    ${LOGGED_IN}
    ${SELECTED}
    C: a3 SEARCH RETURN () ALL
    S: * ESEARCH (TAG "a3") ALL 1:3
    S: a3 OK that is all
    C: a4 UID SEARCH RETURN (MIN MAX COUNT) SUBJECT lunch
    S: * ESEARCH (TAG "a4") UID MIN 1 MAX 2 COUNT 2
    S: a4 OK that is all
    C: a5 SEARCH RETURN (MIN ALL COUNT) SUBJECT dinner
    S: * ESEARCH (TAG "a5") COUNT 0
    S: a5 OK that is all
    C: a6 UID SEARCH RETURN (MIN) MODSEQ 3
    # RFC 7162 §3.1: the first command that counts changes tells where the mailbox is.
    S: * OK [HIGHESTMODSEQ 4] the newest change
    S: * ESEARCH (TAG "a6") UID MIN 2 MODSEQ 3
    S: a6 OK that is all
    C: a7 SEARCH MODSEQ 3
    S: * SEARCH 2 3 (MODSEQ 4)
    S: a7 OK that is all
    # RFC 9394: a part of what was found.
    C: a8 UID SEARCH RETURN (PARTIAL 1:2) ALL
    S: * ESEARCH (TAG "a8") UID PARTIAL (1:2 1:2)
    S: a8 OK that is all
    C: a9 SEARCH RETURN (PARTIAL -1:-2 COUNT) ALL
    S: * ESEARCH (TAG "a9") COUNT 3 PARTIAL (-1:-2 2:3)
    S: a9 OK that is all
    C: b1 SEARCH RETURN (PARTIAL 5:9) ALL
    S: * ESEARCH (TAG "b1") PARTIAL (5:9 NIL)
    S: b1 OK that is all
    C: b2 SEARCH RETURN (PARTIAL 1:2 ALL) ALL
    S: b2 BAD PARTIAL and ALL exclude each other
    # RFC 9051 §6.4.4: in IMAP4rev2 there is no other answer.
    C: b3 ENABLE IMAP4rev2
    S: * ENABLED IMAP4rev2
    S: b3 OK enabled
    C: b4 SEARCH FROM bob
    S: * ESEARCH (TAG "b4") ALL 1
    S: b4 OK that is all
  `,

  "RFC 5182: the result of a search is remembered": String.raw`
    ${LOGGED_IN}
    ${SELECTED}
    C: a3 SEARCH RETURN (SAVE) SUBJECT lunch
    S: a3 OK that is all
    C: a4 FETCH $ UID
    S: * 1 FETCH (UID 1)
    S: * 2 FETCH (UID 2)
    S: a4 OK that is all
    C: a5 UID SEARCH RETURN (SAVE COUNT) $ FROM carol
    S: * ESEARCH (TAG "a5") UID COUNT 1
    S: a5 OK that is all
    C: a6 UID STORE $ +FLAGS (\\Flagged)
    S: * 2 FETCH (UID 2 FLAGS (\\Flagged))
    S: a6 OK changed
    C: a7 SEARCH RETURN (SAVE MAX) ALL
    S: * ESEARCH (TAG "a7") MAX 3
    S: a7 OK that is all
    C: a8 COPY $ Drafts
    S: a8 OK [COPYUID 2 3 1] copied
    # RFC 9394 §3.2: the part and the first one.
    C: a9 SEARCH RETURN (SAVE PARTIAL 2:2 MIN) ALL
    S: * ESEARCH (TAG "a9") MIN 1 PARTIAL (2:2 2)
    S: a9 OK that is all
    C: b1 FETCH $ UID
    S: * 1 FETCH (UID 1)
    S: * 2 FETCH (UID 2)
    S: b1 OK that is all
    # RFC 5182 §2.1: a search that fails leaves nothing, one that is none what there was.
    C: b2 SEARCH RETURN (SAVE) NONSENSE
    S: b2 BAD there is no such key
    C: b3 FETCH $ UID
    S: * 1 FETCH (UID 1)
    S: * 2 FETCH (UID 2)
    S: b3 OK that is all
    C: b4 EXAMINE INBOX
    S: * OK [CLOSED] the mailbox before is closed
    S: * FLAGS (\\Answered \\Deleted \\Draft \\Flagged \\Seen)
    S: * OK [PERMANENTFLAGS ()] can be kept
    S: * 3 EXISTS
    S: * 0 RECENT
    S: * OK [UNSEEN 1] the first one
    S: * OK [UIDVALIDITY 1] numbers hold as long as this
    S: * OK [UIDNEXT 4] the next number
    S: * OK [HIGHESTMODSEQ 5] the newest change
    S: * OK [MAILBOXID (F1)] the mailbox
    S: b4 OK [READ-ONLY] selected
    C: b5 FETCH $ UID
    S: b5 OK that is all
  `,

  "RFC 5256 and RFC 5957: SORT": String.raw`
    ${LOGGED_IN}
    ${SELECTED}
    C: a3 SORT (SUBJECT) UTF-8 ALL
    S: * SORT 3 1 2
    S: a3 OK that is all
    C: a4 SORT (REVERSE DATE) UTF-8 ALL
    S: * SORT 3 2 1
    S: a4 OK that is all
    C: a5 UID SORT (FROM) UTF-8 ALL
    S: * SORT 1 2 3
    S: a5 OK that is all
    C: a6 SORT (REVERSE DISPLAYFROM) UTF-8 ALL
    S: * SORT 3 2 1
    S: a6 OK that is all
    C: a7 SORT (SIZE REVERSE ARRIVAL) US-ASCII ALL
    S: * SORT 1 2 3
    S: a7 OK that is all
    C: a8 SORT (CC TO) UTF-8 SUBJECT dinner
    S: * SORT
    S: a8 OK that is all
    C: a9 SORT (NONSENSE) UTF-8 ALL
    S: a9 BAD that is no key to sort by
    # RFC 5267 §3: with what is to be returned.
    C: b1 SORT RETURN (MIN ALL COUNT) (REVERSE ARRIVAL) UTF-8 ALL
    S: * ESEARCH (TAG "b1") MIN 3 COUNT 3 ALL 3,2,1
    S: b1 OK that is all
  `,

  "RFC 5256: THREAD": String.raw`
    ${LOGGED_IN}
    ${SELECTED}
    C: a3 THREAD REFERENCES UTF-8 ALL
    S: * THREAD (1 2)(3)
    S: a3 OK that is all
    C: a4 UID THREAD ORDEREDSUBJECT UTF-8 ALL
    S: * THREAD (1 2)(3)
    S: a4 OK that is all
    C: a5 THREAD REFERENCES UTF-8 FROM nobody
    S: * THREAD
    S: a5 OK that is all
    C: a6 THREAD REFS UTF-8 ALL
    S: a6 BAD there is no such algorithm here
  `,
};
