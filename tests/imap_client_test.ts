import assert from "$assert";
import fc from "$check";
import { type ImapJob, type ImapJobs, REPLY_MS } from "../lib/imap/client.ts";
import { RESPONSE_LITERALS_BYTES_MAX } from "../lib/imap/client_read.ts";
import { IDLE_RENEWAL_MS, POLL_MS } from "../lib/imap/client_wait.ts";
import { denoWorld } from "../lib/net/deno.ts";
import { drive } from "../lib/net/drive.ts";
import { decode, decodeLatin1, encode } from "../lib/wire/bytes.ts";
import { type ClientTls, IN_CLEAR } from "../lib/wire/upgrade.ts";
import { client, jobsOf, KNOWN, talk } from "./imap_client_support.ts";
import { play, playAsync, type PlayOptions } from "./play.ts";
import { RFC_7677_BASE64, RFC_7677_WORK } from "./scram_support.ts";
import { parseTranscript, replay, replayOnSocket } from "./transcripts.ts";
import {
  IMAP_LOGIN_TRANSCRIPTS,
  IMAP_SCRAM_TRANSCRIPTS,
  IMAP_TLS_TRANSCRIPTS,
} from "./transcripts/imap_client.ts";
import { IMAP_JOB_TRANSCRIPTS } from "./transcripts/imap_client_jobs.ts";

const ALICE = { user: "alice", password: "secret" };
const REQUIRED: ClientTls = { ...IN_CLEAR, when: "required" };

for (
  const [set, options] of [
    [IMAP_LOGIN_TRANSCRIPTS, {}],
    [IMAP_SCRAM_TRANSCRIPTS, { login: { user: "user", password: "pencil", work: RFC_7677_WORK } }],
    [IMAP_TLS_TRANSCRIPTS, { tls: REQUIRED }],
  ] as const
) {
  for (const [name, text] of Object.entries(set)) {
    Deno.test(`imapClient follows the transcript: ${name}`, async () => {
      const transcript = parseTranscript(name, text, { side: "client" });
      const start = () => ({ session: client(options), backend: jobsOf([]) });
      await replay(transcript, start);
      assert.equal(await replayOnSocket(transcript, start), transcript.secured === null);
    });
  }
}

for (const [name, { capabilities, jobs, results, text }] of Object.entries(IMAP_JOB_TRANSCRIPTS)) {
  Deno.test(`imapClient follows the transcript: ${name}`, async () => {
    const tags = [...text.matchAll(/C: a(\d+) /g)].map(([, tag]) => Number(tag));
    const last = `a${Math.max(0, ...tags) + 1}`;
    const whole = `S: * PREAUTH [CAPABILITY ${capabilities}] hi\n${text.trimEnd()}\n` +
      `C: ${last} LOGOUT\nS: ${last} OK\n! closes`;
    const transcript = parseTranscript(name, whole, { side: "client" });
    const played: ReturnType<typeof jobsOf>[] = [];
    const start = () => {
      const backend = jobsOf(jobs);
      played.push(backend);
      return { session: client(), backend };
    };
    await replay(transcript, start);
    assert.ok(await replayOnSocket(transcript, start));
    assert.equal(played.length, 3);
    for (const backend of played) assert.deepEqual(backend.results, results);
  });
}

Deno.test("imapClient tells apart why a login was refused", () => {
  const refusals: readonly (readonly [answer: string, reason: string, text: string])[] = [
    ["NO no", "credentials", "no"],
    ["NO [AUTHENTICATIONFAILED] wrong password", "credentials", "wrong password"],
    ["BAD what?", "credentials", "what?"],
    ["NO [inuse] locked", "inUse", "locked"],
    ["NO [UNAVAILABLE] later", "temporary", "later"],
    ["NO [LIMIT] too many", "temporary", "too many"],
    ["NO \x1b[31mred\x07", "credentials", "?[31mred?"],
    ["NO", "credentials", ""],
  ];
  for (const [answer, reason, text] of refusals) {
    const { outcome, said } = talk(`* OK [CAPABILITY IMAP4REV1] hi\r\na1 ${answer}\r\n`);
    assert.deepEqual(outcome, { result: "loginRefused", reason, text }, answer);
    assert.deepEqual(said, ['a1 LOGIN "alice" "secret"', "a2 LOGOUT"]);
  }
  const closed = talk("* OK [CAPABILITY IMAP4rev1] hi\r\n* BYE [UNAVAILABLE] too many\r\n");
  assert.equal(closed.outcome?.result === "loginRefused" && closed.outcome.reason, "temporary");
});

Deno.test("imapClient says why it does not log in where the server would let it", async () => {
  const { serverFirst, serverFinal } = RFC_7677_BASE64;
  const forged = btoa("v=" + btoa("x".repeat(32)));
  const cancelled = "a1 BAD cancelled\r\n";
  const table: readonly (readonly [heard: string, reason: string])[] = [
    [`+ ${serverFirst}\r\n+ ${serverFinal}\r\na1 OK [CAPABILITY X]\r\na2 OK\r\n`, "done"],
    [`+ ${serverFirst}\r\n+ ${forged}\r\n${cancelled}`, "untrusted"],
    ["a1 OK\r\n", "untrusted"],
    [`+ ${serverFirst}\r\na1 OK\r\n`, "untrusted"],
    [`+ ${serverFirst}\r\na1 NO [AUTHENTICATIONFAILED] no\r\n`, "credentials"],
  ];
  for (const [heard, reason] of table) {
    const login = { user: "user", password: "pencil", work: RFC_7677_WORK };
    const greeting = "* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=SCRAM-SHA-256] hi\r\n";
    const { outcome } = await playAsync(client({ login }), [encode(greeting + heard)], jobsOf([]));
    assert.equal(outcome?.result === "loginRefused" ? outcome.reason : outcome?.result, reason);
  }
});

Deno.test("imapClient logs in by the mechanism that was chosen, or not at all", () => {
  const greeting = "* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN AUTH=LOGIN] hi\r\n";
  const chosen = { ...ALICE, mechanism: "LOGIN" } as const;
  assert.equal(talk(greeting, [], { login: chosen }).said[0], "a1 AUTHENTICATE LOGIN");
  const scram = { ...ALICE, mechanism: "SCRAM-SHA-256", work: RFC_7677_WORK } as const;
  const { said, outcome } = talk(greeting, [], { login: scram });
  assert.deepEqual(said, ["a1 LOGOUT"]);
  assert.equal(outcome?.result === "loginRefused" && outcome.reason, "mechanism");
});

Deno.test("imapClient sends nothing when the login has a character that cannot be sent", () => {
  for (const character of ["\0", "\r", "\n"]) {
    const login = { user: "alice", password: `secret${character}a9 LOGOUT` };
    const { said, outcome } = talk("* OK [CAPABILITY IMAP4rev1] hi\r\n", [], { login });
    assert.deepEqual(said, ["a1 LOGOUT"]);
    assert.equal(outcome?.result === "loginRefused" && outcome.reason, "unsendable");
  }
});

Deno.test("imapClient sends no password in clear to where others could read it", () => {
  for (const greeting of ["OK", "PREAUTH"]) {
    const tls: ClientTls = { ...IN_CLEAR, when: "offered", exposesPassword: false };
    const { said, outcome } = talk(`* ${greeting} [CAPABILITY IMAP4rev1] hi\r\n`, [], { tls });
    assert.deepEqual([said, outcome], [["a1 LOGOUT"], { result: "exposed" }]);
  }
});

Deno.test("imapClient says that a message is gone", () => {
  const { results } = talk(`${KNOWN}a1 OK\r\na2 OK\r\n`, [{ do: "retrieve", uid: 3 }]);
  assert.deepEqual(results, [{ did: "retrieve", content: null }]);
});

Deno.test("imapClient gives headers by uid, those that are there", () => {
  const fields = "From: a@b.c\r\n\r\n";
  const { said, results } = talk(
    `${KNOWN}* 2 FETCH (UID 9 BODY[HEADER.FIELDS (FROM TO)]<0> {15}\r\n${fields})\r\n` +
      "* 3 FETCH (FLAGS (\\Seen))\r\n* 4 FETCH (UID 8 BODY[TEXT] NIL)\r\na1 OK\r\na2 OK\r\n",
    [{ do: "headers", uids: [9, 4] }],
  );
  assert.match(
    said[0]!,
    /^a1 UID FETCH 4,9 \(UID BODY\.PEEK\[HEADER\.FIELDS \(.*\)\]<0\.16384>\)$/,
  );
  assert.deepEqual(results, [{ did: "headers", headers: new Map([[9, encode(fields)]]) }]);
});

Deno.test("imapClient says how it was interrupted", () => {
  const endings: readonly (readonly [PlayOptions["end"], string])[] = [
    ["close", "lost"],
    ["lost", "lost"],
    ["deadline", "deadline"],
    ["shutdown", "shutdown"],
  ];
  for (const [end, reason] of endings) {
    for (const server of ["", KNOWN, `${KNOWN}* 1 FETCH (UID 3 BODY[] {9}\r\nhalf`]) {
      const jobs: readonly ImapJob[] = [{ do: "retrieve", uid: 3 }];
      const { outcome, results } = talk(server, jobs, {}, end === undefined ? {} : { end });
      assert.deepEqual([outcome, results], [{ result: "interrupted", reason }, []]);
    }
  }
});

Deno.test("imapClient is done when everything was answered, however the connection ends", () => {
  for (const end of ["close", "lost", "deadline"] as const) {
    assert.deepEqual(talk(KNOWN, [], {}, { end }).outcome, { result: "done" });
  }
});

Deno.test("imapClient renews IDLE, and asks now and then where there is none", () => {
  const wait: ImapJob = { do: "wait", wake: () => new Promise(() => {}) };
  const idling = talk(`${KNOWN}+ idling\r\n`, [wait], {}, { end: "deadline" });
  assert.deepEqual(idling.said, ["a1 IDLE", "DONE"]);
  assert.ok(idling.deadlinesMs.includes(IDLE_RENEWAL_MS));
  const asking = talk(KNOWN.replace("IDLE ", ""), [wait], {}, { end: "deadline" });
  assert.deepEqual(asking.said, ["a1 NOOP"]);
  assert.ok(asking.deadlinesMs.includes(POLL_MS));
});

Deno.test("imapClient stops waiting when it is woken", async () => {
  const { net, clock } = denoWorld();
  const listener = net.listen({ host: "127.0.0.1", port: 0 });
  const { signal } = new AbortController();
  const wait: ImapJob = { do: "wait", wake: () => Promise.resolve() };
  const jobs = jobsOf([wait]);
  try {
    const serving = (async () => {
      for await (const transport of listener) {
        const heard: string[] = [];
        await transport.write(encode(KNOWN));
        for (const says of ["+ idling\r\n", "a1 OK\r\n", "a2 OK\r\n"]) {
          heard.push(decode((await transport.read())!));
          await transport.write(encode(says));
        }
        transport.close();
        return heard;
      }
      return [];
    })();
    const transport = await net.connect(listener.local, { timeoutMs: 10_000 });
    const outcome = await drive(client(), transport, jobs, { clock, signal });
    assert.deepEqual(outcome, { result: "done" });
    assert.deepEqual(await serving, ["a1 IDLE\r\n", "DONE\r\n", "a2 LOGOUT\r\n"]);
  } finally {
    listener.close();
  }
  assert.deepEqual(jobs.results, [{ did: "wait", arrived: false }]);
});

Deno.test("imapClient lets out what the jobs throw, and does not say LOGOUT", () => {
  const jobs: ImapJobs = {
    next() {
      throw new Error("stop");
    },
  };
  assert.throws(() => play(client(), [encode(KNOWN)], jobs), /stop/);
});

Deno.test("imapClient traces both sides, no secret and no content", () => {
  const greeting = "* OK [CAPABILITY IMAP4rev1 AUTH=LOGIN] hi\r\n";
  const login = "+ VXNlcm5hbWU6\r\n+ UGFzc3dvcmQ6\r\na1 OK [CAPABILITY IMAP4rev1]\r\n";
  const message = "* 1 FETCH (UID 3 BODY[] {4}\r\nhi\r\n)\r\na2 OK\r\na3 OK\r\n";
  const options = { traced: true };
  const jobs: readonly ImapJob[] = [{ do: "retrieve", uid: 3 }];
  assert.deepEqual(talk(greeting + login + message, jobs, options).trace, [
    "S: * OK [CAPABILITY IMAP4rev1 AUTH=LOGIN] hi",
    "C: a1 AUTHENTICATE LOGIN",
    "S: + ****",
    "C: ****",
    "S: + ****",
    "C: ****",
    "S: a1 OK [CAPABILITY IMAP4rev1]",
    `C: a2 UID FETCH 3 (BODY.PEEK[]<0.${RESPONSE_LITERALS_BYTES_MAX}>)`,
    "S: * 1 FETCH (UID 3 BODY[] {4})",
    "S: a2 OK",
    "C: a3 LOGOUT",
    "S: a3 OK",
  ]);
  const bare = talk("* OK [CAPABILITY IMAP4rev1] hi\r\na1 OK [CAPABILITY X]\r\n", [], options);
  assert.equal(bare.trace[1], "C: a1 LOGIN ****");
});

Deno.test("imapClient gives the server its time for each response, and for each piece of one", () => {
  const { deadlinesMs } = talk(`${KNOWN}a1 OK\r\n`, [], { deadlines: { replyMs: 500 } });
  assert.deepEqual(deadlinesMs, [500, 500]);
  const server = encode(`${KNOWN}* 1 FETCH (UID 3 BODY[] {4}\r\nabcd)\r\na1 OK\r\na2 OK\r\n`);
  const chunks = Array.from(server, (byte) => Uint8Array.of(byte));
  const cut = play(client(), chunks, jobsOf([{ do: "retrieve", uid: 3 }]));
  assert.deepEqual(cut.deadlinesMs, Array(8).fill(REPLY_MS));
});

const PHRASES = [
  "* 1 EXISTS\r\n",
  "* 1 EXPUNGE\r\n",
  "a1 OK\r\n",
  "a2 NO [X y] z\r\n",
  "* 1 FETCH (UID 1 RFC822.SIZE 3)\r\n",
  "* 1 FETCH (UID 1 BODY[] {3}\r\nabc)\r\n",
  "* SEARCH 1 2\r\n",
  "+ \r\n",
  "{3}\r\n",
  "\r",
];

Deno.test("imapClient hears the same wherever the server's words are cut", () => {
  const words = fc.array(fc.constantFrom(...PHRASES), { maxLength: 15 });
  fc.assert(fc.property(words, fc.integer({ min: 1, max: 9 }), (words, size) => {
    const input = encode(KNOWN + words.join(""));
    const chunks = Array.from(
      { length: Math.ceil(input.length / size) },
      (_, at) => input.subarray(at * size, (at + 1) * size),
    );
    const [whole, cut] = [[input], chunks].map((input) => {
      const jobs = jobsOf([{ do: "list", which: { after: 0 } }, { do: "retrieve", uid: 1 }]);
      const { outcome, output } = play(client(), input, jobs);
      return { outcome, output: decodeLatin1(output), results: jobs.results };
    });
    assert.deepEqual(cut, whole);
  }));
});
