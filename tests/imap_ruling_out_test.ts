import assert from "$assert";
import type { ImapSelected } from "../lib/imap/backend.ts";
import { KEYS_ASKED_MAX, rulingOut } from "../lib/imap/ruling_out.ts";
import type { SearchKey } from "../lib/imap/search_command.ts";
import type { TextKey } from "../lib/imap/search.ts";

/** What the index was asked; it knows that whatever is odd has none of it. */
function askFor(key: SearchKey, messages = 100) {
  const asked: (readonly [within: string, ...texts: readonly string[]])[] = [];
  const without: ImapSelected["without"] = (texts, within) => {
    asked.push([within, ...texts]);
    return within === "body" ? null : (uid) => uid % 2 === 1;
  };
  const steps = rulingOut({ mailbox: { without } as ImapSelected }, key, messages);
  const { signal } = new AbortController();
  let step = steps.next();
  while (!step.done) {
    assert.equal(step.value.do, "call");
    if (step.value.do === "call") step = steps.next(step.value.run(null as never, signal));
  }
  return { asked, isRuledOut: step.value };
}

const SUBJECT = { key: "HEADER", field: "Subject", text: "Größe" } as const satisfies TextKey;
const BODY = { key: "BODY", text: "B" } as const satisfies TextKey;
const TEXT = { key: "TEXT", text: "T" } as const satisfies TextKey;

Deno.test("the index is asked for every key that looks into messages", () => {
  const { asked, isRuledOut } = askFor({
    key: "AND",
    keys: [SUBJECT, { key: "ALL" }, { key: "NOT", not: { key: "OR", either: BODY, or: TEXT } }],
  });
  assert.deepEqual(asked, [["header", "subject: ", "grösse"], ["body", "b"], ["whole", "t"]]);
  assert.deepEqual([isRuledOut(SUBJECT, 1), isRuledOut(SUBJECT, 2)], [true, false]);
  assert.deepEqual([isRuledOut(TEXT, 1), isRuledOut(BODY, 1)], [true, false]);
});

Deno.test("the index is not asked about a few messages, nor for very many keys", () => {
  assert.deepEqual(askFor(TEXT, 10).asked, []);
  assert.equal(askFor(TEXT, 11).asked.length, 1);
  const keys = Array.from({ length: KEYS_ASKED_MAX + 1 }, () => ({ ...TEXT }));
  const { asked, isRuledOut } = askFor({ key: "AND", keys });
  assert.equal(asked.length, KEYS_ASKED_MAX);
  assert.equal(isRuledOut(keys.at(-2)!, 1), true);
  assert.equal(isRuledOut(keys.at(-1)!, 1), false);
});
