import assert from "$assert";
import fc from "$check";
import { ByteQueue, decode, decodeLatin1, encode } from "../lib/wire/bytes.ts";
import { dotUnstuffer } from "../lib/wire/dots.ts";
import { Interrupted } from "../lib/wire/session.ts";
import { fakeIdentity } from "./fake_tls.ts";
import { play, type PlayOptions } from "./play.ts";
import { fakePop3, GREETING, linesOf, LOGIN, serverSession, talk } from "./pop3_support.ts";
import { parseTranscript, replay, replayOnSocket } from "./transcripts.ts";
import { TRANSCRIPTS } from "./transcripts/pop3.ts";
import { EXPIRE_TRANSCRIPTS, UNKNOWN_EXPIRE_TRANSCRIPTS } from "./transcripts/pop3_expire.ts";
import { TLS_TRANSCRIPTS } from "./transcripts/pop3_tls.ts";
import { LOGIN_TRANSCRIPTS } from "./transcripts/pop3_login.ts";
import { TOO_SOON_TRANSCRIPTS, UTF8_MESSAGES, UTF8_TRANSCRIPTS } from "./transcripts/pop3_utf8.ts";

const LOGGED_IN = [GREETING, "+OK now the password", "+OK 2 messages"];

const IDENTITY = fakeIdentity([{ certificate: "abc.com", key: "" }]);

for (
  const [transcripts, options, mailbox] of [
    [TRANSCRIPTS, {}, {}],
    [LOGIN_TRANSCRIPTS, {}, {}],
    [TLS_TRANSCRIPTS, { plainAuth: false, identity: IDENTITY }, {}],
    [UTF8_TRANSCRIPTS, { identity: IDENTITY }, { contents: UTF8_MESSAGES }],
    [EXPIRE_TRANSCRIPTS, { expire: 30 }, {}],
    [UNKNOWN_EXPIRE_TRANSCRIPTS, { expire: "unknown" }, {}],
    [TOO_SOON_TRANSCRIPTS, { loginDelaySeconds: 90 }, { obstacle: "tooSoon" }],
  ] as const
) {
  for (const [name, text] of Object.entries(transcripts)) {
    const transcript = parseTranscript(name, text);
    const start = () => ({ session: serverSession(options), backend: fakePop3(mailbox) });
    Deno.test(`pop3Server follows the transcript: ${name}`, async () => {
      await replay(transcript, start);
      const played = await replayOnSocket(transcript, start);
      const playable = !["deadline", "shutdown", "lost"].includes(transcript.end) &&
        transcript.secured === null;
      assert.equal(played, playable);
    });
  }
}

Deno.test("pop3Server ends without a word when the handshake fails", () => {
  const { lines, played } = talk("STLS\r\n", {}, { identity: IDENTITY });
  assert.deepEqual(lines, [GREETING, "+OK begin with TLS"]);
  assert.ok(played.ended);
});

Deno.test("pop3Server removes what was marked at QUIT, and at no other end", () => {
  const ends: readonly (readonly [string, PlayOptions["end"], readonly string[]])[] = [
    ["DELE 1\r\nQUIT\r\n", "close", ["m2"]],
    ["DELE 1\r\nRSET\r\nDELE 2\r\nQUIT\r\n", "close", ["m1"]],
    ["DELE 1\r\nDELE 2\r\nQUIT\r\n", "close", []],
    ["QUIT\r\n", "close", ["m1", "m2"]],
    ["DELE 1\r\n", "close", ["m1", "m2"]],
    ["DELE 1\r\nQUIT", "close", ["m1", "m2"]],
    ["DELE 1\r\n", "deadline", ["m1", "m2"]],
    ["DELE 1\r\n", "shutdown", ["m1", "m2"]],
    ["DELE 1\r\n", "lost", ["m1", "m2"]],
  ];
  for (const [commands, end, left] of ends) {
    const backend = fakePop3();
    play(serverSession(), [encode(LOGIN + commands)], backend, end === undefined ? {} : { end });
    assert.deepEqual(backend.left(), left, `${commands} ${end}`);
    assert.deepEqual(backend.counts(), { opened: 1, closed: 1 }, `${commands} ${end}`);
  }
});

Deno.test("pop3Server says IN-USE when another session has the lock, and goes on", () => {
  const { lines } = talk(LOGIN + LOGIN + "QUIT\r\n", { obstacle: "inUse" });
  assert.deepEqual(lines.filter((line) => line.includes("[IN-USE]")).length, 2);
  assert.equal(lines.at(-1), "+OK goodbye");
});

Deno.test("pop3Server waits longer after each failed login", () => {
  const { played } = talk("USER alice\r\nPASS wrong\r\n".repeat(5));
  assert.deepEqual(played.pausesMs, [1000, 2000, 4000]);
  assert.ok(played.ended);
});

Deno.test("pop3Server offers no login and takes none where it would be in clear", () => {
  const { lines } = talk("CAPA\r\nUSER alice\r\nPASS secret\r\nAUTH PLAIN\r\nAUTH\r\n", {}, {
    plainAuth: false,
  });
  assert.deepEqual(lines.slice(1, lines.indexOf(".")), [
    "+OK capabilities follow",
    "TOP",
    "UIDL",
    "PIPELINING",
    "RESP-CODES",
    "AUTH-RESP-CODE",
    "EXPIRE NEVER",
    "UTF8 USER",
    "LANG",
    "IMPLEMENTATION smtpd",
  ]);
  const refusal = "-ERR [SYS/PERM] no login without TLS";
  const rest = lines.slice(lines.indexOf(".") + 1);
  assert.deepEqual(rest, [refusal, "-ERR USER comes first", refusal, refusal]);
});

Deno.test("pop3Server answers a failing backend with SYS/TEMP and goes on", () => {
  const failed = "-ERR [SYS/TEMP] something failed here; try again later";
  const login = talk(LOGIN + "CAPA\r\nQUIT\r\n", { broken: ["login"] }).lines;
  assert.deepEqual(login.slice(2, 4), [failed, "+OK capabilities follow"]);
  assert.equal(login.at(-1), "+OK goodbye");
  assert.deepEqual(talk(LOGIN + "RETR 1\r\nTOP 1 1\r\nNOOP\r\n", { broken: ["message"] }).lines, [
    ...LOGGED_IN,
    failed,
    failed,
    "+OK",
  ]);
});

Deno.test("pop3Server greets with SYS/TEMP and ends when the backend cannot open", () => {
  const { lines, played } = talk(LOGIN, { broken: ["open"] });
  assert.deepEqual(lines, ["-ERR [SYS/TEMP] no service just now; try again later"]);
  assert.ok(played.ended);
});

Deno.test("pop3Server answers QUIT with -ERR and ends when nothing could be removed", () => {
  const { lines, played, backend } = talk(`${LOGIN}DELE 1\r\nQUIT\r\nNOOP\r\n`, {
    broken: ["remove"],
  });
  assert.equal(lines.at(-1), "-ERR [SYS/TEMP] the deleted messages could not be removed");
  assert.ok(played.ended);
  assert.deepEqual(backend.left(), ["m1", "m2"]);
  assert.deepEqual(backend.counts(), { opened: 1, closed: 1 });
});

Deno.test("pop3Server tells the delay between logins, where there is one", () => {
  const capabilities = (loginDelaySeconds: number) =>
    talk("CAPA\r\n", {}, { loginDelaySeconds }).lines;
  assert.ok(capabilities(90).includes("LOGIN-DELAY 90"));
  assert.ok(!capabilities(0).some((line) => line.startsWith("LOGIN-DELAY")));
});

Deno.test("pop3Server prepares a name by SASLprep, and refuses what no name can have", () => {
  // RFC 4013 §3: a soft hyphen is nothing, a Roman number is letters.
  const { lines } = talk("USER al\u00adice\r\nPASS secret\r\nQUIT\r\nx", {});
  assert.equal(lines[2], "+OK 2 messages");
  const refused = talk("USER a\u0627\r\nUSER \u00ad\r\n").lines.slice(1);
  const words = "-ERR the name has a character that no name has";
  assert.deepEqual(refused, [words, words]);
});

Deno.test("pop3Server refuses a message that is gone", () => {
  const { lines } = talk(`${LOGIN}RETR 1\r\nRETR 2\r\n`, { gone: ["m1"] });
  assert.deepEqual(lines.slice(3, 5), ["-ERR no such message", "+OK 25 octets"]);
});

Deno.test("pop3Server ends without the final dot when a message breaks off in the middle", () => {
  const contents = [new Uint8Array(100_000).fill(97)];
  const { lines, played } = talk(`${LOGIN}RETR 1\r\nNOOP\r\n`, { contents, broken: ["slice"] });
  assert.deepEqual(lines.slice(3), ["+OK 100000 octets", "a".repeat(65536)]);
  assert.ok(played.ended);
});

Deno.test("pop3Server refuses a line of more than 255 octets and goes on", () => {
  const longest = `${LOGIN}NOOP${" ".repeat(249)}\r\nNOOP${" ".repeat(250)}\r\nNOOP\r\n`;
  assert.deepEqual(talk(longest).lines, [...LOGGED_IN, "+OK", "-ERR the line is too long", "+OK"]);
});

Deno.test("pop3Server takes an AUTH response that is longer than a command may be", () => {
  const response = btoa(`\0alice\0${"x".repeat(255)}`);
  const { lines } = talk(`AUTH PLAIN\r\n${response}\r\n`);
  assert.deepEqual(lines.slice(1), ["+ ", "-ERR [AUTH] the user or the password is wrong"]);
});

Deno.test("pop3Server refuses an AUTH response of over 12,288 bytes", () => {
  const answerTo = (bytes: number) =>
    talk(`AUTH PLAIN\r\n${"A".repeat(bytes - 2)}\r\nQUIT\r\n`).lines[2];
  assert.equal(answerTo(12_286), "-ERR the response does not fit the mechanism");
  assert.match(answerTo(12_290)!, /^-ERR .*too long/);
});

Deno.test("pop3Server hears nothing behind an overlong first line, for it may be HTTP", () => {
  const { lines, played } = talk(`GET /${"a".repeat(300)} HTTP/1.1\r\n${LOGIN}`);
  assert.deepEqual(lines, [GREETING]);
  assert.ok(played.ended);
});

Deno.test("pop3Server ends the session at a line without an end", () => {
  const chunk = new Uint8Array(1024 * 1024).fill(97);
  const chunks = [encode("NOOP\r\n"), ...Array.from({ length: 40 }, () => chunk)];
  const played = play(serverSession(), chunks, fakePop3());
  assert.match(decode(played.output), /-ERR the line does not end\r\n$/);
  assert.ok(played.ended);
});

Deno.test("pop3Server ends a session that goes on and on without a login", () => {
  const { lines, played } = talk("CAPA\r\nUSER alice\r\n".repeat(50));
  assert.equal(lines.filter((line) => line.startsWith("+OK")).length, 1 + 50);
  assert.equal(lines.at(-1), "-ERR too many commands without a login");
  assert.ok(played.ended);
  const user = talk(`${LOGIN}${"NOOP\r\n".repeat(100)}QUIT\r\n`);
  assert.equal(user.lines.at(-1), "+OK goodbye");
});

Deno.test("pop3Server ends the session at the twentieth bad command", () => {
  const { lines, played } = talk("XYZ\r\n".repeat(30));
  assert.equal(lines.length, 1 + 20);
  assert.equal(lines.at(-1), "-ERR too many bad commands");
  assert.ok(played.ended);
});

Deno.test("pop3Server gives ten minutes to each command", () => {
  const { played } = talk(`${LOGIN}NOOP\r\n`);
  assert.deepEqual(played.deadlinesMs, [600_000, 600_000, 600_000, 600_000]);
});

Deno.test("pop3Server goes on with what was read before it began", () => {
  const queue = new ByteQueue();
  queue.push(encode("USER alice\r\nPASS sec"));
  const played = play(serverSession({ queue }), [encode("ret\r\nQUIT\r\n")], fakePop3());
  assert.deepEqual(linesOf(played.output), [...LOGGED_IN, "+OK goodbye"]);
});

Deno.test("pop3Server says nothing in the middle of a message that a shutdown interrupts", () => {
  const contents = [new Uint8Array(300_000).fill(97)];
  const backend = fakePop3({ contents });
  const session = serverSession();
  let input: Uint8Array | null = encode(`${LOGIN}RETR 1\r\n`);
  let said = "";
  let step = session.next();
  while (!step.done) {
    const effect = step.value;
    if (effect.do === "write" && effect.bytes.length > 10_000) {
      step = session.throw(new Interrupted("shutdown"));
      continue;
    }
    if (effect.do === "write") said += decode(effect.bytes);
    let value: unknown;
    if (effect.do === "read") [value, input] = [input, null];
    else if (effect.do === "call") value = effect.run(backend, new AbortController().signal);
    step = session.next(value);
  }
  assert.match(said, /\+OK 300000 octets\r\n$/);
  assert.deepEqual(backend.counts(), { opened: 1, closed: 1 });
});

Deno.test("pop3Server traces every line and no secret", () => {
  const { played } = talk(
    [
      "USER alice",
      "PASS hunter2",
      "AUTH PLAIN",
      "aHVudGVyMgBodW50ZXIyAGh1bnRlcjI=",
      "AUTH aHVudGVyMg==",
      "USER alice hunter2",
      "PASSWORD hunter2",
      "hunter2",
      "USER alice",
      "PASS secret",
      "RETR 1",
      "LIST",
    ].join("\r\n") + "\r\n",
    {},
    { traced: true },
  );
  const trace = played.trace.map(([from, bytes]) =>
    `${from === "peer" ? "C" : "S"}: ${decode(bytes)}`
  );
  assert.deepEqual(trace, [
    `S: ${GREETING}`,
    "C: USER alice",
    "S: +OK now the password",
    "C: PASS ****",
    "S: -ERR [AUTH] the user or the password is wrong",
    "C: AUTH PLAIN",
    "S: + ****",
    "C: ****",
    "S: -ERR [AUTH] the user or the password is wrong",
    "C: AUTH ****",
    "S: -ERR there is no such mechanism here",
    "C: USER ****",
    "S: -ERR too many arguments",
    "C: ****",
    "S: -ERR unknown command",
    "C: ****",
    "S: -ERR unknown command",
    "C: USER alice",
    "S: +OK now the password",
    "C: PASS ****",
    "S: +OK 2 messages",
    "C: RETR 1",
    "S: +OK 23 octets",
    "S: (a message of 23 octets)",
    "C: LIST",
    "S: +OK 2 messages (48 octets)",
    "S: 1 23",
    "S: 2 25",
    "S: .",
  ]);
});

Deno.test("pop3Server sends every content so that a client reads it back, closed with CRLF", () => {
  const content = fc.array(fc.constantFrom(...".\r\na"), { maxLength: 60 }).map((all) =>
    all.join("")
  );
  fc.assert(fc.property(content, (content) => {
    const { played } = talk(`${LOGIN}RETR 1\r\nQUIT\r\n`, { contents: [content] });
    const text = decodeLatin1(played.output);
    const start = text.indexOf("octets\r\n") + "octets\r\n".length;
    const read = dotUnstuffer().push(played.output.subarray(start));
    const closed = content === "" || content.endsWith("\r\n") ? content : `${content}\r\n`;
    assert.equal(decode(read.content), closed);
    assert.equal(text.slice(start + read.used), "+OK goodbye\r\n");
  }));
});

const PHRASES = [
  LOGIN,
  "USER alice\r\n",
  "PASS ",
  "AUTH PLAIN\r\n",
  "AGFsaWNlAHNlY3JldA==\r\n",
  "AUTH LOGIN\r\n",
  "*\r\n",
  "RETR 1\r\n",
  "RETR 2\r\n",
  "TOP 2 1\r\n",
  "DELE 1\r\n",
  "LIST\r\n",
  "UIDL 2\r\n",
  "RSET\r\n",
  "CAPA\r\n",
  "QUIT\r\n",
  "\r",
  "\n",
  "\0",
  "x".repeat(300),
];

Deno.test("pop3Server says the same wherever its input is cut", () => {
  const phrases = fc.array(fc.constantFrom(...PHRASES), { maxLength: 12 });
  const cuts = fc.infiniteStream(fc.integer({ min: 1, max: 40 }));
  fc.assert(fc.property(phrases, cuts, (phrases, cuts) => {
    const input = encode(phrases.join(""));
    const whole = play(serverSession(), [input], fakePop3());
    const chunks: Uint8Array[] = [];
    for (let at = 0; at < input.length;) {
      const { value } = cuts.next() as { value: number };
      chunks.push(input.subarray(at, at += value));
    }
    const cut = play(serverSession(), chunks, fakePop3());
    assert.equal(decode(cut.output), decode(whole.output));
    assert.equal(cut.ended, whole.ended);
  }));
});
