/** What the rules want to know about a file, read from its syntax tree by Deno's own linter. */

export interface SourceFile {
  /** From the top of the project: `lib/net/drive.ts`. */
  readonly path: string;
  readonly text: string;
}

export interface Facts {
  readonly imports: readonly Import[];
  readonly functions: readonly FunctionFact[];
  /**
   * Global things that are used: `Date.now`, `new Date()`, `setTimeout`, `Deno.open`,
   * `console.log`.
   */
  readonly uses: readonly Fact[];
  /** Yields of effects: those that are resumed with something, or hold `{ do: … }`. */
  readonly effectYields: readonly Fact[];
}

export interface Fact {
  readonly what: string;
  readonly line: number;
}

export interface Import {
  readonly specifier: string;
  /** What is imported by name; `*` for everything, or for a re-export or a lazy import. */
  readonly names: readonly string[];
  readonly line: number;
}

export interface FunctionFact {
  readonly name: string;
  readonly line: number;
  /**
   * Without the lines of functions inside: one that makes an object out of functions is a class.
   */
  readonly ownLines: number;
}

/** Reads a file. Works in `deno test` only, where the linter's parser is at hand. */
export function factsOf(file: SourceFile): Facts {
  const lineAt = lineFinder(file.text);
  const imports: Import[] = [];
  const uses: Fact[] = [];
  const effectYields: Fact[] = [];
  const spans: Span[] = [];
  const declared = new Set<string>();
  const use = (node: Deno.lint.Node, what: string) =>
    uses.push({ what, line: lineAt(node.range[0]) });
  const imported = (node: Deno.lint.Node, source: unknown, names: readonly string[]) => {
    if (typeof source !== "string") return;
    imports.push({ specifier: source, names, line: lineAt(node.range[0]) });
  };
  const span = (node: Deno.lint.Node, name: string) =>
    spans.push({ name, from: lineAt(node.range[0]), to: lineAt(node.range[1] - 1) });

  const visitor: Deno.lint.LintVisitor = {
    ImportDeclaration(node) {
      const names = node.specifiers.map(importedName);
      imported(node, node.source.value, names);
      // What comes from the runtime is the global thing; what comes from elsewhere has only its
      // name.
      if (node.source.value.startsWith("node:")) { for (const name of names) use(node, name); }
      else for (const each of node.specifiers) declared.add(each.local.name);
    },
    ExportNamedDeclaration: (node) => imported(node, node.source?.value, ["*"]),
    ExportAllDeclaration: (node) => imported(node, node.source.value, ["*"]),
    ImportExpression(node) {
      if (node.source.type === "Literal") imported(node, node.source.value, ["*"]);
    },
    FunctionDeclaration(node) {
      if (node.id !== null) declared.add(node.id.name);
      span(node, node.id?.name ?? "default");
    },
    FunctionExpression: (node) => span(node, node.id?.name ?? nameFrom(node.parent)),
    ArrowFunctionExpression: (node) => span(node, nameFrom(node.parent)),
    VariableDeclarator(node) {
      if (node.id.type === "Identifier") declared.add(node.id.name);
    },
    MemberExpression(node) {
      if (node.object.type !== "Identifier" || node.property.type !== "Identifier") return;
      if (!node.computed) use(node, `${node.object.name}.${node.property.name}`);
    },
    NewExpression(node) {
      if (node.callee.type !== "Identifier") return;
      use(node, `new ${node.callee.name}(${node.arguments.length === 0 ? "" : "…"})`);
    },
    CallExpression(node) {
      if (node.callee.type === "Identifier") use(node, node.callee.name);
    },
    YieldExpression(node) {
      if (node.delegate || inAsyncFunction(node)) return;
      const argument = node.argument;
      const isEffect = argument?.type === "ObjectExpression" &&
        argument.properties.some((each) =>
          each.type === "Property" && each.key.type === "Identifier" && each.key.name === "do"
        );
      if (!isEffect && node.parent.type === "ExpressionStatement") return;
      effectYields.push({ what: "yield", line: lineAt(node.range[0]) });
    },
  };
  Deno.lint.runPlugin(
    { name: "tidy", rules: { facts: { create: () => visitor } } },
    file.path,
    file.text,
  );
  return {
    imports,
    functions: spans.map((each) => ({
      name: each.name,
      line: each.from,
      ownLines: ownLines(each, spans),
    })),
    // What a file declares itself is not the global thing of that name.
    uses: uses.filter(({ what }) => !declared.has(what.replace(/^new |\W.*$/g, ""))),
    effectYields,
  };
}

interface Span {
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

function ownLines(span: Span, all: readonly Span[]): number {
  const inner = new Set<number>();
  for (const other of all) {
    const inside = other !== span && other.from >= span.from && other.to <= span.to;
    if (!inside || other.to === other.from) continue;
    for (let line = other.from; line <= other.to; line++) inner.add(line);
  }
  return span.to - span.from + 1 - inner.size;
}

type Specifier = Deno.lint.ImportDeclaration["specifiers"][number];

function importedName(specifier: Specifier): string {
  switch (specifier.type) {
    case "ImportSpecifier":
      return specifier.imported.type === "Identifier" ? specifier.imported.name : "*";
    case "ImportDefaultSpecifier":
      return "default";
    case "ImportNamespaceSpecifier":
      return "*";
  }
}

/** What a function without a name of its own is called by: its variable, property or method. */
function nameFrom(parent: Deno.lint.Node): string {
  if (parent.type === "VariableDeclarator" && parent.id.type === "Identifier") {
    return parent.id.name;
  }
  const keyed = parent.type === "Property" || parent.type === "MethodDefinition" ||
    parent.type === "PropertyDefinition";
  return keyed && parent.key.type === "Identifier" ? parent.key.name : "a function";
}

interface Ancestor {
  readonly type: string;
  readonly async?: boolean;
  readonly parent?: Ancestor;
}

/** An async generator has no effects to yield: a session holds no promises. */
function inAsyncFunction(node: Ancestor): boolean {
  for (let at: Ancestor | undefined = node; at !== undefined; at = at.parent) {
    if (/^Function/.test(at.type)) return at.async === true;
  }
  return false;
}

/** Gives the line, from 1, at which an offset lies. */
function lineFinder(text: string): (offset: number) => number {
  const starts = [0];
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return (offset) => {
    let [low, high] = [0, starts.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (starts[middle]! <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  };
}
