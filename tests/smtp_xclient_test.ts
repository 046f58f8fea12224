/** XCLIENT from those who may not say it; what it does for others is in the transcripts. */
import assert from "$assert";
import { talk } from "./smtp_support.ts";

Deno.test("smtpServer lets only a trusted proxy say for whom it speaks", () => {
  const { lines, backend } = talk(
    `EHLO client.example\r\nXCLIENT ADDR=192.0.2.9 LOGIN=alice\r\nMAIL FROM:<>\r\n`,
  );
  assert.equal(lines.at(-2), "550 5.7.0 Only a proxy that is trusted may say that");
  const [hello] = backend.hellos;
  assert.deepEqual([hello!.user, hello!.peer.address], [null, "127.0.0.1"]);
  assert.ok(!lines.some((line) => line.includes("XCLIENT NAME")));
});
