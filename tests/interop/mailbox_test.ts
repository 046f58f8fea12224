/** Python's mailbox module reads what we export, and writes what we import. */
import assert from "$assert";
import { canRun, commandOf, temporaryFolder } from "../support.ts";
import { runWell } from "./run.ts";

const WRITE = `
import mailbox, sys, time

folder = sys.argv[1]
mbox, maildir = mailbox.mbox(folder + "/old"), mailbox.Maildir(folder + "/Maildir")
for at in range(3):
    text = f"Subject: {at}\\n\\nHello\\nFrom here on\\n>From there\\n\\nFrom bob\\n".encode()
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
import calendar, email.utils, mailbox, sys

folder = sys.argv[1]
def told(message, at):
    return (message["Subject"], "".join(sorted(message.get_flags().replace("O", ""))), at,
            message.get_payload())

text = "Hello\\nFrom here on\\n>From there\\n\\nFrom bob\\n"
for name, seen in [("mbox/Box/INBOX.mbox", "R"), ("mbox/Dir.mbox", "R")]:
    found = []
    for message in mailbox.mbox(f"{folder}/{name}", create=False):
        at = message.get_from().split(" ", 1)[1]
        payload = message.get_payload().replace("\\n>", "\\n")
        found.append((message["Subject"], message.get_flags(), at))
    print(name, found)

maildir = mailbox.Maildir(folder + "/maildir", create=False)
print(sorted(maildir.list_folders()))
for name in ["Box", "Dir"]:
    found = maildir.get_folder(name)
    for key in sorted(found.keys()):
        message = found.get_message(key)
        assert message.get_payload() == text.replace("\\n", "\\r\\n"), message.get_payload()
        print(name, message["Subject"], message.get_flags(), message.get_date())
`;

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
    assert.equal(await runWell("python3", ["-c", READ, path]), "");
  },
});
