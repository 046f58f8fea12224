import assert from "$assert";
import type { ImapServerOptions } from "../../lib/imap/server.ts";
import { decodeLatin1, encode } from "../../lib/wire/bytes.ts";
import { fakeIdentity } from "../fake_tls.ts";
import { fakeImap, serverSession } from "../imap_fake.ts";
import { readResponses, type Response } from "../imap_responses.ts";
import { play, playAsync } from "../play.ts";
import { TRANSCRIPTS } from "../transcripts/imap.ts";
import { APPEND_TRANSCRIPTS } from "../transcripts/imap_append.ts";
import { CHANGE_TRANSCRIPTS } from "../transcripts/imap_changes.ts";
import { COMPRESS_TRANSCRIPTS } from "../transcripts/imap_compress.ts";
import { CONTEXT_TRANSCRIPTS } from "../transcripts/imap_context.ts";
import { LOGIN_TRANSCRIPTS } from "../transcripts/imap_login.ts";
import { MAILBOX_TRANSCRIPTS } from "../transcripts/imap_mailboxes.ts";
import { MESSAGE_TRANSCRIPTS } from "../transcripts/imap_messages.ts";
import { NOTIFY_TRANSCRIPTS } from "../transcripts/imap_notify.ts";
import { SEARCH_TRANSCRIPTS } from "../transcripts/imap_search.ts";
import { TLS_TRANSCRIPTS } from "../transcripts/imap_tls.ts";
import { seedsFrom } from "./seeds.ts";
import type { FuzzTarget } from "./target.ts";

const IDENTITY = fakeIdentity([{ certificate: "abc.com", key: "" }]);
/** What is said under TLS; what it gets is the same, whatever was said before. */
const SECURED = encode("x1 SELECT INBOX\r\nx2 LOGIN alice secret\r\nx3 NOOP\r\nx4 LOGOUT\r\n");
const IN_CLEAR = { plainAuth: true, identity: null };
const WITH_TLS = { plainAuth: false, identity: IDENTITY };

export const target: FuzzTarget = {
  name: "imap_server",
  invariant:
    "any bytes, cut anywhere, get the same responses, which a strict client can read and count " +
    "by, and leave the same mail behind; the session throws nothing, its conversation is closed " +
    "once, its own last word is BYE, and nothing that was said in clear counts under TLS",
  seeds: [
    encode("a LOGIN alice secret\r\nb SELECT INBOX\r\nc FETCH 1:* (FLAGS ENVELOPE BODY)\r\n"),
    encode("a LOGIN {5}\r\nalice {6+}\r\nsecret\r\nb IDLE\r\nDONE\r\nc IDLE\r\nNOOP\r\n"),
    encode("a STARTTLS\r\nb LOGIN alice secret\r\nc LOGOUT\r\n"),
    encode("GET / HTTP/1.1\r\nHost: a\r\n"),
    ...seedsFrom(
      "server",
      TRANSCRIPTS,
      LOGIN_TRANSCRIPTS,
      MAILBOX_TRANSCRIPTS,
      MESSAGE_TRANSCRIPTS,
      APPEND_TRANSCRIPTS,
      SEARCH_TRANSCRIPTS,
      CHANGE_TRANSCRIPTS,
      COMPRESS_TRANSCRIPTS,
      CONTEXT_TRANSCRIPTS,
      NOTIFY_TRANSCRIPTS,
      TLS_TRANSCRIPTS,
    ),
  ],
  async run(input) {
    for (const options of [IN_CLEAR, WITH_TLS]) {
      const whole = await talk([input], options);
      assert.deepEqual(await talk(cut(input, 1), options), whole);
      assert.deepEqual(await talk(cut(input, 7), options), whole);
    }
  },
};

async function talk(chunks: readonly Uint8Array[], options: Partial<ImapServerOptions>) {
  const backend = fakeImap();
  const session = serverSession(options);
  const played = await playAsync(session, chunks, backend, { secured: [SECURED] });
  const { output, ended, clearBytes } = played;
  const text = decodeLatin1(output);
  const responses = readResponses(text);
  checkEnd(responses, ended);
  assert.deepEqual(backend.counts(), { opened: 1, closed: 1 });
  if (options.plainAuth === false) {
    const clear = clearBytes === null ? text : text.slice(0, clearBytes);
    assert.doesNotMatch(clear, / OK .*logged in/);
    if (clearBytes !== null) assert.equal(text.slice(clearBytes), underTls());
  }
  return { text, ended, left: leftIn(backend) };
}

/** RFC 9051 §7.1.5: who ends the conversation says so, and then at most why it was asked to. */
function checkEnd(responses: readonly Response[], ended: boolean): void {
  const bye = responses.findIndex(({ tag, text }) => tag === "*" && text.startsWith("BYE "));
  if (bye !== -1) {
    assert.ok(ended, "it goes on behind BYE");
    const behind = responses.slice(bye + 1);
    assert.ok(behind.length <= 1 && behind.every(({ tag }) => tag !== "*" && tag !== "+"));
  } else if (ended) assert.equal(responses.length, 1, "it ends without BYE, and not as for HTTP");
}

let answersUnderTls: string | null = null;

/** What a session answers under TLS to whom said nothing before but STARTTLS. */
function underTls(): string {
  if (answersUnderTls === null) {
    const { output, clearBytes } = play(
      serverSession(WITH_TLS),
      [encode("a STARTTLS\r\n")],
      fakeImap(),
      { secured: [SECURED] },
    );
    answersUnderTls = decodeLatin1(output).slice(clearBytes!);
    assert.match(
      answersUnderTls,
      /^x1 BAD .*\r\nx2 OK .*\r\nx3 OK .*\r\n\* BYE .*\r\nx4 OK .*\r\n$/,
    );
  }
  return answersUnderTls;
}

function leftIn(backend: ReturnType<typeof fakeImap>) {
  const mailboxes = backend.account.mailboxes();
  if (mailboxes instanceof Promise) throw new Error("the fake answers at once");
  return mailboxes.map(({ name, exists, ...about }) => ({
    ...about,
    name,
    messages: exists ? backend.messages(name) : null,
  }));
}

function cut(bytes: Uint8Array, size: number): readonly Uint8Array[] {
  return Array.from(
    { length: Math.ceil(bytes.length / size) },
    (_, at) => bytes.subarray(at * size, (at + 1) * size),
  );
}
