/** Postfix and Dovecot, started in a folder of their own: they judge our client. Needs root. */
import { until } from "../support.ts";

export interface PostfixDovecot extends AsyncDisposable {
  readonly smtpPort: number;
  readonly pop3Port: number;
}

/** Everybody at postfix.example has a mailbox there, and the password `secret`. */
export async function startPostfixDovecot(folder: string): Promise<PostfixDovecot> {
  const [smtpPort, pop3Port, authPort] = [freePort(), freePort(), freePort()];
  // Their processes run as other users, who must get to their files.
  await Deno.chmod(folder, 0o755);
  for (const name of ["conf", "queue", "data", "mail"]) await Deno.mkdir(`${folder}/${name}`);
  await run("chown", ["postfix", `${folder}/data`]);
  await run("chown", ["nobody", `${folder}/mail`]);
  await Deno.writeTextFile(`${folder}/conf/main.cf`, mainCf(folder, authPort));
  await Deno.writeTextFile(`${folder}/conf/master.cf`, masterCf(smtpPort));
  await Deno.writeTextFile(`${folder}/dovecot.conf`, dovecotConf(folder, pop3Port, authPort));
  await run("dovecot", ["-c", `${folder}/dovecot.conf`]);
  await run("postfix", ["-c", `${folder}/conf`, "start"]);
  for (const port of [smtpPort, pop3Port, authPort]) await untilListening(port);
  return {
    smtpPort,
    pop3Port,
    async [Symbol.asyncDispose]() {
      await run("postfix", ["-c", `${folder}/conf`, "stop"]);
      await run("dovecot", ["-c", `${folder}/dovecot.conf`, "stop"]);
    },
  };
}

function freePort(): number {
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
virtual_mailbox_maps = inline:{carol@postfix.example=carol/}
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:127.0.0.1:${authPort}
smtpd_relay_restrictions = permit_sasl_authenticated, reject_unauth_destination
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
anvil     unix - - n - 1 anvil
postlog   unix-dgram n - n - 1 postlogd
`;
}

function dovecotConf(folder: string, pop3Port: number, authPort: number): string {
  return `
protocols = pop3
listen = 127.0.0.1
base_dir = ${folder}/run
state_dir = ${folder}/run
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login scram-sha-256
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
    port = ${pop3Port}
  }
  inet_listener pop3s {
    port = 0
  }
}
service auth {
  inet_listener {
    address = 127.0.0.1
    port = ${authPort}
  }
}
`;
}
