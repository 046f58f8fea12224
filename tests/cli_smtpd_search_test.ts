/** `smtpd serve` keeps the index of its searches beside its data. */
import assert from "$assert";
import { DatabaseSync } from "node:sqlite";
import { appendCommand, talkImap } from "./app_imap_support.ts";
import { REAL } from "./app_support.ts";
import { startProgram } from "./smtpd_support.ts";
import { canUseFiles, temporaryFolder, until } from "./support.ts";

const MESSAGES = 12;

/** Up to which message the mailbox is indexed; 0 where it is not. */
function indexedIn(path: string): number {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    return Number(database.prepare("SELECT max(through) AS last FROM mailboxes").get()!.last);
  } finally {
    database.close();
  }
}

/** What a search for a word gives, and then as many messages as the index knows. */
async function search(data: string, append: number): Promise<readonly [string, number]> {
  await using program = await startProgram([
    ...["--port", "0", "--domain", "abc.com", "--data", data, "--user", "alice:secret"],
    ...["--imap-port", "0"],
  ]);
  const port = Number(/^imap 127\.0\.0\.1:(\d+)$/m.exec(program.output())![1]);
  const alice = await talkImap({ world: REAL, port: () => port }, { user: "alice" });
  for (let number = 1; number <= append; number++) {
    await alice.say(appendCommand("INBOX", `Subject: number ${number} of all\r\n\r\n\r\n`));
  }
  await alice.say("SELECT INBOX");
  const [found = ""] = (await alice.say('SEARCH TEXT "number 7 of"')).split("\n");
  const known = await until("the index", () => {
    const through = indexedIn(`${data}/search.db`);
    return through === MESSAGES && through;
  });
  alice.close();
  return [found, known];
}

Deno.test({
  name: "smtpd serve makes its index of searches, and makes it anew where it is lost or damaged",
  ignore: !canUseFiles,
  async fn() {
    await using folder = await temporaryFolder();
    const data = `${folder.path}/data`;
    assert.deepEqual(await search(data, MESSAGES), ["* SEARCH 7", MESSAGES]);
    await Deno.writeTextFile(`${data}/search.db`, "damaged");
    assert.deepEqual(await search(data, 0), ["* SEARCH 7", MESSAGES]);
    await Deno.remove(`${data}/search.db`);
    assert.deepEqual(await search(data, 0), ["* SEARCH 7", MESSAGES]);
  },
});
