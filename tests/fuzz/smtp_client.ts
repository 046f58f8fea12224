import assert from "$assert";
import type { SmtpJob } from "../../lib/smtp/client.ts";
import { decodeLatin1, encode } from "../../lib/wire/bytes.ts";
import { type ClientTls, IN_CLEAR } from "../../lib/wire/upgrade.ts";
import { play } from "../play.ts";
import { clientSession, fakeJobs, replywise, sendJob, verifyJob } from "../smtp_client_support.ts";
import { PASSWORD, pieces } from "../smtp_support.ts";
import type { FuzzTarget } from "./target.ts";

const EHLO = "220 mx\r\n250-mx\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SIZE 100\r\n" +
  "250 AUTH PLAIN LOGIN\r\n";
const CHALLENGES = "334 VXNlcm5hbWU6\r\n334 UGFzc3dvcmQ6\r\n";
const SENT = "250 OK\r\n250 OK\r\n250 OK\r\n354 go\r\n250 taken\r\n";

/** A server that offers TLS and nothing else, and what any server says under TLS. */
const BARE = ["220 mx\r\n", "250-mx\r\n250 STARTTLS\r\n", "220 go\r\n"];
const SECURED = replywise(encode(`${EHLO.replace("220 mx\r\n", "")}235 in\r\n${SENT}`));
const OFFERED: ClientTls = { ...IN_CLEAR, when: "offered" };

export const target: FuzzTarget = {
  name: "smtp_client",
  invariant:
    "whatever a server says, reply by reply and cut anywhere within them, the client says the " +
    "same whole lines, reports each job that it took with the same attempts and ends with the " +
    "same outcome; cut anywhere at all it throws nothing, says that a message is delivered only " +
    "after its last dot, and shows no password; replies that nobody asked for deliver nothing, " +
    "and nothing that was said in clear counts under TLS",
  seeds: [
    `${EHLO}235 in\r\n${SENT}250 OK\r\n250 OK\r\n250 OK\r\n${SENT}221 bye\r\n`,
    `${EHLO}235 in\r\n250 OK\r\n550 5.1.1 no\r\n450 4.2.1 no\r\n250 OK\r\n421 closing\r\n`,
    `220 mx\r\n250-mx\r\n250 AUTH LOGIN\r\n${CHALLENGES}235 in\r\n${SENT}`,
    `${EHLO}235 in\r\n${SENT.replace("250 taken", "552 large")}552 large\r\n250 OK\r\n${SENT}`,
    `${EHLO}235 in\r\n${SENT}452 4.2.2 full\r\n250 OK\r\n250 OK\r\n250 OK\r\n${SENT}250 taken\r\n`,
    `${EHLO}535 5.7.8 no\r\n221 bye\r\n`,
    "220 mx\r\n502 what?\r\n250 mx\r\n221 bye\r\n",
    "+OK POP3\r\n",
    `${BARE.join("")}250 mx\r\n235 in\r\n`,
    "220 mx\r\n250-mx\r\n250-STARTTLS\r\n250-AUTH PLAIN\r\n250 SIZE 1\r\n454 no\r\n235 in\r\n",
    `220 mx\r\n250-mx\r\n250-CHUNKING\r\n250-SMTPUTF8\r\n250-DSN\r\n250-LIMITS RCPTMAX=1\r\n` +
    `250-8BITMIME\r\n250 AUTH PLAIN\r\n235 in\r\n${SENT}`,
  ].map(encode),
  run(input) {
    const replies = replywise(input);
    for (const login of [{ user: "alice", password: PASSWORD }, null]) {
      for (const end of ["close", "deadline"] as const) {
        for (const protocol of ["smtp", "lmtp"] as const) {
          const tls = end === "close" ? IN_CLEAR : OFFERED;
          const how = { login, end, protocol, tls };
          const whole = talk(replies, how);
          assert.deepEqual(talk(pieces(input, 1), how), whole);
          assert.deepEqual(talk(replies.flatMap((each) => pieces(each, 7)), how), whole);
          talk(pieces(input, 64), how);
          // The first reply is the greeting; the others were there before they were asked for.
          const early = talk([input], how);
          if (!early.secured) assert.deepEqual(early.results, []);
        }
      }
    }
  },
};

interface How {
  readonly login: { readonly user: string; readonly password: string } | null;
  readonly end: "close" | "deadline";
  readonly protocol: "smtp" | "lmtp";
  readonly tls: ClientTls;
}

function talk(chunks: readonly Uint8Array[], how: How) {
  const { said, clearBytes, outcome, results } = hear(chunks, how);
  if (clearBytes !== null) {
    // Whatever was said in clear, under TLS it is as if nothing had been.
    const other = hear(BARE.map(encode), how);
    assert.equal(said.slice(clearBytes), other.said.slice(other.clearBytes!));
    assert.deepEqual([outcome, results], [other.outcome, other.results]);
  }
  return { said, secured: clearBytes !== null, outcome, results };
}

function hear(chunks: readonly Uint8Array[], { login, end, protocol, tls }: How) {
  const script: readonly SmtpJob[] = [
    sendJob("Hello\r\n.\r\n"),
    verifyJob(5, "bob"),
    sendJob("\xe4\r\n", "bob", "carol"),
  ];
  const jobs = fakeJobs(...script);
  const session = clientSession({ login, protocol, tls, traced: true });
  const played = play(session, chunks, jobs, { end, secured: SECURED });
  const { outcome, output, trace, clearBytes } = played;
  assert.ok(outcome !== undefined, "every conversation has an outcome");
  const said = decodeLatin1(output);
  assert.match(said, /^(?:[ -~\xe4]*\r\n)*$/);
  const taken = Math.min(jobs.taken(), script.length);
  assert.deepEqual(jobs.results.map((each) => each.length), [2, 1, 2].slice(0, taken));
  const delivered = jobs.results.filter((each, at) =>
    script[at]!.do === "send" && each.some((attempt) => attempt.includes(": delivered at data, "))
  );
  assert.ok(delivered.length <= said.split("\r\n.\r\n").length - 1);
  const shown = trace.filter(([from]) => from === "self").map(([, bytes]) => decodeLatin1(bytes));
  assert.doesNotMatch(shown.join("\n"), /correct|Y29ycmVj|AGFs|\r|\xe4/);
  return { said, clearBytes, outcome, results: jobs.results };
}
