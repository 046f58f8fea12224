/** Postfix as a smarthost: our server logs in there, under TLS that it has verified. */
import assert from "$assert";
import { runSmtpc, type Smtpd, startSmtpd } from "../process/programs.ts";
import { canRun, temporaryFolder, until } from "../support.ts";
import { freePort, startPostfixDovecot } from "./postfix.ts";

Deno.test({
  name: "all other mail goes through Postfix, with a login, or waits where that is refused",
  ignore: !canRun,
  fn: async (test) => {
    await using folder = await temporaryFolder();
    const smtpPort = freePort();
    await using postfix = await startPostfixDovecot(folder.path, { smtpPort });
    for (const [name, password] of [["right", "secret"], ["wrong", "opensesame"]]) {
      await Deno.writeTextFile(`${folder.path}/${name}`, `${password}\n`);
    }
    const start = (name: string) =>
      startSmtpd([
        ...["--port", "0", "--domain", "abc.com", "--user", "alice:secret"],
        ...["--smarthost", `localhost:${smtpPort}`, "--smarthost-user", "carol"],
        ...["--smarthost-password-file", `${folder.path}/${name}`],
        ...["--tls-ca", `${folder.path}/conf/tls.crt`, "--data", `${folder.path}/data-${name}`],
      ]);
    await test.step("with the right password", async () => {
      await using ours = await start("right");
      await send(ours);
      const [mail] = await until("mail for Carol", async () => {
        const mails = await postfix.takeCarolsMail();
        return mails.length > 0 ? mails : null;
      }, 30_000);
      assert.match(
        new TextDecoder().decode(mail),
        /^Received: from abc\.com [^]*?\(using TLSv1\.3 [^]*?\n\t.*by postfix\.example/m,
      );
      assert.match(await postfix.log(), /sasl_method=SCRAM-SHA-256, sasl_username=carol/);
    });
    await test.step("with a wrong password", async () => {
      await using ours = await start("wrong");
      await send(ours);
      const log = await until(
        "the refusal",
        () => /login-failed/.test(ours.log()) ? ours.log() : null,
      );
      assert.match(log, /"event":"login-failed",.*"user":"carol","reason":"[^"]* 535 /);
      assert.ok(!log.includes("opensesame"));
      assert.deepEqual(await postfix.takeCarolsMail(), []);
    });
  },
});

Deno.test({
  name: "a route by LMTP delivers into mailboxes of Dovecot",
  ignore: !canRun,
  fn: async () => {
    await using folder = await temporaryFolder();
    await using dovecot = await startPostfixDovecot(folder.path);
    await using ours = await startSmtpd([
      ...["--port", "0", "--domain", "abc.com", "--user", "alice:secret"],
      ...["--route", `postfix.example=lmtp://127.0.0.1:${dovecot.lmtpPort}`],
      ...["--data", `${folder.path}/data-lmtp`],
    ]);
    await send(ours);
    const [mail] = await until("mail for Carol", async () => {
      const mails = await dovecot.takeCarolsMail();
      return mails.length > 0 ? mails : null;
    }, 30_000);
    const text = new TextDecoder().decode(mail);
    assert.match(text, /^Received: from abc\.com [^]*?\n\s+by \S+ with LMTPS\n/m);
    assert.match(text, /^By way of it\n$/m);
    await until("the outcome", () => /"event":"relayed"/.test(ours.log()));
  },
});

async function send({ ports }: Smtpd): Promise<void> {
  const sent = await runSmtpc([
    ...["send", "127.0.0.1", `${ports["smtp"]}`, "--user", "alice"],
    ...["--to", "carol@postfix.example", "--subject", "Hello", "--body", "By way of it"],
  ], { password: "secret" });
  assert.equal(sent.status, 0, sent.stderr);
}
