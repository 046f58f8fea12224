/** The index of texts: it may say that a message has a text, but never that it has not, wrongly. */
import assert from "$assert";
import fc from "$check";
import { DatabaseSync } from "node:sqlite";
import { openTextIndex } from "../lib/store/sqlite_text_index.ts";
import type { IndexedMessage, TextIndex, TextSearch } from "../lib/store/text_index.ts";
import { RUNS_MAX } from "../lib/store/text_index_tables.ts";
import { canUseFiles, temporaryFolder } from "./support.ts";

const MAILBOX = 1_700_000_000;

function openAt(directory: string | null, version = "1"): TextIndex {
  return openTextIndex({ directory, version });
}

function add(index: TextIndex, messages: readonly IndexedMessage[], mailbox = MAILBOX): void {
  index.add(mailbox, messages, { through: messages.at(-1)!.uid, modSeq: 1 });
}

function indexed(uid: number, header: string, body = ""): IndexedMessage {
  return { uid, texts: { header, body } };
}

/** All of them, read in pages of so many; `null`: every message may have the texts. */
function found(
  index: TextIndex,
  texts: readonly string[],
  { within = "whole", mailbox = MAILBOX, max = 100 }: {
    readonly within?: TextSearch["within"];
    readonly mailbox?: number;
    readonly max?: number;
  } = {},
): readonly number[] | null {
  const uids = new Set<number>();
  for (let after: number | null = 0; after !== null;) {
    const page = index.candidates({ uidValidity: mailbox, texts, within, after, max });
    if (page === null) return null;
    for (const uid of page.uids) uids.add(uid);
    after = page.next;
  }
  return [...uids];
}

/** Letters of one, two and four bytes, and what means something to SQLite. */
const letters = fc.string({ unit: fc.constantFrom(...'aaab"*:(äλ😀\n\0\u0001'), maxLength: 12 });

Deno.test("a message that has a text is always among the candidates", () => {
  const messages = fc.array(fc.record({ header: letters, body: letters }), { minLength: 1 });
  const within = fc.constantFrom("header" as const, "body" as const, "whole" as const);
  fc.assert(fc.property(messages, letters, within, (texts, wanted, within) => {
    using index = openAt(null);
    add(index, texts.map(({ header, body }, at) => indexed(at + 1, header, body)));
    const having = texts.flatMap(({ header, body }, at) => {
      const text = { header, body, whole: `${header}\n${body}` }[within];
      return text.includes(wanted) ? [at + 1] : [];
    });
    for (const max of [1, 3, 100]) {
      const candidates = found(index, [wanted], { within, max });
      if (candidates === null) return;
      for (const uid of having) assert.ok(candidates.includes(uid), JSON.stringify(wanted));
    }
  }));
});

Deno.test("what has not the text is ruled out, where the text is long enough", () => {
  using index = openAt(null);
  add(index, [
    indexed(1, "subject: lunch", "see you"),
    indexed(2, "subject: dinner", "after lunch"),
    indexed(3, "subject: none", 'a "quoted" word'),
    { uid: 4, texts: null },
  ]);
  assert.deepEqual(found(index, ["lunch"]), [1, 2, 4]);
  assert.deepEqual(found(index, ["lunch"], { within: "header" }), [1, 4]);
  assert.deepEqual(found(index, ["lunch"], { within: "body" }), [2, 4]);
  assert.deepEqual(found(index, ["subject: ", "dinner"], { within: "header" }), [2, 4]);
  assert.deepEqual(found(index, ['"quoted"']), [3, 4]);
  assert.deepEqual(found(index, ["Lunch"]), [4]);
  assert.deepEqual(found(index, ["no", "lunch"]), [1, 2, 4]);
  // Two characters are no run of three, and a line feed may be that behind the header.
  assert.equal(found(index, ["lu"]), null);
  assert.equal(found(index, [""]), null);
  assert.equal(found(index, ["lunch\nsee"]), null);
  assert.deepEqual(found(index, ["lunch\nsee"], { within: "body" }), [4]);
  assert.equal(found(index, ["lunch"], { mailbox: MAILBOX + 1 }), null);
});

Deno.test("a text that is as long as a command is looked for by its beginning", () => {
  using index = openAt(null);
  const alphabet = Array.from({ length: 2_000 }, (_, at) => String.fromCodePoint(0x4e00 + at));
  const long = alphabet.join("");
  const beginning = alphabet.slice(0, RUNS_MAX + 2).join("");
  add(index, [indexed(1, long), indexed(2, beginning), indexed(3, beginning.slice(0, -1))]);
  assert.deepEqual(found(index, [long]), [1, 2]);
  // Cut in the middle of a character, it would be looked for by half of one.
  const divided = `${"a".repeat(999)}😀b`;
  add(index, [indexed(4, divided)]);
  assert.deepEqual(found(index, [divided]), [4]);
});

Deno.test("messages are forgotten one by one, and a mailbox in pieces", () => {
  using index = openAt(null);
  const messages = Array.from({ length: 10 }, (_, at) => indexed(at + 1, "the same", "the same"));
  add(index, messages);
  add(index, messages, MAILBOX + 1);
  assert.deepEqual(index.mailboxes(), [MAILBOX, MAILBOX + 1]);
  index.remove(MAILBOX, [2, 3, 77]);
  index.mark(MAILBOX, 9);
  assert.deepEqual(index.progress(MAILBOX), { through: 10, modSeq: 9 });
  assert.deepEqual(found(index, ["same"]), [1, 4, 5, 6, 7, 8, 9, 10]);
  assert.deepEqual(index.uids(MAILBOX, 0, 3), [1, 4, 5]);
  assert.deepEqual(index.uids(MAILBOX, 5, 100), [6, 7, 8, 9, 10]);
  assert.deepEqual([index.forget(MAILBOX, 5), index.forget(MAILBOX, 5)], [false, true]);
  assert.deepEqual([index.progress(MAILBOX), index.uids(MAILBOX, 0, 10)], [null, []]);
  assert.equal(found(index, ["same"], { mailbox: MAILBOX + 1 })!.length, 10);
  index.remove(MAILBOX, [1]);
  assert.equal(index.forget(MAILBOX, 5), true);
});

Deno.test("the index is brought into order in steps, and finds the same", () => {
  using index = openAt(null);
  for (let uid = 1; uid <= 300; uid++) add(index, [indexed(uid, `number ${uid}`, "x".repeat(99))]);
  let steps = 0;
  while (index.tidy()) steps++;
  assert.ok(steps > 0 && steps < 300, `${steps}`);
  assert.deepEqual(found(index, ["number 299"]), [299]);
  assert.equal(found(index, ["number"])!.length, 300);
});

function fileTest(name: string, test: (directory: string) => void): void {
  Deno.test(name, { ignore: !canUseFiles }, async () => {
    await using folder = await temporaryFolder();
    test(folder.path);
  });
}

fileTest("an index is kept, and begun anew where another version made it", (directory) => {
  const fill = (version: string) => {
    using index = openAt(directory, version);
    if (index.progress(MAILBOX) !== null) return found(index, ["kept"]);
    add(index, [indexed(1, "kept")]);
    return "new";
  };
  assert.equal(fill("1"), "new");
  assert.deepEqual(fill("1"), [1]);
  assert.equal(fill("2"), "new");
  assert.equal(fill("1"), "new");
  if (Deno.build.os === "windows") return;
  assert.equal(Deno.statSync(`${directory}/search.db`).mode! & 0o077, 0);
});

fileTest("what is no index, or half of one, is begun anew", (directory) => {
  const path = `${directory}/search.db`;
  const isNew = () => {
    using index = openAt(directory);
    const progress = index.progress(MAILBOX);
    add(index, [indexed(progress === null ? 1 : progress.through + 1, "kept")]);
    return progress === null;
  };
  for (const damage of ["", "this is something else ".repeat(1_000)]) {
    Deno.writeTextFileSync(path, damage);
    assert.equal(isNew(), true);
    assert.equal(isNew(), false);
  }
  Deno.removeSync(path);
  assert.equal(isNew(), true);
  const database = new DatabaseSync(path);
  database.exec("DROP TABLE texts");
  database.close();
  assert.equal(isNew(), true);
  using index = openAt(directory);
  index.renew();
  assert.equal(index.progress(MAILBOX), null);
});
