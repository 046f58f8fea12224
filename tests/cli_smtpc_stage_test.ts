/** What `smtpc send` does to try out a server: another protocol, name or content, an early end. */
import assert from "$assert";
import { EXIT } from "../lib/cli/fail.ts";
import { runSmtpc, startServer } from "./cli_support.ts";
import { fakeSmtp } from "./smtp_support.ts";

Deno.test("--proto lmtp delivers, with a line for each recipient", async () => {
  const smtp = fakeSmtp();
  await using server = startServer({ smtp, options: { service: "lmtp" } });
  const args = ["send", ...server.at, "--from", "a@abc.com", "--body", "Hi", "--proto", "lmtp"];
  const run = await runSmtpc([...args, "--to", "bob@abc.com,quota@abc.com"]);
  assert.equal(run.status, EXIT.tryAgainLater);
  assert.match(run.errors, /^bob@abc\.com: sent .*\nquota@abc\.com: not now \(452 4\.2\.2 /);
  assert.equal((await runSmtpc([...args, "--to", "bob@abc.com"])).status, EXIT.done);
});

Deno.test("--ehlo says another name, and --data-from any content as it is", async () => {
  const smtp = fakeSmtp();
  await using server = startServer({ smtp });
  const run = await runSmtpc([
    ...["send", ...server.at, "--from", "a@abc.com", "--to", "bob@xyz.com"],
    ...["--ehlo", "my.name.test", "--data-from", "-"],
  ], { input: ".no header\nBcc: stays\n" });
  assert.equal(run.failure, "");
  assert.equal(smtp.hellos[0]!.name, "my.name.test");
  assert.equal(smtp.messages[0]!.content, ".no header\r\nBcc: stays\r\n");
});

Deno.test("--quit-after and --drop-after end the conversation early, which is no failure", async () => {
  const smtp = fakeSmtp();
  await using server = startServer({ smtp });
  const args = ["send", ...server.at, "--from", "a@abc.com", "--body", "Hi", "-v"];
  const quit = await runSmtpc([...args, "--to", "bob@xyz.com", "--quit-after", "rcpt"]);
  assert.equal(quit.status, EXIT.done);
  assert.match(quit.errors, /RCPT TO.*\n.*250.*\n.*250.*\nC: QUIT\n.*221.*\nstopped after rcpt\n$/);
  const dropped = await runSmtpc([...args, "--to", "bob@xyz.com", "--drop-after", "data"]);
  assert.equal(dropped.status, EXIT.done);
  assert.match(dropped.errors, /354.*\nstopped after data\n$/);
  assert.deepEqual(smtp.messages, []);
  const refused = await runSmtpc([...args, "--to", "nobody@xyz.com", "--quit-after", "rcpt"]);
  assert.equal(refused.status, EXIT.noSuchRecipient);
});
