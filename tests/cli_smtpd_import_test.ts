/** `smtpd import`, on a running server and on a directory. */
import assert from "$assert";
import { contentBytesOf } from "../lib/app/admin_mail.ts";
import { EXIT } from "../lib/cli/fail.ts";
import { runSmtpd } from "../lib/cli/smtpd.ts";
import { denoWorld } from "../lib/net/deno.ts";
import { decode } from "../lib/wire/bytes.ts";
import { fakeOutput } from "./fake_streams.ts";
import {
  AT,
  fill,
  type Letter,
  letter,
  mailOf,
  mbox,
  numbered,
  open,
  run,
  subjectsOf,
  test,
} from "./import_support.ts";
import { startProgram } from "./smtpd_support.ts";

test("mbox, Maildir and files are taken with dates, flags and order", async (folder) => {
  await Deno.writeTextFile(`${folder}/old`, mbox(["one", "two"], "Status: RO\nX-Status: F\n"));
  for (const name of ["m/cur", "m/new", "m/tmp", "m/.Work.2026/cur", "m/.Work.2026/new", "e/sub"]) {
    await Deno.mkdir(`${folder}/${name}`, { recursive: true });
  }
  const write = async (path: string, content: string, time?: number) => {
    await Deno.writeTextFile(`${folder}/${path}`, content);
    if (time !== undefined) await Deno.utime(`${folder}/${path}`, new Date(time), new Date(time));
  };
  await write("m/dovecot-keywords", "0 Paid\n");
  await write("m/cur/10.a:2,RSa", "Subject: ten\n\nHi\n", AT + 1_500);
  await write("m/new/9.a", "Subject: nine\n\nHi\n", AT);
  await write("m/.Work.2026/cur/1.a:2,", "Subject: work\n\nHi\n", AT);
  const dated = "Date: Tue, 24 Nov 2026 15:00:00 +0000\n";
  await write("e/10.eml", `${dated}Subject: b\n\nHi\n`);
  await write("e/9.eml", `${dated}Subject: a\n\nHi\n`);
  await write("e/sub/x.EML", `${dated}Subject: c\n\nHi\n`);
  await write("e/notes.txt", "no mail\n");
  const done = await run(
    folder,
    "import",
    "bob@abc.com",
    ...["old", "m", "e"].map((each) => `${folder}/${each}`),
  );
  assert.deepEqual([done.status, done.errors], [EXIT.done, ""]);
  const counts = { taken: 2, known: 0, leftOut: 0 };
  assert.deepEqual(done.lines, [
    { format: "mbox", path: `${folder}/old`, mailbox: "INBOX", ...counts },
    { format: "maildir", path: `${folder}/m`, mailbox: "INBOX", ...counts },
    {
      format: "maildir",
      path: `${folder}/m/.Work.2026`,
      mailbox: "Work/2026",
      ...counts,
      taken: 1,
    },
    { format: "eml", path: `${folder}/e`, mailbox: "INBOX", ...counts },
    { format: "eml", path: `${folder}/e/sub`, mailbox: "sub", ...counts, taken: 1 },
  ]);
  const { INBOX: inbox, ...others } = await mailOf(folder, "bob@abc.com");
  const short = (
    { content, flags, receivedAt }: Letter,
  ) => [/Subject: (.*)\r\n/.exec(content)![1], flags.join(" "), receivedAt - AT];
  assert.deepEqual(inbox!.map(short), [
    ["one", "\\Seen \\Flagged", 0],
    ["two", "\\Seen \\Flagged", 0],
    ["nine", "", 0],
    ["ten", "\\Seen \\Answered Paid", 1_500],
    ["a", "", -3_600_000],
    ["b", "", -3_600_000],
  ]);
  assert.equal(inbox![0]!.content, "Subject: one\r\n\r\nHi\r\n");
  assert.deepEqual(Object.keys(others), ["Work/2026", "sub"]);
  await using store = await open(folder);
  const listed = await store.mailboxes.list(store.users.find("bob@abc.com")!.id);
  assert.ok(listed.every(({ name, subscribed }) => subscribed || name === "Work"));
});

test("an import that is run again takes what is new, and nothing twice", async (folder) => {
  const path = `${folder}/old`;
  await Deno.writeTextFile(path, mbox(numbered(0, 130)));
  const first = await run(folder, "import", "bob@abc.com", path);
  assert.deepEqual([first.lines[0]!["taken"], first.lines[0]!["known"]], [130, 0]);
  await Deno.writeTextFile(path, mbox(numbered(0, 250)));
  const more = await run(folder, "import", "bob@abc.com", path);
  assert.deepEqual([more.lines[0]!["taken"], more.lines[0]!["known"]], [120, 130]);
  assert.deepEqual(await subjectsOf(folder), { INBOX: numbered(0, 250) });
  // Somewhere else it is something else.
  const there = await run(folder, "import", "bob@abc.com", path, "--mailbox", "Old");
  assert.equal(there.lines[0]!["taken"], 250);
  const again = await run(folder, "import", "bob@abc.com", path, "--again");
  assert.deepEqual([again.lines[0]!["taken"], again.lines[0]!["known"]], [250, 0]);
});

test("an import that fails in the middle goes on where it was", async (folder) => {
  const path = `${folder}/old`;
  const fields = (letters: string) =>
    `X-Keywords: ${Array.from({ length: 201 }, (_, at) => `${letters}${at}`).join(" ")}\n`;
  const before = mbox(numbered(0, 110));
  await Deno.writeTextFile(path, before + mbox(["110"], fields("k")) + mbox(["111"]));
  const failed = await run(folder, "import", "bob@abc.com", path);
  assert.equal(failed.status, EXIT.usage);
  assert.match(failed.failure, /200 keywords/);
  assert.deepEqual(await subjectsOf(folder), { INBOX: numbered(0, 100) });
  await Deno.writeTextFile(path, before + mbox(["110"], fields("(")) + mbox(["111"]));
  const mended = await run(folder, "import", "bob@abc.com", path);
  assert.deepEqual([mended.lines[0]!["taken"], mended.lines[0]!["known"]], [12, 100]);
  assert.deepEqual(await subjectsOf(folder), { INBOX: numbered(0, 112) });
});

test("what cannot be taken is named with its place, and the rest is taken", async (folder) => {
  const path = `${folder}/e`;
  await Deno.mkdir(path);
  await Deno.writeTextFile(`${path}/1.eml`, "");
  await Deno.writeTextFile(`${path}/2.eml`, "Subject: two\n\nHi\n");
  await Deno.writeTextFile(`${path}/3.eml`, "");
  await Deno.truncate(`${path}/3.eml`, 64 * 1024 * 1024 + 1);
  await Deno.writeTextFile(`${folder}/old`, `junk\n\n${mbox(["three"])}`);
  const ran = await run(folder, "import", "bob@abc.com", path, `${folder}/old`, "--format", "eml");
  assert.equal(ran.status, EXIT.badData);
  assert.equal(
    ran.errors,
    `${path}/1.eml: it is empty, and was left out\n` +
      `${path}/3.eml: it is larger than 64 MiB, and was left out\n`,
  );
  const forced = await run(folder, "import", "bob@abc.com", `${folder}/old`, "--format", "mbox");
  assert.equal(forced.status, EXIT.badData);
  assert.match(forced.errors, /\/old, byte 0: no From_ line with a date stands in front of it/);
  assert.deepEqual((await subjectsOf(folder))["INBOX"], ["two", "three", "three"]);
});

test("folders of other programs are understood, and names joined", async (folder) => {
  await Deno.mkdir(`${folder}/tb/Archives.sbd`, { recursive: true });
  for (const name of ["Inbox", "Archives", "Archives.sbd/2025", "100%25 mine.mbox"]) {
    await Deno.writeTextFile(`${folder}/tb/${name}`, mbox([name]));
  }
  await Deno.writeTextFile(`${folder}/tb/Inbox.msf`, '// <!-- <mdb:mork:z v="1.4"/> -->\n');
  await Deno.symlink("..", `${folder}/tb/loop`);
  assert.equal((await run(folder, "import", "bob@abc.com", `${folder}/tb/`)).status, EXIT.done);
  assert.deepEqual(await subjectsOf(folder), {
    "100% mine": ["100%25 mine.mbox"],
    Archives: ["Archives"],
    "Archives/2025": ["Archives.sbd/2025"],
    INBOX: ["Inbox"],
  });
  await run(folder, "import", "alice@abc.com", `${folder}/tb`, "--mailbox", "Old");
  assert.deepEqual(Object.keys(await subjectsOf(folder, "alice@abc.com")), [
    "Old/100% mine",
    "Old/Archives",
    "Old/Archives/2025",
    "Old/Inbox",
  ]);
});

test("mistakes on the command line of an import end with a status that fits", async (folder) => {
  await Deno.writeTextFile(`${folder}/old`, mbox(["one"]));
  await Deno.writeTextFile(`${folder}/text`, "What is this?\n");
  await Deno.mkdir(`${folder}/empty`);
  for (
    const [args, status, words] of [
      [["import", "carol@abc.com", `${folder}/old`], EXIT.noSuchRecipient, /no user carol/],
      [["import", "bob@abc.com", `${folder}/none`], EXIT.noInput, /none: there is no such file/],
      [["import", "bob@abc.com", `${folder}/text`], EXIT.badData, /text: there is no mail/],
      [["import", "bob@abc.com", `${folder}/empty`], EXIT.badData, /empty: there is no mail/],
      [["import", "bob@abc.com", `${folder}/old`, "--mailbox", "a//b"], EXIT.usage, /not a name/],
      [["import", "bob@abc.com", `${folder}/old`, "--format", "zip"], EXIT.usage, /format/],
      [["import", "bob@abc.com"], EXIT.usage, /paths/],
      [["export", "bob@abc.com", `${folder}/out`], EXIT.usage, /--format mbox\|maildir\|eml/],
      [["export", "carol@abc.com", `${folder}/out`, "--format", "eml"], EXIT.noSuchRecipient, /no/],
      [
        ["export", "bob@abc.com", `${folder}/out`, "--format", "eml", "--mailbox", "x"],
        EXIT.noInput,
        /no mailbox x/,
      ],
      [["export", "bob@abc.com", `${folder}/empty`, "--format", "eml"], EXIT.done, /^$/],
      [["export", "bob@abc.com", folder, "--format", "eml"], EXIT.cannotCreate, /other things/],
      [
        ["export", "alice@abc.com", `${folder}/empty`, "--format", "eml"],
        EXIT.cannotCreate,
        /another export/,
      ],
    ] as const
  ) {
    const ran = await run(folder, ...args);
    assert.deepEqual([ran.status, words.test(ran.failure)], [status, true], ran.failure);
  }
});

test("large messages and many go through a running server", async (folder) => {
  const large = `Subject: large\r\n\r\n${"0123456789abcdef\r\n".repeat(200_000)}`;
  await fill(folder, {
    INBOX: [{ ...letter("large"), content: large }],
    Sent: numbered(0, 450).map((each) => letter(each)),
  });
  const data = `${folder}/data`;
  const flags = ["--port", "0", "--domain", "abc.com", "--data", data];
  {
    await using _server = await startProgram(flags);
    // A server knows which domain is meant where none is named.
    const out = await run(folder, "export", "alice", `${folder}/out`, "--format", "mbox");
    assert.equal(out.status, EXIT.done, out.failure);
    const back = await run(folder, "import", "bob@abc.com", `${folder}/out`);
    assert.equal(back.status, EXIT.done, back.failure);
  }
  assert.deepEqual(await mailOf(folder, "bob@abc.com"), await mailOf(folder, "alice@abc.com"));
});

test("a person sees how far it has come, and a program does not", async (folder) => {
  await Deno.writeTextFile(`${folder}/old`, mbox(numbered(0, 30)));
  for (const json of [false, true]) {
    const [output, errors] = [fakeOutput(), fakeOutput(true)];
    const args = ["import", "bob@abc.com", `${folder}/old`, "--data", `${folder}/data`];
    const status = await runSmtpd(json ? [...args, "--json"] : args, {
      world: denoWorld(),
      streams: {
        input: { isTerminal: true, bytes: () => Promise.resolve(new Uint8Array()) },
        output,
        errors,
        variable: () => null,
      },
      ask: null,
      stopRequested: () => new Promise(() => {}),
      onReload: () => {},
    });
    assert.equal(status, EXIT.done);
    const said = decode(errors.written());
    if (json) assert.equal(said, "");
    else assert.match(said, /Importing INBOX: 100 %.*: 30 messages taken into INBOX\n$/s);
  }
});

Deno.test("a request brings 64 MiB of messages, and no more", () => {
  const asked = (sizes: readonly number[]) =>
    contentBytesOf({ do: "import messages", messages: sizes.map((size) => ({ size })) } as never);
  const most = 64 * 1024 * 1024;
  assert.equal(asked([1, most - 1]), most);
  assert.deepEqual([asked([1, most]), asked([-1])], [null, null]);
  assert.equal(contentBytesOf({ do: "check" }), 0);
});
