/**
 * What `--version` prints: which program, which runtime, and which base executable it was built on.
 */
import config from "../../deno.json" with { type: "json" };

/**
 * Put in place of the name by `scripts/compile.ts`; it is not there when the source runs as it is.
 */
declare const __BASE_SHA256__: string;

/**
 * Three lines without a line end. The base is the executable to which `deno compile` has added the
 * program; its SHA-256 is there to be compared with the one that Deno's makers publish.
 */
export function versionText(program: string): string {
  const base = typeof __BASE_SHA256__ === "undefined"
    ? "not compiled"
    : `sha256 ${__BASE_SHA256__}`;
  return `${program} ${config.version}\nruntime: deno ${Deno.version.deno}\nbase: ${base}`;
}
