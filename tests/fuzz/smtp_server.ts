import assert from "$assert";
import { decodeLatin1, encode } from "../../lib/wire/bytes.ts";
import { fakeIdentity } from "../fake_tls.ts";
import { play } from "../play.ts";
import { fakeSmtp, pieces, serverSession } from "../smtp_support.ts";
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
  ].map(encode),
  run(input) {
    for (const end of ["close", "shutdown"] as const) {
      for (const service of ["smtp", "lmtp"] as const) {
        const whole = talk([input], end, service);
        assert.deepEqual(talk(pieces(input, 1), end, service), whole);
        assert.deepEqual(talk(pieces(input, 7), end, service), whole);
      }
    }
  },
};

function talk(
  chunks: readonly Uint8Array[],
  end: "close" | "shutdown",
  service: "smtp" | "lmtp",
) {
  const backend = fakeSmtp();
  const session = serverSession({ identity: IDENTITY, service, pop3: service === "smtp" });
  const played = play(session, chunks, backend, {
    end,
    secured: [encode(service === "smtp" ? SECURED : SECURED.replace("EHLO", "LHLO"))],
  });
  const { output, outcome, ended, chunksRead, clearBytes } = played;
  const text = decodeLatin1(output);
  // RFC 5321 §4.2: any number of lines with a hyphen, then one with a blank and the same code.
  assert.match(text, /^(?:(?:([2-5]\d\d)-[ -~]{0,506}\r\n(?=\1))*[2-5]\d\d [ -~]{0,506}\r\n)+$/);
  const { opened, closed, messageCalls } = backend.counts();
  assert.deepEqual([opened, closed, messageCalls], [1, 1, backend.messages.length]);
  assert.ok(outcome !== undefined);
  if (clearBytes !== null) {
    assert.match(text.slice(clearBytes), ANSWERS);
    assert.deepEqual(backend.messages.at(-1), UNDER_TLS);
  }
  const rest = outcome?.next === "pop3"
    ? [outcome.queue.peek(), ...chunks.slice(chunksRead)].map(decodeLatin1).join("")
    : null;
  return { text, ended, rest, messages: backend.messages };
}
