/** Ours and Dovecot: each a process of its own, with its data on the same disk. */
import { startPostfixDovecot } from "../interop/postfix.ts";
import { startSmtpd } from "../process/programs.ts";

/** A server in which Carol has the password `secret`; stopped when it is disposed of. */
export interface MailServer extends AsyncDisposable {
  readonly name: string;
  readonly imapPort: number;
  readonly pop3Port: number;
}

/** The compiled one that SMTPD names, or the source. */
export async function startOurs(folder: string): Promise<MailServer> {
  const smtpd = await startSmtpd([
    ...["serve", "--domain", "postfix.example", "--user", "carol:secret"],
    ...["--port", "0", "--imap-port", "0", "--pop3-port", "0", "--data", `${folder}/data`],
  ]);
  return {
    name: "smtpd",
    imapPort: smtpd.ports.imap!,
    pop3Port: smtpd.ports.pop3!,
    [Symbol.asyncDispose]: () => smtpd[Symbol.asyncDispose](),
  };
}

/** With a Maildir, and otherwise as it comes. Needs root. */
export async function startDovecot(folder: string): Promise<MailServer> {
  const peers = await startPostfixDovecot(folder);
  return {
    name: "Dovecot",
    imapPort: peers.imapPort,
    pop3Port: peers.pop3Port,
    [Symbol.asyncDispose]: () => peers[Symbol.asyncDispose](),
  };
}
