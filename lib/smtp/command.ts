/** SMTP commands, RFC 5321 §4.1: bytes in, a command out. */
import { type Address, readPath } from "../mail/address.ts";
import { type Envelope, type EnvelopeOptions, type RecipientOptions } from "../mail/envelope.ts";
import { decodeBase64 } from "../sasl/base64.ts";
import { decode } from "../wire/bytes.ts";
import { ProtocolError } from "../wire/error.ts";
import { parseXclient, type Xclient } from "./xclient_command.ts";
import {
  argument,
  checkAuthParameter,
  parseBody,
  parseEnvid,
  parseNotify,
  parseOrcpt,
  parseParameters,
  parseRequireTls,
  parseRet,
  parseSize,
  parseUtf8,
  unknownParameter,
} from "./parameters.ts";
import {
  type ByRequest,
  type HoldRequest,
  parseBy,
  parseHoldFor,
  parseHoldUntil,
  parsePriority,
} from "./timing.ts";

export type SmtpCommand =
  | { readonly verb: "HELO" | "EHLO" | "LHLO"; readonly name: string }
  | MailCommand
  | RcptCommand
  | { readonly verb: "DATA" | "RSET" | "NOOP" | "QUIT" | "STARTTLS" | "XPOP3" }
  /** `text` is empty where nothing was asked for. */
  | { readonly verb: "HELP"; readonly text: string }
  | BdatCommand
  | { readonly verb: "VRFY" | "EXPN"; readonly text: string }
  | { readonly verb: "XCLIENT"; readonly said: Xclient }
  | AuthCommand;

export interface MailCommand extends MailOptions {
  readonly verb: "MAIL";
  /** `null` is the null reverse-path, `<>`. */
  readonly from: Address | null;
  readonly body: Envelope["body"];
  /** SIZE of RFC 1870, in bytes; `null` when it was not given. */
  readonly size: number | null;
}

/** What may be asked for; times are not yet counted from a clock. */
export interface MailOptions extends Omit<EnvelopeOptions, "hold" | "by"> {
  readonly hold?: HoldRequest;
  readonly by?: ByRequest;
}

export interface RcptCommand extends RecipientOptions {
  readonly verb: "RCPT";
  readonly to: Address;
}

export interface BdatCommand {
  readonly verb: "BDAT";
  /** What follows the command; `null` where it is not said, and so cannot be passed over. */
  readonly chunkBytes: number | null;
  /** `unknown`: something else than LAST stands behind the length. */
  readonly ending: "more" | "last" | "unknown";
}

export interface AuthCommand {
  readonly verb: "AUTH";
  readonly mechanism: string;
  /** The initial response; empty for `=` (RFC 4954 §4), `null` without one. */
  readonly initial: Uint8Array | null;
}

/**
 * RFC 5321 §4.5.3.1.4: 512 with the CRLF. MAIL grows by 26 for SIZE, 17 for BODY, 500 for AUTH, 10
 * for SMTPUTF8 (RFC 6531 §3.1), 9 for RET, 107 for ENVID, 11 for REQUIRETLS (RFC 8689 §2), 34 for
 * HOLDUNTIL (RFC 4865 §3), 17 for BY (RFC 2852 §2) and 15 for MT-PRIORITY (RFC 6710 §3); RCPT by
 * less, which is 507 for ORCPT and 29 for NOTIFY (RFC 3461 §5.4).
 */
export const COMMAND_LINE_BYTES_MAX = 512 + 26 + 17 + 500 + 10 + 9 + 107 + 11 + 34 + 17 + 15;
/** RFC 4954 §4: sufficient for a response in an AUTH exchange. */
export const AUTH_LINE_BYTES_MAX = 12_288;

/** RFC 5321 §4.5.3.1.2: the longest domain name. */
const DOMAIN_BYTES_MAX = 255;

/** What a client has said before makes a difference to what its next line may hold. */
export interface Said {
  /** It said EHLO, so parameters may follow. */
  readonly extended: boolean;
  /** It gave SMTPUTF8 to MAIL, so recipients may be in UTF-8. */
  readonly utf8: boolean;
  /** LMTP is spoken here (RFC 2033), where LHLO stands for EHLO; by default it is not. */
  readonly lmtp?: boolean;
  /** Messages are held here on request (RFC 4865); by default they are not. */
  readonly holds?: boolean;
}

/**
 * Reads one line, without its CRLF.
 * @throws {ProtocolError} with the reply to give.
 */
export function parseCommand(line: Uint8Array, said: Said): SmtpCommand {
  if (line.some((byte) => byte < 32 || byte === 127)) {
    throw syntax("Control characters are not allowed");
  }
  // RFC 5321 §4.1.1: trailing white space is tolerated.
  const text = decode(line).trimEnd();
  const space = text.indexOf(" ");
  const verb = (space === -1 ? text : text.slice(0, space)).toUpperCase();
  const rest = space === -1 ? "" : text.slice(space + 1);
  switch (verb) {
    case "HELO":
    case "EHLO":
      // RFC 2033 §4.1: so that two who speak different protocols notice.
      if (said.lmtp) throw unknownCommand("This is LMTP: say LHLO");
      return { verb, name: parseHelloName(rest.trim()) };
    case "LHLO":
      if (!said.lmtp) throw unknownCommand();
      return { verb, name: parseHelloName(rest.trim(), verb) };
    case "MAIL":
      return parseMail(rest, said);
    case "RCPT":
      return parseRcpt(rest, said);
    case "DATA":
    case "RSET":
    case "QUIT":
    case "STARTTLS":
    case "XPOP3":
      // RFC 5321 §4.1.1: a parameter where none is defined gets 501.
      if (rest !== "") throw argument(`${verb} takes no argument`);
      return { verb };
    case "NOOP":
      return { verb };
    case "HELP":
      return { verb, text: rest.trim() };
    case "XCLIENT":
      return { verb, said: parseXclient(rest) };
    case "BDAT":
      return parseBdat(rest.trim());
    case "VRFY":
    case "EXPN":
      if (rest === "") throw argument(`${verb} needs an argument`);
      // RFC 6531 §3.7.4.2: the client can read UTF-8 in the reply, which has none.
      return { verb, text: rest.replace(/ +SMTPUTF8$/i, "") };
    case "AUTH":
      return parseAuth(rest);
    default:
      throw unknownCommand();
  }
}

/** A name is only written down, never trusted: any visible characters; odd clients get in. */
function parseHelloName(name: string, verb: "EHLO" | "LHLO" = "EHLO"): string {
  if (name === "") throw argument(`Say who you are: ${verb} your.host.name`);
  if (name.length > DOMAIN_BYTES_MAX || !/^[\x21-\x7e]+$/.test(name)) {
    throw argument("That is not a host name");
  }
  return name;
}

function parseMail(rest: string, { extended, holds = false }: Said): MailCommand {
  const { address, ascii, parameters } = parsePath(rest, "FROM:", "5.1.7", extended);
  if (address?.domain === "") {
    // RFC 5321 §4.1.1.2: RCPT alone has the postmaster without a domain; no report finds this one.
    throw new ProtocolError("The sender has no domain", { code: 501, status: "5.1.7" });
  }
  let size: number | null = null;
  let body: Envelope["body"] = "7BIT";
  let options: MailOptions = {};
  for (const [name, value] of parameters) {
    if (name === "SIZE") size = parseSize(value);
    else if (name === "BODY") body = parseBody(value);
    else if (name === "AUTH") checkAuthParameter(value);
    else if (name === "SMTPUTF8") options = { ...options, utf8: parseUtf8(value) };
    else if (name === "REQUIRETLS") options = { ...options, tls: parseRequireTls(value) };
    else if (name === "RET") options = { ...options, ret: parseRet(value) };
    else if (name === "ENVID") options = { ...options, envid: parseEnvid(value) };
    else if (name === "BY") options = { ...options, by: parseBy(value) };
    else if (name === "MT-PRIORITY") options = { ...options, priority: parsePriority(value) };
    else if (holds && (name === "HOLDFOR" || name === "HOLDUNTIL")) {
      // RFC 4865 §4.2 (9)
      if (options.hold !== undefined) throw argument("HOLDFOR and HOLDUNTIL exclude each other");
      const hold = name === "HOLDFOR" ? parseHoldFor(value) : parseHoldUntil(value);
      options = { ...options, hold };
    } else throw unknownParameter();
  }
  // RFC 6531 §3.5: the codes for a sender, and for a recipient, that has to be in ASCII.
  if (!ascii && !options.utf8) throw asciiOnly(550, "sender");
  return { verb: "MAIL", from: address, body, size, ...options };
}

function parseRcpt(rest: string, { extended, utf8 }: Said): RcptCommand {
  const { address, ascii, parameters } = parsePath(rest, "TO:", "5.1.3", extended);
  if (address === null) {
    throw new ProtocolError("No recipient there", { code: 501, status: "5.1.3" });
  }
  let options: RecipientOptions = {};
  for (const [name, value] of parameters) {
    if (name === "NOTIFY") options = { ...options, notify: parseNotify(value) };
    else if (name === "ORCPT") options = { ...options, orcpt: parseOrcpt(value) };
    else throw unknownParameter();
  }
  if (!ascii && !utf8) throw asciiOnly(553, "recipient");
  return { verb: "RCPT", to: address, ...options };
}

interface Path {
  readonly address: Address | null;
  /** Whether it was written in ASCII. */
  readonly ascii: boolean;
  /** By upper-case keyword; `null` where there is no value. */
  readonly parameters: ReadonlyMap<string, string | null>;
}

function parsePath(rest: string, keyword: string, status: string, extended: boolean): Path {
  if (rest.slice(0, keyword.length).toUpperCase() !== keyword) {
    throw argument(`${keyword}<address> is missing`);
  }
  let start = keyword.length;
  // RFC 5321 §4.1.1.2 allows no blank here; clients that send one are too many to refuse.
  while (rest[start] === " ") start++;
  if (rest[start] !== "<") throw argument("The address belongs in angle brackets");
  const { address, end } = readPath(rest, start, { status, utf8: true });
  const ascii = /^[ -~]*$/.test(rest.slice(start, end));
  return { address, ascii, parameters: parseParameters(rest.slice(end), extended) };
}

/**
 * RFC 3030 §2: `"BDAT" SP chunk-size [ SP end-marker ]`. What is wrong with it is for the session
 * to say, once it has passed over the chunk.
 */
function parseBdat(text: string): BdatCommand {
  const [size = "", marker, ...more] = text.split(/ +/);
  // Beyond 2^53 the exact figure no longer matters: no chunk is that long.
  const chunkBytes = /^\d+$/.test(size) ? Number(size) : null;
  if (marker === undefined) return { verb: "BDAT", chunkBytes, ending: "more" };
  const last = marker.toUpperCase() === "LAST" && more.length === 0;
  return { verb: "BDAT", chunkBytes, ending: last ? "last" : "unknown" };
}

function parseAuth(rest: string): AuthCommand {
  const [mechanism, initial, ...more] = rest.split(" ");
  if (!mechanism || !/^[A-Za-z0-9_-]{1,20}$/.test(mechanism) || more.length > 0) {
    throw argument("AUTH takes a mechanism and an initial response");
  }
  if (initial === undefined) return { verb: "AUTH", mechanism, initial: null };
  // RFC 4954 §4: a single "=" is an empty initial response.
  const bytes = initial === "=" ? new Uint8Array(0) : decodeBase64(initial);
  if (bytes === null) throw syntax("That is not base64");
  return { verb: "AUTH", mechanism, initial: bytes };
}

/** RFC 5321 §4.2.4: 500 for a command that is not recognised. */
function unknownCommand(message = "Unknown command"): ProtocolError {
  return new ProtocolError(message, { code: 500, status: "5.5.1" });
}

function syntax(message: string): ProtocolError {
  return new ProtocolError(message, { code: 501, status: "5.5.2" });
}

function asciiOnly(code: 550 | 553, who: string): ProtocolError {
  return new ProtocolError(`The ${who} is not ASCII, and MAIL had no SMTPUTF8`, {
    code,
    status: "5.6.7",
  });
}
