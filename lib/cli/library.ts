/** Sending and reading, as programs call it; the command line has its own words for the same. */
import { formatAddress } from "../mail/address.ts";
import { endpointText } from "../endpoint.ts";
import { INBOX } from "../imap/mailbox_name.ts";
import { bytesOf } from "../mail/body.ts";
import type { Mailbox } from "../mail/field.ts";
import { addressesIn, firstValue, parseHeader } from "../mail/header.ts";
import { type ReceivedMail, receivedMail } from "../mail/received.ts";
import { MailError, type MailErrorKind, type RecipientReport } from "../mail_error.ts";
import type { World } from "../net/world.ts";
import type { Attempt } from "../smtp/client.ts";
import { isPositive, textOf } from "../smtp/reply.ts";
import { encode } from "../wire/bytes.ts";
import type { TlsMode } from "./client_tls.ts";
import { EXIT, type ExitStatus, Failure } from "./fail.ts";
import { writeLetter } from "./letter.ts";
import { readMailbox } from "./reader.ts";
import { type Access, sendOverSmtp } from "./transfer.ts";

/** Where a server is, and how long it may take. */
export interface ServerAccess {
  /** A name or an IP address. Default `127.0.0.1`. */
  readonly host?: string;
  /** Its port. */
  readonly port: number;
  /**
   * How the connection is encrypted. `"auto"` (default): with TLS from the first byte on the ports
   * 465, 993 and 995, elsewhere with STARTTLS where the server offers it; a password never goes to
   * another machine without verified TLS. `"starttls"` and `"implicit"`: verified TLS or nothing.
   * `"none"`: in clear, the password too.
   */
  readonly tls?: TlsMode;
  /**
   * Certificates (PEM) that are trusted beside the well-known authorities; with one, TLS is
   * required, and verified.
   */
  readonly ca?: string;
  /** For connecting, and for each answer of the server, in milliseconds. Default 30 000. */
  readonly timeoutMs?: number;
  /** Gives up when it is aborted: the connection is cut off. */
  readonly signal?: AbortSignal;
}

/** A message, and the server that it is handed to. */
export interface SendOptions extends ServerAccess {
  /** Logs in as this user; without one, nobody logs in. Goes with `password`. */
  readonly user?: string;
  /** Goes with `user`. */
  readonly password?: string;
  /** `alice@abc.com` or `Alice <alice@abc.com>`. */
  readonly from: string;
  /** One address, several with commas between them, or a list. */
  readonly to: string | readonly string[];
  /** Like `to`. */
  readonly cc?: string | readonly string[];
  /** Like `to`; these get the message and are not named in it. */
  readonly bcc?: string | readonly string[];
  /** Default none. */
  readonly subject?: string;
  /** With any line ends. */
  readonly text: string;
  /** Default none. */
  readonly attachments?: readonly SentAttachment[];
  /**
   * Whether to send to the others when a recipient is refused. By default nothing is sent then.
   */
  readonly partial?: boolean;
}

/** A file that goes with a message. */
export interface SentAttachment {
  /** The name that the recipient sees. */
  readonly filename: string;
  /** Text is sent as UTF-8. */
  readonly content: Uint8Array | string;
  /** The media type; by the ending of the file's name when it is left out. */
  readonly contentType?: string;
}

/** What became of a message that was sent. */
export interface SendReport {
  /** The message's Message-ID, with its brackets. */
  readonly messageId: string;
  /** One for each recipient, each address once: those of `to`, then of `cc`, then of `bcc`. */
  readonly recipients: readonly RecipientReport[];
}

/** A mailbox, and the server that has it. */
export interface ReadOptions extends ServerAccess {
  /** Whose mailbox it is. */
  readonly user: string;
  /** The user's password. */
  readonly password: string;
  /**
   * Which mailbox, where the server speaks IMAP: `Sent`, `Work/Plans`. Default `INBOX`, and POP3
   * has no other.
   */
  readonly mailbox?: string;
  /**
   * Whether to remove what was read (DELE of RFC 1939, EXPUNGE of RFC 9051). Default `false`: it is
   * kept.
   */
  readonly delete?: boolean;
}

/** {@linkcode sendMail} of `mod.ts`, in this world. */
export async function send(world: World, options: SendOptions): Promise<SendReport> {
  const { user, password, partial = false } = options;
  if ((user === undefined) !== (password === undefined)) {
    throw new RangeError("user and password go together");
  }
  const [from, another] = mailboxesOf("from", options.from);
  if (from === undefined || another !== undefined) throw new RangeError("from is one address");
  const to = mailboxesOf("to", options.to);
  const cc = mailboxesOf("cc", options.cc ?? []);
  const bcc = mailboxesOf("bcc", options.bcc ?? []);
  if (to.length + cc.length + bcc.length === 0) throw new RangeError("there is no recipient");
  const attachments = (options.attachments ?? []).map(({ content, ...rest }) => ({
    ...rest,
    content: typeof content === "string" ? encode(content) : content,
  }));
  const { subject = null, text } = options;
  const letter = {
    from,
    to,
    cc,
    bcc,
    content: { is: "text", subject, text, attachments },
  } as const;
  const outgoing = await writeLetter(letter, from, world);
  const access = accessOf(world, options);
  const login = user === undefined ? null : { user, password: password! };
  const sending = sendOverSmtp({
    ...access,
    ...outgoing,
    login,
    partial,
    finalTimeoutMs: Math.max(access.timeoutMs, FINAL_TIMEOUT_MS),
  });
  const { attempts } = await translated(sending, options);
  const recipients = attempts.map(reportOf);
  throwUnsent(recipients, { partial, where: endpointText(access.to) });
  const header = parseHeader(await bytesOf(outgoing.content));
  return { messageId: firstValue(header, "Message-ID")!, recipients };
}

/** {@linkcode readMail} of `mod.ts`, in this world. */
export async function read(
  world: World,
  options: ReadOptions,
): Promise<readonly ReceivedMail[]> {
  const { user, password, mailbox: name = INBOX } = options;
  const login = { user, password };
  const opening = { mailbox: name, readOnly: options.delete !== true };
  const access = { ...accessOf(world, options), login, ...opening };
  const reading = readMailbox(access, async (mailbox) => {
    if (name !== INBOX && mailbox.more === null) {
      throw new RangeError(`${endpointText(access.to)} speaks POP3, which has no mailbox ${name}`);
    }
    const contents: Uint8Array[] = [];
    const messages = await mailbox.list();
    for (const message of messages) {
      const content = await mailbox.retrieve(message);
      if (content !== null) contents.push(content);
    }
    if (options.delete === true) await mailbox.remove(messages);
    return contents;
  });
  const contents = await translated(reading, options);
  return await Promise.all(contents.map(receivedMail));
}

const TIMEOUT_MS = 30_000;
/** RFC 5321 §4.5.3.2.6: whoever gives up earlier on the final answer may send a message twice. */
const FINAL_TIMEOUT_MS = 10 * 60_000;

function accessOf(world: World, options: ServerAccess): Access {
  const { host = "127.0.0.1", port, tls = "auto", ca, timeoutMs = TIMEOUT_MS, signal } = options;
  if (ca !== undefined && tls === "none") throw new RangeError('ca and tls: "none" contradict');
  return {
    world,
    to: { host, port },
    helloName: null,
    timeoutMs,
    tls: { mode: tls, authorities: ca === undefined ? [] : [ca] },
    ...(signal === undefined ? {} : { signal }),
  };
}

/** @throws {RangeError} for what is no address */
function mailboxesOf(option: string, value: string | readonly string[]): readonly Mailbox[] {
  const texts = typeof value === "string" ? [value] : value;
  return texts.flatMap(addressesIn).map(({ name, address }) => {
    if (address !== null) return { name, address };
    throw new RangeError(`${option} has ${JSON.stringify(name)}, which is not an address`);
  });
}

function reportOf({ recipient, result, reply }: Attempt): RecipientReport {
  const taken = reply !== null && isPositive(reply);
  return {
    address: formatAddress(recipient.address),
    // A recipient that was taken, and got nothing because of another one, was withheld.
    result: result === "delivered"
      ? "accepted"
      : result === "deferred" && taken
      ? "withheld"
      : result,
    reply: reply === null ? null : textOf(reply),
  };
}

/** @throws {MailError} when not everybody got it; with `partial`, when nobody did */
function throwUnsent(
  recipients: readonly RecipientReport[],
  { partial, where }: { readonly partial: boolean; readonly where: string },
): void {
  const failed = recipients.filter(({ result }) => result !== "accepted");
  if (failed.length === 0 || (partial && failed.length < recipients.length)) return;
  const decisive = (["unknown", "refused", "deferred", "withheld"] as const)
    .map((result) => failed.find((each) => each.result === result))
    .find((each) => each !== undefined)!;
  const { result, address, reply } = decisive;
  const kind = result === "unknown" || result === "refused" ? result : "deferred";
  const message = `${where} ${VERDICTS[kind]} ${address}: ${reply ?? "it said nothing"}`;
  throw new MailError(kind, message, { recipients });
}

const VERDICTS = {
  refused: "refused the message to",
  deferred: "put off the message to",
  unknown: "got the message, and never said whether it keeps it, to",
} as const;

/** The command line's failures, in the library's terms. */
async function translated<Result>(
  work: Promise<Result>,
  { signal }: ServerAccess,
): Promise<Result> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    signal?.throwIfAborted();
    // Advice in parentheses names flags, which a program has none of.
    const message = error.message.replace(/ \([^()]*--[^()]*\)/g, "");
    throw new MailError(kindOf(error.status), message, { cause: error });
  }
}

function kindOf(status: ExitStatus): MailErrorKind {
  if (status === EXIT.loginRefused || status === EXIT.usage) return "login";
  if (status === EXIT.noInput) return "missing";
  return status === EXIT.tryAgainLater ? "deferred" : "unavailable";
}
