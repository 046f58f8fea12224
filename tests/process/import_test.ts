/** An import that is killed, and run again. */
import assert from "$assert";
import { mailOf, mbox, numbered, withUsers } from "../import_support.ts";
import { canRun, commandOf, until } from "../support.ts";

/** So many take long enough to be interrupted. */
const LETTERS = 2_000;

Deno.test({
  name: "an import that is killed is run again, and nothing is lost or doubled",
  ignore: !canRun,
  fn: () => withUsers(killAndRunAgain),
});

async function killAndRunAgain(folder: string): Promise<void> {
  await Deno.writeTextFile(`${folder}/old`, mbox(numbered(0, LETTERS)));
  const [program, ...words] = commandOf("smtpd");
  const args = ["import", "bob@abc.com", `${folder}/old`, "--data", `${folder}/data`];
  const command = new Deno.Command(program, {
    args: [...words, ...args],
    stdout: "null",
    stderr: "null",
  });
  const killed = command.spawn();
  let ended = false;
  const end = killed.status.finally(() => ended = true);
  const log = `${folder}/data/smtpd.db-wal`;
  const logged = async () => (await Deno.stat(log).catch(() => null))?.size ?? 0;
  await until("a part of it", async () => ended || await logged() > 200_000, 60_000);
  if (!ended) killed.kill("SIGKILL");
  await end;
  const { success } = await command.output();
  assert.ok(success);
  const { INBOX: inbox } = await mailOf(folder, "bob@abc.com");
  assert.deepEqual(
    inbox!.map(({ content }) => /^Subject: (.*)\r$/m.exec(content)?.[1]),
    numbered(0, LETTERS),
  );
}
