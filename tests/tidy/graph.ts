/** The rules about who imports whom: ranks, cycles, what the client reaches, dependencies. */
import { factsOf, type Import, type SourceFile } from "./facts.ts";
import { type Complaint, isProduct } from "./rules.ts";

interface Edge extends Import {
  readonly from: string;
  /** A file of the project, or the specifier as it is. */
  readonly to: string;
}

/**
 * Design section 5, from the bottom: a folder may import those of lower rank, and what is named
 * here.
 */
const RANKS: readonly (readonly [rank: number, folders: readonly string[]])[] = [
  [0, ["lib", "lib/wire", "lib/mail", "lib/sasl"]],
  [1, ["lib/smtp", "lib/pop3", "lib/imap"]],
  [2, ["lib/store", "lib/net", "lib/policy"]],
  [3, ["lib/queue", "lib/web"]],
  [4, ["lib/app"]],
  [5, ["lib/cli"]],
  [6, [""]],
];

/**
 * Everything that is wrong with the files taken together. `imports` are the aliases of deno.json.
 */
export function complaintsAboutGraph(
  files: readonly SourceFile[],
  imports: Readonly<Record<string, string>>,
): readonly Complaint[] {
  const edges = files.flatMap((file) =>
    factsOf(file).imports.map((each) => ({
      ...each,
      from: file.path,
      to: each.specifier.startsWith(".") ? join(file.path, each.specifier) : each.specifier,
    }))
  );
  return [
    ...ranks(edges),
    ...cycles(files.map(({ path }) => path), edges),
    ...clientReach(edges),
    ...dependencies(edges, imports),
  ];
}

function ranks(edges: readonly Edge[]): readonly Complaint[] {
  return edges
    .filter(({ from, to }) => isProduct(from) && to.endsWith(".ts"))
    .filter((edge) => !mayImport(edge))
    .map(({ from, to, line }) => ({ path: from, line, message: `may not import ${to}` }));
}

function mayImport({ from, to, names }: Edge): boolean {
  const [importer, imported] = [folderOf(from), folderOf(to)];
  if (!isProduct(to)) return false;
  if (importer === imported) return true;
  const [high, low] = [rankOf(importer), rankOf(imported)];
  if (high === null || low === null) return false;
  // Of the lowest, `wire` is the kernel, and lib/*.ts what everybody may need.
  if (high === 0) return imported === "lib" || (imported === "lib/wire" && importer !== "lib");
  if (high === 2 && low === 1) {
    return to === "lib/smtp/reply.ts" && names.every((name) => name === "Reply");
  }
  return low < high;
}

function rankOf(folder: string): number | null {
  return RANKS.find(([, folders]) => folders.includes(folder))?.[0] ?? null;
}

/** `lib/smtp/a/b.ts` belongs to `lib/smtp`. */
function folderOf(path: string): string {
  return path.split("/").slice(0, -1).slice(0, 2).join("/");
}

function cycles(paths: readonly string[], edges: readonly Edge[]): readonly Complaint[] {
  const targets = Map.groupBy(edges, ({ from }) => from);
  const done = new Set<string>();
  const found: Complaint[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    if (done.has(path)) return;
    for (const { to, line } of targets.get(path) ?? []) {
      const at = to === path ? trail.length : trail.indexOf(to);
      if (at === -1) visit(to, [...trail, path]);
      else {
        const circle = [...trail.slice(at), path, to].join(" → ");
        found.push({ path, line, message: `imports go in a circle: ${circle}` });
      }
    }
    done.add(path);
  };
  for (const path of paths) visit(path, []);
  return found;
}

/** The client is small, and holds nothing of the server's state. */
function clientReach(edges: readonly Edge[]): readonly Complaint[] {
  const reached = new Set(["client.ts"]);
  const found: Complaint[] = [];
  for (const path of reached) {
    for (const { from, to, line } of edges) {
      if (from !== path) continue;
      if (/^lib\/(store|app|web)\//.test(to)) {
        found.push({ path, line, message: `client.ts reaches this, which imports ${to}` });
      } else reached.add(to);
    }
  }
  return found;
}

/** Every dependency has its version in deno.json, and stands behind one file. */
function dependencies(
  edges: readonly Edge[],
  imports: Readonly<Record<string, string>>,
): readonly Complaint[] {
  const found: Complaint[] = [];
  const importers = new Map<string, string>();
  for (const { from, to, line } of edges) {
    if (/\.(ts|json)$/.test(to) && !to.startsWith("npm:") || to.startsWith("node:")) continue;
    const target = imports[to];
    if (target === undefined) {
      found.push({ path: from, line, message: `${to} is not an alias of deno.json` });
    } else if (target.startsWith("npm:") && !from.startsWith("tests/")) {
      const first = importers.get(to) ?? from;
      importers.set(to, first);
      if (first === from) continue;
      found.push({ path: from, line, message: `${to} stands behind ${first}: import that` });
    }
  }
  const used = new Set(edges.map(({ to }) => to));
  for (const alias of Object.keys(imports)) {
    if (used.has(alias)) continue;
    found.push({ path: "deno.json", line: 1, message: `nobody imports ${alias}` });
  }
  return found;
}

function join(from: string, specifier: string): string {
  const parts = from.split("/").slice(0, -1);
  for (const part of specifier.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== ".") parts.push(part);
  }
  return parts.join("/");
}

/**
 * CONTRIBUTING's table of dependencies: each with its version, and the file that it stands behind.
 */
export function complaintsAboutTable(
  contributing: string,
  files: readonly SourceFile[],
  imports: Readonly<Record<string, string>>,
): readonly Complaint[] {
  const rows = contributing.split("\n");
  const found: Complaint[] = [];
  for (const [alias, target] of Object.entries(imports)) {
    const dependency = /^npm:((?:@[^/]+\/)?[^/]+)/.exec(target)?.[1];
    if (dependency === undefined) continue;
    const row = rows.findIndex((each) => each.startsWith(`| \`${alias}\` `));
    const importer = files.find(({ path, text }) =>
      !path.startsWith("tests/") && text.includes(`"${alias}"`)
    );
    const expected = [dependency, importer?.path ?? "tests only"];
    for (const text of expected.filter((each) => !rows[row]?.includes(each))) {
      const message = `the row of ${alias} does not say ${text}`;
      found.push({ path: "CONTRIBUTING.md", line: row + 1, message });
    }
  }
  return found;
}
