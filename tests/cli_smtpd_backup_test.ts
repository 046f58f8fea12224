/** `smtpd backup`, `smtpd restore` and `smtpd trace`, on a running server and on a directory. */
import assert from "$assert";
import { EXIT } from "../lib/cli/fail.ts";
import { letter, logIn, REAL, sendMessage, talkTo } from "./app_support.ts";
import { runProgram, startProgram } from "./smtpd_support.ts";
import { canUseFiles, temporaryFolder } from "./support.ts";

const FLAGS = ["--port", "0", "--domain", "abc.com", "--user", "alice:secret"];
/** Nobody listens on the discard port. */
const UNREACHABLE = ["--route", "xyz.com=127.0.0.1:9"];

function test(name: string, fn: (folder: string) => Promise<void>): void {
  Deno.test(name, { ignore: !canUseFiles }, async () => {
    await using folder = await temporaryFolder();
    await fn(folder.path);
  });
}

/** Alice's letter to Bob; gives its id. */
async function submit(port: number): Promise<string> {
  const talker = await talkTo(REAL, port);
  await talker.say("EHLO test.example");
  await logIn(talker, "alice");
  const content = letter("Waiting");
  const replies = await sendMessage(talker, {
    from: "alice@abc.com",
    to: ["bob@xyz.com"],
    content,
  });
  talker.close();
  return /Accepted as (\S+)/.exec(replies.at(-1)!)?.[1] ?? "none";
}

test("a backup of a running server is restored, with what waited held", async (folder) => {
  const [data, copy, back] = ["data", "copy", "back"].map((name) => `${folder}/${name}`);
  let id = "";
  {
    await using server = await startProgram([...FLAGS, ...UNREACHABLE, "--data", data!]);
    id = await submit(Number(/^smtp 127\.0\.0\.1:(\d+)$/m.exec(server.output())?.[1]));
    const made = await runProgram(["backup", copy!, "--data", data!, "--json"]);
    assert.deepEqual([made.status, JSON.parse(made.output)], [EXIT.done, { directory: copy }]);
    const again = await runProgram(["backup", copy!, "--data", data!]);
    assert.deepEqual([again.status], [EXIT.cannotCreate]);
    assert.match(again.failure, /is not empty/);
    const file = await runProgram(["backup", `${data}/smtpd.db/x`, "--data", data!]);
    assert.equal(file.status, EXIT.cannotCreate);
    const over = await runProgram(["restore", copy!, "--data", data!]);
    assert.equal(over.status, EXIT.cannotCreate);
  }
  const restored = await runProgram(["restore", copy!, "--data", back!, "--json"]);
  assert.deepEqual(JSON.parse(restored.output), { directory: back, accounts: 1, held: 1 });
  const listed = await runProgram(["queue", "list", "--data", back!]);
  assert.match(listed.output, /held \(restored from a backup: it may have been delivered since\)/);
  const traced = await runProgram(["trace", id, "--data", back!]);
  assert.match(traced.output, /^Message .*\n.* accepted from alice@abc\.com/);
  assert.match(traced.output, / {2}bob@xyz\.com: held \(restored/);
  const object = await runProgram(["trace", id, "--data", back!, "--json"]);
  assert.equal(JSON.parse(object.output).id, id);
  const released = await runProgram(["queue", "release", "--all", "--data", back!]);
  assert.equal(released.status, EXIT.done);
  const unknown = await runProgram(["trace", "nothing", "--data", back!]);
  assert.equal(unknown.status, EXIT.noInput);
});

test("a restore says what is missing, and leaves nothing", async (folder) => {
  const nowhere = await runProgram(["restore", `${folder}/none`]);
  assert.equal(nowhere.status, EXIT.usage);
  assert.match(nowhere.failure, /--data DIR/);
  const back = `${folder}/back`;
  const missing = await runProgram(["restore", `${folder}/none`, "--data", back]);
  assert.equal(missing.status, EXIT.noInput);
  assert.match(missing.failure, /there is no backup/);
  await Deno.mkdir(`${folder}/odd`);
  await Deno.writeTextFile(`${folder}/odd/smtpd.db`, "not a database ".repeat(1000));
  const odd = await runProgram(["restore", `${folder}/odd`, "--data", back]);
  assert.equal(odd.status, EXIT.badData);
  assert.match(odd.failure, /not a database of smtpd/);
  await assert.rejects(Deno.stat(back), Deno.errors.NotFound);
});
