import assert from "$assert";
import * as check from "$check";
import { reply } from "../lib/smtp/reply.ts";
import { createRoom } from "../lib/wire/room.ts";
import { DISCARD_BYTES_MAX } from "../lib/wire/lines.ts";
import { concat, decodeLatin1 } from "../lib/wire/bytes.ts";
import { Interrupted } from "../lib/wire/session.ts";
import { TLS_HANDSHAKE_MS } from "../lib/wire/upgrade.ts";
import { play, type PlayOptions } from "./play.ts";
import {
  bytewise,
  cutAt,
  fakeSmtp,
  latin1,
  PASSWORD,
  serverSession,
  SMALL_LIMITS,
  talk,
} from "./smtp_support.ts";
import { parseTranscript, replay, replayOnSocket } from "./transcripts.ts";
import { FAKE_TLS, fakeIdentity } from "./fake_tls.ts";
import { TRANSCRIPTS } from "./transcripts/smtp.ts";
import { LMTP_TRANSCRIPTS } from "./transcripts/smtp_lmtp.ts";
import { XCLIENT_FORWARD, XCLIENT_TRANSCRIPTS } from "./transcripts/smtp_xclient.ts";
import { EXTENSION_TRANSCRIPTS } from "./transcripts/smtp_extensions.ts";
import {
  LOGIN_TRANSCRIPTS,
  PLAIN_TRANSCRIPTS,
  SUBMISSION_TRANSCRIPTS,
} from "./transcripts/smtp_login.ts";
import { CHUNKING_TRANSCRIPTS } from "./transcripts/smtp_chunking.ts";
import { ODD_TRANSCRIPTS } from "./transcripts/smtp_odd.ts";
import { HOLD_TRANSCRIPTS, TIMING_TRANSCRIPTS } from "./transcripts/smtp_timing.ts";
import { IMPLICIT_TRANSCRIPTS, TLS_TRANSCRIPTS } from "./transcripts/smtp_tls.ts";

const IDENTITY = fakeIdentity([{ certificate: "abc.com", key: "" }]);
const LOGIN = `AUTH PLAIN ${btoa(`\0alice\0${PASSWORD}`)}\r\n`;
const HELO = "HELO client.example\r\n";
const TO_DATA = `${HELO}MAIL FROM:<alice@abc.com>\r\nRCPT TO:<bob@xyz.com>\r\nDATA\r\n`;

for (
  const [transcripts, options] of [
    [TRANSCRIPTS, {}],
    [ODD_TRANSCRIPTS, {}],
    [{ ...EXTENSION_TRANSCRIPTS, ...TIMING_TRANSCRIPTS }, {}],
    [CHUNKING_TRANSCRIPTS, {}],
    [LOGIN_TRANSCRIPTS, {}],
    [XCLIENT_TRANSCRIPTS, { forward: XCLIENT_FORWARD }],
    [LMTP_TRANSCRIPTS, { service: "lmtp", pop3: false }],
    [PLAIN_TRANSCRIPTS, { plainAuth: false, pop3: false }],
    [{ ...SUBMISSION_TRANSCRIPTS, ...HOLD_TRANSCRIPTS }, { service: "submission" }],
    [TLS_TRANSCRIPTS, { plainAuth: false, identity: IDENTITY }],
    [IMPLICIT_TRANSCRIPTS, {
      plainAuth: false,
      identity: IDENTITY,
      tls: FAKE_TLS,
      service: "submission",
    }],
  ] as const
) {
  for (const [name, text] of Object.entries(transcripts)) {
    const transcript = parseTranscript(name, text);
    Deno.test(`smtpServer follows the transcript: ${name}`, async () => {
      const backends: ReturnType<typeof fakeSmtp>[] = [];
      const start = () => {
        const backend = fakeSmtp();
        backends.push(backend);
        return { session: serverSession(options), backend };
      };
      await replay(transcript, start);
      const played = await replayOnSocket(transcript, start);
      const playable = !["deadline", "shutdown", "lost"].includes(transcript.end) &&
        transcript.secured === null;
      assert.equal(played, playable);
      for (const backend of backends) {
        // XCLIENT opens another conversation in place of the one before.
        const { opened, closed } = backend.counts();
        assert.ok(opened >= 1);
        assert.equal(closed, opened);
      }
    });
  }
}

Deno.test("smtpServer ends without a word when the handshake fails, and gives it 30 s", () => {
  for (const end of ["close", "deadline"] as const) {
    const input = latin1("EHLO client.example\r\nSTARTTLS\r\n");
    const session = serverSession({ identity: IDENTITY });
    const played = play(session, [input], fakeSmtp(), { end });
    assert.match(decodeLatin1(played.output), /\r\n220 2\.0\.0 Begin with TLS\r\n$/);
    assert.deepEqual([played.outcome, played.ended], [{ next: "close" }, true]);
    assert.equal(played.deadlinesMs.at(-1), TLS_HANDSHAKE_MS);
  }
});

Deno.test("smtpServer tells the backend about TLS, and takes it along into POP3", () => {
  const backend = fakeSmtp();
  const secured = ["EHLO client.example\r\nMAIL FROM:<alice@abc.com>\r\nRSET\r\nXPOP3\r\nCAPA\r\n"];
  const { outcome } = play(
    serverSession({ identity: IDENTITY }),
    [latin1(`EHLO client.example\r\n${LOGIN}STARTTLS\r\n`)],
    backend,
    { secured: secured.map(latin1) },
  );
  assert.equal(outcome?.next === "pop3" && outcome.tls, FAKE_TLS);
  const [hello] = backend.hellos;
  // RFC 3207 §4.2: the login was said in clear, so it does not count.
  assert.deepEqual([hello?.tls, hello?.user], [FAKE_TLS, null]);
});

Deno.test("smtpServer hands over the envelope and the content as they came", () => {
  const { backend } = talk(
    "EHLO client.example\r\nAUTH PLAIN AGFsaWNlAGNvcnJlY3QgaG9yc2U=\r\n" +
      "MAIL FROM:<> BODY=8BITMIME\r\nRCPT TO:<@a.example:Bob@XYZ.com>\r\nRCPT TO:<Postmaster>\r\n" +
      "RCPT TO:<nobody@xyz.com>\r\nDATA\r\n..\r\n\0\xff\r\n.\r\n" +
      'MAIL FROM:<"a b"@abc.com>\r\nRCPT TO:<bob@xyz.com>\r\nDATA\r\n.\r\n',
  );
  assert.deepEqual(backend.messages, [
    {
      user: "alice@abc.com",
      from: "<>",
      to: ["Bob@xyz.com", "Postmaster"],
      body: "8BITMIME",
      content: ".\r\n\0\xff\r\n",
    },
    {
      user: "alice@abc.com",
      from: '"a b"@abc.com',
      to: ["bob@xyz.com"],
      body: "7BIT",
      content: "",
    },
  ]);
});

Deno.test("smtpServer says 452 where all conversations together hold too much, until one ends", () => {
  const room = createRoom(64 * 1024);
  const limits = { ...SMALL_LIMITS, messageBytesMax: 1024 * 1024 };
  const whole = (size: number) => `${TO_DATA}${`${"x".repeat(78)}\r\n`.repeat(size / 80)}.\r\n`;
  const last = (size: number) => talk(`${whole(size)}NOOP\r\n`, { limits, room }).lines.slice(-2);
  assert.match(last(40_000)[0]!, /^250 /);
  const [refusal, behind] = last(80_000);
  assert.match(refusal!, /^452 4\.3\.1 /);
  assert.match(behind!, /^250 /, "and the conversation goes on");
  assert.match(last(40_000)[0]!, /^250 /, "for what was refused holds nothing");

  // Another conversation is in the middle of its content, and then it is cut off.
  const other = room.hold();
  assert.ok(other.take(64 * 1024));
  assert.match(last(40_000)[0]!, /^452 /);
  assert.match(last(4_000)[0]!, /^250 /, "a small message needs no room");
  other.release();
  talk(whole(40_000).slice(0, -3), { limits, room });
  assert.match(last(40_000)[0]!, /^250 /, "what has broken off holds nothing either");
});

Deno.test("smtpServer answers a whole conversation that comes in one piece", () => {
  const whole = `${TO_DATA}Hello\r\n.\r\nMAIL FROM:<>\r\nRCPT TO:<bob@xyz.com>\r\nRSET\r\nQUIT\r\n`;
  const { lines, backend, played } = talk(whole);
  assert.deepEqual(
    lines.map((line) => line.slice(0, 3)).join(" "),
    "220 250 250 250 354 250 250 250 250 221",
  );
  assert.equal(backend.messages.length, 1);
  assert.ok(played.ended);
});

Deno.test("smtpServer asks once about recipients that wait, and again about those that come later", () => {
  const rcpt = "RCPT TO:<bob@xyz.com>\r\n";
  const limits = { ...SMALL_LIMITS, recipientsMax: 1000 };
  const start = `${HELO}MAIL FROM:<>\r\n`;
  assert.deepEqual(talk(start + rcpt.repeat(3), { limits }).backend.groups, [3]);
  assert.deepEqual(talk([start + rcpt.repeat(2), rcpt], { limits }).backend.groups, [2, 1]);
  assert.deepEqual(talk(`${start}${rcpt}NOOP\r\n${rcpt}`, { limits }).backend.groups, [1, 1]);
  assert.deepEqual(talk(start + rcpt.repeat(250), { limits }).backend.groups, [100, 100, 50]);
});

Deno.test("smtpServer gives POP3 what was pipelined behind XPOP3, wherever it was cut", () => {
  const input = latin1("EHLO client.example\r\nXPOP3\r\nUSER alice\r\nPASS x");
  for (let cut = 0; cut <= input.length; cut++) {
    const backend = fakeSmtp();
    const chunks = cutAt(input, [cut]);
    const { outcome, chunksRead } = play(serverSession(), chunks, backend);
    if (outcome?.next !== "pop3") throw new Error(`not handed over: ${outcome?.next}`);
    const waiting = outcome.queue.peek();
    const rest = concat([waiting, ...chunks.slice(chunksRead)]);
    assert.equal(decodeLatin1(rest), "USER alice\r\nPASS x");
    assert.equal(backend.counts().closed, 1);
  }
});

Deno.test("smtpServer lets none of the smuggled messages through", () => {
  const smuggled = "MAIL FROM:<evil@abc.com>\r\nRCPT TO:<bob@xyz.com>\r\nDATA\r\nevil\r\n";
  const ends = [
    "\n.\n",
    "\n.\r\n",
    "\r.\r",
    "\r.\r\n",
    "\r\n.\n",
    "\r\n.\r",
    "\r\n.\r\r\n",
    "\n\r\n.\n",
  ];
  const limits = { ...SMALL_LIMITS, messageBytesMax: 1000 };
  for (const end of ends) {
    const { backend, lines } = talk(`${TO_DATA}Hello${end}${smuggled}.\r\nNOOP\r\n`, { limits });
    assert.match(lines.at(-2)!, /^550 5\.6\.0 /, JSON.stringify(end));
    assert.equal(lines.at(-1), "250 2.0.0 OK");
    assert.equal(backend.counts().messageCalls, 0);
  }
  // NUL is content like any other byte: what it stands in is no end, and nothing is wrong with it.
  for (const end of ["\r\n\0.\r\n", "\r\n.\0\r\n", "\0\r\n.\0\r\n"]) {
    const { backend } = talk(`${TO_DATA}Hello${end}${smuggled}.\r\n`, { limits });
    assert.equal(backend.messages.length, 1);
    assert.match(backend.messages[0]!.content, /MAIL FROM:<evil@abc\.com>/);
  }
});

Deno.test("smtpServer refuses a message with a line that is too long, and goes on", () => {
  const limits = { ...SMALL_LIMITS, messageBytesMax: 5000 };
  const { lines, backend } = talk(`${TO_DATA}${"x".repeat(2000)}\r\n.\r\nNOOP\r\n`, { limits });
  assert.deepEqual(lines.slice(-2), [
    "550 5.6.0 The message has a line of over 1000 bytes",
    "250 2.0.0 OK",
  ]);
  assert.equal(backend.counts().messageCalls, 0);
});

Deno.test("smtpServer says 500 to 10 MB without CRLF once they end, and 421 when they never do", () => {
  const mebibyte = "x".repeat(1024 * 1024);
  const ended = talk([...Array.from({ length: 10 }, () => mebibyte), "\r\nNOOP\r\n"]);
  assert.deepEqual(ended.lines.slice(1), ["500 5.5.6 Line too long", "250 2.0.0 OK"]);
  const chunks = Array.from({ length: DISCARD_BYTES_MAX / mebibyte.length + 3 }, () => mebibyte);
  const endless = talk(chunks);
  assert.deepEqual(endless.lines.slice(1), ["421 4.7.0 Line without end, closing"]);
  assert.ok(endless.played.ended);
  const inAuth = talk(["EHLO x\r\nAUTH PLAIN\r\n", ...chunks]);
  assert.deepEqual(inAuth.lines.slice(-2), ["334 ", "421 4.7.0 Line without end, closing"]);
  assert.ok(inAuth.played.ended);
});

Deno.test("smtpServer slows errors down before it gives up, and failed logins from the first", () => {
  const errors = talk("x\r\n".repeat(20));
  assert.deepEqual(errors.played.pausesMs, Array(10).fill(1000));
  assert.equal(errors.lines.at(-1), "421 4.7.0 Too many errors, closing");
  const logins = talk(`EHLO x\r\n${"AUTH PLAIN AGFsaWNlAHdyb25n\r\n".repeat(3)}`);
  assert.deepEqual(logins.played.pausesMs, [1000, 2000, 4000]);
  assert.equal(logins.lines.at(-1), "421 4.7.0 Too many failed logins, closing");
});

Deno.test("smtpServer sets a deadline for each command, and for each block of content", () => {
  const limits = { ...SMALL_LIMITS, commandTimeoutMs: 11, blockTimeoutMs: 22 };
  const { played } = talk(`${TO_DATA}.\r\nNOOP\r\n`, { limits });
  assert.deepEqual(played.deadlinesMs, [11, ...[11, 11, 11, 11], 22, 11, 11]);
});

Deno.test("smtpServer closes its conversation once, and takes no message, wherever it is broken off", () => {
  const input = `${TO_DATA.replace("HELO", "EHLO")}Hello\r\n.\r\n`;
  const chunked = input.replace("DATA\r\nHello\r\n.", "BDAT 5\r\nHelloBDAT 2 LAST\r\n");
  const withLogin = "EHLO x\r\nAUTH LOGIN\r\nYWxpY2U=\r\n";
  const table = [[input, input.length], [chunked, chunked.length], [withLogin, Infinity]] as const;
  for (const [text, takenAt] of table) {
    for (let at = 0; at <= text.length; at++) {
      for (const end of ["close", "deadline", "shutdown", "lost"] as const) {
        const { backend, lines } = talk(text.slice(0, at), { end });
        const { opened, closed, messageCalls } = backend.counts();
        const expected = [1, 1, at < takenAt ? 0 : 1];
        assert.deepEqual([opened, closed, messageCalls], expected, `${end} at ${at}`);
        assert.equal(lines.at(-1)!.startsWith("421 4.4.2 "), end === "deadline");
        assert.equal(lines.at(-1)!.startsWith("421 4.3.2 "), end === "shutdown");
      }
    }
  }
});

Deno.test("smtpServer ends in peace when its last words are interrupted too", () => {
  const session = serverSession();
  const backend = fakeSmtp();
  let step = session.next();
  let interrupted = 0;
  while (!step.done) {
    const effect = step.value;
    if (effect.do === "call") {
      step = session.next(effect.run(backend, new AbortController().signal));
    } else if (effect.do === "write") {
      // The peer does not read: the greeting is not taken, and neither is the reply that says so.
      interrupted++;
      step = session.throw(new Interrupted("deadline"));
    } else step = session.next();
  }
  assert.equal(interrupted, 2);
  assert.deepEqual(step.value, { next: "close" });
  assert.equal(backend.counts().closed, 1);
});

Deno.test("smtpServer turns away whom the backend does not want", () => {
  const busy = talk("EHLO x\r\n", { open: reply(421, "4.7.0", "Too many connections") });
  assert.deepEqual(busy.lines, ["421 4.7.0 Too many connections"]);
  assert.ok(busy.played.ended);
  const broken = talk("EHLO x\r\n", { open: "throws" });
  assert.deepEqual(broken.lines, ["421 4.3.0 Local error, try again later"]);
  // RFC 5321 §3.1: behind 554 the client says QUIT, and hears 503 until then.
  const unwanted = { open: reply(554, "5.7.1", "No mail from there") };
  const { lines, played } = talk("EHLO x\r\nMAIL\n\r\nquit \r\nNOOP\r\n", unwanted);
  assert.deepEqual(lines, [
    "554 5.7.1 No mail from there",
    "503 5.5.1 Only QUIT is left to say",
    "503 5.5.1 Only QUIT is left to say",
    "503 5.5.1 Only QUIT is left to say",
    "221 2.0.0 abc.com says goodbye",
  ]);
  assert.ok(played.ended);
  const stubborn = talk("NOOP\r\n".repeat(30), unwanted);
  assert.equal(stubborn.lines.length, 1 + SMALL_LIMITS.errorsMax);
  assert.ok(stubborn.played.ended);
});

Deno.test("smtpServer counts refused recipients as errors, but not with who logged in", () => {
  const login = `AUTH PLAIN ${btoa(`\0alice\0${PASSWORD}`)}\r\n`;
  const grope = "MAIL FROM:<alice@abc.com>\r\n" + "RCPT TO:<nobody@b.example>\r\n".repeat(40);
  const stranger = talk(`EHLO x\r\n${grope}NOOP\r\n`);
  assert.equal(stranger.lines.at(-1), "421 4.7.0 Too many errors, closing");
  const user = talk(`EHLO x\r\n${login}${grope}NOOP\r\n`, { plainAuth: true });
  assert.equal(user.lines.filter((line) => line.startsWith("550 ")).length, 40);
  assert.equal(user.lines.at(-1), "250 2.0.0 OK");
});

Deno.test("smtpServer shows all that is said but what belongs to a login", () => {
  const tries = [
    "AUTH PLAIN AGFsaWNlAGNvcnJlY3QgaG9yc2U=",
    "AUTH LOGIN",
    "YWxpY2U=",
    "Y29ycmVjdCBob3JzZQ==",
    `AUTH PLAIN \0alice\0${PASSWORD}`,
    `AUTH\tPLAIN ${PASSWORD}`,
    `  auth plain ${PASSWORD}`,
    `AUTHPLAIN ${PASSWORD}`,
    `AUTH OWN ${PASSWORD}`,
    `AUTH PLAIN ${PASSWORD}`,
  ];
  for (const plainAuth of [true, false]) {
    const { played } = talk(`EHLO x\r\n${tries.reverse().join("\r\n")}\r\nNOOP\r\n`, {
      plainAuth,
      traced: true,
    });
    const shown = played.trace.map(([from, bytes]) => `${from} ${decodeLatin1(bytes)}`);
    assert.doesNotMatch(shown.join("\n"), /correct|YWxpY2U|AGFs|Y29ycmVj/);
    assert.doesNotMatch(shown.join(""), /[\r\n]/);
    assert.deepEqual(shown.slice(0, 2), ["self 220 abc.com ESMTP ready", "peer EHLO x"]);
    assert.ok(shown.includes("peer AUTH LOGIN ****"));
    assert.deepEqual(shown.slice(-2), ["peer NOOP", "self 250 2.0.0 OK"]);
  }
});

Deno.test("smtpServer shows mistyped commands, and the size of a message in its place", () => {
  const { played } = talk(`HELLO x\r\n${TO_DATA}Dear Bob\r\n.\r\n`, { traced: true });
  const shown = played.trace.map(([from, bytes]) => `${from} ${decodeLatin1(bytes)}`);
  assert.ok(shown.includes("peer HELLO x"));
  assert.ok(shown.includes("peer (10 bytes of message)"));
  assert.doesNotMatch(shown.join(), /Dear/);
});

Deno.test("smtpServer says the same to the same bytes, wherever they are cut", () => {
  const piece = check.constantFrom(
    "EHLO x\r\n",
    HELO,
    "MAIL FROM:<alice@abc.com>\r\n",
    "RCPT TO:<bob@xyz.com>\r\n",
    "RCPT TO:<nobody@xyz.com>\r\n",
    "RCPT TO:<>\r\n",
    "DATA\r\n",
    "Hello\r\n.\r\n",
    `${"x".repeat(120)}\r\n`,
    "RSET\r\n",
    "AUTH PLAIN AGFsaWNlAHdyb25n\r\n",
    "AUTH LOGIN\r\n",
    "YWxpY2U=\r\n",
    "BDAT 0\r\n",
    "BDAT 7\r\nHello\r\n",
    "BDAT 6 LAST\r\nDATA\r\n",
    "BDAT 120 LAST\r\n",
    "BDAT\r\n",
    "NOOP\n",
    "XPOP3\r\n",
    "x\r\n".repeat(8),
  );
  const input = check.array(piece, { maxLength: 40 }).map((pieces) => pieces.join(""));
  const end = check.constantFrom<NonNullable<PlayOptions["end"]>>("close", "deadline", "shutdown");
  check.assert(check.property(input, check.array(check.nat(3000)), end, (text, cuts, end) => {
    const bytes = latin1(text);
    const said = [[bytes], bytewise(bytes), cutAt(bytes, cuts)].map((chunks) => {
      const backend = fakeSmtp();
      const { output } = play(serverSession(), chunks, backend, { end });
      return { output: decodeLatin1(output), messages: backend.messages };
    });
    assert.deepEqual(said[1], said[0]);
    assert.deepEqual(said[2], said[0]);
  }));
});
