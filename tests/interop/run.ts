/** Programs from elsewhere, run to their end, and a server of ours for them to talk to. */
import assert from "$assert";
import { readMail } from "../../mod.ts";
import { type Smtpd, startSmtpd } from "../process/programs.ts";
import { canRun, temporaryFolder } from "../support.ts";

export interface Ran {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end; `stdin` is all that it can read. */
export async function run(
  program: string,
  args: readonly string[],
  { stdin = "" }: { readonly stdin?: string } = {},
): Promise<Ran> {
  const child = new Deno.Command(program, {
    args: [...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const output = child.output();
  const writer = child.stdin.getWriter();
  try {
    await writer.write(new TextEncoder().encode(stdin));
    await writer.close();
  } catch (error) {
    // A program may end without reading what it was given.
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
  const { code, stdout, stderr } = await output;
  const text = new TextDecoder();
  return { status: code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
}

/** Like {@linkcode run}, for programs that must end with status 0; gives their output. */
export async function runWell(
  program: string,
  args: readonly string[],
  options: { readonly stdin?: string } = {},
): Promise<string> {
  const ran = await run(program, args, options);
  assert.equal(ran.status, 0, `${program} ${args.join(" ")}: ${ran.stdout}${ran.stderr}`);
  return ran.stdout;
}

/** A server for abc.com on all its ports, with alice (`secret`), bob and böb (`hunter2`). */
export interface Peer {
  readonly ports: Readonly<Record<string, number>>;
  /** Holds the server's data in `data`, and whatever else the test puts there. */
  readonly folder: string;
  /** The file with the server's certificate, which it has signed itself. */
  readonly ca: string;
  log(): string;
  /** Takes all mail out of Bob's mailbox, as text; bytes that are no UTF-8 become U+FFFD. */
  takeBobsMail(): Promise<readonly string[]>;
  takeAlicesMail(): Promise<readonly string[]>;
}

/** A test with a server of its own, which gets these further flags. */
export function testWithServer(
  name: string,
  fn: (peer: Peer) => Promise<void>,
  flags: readonly string[] = [],
): void {
  Deno.test({
    name,
    ignore: !canRun,
    fn: async () => {
      await using folder = await temporaryFolder();
      await using server = await startSmtpd([...FLAGS, "--data", `${folder.path}/data`, ...flags]);
      await fn(peerAt(server, folder.path));
    },
  });
}

const FLAGS: readonly string[] = [
  ...["--port", "0", "--submission-port", "0", "--smtps-port", "0", "--lmtp-port", "0"],
  ...["--pop3-port", "0", "--pop3s-port", "0", "--domain", "abc.com", "--tls", "self-signed"],
  ...["--user", "alice:secret", "--user", "bob:hunter2", "--user", "böb:hunter2"],
];

function peerAt({ ports, log }: Smtpd, folder: string): Peer {
  return {
    ports,
    folder,
    ca: `${folder}/data/self-signed.crt`,
    log,
    takeBobsMail: () => takeMail(ports["pop3"]!, { user: "bob", password: "hunter2" }),
    takeAlicesMail: () => takeMail(ports["pop3"]!, { user: "alice", password: "secret" }),
  };
}

/** Takes all mail out of a mailbox of ours. */
export async function takeMail(
  port: number,
  login: { readonly user: string; readonly password: string },
): Promise<readonly string[]> {
  const mails = await readMail({ port, ...login, delete: true });
  return mails.map(({ raw }) => new TextDecoder().decode(raw));
}
