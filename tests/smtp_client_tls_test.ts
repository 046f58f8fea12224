/** The SMTP client and TLS: when it asks for it, and what it does not do without. */
import assert from "$assert";
import { decodeLatin1 } from "../lib/wire/bytes.ts";
import type { ClientTls } from "../lib/wire/upgrade.ts";
import { FAKE_TLS } from "./fake_tls.ts";
import type { SmtpJob } from "../lib/smtp/client.ts";
import { play, playAsync } from "./play.ts";
import { BOUND_BASE64, RFC_7677_WORK } from "./scram_support.ts";
import {
  BYE,
  clientSession,
  EHLO,
  fakeJobs,
  GO_AHEAD,
  GREETING,
  RECIPIENT_OK,
  replywise,
  SENDER_OK,
  sendJob,
  TAKEN,
} from "./smtp_client_support.ts";
import { latin1, PASSWORD } from "./smtp_support.ts";

const OFFER = "250-mx.xyz.com\r\n250-STARTTLS\r\n250-AUTH PLAIN\r\n250 SIZE 5\r\n";
const GO = "220 2.0.0 Go ahead\r\n";
const LOGIN = { user: "alice", password: PASSWORD };
const REQUEST = { side: "client", hostname: "mx.xyz.com", verify: true } as const;
const OFFERED: ClientTls = { when: "offered", request: REQUEST, exposesPassword: false };
const REQUIRED: ClientTls = { ...OFFERED, when: "required" };

/** What the client says before and under TLS, and how it ends. */
function hear(tls: ClientTls, clear: string, secured: string | null, login = LOGIN) {
  const jobs = fakeJobs();
  const played = play(clientSession({ tls, login }), replywise(latin1(clear)), jobs, {
    ...(secured === null ? {} : { secured: replywise(latin1(secured)) }),
  });
  const said = decodeLatin1(played.output);
  const at = played.clearBytes ?? said.length;
  return {
    clear: said.slice(0, at).split("\r\n").slice(0, -1),
    secured: said.slice(at).split("\r\n").slice(0, -1),
    end: played.outcome!,
    offered: jobs.offered(),
    requests: played.tlsRequests,
  };
}

Deno.test("smtpClient takes STARTTLS where it is offered, and forgets what was said before", () => {
  for (const tls of [OFFERED, REQUIRED]) {
    // What a stranger has put behind the 220 is not taken for an answer under TLS.
    const clear = `${GREETING}${OFFER}${GO}250 mallory.example\r\n235 in\r\n`;
    const heard = hear(tls, clear, `250-mx.xyz.com\r\n250 AUTH PLAIN\r\n235 in\r\n${BYE}`);
    assert.deepEqual(heard.clear, ["EHLO client.example", "STARTTLS"]);
    const [ehlo, auth, ...rest] = heard.secured;
    assert.deepEqual([ehlo, auth?.slice(0, 11), rest], ["EHLO client.example", "AUTH PLAIN ", [
      "QUIT",
    ]]);
    assert.equal(heard.offered?.size, null, "SIZE was offered in clear only");
    assert.deepEqual([heard.end, heard.requests], [{ end: "done" }, [REQUEST]]);
  }
});

Deno.test("smtpClient that requires TLS says nothing where it is not offered, or refused", () => {
  const stripped = hear(REQUIRED, `${GREETING}${EHLO}${BYE}`, null);
  assert.deepEqual([stripped.end, stripped.clear], [{ end: "noTls" }, [
    "EHLO client.example",
    "QUIT",
  ]]);
  const refused = hear(REQUIRED, `${GREETING}${OFFER}454 4.7.0 not now\r\n${BYE}`, null);
  assert.ok(refused.end.end === "refused" && refused.end.at === "starttls");
  assert.deepEqual(refused.clear, ["EHLO client.example", "STARTTLS", "QUIT"]);
});

Deno.test("smtpClient sends no password in clear, and none to whom it has not verified", () => {
  const clear = hear(OFFERED, `${GREETING}${EHLO}${BYE}`, null);
  assert.deepEqual(clear.clear, ["EHLO client.example", "QUIT"]);
  assert.deepEqual(clear.end, { end: "exposed" });
  const unverified = { ...OFFERED, request: { ...REQUEST, verify: false } };
  const heard = hear(unverified, `${GREETING}${OFFER}${GO}`, `${EHLO}${BYE}`);
  assert.deepEqual([heard.end, heard.secured], [{ end: "exposed" }, [
    "EHLO client.example",
    "QUIT",
  ]]);
});

Deno.test("smtpClient says REQUIRETLS to whom it has verified, and nothing of it to others", () => {
  const clear = `${GREETING}${OFFER}${GO}`;
  const offers = "250-mx.xyz.com\r\n250 REQUIRETLS\r\n";
  const job = sendJob("Hello\r\n", "bob");
  const mailed = (tls: ClientTls, ehlo: string, envelope: SmtpJob["envelope"]) => {
    const jobs = fakeJobs({ ...job, envelope });
    const secured = [ehlo, SENDER_OK, RECIPIENT_OK, GO_AHEAD, TAKEN, BYE].join("");
    const played = play(clientSession({ tls }), replywise(latin1(clear)), jobs, {
      secured: replywise(latin1(secured)),
    });
    const mail = decodeLatin1(played.output).split("\r\n").find((line) => /^MAIL/.test(line));
    return mail ?? jobs.results[0]![0]!;
  };
  const required = { ...job.envelope, tls: "required" } as const;
  const unverified = { ...OFFERED, request: { ...REQUEST, verify: false } };
  const refused = "bob@xyz.com: refused at hello, " +
    "550 5.7.30 The next server offers no REQUIRETLS";
  const plain = "MAIL FROM:<alice@abc.com>";
  assert.equal(mailed(REQUIRED, offers, required), `${plain} REQUIRETLS`);
  assert.equal(mailed(REQUIRED, "250 mx.xyz.com\r\n", required), refused);
  assert.equal(mailed(unverified, offers, required), refused);
  // RFC 8689 §4.2.2: `TLS-Required: No` is in the header, and there alone.
  for (const tls of ["optional", undefined] as const) {
    assert.equal(mailed(REQUIRED, offers, { ...job.envelope, ...(tls && { tls }) }), plain);
  }
  // RFC 8689 §5
  const report = { ...required, sender: null };
  assert.equal(mailed(REQUIRED, offers, report), "MAIL FROM:<> REQUIRETLS");
  assert.equal(mailed(unverified, offers, report), "MAIL FROM:<>");
});

Deno.test("smtpClient binds its login to the channel, and says so where it has seen no -PLUS", async () => {
  const login = { user: "user", password: "pencil", work: RFC_7677_WORK };
  const auth = async (offered: string, answers: readonly string[]) => {
    const secured = [`250-mx.xyz.com\r\n250 AUTH ${offered}\r\n`, ...answers, BYE].join("");
    const session = clientSession({ tls: REQUIRED, login });
    const played = await playAsync(
      session,
      replywise(latin1(`${GREETING}${OFFER}${GO}`)),
      fakeJobs(),
      {
        secured: replywise(latin1(secured)),
      },
    );
    const said = decodeLatin1(played.output.subarray(played.clearBytes!)).split("\r\n");
    return { said: said.slice(1, -2), end: played.outcome!.end };
  };
  const { clientFirst, serverFirst, clientFinal, serverFinal, unboundFirst } = BOUND_BASE64;
  const both = "PLAIN SCRAM-SHA-256 SCRAM-SHA-256-PLUS";
  const answers = [`334 ${serverFirst}\r\n`, `334 ${serverFinal}\r\n`, "235 in\r\n"];
  assert.deepEqual(await auth(both, answers), {
    said: [`AUTH SCRAM-SHA-256-PLUS ${clientFirst}`, clientFinal, ""],
    end: "done",
  });
  const { said, end } = await auth("PLAIN SCRAM-SHA-256", ["535 5.7.8 no\r\n"]);
  assert.deepEqual([said, end], [[`AUTH SCRAM-SHA-256 ${unboundFirst}`], "refused"]);
});

Deno.test("smtpClient says nothing more when the handshake fails", () => {
  const heard = hear(OFFERED, `${GREETING}${OFFER}${GO}`, null);
  assert.deepEqual(heard.clear, ["EHLO client.example", "STARTTLS"]);
  assert.ok(heard.end.end === "tlsFailed" && heard.end.why.reason === "lost");
});

Deno.test("smtpClient begins with TLS where that is how the port works", () => {
  const heard = hear({ ...OFFERED, when: "first" }, "", `${GREETING}${OFFER}235 in\r\n${BYE}`);
  assert.deepEqual(heard.clear, []);
  assert.deepEqual(heard.secured.map((line) => line.slice(0, 4)), ["EHLO", "AUTH", "QUIT"]);
  assert.equal(FAKE_TLS.version, "TLSv1.3");
});
