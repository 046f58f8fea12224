/** `smtpd export`: what it writes is whole, new, and read again as it was. */
import assert from "$assert";
import * as check from "$check";
import { EXIT } from "../lib/cli/fail.ts";
import { fill, letter, mailOf, run, subjectsOf, test, withUsers } from "./import_support.ts";
import { canUseFiles } from "./support.ts";

const text = check.array(
  check.constantFrom("", "From ", "From a Tue Nov 24 16:00:00 2026", ">From ", "Status: RO", "x"),
  { minLength: 1, maxLength: 6 },
).map((lines) => `Subject: a\r\n\r\n${lines.map((line) => `${line}\r\n`).join("")}`);
const letters = check.array(
  check.record({
    content: text,
    flags: check.subarray(
      ["\\Seen", "\\Answered", "\\Flagged", "\\Deleted", "\\Draft", "$Forwarded", "Work"],
    ),
    // To the second: a From_ line has no more.
    receivedAt: check.integer({ min: 0, max: 4e9 }).map((seconds) => seconds * 1000),
  }, { noNullPrototype: true }),
  { minLength: 1, maxLength: 4 },
);
const mailboxes = check.uniqueArray(
  check.constantFrom(
    "INBOX",
    "Sent",
    "a",
    "a/b.c",
    "..",
    "Entw\u{fc}rfe & Co/%",
    "INBOX/x",
    "x:y",
    "z.sbd/z.mbox",
  ),
  { maxLength: 4 },
).chain((names) => check.record(Object.fromEntries(names.map((each) => [each, letters]))));

for (const format of ["mbox", "maildir", "eml"]) {
  Deno.test(
    `what was exported as ${format} is imported as it was`,
    { ignore: !canUseFiles },
    async () => {
      await check.assert(
        check.asyncProperty(mailboxes, (all) =>
          withUsers(async (path) => {
            await fill(path, all);
            const out = await run(
              path,
              "export",
              "alice@abc.com",
              `${path}/out`,
              "--format",
              format,
            );
            assert.equal(out.status, EXIT.done, out.failure);
            const back = await run(path, "import", "bob@abc.com", `${path}/out`);
            assert.equal(back.status, EXIT.done, back.failure);
            assert.deepEqual(
              await mailOf(path, "bob@abc.com"),
              await mailOf(path, "alice@abc.com"),
            );
          })),
        { numRuns: 5 },
      );
    },
  );
}

for (const format of ["maildir", "eml"]) {
  test(`an export as ${format} that is run again writes what is new`, async (folder) => {
    const args = ["export", "alice@abc.com", `${folder}/out`, "--format", format] as const;
    await fill(folder, { INBOX: [letter("one", ["Work"]), letter("two")] });
    await run(folder, ...args);
    await fill(folder, { INBOX: [letter("three", ["Alpha", "Work"])], Sent: [letter("four")] });
    const again = await run(folder, ...args);
    const done = Object.fromEntries(
      again.lines.map(({ mailbox, written, before }) => [mailbox, [written, before]]),
    );
    assert.deepEqual([done["INBOX"], done["Sent"], done["Junk"]], [[1, 2], [1, 0], [0, 0]]);
    await run(folder, "import", "bob@abc.com", `${folder}/out`);
    assert.deepEqual(await mailOf(folder, "bob@abc.com"), await mailOf(folder, "alice@abc.com"));
  });
}

test("an export that was interrupted is made whole", async (folder) => {
  await fill(folder, { INBOX: [letter("one"), letter("two")], Sent: [letter("three")] });
  const args = (format: string) =>
    ["export", "alice@abc.com", `${folder}/${format}`, "--format", format] as const;
  for (const format of ["mbox", "eml"]) await run(folder, ...args(format));
  // Half a file, and half a line of the list.
  await Deno.rename(`${folder}/mbox/INBOX.mbox`, `${folder}/mbox/INBOX.mbox.partial`);
  await Deno.truncate(`${folder}/mbox/INBOX.mbox.partial`, 70);
  const list = `${folder}/eml/INBOX/messages.jsonl`;
  await Deno.truncate(list, (await Deno.stat(list)).size - 5);
  for (const format of ["mbox", "eml"]) {
    const { lines } = await run(folder, ...args(format));
    const inbox = lines.find(({ mailbox }) => mailbox === "INBOX")!;
    assert.deepEqual(inbox["written"], format === "mbox" ? 2 : 1);
    const before = lines.find(({ mailbox }) => mailbox === "Sent")!["before"];
    assert.equal(before, format === "mbox" ? null : 1);
    await run(folder, "import", "bob@abc.com", `${folder}/${format}`, "--mailbox", format);
  }
  const { lines } = await run(folder, ...args("eml"));
  assert.equal(lines.find(({ mailbox }) => mailbox === "INBOX")!["before"], 2);
  const taken = await subjectsOf(folder);
  assert.deepEqual(taken, {
    "eml/INBOX": ["one", "two"],
    "eml/Sent": ["three"],
    "mbox/INBOX": ["one", "two"],
    "mbox/Sent": ["three"],
  });
});
