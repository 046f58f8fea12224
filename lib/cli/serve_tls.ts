/** The certificates of a server: files of the operator, or one that it makes for itself. */
import { type KeyPair, NetError, type TlsServerIdentity, type World } from "../net/world.ts";
import { selfSigned } from "../net/self_signed.ts";
import type { TlsCertificate } from "../wire/session.ts";
import { decode } from "../wire/bytes.ts";
import { MEMORY } from "./data_directory.ts";
import { EXIT, Failure } from "./fail.ts";
import { readFile, readFileIfThere, replaceFile } from "./files.ts";

/** Where the certificates come from. */
export type TlsPlan =
  | { readonly from: "files"; readonly pairs: readonly PairOfFiles[] }
  | { readonly from: "selfSigned"; readonly names: readonly string[] };

export interface PairOfFiles {
  readonly certificate: string;
  readonly key: string;
}

export interface ServedTls {
  readonly identity: TlsServerIdentity;
  /** The file to hand out, so that clients can verify; `null` where authorities see to that. */
  readonly handOut: string | null;
  /**
   * Reads everything again. Connections live on with what they have.
   * @throws {Failure} when something is wrong; then the old certificates stay.
   */
  reload(): Promise<void>;
}

/**
 * Reads, or makes, what the plan says; `data` is the server's directory, whose lock the caller
 * holds.
 * @throws {Failure} `badConfiguration` that names the file and what is wrong with it
 */
export async function openTls(plan: TlsPlan, data: string, world: World): Promise<ServedTls> {
  const load = plan.from === "files"
    ? () => loadFiles(plan.pairs, world)
    : () => loadSelfSigned(plan.names, data, world);
  const identity = world.net.tlsIdentity(await load());
  return {
    identity,
    handOut: plan.from === "files" || data === MEMORY ? null : publicPath(data),
    reload: async () => identity.reload(await load()),
  };
}

/**
 * The certificates behind `--tls-ca`.
 * @throws {Failure} `noInput` or `badConfiguration`
 */
export async function readAuthorities(paths: readonly string[]): Promise<readonly string[]> {
  return await Promise.all(paths.map(async (path) => {
    const pem = await readText(path);
    if (pem.includes("-----BEGIN CERTIFICATE-----")) return pem;
    throw unusable(`--tls-ca ${path}: there is no certificate in it (a PEM file is wanted)`);
  }));
}

async function loadFiles(
  pairs: readonly PairOfFiles[],
  world: World,
): Promise<readonly KeyPair[]> {
  const loaded: KeyPair[] = [];
  for (const { certificate, key } of pairs) {
    const pair = pairIn(await readText(certificate), await readText(key));
    const where = certificate === key ? certificate : `${certificate} with ${key}`;
    const { validUntilMs } = checked(pair, where, world);
    if (validUntilMs <= world.clock.now()) {
      throw unusable(`${certificate}: the certificate has expired on ${dateOf(validUntilMs)}`);
    }
    loaded.push(pair);
  }
  return loaded;
}

/** Certificate and key in one file, so that they are replaced together. */
function secretPath(data: string): string {
  return `${data}/self-signed.pem`;
}

function publicPath(data: string): string {
  return `${data}/self-signed.crt`;
}

async function loadSelfSigned(
  names: readonly string[],
  data: string,
  world: World,
): Promise<readonly KeyPair[]> {
  const make = () =>
    selfSigned({ names, nowMs: world.clock.now(), serial: world.random.bytes(16) });
  if (data === MEMORY) return [await make()];
  const path = secretPath(data);
  const kept = await readFileIfThere(path);
  if (kept !== null) {
    const pem = decode(kept);
    const pair = pairIn(pem, pem);
    if (checked(pair, path, world).validUntilMs > world.clock.now()) return [pair];
  }
  const { certificate, key } = await make();
  await replaceFile(path, `${certificate}${key}`);
  await replaceFile(publicPath(data), certificate);
  return [{ certificate, key }];
}

/** Many keep both in one file; what is no PEM stays as it is, and is complained about. */
function pairIn(certificate: string, key: string): KeyPair {
  return {
    certificate: blocksOf(certificate, "CERTIFICATE") || certificate,
    key: blocksOf(key, "[A-Z ]*PRIVATE KEY") || key,
  };
}

function blocksOf(pem: string, label: string): string {
  const block = new RegExp(`^-----BEGIN (${label})-----$[^]*?^-----END \\1-----$`, "gm");
  return [...pem.replaceAll("\r", "").matchAll(block)].map(([text]) => `${text}\n`).join("");
}

/** What is in the certificate of a pair. @throws {Failure} when the pair cannot be used. */
function checked(pair: KeyPair, where: string, world: World): TlsCertificate {
  try {
    return world.net.tlsIdentity([pair]).certificates[0]!;
  } catch (error) {
    if (!(error instanceof NetError)) throw error;
    throw unusable(`${where}: ${error.message}`, error);
  }
}

async function readText(path: string): Promise<string> {
  try {
    return decode(await readFile(path));
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    throw unusable(error.message, error);
  }
}

function unusable(message: string, cause?: unknown): Failure {
  return new Failure(EXIT.badConfiguration, message, { cause });
}

function dateOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
