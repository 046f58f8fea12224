/** The rules of the house, for one file at a time. Each is shown to fail in `tidy_test.ts`. */
import { type Fact, type Facts, factsOf, type SourceFile } from "./facts.ts";

export interface Complaint {
  readonly path: string;
  readonly line: number;
  readonly message: string;
}

const FILE_LINES_MAX = 400;
const FUNCTION_LINES_MAX = 70;
const LINE_CHARACTERS_MAX = 100;

/** Clock, randomness, timers, network, names: the world is the one door to them. */
const OUTSIDE = oneOf(
  /Date\.now|new Date\(\)|performance\.(now|timeOrigin)/,
  /Math\.random|crypto\.(randomUUID|getRandomValues)|random(Bytes|UUID|Int|FillSync)/,
  /(set|clear)(Timeout|Interval|Immediate)|queueMicrotask|AbortSignal\.timeout/,
  /fetch|Deno\.(listen|connect|startTls|resolveDns|serve)\w*/,
  /new (WebSocket|EventSource|Worker)\(.*/,
);
const OUTSIDE_MODULES = /^node:(net|tls|dgram|dns|http|https|http2|timers)(\/|$)/;

/** Files, processes, the environment: everything else that is the machine's. */
const MACHINE = /^Deno\.(?!errors|inspect|version|build)/;
const MACHINE_MODULES = /^node:(fs|child_process|process|os|worker_threads|readline)(\/|$)/;

function oneOf(...patterns: readonly RegExp[]): RegExp {
  return new RegExp(`^(${patterns.map(({ source }) => source).join("|")})$`);
}

/** Everything that is wrong with one file by itself. */
export function complaintsAbout(file: SourceFile): readonly Complaint[] {
  const facts = factsOf(file);
  const complain = (message: string) => (line: number): Complaint => ({
    path: file.path,
    line,
    message,
  });
  return [
    ...longLines(file).map(complain(`a line has over ${LINE_CHARACTERS_MAX} characters`)),
    ...longFile(file).map(
      complain(`over ${FILE_LINES_MAX} lines without "// tidy: N lines because …"`),
    ),
    ...leftovers(file).map(complain("unfinished or silenced: say it in an issue, or mend it")),
    ...longFunctions(facts).map(({ what, line }) =>
      complain(`the function ${what} has over ${FUNCTION_LINES_MAX} lines`)(line)
    ),
    ...misplaced(file.path, facts).map(({ what, line }) =>
      complain(`${what} has no business here (ARCHITECTURE says where it has)`)(line)
    ),
    ...bareYields(file.path, facts).map(
      complain("a bare yield of an effect: use the steps of lib/wire/session.ts"),
    ),
  ];
}

/** A test's name is a sentence, and the formatter cannot break it. */
function longLines({ path, text }: SourceFile): readonly number[] {
  const isName = (line: string) =>
    path.startsWith("tests/") && /^\s*(Deno\.test\(|name: |await t\.step\()["`]/.test(line);
  return linesWhere(text, (line) => line.length > LINE_CHARACTERS_MAX && !isName(line));
}

function longFile({ text }: SourceFile): readonly number[] {
  const lines = text.trimEnd().split("\n").length;
  return lines > FILE_LINES_MAX && !/^\/\/ tidy: \d+ lines because \S+/m.test(text) ? [lines] : [];
}

const LEFTOVER = new RegExp(`\\b(TO${"DO"}|FIX${"ME"})\\b|@ts-${"(ignore|expect-error|nocheck)"}`);

function leftovers({ text }: SourceFile): readonly number[] {
  return linesWhere(text, (line) => LEFTOVER.test(line));
}

function longFunctions({ functions }: Facts): readonly Fact[] {
  return functions
    .filter(({ ownLines }) => ownLines > FUNCTION_LINES_MAX)
    .map(({ name, line }) => ({ what: name, line }));
}

function misplaced(path: string, { uses, imports }: Facts): readonly Fact[] {
  if (!isProduct(path)) return [];
  const modules = imports.map(({ specifier, line }) => ({ what: specifier, line }));
  const found: Fact[] = [];
  if (!path.startsWith("lib/net/")) {
    found.push(...uses.filter(({ what }) => OUTSIDE.test(what)));
    found.push(...modules.filter(({ what }) => OUTSIDE_MODULES.test(what)));
  }
  if (!/^lib\/(net|store|cli)\/|^(server|client)\.ts$/.test(path)) {
    found.push(...uses.filter(({ what }) => MACHINE.test(what) && !OUTSIDE.test(what)));
    found.push(...modules.filter(({ what }) => MACHINE_MODULES.test(what)));
  }
  if (path !== "lib/log.ts" && !path.startsWith("lib/cli/")) {
    found.push(...uses.filter(({ what }) => what.startsWith("console.")));
  }
  return found;
}

/** Mechanisms in `lib/sasl/` are generators too, but they yield no effects. */
function bareYields(path: string, { effectYields }: Facts): readonly number[] {
  if (!path.startsWith("lib/") || path === "lib/wire/session.ts") return [];
  return path.startsWith("lib/sasl/") ? [] : effectYields.map(({ line }) => line);
}

/** Whether a file is part of what is shipped. */
export function isProduct(path: string): boolean {
  return /^(lib\/.*|mod|server|client)(\.ts)?$/.test(path);
}

function linesWhere(text: string, is: (line: string) => boolean): readonly number[] {
  return text.split("\n").flatMap((line, at) => is(line) ? [at + 1] : []);
}
