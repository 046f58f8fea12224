/** `smtpc send` with many files, and servers that do not make it easy. */
import assert from "$assert";
import { EXIT } from "../lib/cli/fail.ts";
import { DEFAULT_SMTP_LIMITS } from "../lib/smtp/connection.ts";
import { encode } from "../lib/wire/bytes.ts";
import { listen, runSmtpc, startScript, startServer, type TestServer } from "./cli_support.ts";
import { lineReader } from "./line_reader.ts";
import { message, writeFiles } from "./message_files.ts";
import { fakeSmtp } from "./smtp_support.ts";
import { canUseFiles, temporaryFolder } from "./support.ts";

const FILES = { ignore: !canUseFiles };

Deno.test(
  "files go over another connection where the server ends one",
  FILES,
  async () => {
    await using folder = await temporaryFolder();
    const many = Array.from({ length: 9 }, (_, at) => [`${at}.eml`, message(`${at}`)]);
    await writeFiles(folder.path, Object.fromEntries(many));
    const smtp = fakeSmtp();
    const limits = { ...DEFAULT_SMTP_LIMITS, mailsMax: 4 };
    await using server = startServer({ smtp, options: { limits } });
    const run = await runSmtpc(["send", ...server.at, folder.path, "--connections", "1"]);
    assert.equal(run.failure, "");
    assert.deepEqual([smtp.messages.length, smtp.counts().opened], [9, 3]);
  },
);

/** A server that leaves at the third MAIL of a connection, without a word. */
function startSilent(taken: string[]): TestServer {
  return listen(async (transport) => {
    const next = lineReader(transport);
    const say = (line: string) => transport.write(encode(`${line}\r\n`));
    await say("220 silent.test");
    let mails = 0;
    for (let line = await next(); line !== null; line = await next()) {
      if (line.startsWith("MAIL") && ++mails > 2) return;
      await say(line === "DATA" ? "354 Go on" : "250 Ok");
      if (line !== "DATA") continue;
      let last = "";
      for (let text = await next(); text !== "."; text = await next()) last = text ?? "";
      taken.push(last);
      await say("250 Ok");
    }
  });
}

Deno.test(
  "send goes on where a server leaves without a word",
  FILES,
  async () => {
    await using folder = await temporaryFolder();
    const many = Array.from({ length: 5 }, (_, at) => [`${at}.eml`, message(`${at}`)]);
    await writeFiles(folder.path, Object.fromEntries(many));
    const taken: string[] = [];
    await using server = startSilent(taken);
    const run = await runSmtpc(["send", ...server.at, folder.path, "--connections", "1"]);
    assert.equal(run.failure, "");
    assert.deepEqual(taken, ["0", "1", "2", "3", "4"]);
  },
);

/** A server that offers BDAT and does not know it. */
function startMisleading(taken: string[]): TestServer {
  return listen(async (transport) => {
    const next = lineReader(transport);
    const say = (line: string) => transport.write(encode(`${line}\r\n`));
    await say("220 misleading.test");
    for (let line = await next(); line !== null; line = await next()) {
      if (line.startsWith("EHLO")) await say("250-misleading.test\r\n250-8BITMIME\r\n250 CHUNKING");
      else if (line.startsWith("BDAT")) return await say("500 What?");
      else if (line === "DATA") {
        await say("354 Go on");
        let last = "";
        for (let text = await next(); text !== "."; text = await next()) last = text ?? "";
        taken.push(last);
        await say("250 Ok");
      } else await say("250 Ok");
    }
  });
}

Deno.test("send uses DATA where BDAT is offered and not known", FILES, async () => {
  await using folder = await temporaryFolder();
  const many = Array.from({ length: 8 }, (_, at) => [`${at}.eml`, message(`ü${at}`)]);
  await writeFiles(folder.path, Object.fromEntries(many));
  const taken: string[] = [];
  await using server = startMisleading(taken);
  const run = await runSmtpc(["send", ...server.at, folder.path]);
  assert.equal(run.failure, "");
  assert.equal(new Set(taken).size, 8);
  assert.equal(taken.length, 8);
});

Deno.test("send tells what was sent before the server was gone", FILES, async () => {
  await using folder = await temporaryFolder();
  await writeFiles(folder.path, { "1.eml": message("1"), "2.eml": message("2") });
  await using busy = startScript("421 Too busy\r\n", "close");
  const run = await runSmtpc(["send", ...busy.at, folder.path]);
  assert.equal(run.status, EXIT.tryAgainLater);
  assert.match(run.failure, /does not want to talk: 421 Too busy/);
  assert.match(run.errors, /^0 of 2 sent \(/);
});

Deno.test(
  "with FILEs, too, what a server does not offer is named",
  FILES,
  async () => {
    await using folder = await temporaryFolder();
    await writeFiles(folder.path, { "1.eml": message("1") });
    const taken: string[] = [];
    await using server = startSilent(taken);
    const run = await runSmtpc(["send", ...server.at, folder.path, "--dsn", "failure"]);
    assert.equal(run.status, EXIT.unavailable);
    assert.match(run.failure, /does not offer DSN, which --dsn needs: nothing was sent$/);
    assert.deepEqual(taken, []);
  },
);
