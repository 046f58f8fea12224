/** Reading mail by IMAP, from servers that mean no good. */
import type { Mutant } from "./mutant.ts";

const TRANSCRIPT = "imapClient follows the transcript: ";
const ENDS = {
  file: "tests/imap_client_limits_test.ts",
  name: "imapClient ends at what is not IMAP or more than it takes",
};

export const IMAP_CLIENT_MUTANTS: readonly Mutant[] = [
  {
    name: "imap client: what was told in clear counts under TLS",
    file: "lib/imap/client_tls.ts",
    find: "    dialogue.capabilities = null;\n",
    replace: "",
    test: {
      file: "tests/imap_client_test.ts",
      name: `${TRANSCRIPT}RFC 9051 §6.2.1: STARTTLS, and what was told in clear is forgotten`,
    },
    why: "whoever is in between would choose the login",
  },
  {
    name: "imap client: PREAUTH keeps TLS away",
    file: "lib/imap/client_tls.ts",
    find: 'if (tls.when === "offered") return null;',
    replace: 'if (tls.when === "offered" || known) return null;',
    test: {
      file: "tests/imap_client_test.ts",
      name: `${TRANSCRIPT}RFC 9051 §6.2.1: PREAUTH leaves no room for STARTTLS`,
    },
    why: "mail would be read in clear, from whoever greets like that",
  },
  {
    name: "imap client: the password goes in clear to anybody",
    file: "lib/imap/client.ts",
    find: "if (!mayLogIn(tls, agreed)) {",
    replace: "if (agreed !== null && !mayLogIn(tls, agreed)) {",
    test: {
      file: "tests/imap_client_test.ts",
      name: "imapClient sends no password in clear to where others could read it",
    },
    why: "whoever listens in has it",
  },
  {
    name: "imap client: a password may hold a command",
    file: "lib/imap/client_login.ts",
    find: "if (/[\\0\\r\\n]/.test(login.user + login.password)) {",
    replace: "if (/[\\0]/.test(login.user + login.password)) {",
    test: {
      file: "tests/imap_client_test.ts",
      name: "imapClient sends nothing when the login has a character that cannot be sent",
    },
    why: "a name from a form would give commands",
  },
  {
    name: "imap client: literals of any size are taken",
    file: "lib/imap/client_read.ts",
    find: "if (bytes > literalsLeft || literals.length === RESPONSE_LITERALS_MAX) {",
    replace: "if (literals.length === RESPONSE_LITERALS_MAX) {",
    test: ENDS,
    why: "a server says {999999999999}, and the memory is gone",
  },
  {
    name: "imap client: words that end like a literal are one",
    file: "lib/imap/client_read.ts",
    find: "texts.length === 0 && WORDS.test(text) ? null : ANNOUNCEMENT.exec(text)",
    replace: "ANNOUNCEMENT.exec(text)",
    test: {
      file: "tests/imap_client_limits_test.ts",
      name: "imapClient takes just as much as is allowed",
    },
    why: "a message for people would hang the client, or hide the next response",
  },
  {
    name: "imap client: responses to one command have no end",
    file: "lib/imap/client_dialogue.ts",
    find: "for (let heard = 0; heard < RESPONSES_MAX; heard++) {",
    replace: "for (;;) {",
    test: ENDS,
    why: "a server could keep the client for ever",
  },
  {
    name: "imap client: what a search has found has no limit",
    file: "lib/imap/client_response.ts",
    find: "if (countOf(spans) > MESSAGES_MAX) throw tooMany();",
    replace: "",
    test: ENDS,
    why: "1:4294967295 in a few bytes would be four thousand million numbers",
  },
  {
    name: "imap client: the last message is new again and again",
    file: "lib/imap/client_list.ts",
    find: ".filter(({ uid }) => uid > after)",
    replace: "",
    test: {
      file: "tests/imap_client_test.ts",
      name: `${TRANSCRIPT}RFC 9051 §6.4.5: all messages, and then those that are new`,
    },
    why: "n:* always names the last message",
  },
  {
    name: "imap client: EXPUNGE removes what others have marked",
    file: "lib/imap/client_change.ts",
    find: "if (marked.uids.some((uid) => !ours.has(uid))) {",
    replace: "if (ours.size === 0) {",
    test: {
      file: "tests/imap_client_test.ts",
      name:
        `${TRANSCRIPT}RFC 9051 §6.4.3: without UIDPLUS, messages that others have marked are not ` +
        "removed",
    },
    why: "mail would be lost that nobody wanted to remove",
  },
  {
    name: "smtpc read --save: a name leads out of the folder",
    file: "lib/cli/smtpc_save.ts",
    find: 'name.normalize("NFC").split(/[/\\\\]/).at(-1)!',
    replace: 'name.normalize("NFC")',
    test: {
      file: "tests/cli_smtpc_save_test.ts",
      name: "no attachment gets a name that leads elsewhere, is hidden or too long",
    },
    why: "an attachment would become ~/.bashrc",
  },
  {
    name: "smtpc read --save: files are overwritten",
    file: "lib/cli/files.ts",
    find: "{ createNew: true, mode: 0o600 }",
    replace: "{ mode: 0o600 }",
    test: {
      file: "tests/cli_smtpc_save_test.ts",
      name: "saving attachments overwrites nothing, and follows no link",
    },
    why: "a stranger's file takes the place of one's own",
  },
];
