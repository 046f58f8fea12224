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

Deno.test("smtpServer ends a conversation in which too much was put off since the last message", () => {
  const limits = { ...SMALL_LIMITS, recipientsMax: 2, putOffMax: 5 };
  const names = (count: number, who = "bob") => `RCPT TO:<${who}@xyz.com>\r\n`.repeat(count);
  const message = `MAIL FROM:<>\r\n${names(6)}DATA\r\nHi\r\n.\r\n`; // four too many
  const closing = "421 4.7.0 Too much to try again later, closing";
  const patient = talk(HELO + message.repeat(3), { limits });
  assert.equal(patient.backend.messages.length, 3);
  const ends = [
    `MAIL FROM:<>\r\n${names(7)}`, // 452 4.5.3
    `MAIL FROM:<>\r\n${names(5, "later")}`,
    "MAIL FROM:<later@xyz.com>\r\n".repeat(5),
  ];
  for (const end of ends) {
    for (const wire of [`${HELO}${end}NOOP\r\n`, [...`${HELO}${end}NOOP\r\n`]]) {
      const { lines, played } = talk(wire, { limits });
      assert.equal(lines.at(-1), closing, end);
      assert.equal(lines.filter((line) => /^45/.test(line)).length, 5, "wherever it was cut");
      assert.ok(played.ended);
    }
  }
});

Deno.test("smtpServer ends where the answer to a recipient is 421", () => {
  const mail = "MAIL FROM:<>\r\nRCPT TO:<leave@xyz.com>\r\nNOOP\r\n";
  const { lines, played } = talk(HELO + mail);
  assert.equal(lines.at(-1), "421 4.7.0 Recipient is the last one");
  assert.ok(played.ended);
});
