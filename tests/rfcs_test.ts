/** The list of RFCs is made from the code, complete, and as it would be made now. */
import assert from "$assert";
import {
  type Citation,
  citationsIn,
  documentUrl,
  faultsIn,
  formatRfcs,
  type Knowledge,
  parseUnsupported,
  readKnowledge,
} from "../scripts/rfcs.ts";
import { canUseFiles } from "./support.ts";

/** What this project has set out to obey: each is cited, or docs/unsupported.md says why not. */
const NAMED: readonly number[] = [
  ...[1870, 2033, 2034, 2852, 2920, 3030, 3207, 3461, 3463, 3848, 4865, 4954, 5248, 5321, 6152],
  ...[6409, 6531, 6710, 7504, 7505, 8314, 8461, 8689, 9422, 7672], // SMTP
  ...[4422, 4616, 5802, 7677], // SASL
  ...[1939, 2449, 2595, 3206, 5034, 6856, 6858], // POP3
  ...[2045, 2046, 2047, 2142, 3464, 3834, 5322, 6522, 6532, 6533], // mail
];

Deno.test({
  name: "docs/rfcs.md is what deno task rfcs would write now",
  ignore: !canUseFiles,
  async fn() {
    const written = await Deno.readTextFile(documentUrl());
    const current = formatRfcs(await readKnowledge());
    assert.ok(written === current, "docs/rfcs.md is out of date: run deno task rfcs");
  },
});

Deno.test({
  name: "every RFC that is named is cited in the code or listed as unsupported, never both",
  ignore: !canUseFiles,
  async fn() {
    const knowledge = await readKnowledge();
    assert.ok(knowledge.citations.length > 100);
    assert.deepEqual(faultsIn(knowledge, NAMED), []);
  },
});

/** What the code says, and how it is understood: `name section`, with `-` for what is absent. */
const cited: readonly (readonly [code: string, ...citations: string[]])[] = [
  ["/** About all of it, RFC 5321 §4.1. */\n\nconst a = 1;", "5321 §4.1 -"],
  ['/** About all of it, RFC 5321. */\nimport "./b.ts";', "5321 - -"],
  ["/** RFC 5321 §2.4. */\nexport async function find() {}", "5321 §2.4 find"],
  ["/**\n * Of RFC\n * 6531 §3.3.\n */\nexport interface Way {}", "6531 §3.3 Way"],
  ["function* go() {\n  // RFC 1939 §6: why\n  stop();\n}", "1939 §6 go"],
  ["class Reader {\n  a = 1; // RFC 1870 §3\n}", "1870 §3 Reader"],
  ["const A = 1; // RFC 2142", "2142 - A"],
  ["type A = 1;\n// RFC 5321 §4.1.2/§4.1.3\nlet b = 2;", "5321 §4.1.2 b", "5321 §4.1.3 b"],
  ["// RFC 2045 §2.7 and §2.8: why\nlet b = 2;", "2045 §2.7 b", "2045 §2.8 b"],
  ["// RFC 1939 §5, §7, and more\nlet b = 2;", "1939 §5 b", "1939 §7 b"],
  ["// RFC 5321 Appendix C and §4.1\nlet b = 2;", "5321 Appendix C b", "5321 §4.1 b"],
  ["// RFC 5280, appendix A.1: why\nlet b = 2;", "5280 Appendix A.1 b"],
  ["// RFC 3464 §2 (b), RFC 6522\nlet b = 2;", "3464 §2 (b) b", "6522 - b"],
  ["let b = 2;\n// RFC 7162 §3.\n// RFC 9051 §2.\nlet c;", "7162 §3 c", "9051 §2 c"],
  ['let b = "no RFC 822 in a string";'],
];

Deno.test("citations are found in comments, with their sections and the name they stand at", () => {
  for (const [text, ...expected] of cited) {
    const found = citationsIn({ path: "lib/a.ts", text });
    assert.deepEqual(found.map(textOf), expected, text);
  }
});

function textOf({ rfc, section, name }: Citation): string {
  return `${rfc} ${section ?? "-"} ${name ?? "-"}`;
}

Deno.test("the rows of the hand-written list are read over several lines, and bad ones refused", () => {
  assert.deepEqual(parseUnsupported("# Head\n\nWords.\n\n- RFC 1, partly: one half\n  of it.\n"), [
    { rfc: 1, state: "partly", reason: "one half of it." },
  ]);
  for (
    const bad of ["- RFC 1, never: because it is", "- RFC 1, partly: why", "- 1, partly: so so"]
  ) {
    assert.throws(() => parseUnsupported(`${bad}\n`), SyntaxError);
  }
});

const citation: Citation = { rfc: 1, section: "§1", path: "lib/a.ts", name: "a" };
const reason = "for a reason";

const faulty: readonly (readonly [Partial<Knowledge>, named: readonly number[], fault: RegExp])[] =
  [
    [{ titles: {} }, [], /RFC 1 has no title/],
    [{ unsupported: [{ rfc: 1, state: "not built yet", reason }] }, [], /cited .* "not built yet"/],
    [{ unsupported: [{ rfc: 1, state: "not supported", reason }] }, [], /cited .* "not supported"/],
    [{ unsupported: [{ rfc: 2, state: "partly", reason }] }, [], /RFC 2 .* nothing .* cites it/],
    [{ unsupported: Array(2).fill({ rfc: 1, state: "partly", reason }) }, [], /RFC 1 is twice/],
    [{}, [1, 2], /RFC 2 is neither cited/],
  ];

Deno.test("each contradiction between the lists is told", () => {
  const good: Knowledge = {
    citations: [citation],
    unsupported: [{ rfc: 1, state: "partly", reason }, { rfc: 2, state: "not supported", reason }],
    titles: { 1: "One", 2: "Two" },
  };
  assert.deepEqual(faultsIn(good, [1, 2]), []);
  for (const [change, named, fault] of faulty) {
    assert.match(faultsIn({ ...good, unsupported: [], ...change }, named).join("\n"), fault);
  }
});

Deno.test("the document lists sections in their order, with files and names once each", () => {
  const citations = [
    { ...citation, section: "§10" },
    { ...citation, section: "§2", path: "lib/b.ts", name: null },
    { ...citation, section: "§2", name: "b" },
    citation,
    { ...citation, section: "§2" },
    { ...citation, section: "Appendix C" },
    { ...citation, section: null, name: null },
    { ...citation, section: "§2" },
  ];
  const text = formatRfcs({
    citations,
    unsupported: [{ rfc: 1, state: "partly", reason }, { rfc: 2, state: "not built yet", reason }],
    titles: { 1: "One", 2: "Two" },
  });
  assert.equal(
    text.slice(text.indexOf("## RFC 1")),
    [
      "## RFC 1: One\n",
      "Partly: for a reason\n",
      "- as a whole: `lib/a.ts`",
      "- §1: `lib/a.ts` a",
      "- §2: `lib/a.ts` a, b; `lib/b.ts`",
      "- §10: `lib/a.ts` a",
      "- Appendix C: `lib/a.ts` a\n",
      "## What is not supported\n",
      "- RFC 2, Two (not built yet): for a reason\n",
    ].join("\n"),
  );
});
