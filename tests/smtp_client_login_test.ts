import assert from "$assert";
import { decodeLatin1 } from "../lib/wire/bytes.ts";
import type { Login } from "../lib/sasl/client.ts";
import { playAsync } from "./play.ts";
import { RFC_7677_BASE64, RFC_7677_WORK } from "./scram_support.ts";
import {
  BYE,
  clientSession,
  EHLO,
  fakeJobs,
  GREETING,
  hear,
  PLAIN_EHLO,
  replywise,
  SCRIPT,
  sendJob,
} from "./smtp_client_support.ts";
import { bytewise, latin1, PASSWORD } from "./smtp_support.ts";

Deno.test("smtpClient logs in with what the server offers", () => {
  const login = { user: "alice", password: PASSWORD };
  const plain = hear([GREETING, EHLO, "235 2.7.0 in\r\n", BYE], [], { login });
  assert.deepEqual(plain.said, [
    "EHLO client.example",
    "AUTH PLAIN AGFsaWNlAGNvcnJlY3QgaG9yc2U=",
    "QUIT",
  ]);
  assert.deepEqual(plain.end, { end: "done" });
  const onlyLogin = "250-mx\r\n250 AUTH=LOGIN\r\n";
  const challenges = ["334 VXNlcm5hbWU6\r\n", "334 UGFzc3dvcmQ6\r\n", "235 in\r\n", BYE];
  const asked = hear([GREETING, onlyLogin, ...challenges], [], { login });
  assert.deepEqual(asked.said.slice(1), ["AUTH LOGIN", "YWxpY2U=", "Y29ycmVjdCBob3JzZQ==", "QUIT"]);
  assert.deepEqual(asked.end, { end: "done" });
});

Deno.test("smtpClient sends an initial response only where AUTH stays within 512 bytes", () => {
  const tokens = [["x".repeat(365), true], ["x".repeat(369), false]] as const;
  for (const [password, initial] of tokens) {
    const answers = initial ? ["235 in\r\n"] : ["334 \r\n", "235 in\r\n"];
    const { said } = hear([GREETING, EHLO, ...answers, BYE], [], {
      login: { user: "alice", password },
    });
    assert.ok(said.every((line) => line.length <= 510));
    const token = btoa(`\0alice\0${password}`);
    const lines = initial ? [`AUTH PLAIN ${token}`] : ["AUTH PLAIN", token];
    assert.deepEqual(said.slice(1, -1), lines);
  }
});

Deno.test("smtpClient takes no job when the login fails", () => {
  const login = { user: "alice", password: "wrong" };
  const wrong = hear([GREETING, EHLO, "535 5.7.8 no\r\n", BYE], [sendJob()], { login });
  assert.deepEqual(wrong.end, {
    end: "refused",
    at: "login",
    reply: { code: 535, status: "5.7.8", lines: ["no"] },
  });
  // A server that asks on and on is told that this is over.
  const endless = hear([GREETING, EHLO, "334 \r\n", "501 5.0.0 cancelled\r\n", BYE], [], { login });
  assert.deepEqual(endless.said.slice(2), ["*", "QUIT"]);
  assert.deepEqual(endless.end, {
    end: "faultyLogin",
    fault: { fault: "protocol", text: "the server asks on behind the exchange" },
  });
  for (const ehlo of [PLAIN_EHLO, "250-mx\r\n250 AUTH GSSAPI CRAM-MD5\r\n"]) {
    const none = hear([GREETING, ehlo, BYE], [sendJob()], { login });
    assert.deepEqual(none.end, { end: "noLogin" });
    assert.deepEqual(none.said, ["EHLO client.example", "QUIT"]);
    assert.equal(none.backend.taken(), 0);
  }
});

Deno.test("smtpClient shows all that is said but the password and the message", () => {
  const login = { user: "alice", password: PASSWORD };
  const challenges = ["334 VXNlcm5hbWU6\r\n", "334 UGFzc3dvcmQ6\r\n", "235 in\r\n"];
  const scripts = [
    [GREETING, EHLO, "235 2.7.0 in\r\n", ...SCRIPT],
    [GREETING, "250-mx\r\n250 AUTH LOGIN\r\n", ...challenges, ...SCRIPT],
  ];
  for (const script of scripts) {
    const { played } = hear(script, [sendJob("Dear Bob\r\n")], { login, traced: true });
    const shown = played.trace.map(([from, bytes]) => `${from} ${decodeLatin1(bytes)}`);
    assert.doesNotMatch(shown.join("\n"), /correct|Y29ycmVj|AGFs|YWxp|Dear/);
    assert.doesNotMatch(shown.join(""), /[\r\n]/);
    assert.equal(shown[0], "peer 220 mx.xyz.com ESMTP");
    assert.ok(shown.some((line) => /^self AUTH (PLAIN|LOGIN) \*{4}$/.test(line)));
    assert.ok(shown.includes("self (10 bytes of message)"));
    assert.equal(shown.at(-1), "peer 221 2.0.0 Bye");
  }
});

const SCRAM_EHLO = "250-mx\r\n250 AUTH PLAIN LOGIN SCRAM-SHA-256\r\n";
const USER = { user: "user", password: "pencil", work: RFC_7677_WORK };

/** What the client says, behind EHLO, to a server that offers SCRAM and says this. */
async function hearScram(answers: readonly string[], login: Login = USER) {
  const heard = latin1([GREETING, SCRAM_EHLO, ...answers].join(""));
  const session = () => clientSession({ login, traced: true });
  const played = await playAsync(session(), replywise(heard), fakeJobs());
  const cut = await playAsync(session(), bytewise(heard), fakeJobs());
  assert.deepEqual([cut.output, cut.outcome], [played.output, played.outcome]);
  return {
    said: decodeLatin1(played.output).split("\r\n").slice(1, -1),
    end: played.outcome!,
    shown: played.trace.map(([from, bytes]) => `${from} ${decodeLatin1(bytes)}`),
  };
}

Deno.test("smtpClient logs in by SCRAM-SHA-256, with the exchange of RFC 7677 §3", async () => {
  const { clientFirst, serverFirst, clientFinal, serverFinal } = RFC_7677_BASE64;
  const answers = [`334 ${serverFirst}\r\n`, `334 ${serverFinal}\r\n`, "235 in\r\n", BYE];
  const { said, end, shown } = await hearScram(answers);
  assert.deepEqual(said, [`AUTH SCRAM-SHA-256 ${clientFirst}`, clientFinal, "", "QUIT"]);
  assert.deepEqual(end, { end: "done" });
  assert.deepEqual(shown.slice(4, -2), [
    "self AUTH SCRAM-SHA-256 ****",
    "peer 334 ****",
    "self ****",
    "peer 334 ****",
    "self ****",
    "peer 235 in",
  ]);
});

Deno.test("smtpClient does not stay with a server that does not know the password", async () => {
  const { serverFirst, serverFinal } = RFC_7677_BASE64;
  const forged = `334 ${btoa("v=" + btoa("x".repeat(32)))}\r\n`;
  const first = `334 ${serverFirst}\r\n`;
  const cancelled = ["501 5.0.0 cancelled\r\n", BYE];
  const table: readonly (readonly [readonly string[], fault: string, last: readonly string[]])[] = [
    [[first, forged, ...cancelled], "untrusted", ["*", "QUIT"]],
    [["235 in\r\n", BYE], "untrusted", ["QUIT"]],
    [[first, "235 in\r\n", BYE], "untrusted", ["QUIT"]],
    [["334 ****\r\n", ...cancelled], "protocol", ["*", "QUIT"]],
    [[first, "334 \r\n", ...cancelled], "protocol", ["*", "QUIT"]],
    [[first, `334 ${serverFinal}\r\n`, "334 \r\n", ...cancelled], "protocol", ["*", "QUIT"]],
  ];
  for (const [answers, fault, last] of table) {
    const { said, end } = await hearScram(answers);
    assert.equal(end.end === "faultyLogin" && end.fault.fault, fault, answers.join(""));
    assert.deepEqual(said.slice(-last.length), last);
  }
});

Deno.test("smtpClient sends nothing of a password that SCRAM cannot carry", async () => {
  const { said, end } = await hearScram([BYE], { ...USER, password: "\u{1f431}" });
  assert.deepEqual(said, ["QUIT"]);
  assert.equal(end.end === "faultyLogin" && end.fault.fault, "unsendable");
});

Deno.test("smtpClient logs in by the mechanism that was chosen, or not at all", async () => {
  const chosen = await hearScram(["235 in\r\n", BYE], { ...USER, mechanism: "PLAIN" });
  assert.deepEqual(chosen.said, ["AUTH PLAIN AHVzZXIAcGVuY2ls", "QUIT"]);
  const login = { ...USER, mechanism: "SCRAM-SHA-256" } as const;
  const { said, end } = hear([GREETING, EHLO, BYE], [], { login });
  assert.deepEqual([said.slice(1), end], [["QUIT"], { end: "noLogin" }]);
});
