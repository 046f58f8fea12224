import assert from "$assert";
import fc from "$check";
import { denoWorld } from "../lib/net/deno.ts";
import { drive } from "../lib/net/drive.ts";
import {
  pop3Client,
  type Pop3ClientOptions,
  type Pop3Job,
  type Pop3Jobs,
  type Pop3Outcome,
  type Pop3Result,
} from "../lib/pop3/client.ts";
import { decode, decodeLatin1, encode } from "../lib/wire/bytes.ts";
import { IN_CLEAR } from "../lib/wire/upgrade.ts";
import { play, playAsync, type PlayOptions } from "./play.ts";
import { fakePop3, serverSession } from "./pop3_support.ts";
import { RFC_7677_BASE64, RFC_7677_WORK } from "./scram_support.ts";
import { parseTranscript, replay, replayOnSocket } from "./transcripts.ts";
import { CLIENT_TRANSCRIPTS, SCRAM_CLIENT_TRANSCRIPTS } from "./transcripts/pop3_client.ts";

const ALICE = { user: "alice", password: "secret" };
/** What a server without CAPA says until somebody is logged in. */
const LOGGED_IN = "+OK ready\r\n-ERR\r\n+OK\r\n+OK\r\n";

for (const [name, text] of Object.entries(CLIENT_TRANSCRIPTS)) {
  Deno.test(`pop3Client follows the transcript: ${name}`, async () => {
    const transcript = parseTranscript(name, text, { side: "client" });
    const start = () => ({ session: client(), backend: jobsOf([]) });
    await replay(transcript, start);
    assert.ok(await replayOnSocket(transcript, start));
  });
}

for (const [name, text] of Object.entries(SCRAM_CLIENT_TRANSCRIPTS)) {
  Deno.test(`pop3Client follows the transcript: ${name}`, async () => {
    const transcript = parseTranscript(name, text, { side: "client" });
    const login = { user: "user", password: "pencil", work: RFC_7677_WORK };
    const start = () => ({ session: client({ login }), backend: jobsOf([]) });
    await replay(transcript, start);
    assert.ok(await replayOnSocket(transcript, start));
  });
}

Deno.test("pop3Client says why it does not log in where the server would let it", async () => {
  const capable = "+OK\r\n+OK\r\nSASL PLAIN SCRAM-SHA-256\r\n.\r\n";
  const cancelled = "-ERR cancelled\r\n";
  const { serverFirst, serverFinal } = RFC_7677_BASE64;
  const forged = btoa("v=" + btoa("x".repeat(32)));
  const many = btoa("r=rOprNGfwEbeRWgbNEkqO1,s=QSXCR+Q6sek8bf92,i=99999999");
  const table: readonly (readonly [heard: string, reason: string])[] = [
    [`+ ${serverFirst}\r\n+ ${serverFinal}\r\n+OK\r\n+OK\r\n`, "done"],
    [`+ ${serverFirst}\r\n+ ${forged}\r\n${cancelled}`, "untrusted"],
    ["+OK\r\n", "untrusted"],
    [`+ ${serverFirst}\r\n+OK\r\n`, "untrusted"],
    [`+ ${many}\r\n${cancelled}`, "protocol"],
    [`+ ${serverFirst}\r\n+ ${btoa("e=other-error")}\r\n${cancelled}`, "protocol"],
    [`+ ${serverFirst}\r\n-ERR [AUTH] no\r\n`, "credentials"],
  ];
  for (const [heard, reason] of table) {
    const login = { user: "user", password: "pencil", work: RFC_7677_WORK };
    const bytes = encode(capable + heard);
    const { outcome } = await playAsync(client({ login }), [bytes], jobsOf([]));
    assert.equal(outcome?.result === "loginRefused" ? outcome.reason : outcome?.result, reason);
  }
});

Deno.test("pop3Client logs in by the mechanism that was chosen, or not at all", () => {
  const capable = "+OK ready\r\n+OK\r\nSASL PLAIN LOGIN\r\n.\r\n";
  const chosen = { ...ALICE, mechanism: "LOGIN" } as const;
  assert.equal(talk(capable, jobsOf([]), { login: chosen }).said[1], "AUTH LOGIN");
  const scram = { ...ALICE, mechanism: "SCRAM-SHA-256", work: RFC_7677_WORK } as const;
  const { said, outcome } = talk(capable, jobsOf([]), { login: scram });
  assert.deepEqual(said, ["CAPA", "QUIT"]);
  assert.equal(outcome?.result === "loginRefused" && outcome.reason, "mechanism");
});

Deno.test("pop3Client does one job after the other and hands in how it went", () => {
  const jobs = jobsOf([
    { do: "list" },
    { do: "retrieve", message: 1 },
    { do: "top", message: 2, lines: 3 },
    { do: "delete", message: 1 },
    { do: "delete", message: 9 },
    { do: "noop" },
    { do: "reset" },
  ]);
  const { said, outcome } = talk(
    LOGGED_IN +
      "+OK 2 messages\r\n1 10 and more\r\n2 20\r\n.\r\n+OK\r\n1 a!\r\n2 ~b\r\n.\r\n" +
      "+OK\r\nA: b\r\n\r\n..x\r\n.\r\n" +
      "+OK\r\n.\r\n" +
      "+OK\r\n-ERR no such message\r\n+OK\r\n+OK\r\n+OK bye\r\n",
    jobs,
  );
  assert.deepEqual(said.slice(3), [
    "LIST",
    "UIDL",
    "RETR 1",
    "TOP 2 3",
    "DELE 1",
    "DELE 9",
    "NOOP",
    "RSET",
    "QUIT",
  ]);
  assert.deepEqual(jobs.results, [
    {
      did: "list",
      messages: [{ number: 1, size: 10, uniqueId: "a!" }, { number: 2, size: 20, uniqueId: "~b" }],
    },
    { did: "retrieve", content: encode("A: b\r\n\r\n.x\r\n") },
    { did: "top", content: encode("") },
    { did: "delete" },
    { did: "nothing", refusal: { ok: false, code: null, text: "no such message" } },
    { did: "noop" },
    { did: "reset" },
  ]);
  assert.deepEqual(outcome, { result: "done" });
});

Deno.test("pop3Client lists without unique-ids where the server has no UIDL", () => {
  const jobs = jobsOf([{ do: "list" }]);
  talk(`${LOGGED_IN}+OK\r\n1 10\r\n.\r\n-ERR\r\n+OK\r\n`, jobs);
  assert.deepEqual(jobs.results, [
    { did: "list", messages: [{ number: 1, size: 10, uniqueId: null }] },
  ]);
});

Deno.test("pop3Client tells apart why a login was refused", () => {
  const refusals: readonly (readonly [line: string, reason: string, text: string])[] = [
    ["-ERR no", "credentials", "no"],
    ["-ERR [AUTH] wrong password", "credentials", "wrong password"],
    ["-ERR[AUTH]wrong password", "credentials", "wrong password"],
    ["-ERR [in-use] locked", "inUse", "locked"],
    ["-ERR [IN-USE/POP3] locked", "inUse", "locked"],
    ["-ERR [SYS/TEMP] later", "temporary", "later"],
    ["-ERR [LOGIN-DELAY] later", "temporary", "later"],
    ["-ERR [SYS/PERM] never", "credentials", "never"],
    ["-ERR [IN-USEFUL] x", "credentials", "x"],
    ["-ERR \x1b[31mred\x07", "credentials", "?[31mred?"],
    ["-ERR", "credentials", ""],
  ];
  for (const [line, reason, text] of refusals) {
    const { outcome } = talk(`+OK\r\n-ERR\r\n+OK\r\n${line}\r\n`);
    assert.deepEqual(outcome, { result: "loginRefused", reason, text }, line);
  }
});

Deno.test("pop3Client sends nothing when the login has a character that cannot be sent", () => {
  for (const character of ["\0", "\r", "\n"]) {
    const login = { user: "alice", password: `secret${character}DELE 1` };
    const { said, outcome } = talk("+OK ready\r\n", jobsOf([]), { login });
    assert.deepEqual(said, ["QUIT"]);
    assert.equal(outcome?.result === "loginRefused" && outcome.reason, "unsendable");
  }
});

Deno.test("pop3Client sends an initial response behind the challenge when it is long", () => {
  const capable = "+OK\r\n+OK\r\nSASL PLAIN\r\n.\r\n";
  for (const [length, withCommand] of [[173, true], [174, false]] as const) {
    const password = "x".repeat(length);
    const response = btoa(`\0alice\0${password}`);
    const { said, outcome } = talk(
      `${capable}${withCommand ? "" : "+ \r\n"}+OK\r\n+OK\r\n`,
      jobsOf([]),
      { login: { user: "alice", password } },
    );
    const expected = withCommand ? [`AUTH PLAIN ${response}`] : ["AUTH PLAIN", response];
    assert.deepEqual(said, ["CAPA", ...expected, "QUIT"]);
    assert.deepEqual(outcome, { result: "done" });
  }
});

Deno.test("pop3Client goes on from a greeting that somebody else has read", () => {
  const greeting = (text: string) => ({ greeting: encode(text) });
  const { said, outcome } = talk(LOGGED_IN.slice("+OK ready\r\n".length) + "+OK\r\n", jobsOf([]), {
    ...greeting("+OK ready"),
  });
  assert.deepEqual([said.length, outcome], [4, { result: "done" }]);
  assert.equal(talk("", jobsOf([]), greeting("* OK IMAP")).outcome?.result, "protocol");
  assert.deepEqual(talk("", jobsOf([]), greeting("-ERR [SYS/TEMP] busy")).outcome, {
    result: "refused",
    refusal: { ok: false, code: "SYS/TEMP", text: "busy" },
  });
});

Deno.test("pop3Client reports a QUIT that was refused", () => {
  assert.deepEqual(talk(`${LOGGED_IN}-ERR some deleted messages not removed\r\n`).outcome, {
    result: "refused",
    refusal: { ok: false, code: null, text: "some deleted messages not removed" },
  });
});

Deno.test("pop3Client ends at what is not POP3 or more than it takes", () => {
  const listing = "1 1\r\n".repeat(100_001);
  const cases: readonly (readonly [name: string, server: string, job: Pop3Job | null])[] = [
    ["another protocol", "HTTP/1.1 400 Bad Request\r\n", null],
    ["a line without CR", "+OK ready\n", null],
    ["an overlong line", `+OK ${"x".repeat(507)}\r\n`, null],
    ["a command's response that is none", `${LOGGED_IN}OK\r\n`, { do: "noop" }],
    ["a large message", `${LOGGED_IN}+OK\r\n${"x".repeat(101)}`, { do: "retrieve", message: 1 }],
    ["too many messages", `${LOGGED_IN}+OK\r\n${listing}.\r\n-ERR\r\n`, { do: "list" }],
    ["a listing of something else", `${LOGGED_IN}+OK\r\nx y\r\n.\r\n-ERR\r\n`, { do: "list" }],
    ["a login without an end", "+OK\r\n+OK\r\nSASL PLAIN\r\n.\r\n+\r\n+OK\r\n", null],
  ];
  for (const [name, server, job] of cases) {
    const jobs = jobsOf(job === null ? [] : [job]);
    const { outcome } = talk(server, jobs, { messageBytesMax: 100 });
    assert.equal(outcome?.result, "protocol", name);
    assert.deepEqual(jobs.results, [], name);
  }
});

Deno.test("pop3Client takes capabilities of 64 KiB and a challenge of 12,288 bytes, and no more", () => {
  const capabilities = (lines: number) =>
    `+OK\r\n+OK\r\n${"X-SOMETHING-ELSE\r\n".repeat(lines)}.\r\n`;
  const challenge = (bytes: number) =>
    `+OK\r\n+OK\r\nSASL PLAIN\r\n.\r\n+ ${"A".repeat(bytes - 4)}\r\n+OK\r\n+OK\r\n`;
  // The initial response is too long for its command, so the challenge is waited for.
  const login = { user: "alice", password: "x".repeat(300) };
  const table: readonly (readonly [name: string, server: string, result: string])[] = [
    ["capabilities", `${capabilities(3_640)}+OK\r\n+OK\r\n+OK\r\n`, "done"],
    ["too many capabilities", capabilities(3_641), "protocol"],
    ["a challenge", challenge(12_288), "done"],
    ["a long challenge", challenge(12_292), "protocol"],
  ];
  for (const [name, server, result] of table) {
    const { outcome } = talk(server, jobsOf([]), { login });
    assert.equal(outcome?.result, result, name);
  }
});

Deno.test("pop3Client takes a message of just the size that is allowed", () => {
  const jobs = jobsOf([{ do: "retrieve", message: 1 }]);
  const message = `${"x".repeat(98)}\r\n`;
  talk(`${LOGGED_IN}+OK\r\n${message}.\r\n+OK\r\n`, jobs, { messageBytesMax: 100 });
  assert.deepEqual(jobs.results, [{ did: "retrieve", content: encode(message) }]);
});

Deno.test("pop3Client says how it was interrupted", () => {
  const endings: readonly (readonly [PlayOptions["end"], string])[] = [
    ["close", "lost"],
    ["lost", "lost"],
    ["deadline", "deadline"],
    ["shutdown", "shutdown"],
  ];
  for (const [end, reason] of endings) {
    for (const server of ["", LOGGED_IN, `${LOGGED_IN}+OK\r\nhalf a mess`]) {
      const jobs = jobsOf([{ do: "retrieve", message: 1 }]);
      const { outcome } = talk(server, jobs, {}, end === undefined ? {} : { end });
      assert.deepEqual(outcome, { result: "interrupted", reason });
      assert.deepEqual(jobs.results, []);
    }
  }
});

Deno.test("pop3Client lets out what the jobs throw, and does not say QUIT", () => {
  const jobs: Pop3Jobs = {
    next() {
      throw new Error("stop");
    },
  };
  assert.throws(() => play(client(), [encode(LOGGED_IN)], jobs), /stop/);
});

Deno.test("pop3Client traces both sides, no secret and no content", () => {
  const capable = "+OK\r\n+OK\r\nSASL LOGIN\r\n.\r\n+ VXNlcm5hbWU6\r\n+ UGFzc3dvcmQ6\r\n+OK\r\n";
  const jobs = () => jobsOf([{ do: "retrieve", message: 1 }]);
  const message = "+OK 3 octets\r\nhi\r\n.\r\n+OK\r\n";
  assert.deepEqual(talk(capable + message, jobs(), { traced: true }).trace, [
    "S: +OK",
    "C: CAPA",
    "S: +OK",
    "S: SASL LOGIN",
    "S: .",
    "C: AUTH LOGIN",
    "S: + ****",
    "C: ****",
    "S: + ****",
    "C: ****",
    "S: +OK",
    "C: RETR 1",
    "S: +OK 3 octets",
    "S: (a message of 4 octets)",
    "C: QUIT",
    "S: +OK",
  ]);
  const plain = "+OK\r\n+OK\r\nSASL PLAIN\r\n.\r\n+OK\r\n+OK\r\n";
  assert.ok(talk(plain, jobsOf([]), { traced: true }).trace.includes("C: AUTH PLAIN ****"));
  const user = talk(`${LOGGED_IN}+OK\r\n`, jobsOf([]), { traced: true }).trace;
  assert.ok(user.includes("C: PASS ****"));
});

Deno.test("pop3Client gives the server its time for each response", () => {
  const { deadlinesMs } = talk(`${LOGGED_IN}+OK\r\n`, jobsOf([]), { deadlines: { replyMs: 500 } });
  assert.deepEqual(deadlinesMs, [500, 500, 500, 500, 500]);
});

Deno.test("pop3Client and pop3Server understand each other over a connection", async () => {
  const { net, clock } = denoWorld();
  const listener = net.listen({ host: "127.0.0.1", port: 0 });
  const { signal } = new AbortController();
  const large = `Subject: large\r\n\r\n${".line\r\n".repeat(40_000)}`;
  const mailbox = fakePop3({ contents: ["Subject: one\r\n\r\nHello\r\n", large] });
  const jobs = jobsOf([
    { do: "list" },
    { do: "retrieve", message: 2 },
    { do: "top", message: 1, lines: 0 },
    { do: "delete", message: 2 },
  ]);
  try {
    const serving = (async () => {
      for await (const transport of listener) {
        return await drive(serverSession(), transport, mailbox, { clock, signal });
      }
    })();
    const transport = await net.connect(listener.local, { timeoutMs: 10_000 });
    const outcome = await drive(client(), transport, jobs, { clock, signal });
    await serving;
    assert.deepEqual(outcome, { result: "done" });
  } finally {
    listener.close();
  }
  assert.deepEqual(jobs.results, [
    {
      did: "list",
      messages: [
        { number: 1, size: 23, uniqueId: "m1" },
        { number: 2, size: large.length, uniqueId: "m2" },
      ],
    },
    { did: "retrieve", content: encode(large) },
    { did: "top", content: encode("Subject: one\r\n\r\n") },
    { did: "delete" },
  ]);
  assert.deepEqual(mailbox.left(), ["m1"]);
});

const PHRASES = [
  "+OK\r\n",
  "-ERR\r\n",
  "1 1\r\n",
  ".\r\n",
  "..\r\n",
  "SASL PLAIN\r\n",
  "+ \r\n",
  "\r",
];

Deno.test("pop3Client hears the same wherever the server's words are cut", () => {
  const words = fc.array(fc.constantFrom(LOGGED_IN, ...PHRASES), { maxLength: 15 });
  fc.assert(fc.property(words, fc.integer({ min: 1, max: 9 }), (words, size) => {
    const input = encode(words.join(""));
    const chunks = Array.from(
      { length: Math.ceil(input.length / size) },
      (_, at) => input.subarray(at * size, (at + 1) * size),
    );
    const script: readonly Pop3Job[] = [{ do: "list" }, { do: "retrieve", message: 1 }];
    const [whole, cut] = [[input], chunks].map((input) => {
      const jobs = jobsOf(script);
      const { outcome, output } = play(client(), input, jobs);
      return { outcome, output: decodeLatin1(output), results: jobs.results };
    });
    assert.deepEqual(cut, whole);
  }));
});

function client(options: Partial<Pop3ClientOptions> = {}) {
  return pop3Client({ login: ALICE, greeting: null, tls: IN_CLEAR, active: null, ...options });
}

/** Jobs that are known beforehand, and how they went. */
function jobsOf(script: readonly Pop3Job[]): Pop3Jobs & { readonly results: Pop3Result[] } {
  const rest = [...script];
  const results: Pop3Result[] = [];
  return {
    results,
    next(previous) {
      if (previous !== null) results.push(previous);
      return rest.shift() ?? null;
    },
  };
}

function talk(
  server: string,
  jobs: Pop3Jobs = jobsOf([]),
  options: Partial<Pop3ClientOptions> = {},
  end: PlayOptions = {},
) {
  const played = play(client(options), server === "" ? [] : [encode(server)], jobs, end);
  return {
    outcome: played.outcome as Pop3Outcome | undefined,
    said: decode(played.output).split("\r\n").slice(0, -1),
    trace: played.trace.map(([from, line]) => `${from === "self" ? "C" : "S"}: ${decode(line)}`),
    deadlinesMs: played.deadlinesMs,
  };
}
