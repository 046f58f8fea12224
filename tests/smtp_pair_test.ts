import assert from "$assert";
import * as check from "$check";
import { bodyOf } from "../lib/mail/body.ts";
import { DEFAULT_SMTP_LIMITS } from "../lib/smtp/connection.ts";
import { decodeLatin1 } from "../lib/wire/bytes.ts";
import { join } from "./join.ts";
import { clientSession, envelopeOf, fakeJobs, sendJob } from "./smtp_client_support.ts";
import { fakeSmtp, latin1, PASSWORD, serverSession } from "./smtp_support.ts";

const LOGIN = { user: "alice", password: PASSWORD };

Deno.test("smtpClient gives smtpServer every content as it is, wherever the wire is cut", () => {
  const line = check.array(check.constantFrom(".", "..", "a", "\0", "\xff", "From "), {
    maxLength: 5,
  });
  const content = check.array(line, { maxLength: 6 }).map((lines) =>
    lines.map((parts) => `${parts.join("")}\r\n`).join("")
  );
  const contents = check.array(content, { minLength: 1, maxLength: 3 });
  const pieces = check.array(check.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 });
  check.assert(check.property(contents, pieces, (contents, pieces) => {
    const backend = fakeSmtp();
    const jobs = fakeJobs(...contents.map((content) => sendJob(content)));
    const { client, server } = join(
      { session: clientSession({ login: LOGIN }), backend: jobs },
      { session: serverSession(), backend },
      pieces,
    );
    assert.deepEqual(client, { end: "done" });
    assert.deepEqual(server, { next: "close" });
    assert.deepEqual(backend.messages.map((each) => each.content), contents);
    for (const [at, attempts] of jobs.results.entries()) {
      const words = `delivered at data, 250 2.0.0 Taken, ${contents[at]!.length} bytes`;
      assert.deepEqual(attempts, [`bob@xyz.com: ${words}`, `carol@xyz.com: ${words}`]);
    }
  }));
});

Deno.test("smtpClient and smtpServer agree about what is refused, and go on", () => {
  const backend = fakeSmtp();
  const nobody = { ...envelopeOf("bob"), envelope: { sender: null, body: "7BIT" } } as const;
  const refused = { sender: { local: "nobody", domain: "abc.com" }, body: "7BIT" } as const;
  const jobs = fakeJobs(
    { ...sendJob("a\r\n"), envelope: refused },
    sendJob("b\r\n", "bob", "nobody", "later"),
    sendJob("bare\n", "bob"),
    sendJob(`${"x".repeat(300)}\r\n`, "bob"),
    sendJob("c\r\n", "nobody"),
    { do: "verify", contentBytes: 5, ...envelopeOf("bob", "nobody") },
    { do: "send", content: bodyOf(latin1("last\r\n")), ...nobody },
  );
  const { client } = join(
    { session: clientSession(), backend: jobs },
    { session: serverSession(), backend },
    [1000],
  );
  assert.deepEqual(client, { end: "done" });
  assert.deepEqual(jobs.results, [
    [
      "bob@xyz.com: refused at mail, 550 5.1.1 Sender refused",
      "carol@xyz.com: refused at mail, 550 5.1.1 Sender refused",
    ],
    [
      "bob@xyz.com: delivered at data, 250 2.0.0 Taken, 3 bytes",
      "nobody@xyz.com: refused at rcpt, 550 5.1.1 Recipient refused",
      "later@xyz.com: deferred at rcpt, 450 4.2.1 Recipient put off",
    ],
    ["bob@xyz.com: refused at data, 550 5.6.0 The message has a bare LF; lines end with CRLF"],
    ["bob@xyz.com: refused at hello, 552 5.3.4 The next server takes at most 200 bytes"],
    ["nobody@xyz.com: refused at rcpt, 550 5.1.1 Recipient refused"],
    [
      "bob@xyz.com: delivered at rcpt, 250 2.1.0 Recipient OK",
      "nobody@xyz.com: refused at rcpt, 550 5.1.1 Recipient refused",
    ],
    ["bob@xyz.com: delivered at data, 250 2.0.0 Taken, 6 bytes"],
  ]);
  assert.deepEqual(backend.messages.map(({ from, content }) => [from, content]), [
    ["alice@abc.com", "b\r\n"],
    ["<>", "last\r\n"],
  ]);
});

Deno.test("smtpClient gives smtpServer a megabyte of lines that begin with dots", () => {
  const content = ".\r\n..x\r\n\r\n".repeat(100_000);
  const backend = fakeSmtp();
  const jobs = fakeJobs(sendJob(content, "bob"));
  join(
    { session: clientSession(), backend: jobs },
    { session: serverSession({ limits: DEFAULT_SMTP_LIMITS }), backend },
    [65_536, 1, 4096],
  );
  assert.equal(backend.messages.length, 1);
  assert.ok(backend.messages[0]!.content === content);
});

Deno.test("smtpClient fails to log in to smtpServer with a wrong password, and shows it to nobody", () => {
  const password = "open sesame";
  const { client, trace } = join(
    {
      session: clientSession({ login: { user: "alice", password }, traced: true }),
      backend: fakeJobs(),
    },
    { session: serverSession({ traced: true }), backend: fakeSmtp() },
    [7],
  );
  assert.equal(client?.end === "refused" && client.reply.code, 535);
  const shown = trace.map(decodeLatin1).join("\n");
  assert.match(shown, /AUTH PLAIN \*{4}/);
  assert.ok(!shown.includes(password) && !shown.includes(btoa(`\0alice\0${password}`)));
});
