/** Our IMAP client, and our POP3 client, against Dovecot. */
import assert from "$assert";
import { smtpc } from "../../lib/cli/smtpc.ts";
import { denoWorld } from "../../lib/net/deno.ts";
import { decode } from "../../lib/wire/bytes.ts";
import { fakeStreams, type RunOptions, runSmtpc } from "../cli_support.ts";
import { canRun, temporaryFolder, until } from "../support.ts";
import { startPostfixDovecot } from "./postfix.ts";

const CAROL: RunOptions = { input: "", variables: { SMTPC_PASSWORD: "secret" } };

Deno.test({
  name: "smtpc reads, searches, follows and moves mail in Dovecot",
  ignore: !canRun,
  fn: async (test) => {
    await using folder = await temporaryFolder();
    await using peers = await startPostfixDovecot(folder.path);
    const send = async (subject: string, ...flags: string[]) => {
      const to = ["--from", "a@abc.com", "--to", "carol@postfix.example"];
      const lmtp = ["send", "127.0.0.1", `${peers.lmtpPort}`, "--proto", "lmtp"];
      const what = ["--subject", subject, "--body", `About ${subject}`];
      const sent = await runSmtpc([...lmtp, ...to, ...what, ...flags], CAROL);
      assert.equal(sent.status, 0, sent.failure);
    };
    const read = async (flags: readonly string[], options: RunOptions = CAROL) => {
      const at = ["127.0.0.1", `${peers.imapPort}`, "--user", "carol"];
      return await runSmtpc(["read", ...at, ...flags], options);
    };
    const subjects = async (...flags: string[]) => {
      const ran = await read(["--list", "--json", ...flags]);
      assert.equal(ran.failure, "");
      return ran.output.split("\n").slice(0, -1).map((line) => JSON.parse(line).subject);
    };

    await test.step("a search finds what is asked for, in any script", async () => {
      for (const subject of ["Käse", "bread", "wine"]) await send(subject);
      assert.deepEqual(await subjects(), ["Käse", "bread", "wine"]);
      assert.deepEqual(await subjects("--search", "subject:Käse"), ["Käse"]);
      assert.deepEqual(await subjects("--search", "from:abc is:unread -bread"), ["Käse", "wine"]);
      assert.deepEqual(await subjects("--search", "before:2020-01-01"), []);
    });

    await test.step("what was shown is marked, and moved", async () => {
      const ran = await read(["--search", "bread", "--mark-seen", "--move", "Archive", "-v"]);
      assert.deepEqual([ran.status, ran.failure], [0, ""]);
      assert.match(ran.errors, /AUTHENTICATE SCRAM-SHA-256/);
      assert.match(ran.output, /^About bread$/m);
      assert.deepEqual(await subjects(), ["Käse", "wine"]);
      assert.deepEqual(await subjects("--mailbox", "Archive", "--search", "is:read"), ["bread"]);
      assert.match((await read(["--mailbox", "None"])).failure, /there are .*Archive/);
    });

    await test.step("a large attachment is saved as it was", async () => {
      const large = crypto.getRandomValues(new Uint8Array(60_000));
      await Deno.writeFile(`${folder.path}/large.bin`, large);
      await send("large", "--attach", `${folder.path}/large.bin`);
      const ran = await read(["--last", "--save", `${folder.path}/saved`]);
      assert.deepEqual([ran.status, ran.failure], [0, ""]);
      assert.deepEqual(await Deno.readFile(`${folder.path}/saved/large.bin`), large);
    });

    await test.step("TLS is verified by the certificate that is given", async () => {
      const { imapPort, imapsPort, pop3Port, pop3sPort, ca } = peers;
      const implicit = [imapsPort, pop3sPort].map((port) => ({ port, tls: "implicit" }));
      const upgraded = [imapPort, pop3Port].map((port) => ({ port, tls: "starttls" }));
      for (const { port, tls } of [...implicit, ...upgraded]) {
        const at = ["read", "localhost", `${port}`, "--user", "carol", "--tls", tls, "--list"];
        const listed = await runSmtpc([...at, "--json", "--ca", ca], CAROL);
        assert.equal(listed.failure, "");
        assert.match(listed.output, /"subject":"Käse"/);
        const stranger = await runSmtpc(at, CAROL);
        assert.equal(stranger.status, 69, stranger.failure);
        assert.equal(stranger.output, "");
      }
    });

    await test.step("by POP3, a large attachment is saved, too", async () => {
      const server = ["localhost", `${peers.pop3sPort}`, "--tls", "implicit", "--ca", peers.ca];
      const saving = ["--user", "carol", "--last", "--save", `${folder.path}/saved-by-pop3`];
      const ran = await runSmtpc(["read", ...server, ...saving], CAROL);
      assert.deepEqual([ran.status, ran.failure], [0, ""]);
      const saved = await Deno.readFile(`${folder.path}/saved-by-pop3/large.bin`);
      assert.deepEqual(saved, await Deno.readFile(`${folder.path}/large.bin`));
    });

    await test.step("new mail is shown as it comes, under TLS", async () => {
      const stop = Promise.withResolvers<void>();
      const { streams, output, errors } = fakeStreams(CAROL);
      const at = ["read", "localhost", `${peers.imapsPort}`, "--tls", "implicit"];
      const context = { world: denoWorld(), streams, ask: null };
      const following = smtpc([...at, "--user", "carol", "--ca", peers.ca, "--follow", "-v"], {
        ...context,
        stopRequested: () => stop.promise,
      });
      await until("the client waits", () => / IDLE\n(.*\n)*S: \+/.test(decode(errors())));
      await send("news");
      await until("the news", () => /^About news$/m.test(decode(output())), 30_000);
      stop.resolve();
      assert.equal(await following, 0);
      assert.match(decode(errors()), /^C: DONE\n(.*\n)*C: a\d+ LOGOUT$/m);
    });

    await test.step("--delete removes what was shown, and nothing else", async () => {
      assert.equal((await read(["--search", "wine", "--delete"])).status, 0);
      assert.deepEqual(await subjects(), ["Käse", "large", "news"]);
    });
  },
});
