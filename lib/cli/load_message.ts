/** The messages of a load: all alike but for a number, and as large as it was asked for. */
import { type Address, formatAddress } from "../mail/address.ts";
import type { Body } from "../mail/body.ts";
import { formatDate } from "../mail/date.ts";
import type { Envelope } from "../mail/envelope.ts";
import { hasUtf8Header } from "../mail/utf8.ts";
import type { World } from "../net/world.ts";
import { concat, encode, isAscii } from "../wire/bytes.ts";
import type { Outgoing } from "./transfer.ts";

export interface LoadMessageOptions {
  readonly from: Address;
  /** The recipients of all messages, who get them in turn. */
  readonly to: readonly Address[];
  /** So many of them for each message, at most as many as there are. */
  readonly recipients: number;
  /** With the header; what is smaller than the header is the header alone. */
  readonly sizeBytes: number;
  /** With bytes above 127, which go by BDAT where the server takes them so (RFC 3030). */
  readonly eightBit: boolean;
}

/** Gives the message with a number, from 1 up. */
export function loadMessages(
  options: LoadMessageOptions,
  { clock, random }: World,
): (number: number) => Outgoing {
  const { from, to, recipients } = options;
  const run = random.bytes(8).toHex();
  const bytes = contentOf(options, { at: clock.now(), run });
  const places = placesOf(bytes);
  const envelope: Envelope = {
    sender: from,
    body: isAscii(bytes) ? "7BIT" : "8BITMIME",
    ...(hasUtf8Header(bytes) ? { utf8: true } : {}),
  };
  return (number) => {
    const first = (number - 1) * recipients;
    return {
      envelope,
      recipients: Array.from({ length: recipients }, (_, at) => ({
        address: to[(first + at) % to.length]!,
      })),
      content: numbered(bytes, places, number),
    };
  };
}

/** Stands where the number will be. */
const PLACE = "0".repeat(12);
const FILLING = "The quick brown fox jumps over the lazy dog, and over the next one as well.\r\n";
const FILLING_EIGHT_BIT = "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich.\r\n";

function contentOf(
  { from, to, sizeBytes, eightBit }: LoadMessageOptions,
  { at, run }: { readonly at: number; readonly run: string },
): Uint8Array {
  const header = encode([
    `From: <${formatAddress(from)}>`,
    `To: <${formatAddress(to[0]!)}>`,
    `Subject: smtpc bench ${PLACE}`,
    `Date: ${formatDate(at)}`,
    // RFC 5322 §3.6.4: no two messages in the world have the same.
    `Message-ID: <${PLACE}.${run}@bench.invalid>`,
    "MIME-Version: 1.0",
    `Content-Type: text/plain; charset=${eightBit ? "utf-8" : "us-ascii"}`,
    `Content-Transfer-Encoding: ${eightBit ? "8bit" : "7bit"}`,
    "",
    "",
  ].join("\r\n"));
  const filling = encode(eightBit ? FILLING_EIGHT_BIT : FILLING);
  const lines = [header];
  let left = sizeBytes - header.length;
  // The last line needs two bytes for its end.
  for (; left >= filling.length + CRLF_BYTES; left -= filling.length) lines.push(filling);
  if (left >= CRLF_BYTES) lines.push(encode(`${"x".repeat(left - CRLF_BYTES)}\r\n`));
  return concat(lines);
}

const CRLF_BYTES = 2;

/** Where the two numbers stand. */
function placesOf(bytes: Uint8Array): readonly number[] {
  const text = new TextDecoder("latin1").decode(bytes.subarray(0, 1024));
  const first = text.indexOf(PLACE);
  return [first, text.indexOf(PLACE, first + 1)];
}

/** Only the slice in which the number stands is a copy; the bytes are those of all messages. */
function numbered(bytes: Uint8Array, places: readonly number[], number: number): Body {
  const digits = encode(String(number).padStart(PLACE.length, "0"));
  const last = places.at(-1)! + digits.length;
  return {
    size: bytes.length,
    slice(from, to) {
      const begin = Math.max(0, from);
      if (begin >= last) return bytes.subarray(begin, Math.max(0, to));
      const head = bytes.slice(0, Math.max(last, to));
      for (const place of places) head.set(digits, place);
      return head.subarray(begin, Math.max(0, to));
    },
  };
}
