/** What the IMAP client does behind its login, in the form of `tests/transcripts.ts`. */
import type { ImapJob, ImapResult } from "../../lib/imap/client.ts";

/** What a client has done, after the login: jobs, and the dialogue that they make. */
export interface JobTranscript {
  readonly capabilities: string;
  readonly jobs: readonly ImapJob[];
  /** How they went. */
  readonly results: readonly ImapResult[];
  readonly text: string;
}

const select: ImapJob = { do: "select", mailbox: "INBOX", readOnly: false };
const selected: ImapResult = { did: "select", uidValidity: null, uidNext: null };
const nothing = (text: string, code: string | null = null): ImapResult => ({
  did: "nothing",
  refusal: { ok: false, condition: "NO", code, text },
});
const wait: ImapJob = { do: "wait", wake: () => new Promise(() => {}) };

/** Behind `PREAUTH` with these capabilities, up to the answer to LOGOUT. */
export const IMAP_JOB_TRANSCRIPTS: Readonly<Record<string, JobTranscript>> = {
  "RFC 9051 §6.3.9: the mailboxes, with names in both forms": {
    capabilities: "IMAP4rev1",
    jobs: [{ do: "mailboxes" }],
    results: [{ did: "mailboxes", names: ["INBOX", "Gesendete Gegenstände", "R&D.."] }],
    text: String.raw`
      C: a1 LIST "" *
      S: * LIST (\\HasNoChildren) "/" inbox
      S: * LIST (\\HasNoChildren \\Sent) "/" "Gesendete Gegenst&AOQ-nde"
      S: * LIST () NIL {5}
      S: R&D..
      S: a1 OK
    `,
  },

  "RFC 3501 §5.1.3: a name in modified UTF-7, for a server of IMAP4rev1": {
    capabilities: "IMAP4rev1 IMAP4rev2",
    jobs: [{ do: "select", mailbox: "Entwürfe & mehr", readOnly: true }],
    results: [selected],
    text: String.raw`
      C: a1 EXAMINE "Entw&APw-rfe &- mehr"
      S: * 0 EXISTS
      S: a1 OK [READ-ONLY]
    `,
  },

  "RFC 9051 §5.1: a name in UTF-8 goes as a literal, for a server of IMAP4rev2 alone": {
    capabilities: "IMAP4rev2",
    jobs: [{ do: "select", mailbox: "Käse", readOnly: true }],
    results: [selected],
    text: String.raw`
      C: a1 EXAMINE {5+}
      C: Käse
      S: * 0 EXISTS
      S: a1 OK [READ-ONLY]
    `,
  },

  "RFC 9051 §6.3.2: a mailbox that is not there, and one that can only be read": {
    capabilities: "IMAP4rev1",
    jobs: [select, select],
    results: [nothing("no such mailbox", "NONEXISTENT"), nothing("the mailbox can only be read")],
    text: String.raw`
      C: a1 SELECT "INBOX"
      S: a1 NO [NONEXISTENT] no such mailbox
      C: a2 SELECT "INBOX"
      S: * 0 EXISTS
      S: a2 OK [READ-ONLY] done
    `,
  },

  "RFC 9051 §6.4.5: all messages, and then those that are new": {
    capabilities: "IMAP4rev1",
    jobs: [select, { do: "list", which: "all" }, { do: "list", which: { after: 7 } }],
    results: [
      { did: "select", uidValidity: 9, uidNext: 8 },
      {
        did: "list",
        messages: [
          { number: 1, uid: 3, size: 10, flags: [], receivedAt: null },
          {
            number: 2,
            uid: 7,
            size: 20,
            flags: ["\\Seen"],
            receivedAt: Date.parse("2026-01-31T23:00:01Z"),
          },
        ],
      },
      { did: "list", messages: [] },
    ],
    text: String.raw`
      C: a1 SELECT "INBOX"
      S: * 2 EXISTS
      S: * OK [UIDVALIDITY 9] valid
      S: * OK [UIDNEXT 8] next
      S: a1 OK [READ-WRITE] done
      C: a2 FETCH 1:2 (UID FLAGS INTERNALDATE RFC822.SIZE)
      S: * 2 FETCH (UID 7 RFC822.SIZE 20 FLAGS (\\Seen $Junk) \
      S: INTERNALDATE " 1-Feb-2026 00:00:01 +0100")
      S: * 1 FETCH (FLAGS () RFC822.SIZE 10 UID 3 MODSEQ (12) X-MORE ("a" (b) NIL))
      S: a2 OK
      C: a3 UID FETCH 8:* (UID FLAGS INTERNALDATE RFC822.SIZE)
      # RFC 9051 §9 seq-range: behind the last one, this means the last one.
      S: * 2 FETCH (UID 7 RFC822.SIZE 20 FLAGS ())
      S: a3 OK
    `,
  },

  "RFC 9051 §6.4.4: a search in words of ASCII": {
    capabilities: "IMAP4rev1",
    jobs: [{
      do: "search",
      keys: [
        { key: "HEADER", field: "from", text: 'B"ob' },
        { key: "NOT", not: { key: "FLAG", flag: "\\Seen", set: true } },
        { key: "FLAG", flag: "$Junk", set: false },
        { key: "SINCE", of: "sent", day: "2026-05-01" },
        { key: "LARGER", bytes: 1000 },
      ],
    }],
    results: [{ did: "search", uids: [3, 7] }],
    text: String.raw`
      C: a1 UID SEARCH FROM "B\\"ob" NOT SEEN UNKEYWORD $Junk SENTSINCE 1-May-2026 LARGER 1000
      S: * SEARCH 3 7 (MODSEQ 12)
      S: a1 OK
    `,
  },

  "RFC 9051 §6.4.4: a search in UTF-8 goes as a literal, when the server is ready": {
    capabilities: "IMAP4rev1",
    jobs: [{ do: "search", keys: [{ key: "TEXT", text: "Käse" }] }],
    results: [{ did: "search", uids: [3, 7, 8] }],
    text: String.raw`
      C: a1 UID SEARCH CHARSET UTF-8 TEXT {5}
      S: + go on
      C: Käse
      S: * ESEARCH (TAG "a1") UID COUNT 3 ALL 3,7:8
      S: a1 OK
    `,
  },

  "RFC 9051 §6.4.4: a charset that the server does not know": {
    capabilities: "IMAP4rev1",
    jobs: [{ do: "search", keys: [{ key: "BODY", text: "Käse" }] }],
    results: [nothing("what?", "BADCHARSET")],
    text: String.raw`
      C: a1 UID SEARCH CHARSET UTF-8 BODY {5}
      S: a1 NO [BADCHARSET (US-ASCII)] what?
    `,
  },

  "RFC 6851 §3.1: messages are moved": {
    capabilities: "IMAP4rev1 MOVE UIDPLUS",
    jobs: [{ do: "move", uids: [7, 3, 4], mailbox: "Archive" }],
    results: [{ did: "move" }],
    text: String.raw`
      C: a1 UID MOVE 3:4,7 "Archive"
      S: a1 OK
    `,
  },

  "RFC 6851 §3.3: what stands for moving where there is no MOVE": {
    capabilities: "IMAP4rev1 UIDPLUS",
    jobs: [{ do: "move", uids: [7], mailbox: "Archive" }],
    results: [{ did: "move" }],
    text: String.raw`
      C: a1 UID COPY 7 "Archive"
      S: a1 OK
      C: a2 UID STORE 7 +FLAGS.SILENT (\\Deleted)
      S: a2 OK
      C: a3 UID EXPUNGE 7
      S: a3 OK
    `,
  },

  "a move to a mailbox that is not there removes nothing": {
    capabilities: "IMAP4rev1 UIDPLUS",
    jobs: [{ do: "move", uids: [7], mailbox: "Archive" }],
    results: [nothing("make it first", "TRYCREATE")],
    text: String.raw`
      C: a1 UID COPY 7 "Archive"
      S: a1 NO [TRYCREATE] make it first
    `,
  },

  "RFC 9051 §6.4.3: without UIDPLUS, messages that others have marked are not removed": {
    capabilities: "IMAP4rev1",
    jobs: [{ do: "remove", uids: [7] }, { do: "remove", uids: [7] }],
    results: [
      nothing("other messages are marked there, and would be removed with these"),
      { did: "remove" },
    ],
    text: String.raw`
      C: a1 UID SEARCH DELETED
      S: * SEARCH 7 8
      S: a1 OK
      C: a2 UID SEARCH DELETED
      S: * SEARCH
      S: a2 OK
      C: a3 UID STORE 7 +FLAGS.SILENT (\\Deleted)
      S: a3 OK
      C: a4 EXPUNGE
      S: a4 OK
    `,
  },

  "RFC 9051 §6.4.6: flags": {
    capabilities: "IMAP4rev1",
    jobs: [
      { do: "flag", uids: [3], change: "set", flags: ["\\Seen"] },
      { do: "flag", uids: [3], change: "clear", flags: ["\\Seen", "$Junk"] },
    ],
    results: [{ did: "flag" }, nothing("read only")],
    text: String.raw`
      C: a1 UID STORE 3 +FLAGS.SILENT (\\Seen)
      S: a1 OK
      C: a2 UID STORE 3 -FLAGS.SILENT (\\Seen $Junk)
      S: a2 NO read only
    `,
  },

  "RFC 9051 §6.3.13: IDLE, until a message comes": {
    capabilities: "IMAP4rev1 IDLE",
    jobs: [select, wait],
    results: [selected, { did: "wait", arrived: true }],
    text: String.raw`
      C: a1 SELECT "INBOX"
      S: * 2 EXISTS
      S: a1 OK
      C: a2 IDLE
      S: + idling
      S: * OK still here
      S: * 1 EXPUNGE
      S: * 1 FETCH (FLAGS (\\Seen))
      S: * 2 EXISTS
      C: DONE
      S: a2 OK
    `,
  },

  "what comes before IDLE is not waited for": {
    capabilities: "IMAP4rev1 IDLE",
    jobs: [select, { do: "list", which: "all" }, wait],
    results: [
      selected,
      {
        did: "list",
        messages: [{ number: 1, uid: 3, size: 9, flags: [], receivedAt: null }],
      },
      { did: "wait", arrived: true },
    ],
    text: String.raw`
      C: a1 SELECT "INBOX"
      S: * 1 EXISTS
      S: a1 OK
      C: a2 FETCH 1:1 (UID FLAGS INTERNALDATE RFC822.SIZE)
      S: * 1 FETCH (UID 3 RFC822.SIZE 9)
      S: * 2 EXISTS
      S: a2 OK
    `,
  },

  "a server that stops while it is waited for": {
    capabilities: "IMAP4rev1 IDLE",
    jobs: [wait],
    results: [{
      did: "nothing",
      refusal: { ok: false, condition: "BYE", code: "UNAVAILABLE", text: "restarting" },
    }],
    text: String.raw`
      C: a1 IDLE
      S: + idling
      S: * BYE [UNAVAILABLE] restarting
    `,
  },
};
