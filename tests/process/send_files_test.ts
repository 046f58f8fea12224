/** `smtpc send` with many files, as a process, to a server that is one too. */
import assert from "$assert";
import { EXIT } from "../../lib/cli/fail.ts";
import { message, writeFiles } from "../message_files.ts";
import { canRun, temporaryFolder } from "../support.ts";
import { runSmtpc, startSmtpd } from "./programs.ts";

Deno.test("many files are sent, kept, and read again", { ignore: !canRun }, async () => {
  await using folder = await temporaryFolder();
  const data = `${folder.path}/data`;
  const many = Array.from({ length: 100 }, (_, at) => {
    return [`mail/${at}.eml`, message(`text ${at}`, "alice@abc.com")] as const;
  });
  await writeFiles(folder.path, Object.fromEntries(many));
  await writeFiles(folder.path, { "mail/no.eml": message("refused", "nobody@abc.com") });
  await using smtpd = await startSmtpd([
    ...["--port", "0", "--domain", "abc.com", "--user", "alice:secret"],
    ...["--data", data, "--log-level", "error"],
  ]);
  const at = ["127.0.0.1", `${smtpd.ports.smtp}`];

  const sent = await runSmtpc(["send", ...at, `${folder.path}/mail`, "--tls", "none"]);
  assert.equal(sent.status, EXIT.noSuchRecipient);
  const [refusal, counts, failure] = sent.stderr.split("\n");
  assert.match(refusal!, /mail\/no\.eml: nobody@abc\.com: refused \(550 /);
  assert.match(counts!, /^100 of 101 sent, 1 not \(/);
  assert.equal(failure, "smtpc: 1 of 101 messages were not sent");
  assert.equal(sent.stdout, "");

  const read = await runSmtpc(
    ["read", ...at, "--user", "alice", "--all", "--json", "--tls", "none"],
    { password: "secret" },
  );
  const texts = read.stdout.trimEnd().split("\n").map((line) => JSON.parse(line).text.trim());
  const expected = many.map((_, number) => `text ${number}`);
  assert.deepEqual(texts.toSorted(), expected.toSorted());
});
