/** What a submission server changes in a message, and nothing else: RFC 6409 §8. */
import { type Address, formatAddress } from "./address.ts";
import { ProtocolError } from "../wire/error.ts";
import { encode } from "../wire/bytes.ts";
import { type Body, bodyFrom, bodyOf, joinBodies } from "./body.ts";
import { formatDate } from "./date.ts";
import { formatField } from "./field.ts";
import {
  addressesIn,
  allValues,
  countFields,
  type Header,
  HEADER_BYTES_MAX,
  parseHeader,
  removeFields,
} from "./header.ts";

/** What the world says about a submitted message. */
export interface Submission {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Unique for ever on this host; made of letters, digits, dots and hyphens. */
  readonly id: string;
  /** The name of this host. */
  readonly hostname: string;
  readonly submitter: Submitter;
}

/** The user who sends. */
export interface Submitter {
  readonly address: Address;
  /** Whether they may send under an address. */
  owns(address: Address): boolean;
}

/**
 * The message as it is sent on. Date and Message-ID are added in front when there is none; every
 * Bcc and Return-Path is removed; Sender names the user wherever From does not tell who it was;
 * every other byte stays as it is. Only the header section is read.
 * @throws {ProtocolError} code 552, when the header section is too long to be searched for Bcc
 */
export async function prepareSubmission(content: Body, submission: Submission): Promise<Body> {
  const header = parseHeader(await content.slice(0, HEADER_BYTES_MAX + 1));
  if (header.truncated) {
    throw new ProtocolError("The header of the message is too long", {
      code: 552,
      status: "5.3.4",
    });
  }
  const added: Body[] = [];
  if (countFields(header, "Date") === 0) { // RFC 6409 §8.2
    added.push(bodyOf(formatField("Date", formatDate(submission.now))));
  }
  if (countFields(header, "Message-ID") === 0) { // RFC 6409 §8.3
    added.push(bodyOf(formatField("Message-ID", `<${submission.id}@${submission.hostname}>`)));
  }
  const forged = hasForgedSender(header, submission.submitter);
  if (needsSender(header, submission.submitter, forged)) {
    added.push(bodyOf(formatField("Sender", formatAddress(submission.submitter.address))));
  }
  // Content that began without a header got one now, so it needs the empty line too.
  const isBare = header.fields.length === 0 && header.bodyStart === 0;
  if (isBare) added.push(bodyOf(encode("\r\n")));
  const kept = bodyOf(removeFields(header, forged ? [...UNWANTED, "Sender"] : UNWANTED));
  return joinBodies([...added, kept, bodyFrom(content, header.end)]);
}

/**
 * RFC 5322 §3.6.3: whom a Bcc names is nobody else's business, and Resent-Bcc is its twin (§3.6.6).
 * RFC 5321 §4.4: Return-Path is written by the last server, from the envelope.
 */
const UNWANTED = ["Bcc", "Resent-Bcc", "Return-Path"];

/** RFC 6409 §8.1: a Sender who is not the user, or more than one, is replaced. */
function hasForgedSender(header: Header, { owns }: Submitter): boolean {
  const senders = allValues(header, "Sender").flatMap(addressesIn);
  return countFields(header, "Sender") > 1 ||
    senders.some(({ address }) => address === null || !owns(address));
}

/**
 * RFC 6409 §8.1: Sender is added where the user is known and From names somebody else; RFC 5322
 * §3.6.2: and where From names several. A message without From claims nothing.
 */
function needsSender(header: Header, { owns }: Submitter, forged: boolean): boolean {
  if (!forged && countFields(header, "Sender") > 0) return false;
  const authors = allValues(header, "From").flatMap(addressesIn);
  return authors.length > 1 || authors.some(({ address }) => address === null || !owns(address));
}
