/** The one file that knows nodemailer's SMTP transport, with which many programs send mail. */
import nodemailer from "$nodemailer";

export interface NodemailerOptions {
  readonly port: number;
  /** TLS from the first byte; otherwise by STARTTLS, or not at all. */
  readonly secure: boolean;
  /** PEM, of the server; it is verified by the name `localhost`. */
  readonly ca: string;
  readonly user: string;
  readonly password: string;
  /** Default: what nodemailer chooses. */
  readonly mechanism?: "PLAIN" | "LOGIN";
}

export interface NodemailerMail {
  readonly from: string;
  readonly to: readonly string[];
  /** The whole message as it is to be sent. */
  readonly raw: string;
  readonly dsn?: {
    readonly id: string;
    readonly return: "headers" | "full";
    readonly notify: readonly string[];
    readonly recipient: string;
  };
}

export interface NodemailerSent {
  readonly accepted: readonly string[];
  readonly rejected: readonly string[];
  readonly response: string;
  /** What both sides said, `C: ` and `S: ` in front. */
  readonly dialogue: readonly string[];
}

const LEVELS = ["trace", "debug", "info", "warn", "error", "fatal"];

/** Sends one message over a connection of its own. @throws {Error} with the server's words */
export async function sendWithNodemailer(
  { port, secure, ca, user, password, mechanism }: NodemailerOptions,
  { from, to, raw, dsn }: NodemailerMail,
): Promise<NodemailerSent> {
  const dialogue: string[] = [];
  const listen = ({ tnx }: { readonly tnx?: string }, said: unknown) => {
    const who = tnx === "client" ? "C" : tnx === "server" ? "S" : null;
    const lines = String(said).split(/\r?\n/);
    if (who !== null) dialogue.push(...lines.map((line) => `${who}: ${line}`));
  };
  const transport = nodemailer.createTransport({
    host: "127.0.0.1",
    port,
    secure,
    requireTLS: !secure,
    tls: { ca, servername: "localhost" },
    auth: { user, pass: password },
    ...(mechanism === undefined ? {} : { authMethod: mechanism }),
    logger: Object.fromEntries(LEVELS.map((level) => [level, listen])),
    debug: true,
  });
  try {
    const sent = await transport.sendMail({
      envelope: { from, to: [...to] },
      raw,
      ...(dsn === undefined ? {} : { dsn: { ...dsn, notify: [...dsn.notify] } }),
    });
    return {
      accepted: sent.accepted.map(String),
      rejected: sent.rejected.map(String),
      response: sent.response,
      dialogue,
    };
  } finally {
    transport.close();
  }
}
