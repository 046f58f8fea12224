/** What one conversation may come to. */
import assert from "$assert";
import { SMALL_LIMITS, talk } from "./smtp_support.ts";

const HELO = "HELO client.example\r\n";

Deno.test("smtpServer ends a conversation in which too much was said, or too little", () => {
  const limits = { ...SMALL_LIMITS, sessionBytesMax: 10, idleCommandsMax: 3 };
  const message = "MAIL FROM:<>\r\nRCPT TO:<bob@xyz.com>\r\nDATA\r\nHi\r\n.\r\n";
  const much = talk(HELO + message.repeat(4), { limits });
  assert.equal(much.backend.messages.length, 3);
  assert.equal(much.lines.at(-1), "421 4.7.0 Too much on one connection, closing");
  const little = talk(`${HELO}NOOP\r\n${message}${"RSET\r\n".repeat(5)}`, { limits });
  assert.deepEqual(little.lines.slice(-2), [
    "250 2.0.0 OK",
    "421 4.7.0 Too many commands without a message, closing",
  ]);
  assert.equal(little.lines.filter((line) => line === "250 2.0.0 OK").length, 4);
});
