/** Postfix and Dovecot, started in a folder of their own: they judge our client. Needs root. */
import { until } from "../support.ts";

export interface PostfixDovecot extends AsyncDisposable {
  readonly smtpPort: number;
  /** What comes in here, Postfix sends on through our server, to which it logs in. */
  readonly throughUsPort: number;
  readonly pop3Port: number;
  readonly imapPort: number;
  readonly pop3sPort: number;
  readonly imapsPort: number;
  /** The file with the certificate of both, for `localhost`, which is signed by itself. */
  readonly ca: string;
  /** Dovecot's, for the same mailboxes. */
  readonly lmtpPort: number;
  /** What Postfix has logged so far, with every line that it heard (`<`) and said (`>`). */
  log(): Promise<string>;
  /** Takes all that was delivered to Carol, line ends as Postfix keeps them: LF. */
  takeCarolsMail(): Promise<readonly Uint8Array[]>;
}

export interface PostfixOptions {
  /** Default: a free one. */
  readonly smtpPort?: number;
  /** Where TLS begins with the first byte; default: nowhere. */
  readonly smtpsPort?: number;
  /** Further lines of main.cf, which win; they are told the port of Dovecot's LMTP. */
  readonly more?: (lmtpPort: number) => string;
  /** Where our server takes mail for abc.com, which Postfix sends there; default: it does not. */
  readonly ours?: {
    readonly smtpPort: number;
    /** For what comes to `throughUsPort`; Alice has the password `secret`. */
    readonly submissionPort: number;
    /** For lmtp.abc.com. */
    readonly lmtpPort: number;
  };
}

/**
 * carol and jürgen at postfix.example have one mailbox; everybody there has the password `secret`.
 * Postfix offers TLS, and takes it where it is offered.
 */
export async function startPostfixDovecot(
  folder: string,
  { smtpPort = freePort(), smtpsPort, more = () => "", ours }: PostfixOptions = {},
): Promise<PostfixDovecot> {
  const [throughUsPort, pop3Port, lmtpPort] = [freePort(), freePort(), freePort()];
  const [imapPort, imapsPort, pop3sPort] = [freePort(), freePort(), freePort()];
  const authPort = freePort();
  // Their processes run as other users, who must get to their files.
  await Deno.chmod(folder, 0o755);
  for (const name of ["conf", "queue", "data", "mail"]) await Deno.mkdir(`${folder}/${name}`);
  await run("chown", ["postfix", `${folder}/data`]);
  await run("chown", ["nobody", `${folder}/mail`]);
  await makeCertificate(`${folder}/conf`);
  const main = withLines(
    mainCf(folder, authPort) + (ours === undefined ? "" : mainCfForOurs(ours)),
    more(lmtpPort),
  );
  const master = masterCf(smtpPort) +
    (smtpsPort === undefined ? "" : masterCfForSmtps(smtpsPort)) +
    (ours === undefined ? "" : masterCfForOurs(throughUsPort, ours.submissionPort));
  await Deno.writeTextFile(`${folder}/conf/main.cf`, main);
  await Deno.writeTextFile(`${folder}/conf/master.cf`, master);
  await Deno.writeTextFile(
    `${folder}/dovecot.conf`,
    dovecotConf(folder, { pop3Port, pop3sPort, imapPort, imapsPort, lmtpPort, authPort }),
  );
  await Promise.all([
    run("dovecot", ["-c", `${folder}/dovecot.conf`]),
    run("postfix", ["-c", `${folder}/conf`, "start"]),
  ]);
  for (const port of [smtpPort, pop3Port, pop3sPort, imapPort, imapsPort, lmtpPort, authPort]) {
    await untilListening(port);
  }
  const mailbox = `${folder}/mail/carol/new`;
  return {
    smtpPort,
    throughUsPort,
    pop3Port,
    imapPort,
    pop3sPort,
    imapsPort,
    ca: `${folder}/conf/tls.crt`,
    lmtpPort,
    log: () => Deno.readTextFile(`${folder}/log`),
    takeCarolsMail: () => takeFiles(mailbox),
    async [Symbol.asyncDispose]() {
      // To stop it gently takes seconds, in which nothing is left to be done.
      await Promise.all([
        run("postfix", ["-c", `${folder}/conf`, "abort"]),
        run("dovecot", ["-c", `${folder}/dovecot.conf`, "stop"]),
      ]);
    },
  };
}

/** A port of 127.0.0.1 that was free a moment ago, for a program that cannot choose one itself. */
export function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return (listener.addr as Deno.NetAddr).port;
}

async function untilListening(port: number): Promise<void> {
  await until(`a listener on port ${port}`, async () => {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      return true;
    } catch {
      return false;
    }
  }, 30_000);
}

async function run(program: string, args: readonly string[]): Promise<void> {
  // A server that goes into the background would keep a pipe open, and we would wait for its end.
  const quiet = { stdin: "null", stdout: "null", stderr: "null" } as const;
  const { code } = await new Deno.Command(program, { args: [...args], ...quiet }).spawn().status;
  if (code !== 0) throw new Error(`${program} ${args.join(" ")} ended with status ${code}`);
}

/** In the order of their arrival. */
async function takeFiles(folder: string): Promise<readonly Uint8Array[]> {
  const taken: { readonly name: string; readonly bytes: Uint8Array }[] = [];
  try {
    for await (const { name } of Deno.readDir(folder)) {
      taken.push({ name, bytes: await Deno.readFile(`${folder}/${name}`) });
      await Deno.remove(`${folder}/${name}`);
    }
  } catch (error) {
    // The mailbox is made with the first message.
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  // A Maildir name begins with the second of the arrival, and its microsecond follows an M.
  const arrival = (name: string) => Number(name.split(".")[0]) + microseconds(name) / 1e6;
  return taken.sort((a, b) => arrival(a.name) - arrival(b.name)).map(({ bytes }) => bytes);
}

function microseconds(name: string): number {
  return Number(/M(\d+)/.exec(name)?.[1] ?? 0);
}

async function makeCertificate(folder: string): Promise<void> {
  await run("openssl", [
    ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"],
    ...["-subj", "/CN=postfix.example", "-addext", "subjectAltName=DNS:localhost", "-days", "2"],
    ...["-addext", "basicConstraints=critical,CA:FALSE"], // so that it can be trusted itself
    ...["-keyout", `${folder}/tls.key`, "-out", `${folder}/tls.crt`],
  ]);
}

function mainCf(folder: string, authPort: number): string {
  return `
compatibility_level = 3.6
queue_directory = ${folder}/queue
data_directory = ${folder}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
maillog_file = ${folder}/log
maillog_file_prefixes = ${folder}
myhostname = postfix.example
mydestination =
mynetworks =
inet_interfaces = loopback-only
inet_protocols = ipv4
alias_maps =
alias_database =
virtual_mailbox_domains = postfix.example
virtual_mailbox_base = ${folder}/mail
virtual_mailbox_maps = inline:{carol@postfix.example=carol/, jürgen@postfix.example=carol/}
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:127.0.0.1:${authPort}
smtpd_relay_restrictions = permit_sasl_authenticated, reject_unauth_destination
smtpd_tls_chain_files = ${folder}/conf/tls.key, ${folder}/conf/tls.crt
smtpd_tls_security_level = may
smtp_tls_security_level = may
smtpd_tls_loglevel = 1
smtpd_tls_received_header = yes
smtp_tls_loglevel = 1
debug_peer_list = 127.0.0.1
debug_peer_level = 1
`;
}

/**
 * What is set twice is set once: Postfix warns of it, by the log that its master has to start, and
 * which it would wait for.
 */
function withLines(main: string, more: string): string {
  const nameOf = (line: string) => /^(\w+) *=/.exec(line)?.[1];
  const names = more.split("\n").map(nameOf);
  const kept = main.split("\n").filter((line) => !names.includes(nameOf(line) ?? "-"));
  return `${kept.join("\n")}\n${more}`;
}

function mainCfForOurs(
  { smtpPort, submissionPort, lmtpPort }: NonNullable<PostfixOptions["ours"]>,
): string {
  return `
relay_domains = abc.com, lmtp.abc.com
transport_maps = inline:{
  {abc.com = smtp:[127.0.0.1]:${smtpPort}}, {lmtp.abc.com = lmtp:inet:127.0.0.1:${lmtpPort}}}
smtp_sasl_auth_enable = yes
smtp_sasl_password_maps = inline:{{[127.0.0.1]:${submissionPort} = alice:secret}}
smtp_sasl_security_options = noanonymous
`;
}

function masterCf(smtpPort: number): string {
  return `
127.0.0.1:${smtpPort} inet n - n - - smtpd
pickup    unix n - n 60 1 pickup
cleanup   unix n - n - 0 cleanup
qmgr      unix n - n 300 1 qmgr
rewrite   unix - - n - - trivial-rewrite
bounce    unix - - n - 0 bounce
defer     unix - - n - 0 bounce
trace     unix - - n - 0 bounce
proxymap  unix - - n - - proxymap
smtp      unix - - n - - smtp
error     unix - - n - - error
retry     unix - - n - - error
virtual   unix - n n - - virtual
tlsmgr    unix - - n 1000? 1 tlsmgr
lmtp      unix - - n - - lmtp
anvil     unix - - n - 1 anvil
postlog   unix-dgram n - n - 1 postlogd
`;
}

function masterCfForSmtps(smtpsPort: number): string {
  return `
127.0.0.1:${smtpsPort} inet n - n - - smtpd
  -o smtpd_tls_wrappermode=yes
`;
}

/** A second port, as for a filter that everything has to pass. */
function masterCfForOurs(throughUsPort: number, submissionPort: number): string {
  return `
127.0.0.1:${throughUsPort} inet n - n - - smtpd
  -o content_filter=smtp:[127.0.0.1]:${submissionPort}
`;
}

/** One user may have any number of sessions from one address. */
function dovecotConf(
  folder: string,
  ports: Readonly<
    Record<`${"pop3" | "pop3s" | "imap" | "imaps" | "lmtp" | "auth"}Port`, number>
  >,
): string {
  return `
protocols = imap pop3 lmtp
listen = 127.0.0.1
base_dir = ${folder}/run
state_dir = ${folder}/run
ssl = yes
ssl_cert = <${folder}/conf/tls.crt
ssl_key = <${folder}/conf/tls.key
disable_plaintext_auth = no
auth_mechanisms = plain login scram-sha-256
mail_max_userip_connections = 0
# A wrong password would make the next ones wait.
auth_failure_delay = 0
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
log_path = ${folder}/dovecot.log
mail_location = maildir:${folder}/mail/%n
passdb {
  driver = static
  args = password=secret
}
userdb {
  driver = static
  args = uid=65534 gid=65534 home=${folder}/mail/%n
}
service pop3-login {
  inet_listener pop3 {
    port = ${ports.pop3Port}
  }
  inet_listener pop3s {
    port = ${ports.pop3sPort}
  }
}
service imap-login {
  inet_listener imap {
    port = ${ports.imapPort}
  }
  inet_listener imaps {
    port = ${ports.imapsPort}
  }
}
namespace inbox {
  inbox = yes
  mailbox Archive {
    auto = create
  }
}
service lmtp {
  inet_listener lmtp {
    address = 127.0.0.1
    port = ${ports.lmtpPort}
  }
}
service auth {
  inet_listener {
    address = 127.0.0.1
    port = ${ports.authPort}
  }
}
`;
}
