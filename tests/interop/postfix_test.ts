/** Our client against servers from elsewhere: Postfix takes the mail, Dovecot gives it back. */
import assert from "$assert";
import { runSmtpc } from "../process/programs.ts";
import { canRun, temporaryFolder, until } from "../support.ts";
import { startPostfixDovecot } from "./postfix.ts";

const EIGHT_BIT = [
  ...["From: carol@postfix.example", "To: carol@postfix.example", "Subject: chunks"],
  ...["Message-ID: <1@postfix.example>", "Date: Tue, 24 Nov 2026 08:00:00 +0000"],
  ...["MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8"],
  ...["Content-Transfer-Encoding: 8bit", "", "Grüße", ".", "..two dots", ""],
].join("\n");

Deno.test({
  name: "smtpc sends to Postfix and reads from Dovecot",
  ignore: !canRun,
  fn: async (test) => {
    await using folder = await temporaryFolder();
    await using peers = await startPostfixDovecot(folder.path);
    const login = ["--user", "carol@postfix.example"];
    const send = ["send", "127.0.0.1", `${peers.smtpPort}`, ...login];
    const read = ["read", "127.0.0.1", `${peers.pop3Port}`, "--user", "carol"];
    const password = "secret";

    await test.step("a message with dots and umlauts arrives as it was written", async () => {
      const body = "Grüße\n.\n..two dots\nthe end";
      const sent = await runSmtpc([
        ...[...send, "--to", "carol@postfix.example"],
        ...["--subject", "Käse", "--body", body],
      ], { password });
      assert.equal(sent.status, 0, sent.stderr);
      const shown = await until("the mail in Dovecot", async () => {
        const ran = await runSmtpc([...read, "--all", "--keep"], { password });
        assert.equal(ran.status, 0, ran.stderr);
        return ran.stdout.includes("Käse") ? ran.stdout : null;
      }, 30_000);
      assert.ok(shown.includes(body), shown);
    });

    await test.step("8-bit content goes to Postfix by BDAT, and arrives as it is", async () => {
      const to = ["--to", "carol@postfix.example"];
      const sent = await runSmtpc([...send, ...to, "-v", "--file", "-"], {
        password,
        stdin: EIGHT_BIT,
      });
      assert.equal(sent.status, 0, sent.stderr);
      assert.match(sent.stderr, /BDAT \d+ LAST/);
      await until("the mail in Dovecot", async () => {
        const ran = await runSmtpc([...read, "--last", "--keep", "--raw"], { password });
        return ran.stdout.replaceAll("\r\n", "\n").endsWith(EIGHT_BIT) ? true : null;
      }, 30_000);
    });

    await test.step("a recipient whom Postfix does not know gives status 67", async () => {
      const ran = await runSmtpc([
        ...[...send, "--to", "nobody@postfix.example"],
        ...["--subject", "x", "--body", "y"],
      ], { password });
      assert.equal(ran.status, 67, ran.stderr);
      assert.match(ran.stderr, /550 5\.1\.1/);
    });

    await test.step("a wrong password is refused by both with status 77", async () => {
      const to = ["--to", "carol@postfix.example", "--subject", "x", "--body", "y"];
      assert.equal((await runSmtpc([...send, ...to], { password: "wrong" })).status, 77);
      assert.equal((await runSmtpc([...read, "--list"], { password: "wrong" })).status, 77);
    });

    await test.step("--delete empties the mailbox in Dovecot", async () => {
      const deleted = await runSmtpc([...read, "--all", "--delete"], { password });
      assert.equal(deleted.status, 0, deleted.stderr);
      const left = await runSmtpc([...read, "--all", "--keep", "--json"], { password });
      assert.deepEqual([left.status, left.stdout], [0, ""]);
    });
  },
});
