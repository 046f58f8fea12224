import assert from "$assert";
import type { SmtpJob } from "../../lib/smtp/client.ts";
import { decodeLatin1, encode } from "../../lib/wire/bytes.ts";
import { play } from "../play.ts";
import { clientSession, fakeJobs, sendJob, verifyJob } from "../smtp_client_support.ts";
import { PASSWORD, pieces } from "../smtp_support.ts";
import type { FuzzTarget } from "./target.ts";

const EHLO = "220 mx\r\n250-mx\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SIZE 100\r\n" +
  "250 AUTH PLAIN LOGIN\r\n";
const CHALLENGES = "334 VXNlcm5hbWU6\r\n334 UGFzc3dvcmQ6\r\n";
const SENT = "250 OK\r\n250 OK\r\n250 OK\r\n354 go\r\n250 taken\r\n";

export const target: FuzzTarget = {
  name: "smtp_client",
  invariant:
    "whatever a server says, cut anywhere, the client says the same whole lines, reports each " +
    "job that it took with the same attempts, ends with the same outcome, throws nothing, says " +
    "that a message is delivered only after its last dot, and shows no password",
  seeds: [
    `${EHLO}235 in\r\n${SENT}250 OK\r\n250 OK\r\n250 OK\r\n${SENT}221 bye\r\n`,
    `${EHLO}235 in\r\n250 OK\r\n550 5.1.1 no\r\n450 4.2.1 no\r\n250 OK\r\n421 closing\r\n`,
    `220 mx\r\n250-mx\r\n250 AUTH LOGIN\r\n${CHALLENGES}235 in\r\n${SENT}`,
    `${EHLO}535 5.7.8 no\r\n221 bye\r\n`,
    "220 mx\r\n502 what?\r\n250 mx\r\n221 bye\r\n",
    "+OK POP3\r\n",
  ].map(encode),
  run(input) {
    for (const login of [{ user: "alice", password: PASSWORD }, null]) {
      for (const end of ["close", "deadline"] as const) {
        const whole = talk([input], login, end);
        assert.deepEqual(talk(pieces(input, 1), login, end), whole);
        assert.deepEqual(talk(pieces(input, 7), login, end), whole);
      }
    }
  },
};

function talk(
  chunks: readonly Uint8Array[],
  login: { user: string; password: string } | null,
  end: "close" | "deadline",
) {
  const script: readonly SmtpJob[] = [
    sendJob("Hello\r\n.\r\n"),
    verifyJob(5, "bob"),
    sendJob("\xe4\r\n", "bob", "carol"),
  ];
  const jobs = fakeJobs(...script);
  const session = clientSession({ login, traced: true });
  const { outcome, output, trace } = play(session, chunks, jobs, { end });
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
  return { said, outcome, results: jobs.results };
}
