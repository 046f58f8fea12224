import assert from "$assert";
import { pop3Client, type Pop3Job, type Pop3Result } from "../../lib/pop3/client.ts";
import { decode, encode } from "../../lib/wire/bytes.ts";
import { type ClientTls, IN_CLEAR } from "../../lib/wire/upgrade.ts";
import { play } from "../play.ts";
import { CLIENT_TRANSCRIPTS, SCRAM_CLIENT_TRANSCRIPTS } from "../transcripts/pop3_client.ts";
import { seedsFrom } from "./seeds.ts";
import type { FuzzTarget } from "./target.ts";

const LOGGED_IN = "+OK ready\r\n-ERR\r\n+OK\r\n+OK\r\n";
const LISTED = "+OK\r\n1 10\r\n.\r\n+OK\r\n1 a\r\n.\r\n";
/** A server that offers TLS, and what any server says under TLS. */
const BARE = "+OK\r\n+OK\r\nSTLS\r\n.\r\n+OK\r\n";
const SECURED = [encode(`+OK\r\nSASL PLAIN\r\n.\r\n+OK\r\n${LISTED}`)];
const OFFERED: ClientTls = { ...IN_CLEAR, when: "offered" };
const MESSAGE_BYTES_MAX = 200;

export const target: FuzzTarget = {
  name: "pop3_client",
  invariant:
    "whatever a server says, cut anywhere, the client says the same whole lines, ends with the " +
    "same outcome, throws nothing, takes no message above its limit, gives no control character " +
    "of the server's words away, and nothing that was said in clear counts under TLS",
  seeds: [
    encode(`${LOGGED_IN}${LISTED}+OK\r\nA: b\r\n\r\n..\r\n.\r\n+OK\r\n+OK\r\n`),
    encode("+OK\r\n+OK\r\nSASL PLAIN\r\n.\r\n+ \r\n+OK\r\n"),
    encode("+OK\r\n+OK\r\nSASL LOGIN\r\n.\r\n+ VXNlcm5hbWU6\r\n+ UGFzc3dvcmQ6\r\n+OK\r\n-ERR\r\n"),
    encode("+OK\r\n-ERR\r\n+OK\r\n-ERR [IN-USE] locked\r\n"),
    encode("220 abc.com ESMTP\r\n"),
    encode(`${BARE}+OK\r\n${LISTED}`),
    ...seedsFrom("client", CLIENT_TRANSCRIPTS, SCRAM_CLIENT_TRANSCRIPTS),
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
  if (clearBytes !== null) {
    // Whatever was said in clear, under TLS it is as if nothing had been.
    const other = hear([encode(BARE)], tls);
    assert.equal(said.slice(clearBytes), other.said.slice(other.clearBytes!));
    assert.deepEqual([outcome, results], [other.outcome, other.results]);
  }
  return { said, outcome, results };
}

function hear(chunks: readonly Uint8Array[], tls: ClientTls) {
  const script: Pop3Job[] = [
    { do: "list" },
    { do: "retrieve", message: 1 },
    { do: "delete", message: 1 },
  ];
  const results: Pop3Result[] = [];
  const session = pop3Client({
    login: { user: "alice", password: "secret" },
    greeting: null,
    tls,
    active: null,
    messageBytesMax: MESSAGE_BYTES_MAX,
  });
  const jobs = {
    next(previous: Pop3Result | null) {
      if (previous !== null) results.push(previous);
      return script.shift() ?? null;
    },
  };
  const { outcome, output, clearBytes } = play(session, chunks, jobs, { secured: SECURED });
  assert.ok(outcome !== undefined, "every conversation has an outcome");
  const said = decode(output);
  assert.match(said, /^([\x20-\x7e]+\r\n)*$/);
  for (const result of results) {
    if ("content" in result) assert.ok(result.content.length <= MESSAGE_BYTES_MAX);
  }
  assert.doesNotMatch(wordsOf({ outcome, results }), CONTROL);
  return { said, clearBytes, outcome, results };
}

/** Everything that could be shown to a person: all texts in a value. */
function wordsOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (value === null || typeof value !== "object" || value instanceof Uint8Array) return "";
  return Object.values(value).map(wordsOf).join(" ");
}

// deno-lint-ignore no-control-regex -- these are the characters in question
const CONTROL = /[\x00-\x1f\x7f-\x9f]/;

function cut(bytes: Uint8Array, size: number): readonly Uint8Array[] {
  return Array.from(
    { length: Math.ceil(bytes.length / size) },
    (_, at) => bytes.subarray(at * size, (at + 1) * size),
  );
}
