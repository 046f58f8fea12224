import assert from "$assert";
import { imapClient, type ImapJob, type ImapResult } from "../../lib/imap/client.ts";
import { decode, encode } from "../../lib/wire/bytes.ts";
import { type ClientTls, IN_CLEAR } from "../../lib/wire/upgrade.ts";
import { play } from "../play.ts";
import {
  IMAP_LOGIN_TRANSCRIPTS,
  IMAP_SCRAM_TRANSCRIPTS,
  IMAP_TLS_TRANSCRIPTS,
} from "../transcripts/imap_client.ts";
import { IMAP_JOB_TRANSCRIPTS } from "../transcripts/imap_client_jobs.ts";
import { seedsFrom } from "./seeds.ts";
import type { FuzzTarget } from "./target.ts";

const KNOWN = "* PREAUTH [CAPABILITY IMAP4rev1 IDLE] hi\r\n";
/** A server that offers TLS, and what any server says under TLS. */
const BARE = "* OK [CAPABILITY IMAP4rev1 STARTTLS] hi\r\na1 OK\r\n";
const SECURED = [encode("* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\na2 OK\r\n+ \r\na3 OK\r\n")];
const OFFERED: ClientTls = { ...IN_CLEAR, when: "offered" };
const MESSAGE_BYTES_MAX = 200;

export const target: FuzzTarget = {
  name: "imap_client",
  invariant:
    "whatever a server says, cut anywhere, the client says the same, ends with the same outcome, " +
    "throws nothing, takes no message above its limit, gives no control character of the " +
    "server's words away, and nothing that was said in clear counts under TLS",
  seeds: [
    encode(
      `${KNOWN}* 1 EXISTS\r\na1 OK\r\n* 1 FETCH (UID 1 RFC822.SIZE 3 FLAGS (\\Seen))\r\na2 OK\r\n` +
        "* SEARCH 1\r\na3 OK\r\n* 1 FETCH (UID 1 BODY[]<0> {3}\r\nabc)\r\na4 OK\r\n",
    ),
    encode(`${BARE}* 1 EXISTS\r\n`),
    ...seedsFrom("client", IMAP_LOGIN_TRANSCRIPTS, IMAP_SCRAM_TRANSCRIPTS, IMAP_TLS_TRANSCRIPTS),
    ...Object.entries(IMAP_JOB_TRANSCRIPTS).flatMap(([name, { text }]) =>
      seedsFrom("client", { [name]: `S: ${KNOWN.trim()}\n${text}` })
    ),
  ],
  run(input) {
    for (const tls of [IN_CLEAR, OFFERED]) {
      const whole = talk([input], tls);
      assert.deepEqual(talk(cut(input, 1), tls), whole);
      assert.deepEqual(talk(cut(input, 7), tls), whole);
    }
  },
};

function talk(chunks: readonly Uint8Array[], tls: ClientTls) {
  const { said, clearBytes, outcome, results } = hear(chunks, tls);
  const other = hear([encode(BARE)], tls);
  if (clearBytes !== null && said.slice(0, clearBytes) === other.said.slice(0, other.clearBytes!)) {
    // Whatever was heard in clear, under TLS it is as if nothing had been. (Where another command
    // was given in clear, the tags differ.)
    assert.deepEqual({ said, outcome, results }, {
      said: other.said,
      outcome: other.outcome,
      results: other.results,
    });
  }
  return { said, outcome, results };
}

function hear(chunks: readonly Uint8Array[], tls: ClientTls) {
  const script: ImapJob[] = [
    { do: "select", mailbox: "INBOX", readOnly: true },
    { do: "list", which: "all" },
    { do: "search", keys: [{ key: "TEXT", text: "Käse" }] },
    { do: "retrieve", uid: 1 },
    { do: "headers", uids: [1] },
    { do: "mailboxes" },
    { do: "remove", uids: [1] },
  ];
  const results: ImapResult[] = [];
  const session = imapClient({
    login: { user: "alice", password: "secret" },
    tls,
    active: null,
    messageBytesMax: MESSAGE_BYTES_MAX,
  });
  const jobs = {
    next(previous: ImapResult | null) {
      if (previous !== null) results.push(previous);
      return script.shift() ?? null;
    },
  };
  const { outcome, output, clearBytes } = play(session, chunks, jobs, { secured: SECURED });
  if (outcome === undefined) throw new Error("every conversation has an outcome");
  for (const result of results) {
    if (result.did === "retrieve" && result.content !== null) {
      assert.ok(result.content.length <= MESSAGE_BYTES_MAX);
    }
    if (result.did === "nothing") assert.doesNotMatch(result.refusal.text, CONTROL);
  }
  if (outcome.result === "loginRefused") assert.doesNotMatch(outcome.text, CONTROL);
  if (outcome.result === "refused") assert.doesNotMatch(outcome.refusal.text, CONTROL);
  return { said: decode(output), clearBytes, outcome, results };
}

// deno-lint-ignore no-control-regex -- these are the characters in question
const CONTROL = /[\x00-\x1f\x7f-\x9f]/;

function cut(bytes: Uint8Array, size: number): readonly Uint8Array[] {
  return Array.from(
    { length: Math.ceil(bytes.length / size) },
    (_, at) => bytes.subarray(at * size, (at + 1) * size),
  );
}
