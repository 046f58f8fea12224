/** The servers that are measured, each on ports of its own and with its data on the same disk. */
import { administer } from "../../lib/app/admin.ts";
import { denoWorld } from "../../lib/net/deno.ts";
import { openSqliteStore } from "../../lib/store/sqlite.ts";
import type { Store } from "../../lib/store/store.ts";
import { decodeLatin1 } from "../../lib/wire/bytes.ts";
import { freePort, startPostfixDovecot } from "../interop/postfix.ts";
import { type Smtpd, startSmtpd } from "../process/programs.ts";
import { commandOf, type TemporaryFolder, temporaryFolder, until } from "../support.ts";
import { Missing } from "./contest.ts";

const HOST = "127.0.0.1";

export interface Ours extends AsyncDisposable {
  readonly smtpd: Smtpd;
  readonly port: number;
  readonly data: string;
  /** In KiB. */
  resident(): Promise<number>;
  /** Stops it, and opens what it has kept. */
  kept(): Promise<Store>;
}

export interface OursOptions {
  readonly domain?: string;
  /** The password of each is `secret`. */
  readonly users?: readonly string[];
  readonly flags?: readonly string[];
  /** What is started in place of the server, and starts it: `strace …`. */
  readonly under?: readonly [string, ...string[]];
}

/** Our server: from source, or the binary that the variable SMTPD names. */
export async function startOurs(
  { domain = "abc.com", users = ["alice"], flags = [], under }: OursOptions = {},
): Promise<Ours> {
  const folder = await temporaryFolder();
  const data = `${folder.path}/data`;
  await makeUsers(data, domain, users);
  const smtpd = await startSmtpd([
    ...["--port", "0", "--pop3-port", "0", "--imap-port", "0", "--domain", domain],
    ...["--data", data, "--log-level", "error", ...flags],
  ], under === undefined ? commandOf("smtpd") : [...under, ...commandOf("smtpd")]);
  let store: Store | null = null;
  const pid = Number(await Deno.readTextFile(`${data}/lock`));
  const end = () => {
    // Whatever it was started under ends with it, and may not hear of signals itself.
    if (under !== undefined) Deno.kill(pid, "SIGTERM");
    return smtpd.end();
  };
  return {
    smtpd,
    port: smtpd.ports.smtp!,
    data,
    resident: () => residentOf(pid),
    async kept() {
      await end();
      return store ??= await openSqliteStore({ directory: data, turn: denoWorld().clock.turn });
    },
    async [Symbol.asyncDispose]() {
      if (store === null) await end();
      await store?.[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

async function makeUsers(data: string, domain: string, users: readonly string[]): Promise<void> {
  const world = denoWorld();
  await using store = await openSqliteStore({ directory: data, turn: world.clock.turn });
  for (const name of users) {
    const added = await administer({ world, store, domain }, {
      do: "user add",
      name,
      password: "secret",
    });
    if (!added.ok) throw new Error(added.message);
  }
}

/** In KiB, from `/proc`. */
export async function residentOf(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)![1]);
}

/** How many messages are looked at, byte for byte. */
const SAMPLE = 100;

/**
 * Whether a mailbox has so many messages, and a sample of them is as it should be.
 * @throws {Error} where that is not so
 */
export async function demandMailbox(
  store: Store,
  { user, count, isWhole }: {
    readonly user: string;
    readonly count: number;
    readonly isWhole: (message: string) => boolean;
  },
): Promise<string> {
  const account = store.users.find(user);
  const inbox = account && await store.mail.mailbox(account.id, "INBOX");
  const messages = inbox?.messages ?? 0;
  if (messages !== count) throw new Error(`${user} has ${messages} of ${count} messages`);
  const step = Math.max(1, Math.floor(count / SAMPLE));
  let looked = 0;
  for (let uid = 1; uid <= count; uid += step) {
    const body = await store.mail.body(inbox!.id, uid);
    const text = body === null ? "" : decodeLatin1(await body.slice(0, body.size));
    if (!isWhole(text)) {
      const end = JSON.stringify(text.slice(-100));
      throw new Error(`message ${uid} of ${user}: ${text.length} characters, at its end ${end}`);
    }
    looked++;
  }
  return `${count} messages are in the mailbox, ${looked} of them were compared`;
}

export interface Sink extends AsyncDisposable {
  readonly port: number;
}

/** Postfix's smtp-sink, which throws everything away. */
export async function startSink(): Promise<Sink> {
  demandProgram("smtp-sink");
  const port = freePort();
  // It refuses to run as root.
  const user = Deno.uid() === 0 ? ["-u", "postfix"] : [];
  const child = new Deno.Command("smtp-sink", {
    args: [...user, `${HOST}:${port}`, "1000"],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  await untilListening(port);
  return {
    port,
    async [Symbol.asyncDispose]() {
      child.kill();
      await child.status;
    },
  };
}

export interface Postfix extends AsyncDisposable {
  readonly port: number;
  /** Where TLS begins with the first byte. */
  readonly smtpsPort: number;
  /** The file with its certificate, for `localhost`. */
  readonly ca: string;
  /** How many messages are in Carol's mailbox. */
  arrived(): Promise<number>;
}

/** Postfix in front of Dovecot's LMTP, as Debian sets them up; for carol at `domain`. */
export async function startPostfix(
  { domain = "postfix.example", more = "" } = {},
): Promise<Postfix> {
  demandProgram("postfix");
  demandProgram("dovecot");
  if (Deno.uid() !== 0) throw new Missing("Postfix can be started by root only");
  const folder: TemporaryFolder = await temporaryFolder();
  const smtpsPort = freePort();
  const peers = await startPostfixDovecot(folder.path, {
    smtpsPort,
    more: (lmtpPort) => `
virtual_mailbox_domains = ${domain}
virtual_mailbox_maps = inline:{carol@${domain}=carol/}
virtual_transport = lmtp:inet:${HOST}:${lmtpPort}
smtpd_client_connection_count_limit = 0
smtpd_tls_security_level = none
smtp_tls_security_level = none
debug_peer_list =
${more}
`,
  });
  return {
    port: peers.smtpPort,
    smtpsPort,
    ca: peers.ca,
    arrived: () => countFiles(`${folder.path}/mail/carol`),
    async [Symbol.asyncDispose]() {
      await peers[Symbol.asyncDispose]();
      // Processes that end late may still write.
      await until("its files are gone", async () => {
        try {
          await folder[Symbol.asyncDispose]();
          return true;
        } catch (error) {
          return error instanceof Deno.errors.NotFound;
        }
      });
    },
  };
}

async function countFiles(maildir: string): Promise<number> {
  let count = 0;
  for (const part of ["new", "cur"]) {
    try {
      for await (const _ of Deno.readDir(`${maildir}/${part}`)) count++;
    } catch (error) {
      // The mailbox is made with the first message.
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return count;
}

/** @throws {Missing} */
export function demandProgram(name: string): void {
  const path = `${Deno.env.get("PATH") ?? ""}:/usr/sbin`;
  const isThere = path.split(":").some((folder) => {
    try {
      return Deno.statSync(`${folder}/${name}`).isFile;
    } catch {
      return false;
    }
  });
  if (!isThere) throw new Missing(`${name} is not installed`);
}

async function untilListening(port: number): Promise<void> {
  await until(`a listener on port ${port}`, async () => {
    try {
      (await Deno.connect({ hostname: HOST, port })).close();
      return true;
    } catch {
      return false;
    }
  });
}
