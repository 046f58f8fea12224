/** What `send` and `read` have in common: which server, and who logs in with which password. */
import type { Endpoint, World } from "../net/world.ts";
import type { Login } from "../sasl/client.ts";
import { type Ask, OPTIONAL } from "./ask.ts";
import { decode } from "../wire/bytes.ts";
import type { TlsChoice } from "./client_tls.ts";
import { EXIT, Failure, oneLine } from "./fail.ts";
import { readFile } from "./files.ts";
import { dialogueTo, paint, type Streams } from "./io.ts";
import { readPasswordFile } from "./password_file.ts";
import type { CommonFlags } from "./smtpc_arguments.ts";
import type { Access } from "./transfer.ts";

/** What the commands of `smtpc` run in. */
export interface SmtpcContext {
  readonly world: World;
  readonly streams: Streams;
  /** `null` where nobody can be asked. */
  readonly ask: Ask | null;
  /**
   * Resolves when the person wants to end what would go on for ever; asking for it takes the signal
   * that ends the program. Without it, only that does.
   */
  readonly stopRequested?: () => Promise<void>;
}

/** How long people like to wait. */
const TIMEOUT_MS = 60_000;

/**
 * The server and the way to it; what is missing is asked for.
 * @throws {Failure} `usage` where nobody can be asked.
 */
export async function accessOf(flags: CommonFlags, context: SmtpcContext): Promise<Access> {
  const tls = await tlsOf(flags, context);
  return {
    world: context.world,
    tls,
    to: await endpointOf(flags, context),
    helloName: null,
    timeoutMs: flags.timeoutMs ?? TIMEOUT_MS,
    ...(flags.verbose ? { trace: dialogueTo(context.streams.errors) } : {}),
  };
}

/** Who logs in; `null` when nobody does, which is for sending only. */
export async function optionalLogin(
  flags: CommonFlags,
  context: SmtpcContext,
): Promise<Login | null> {
  const user = flags.user ??
    await context.ask?.text("User (leave empty to send without a login)", OPTIONAL) ?? "";
  return user === "" ? null : await loginAs(user, flags, context);
}

/** Who logs in. @throws {Failure} `usage` when it is not said, and nobody can be asked. */
export async function requiredLogin(flags: CommonFlags, context: SmtpcContext): Promise<Login> {
  const user = flags.user ?? await context.ask?.text("User");
  if (user === undefined) {
    throw new Failure(EXIT.usage, "whose mailbox? --user NAME says it");
  }
  return await loginAs(user, flags, context);
}

async function loginAs(user: string, flags: CommonFlags, context: SmtpcContext): Promise<Login> {
  if (/\p{Cc}/u.test(user) || user.trim() === "") {
    throw new Failure(EXIT.usage, "--user is empty, or has control characters in it");
  }
  const password = await passwordOf(user, flags, context);
  return { user, password, ...(flags.auth === undefined ? {} : { mechanism: flags.auth }) };
}

async function passwordOf(
  user: string,
  { passwordFile }: CommonFlags,
  { streams, ask }: SmtpcContext,
): Promise<string> {
  if (passwordFile !== undefined) return await readPasswordFile(passwordFile);
  const password = streams.variable("SMTPC_PASSWORD") ??
    await ask?.password(`Password of ${user}`);
  if (password !== undefined) return password;
  throw new Failure(
    EXIT.usage,
    `the password of ${user} is missing: give --password-file FILE, or set SMTPC_PASSWORD`,
  );
}

async function endpointOf(flags: CommonFlags, { ask }: SmtpcContext): Promise<Endpoint> {
  const host = flags.host ?? await ask?.text("Server", { initial: "127.0.0.1" });
  if (host === undefined) throw new Failure(EXIT.usage, "which server? HOST PORT are missing");
  const port = flags.port ??
    await ask?.text("Port", { initial: "2525", fault: portFault });
  if (port === undefined) throw new Failure(EXIT.usage, `which port of ${host}? PORT is missing`);
  return { host, port: Number(port) };
}

function portFault(text: string): string | null {
  const isPort = /^[1-9]\d{0,4}$/.test(text) && Number(text) <= 65535;
  return isPort ? null : "A port is a number up to 65535";
}

async function tlsOf(
  { tls: mode, ca }: CommonFlags,
  { streams: { errors } }: SmtpcContext,
): Promise<TlsChoice> {
  const warn = (sentence: string) =>
    errors.write(`${paint(errors, "yellow", oneLine(sentence))}\n`);
  if (ca === undefined) return { mode, authorities: [], warn };
  if (mode === "none") throw new Failure(EXIT.usage, "--ca: with --tls none nobody is verified");
  const pem = decode(await readFile(ca));
  if (pem.includes("-----BEGIN CERTIFICATE-----")) return { mode, authorities: [pem], warn };
  throw new Failure(
    EXIT.badData,
    `--ca ${ca}: there is no certificate in it (a PEM file is wanted: -----BEGIN CERTIFICATE-----)`,
  );
}
