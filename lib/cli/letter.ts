/** What is to be sent: gathered from flags, files and standard input, and written as a message. */
import { type Address, formatAddress } from "../mail/address.ts";
import { bodyOf } from "../mail/body.ts";
import { composeMessage } from "../mail/compose.ts";
import type { Attachment } from "../mail/draft.ts";
import type { Mailbox } from "../mail/field.ts";
import { addressesIn, allValues, type Header, parseHeader, removeFields } from "../mail/header.ts";
import { toCrlf } from "../mail/line_ends.ts";
import { orcptOf } from "../mail/orcpt.ts";
import { parsePlainMessage, type PlainMessage } from "../mail/plain.ts";
import { hasUtf8Header } from "../mail/utf8.ts";
import type { World } from "../net/world.ts";
import { concat, CR, decodeUtf8, isAscii, LF } from "../wire/bytes.ts";
import { addressOf, type Contacts } from "./contacts.ts";
import { EXIT, Failure } from "./fail.ts";
import { readFile } from "./files.ts";
import type { Streams } from "./io.ts";
import type { SendFlags } from "./smtpc_arguments.ts";
import type { Outgoing } from "./transfer.ts";

/** A message that is not complete: what is `null` or empty may be asked for. */
export interface Letter {
  readonly from: Mailbox | null;
  readonly to: readonly Mailbox[];
  readonly cc: readonly Mailbox[];
  readonly bcc: readonly Mailbox[];
  readonly content: LetterContent;
}

export type LetterContent =
  /** A whole message, with CRLF line ends and without Bcc. */
  | { readonly is: "ready"; readonly bytes: Uint8Array }
  | {
    readonly is: "text";
    readonly subject: string | null;
    /** `null`: nothing was said, not even that it is empty. */
    readonly text: string | null;
    readonly attachments: readonly Attachment[];
  };

/**
 * Gathers what flags, files and standard input say. Flags come first; fields of the text fill in.
 * @throws {Failure} `usage` or `badData` for what is no address, `noInput` for a missing file.
 */
export async function gatherLetter(
  flags: SendFlags,
  contacts: Contacts,
  streams: Streams,
): Promise<Letter> {
  const addressed: Addressed = {
    from: flags.from === undefined ? null : senderOf(flags.from, contacts, "--from"),
    to: flags.to.flatMap((value) => mailboxesOf(value, contacts, "--to")),
    cc: flags.cc.flatMap((value) => mailboxesOf(value, contacts, "--cc")),
    bcc: flags.bcc.flatMap((value) => mailboxesOf(value, contacts, "--bcc")),
  };
  if (flags.dataFrom !== undefined) return await rawLetter(flags.dataFrom, addressed, streams);
  const source = await readSource(flags, streams);
  if (source.is === "message") return readyLetter(flags, addressed, source.bytes);
  const plain = source.text === null ? null : parsePlainMessage(source.text);
  const text = plain?.body ?? source.text;
  const attachments = await Promise.all(flags.attach.map(readAttachment));
  const subject = flags.subject ?? plain?.subject ?? null;
  return {
    ...withFieldsOf(plain, addressed, contacts),
    content: { is: "text", subject, text, attachments },
  };
}

/** All whom the envelope names, each once. */
export function recipientsOf({ to, cc, bcc }: Letter): readonly Mailbox[] {
  const unique = new Map([...to, ...cc, ...bcc].map((each) => [formatAddress(each.address), each]));
  return [...unique.values()];
}

/**
 * Reads one address or several, separated by commas; names of contacts are replaced. `source` names
 * the place for people.
 * @throws {Failure} `usage` when something is neither an address nor a contact.
 */
export function mailboxesOf(value: string, contacts: Contacts, source: string): readonly Mailbox[] {
  const found = addressesIn(value);
  if (found.length === 0) throw new Failure(EXIT.usage, `${source}: an address is missing`);
  return found.map(({ name, address }) => {
    if (address !== null) return { name, address };
    const known = addressOf(contacts, name);
    const [resolved] = known === null ? [] : addressesIn(known);
    if (resolved?.address) return { name: "", address: resolved.address };
    const advice = name.includes("@")
      ? "is not an address"
      : "is neither an address nor the name of a contact (bob@xyz.com is an address)";
    throw new Failure(EXIT.usage, `${source}: ${name} ${advice}`);
  });
}

/** The letter as a message on its way, once it is complete. */
export async function writeLetter(
  letter: Letter,
  from: Mailbox,
  world: World,
  { dsn, ret, envid, requireTls }: Wishes = {},
): Promise<Outgoing> {
  const { content } = letter;
  const bytes = content.is === "ready" ? content.bytes : await composeMessage({
    ...letter,
    ...content,
    ...stamp(from, world),
    from,
    text: content.text ?? "",
  });
  return {
    envelope: {
      sender: from.address,
      body: isAscii(bytes) ? "7BIT" : "8BITMIME",
      ...(hasUtf8Header(bytes) ? { utf8: true } : {}),
      ...(requireTls ? { tls: "required" } : {}),
      ...(ret === undefined ? {} : { ret: ret === "full" ? "FULL" : "HDRS" }),
      ...(envid === undefined ? {} : { envid }),
    },
    recipients: recipientsOf(letter).map(({ address }) =>
      // RFC 3461 §4.2: a report then names the recipient as the sender did, whatever became of it.
      dsn === undefined ? { address } : { address, notify: dsn, orcpt: orcptOf(address) }
    ),
    content: bodyOf(bytes),
  };
}

/** What a sender asks for with DSN (RFC 3461) and REQUIRETLS (RFC 8689). */
type Wishes = Pick<SendFlags, "dsn" | "ret" | "envid" | "requireTls">;

type Addressed = Omit<Letter, "content">;

type Source =
  | { readonly is: "message"; readonly bytes: Uint8Array }
  | { readonly is: "text"; readonly text: string | null };

/** Where the text comes from, in this order; a terminal is not read, for there one is asked. */
async function readSource({ file, body }: SendFlags, { input }: Streams): Promise<Source> {
  if (file !== undefined) {
    const bytes = file === "-" ? await input.bytes() : await readFile(file);
    const text = decodeUtf8(bytes);
    if (text !== null && parsePlainMessage(text) !== null) return { is: "text", text };
    return { is: "message", bytes };
  }
  if (body !== undefined) return { is: "text", text: body };
  if (input.isTerminal) return { is: "text", text: null };
  const bytes = await input.bytes();
  const text = decodeUtf8(bytes);
  if (text === null) {
    throw new Failure(
      EXIT.badData,
      "standard input is not UTF-8 text (--attach FILE or --file FILE send any bytes)",
    );
  }
  return { is: "text", text: text === "" ? null : text };
}

/** Any content, for whom the flags say. */
async function rawLetter(
  file: string,
  addressed: Addressed,
  { input }: Streams,
): Promise<Letter> {
  const bytes = file === "-" ? await input.bytes() : await readFile(file);
  return { ...addressed, content: { is: "ready", bytes: withCrlf(bytes) } };
}

/** Flags that would change a ready message are refused: it is sent as it is. */
function readyLetter(flags: SendFlags, addressed: Addressed, bytes: Uint8Array): Letter {
  if (flags.subject !== undefined || flags.attach.length > 0) {
    const flag = flags.subject !== undefined ? "--subject" : "--attach";
    throw new Failure(EXIT.usage, `${flag} does not go with --file: that message is ready`);
  }
  const header = parseHeader(bytes);
  if (header.fields.length === 0) {
    throw new Failure(
      EXIT.badData,
      `${flags.file} is not a message, for it does not begin with fields like From: ` +
        `(a text is sent with: smtpc send … < FILE)`,
    );
  }
  const named = [addressed.to, addressed.cc, addressed.bcc].some((each) => each.length > 0);
  const whole = concat([removeFields(header, HIDDEN), bytes.subarray(header.end)]);
  return {
    from: addressed.from ?? headerMailboxes(header, "From")[0] ?? null,
    to: named ? addressed.to : headerMailboxes(header, "To"),
    cc: named ? addressed.cc : headerMailboxes(header, "Cc"),
    bcc: named ? addressed.bcc : headerMailboxes(header, "Bcc"),
    content: { is: "ready", bytes: withCrlf(whole) },
  };
}

/** RFC 5322 §3.6.3: whom a Bcc names is nobody else's business. */
const HIDDEN = ["Bcc", "Resent-Bcc"];

function headerMailboxes(header: Header, name: string): readonly Mailbox[] {
  return allValues(header, name).flatMap(addressesIn).map(({ name: shown, address }) => {
    if (address !== null) return { name: shown, address };
    throw new Failure(EXIT.badData, `the message has ${name}: ${shown}, which is not an address`);
  });
}

function withFieldsOf(
  plain: PlainMessage | null,
  addressed: Addressed,
  contacts: Contacts,
): Addressed {
  if (plain === null) return addressed;
  const { from, to, cc } = addressed;
  return {
    ...addressed,
    from: from ?? senderOf(plain.from, contacts, "From:"),
    to: to.length > 0 ? to : plain.to.flatMap((value) => mailboxesOf(value, contacts, "To:")),
    cc: cc.length > 0 ? cc : plain.cc.flatMap((value) => mailboxesOf(value, contacts, "Cc:")),
  };
}

function senderOf(value: string, contacts: Contacts, source: string): Mailbox {
  const [sender, another] = mailboxesOf(value, contacts, source);
  if (another === undefined) return sender!;
  throw new Failure(EXIT.usage, `${source}: there is one sender`);
}

async function readAttachment(path: string): Promise<Attachment> {
  return { filename: path.replace(/^.*\//s, ""), content: await readFile(path) };
}

/** Date and Message-ID (RFC 5322 §3.6.1, §3.6.4). */
function stamp({ address }: Mailbox, { clock, random }: World) {
  const date = clock.now();
  return {
    date,
    offsetMinutes: -new Date(date).getTimezoneOffset(),
    messageId: `<${random.bytes(16).toHex()}@${domainOf(address)}>`,
  };
}

/** RFC 5322 §3.6.4: the right side makes the identifier unique in the world. */
function domainOf(address: Address): string {
  return address.domain === "" ? "localhost" : address.domain;
}

/**
 * Ends every line with CRLF; files of most systems end them with LF alone.
 * @throws {Failure} `badData` for any other CR: no server may be given one (RFC 5321 §2.3.8)
 */
function withCrlf(bytes: Uint8Array): Uint8Array {
  for (let at = bytes.indexOf(CR); at !== -1; at = bytes.indexOf(CR, at + 1)) {
    if (bytes[at + 1] === LF) continue;
    throw new Failure(EXIT.badData, "the message has a CR that does not belong to a line's end");
  }
  return toCrlf(bytes);
}
