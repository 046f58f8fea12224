/** Python's mailbox module reads what we export, and writes what we import. */
import assert from "$assert";
import { canRun, commandOf, temporaryFolder } from "../support.ts";
import { runWell } from "./run.ts";

const WRITE = `
import mailbox, sys, time

folder = sys.argv[1]
mbox, maildir = mailbox.mbox(folder + "/old"), mailbox.Maildir(folder + "/Maildir")
for at in range(3):
    text = f"Subject: {at}\\n\\nHello\\nFrom here on\\n\\nFrom bob\\n".encode()
    message = mailbox.mboxMessage(text)
    message.set_from("bob@xyz.com", time.gmtime(1700000000 + at))
    message.set_flags("RO"[:at] + "F" * (at == 2))
    mbox.add(message)
    message = mailbox.MaildirMessage(text)
    message.set_subdir("cur" if at else "new")
    message.set_flags("S" * (at > 0) + "F" * (at == 2))
    message.set_date(1700000000 + at)
    maildir.add(message)
maildir.add_folder("Work").add(b"Subject: work\\n\\nHi\\n")
mbox.flush()
`;

const READ = `
import mailbox, sys

folder = sys.argv[1]
text = "Hello\\nFrom here on\\n\\nFrom bob\\n"
for name in ["Box", "Dir"]:
    for message in mailbox.mbox(f"{folder}/mbox/{name}.mbox", create=False):
        # It leaves the quoting to whoever reads.
        assert message.get_payload().replace("\\n>", "\\n") == text, message.get_payload()
        print(name, message["Subject"], message.get_flags(), message.get_from())

maildir = mailbox.Maildir(folder + "/maildir", create=False)
print(*sorted(maildir.list_folders()))
for name in ["Box", "Dir"]:
    found = maildir.get_folder(name)
    for key in sorted(found.keys()):
        message = found.get_message(key)
        assert message.get_payload() == text, message.get_payload()
        print(name, message["Subject"], message.get_flags(), message.get_date())
`;

const READ_THERE = [
  ...["Box", "Dir"].flatMap((name) => [
    `${name} 0 O MAILER-DAEMON Tue Nov 14 22:13:20 2023`,
    `${name} 1 RO MAILER-DAEMON Tue Nov 14 22:13:21 2023`,
    `${name} 2 ROF MAILER-DAEMON Tue Nov 14 22:13:22 2023`,
  ]),
  "Archive Box Dir Dir.Work Drafts Junk Sent Trash",
  ...["Box", "Dir"].flatMap((name) => [
    `${name} 0  1700000000.0`,
    `${name} 1 S 1700000001.0`,
    `${name} 2 FS 1700000002.0`,
  ]),
];

Deno.test({
  name: "Python's mailbox module reads our mbox and our Maildir, and we read its own",
  ignore: !canRun,
  async fn() {
    await using folder = await temporaryFolder();
    const { path } = folder;
    const [program, ...words] = commandOf("smtpd");
    const smtpd = (...args: readonly string[]) =>
      runWell(program, [...words, ...args, "--data", `${path}/data`]);
    await Deno.writeTextFile(`${path}/password`, "secret\n");
    await smtpd("user", "add", "alice@abc.com", "--password-file", `${path}/password`);
    await runWell("python3", ["-c", WRITE, path]);
    await smtpd("import", "alice@abc.com", `${path}/old`, "--mailbox", "Box");
    await smtpd("import", "alice@abc.com", `${path}/Maildir`, "--mailbox", "Dir");
    for (const format of ["mbox", "maildir"]) {
      await smtpd("export", "alice@abc.com", `${path}/${format}`, "--format", format);
    }
    const read = await runWell("python3", ["-c", READ, path]);
    assert.deepEqual(read.trimEnd().split("\n"), READ_THERE);
  },
});
