/** Deliberate bugs that only readers by IMAP can see; see `simulated.ts`. */
import type { Mutant } from "./mutant.ts";

export const SIM_IMAP_MUTANTS: readonly Omit<Mutant, "test">[] = [
  {
    name: "EXPUNGE told during FETCH",
    file: "lib/imap/answer.ts",
    find: '  return !BY_NUMBER.has(command.verb) || ("uid" in command && command.uid);\n',
    replace: '  return command.verb === "FETCH" || !BY_NUMBER.has(command.verb);\n',
    why: "RFC 9051 §7.5.1: the client takes one message for another",
  },
  {
    name: "a modseq for several changes",
    file: "lib/store/sqlite_edit.ts",
    find: "const last = modSeqs.get(account) ?? select.first(account)?.modSeq;",
    replace: "const last = select.first(account)?.modSeq;",
    why: "who comes back with it may miss the others",
  },
  {
    name: "MOVE in two transactions",
    file: "lib/app/imap_selected.ts",
    find: "placed.push(await mail.copy(id, piece, { account, name: to }, { move, at }));",
    replace: "placed.push(await mail.copy(id, piece, { account, name: to }, " +
      "{ move: false, at }));\n          if (move) await mail.remove(id, piece);",
    why: "a crash in between leaves the message in both mailboxes",
  },
  {
    name: "a removal that nobody is told of",
    file: "lib/store/sqlite_mail.ts",
    find: "removed: since === 0 ? [] : selectRemoved.all(mailbox, since, max + 1),",
    replace: "removed: [],",
    why: "others go on counting a message that is gone",
  },
  {
    name: "silence about what others changed",
    file: "lib/imap/store.ts",
    find: "if (silent && !isExpected(message, known, command)) owed.add(message.uid);",
    replace: "",
    why: "the client shows old flags for ever",
  },
  {
    name: "a mark ahead of removals",
    file: "lib/imap/news.ts",
    find: 'else if (serving.enabled.has("QRESYNC")) {',
    replace: "else if (serving.hostname.length < 0) {",
    why: "RFC 7162 §6: a client that comes back never hears of them",
  },
  {
    name: "a change of mail that wakes nobody",
    file: "lib/store/sqlite_edit.ts",
    find: "for (const [account, modSeq] of modSeqs) marks.accounts.advance(account, modSeq);",
    replace: "",
    why: "RFC 2177: who waits in IDLE hears of nothing",
  },
];
