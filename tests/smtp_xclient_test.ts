/** XCLIENT from those who may not say it; what it does for others is in the transcripts. */
import assert from "$assert";
import { fakeIdentity } from "./fake_tls.ts";
import { play } from "./play.ts";
import { fakeSmtp, latin1, serverSession, talk } from "./smtp_support.ts";
import { decodeLatin1 } from "../lib/wire/bytes.ts";

Deno.test("smtpServer lets only a trusted proxy say for whom it speaks", () => {
  const { lines, backend } = talk(
    `EHLO client.example\r\nXCLIENT ADDR=192.0.2.9 LOGIN=alice\r\nMAIL FROM:<>\r\n`,
  );
  assert.equal(lines.at(-2), "550 5.7.0 Only a proxy that is trusted may say that");
  const [hello] = backend.hellos;
  assert.deepEqual([hello!.user, hello!.peer.address], [null, "127.0.0.1"]);
  assert.ok(!lines.some((line) => line.includes("XCLIENT NAME")));
});

Deno.test("smtpServer does not take a client for its proxy again after STARTTLS", () => {
  const backend = fakeSmtp();
  const { output } = play(
    serverSession({
      identity: fakeIdentity([{ certificate: "abc.com", key: "" }]),
      forward: { plainAuth: false, mayForward: () => false },
    }),
    [latin1("EHLO p\r\nXCLIENT HELO=h LOGIN=alice ADDR=192.0.2.9\r\nEHLO c\r\nSTARTTLS\r\n")],
    backend,
    { secured: [latin1("EHLO c\r\nXCLIENT LOGIN=alice\r\nMAIL FROM:<>\r\n")] },
  );
  assert.match(decodeLatin1(output), /\r\n550 5\.7\.0 [^\r]*\r\n250 2\.1\.0 [^\r]*\r\n$/);
  const [hello] = backend.hellos;
  assert.deepEqual([hello!.user, hello!.name, hello!.peer.address], [null, "c", "192.0.2.9"]);
});
