/** The simulation's judges of IMAP: what readers saw, and the numbers of mailboxes. */
import { ANN, copy, submission, testCases } from "./sim_checkers_support.ts";
import {
  type Appending,
  createImapLedger,
  type Doing,
  type FinalMessage,
  type ImapLedger,
  keepingMark,
  type MailboxState,
  type Sighting,
} from "./sim/imap_ledger.ts";

const SERVER = "abc.test";
const INBOX = 1;
const ARCHIVE = 2;
const KEPT = `${keepingMark("one", 1)}\r\nSubject: kept\r\n\r\n`;

function at(uidValidity: number, uid: number, emailId = "m"): Sighting {
  return { server: SERVER, account: ANN, uidValidity, uid, emailId };
}

function final(
  uidValidity: number,
  uid: number,
  change: Partial<FinalMessage> = {},
): FinalMessage {
  return { ...at(uidValidity, uid), flags: [], content: copy(ANN).content, ...change };
}

function doing(what: Doing["what"], change: Partial<Doing> = {}): Doing {
  return { ...at(INBOX, 1), what, keyword: null, answer: "ok", landed: null, ...change };
}

function appending(change: Partial<Appending> = {}): Appending {
  const landed = { uidValidity: ARCHIVE, uid: 1 };
  const mark = keepingMark("one", 1);
  return { server: SERVER, account: ANN, mark, content: KEPT, answer: "ok", landed, ...change };
}

/** Ann has read everything at the end, and this is what was there. */
function left(messages: readonly FinalMessage[], change: Partial<ImapLedger> = {}) {
  const finals = [{ server: SERVER, account: ANN, messages }];
  return { imap: { ...createImapLedger(), finals, ...change } };
}

function state(change: Partial<MailboxState> = {}): MailboxState {
  return {
    server: SERVER,
    account: ANN,
    accountId: 1,
    name: "INBOX",
    atMs: 0,
    uidValidity: 1,
    uidNext: 3,
    modSeq: 5,
    entries: [{ uid: 1, modSeq: 4, flags: [] }, { uid: 2, modSeq: 5, flags: [] }],
    ...change,
  };
}

/** First as it always is, then so. */
function then(change: Partial<MailboxState>) {
  const states = [state(), state({ atMs: 1000, modSeq: 6, ...change })];
  return { imap: { ...createImapLedger(), states } };
}

const HERE = { landed: { uidValidity: ARCHIVE, uid: 1 } };

testCases([
  ["a fault that a reader has found", left([], { faults: ["it sees 1 message"] }), /^it sees 1/],
  ["a message that is where it was", left([final(INBOX, 1)], { sightings: [at(INBOX, 1)] }), null],
  [
    "a message that nobody has taken away, and that is gone",
    left([], { sightings: [at(INBOX, 1)] }),
    /1\.1 is gone, and nobody has taken it away$/,
  ],
  [
    "a message that its reader has deleted",
    left([], { sightings: [at(INBOX, 1)], doings: [doing("delete")] }),
    null,
  ],
  [
    "a message that somebody deletes by POP3",
    left([], { sightings: [at(INBOX, 1)], removals: [at(INBOX, 1)] }),
    null,
  ],
  [
    "a message whose deletion was refused, and that is gone",
    left([], { sightings: [at(INBOX, 1)], doings: [doing("delete", { answer: "no" })] }),
    /is gone, and nobody/,
  ],
  [
    "a message that was moved",
    left([final(ARCHIVE, 1)], { sightings: [at(INBOX, 1)], doings: [doing("move", HERE)] }),
    null,
  ],
  [
    "a message that was moved, or not, when the connection broke",
    left([final(INBOX, 1)], {
      sightings: [at(INBOX, 1)],
      doings: [doing("move", { answer: "unknown" })],
    }),
    null,
  ],
  [
    "a message that was moved to where nobody saw it, and that was deleted there",
    left([], {
      sightings: [at(INBOX, 1)],
      doings: [doing("move", { answer: "unknown" })],
      removals: [at(ARCHIVE, 1)],
    }),
    null,
  ],
  [
    "a message that is lost on its way",
    left([], { sightings: [at(INBOX, 1)], doings: [doing("move", { answer: "unknown" })] }),
    /m of ann@abc\.test was moved to nowhere$/,
  ],
  [
    "a message that is not where the server says that it went",
    left([final(ARCHIVE, 2)], { sightings: [at(INBOX, 1)], doings: [doing("move", HERE)] }),
    /2\.1 is gone, and nobody has taken it away$/,
  ],
  [
    "a message that was moved, and is here and there",
    left([final(INBOX, 1), final(ARCHIVE, 1)], {
      sightings: [at(INBOX, 1)],
      doings: [doing("move", HERE)],
    }),
    /m of ann@abc\.test is there 2 times, copied 0 times$/,
  ],
  [
    "a message that was copied",
    left([final(INBOX, 1), final(ARCHIVE, 1)], { doings: [doing("copy", HERE)] }),
    null,
  ],
  [
    "a copy that goes with the \\Deleted of its original",
    left([final(INBOX, 1)], { doings: [doing("delete"), doing("copy", HERE)] }),
    null,
  ],
  [
    "a uid that becomes another message's",
    left([final(INBOX, 1, { emailId: "other" })], { sightings: [at(INBOX, 1)] }),
    /1\.1 was m, and is other$/,
  ],
  [
    "a keyword that its device has set",
    left([final(INBOX, 1, { flags: ["$one"] })], {
      doings: [
        doing("unflag", { keyword: "$one" }),
        doing("flag", { keyword: "$one" }),
        doing("unflag", { keyword: "$one", answer: "no" }),
      ],
    }),
    null,
  ],
  [
    "a keyword that was set and is not there",
    left([final(INBOX, 1)], { doings: [doing("flag", { keyword: "$one" })] }),
    /1\.1 has \(\), against \$one$/,
  ],
  [
    "a keyword of which nobody heard whether it was set",
    left([final(INBOX, 1)], { doings: [doing("flag", { keyword: "$one", answer: "unknown" })] }),
    null,
  ],
  [
    "a message that was brought",
    left([final(ARCHIVE, 1, { content: KEPT })], { appends: [appending()] }),
    null,
  ],
  [
    "a message that was brought and is gone",
    left([], { appends: [appending()] }),
    /2\.1 is gone, and nobody has taken it away$/,
  ],
  [
    "a message that was brought and has changed",
    left([final(ARCHIVE, 1, { content: `${KEPT}more` })], { appends: [appending()] }),
    /what ann@abc\.test brought .* has become something else$/,
  ],
  [
    "a message that was refused and is there",
    left([final(ARCHIVE, 1, { content: KEPT })], {
      appends: [appending({ answer: "no", landed: null })],
    }),
    /was refused, and is there$/,
  ],
  [
    "a message that was brought once and is there twice",
    left([
      final(ARCHIVE, 1, { content: KEPT }),
      final(ARCHIVE, 2, { content: KEPT, emailId: "other" }),
    ], { appends: [appending()] }),
    /is there twice$/,
  ],
  [
    "a letter whose reader has copied it",
    {
      submissions: [submission(ANN)],
      copies: [copy(ANN), copy(ANN, { uniqueId: "2.1" })],
      ...left([final(INBOX, 1), final(ARCHIVE, 1)], { doings: [doing("copy", HERE)] }),
    },
    null,
  ],
  [
    "a letter that is there twice, and was not copied",
    {
      submissions: [submission(ANN)],
      copies: [copy(ANN), copy(ANN, { uniqueId: "1.2" })],
      ...left([final(INBOX, 1), final(INBOX, 2, { emailId: "other" })]),
    },
    /is there 2 times, and nothing broke$/,
  ],
  [
    "a letter that was copied, and is read again under other names after a restore",
    {
      submissions: [submission(ANN)],
      copies: [copy(ANN), copy(ANN, { uniqueId: "7.1" }), copy(ANN, { uniqueId: "7.2" })],
      restores: [
        { server: SERVER, copiedAtMs: 5000, lostAtMs: 6000, backAtMs: 7000, releasedAtMs: 7000 },
      ],
      ...left([], { doings: [doing("copy", HERE), doing("copy", HERE)], removals: [at(INBOX, 1)] }),
    },
    null,
  ],
  [
    "a letter that may have been copied when the connection broke",
    {
      submissions: [submission(ANN)],
      copies: [copy(ANN), copy(ANN, { uniqueId: "2.1" })],
      ...left([], { doings: [doing("copy", { answer: "unknown" })], removals: [at(INBOX, 1)] }),
    },
    null,
  ],
  [
    "a mailbox in which something changed",
    then({ entries: [{ uid: 1, modSeq: 4, flags: [] }, { uid: 2, modSeq: 6, flags: ["\\Seen"] }] }),
    null,
  ],
  ["another uidvalidity of a mailbox", then({ uidValidity: 2 }), /its uidvalidity changed$/],
  ["the mailbox of another account", then({ accountId: 2, uidValidity: 2 }), null],
  ["a next uid of a mailbox that goes back", then({ uidNext: 2 }), /uidnext went back to 2$/],
  ["a mark of a mailbox that goes back", then({ modSeq: 4 }), /: modseq went back to 4$/],
  [
    "a uid of a mailbox that comes back",
    { imap: { ...createImapLedger(), states: [state({ entries: [] }), state({ atMs: 1 })] } },
    /uid 1 came back$/,
  ],
  [
    "a message that comes below the mark",
    then({ uidNext: 4, entries: [...state().entries, { uid: 3, modSeq: 3, flags: [] }] }),
    /uid 3 came with modseq 3$/,
  ],
  [
    "a modseq of a message that goes back",
    then({ entries: [{ uid: 1, modSeq: 3, flags: [] }, { uid: 2, modSeq: 5, flags: [] }] }),
    /uid 1 has modseq 3, after 4$/,
  ],
  [
    "flags that change below the mark",
    then({ entries: [{ uid: 1, modSeq: 4, flags: [] }, { uid: 2, modSeq: 5, flags: ["\\Seen"] }] }),
    /the flags of uid 2 changed, and not its modseq$/,
  ],
  [
    "a message that goes without a change of the mark",
    then({ modSeq: 5, entries: state().entries.slice(1) }),
    /a message went, and its modseq stayed$/,
  ],
  [
    "two messages with one modseq",
    then({ entries: [{ uid: 1, modSeq: 5, flags: [] }, { uid: 2, modSeq: 5, flags: [] }] }),
    /two messages have one modseq$/,
  ],
  [
    "a modseq above the mark",
    then({ modSeq: 6, entries: [{ uid: 1, modSeq: 7, flags: [] }] }),
    /a modseq is above 6$/,
  ],
  ["a uid at the next", then({ entries: [{ uid: 3, modSeq: 6, flags: [] }] }), /not below 3$/],
]);
