/** The index of texts, and what SEARCH believes of it. */
import type { Mutant } from "./mutant.ts";

const INDEX = "tests/store_text_index_test.ts";
const SEARCHED = "tests/app_search_index_test.ts";
const ASKED = "tests/imap_ruling_out_test.ts";

export const SEARCH_INDEX_MUTANTS: readonly Mutant[] = [
  {
    name: "search: a text over the end of the header is looked for on one side of it",
    file: "lib/store/text_index_tables.ts",
    find: 'if (within === "whole" && texts.some((text) => text.includes("\\n"))) return null;',
    replace: "",
    test: {
      file: INDEX,
      name: "what has not the text is ruled out, where the text is long enough",
    },
    why: "TEXT would not find what reaches from the header into the body",
  },
  {
    name: "search: messages that are left out are ruled out",
    file: "lib/store/text_index_tables.ts",
    find: " OR ${quoted(LEFT_OUT)}`",
    replace: "`",
    test: { file: SEARCHED, name: "large messages are left out of the index, and found" },
    why: "large messages would never be found",
  },
  {
    name: "search: half a character is looked for",
    file: "lib/store/text_index_tables.ts",
    find: "if (text.length > LOOKED_AT_CHARACTERS) characters.pop();",
    replace: "",
    test: {
      file: INDEX,
      name: "a text that is as long as a command is looked for by its beginning",
    },
    why: "a long text with an emoji at the wrong place would not be found",
  },
  {
    name: "search: the zero ends a text in the index",
    file: "lib/store/text_index_tables.ts",
    find: 'return text.replaceAll("\\0", "\\u0001");',
    replace: "return text;",
    test: { file: INDEX, name: "a message that has a text is always among the candidates" },
    why: "what is looked for with a zero in it would not be found",
  },
  {
    name: "search: an index of another version is believed",
    file: "lib/store/sqlite_text_index.ts",
    find: "if (made?.by === maker)",
    replace: "if (made?.by !== undefined)",
    test: {
      file: INDEX,
      name: "an index is kept, and begun anew where another version made it",
    },
    why: "a newer program that reads texts otherwise would miss what is there",
  },
  {
    name: "search: anybody may read the index",
    file: "lib/store/text_index_files.ts",
    find: "mode: 0o600",
    replace: "mode: 0o644",
    test: {
      file: INDEX,
      name: "an index is kept, and begun anew where another version made it",
    },
    why: "it tells what stands in everybody's mail",
  },
  {
    name: "search: what is not indexed yet is ruled out",
    file: "lib/app/search_keeper.ts",
    find: "uid <= through && !found.has(uid)",
    replace: "!found.has(uid)",
    test: {
      file: SEARCHED,
      name: "what the index rules out is not read, and what is newer than it is",
    },
    why: "new mail would not be found",
  },
  {
    name: "search: messages of any size are gone through beside all others",
    file: "lib/app/search_keeper.ts",
    find: "size > INDEXED_BYTES_MAX ? null : await",
    replace: "size > Infinity ? null : await",
    test: { file: SEARCHED, name: "large messages are left out of the index, and found" },
    why: "one message could hold up everybody for as long as its sender likes",
  },
  {
    name: "search: texts of any length are indexed in one step",
    file: "lib/app/search_keeper.ts",
    find: "charactersOf(texts) > INDEXED_CHARACTERS_MAX ?",
    replace: "charactersOf(texts) > Infinity ?",
    test: { file: SEARCHED, name: "large messages are left out of the index, and found" },
    why: "one message could hold up everybody",
  },
  {
    name: "search: the index takes the last of the disk",
    file: "lib/app/search_keeper.ts",
    find: "while (await space.refusal(0) === null) {",
    replace: "for (;;) {",
    test: {
      file: SEARCHED,
      name: "while the disk is short of room, nothing is added to the index",
    },
    why: "mail would be put off for what nobody needs",
  },
  {
    name: "search: what is removed stays in the index",
    file: "lib/app/search_keeper.ts",
    find: "        index.remove(uidValidity, gone.slice(at, at + STEP_MESSAGES));\n",
    replace: "",
    test: { file: SEARCHED, name: "what is removed is forgotten, and so are mailboxes" },
    why: "deleted mail would leave its traces for ever",
  },
  {
    name: "search: an index that fails makes the search fail",
    file: "lib/app/search_keeper.ts",
    find: "        failed(error);\n        return null;\n",
    replace: "        failed(error);\n        throw error;\n",
    test: {
      file: SEARCHED,
      name: "an index that fails is not missed, and begun anew where it is damaged",
    },
    why: "a broken file that nobody needs would break SEARCH",
  },
  {
    name: "search: any number of keys is asked for",
    file: "lib/imap/ruling_out.ts",
    find: ".slice(0, KEYS_ASKED_MAX)",
    replace: "",
    test: {
      file: ASKED,
      name: "the index is not asked about a few messages, nor for very many keys",
    },
    why: "one command could keep the index busy for long",
  },
  {
    name: "search: texts behind an attachment are not read",
    file: "lib/imap/dissect.ts",
    find: "Math.max(headersEnd(root), ...textParts(root).map(({ end }) => end))",
    replace: "headersEnd(root) + textParts(root).length",
    test: {
      file: SEARCHED,
      name: "of a large message all texts are looked through, wherever they stand",
    },
    why: "large messages would not be found by what stands in them",
  },
  {
    name: "search: what the client was told is taken for the truth",
    file: "lib/imap/answer.ts",
    find: "readsMessages(command)) yield* learn",
    replace: "!readsMessages(command)) yield* learn",
    test: {
      file: "tests/imap_news_test.ts",
      name: "imapServer searches what is true now, told or not",
    },
    why: "mail that was read elsewhere would still count as unread",
  },
  {
    name: "imap: one client keeps everybody waiting",
    file: "lib/app/imap_owner.ts",
    find: "begunMs > TURN_MS",
    replace: "begunMs > Infinity",
    test: { file: SEARCHED, name: "whoever asks for much lets others have their turn" },
    why: "a search of a large mailbox would stop the server for seconds",
  },
  {
    name: "backup: the index is copied",
    file: "lib/store/backup.ts",
    find: "  ...INDEX_FILES,\n",
    replace: "",
    test: {
      file: "tests/store_backup_test.ts",
      name: "a backup of a store in use is all of it, in one file and closed to others",
    },
    why: "a copy that is half written would be believed where it is restored",
  },
];
