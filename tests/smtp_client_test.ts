import assert from "$assert";
import { type SmtpJob, switchToPop3 } from "../lib/smtp/client.ts";
import type { SwitchEnd } from "../lib/smtp/client_tls.ts";
import { NO_EXTENSIONS } from "../lib/smtp/ehlo.ts";
import { ByteQueue, decodeLatin1 } from "../lib/wire/bytes.ts";
import type { Session } from "../lib/wire/session.ts";
import { IN_CLEAR } from "../lib/wire/upgrade.ts";
import { play } from "./play.ts";
import {
  BYE,
  clientSession,
  EHLO,
  envelopeOf,
  type FakeJobs,
  fakeJobs,
  GO_AHEAD,
  GREETING,
  hear,
  PLAIN_EHLO,
  RECIPIENT_OK,
  SCRIPT,
  SENDER_OK,
  sendJob,
  TAKEN,
  verifyJob,
} from "./smtp_client_support.ts";
import { latin1 } from "./smtp_support.ts";

/** What the client says before each reply of the script. */
function turns(script: readonly string[], ...jobs: readonly SmtpJob[]): readonly string[] {
  const session = clientSession();
  const backend = fakeJobs(...jobs);
  const said: string[] = [];
  let turn = "";
  let step = session.next();
  while (!step.done) {
    const effect = step.value;
    if (effect.do === "call") {
      step = session.next(effect.run(backend, new AbortController().signal));
    } else if (effect.do === "read") {
      said.push(turn);
      turn = "";
      const reply = script[said.length - 1];
      step = session.next(reply === undefined ? null : latin1(reply));
    } else {
      if (effect.do === "write") turn += decodeLatin1(effect.bytes);
      step = session.next();
    }
  }
  return said;
}

Deno.test("smtpClient sends a message in one group where the server pipelines", () => {
  assert.deepEqual(
    turns([GREETING, EHLO, SCRIPT.slice(0, 3).join(""), ...SCRIPT.slice(3)], sendJob()),
    [
      "",
      "EHLO client.example\r\n",
      "MAIL FROM:<alice@abc.com> SIZE=7\r\nRCPT TO:<bob@xyz.com>\r\nRCPT TO:<carol@xyz.com>\r\n",
      "DATA\r\n",
      "Hello\r\n.\r\n",
      "QUIT\r\n",
    ],
  );
});

Deno.test("smtpClient waits for each reply where the server does not pipeline", () => {
  assert.deepEqual(turns([GREETING, PLAIN_EHLO, ...SCRIPT], sendJob()), [
    "",
    "EHLO client.example\r\n",
    "MAIL FROM:<alice@abc.com>\r\n",
    "RCPT TO:<bob@xyz.com>\r\n",
    "RCPT TO:<carol@xyz.com>\r\n",
    "DATA\r\n",
    "Hello\r\n.\r\n",
    "QUIT\r\n",
  ]);
});

Deno.test("smtpClient sends so many commands at once that their replies find room", () => {
  const locals = Array.from({ length: 250 }, (_, at) => `user${at}`);
  const replies = [
    SENDER_OK + RECIPIENT_OK.repeat(99),
    RECIPIENT_OK.repeat(100),
    RECIPIENT_OK.repeat(51),
  ];
  const said = turns(
    [GREETING, EHLO, ...replies, GO_AHEAD, TAKEN, BYE],
    sendJob("x\r\n", ...locals),
  );
  const lines = said.map((turn) => turn.split("\r\n").length - 1);
  assert.deepEqual(lines, [0, 1, 100, 100, 51, 1, 2, 1]);
});

Deno.test("smtpClient stuffs dots, closes the last line, and sends an empty message", () => {
  const table: readonly (readonly [content: string, wire: string])[] = [
    ["", ".\r\n"],
    [".\r\n..\r\na.\r\n", "..\r\n...\r\na.\r\n.\r\n"],
    ["no end", "no end\r\n.\r\n"],
    [`${"x".repeat(65_534)}\r\n.${"y".repeat(65_533)}\r\n.`, ""],
  ];
  for (const [content, wire] of table) {
    const said = turns([GREETING, PLAIN_EHLO, ...SCRIPT], sendJob(content));
    const stuffed = content.replace(/^\./gm, "..");
    assert.equal(said[6], wire === "" ? `${stuffed}\r\n.\r\n` : wire);
  }
});

Deno.test("smtpClient says BODY and SIZE where they are offered", () => {
  const job = { ...sendJob("\xff\r\n"), envelope: { sender: null, body: "8BITMIME" } } as SmtpJob;
  const { said } = hear([GREETING, EHLO, ...SCRIPT], [job]);
  assert.equal(said[1], "MAIL FROM:<> SIZE=3 BODY=8BITMIME");
  const plain = { ...sendJob("a\r\n"), envelope: { sender: null, body: "8BITMIME" } } as SmtpJob;
  assert.equal(hear([GREETING, PLAIN_EHLO, ...SCRIPT], [plain]).said[1], "MAIL FROM:<>");
});

Deno.test("smtpClient reads greetings and replies of many lines, with and without enhanced codes", () => {
  const script = [
    "220-Welcome\r\n220-to\r\n220 mx\r\n",
    EHLO,
    "250\r\n",
    "250-2.1.5 yes\r\n250 2.1.5 indeed\r\n",
    "251 will forward\r\n",
    "354\r\n",
    "250-queued\r\n250 as 42\r\n",
    BYE,
  ];
  const { end, results } = hear(script, [sendJob()]);
  assert.deepEqual(end, { end: "done" });
  assert.deepEqual(results, [[
    "bob@xyz.com: delivered at data, 250 queued / as 42",
    "carol@xyz.com: delivered at data, 250 queued / as 42",
  ]]);
});

Deno.test("smtpClient falls back to HELO where EHLO is not known", () => {
  for (const refusal of ["500 what?\r\n", "502 5.5.1 no\r\n", "550 hm\r\n"]) {
    const { said, end, backend } = hear([GREETING, refusal, "250 mx\r\n", ...SCRIPT], [sendJob()]);
    assert.deepEqual(said.slice(0, 3), [
      "EHLO client.example",
      "HELO client.example",
      "MAIL FROM:<alice@abc.com>",
    ]);
    assert.deepEqual(end, { end: "done" });
    assert.deepEqual(backend.offered(), NO_EXTENSIONS);
  }
});

Deno.test("smtpClient takes no job from a server that refuses it, and takes its leave", () => {
  const table: readonly (readonly [script: readonly string[], at: string, code: number])[] = [
    [["554 5.7.1 no\r\n", BYE], "greeting", 554],
    [["421 4.3.2 later\r\n"], "greeting", 421],
    [[GREETING, "421 4.3.2 later\r\n"], "hello", 421],
    [[GREETING, "450 4.7.1 later\r\n", BYE], "hello", 450],
    [[GREETING, "500 what?\r\n", "550 5.7.1 no\r\n", BYE], "hello", 550],
  ];
  for (const [script, at, code] of table) {
    const { end, said, backend } = hear(script, [sendJob()]);
    assert.ok(end.end === "refused");
    assert.deepEqual({ at: "at" in end && end.at, code: "reply" in end && end.reply.code }, {
      at,
      code,
    });
    assert.equal(said.at(-1), "QUIT");
    assert.equal(backend.taken(), 0);
    assert.equal(backend.offered(), null);
  }
});

Deno.test("smtpClient sends to those who are taken, and says what became of the others", () => {
  const refusal = "550 5.1.1 No such user\r\n";
  for (const ehlo of [EHLO, PLAIN_EHLO]) {
    const { results, said } = hear(
      [
        GREETING,
        ehlo,
        SENDER_OK,
        RECIPIENT_OK,
        refusal,
        "450 4.2.1 later\r\n",
        GO_AHEAD,
        TAKEN,
        BYE,
      ],
      [sendJob("Hello\r\n", "bob", "nobody", "later")],
    );
    assert.deepEqual(results, [[
      "bob@xyz.com: delivered at data, 250 2.0.0 Taken",
      "nobody@xyz.com: refused at rcpt, 550 5.1.1 No such user",
      "later@xyz.com: deferred at rcpt, 450 4.2.1 later",
    ]]);
    assert.ok(said.includes("Hello"));
  }
});

Deno.test("smtpClient sends nothing when all are refused, or one is and all or nothing was asked", () => {
  const refusal = "550 5.1.1 No such user\r\n";
  const none = hear([GREETING, EHLO, SENDER_OK, refusal, refusal, TAKEN, BYE], [sendJob()]);
  assert.deepEqual(none.said.slice(-2), ["RSET", "QUIT"]);
  const all = { ...sendJob(), allOrNothing: true } as SmtpJob;
  const one = hear([GREETING, EHLO, SENDER_OK, RECIPIENT_OK, refusal, TAKEN, BYE], [all]);
  assert.deepEqual(one.said.slice(-2), ["RSET", "QUIT"]);
  assert.deepEqual(one.results, [[
    "bob@xyz.com: deferred at rcpt, 250 2.1.5 Recipient OK",
    "carol@xyz.com: refused at rcpt, 550 5.1.1 No such user",
  ]]);
});

Deno.test("smtpClient says that it was the sender who was refused, whatever RCPT was answered", () => {
  const table = [["553 5.1.8 no\r\n", "refused"], ["451 4.7.1 no\r\n", "deferred"]] as const;
  for (const [refusal, result] of table) {
    const pipelined = "503 5.5.1 MAIL first\r\n".repeat(2);
    const withGroup = hear([GREETING, EHLO, refusal, pipelined, TAKEN, BYE], [sendJob()]);
    const oneByOne = hear([GREETING, PLAIN_EHLO, refusal, TAKEN, BYE], [sendJob()]);
    const words = refusal.trimEnd();
    for (const { results, end } of [withGroup, oneByOne]) {
      assert.deepEqual(end, { end: "done" });
      assert.deepEqual(results, [[
        `bob@xyz.com: ${result} at mail, ${words}`,
        `carol@xyz.com: ${result} at mail, ${words}`,
      ]]);
    }
  }
});

Deno.test("smtpClient says what was said to DATA and to the message", () => {
  const start = [GREETING, EHLO, ...SCRIPT.slice(0, 3)];
  const table: readonly (readonly [replies: readonly string[], result: string])[] = [
    [["554 5.5.1 no\r\n", TAKEN, BYE], "refused at data, 554 5.5.1 no"],
    [["450 4.5.1 no\r\n", TAKEN, BYE], "deferred at data, 450 4.5.1 no"],
    [["250 2.0.0 what?\r\n", TAKEN, BYE], "deferred at data, 250 2.0.0 what?"],
    [[GO_AHEAD, "550 5.7.1 spam\r\n", BYE], "refused at data, 550 5.7.1 spam"],
    [[GO_AHEAD, "452 4.3.1 full\r\n", BYE], "deferred at data, 452 4.3.1 full"],
    [[GO_AHEAD, "354 more\r\n", BYE], "deferred at data, 354 more"],
  ];
  for (const [replies, result] of table) {
    const { results, end, said } = hear([...start, ...replies], [sendJob()]);
    assert.deepEqual(end, { end: "done" });
    // Whoever refuses DATA may still think that the transaction is open.
    assert.equal(said.includes("RSET"), !replies.includes(GO_AHEAD));
    assert.deepEqual(results, [[`bob@xyz.com: ${result}`, `carol@xyz.com: ${result}`]]);
  }
});

Deno.test("smtpClient does not offer what the server said that it will not take", () => {
  const large = hear([GREETING, EHLO, BYE], [sendJob("x".repeat(1001))]);
  assert.deepEqual(large.said, ["EHLO client.example", "QUIT"]);
  const words = "refused at hello, 552 5.3.4 The next server takes at most 1000 bytes";
  assert.deepEqual(large.results, [[`bob@xyz.com: ${words}`, `carol@xyz.com: ${words}`]]);
  const asked = hear([GREETING, EHLO, BYE], [verifyJob(1001, "bob")]);
  assert.deepEqual(asked.results, [[`bob@xyz.com: ${words}`]]);
  const eightBit = hear([GREETING, PLAIN_EHLO, BYE], [
    sendJob(`${"x".repeat(70_000)}\xe4\r\n`, "bob"),
  ]);
  assert.deepEqual(eightBit.said, ["EHLO client.example", "QUIT"]);
  assert.deepEqual(eightBit.results, [[
    "bob@xyz.com: refused at hello, 554 5.6.3 The next server takes no 8-bit content",
  ]]);
});

Deno.test("smtpClient asks about recipients and sends nothing", () => {
  const replies = [SENDER_OK, RECIPIENT_OK, "550 5.1.1 no\r\n", TAKEN, BYE];
  for (const ehlo of [EHLO, PLAIN_EHLO]) {
    const { said, results } = hear([GREETING, ehlo, ...replies], [
      verifyJob(null, "bob", "nobody"),
    ]);
    assert.deepEqual(said.slice(1), [
      "MAIL FROM:<alice@abc.com>",
      "RCPT TO:<bob@xyz.com>",
      "RCPT TO:<nobody@xyz.com>",
      "RSET",
      "QUIT",
    ]);
    assert.deepEqual(results, [[
      "bob@xyz.com: delivered at rcpt, 250 2.1.5 Recipient OK",
      "nobody@xyz.com: refused at rcpt, 550 5.1.1 no",
    ]]);
  }
});

Deno.test("smtpClient does one job after the other on one connection", () => {
  const { end, results, backend } = hear(
    [GREETING, EHLO, SENDER_OK, RECIPIENT_OK, TAKEN, ...SCRIPT],
    [verifyJob(7, "bob"), sendJob()],
  );
  assert.deepEqual(end, { end: "done" });
  assert.deepEqual(results.map((each) => each.length), [1, 2]);
  assert.equal(backend.offered()?.size?.bytesMax, 1000);
});

Deno.test("smtpClient goes when it hears 421, and nobody waits for nothing", () => {
  const closing = "421 4.3.2 closing\r\n";
  for (const ehlo of [EHLO, PLAIN_EHLO]) {
    for (let at = 0; at < SCRIPT.length; at++) {
      const script = [GREETING, ehlo, ...SCRIPT.slice(0, at), closing];
      const { results, backend, end } = hear(script, [sendJob(), sendJob()]);
      // Behind QUIT or the last job nothing hangs on the reply.
      const delivered = at === SCRIPT.length - 1;
      assert.deepEqual(results[0]!.map((each) => / (\w+) at/.exec(each)![1]), [
        delivered ? "delivered" : "deferred",
        delivered ? "delivered" : "deferred",
      ]);
      assert.equal(backend.taken(), delivered ? 2 : 1, `${ehlo} ${at}`);
      const lost = end.end === "lost" && end.reason === "closed";
      assert.ok(lost || end.end === "done", `${at}`);
      assert.ok(results[0]!.some((each) => each.includes("421")) || delivered);
    }
  }
});

Deno.test("smtpClient says `unknown` where the connection dies behind the dot, else `deferred`", () => {
  for (const ehlo of [EHLO, PLAIN_EHLO]) {
    const script = [GREETING, ehlo, ...SCRIPT].join("");
    const lengthTo = (reply: string) => script.indexOf(reply) + reply.length;
    const [begun, behindDot, taken] = [ehlo, GO_AHEAD, TAKEN].map(lengthTo);
    for (let at = 0; at < script.length; at++) {
      for (const end of ["close", "deadline", "lost", "shutdown"] as const) {
        const { results, end: outcome } = hear([script.slice(0, at)], [sendJob()], { end });
        const result = at >= taken! ? "delivered" : at >= behindDot! ? "unknown" : "deferred";
        const words = results[0]?.map((each) => / (\w+) at/.exec(each)![1]);
        assert.deepEqual(words, at < begun! ? undefined : [result, result], `${end} at ${at}`);
        const reason = end === "close" ? "closed" : end;
        assert.deepEqual(outcome, at >= taken! ? { end: "done" } : { end: "lost", reason });
      }
    }
  }
});

Deno.test("smtpClient gives up on a server that does not speak SMTP", () => {
  const good = [GREETING, EHLO, ...SCRIPT];
  for (
    const odd of [
      "+OK POP3 ready\r\n",
      "250-a\r\n251 b\r\n",
      "250 a\n",
      "\r\n",
      `${"x".repeat(5000)}\r\n`,
    ]
  ) {
    for (let at = 0; at < good.length - 1; at++) {
      const { end, results } = hear([...good.slice(0, at), odd], [sendJob()]);
      assert.equal(end.end, "protocol", `${odd} at ${at}`);
      const result = at === 6 ? "unknown" : "deferred";
      assert.deepEqual(results.flat().every((each) => each.includes(`: ${result} at`)), true);
      assert.equal(results.length, at < 2 ? 0 : 1);
    }
  }
});

Deno.test("smtpClient sets each of RFC 5321's timeouts where it belongs", () => {
  const timeouts = { greetingMs: 1, commandMs: 2, dataMs: 3, blockMs: 4, finalMs: 5 };
  const job = sendJob("x".repeat(100_000), "bob");
  const script = [GREETING, PLAIN_EHLO, SENDER_OK, RECIPIENT_OK, GO_AHEAD, TAKEN, BYE];
  const { played } = hear(script, [job], { timeouts });
  assert.deepEqual(played.deadlinesMs, [1, 2, 2, 2, 3, 4, 4, 5, 2]);
});

Deno.test("smtpClient reports a job whose content cannot be read, and lets the error through", () => {
  const content = {
    size: 10,
    slice() {
      throw new Error("the disk is gone");
    },
  };
  const backend = fakeJobs({ do: "send", content, ...envelopeOf("bob") });
  const heard = [GREETING, EHLO, SENDER_OK, RECIPIENT_OK, GO_AHEAD].map(latin1);
  assert.throws(() => play(clientSession(), heard, backend), /the disk is gone/);
  assert.deepEqual(backend.results, [["bob@xyz.com: deferred at rcpt, 250 2.1.5 Recipient OK"]]);
});

Deno.test("switchToPop3 asks for it where it is offered, and quits where it is not", () => {
  const offer = "250-mx\r\n250 XPOP3\r\n";
  const table: readonly (readonly [readonly string[], said: string, SwitchEnd["end"]])[] = [
    [[offer, "220 2.0.0 follows\r\n+OK ready\r\n"], "XPOP3", "pop3"],
    [[offer, "503 5.5.1 no\r\n", BYE], "XPOP3 QUIT", "smtpOnly"],
    [[EHLO, BYE], "QUIT", "smtpOnly"],
    [["500 what?\r\n", "250 mx\r\n", BYE], "HELO client.example QUIT", "smtpOnly"],
  ];
  for (const [script, said, outcome] of table) {
    const queue = new ByteQueue();
    const played = play(switching(queue), script.map(latin1), fakeJobs());
    assert.equal(played.outcome?.end, outcome);
    const lines = decodeLatin1(played.output).split("\r\n").slice(1, -1);
    assert.equal(lines.join(" "), said);
    assert.equal(decodeLatin1(queue.peek()), outcome === "pop3" ? "+OK ready\r\n" : "");
  }
});

function* switching(queue: ByteQueue): Session<FakeJobs, SwitchEnd> {
  const timeouts = { greetingMs: 1, commandMs: 2, dataMs: 3, blockMs: 4, finalMs: 5 };
  return yield* switchToPop3<FakeJobs>(queue, null, {
    helloName: "client.example",
    login: null,
    tls: IN_CLEAR,
    timeouts,
  });
}
