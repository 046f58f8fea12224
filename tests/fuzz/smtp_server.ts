import assert from "$assert";
import { decodeLatin1, encode } from "../../lib/wire/bytes.ts";
import { fakeIdentity } from "../fake_tls.ts";
import { play, type PlayOptions } from "../play.ts";
import type { SmtpServerOptions } from "../../lib/smtp/connection.ts";
import { type FakeMessage, fakeSmtp, pieces, serverSession } from "../smtp_support.ts";
import { TRANSCRIPTS } from "../transcripts/smtp.ts";
import { CHUNKING_TRANSCRIPTS } from "../transcripts/smtp_chunking.ts";
import { EXTENSION_TRANSCRIPTS } from "../transcripts/smtp_extensions.ts";
import { LMTP_TRANSCRIPTS } from "../transcripts/smtp_lmtp.ts";
import { LOGIN_TRANSCRIPTS, SUBMISSION_TRANSCRIPTS } from "../transcripts/smtp_login.ts";
import { ODD_TRANSCRIPTS } from "../transcripts/smtp_odd.ts";
import { TLS_TRANSCRIPTS } from "../transcripts/smtp_tls.ts";
import { seedsFrom } from "./seeds.ts";
import type { FuzzTarget } from "./target.ts";

const TO_DATA = "EHLO x\r\nMAIL FROM:<alice@abc.com>\r\nRCPT TO:<bob@xyz.com>\r\nDATA\r\n";

const IDENTITY = fakeIdentity([{ certificate: "abc.com", key: "" }]);
/** What is said under TLS, and what has to be answered, whatever was said before. */
const SECURED = `NOOP\r\n${TO_DATA}Under TLS\r\n.\r\nQUIT\r\n`;
const ANSWERS = /^250 2.*\r\n250-(?:.*\r\n)+250 2.*\r\n250 2.*\r\n354 .*\r\n250 2.*\r\n221 .*\r\n$/;
const UNDER_TLS = {
  user: null,
  from: "alice@abc.com",
  to: ["bob@xyz.com"],
  body: "7BIT",
  content: "Under TLS\r\n",
};

interface Setting {
  readonly options: Partial<SmtpServerOptions>;
  readonly end: NonNullable<PlayOptions["end"]>;
  /** What the client says under TLS. */
  readonly secured: string;
  /** What must hold of the replies to it. */
  readonly underTls: (text: string, messages: readonly FakeMessage[]) => void;
}

const SETTINGS: readonly Setting[] = [
  { options: { identity: IDENTITY }, end: "close", secured: SECURED, underTls: takesOne },
  {
    options: { service: "lmtp", pop3: false, identity: IDENTITY },
    end: "shutdown",
    secured: SECURED.replace("EHLO", "LHLO"),
    underTls: takesOne,
  },
  {
    options: { service: "submission", pop3: false, identity: IDENTITY },
    end: "deadline",
    secured: SECURED,
    underTls: takesNothing,
  },
];

export const target: FuzzTarget = {
  name: "smtp_server",
  invariant:
    "any bytes, cut anywhere, get the same well-formed replies, the same messages are taken, " +
    "the session throws nothing, its conversation is closed once, and what follows XPOP3 is " +
    "handed over; and nothing that was said in clear is obeyed after STARTTLS",
  seeds: [
    `${TO_DATA}Subject: x\r\n\r\n..\r\n.\r\nQUIT\r\n`,
    `${TO_DATA}bare\n.\r\nlines\r.\r\n\r\n.\r\nNOOP\r\n`,
    `${TO_DATA}${"x".repeat(150)}\r\n${"y".repeat(150)}\r\n.\r\nRSET\r\n`,
    "HELO x\r\nMAIL FROM:<>\r\nRCPT TO:<a@b.c>\r\nRCPT TO:<nobody@b.c>\r\nDATA\r\n",
    "HELO x\r\nMAIL FROM:<>\r\nRCPT TO:<@a.b:c@d.e>\r\nRCPT TO:<Postmaster>\r\n",
    "EHLO x\r\nAUTH PLAIN\r\n*\r\nAUTH PLAIN AGFsaWNlAGNvcnJlY3QgaG9yc2U=\r\nMAIL FROM:<>\r\n",
    "EHLO x\r\nAUTH LOGIN\r\nYWxpY2U=\r\nd3Jvbmc=\r\nVRFY a\r\nEXPN a\r\nHELP\r\n",
    "EHLO x\r\nXPOP3\r\nUSER alice\r\n",
    "EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<a@b.c>\r\nSTARTTLS\r\nDATA\r\n",
    "EHLO x\r\nAUTH LOGIN\r\nSTARTTLS\r\nSTARTTLS\r\nEHLO y\r\nXPOP3\r\n",
    "EHLO x\r\nMAIL FROM:<> REQUIRETLS\r\nRCPT TO:<a@b.c>\r\nSTARTTLS\r\n",
    `${TO_DATA.replace("EHLO", "LHLO")}Hi\r\n.\r\nBDAT 3 LAST\r\nHi\n`,
    "LHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<a@b.c>\r\nRCPT TO:<quota@b.c>\r\nBDAT 3 LAST\r\na\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\n",
  ].map(encode).concat(seedsFrom(
    "server",
    TRANSCRIPTS,
    CHUNKING_TRANSCRIPTS,
    EXTENSION_TRANSCRIPTS,
    LMTP_TRANSCRIPTS,
    LOGIN_TRANSCRIPTS,
    SUBMISSION_TRANSCRIPTS,
    ODD_TRANSCRIPTS,
    TLS_TRANSCRIPTS,
  )),
  run(input) {
    for (const setting of SETTINGS) {
      const whole = talk([input], setting);
      assert.deepEqual(talk(pieces(input, 1), setting), whole);
      assert.deepEqual(talk(pieces(input, 7), setting), whole);
    }
  },
};

function talk(chunks: readonly Uint8Array[], { options, end, secured, underTls }: Setting) {
  const backend = fakeSmtp();
  const played = play(serverSession(options), chunks, backend, { end, secured: [encode(secured)] });
  const { output, outcome, ended, chunksRead, clearBytes } = played;
  const text = decodeLatin1(output);
  // RFC 5321 §4.2: any number of lines with a hyphen, then one with a blank and the same code.
  assert.match(text, /^(?:(?:([2-5]\d\d)-[ -~]{0,506}\r\n(?=\1))*[2-5]\d\d [ -~]{0,506}\r\n)+$/);
  const { opened, closed, messageCalls } = backend.counts();
  assert.deepEqual([opened, closed], [1, 1]);
  // The message of a sender `full` is asked about, and not taken.
  assert.ok(messageCalls >= backend.messages.length);
  assert.ok(outcome !== undefined);
  if (clearBytes !== null) underTls(text.slice(clearBytes), backend.messages);
  const rest = outcome?.next === "pop3"
    ? [outcome.queue.peek(), ...chunks.slice(chunksRead)].map(decodeLatin1).join("")
    : null;
  return { text, ended, rest, messages: backend.messages };
}

/** Whatever was said before, a whole transaction finds its way, and nobody is logged in. */
function takesOne(text: string, messages: readonly FakeMessage[]): void {
  assert.match(text, ANSWERS);
  assert.deepEqual(messages.at(-1), UNDER_TLS);
}

/** A login in clear does not count: nothing is taken before another one. */
function takesNothing(text: string): void {
  assert.match(text, /^250 2.*\r\n250-(?:.*\r\n)+530 .*\r\n/);
  assert.doesNotMatch(text, /^354 /m);
}
