import assert from "$assert";
import { decodeLatin1, encode } from "../../lib/wire/bytes.ts";
import { fakeIdentity } from "../fake_tls.ts";
import { play } from "../play.ts";
import { fakePop3, serverSession } from "../pop3_support.ts";
import { TRANSCRIPTS } from "../transcripts/pop3.ts";
import { LOGIN_TRANSCRIPTS } from "../transcripts/pop3_login.ts";
import { TLS_TRANSCRIPTS } from "../transcripts/pop3_tls.ts";
import { UTF8_TRANSCRIPTS } from "../transcripts/pop3_utf8.ts";
import { seedsFrom } from "./seeds.ts";
import type { FuzzTarget } from "./target.ts";

const LOGIN = "USER alice\r\nPASS secret\r\n";

const IDENTITY = fakeIdentity([{ certificate: "abc.com", key: "" }]);
/**
 * To a password, and to what needs a login: whatever was said in clear does not count, unless it
 * was too much.
 */
const NOT_LOGGED_IN = /^-ERR .*\r\n(?:-ERR .*\r\n(?:\+OK goodbye\r\n)?)?$/;

export const target: FuzzTarget = {
  name: "pop3_server",
  invariant:
    "any bytes, cut anywhere, get the same well-formed lines and leave the same mail behind, the " +
    "session throws nothing, its conversation is closed once, and only QUIT removes mail",
  seeds: [
    encode(`${LOGIN}STAT\r\nLIST\r\nRETR 2\r\nDELE 1\r\nRSET\r\nDELE 2\r\nQUIT\r\n`),
    encode(`CAPA\r\n${LOGIN}UIDL 1\r\nTOP 2 1\r\nNOOP\r\n`),
    encode("AUTH PLAIN\r\n*\r\nAUTH PLAIN AGFsaWNlAHNlY3JldA==\r\nUIDL\r\n"),
    encode("AUTH LOGIN\r\nYWxpY2U=\r\nc2VjcmV0\r\nQUIT\r\n"),
    encode("USER alice\nPASS\rx\r\n"),
    encode("USER alice\r\nSTLS\r\nPASS secret\r\n"),
    encode("GET / HTTP/1.1\r\n"),
    ...seedsFrom("server", TRANSCRIPTS, LOGIN_TRANSCRIPTS, TLS_TRANSCRIPTS, UTF8_TRANSCRIPTS),
  ],
  run(input) {
    const whole = talk([input]);
    assert.deepEqual(talk(cut(input, 1)), whole);
    assert.deepEqual(talk(cut(input, 7)), whole);
  },
};

function talk(chunks: readonly Uint8Array[]) {
  const mailbox = fakePop3();
  const session = serverSession({ identity: IDENTITY });
  const { output, ended, clearBytes } = play(session, chunks, mailbox, {
    secured: [encode("PASS secret\r\nSTAT\r\nQUIT\r\n")],
  });
  const text = decodeLatin1(output);
  if (clearBytes !== null) assert.match(text.slice(clearBytes), NOT_LOGGED_IN);
  assert.match(text, /^\+OK [^\r\n]*\r\n/);
  assert.match(text, /\r\n$/);
  // RFC 2449 §6.4: what stands in brackets there is a code that is known.
  assert.doesNotMatch(text, /^(?:\+OK|-ERR) \[(?!(?:SYS\/TEMP|SYS\/PERM|AUTH|IN-USE)\] )/m);
  // The two messages of the mailbox hold no lone CR or LF either.
  assert.doesNotMatch(text, /\r(?!\n)|(?<!\r)\n/);
  assert.deepEqual(mailbox.counts(), { opened: 1, closed: 1 });
  const left = mailbox.left();
  if (!text.endsWith("+OK goodbye\r\n")) assert.deepEqual(left, ["m1", "m2"]);
  return { text, ended, left };
}

function cut(bytes: Uint8Array, size: number): readonly Uint8Array[] {
  return Array.from(
    { length: Math.ceil(bytes.length / size) },
    (_, at) => bytes.subarray(at * size, (at + 1) * size),
  );
}
