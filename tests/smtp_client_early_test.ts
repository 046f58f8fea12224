/** Replies that come before they were asked for: none is taken for the reply to something else. */
import assert from "$assert";
import type { SmtpJob } from "../lib/smtp/client.ts";
import { Interrupted } from "../lib/wire/session.ts";
import { play } from "./play.ts";
import {
  BYE,
  clientSession,
  EHLO,
  fakeJobs,
  GO_AHEAD,
  GREETING,
  RECIPIENT_OK,
  SENDER_OK,
  sendJob,
  TAKEN,
  verifyJob,
} from "./smtp_client_support.ts";
import { latin1 } from "./smtp_support.ts";
import { parseTranscript, replayInTurns } from "./transcripts.ts";
import { CLIENT_TRANSCRIPTS, LMTP_CLIENT_TRANSCRIPTS } from "./transcripts/smtp_client.ts";

for (
  const [protocol, transcripts] of [
    ["smtp", CLIENT_TRANSCRIPTS],
    ["lmtp", LMTP_CLIENT_TRANSCRIPTS],
  ] as const
) {
  for (const [name, text] of Object.entries(transcripts)) {
    Deno.test(`smtpClient follows the transcript: ${name}`, async () => {
      const transcript = parseTranscript(name, text, { side: "client" });
      const eightBit: SmtpJob = {
        ...sendJob("\xff\r\n", "bob"),
        envelope: { ...sendJob().envelope, body: "8BITMIME" },
      };
      const jobs = () => fakeJobs(sendJob("Hello\r\n"), eightBit);
      await replayInTurns(transcript, () => ({
        session: clientSession({ protocol }),
        backend: jobs(),
      }));
    });
  }
}

/** What the client makes of a server that says each of these at once, when it is waited for. */
function hear(turns: readonly string[], ...jobs: readonly SmtpJob[]) {
  const backend = fakeJobs(...jobs);
  const { outcome } = play(clientSession(), turns.map(latin1), backend);
  return { end: outcome!.end, results: backend.results };
}

const REFUSED = "550 5.1.1 no\r\n";
const GROUP = [GREETING, EHLO, SENDER_OK + RECIPIENT_OK + RECIPIENT_OK];

Deno.test("a reply too many in a group makes no refusal of what was not refused", () => {
  // 250 was said to nobody, so each reply is the one to the command before.
  const shifted = `250 x\r\n${SENDER_OK}${REFUSED}${RECIPIENT_OK}`;
  const { end, results } = hear([GREETING, EHLO, shifted, GO_AHEAD, TAKEN], sendJob());
  assert.equal(end, "protocol");
  assert.deepEqual(results, [[
    "bob@xyz.com: deferred at mail, no reply",
    "carol@xyz.com: deferred at mail, no reply",
  ]]);
});

Deno.test("a question whose RSET is refused has no answer", () => {
  // Three replies are waited for: the one to RCPT comes where the one to RSET should.
  const shifted = `250 x\r\n${SENDER_OK}${REFUSED}`;
  const { end, results } = hear([GREETING, EHLO, shifted, TAKEN], verifyJob(null, "bob"));
  assert.equal(end, "protocol");
  assert.deepEqual(results, [["bob@xyz.com: deferred at mail, no reply"]]);
});

Deno.test("a reply behind 354 is no reply to the message, whatever it says", () => {
  const table: readonly (readonly [early: string, result: string])[] = [
    [TAKEN, "deferred at mail, no reply"],
    ["552 5.3.4 large\r\n", "refused at data, 552 5.3.4 large"],
    ["421 4.3.2 closing\r\n", "deferred at data, 421 4.3.2 closing"],
  ];
  for (const [early, result] of table) {
    const { end, results } = hear([...GROUP, GO_AHEAD + early, TAKEN, BYE], sendJob());
    assert.equal(end, "protocol");
    assert.deepEqual(results, [[`bob@xyz.com: ${result}`, `carol@xyz.com: ${result}`]]);
  }
});

Deno.test("421 may come unasked, and is then the answer to what is said next", () => {
  const { end, results } = hear(
    [GREETING, EHLO, `${SENDER_OK}${RECIPIENT_OK}${RECIPIENT_OK}421 4.4.2 bye\r\n`],
    sendJob(),
  );
  assert.equal(end, "done");
  const result = "deferred at data, 421 4.4.2 bye";
  assert.deepEqual(results, [[`bob@xyz.com: ${result}`, `carol@xyz.com: ${result}`]]);
});

Deno.test("a refusal that is said twice is not the reply to the next message", () => {
  const large = "552 5.3.4 large\r\n";
  const { end, results } = hear(
    [...GROUP, GO_AHEAD, large, large, SENDER_OK, RECIPIENT_OK, RECIPIENT_OK],
    sendJob(),
    sendJob(),
  );
  assert.equal(end, "protocol");
  assert.deepEqual(results[1], [
    "bob@xyz.com: deferred at mail, no reply",
    "carol@xyz.com: deferred at mail, no reply",
  ]);
});

Deno.test("a server that leaves in the middle of the content is heard to its last word", () => {
  const table: readonly (readonly [parting: string | null, result: string])[] = [
    ["552 5.3.4 large\r\n", "refused at data, 552 5.3.4 large"],
    ["421 4.3.2 closing\r\n", "deferred at data, 421 4.3.2 closing"],
    [TAKEN, "deferred at rcpt, 250 2.1.5 Recipient OK"],
    ["552 half a", "deferred at rcpt, 250 2.1.5 Recipient OK"],
    [null, "deferred at rcpt, 250 2.1.5 Recipient OK"],
  ];
  for (const [parting, result] of table) {
    const turns = [...GROUP, GO_AHEAD, ...(parting === null ? [] : [parting])].map(latin1);
    const backend = fakeJobs(sendJob());
    const { signal } = new AbortController();
    const session = clientSession();
    let step = session.next();
    for (let at = 0; !step.done;) {
      const effect = step.value;
      const lost = effect.do === "write" && new TextDecoder().decode(effect.bytes) === "Hello\r\n";
      step = lost ? session.throw(new Interrupted("lost")) : session.next(
        effect.do === "call"
          ? effect.run(backend, signal)
          : effect.do === "read"
          ? turns[at++] ?? null
          : undefined,
      );
    }
    assert.deepEqual(step.value, { end: "lost", reason: "lost" });
    assert.deepEqual(backend.results, [[`bob@xyz.com: ${result}`, `carol@xyz.com: ${result}`]]);
  }
});
