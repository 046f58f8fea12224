/**
 * The rules of design section 5 and CONTRIBUTING, run on every file; and each rule run on bad ones.
 */
import assert from "$assert";
import config from "../deno.json" with { type: "json" };
import { canUseFiles } from "./support.ts";
import type { SourceFile } from "./tidy/facts.ts";
import { complaintsAboutGraph, complaintsAboutTable } from "./tidy/graph.ts";
import { type Complaint, complaintsAbout } from "./tidy/rules.ts";

Deno.test({
  name: "every file of the project is tidy",
  ignore: !canUseFiles,
  async fn() {
    const top = new URL("../", import.meta.url);
    const files = await sources(top, "");
    const contributing = await Deno.readTextFile(new URL("CONTRIBUTING.md", top));
    assert.ok(files.length > 20);
    const complaints = [
      ...files.flatMap(complaintsAbout),
      ...complaintsAboutGraph(files, config.imports),
      ...complaintsAboutTable(contributing, files, config.imports),
    ];
    assert.deepEqual(complaints.map(textOf), []);
  },
});

/** All of the project's own TypeScript. */
async function sources(top: URL, folder: string): Promise<readonly SourceFile[]> {
  const files: SourceFile[] = [];
  for await (const { name, isDirectory } of Deno.readDir(new URL(folder, top))) {
    const path = `${folder}${name}`;
    if (isDirectory) {
      if (folder !== "" || ["lib", "tests", "scripts"].includes(name)) {
        files.push(...await sources(top, `${path}/`));
      }
    } else if (name.endsWith(".ts")) {
      files.push({ path, text: await Deno.readTextFile(new URL(path, top)) });
    }
  }
  return files.toSorted((a, b) => a.path < b.path ? -1 : 1);
}

function textOf({ path, line, message }: Complaint): string {
  return `${path}:${line} ${message}`;
}

// What follows shows each rule on an example that breaks it, and on one that does not.

const lines = (count: number) => "// line\n".repeat(count);
const functionOf = (count: number) => `function long() {\n${"  step();\n".repeat(count - 2)}}\n`;

const bad: readonly (readonly [path: string, text: string, complaint: RegExp])[] = [
  ["lib/mail/a.ts", `// ${"x".repeat(98)}\n`, /:1 a line has over 100 characters/],
  ["lib/mail/a.ts", lines(401), /:401 over 400 lines/],
  ["lib/mail/a.ts", `// ä ß 邮\n${functionOf(71)}`, /:2 the function long has over 70 lines/],
  ["tests/a_test.ts", `const long = ${functionOf(71).replace("long", "")}`, /the function long/],
  ["lib/mail/a.ts", "\n// TO" + "DO: more\n", /:2 unfinished or silenced/],
  ["lib/mail/a.ts", "// @ts-" + "ignore\n", /unfinished or silenced/],
  ["lib/smtp/a.ts", "const at = Date.now();\n", /Date\.now has no business here/],
  ["lib/smtp/a.ts", "const at = new Date();\n", /new Date\(\) has no business/],
  ["lib/smtp/a.ts", "const clock = { now: performance.now };\n", /performance\.now has no/],
  ["lib/mail/a.ts", "const id = crypto.randomUUID();\n", /crypto\.randomUUID has no/],
  [
    "lib/sasl/a.ts",
    'import { randomBytes } from "node:crypto";\nrandomBytes(4);\n',
    /randomBytes has/,
  ],
  ["lib/queue/a.ts", "setTimeout(() => {}, 1);\n", /setTimeout has no business/],
  ["lib/cli/a.ts", "await fetch(where);\n", /fetch has no business/],
  ["lib/store/a.ts", "Deno.listen({ port: 0 });\n", /Deno\.listen has no business/],
  ["server.ts", 'import { connect } from "node:net";\n', /node:net has no business/],
  ["lib/app/a.ts", "Deno.readTextFileSync(path);\n", /Deno\.readTextFileSync has no business/],
  ["lib/app/a.ts", 'import { env } from "node:process";\n', /node:process has no business/],
  ["lib/app/a.ts", 'const fs = await import("node:fs");\n', /node:fs has no business/],
  ["lib/net/a.ts", 'console.error("oh");\n', /console\.error has no business/],
  ["lib/pop3/a.ts", 'function* a() { yield { do: "read" }; }\n', /a bare yield/],
  ["lib/pop3/a.ts", "function* a() { const x = (yield effect) as string; }\n", /a bare yield/],
];

const good: readonly (readonly [path: string, text: string])[] = [
  ["lib/mail/a.ts", `// ${"x".repeat(97)}\n`],
  ["tests/a_test.ts", `Deno.test("${"x".repeat(98)}", () => {});\n`],
  ["lib/mail/a.ts", lines(400)],
  ["lib/mail/a.ts", `// tidy: 450 lines because a table cannot be cut\n${lines(449)}`],
  ["lib/mail/a.ts", functionOf(70)],
  [
    "lib/net/a.ts",
    `function make() {\n  return { a() {\n${"go();\n".repeat(60)}} };\n}\n${lines(20)}`,
  ],
  [
    "lib/smtp/a.ts",
    'const text = "Date.now() and // fetch(x)"; // setTimeout(f, 1), console.log()\n',
  ],
  ["lib/imap/a.ts", "function fetch() {}\nfetch();\nbackend.fetch();\n"],
  ["lib/smtp/a.ts", "const at = new Date(now);\nconst when: Deno.Addr | null = null;\n"],
  ["lib/net/a.ts", "setTimeout(() => Date.now() + Math.random(), 1);\n"],
  ["lib/store/a.ts", "Deno.openSync(path);\n"],
  ["lib/cli/a.ts", 'console.log("ready");\n'],
  ["tests/a_test.ts", "setTimeout(() => console.log(Date.now()), 1);\n"],
  ["lib/pop3/a.ts", "function* a() { yield* read(); for (const x of y) yield x; }\n"],
  ["lib/net/a.ts", "async function* a() { const b = yield await accept(); }\n"],
  ["lib/sasl/a.ts", "function* a() { const x = (yield challenge) as string; }\n"],
  ["lib/wire/session.ts", 'function* a() { return (yield { do: "read" }) as null; }\n'],
];

Deno.test("tidy complains about each thing that it forbids in a file", () => {
  for (const [path, text, complaint] of bad) {
    const complaints = complaintsAbout({ path, text }).map(textOf);
    assert.equal(complaints.length > 0, true, `no complaint about ${JSON.stringify(text)}`);
    assert.match(complaints.join("\n"), complaint);
  }
});

Deno.test("tidy has nothing to say about what it allows in a file", () => {
  for (const [path, text] of good) {
    assert.deepEqual(complaintsAbout({ path, text }).map(textOf), []);
  }
});

type Tree = Readonly<Record<string, string>>;
const importing = (...paths: string[]) => paths.map((path) => `import "${path}";\n`).join("");
const aliases = { "$one": "npm:one@1.0.0", "$two": "node:two" };
const everyAlias = { "tests/all.ts": importing("$one", "$two") };

const badTrees: readonly (readonly [tree: Tree, complaint: RegExp])[] = [
  [{ "lib/smtp/a.ts": importing("../pop3/b.ts") }, /lib\/smtp\/a\.ts:1 may not import lib\/pop3/],
  [{ "lib/mail/a.ts": importing("../smtp/b.ts") }, /may not import lib\/smtp\/b\.ts/],
  [{ "lib/wire/a.ts": importing("../mail/b.ts") }, /may not import lib\/mail\/b\.ts/],
  [{ "lib/log.ts": importing("./net/world.ts") }, /may not import lib\/net\/world\.ts/],
  [{ "lib/store/a.ts": importing("../net/b.ts") }, /may not import lib\/net\/b\.ts/],
  [
    { "lib/store/a.ts": 'import { reply } from "../smtp/reply.ts";' },
    /may not import lib\/smtp\/reply\.ts/,
  ],
  [{ "lib/queue/a.ts": 'export * from "../app/b.ts";' }, /may not import lib\/app\/b\.ts/],
  [{ "lib/app/a.ts": 'const b = import("../cli/b.ts");' }, /may not import lib\/cli\/b\.ts/],
  [{ "lib/new/a.ts": importing("../wire/bytes.ts") }, /may not import lib\/wire\/bytes\.ts/],
  [{ "lib/app/a.ts": importing("../../tests/play.ts") }, /may not import tests\/play\.ts/],
  [
    { "lib/wire/a.ts": importing("./b.ts"), "lib/wire/b.ts": importing("./a.ts") },
    /in a circle: lib\/wire\/a\.ts → lib\/wire\/b\.ts → lib\/wire\/a\.ts/,
  ],
  [{ "lib/wire/a.ts": importing("./a.ts") }, /in a circle: lib\/wire\/a\.ts → lib\/wire\/a\.ts/],
  [
    {
      "client.ts": importing("./lib/cli/a.ts"),
      "lib/cli/a.ts": 'import("./b.ts");',
      "lib/cli/b.ts": importing("../store/c.ts"),
    },
    /lib\/cli\/b\.ts:1 client\.ts reaches this, which imports lib\/store\/c\.ts/,
  ],
  [{ "lib/cli/a.ts": importing("npm:two@1.0.0") }, /npm:two@1\.0\.0 is not an alias/],
  [{ "lib/cli/a.ts": importing("two") }, /two is not an alias/],
  [
    { "lib/cli/a.ts": importing("$one"), "lib/cli/b.ts": importing("$one") },
    /lib\/cli\/b\.ts:1 \$one stands behind lib\/cli\/a\.ts/,
  ],
];

const goodTree: Tree = {
  "client.ts": importing("./lib/cli/a.ts"),
  "server.ts": importing("./lib/cli/b.ts"),
  "lib/cli/a.ts": importing("$one", "../smtp/client.ts", "../net/deno.ts", "../../deno.json"),
  "lib/cli/b.ts": importing("../app/a.ts", "./a.ts", "$two"),
  "lib/app/a.ts": importing("../queue/a.ts", "../store/a.ts", "$two"),
  "lib/store/a.ts": 'import type { Reply } from "../smtp/reply.ts";',
  "lib/sasl/a.ts": importing("../wire/bytes.ts", "../log.ts"),
  "tests/a_test.ts": importing("$one", "../lib/smtp/client.ts", "./play.ts"),
};

function graphComplaints(tree: Tree): readonly string[] {
  const files = Object.entries({ ...everyAlias, ...tree }).map(([path, text]) => ({ path, text }));
  return complaintsAboutGraph(files, aliases).map(textOf);
}

Deno.test("tidy complains about each import that it forbids", () => {
  for (const [tree, complaint] of badTrees) {
    assert.match(graphComplaints(tree).join("\n"), complaint);
  }
  assert.match(complaintsAboutGraph([], aliases).map(textOf).join("\n"), /nobody imports \$one/);
});

Deno.test("tidy has nothing to say about the imports that it allows", () => {
  assert.deepEqual(graphComplaints(goodTree), []);
});

Deno.test("tidy compares the table of dependencies with what is imported", () => {
  const files = [{ path: "lib/cli/a.ts", text: importing("$one") }];
  const complain = (row: string) => complaintsAboutTable(row, files, aliases).map(textOf);
  assert.deepEqual(complain("| `$one` | `one@1.0.0` | `lib/cli/a.ts` | why |"), []);
  assert.match(complain("| `$one` | `one@1.0.1` | `lib/cli/a.ts` |").join(), /say one@1\.0\.0/);
  assert.match(complain("| `$one` | `one@1.0.0` | `lib/b.ts` |").join(), /say lib\/cli\/a\.ts/);
  assert.equal(complain("nothing").length, 2);
});
