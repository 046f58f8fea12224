/** What the SMTP client makes of CHUNKING, of LIMITS, and of a server without 8BITMIME. */
import assert from "$assert";
import type { SmtpJob } from "../lib/smtp/client.ts";
import { join } from "./join.ts";
import {
  BYE,
  clientSession,
  EHLO,
  fakeJobs,
  GO_AHEAD,
  GREETING,
  hear,
  RECIPIENT_OK,
  SENDER_OK,
  sendJob,
  TAKEN,
  verifyJob,
} from "./smtp_client_support.ts";
import { fakeSmtp, serverSession, SMALL_LIMITS } from "./smtp_support.ts";

const CHUNKING = "250-mx\r\n250-8BITMIME\r\n250 CHUNKING\r\n";
const ONE = [SENDER_OK, RECIPIENT_OK];

function eightBit(content: string, ...locals: readonly string[]): SmtpJob {
  const job = sendJob(content, ...locals);
  return { ...job, envelope: { ...job.envelope, body: "8BITMIME" } };
}

Deno.test("8-bit content goes by BDAT where that is offered, with no reply in between", () => {
  const table: readonly (readonly [content: string, wire: string])[] = [
    [".\xff\r\n", "BDAT 4 LAST\r\n.\xff\r\n"],
    ["", "BDAT 0 LAST\r\n"],
    // RFC 5321 §4.1.1.4: as behind DATA, the last line gets its end.
    ["\xff", "BDAT 3 LAST\r\n\xff\r\n"],
    [`${"x".repeat(70_000)}\xff\r\n`, `BDAT 70003 LAST\r\n${"x".repeat(70_000)}\xff\r\n`],
  ];
  for (const [content, wire] of table) {
    const { said, results } = hear([GREETING, CHUNKING, ...ONE, TAKEN, BYE], [
      eightBit(content, "bob"),
    ]);
    const behindRcpt = said.slice(3).join("\r\n");
    assert.equal(behindRcpt, `${wire}QUIT`);
    assert.deepEqual(results, [["bob@xyz.com: delivered at data, 250 2.0.0 Taken"]]);
  }
});

Deno.test("plain content goes by DATA, and all of it where 8-bit is not offered with BDAT", () => {
  const plain = hear([GREETING, CHUNKING, ...ONE, GO_AHEAD, TAKEN], [sendJob("Hi\r\n", "bob")]);
  assert.equal(plain.said[3], "DATA");
  const only = "250-mx\r\n250 CHUNKING\r\n";
  const converted = hear([GREETING, only, ...ONE, GO_AHEAD, TAKEN], [
    eightBit("Subject: x\r\n\r\nsome text: \xe4\r\n", "bob"),
  ]);
  assert.equal(converted.said[3], "DATA");
});

Deno.test("no chunk is sent before all recipients are known, nor when none is taken", () => {
  const refused = "550 5.1.1 no\r\n";
  const { said } = hear([GREETING, CHUNKING, SENDER_OK, refused, TAKEN, BYE], [
    eightBit("\xff\r\n", "bob"),
  ]);
  assert.deepEqual(said.slice(2), ["RCPT TO:<bob@xyz.com>", "RSET", "QUIT"]);
});

Deno.test("a chunk that is refused is followed by RSET, and the next message goes", () => {
  const refused = "552 5.3.4 too large\r\n";
  const { said, results } = hear(
    [GREETING, CHUNKING, ...ONE, refused, TAKEN, ...ONE, GO_AHEAD, TAKEN, BYE],
    [eightBit("\xff\r\n", "bob"), eightBit("\xfe\r\n", "bob")],
  );
  assert.deepEqual(said.slice(3, 6), ["BDAT 3 LAST", "\xff", "RSET"]);
  assert.deepEqual(results, [
    ["bob@xyz.com: refused at data, 552 5.3.4 too large"],
    ["bob@xyz.com: delivered at data, 250 2.0.0 Taken"],
  ]);
});

Deno.test("a connection that dies behind the last octet leaves it unknown", () => {
  const { results } = hear([GREETING, CHUNKING, ...ONE], [eightBit("\xff\r\n", "bob")]);
  assert.deepEqual(results, [["bob@xyz.com: unknown at data, no reply"]]);
});

Deno.test("content is converted for a server without 8BITMIME, and its new size is what counts", () => {
  const ehlo = "250-mx\r\n250 SIZE 200\r\n";
  const text = `Subject: x\r\n\r\n${"plain text ".repeat(5)}\xe4\r\n`;
  const { said } = hear([GREETING, ehlo, ...ONE, GO_AHEAD, TAKEN, BYE], [eightBit(text, "bob")]);
  const sent = said.slice(4, said.indexOf("."));
  assert.equal(said[1], `MAIL FROM:<alice@abc.com> SIZE=${sent.join("\r\n").length + 2}`);
  assert.ok(sent.at(-1)!.endsWith("plain text =E4"));
  const large = `Subject: x\r\n\r\n${"plain text \xe4".repeat(10)}\r\n`;
  assert.deepEqual(
    hear([GREETING, ehlo, BYE], [eightBit(large, "bob")]).results,
    [["bob@xyz.com: refused at hello, 552 5.3.4 The next server takes at most 200 bytes"]],
  );
});

const LIMITS = "250-mx\r\n250-PIPELINING\r\n250 LIMITS RCPTMAX=2 MAILMAX=3 RCPTDOMAINMAX=1\r\n";

Deno.test("more recipients than RCPTMAX go in several transactions", () => {
  const two = [SENDER_OK, RECIPIENT_OK, RECIPIENT_OK, GO_AHEAD, TAKEN];
  const { said, results } = hear(
    [GREETING, LIMITS, ...two, ...ONE, GO_AHEAD, "450 4.3.0 full\r\n", BYE],
    [sendJob("a\r\n", "bob", "carol", "dave")],
  );
  assert.equal(said.filter((line) => line.startsWith("MAIL ")).length, 2);
  assert.deepEqual(results, [[
    "bob@xyz.com: delivered at data, 250 2.0.0 Taken",
    "carol@xyz.com: delivered at data, 250 2.0.0 Taken",
    "dave@xyz.com: deferred at data, 450 4.3.0 full",
  ]]);
});

Deno.test("MAILMAX ends the connection before the next job, and leaves out whom it does not hold", () => {
  const group = [SENDER_OK, RECIPIENT_OK, RECIPIENT_OK, TAKEN];
  const names = ["a", "b", "c", "d", "e", "f", "g"];
  const { said, results, backend, end } = hear(
    [GREETING, LIMITS, ...group, ...group, ...group, BYE],
    [verifyJob(null, ...names), verifyJob(null, "bob")],
  );
  assert.deepEqual(end, { end: "done" });
  assert.equal(said.at(-1), "QUIT");
  assert.equal(backend.taken(), 1);
  const left = "452 4.5.3 The server's limits leave no place on this connection";
  assert.deepEqual(results[0]!.slice(5), [
    "f@xyz.com: delivered at rcpt, 250 2.1.5 Recipient OK",
    `g@xyz.com: deferred at hello, ${left}`,
  ]);
});

Deno.test("RCPTDOMAINMAX counts the domains of the whole connection", () => {
  const elsewhere = { address: { local: "eve", domain: "other.test" } };
  const both = verifyJob(null, "bob");
  const { said, results } = hear(
    [GREETING, LIMITS, ...ONE, TAKEN, BYE],
    [
      { ...both, recipients: [...both.recipients, elsewhere] },
      { ...both, recipients: [elsewhere] },
    ],
  );
  assert.deepEqual(said.slice(1), [
    "MAIL FROM:<alice@abc.com>",
    "RCPT TO:<bob@xyz.com>",
    "RSET",
    "QUIT",
  ]);
  assert.deepEqual(results.map((each) => each.map((text) => text.slice(0, 30))), [
    ["bob@xyz.com: delivered at rcpt", "eve@other.test: deferred at he"],
    ["eve@other.test: deferred at he"],
  ]);
});

Deno.test("all or nothing: every group is asked before the first is sent to", () => {
  const job = { ...sendJob("a\r\n", "bob", "carol", "dave"), allOrNothing: true } as SmtpJob;
  const ehlo = "250-mx\r\n250-PIPELINING\r\n250 LIMITS RCPTMAX=2\r\n";
  const pair = [SENDER_OK, RECIPIENT_OK, RECIPIENT_OK];
  const asked = [...pair, TAKEN, ...ONE, TAKEN];
  const all = hear([GREETING, ehlo, ...asked, ...pair, GO_AHEAD, TAKEN, ...ONE, GO_AHEAD, TAKEN], [
    job,
  ]);
  assert.deepEqual(all.results[0]!.map((text) => text.includes("delivered at data")), [
    true,
    true,
    true,
  ]);
  const refused = [...pair, TAKEN, SENDER_OK, "550 5.1.1 no\r\n", TAKEN, BYE];
  const none = hear([GREETING, ehlo, ...refused], [job]);
  assert.ok(!none.said.includes("DATA"));
  assert.deepEqual(none.results[0]!.map((text) => text.split(",")[0]), [
    "bob@xyz.com: deferred at rcpt",
    "carol@xyz.com: deferred at rcpt",
    "dave@xyz.com: refused at rcpt",
  ]);
  const tight = hear([GREETING, LIMITS, BYE], [job]);
  assert.deepEqual(tight.said, ["EHLO client.example", "QUIT"]);
});

Deno.test("client and server agree about BDAT and about LIMITS", () => {
  const backend = fakeSmtp();
  const jobs = fakeJobs(
    eightBit("\xff\r\n.\r\n..\r\n", "a", "b", "c", "d"),
    eightBit("bare\n\xff", "bob"),
    eightBit(`${"x".repeat(300)}\xff\r\n`, "bob"),
    sendJob("a\r\n", "bob"),
  );
  const limits = { ...SMALL_LIMITS, mailsMax: 4 };
  const { client, server } = join(
    { session: clientSession(), backend: jobs },
    { session: serverSession({ limits }), backend },
    [1, 17, 5],
  );
  assert.deepEqual([client, server], [{ end: "done" }, { next: "close" }]);
  assert.deepEqual(backend.messages.map(({ to, content }) => [to.length, content]), [
    [3, "\xff\r\n.\r\n..\r\n"],
    [1, "\xff\r\n.\r\n..\r\n"],
    [1, "a\r\n"],
  ]);
  assert.deepEqual(jobs.results.slice(1).flat(), [
    "bob@xyz.com: refused at data, 550 5.6.0 The message has a bare LF; lines end with CRLF",
    "bob@xyz.com: refused at hello, 552 5.3.4 The next server takes at most 200 bytes",
    "bob@xyz.com: delivered at data, 250 2.0.0 Taken, 3 bytes",
  ]);
});

Deno.test("a server that does not know the BDAT it offers is left, and nothing is refused", () => {
  const unknown = "500 5.5.1 Unknown command\r\n";
  const jobs = [eightBit("\xff\r\n", "bob"), sendJob("Hi\r\n", "bob")];
  const { said, results, end } = hear([GREETING, CHUNKING, ...ONE, unknown, unknown], jobs);
  assert.deepEqual(said.slice(-2), ["BDAT 3 LAST", "\xff"], "not a word more");
  assert.deepEqual(end, { end: "noChunking" });
  assert.deepEqual(results, [["bob@xyz.com: deferred at data, 500 5.5.1 Unknown command"]]);
  const limited = CHUNKING.replace("8BITMIME", "8BITMIME\r\n250-LIMITS RCPTMAX=1");
  const groups = hear([GREETING, limited, ...ONE, unknown], [eightBit("\xff\r\n", "bob", "carol")]);
  assert.deepEqual([groups.said.at(-1), groups.end], ["\xff", { end: "noChunking" }]);
  const again = hear([GREETING, CHUNKING, ...ONE, GO_AHEAD, TAKEN, BYE], jobs.slice(0, 1), {
    withoutChunking: true,
  });
  assert.equal(again.said[3], "DATA");
});

Deno.test("LMTP: LHLO, and one reply for each recipient", () => {
  const lmtp = { protocol: "lmtp" } as const;
  const full = "452 4.2.2 Full\r\n";
  const three = [SENDER_OK, RECIPIENT_OK, "550 5.1.1 No\r\n", RECIPIENT_OK, GO_AHEAD];
  const job = sendJob("Hi\r\n", "bob", "nobody", "carol");
  const { said, results, end } = hear([GREETING, EHLO, ...three, TAKEN, full, BYE], [job], lmtp);
  assert.equal(said[0], "LHLO client.example");
  assert.deepEqual(end, { end: "done" });
  assert.deepEqual(results, [[
    "bob@xyz.com: delivered at data, 250 2.0.0 Taken",
    "nobody@xyz.com: refused at rcpt, 550 5.1.1 No",
    "carol@xyz.com: deferred at data, 452 4.2.2 Full",
  ]]);
  // RFC 2033 §5: the rest is put off when the connection ends between the replies.
  const half = hear([GREETING, EHLO, ...three, TAKEN], [job], lmtp);
  assert.deepEqual(half.results[0]!.slice(2), ["carol@xyz.com: deferred at data, no reply"]);
  // What is no LMTP is not asked again as SMTP.
  const smtp = hear([GREETING, "500 5.5.1 What?\r\n", BYE], [job], lmtp);
  assert.deepEqual(smtp.said, ["LHLO client.example", "QUIT"]);
});

Deno.test("the conversation ends behind the stage that it should end behind", () => {
  const script = [GREETING, EHLO, SENDER_OK, RECIPIENT_OK, GO_AHEAD, TAKEN];
  const table = [
    ["connect", 0],
    ["hello", 1],
    // There is none, and no login either.
    ["tls", 1],
    ["auth", 1],
    ["mail", 2],
    ["rcpt", 3],
    ["data", 4],
    ["dot", 6],
  ] as const;
  for (const [stage, lines] of table) {
    for (const how of ["quit", "drop"] as const) {
      const stop = { stage, how };
      const { said, end } = hear([...script, BYE], [sendJob("Hi\r\n", "bob")], {
        stopAfter: stop,
      });
      assert.deepEqual(end, { end: "stopped", stop });
      const all = ["EHLO client.example", "MAIL FROM:<alice@abc.com> SIZE=4"];
      const rest = ["RCPT TO:<bob@xyz.com>", "DATA", "Hi", "."];
      const expected = [...all, ...rest].slice(0, lines);
      assert.deepEqual(said, how === "quit" ? [...expected, "QUIT"] : expected, stage);
    }
  }
});
