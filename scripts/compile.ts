/**
 * `deno task compile`: writes ./smtpd and ./smtpc. The source is bundled first, since a compiled
 * program would otherwise carry every package of the lock file, and start half as fast.
 *
 * Options: `--smtpd FILE` and `--smtpc FILE` (the entries, default server.ts and client.ts), `--out
 * DIR`.
 */
import * as esbuild from "$esbuild";
import { parseArgs } from "$fmt";
import { builtinModules } from "node:module";
import config from "../deno.json" with { type: "json" };
import { type Base, findBase, outputOf } from "./base.ts";

/** A compiled hello has 97 MB: what is above this is worth a look. */
const SIZE_BYTES_GOAL = 105_000_000;
const VERSION_MS_GOAL = 120;
const VERSION_RUNS = 9;

const { values } = parseArgs({
  args: Deno.args,
  options: {
    smtpd: { type: "string", default: "server.ts" },
    smtpc: { type: "string", default: "client.ts" },
    out: { type: "string", default: "." },
  },
});

try {
  const base = await findBase("dist/base");
  for (const [name, task] of [["smtpd", "server"], ["smtpc", "client"]] as const) {
    const bundled = `dist/${name}.js`;
    await bundle(values[name], bundled, base);
    await compile(bundled, `${values.out}/${name}`, permissionsOf(config.tasks[task]), base);
    await report(`${values.out}/${name}`);
  }
} catch (error) {
  console.error(`cannot compile: ${error instanceof Error ? error.message : error}`);
  Deno.exitCode = 1;
} finally {
  await esbuild.stop();
}

async function bundle(entry: string, output: string, base: Base): Promise<void> {
  await esbuild.build({
    entryPoints: [entry],
    outfile: output,
    bundle: true,
    minify: true,
    // Names of functions and classes are seen in stack traces.
    keepNames: true,
    platform: "node",
    format: "esm",
    target: "esnext",
    alias: { ...builtinAliases(), ...importAliases(config.imports) },
    // Packages in the older module format call `require` for what is built in.
    banner: {
      js: 'import { createRequire as requireFrom } from "node:module";' +
        "const require = requireFrom(import.meta.url);",
    },
    define: { __BASE_SHA256__: JSON.stringify(base.sha256) },
    logLevel: "warning",
  });
}

/** `fs` as `node:fs`: Deno knows what is built in by its full name only. */
function builtinAliases(): Record<string, string> {
  return Object.fromEntries(
    builtinModules.filter((name) => !/^(node:|_)/.test(name)).map((name) => [name, `node:${name}`]),
  );
}

/** The aliases of deno.json as esbuild knows packages: `npm:a@1.0.0/b.js` is `a/b.js`. */
function importAliases(imports: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(imports).map(([alias, target]) => [
      alias,
      target.replace(/^npm:((?:@[^/]+\/)?[^@/]+)@[^/]+/, "$1"),
    ]),
  );
}

/** What the task of the same program is allowed, and no more. */
function permissionsOf(task: string): readonly string[] {
  return task.split(" ").filter((word) => word.startsWith("--allow-"));
}

async function compile(
  bundled: string,
  output: string,
  permissions: readonly string[],
  { deno, path }: Base,
): Promise<void> {
  const alone = ["--no-config", "--no-lock", "--no-npm", "--no-check", "--quiet"];
  const command = [...deno, "compile", ...alone, ...permissions, "--output", output, bundled];
  await outputOf(command as [string, ...string[]], { DENORT_BIN: await Deno.realPath(path) });
}

/** Size and time of the program as it came out, for whoever reads the build's output. */
async function report(program: string): Promise<void> {
  const path = await Deno.realPath(program);
  const times: number[] = [];
  let version = "";
  for (let i = 0; i < VERSION_RUNS; i++) {
    const startMs = performance.now();
    version = await outputOf([path, "--version"]);
    times.push(performance.now() - startMs);
  }
  const { size } = await Deno.stat(path);
  const medianMs = Math.round(times.toSorted((a, b) => a - b)[VERSION_RUNS >> 1]!);
  console.log(version.trim().replaceAll("\n", ", "));
  console.log(`  ${(size / 1e6).toFixed(1)} MB, --version in ${medianMs} ms (median)`);
  if (size > SIZE_BYTES_GOAL) console.log(`  above the goal of ${SIZE_BYTES_GOAL / 1e6} MB`);
  if (medianMs > VERSION_MS_GOAL) console.log(`  above the goal of ${VERSION_MS_GOAL} ms`);
}
