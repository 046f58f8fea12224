/** `smtpc send` with many files, against our own sessions on real sockets. */
import assert from "$assert";
import { EXIT } from "../lib/cli/fail.ts";
import { encode } from "../lib/wire/bytes.ts";
import { listen, type Run, runSmtpc, startServer } from "./cli_support.ts";
import { lineReader } from "./line_reader.ts";
import { message, writeFiles } from "./message_files.ts";
import { fakeSmtp, PASSWORD } from "./smtp_support.ts";
import { canUseFiles, temporaryFolder, until } from "./support.ts";

const FILES = { ignore: !canUseFiles };
const PEOPLE = ["--from", "a@abc.com", "--to", "bob@xyz.com"];

const lines = ({ output }: Run) => output.trimEnd().split("\n").map((line) => JSON.parse(line));
const textOf = (content: string) => content.slice(content.indexOf("\r\n\r\n") + 4).trimEnd();

Deno.test(
  "send sends each file, and each .eml of a folder",
  FILES,
  async () => {
    await using folder = await temporaryFolder();
    const many = Array.from({ length: 20 }, (_, at) => [`mail/${at}.eml`, message(`text ${at}`)]);
    await writeFiles(folder.path, {
      ...Object.fromEntries(many),
      "mail/below/b.EML": message("below", "eve@xyz.com"),
      "mail/notes.txt": "no message",
      "mail/.hidden/h.eml": message("hidden"),
      "alone": message("alone\n.dot"),
    });
    const smtp = fakeSmtp();
    await using server = startServer({ smtp });
    const run = await runSmtpc([
      ...["send", ...server.at, "--user", "alice"],
      ...[`${folder.path}/alone`, `${folder.path}/mail/`],
    ], { input: "", variables: { SMTPC_PASSWORD: PASSWORD } });
    assert.deepEqual([run.failure, run.status, run.output], ["", EXIT.done, ""]);
    assert.match(run.errors, /^22 of 22 sent \(\d+\.\d s, \d+ a second\)\n$/);
    const texts = smtp.messages.map(({ content }) => textOf(content)).toSorted();
    const expected = many.map((_, at) => `text ${at}`);
    assert.deepEqual(texts, [...expected, "alone\r\n.dot", "below"].toSorted());
    assert.equal(smtp.counts().opened, 4);
    const below = smtp.messages.find(({ content }) => content.includes("below"))!;
    assert.deepEqual([below.from, below.to, below.user], [
      ...["a@abc.com", ["eve@xyz.com"], "alice@abc.com"],
    ]);
  },
);

Deno.test(
  "send opens as many connections as it is told to",
  FILES,
  async () => {
    await using folder = await temporaryFolder();
    await writeFiles(folder.path, {
      "1.eml": message("1"),
      "2.eml": message("2"),
      "3.eml": message("3"),
    });
    for (const [asked, opened] of [["1", 1], ["2", 2], ["50", 3]] as const) {
      const smtp = fakeSmtp();
      await using server = startServer({ smtp });
      const run = await runSmtpc(["send", ...server.at, folder.path, "--connections", asked]);
      assert.deepEqual([run.failure, smtp.messages.length], ["", 3]);
      assert.equal(smtp.counts().opened, opened);
    }
  },
);

Deno.test("flags of the envelope count for all files, and Bcc leaves them", FILES, async () => {
  await using folder = await temporaryFolder();
  await writeFiles(folder.path, {
    "1.eml": `Bcc: eve@xyz.com\n${message("1")}`,
    "2.eml": message("2"),
  });
  const smtp = fakeSmtp();
  await using server = startServer({ smtp });
  const at = ["send", ...server.at, folder.path];
  const own = await runSmtpc(at);
  assert.equal(own.failure, "");
  const named = await runSmtpc([...at, "--from", "x@abc.com", "--to", "carl@xyz.com"]);
  assert.equal(named.failure, "");
  const ways = smtp.messages.map(({ from, to }) => `${from} ${to}`).toSorted();
  assert.deepEqual(ways, [
    "a@abc.com bob@xyz.com",
    "a@abc.com bob@xyz.com,eve@xyz.com",
    "x@abc.com carl@xyz.com",
    "x@abc.com carl@xyz.com",
  ]);
  assert.ok(smtp.messages.every(({ content }) => !content.includes("Bcc")));
});

Deno.test(
  "send names file, recipient and words of each refusal",
  FILES,
  async () => {
    await using folder = await temporaryFolder();
    await writeFiles(folder.path, {
      "1.eml": message("1"),
      "2.eml": message("2", "nobody@xyz.com"),
      "3.eml": message("3", "bob@xyz.com, later@xyz.com"),
      "4.eml": "this is no message",
      "5.eml": message("5"),
    });
    const smtp = fakeSmtp();
    await using server = startServer({ smtp });
    const path = folder.path;
    const at = ["send", ...server.at, path, "--connections", "1"];
    const run = await runSmtpc(at);
    assert.equal(run.status, EXIT.noSuchRecipient);
    assert.equal(run.failure, "3 of 5 messages were not sent");
    assert.deepEqual(run.errors.split("\n").slice(0, 4), [
      `${path}/2.eml: nobody@xyz.com: refused (550 5.1.1 Recipient refused)`,
      `${path}/3.eml: bob@xyz.com: not sent (250 2.1.0 Recipient OK)`,
      `${path}/3.eml: later@xyz.com: not now (450 4.2.1 Recipient put off)`,
      `${path}/4.eml: not sent (${path}/4.eml is not a message, for it does not begin with ` +
      "fields like From: (a text is sent with: smtpc send … < FILE))",
    ]);
    assert.match(run.errors, /\n2 of 5 sent, 3 not \(/);
    assert.deepEqual(smtp.messages.map(({ content }) => textOf(content)), ["1", "5"]);

    const partial = await runSmtpc([...at, "--partial"]);
    assert.equal(partial.failure, "2 of 5 messages were not sent");
    assert.deepEqual(smtp.messages.slice(2).map(({ content }) => textOf(content)), ["1", "3", "5"]);
  },
);

Deno.test("the status is that of the first file that was not sent", FILES, async () => {
  await using folder = await temporaryFolder();
  await writeFiles(folder.path, { "1.eml": message("1", "later@xyz.com"), "2.eml": "no message" });
  await using server = startServer();
  const at = ["send", ...server.at];
  const [first, second] = [`${folder.path}/1.eml`, `${folder.path}/2.eml`];
  assert.equal((await runSmtpc([...at, first, second])).status, EXIT.tryAgainLater);
  assert.equal((await runSmtpc([...at, second, first])).status, EXIT.badData);
});

Deno.test(
  "send --json tells of each file, and counts",
  FILES,
  async () => {
    await using folder = await temporaryFolder();
    await writeFiles(folder.path, {
      "1.eml": message("1"),
      "2.eml": message("2", "nobody@xyz.com"),
      "3.eml": "no message",
    });
    await using server = startServer();
    const run = await runSmtpc(["send", ...server.at, folder.path, "--json", "--connections", "1"]);
    assert.equal(run.errors, "");
    const [one, two, three, counts, ...more] = lines(run);
    assert.deepEqual(more, []);
    assert.match(one.text, /^Taken, \d+ bytes$/);
    assert.deepEqual({ ...one, text: "" }, {
      file: `${folder.path}/1.eml`,
      ...{ recipient: "bob@xyz.com", result: "delivered", at: "data", code: 250, status: "2.0.0" },
      text: "",
    });
    assert.deepEqual(two, {
      file: `${folder.path}/2.eml`,
      ...{ recipient: "nobody@xyz.com", result: "refused", at: "rcpt", code: 550, status: "5.1.1" },
      text: "Recipient refused",
    });
    assert.match(three.text, /is not a message/);
    assert.deepEqual({ ...three, text: "" }, {
      file: `${folder.path}/3.eml`,
      ...{ recipient: null, result: "refused", at: "file", code: null, status: null, text: "" },
    });
    assert.deepEqual([counts.sent, counts.failed, counts.notBegun], [1, 2, 0]);
    assert.ok(counts.seconds > 0 && counts.messagesPerSecond > 0 && counts.bytesPerSecond > 0);
  },
);

Deno.test(
  "a path without messages is told before anything is sent",
  FILES,
  async () => {
    await using folder = await temporaryFolder();
    await writeFiles(folder.path, { "1.eml": message("1"), "empty/notes.txt": "no message" });
    const smtp = fakeSmtp();
    await using server = startServer({ smtp });
    const at = ["send", ...server.at, `${folder.path}/1.eml`];
    const gone = await runSmtpc([...at, `${folder.path}/gone.eml`]);
    assert.equal(gone.status, EXIT.noInput);
    assert.match(gone.failure, /^cannot read .*gone\.eml: there is no such file$/);
    const empty = await runSmtpc([...at, `${folder.path}/empty`]);
    assert.equal(empty.status, EXIT.noInput);
    assert.match(empty.failure, /empty has no files in it whose names end with \.eml$/);
    assert.deepEqual(smtp.counts().opened, 0);
  },
);

Deno.test(
  "a file without a recipient, or a sender, is not sent",
  FILES,
  async () => {
    await using folder = await temporaryFolder();
    await writeFiles(folder.path, {
      "1.eml": "From: a@abc.com\nSubject: nobody\n\nHi\n",
      "2.eml": "To: bob@xyz.com\nSubject: by nobody\n\nHi\n",
      "3.eml": message("3"),
    });
    const smtp = fakeSmtp();
    await using server = startServer({ smtp });
    const at = ["send", ...server.at, folder.path, "--connections", "1"];
    const run = await runSmtpc(at);
    assert.equal(run.status, EXIT.usage);
    assert.match(run.errors, /1\.eml: not sent \(a recipient is missing/);
    assert.match(run.errors, /2\.eml: not sent \(a sender is missing/);
    assert.equal(smtp.messages.length, 1);
    const user = await runSmtpc([...at, "--user", "alice"], {
      input: "",
      variables: { SMTPC_PASSWORD: PASSWORD },
    });
    assert.equal(user.failure, "1 of 3 messages were not sent");
    assert.deepEqual(smtp.messages.slice(1).map(({ from }) => from), [
      "alice@abc.com",
      "a@abc.com",
    ]);
  },
);

Deno.test(
  "send ends what it has begun when the person has enough",
  FILES,
  async () => {
    await using folder = await temporaryFolder();
    const many = Array.from({ length: 300 }, (_, at) => [`${at}.eml`, message(`${at}`)]);
    await writeFiles(folder.path, Object.fromEntries(many));
    const smtp = fakeSmtp();
    await using server = startServer({ smtp });
    const stop = Promise.withResolvers<void>();
    const running = runSmtpc(["send", ...server.at, folder.path, "--connections", "1", "--json"], {
      input: "",
      stopRequested: () => stop.promise,
    });
    await until("a message", () => smtp.messages.length > 0);
    stop.resolve();
    const run = await running;
    assert.equal(run.status, EXIT.cancelled);
    const { sent, failed, notBegun } = lines(run).at(-1);
    assert.deepEqual([sent, failed, sent + notBegun], [smtp.messages.length, 0, 300]);
    assert.match(
      run.failure,
      /^\d+ of 300 messages were not sent, \d+ of them because it was ended$/,
    );
  },
);

Deno.test(
  "send shows on a terminal how far it is",
  FILES,
  async () => {
    await using folder = await temporaryFolder();
    const many = Array.from({ length: 12 }, (_, at) => [`${at}.eml`, message(`${at}`)]);
    await writeFiles(folder.path, Object.fromEntries(many));
    // Slow enough for a person to see the line.
    await using server = listen(async (transport) => {
      const next = lineReader(transport);
      const say = (line: string) => transport.write(encode(`${line}\r\n`));
      await say("220 slow.test");
      for (let line = await next(); line !== null; line = await next()) {
        if (line.startsWith("MAIL")) await new Promise((resolve) => setTimeout(resolve, 100));
        await say(line === "DATA" ? "354 Go on" : "250 Ok");
        if (line === "DATA") { while ((await next() ?? ".") !== "."); }
        if (line === "DATA") await say("250 Ok");
      }
    });
    const args = ["send", ...server.at, folder.path, "--connections", "1"];
    const run = await runSmtpc(args, { input: "", outputIsTerminal: true });
    assert.match(
      run.errors,
      // deno-lint-ignore no-control-regex -- that is how a line of a terminal is taken away
      /^(\r\x1b\[K\d+ of 12 sent, \d+ a second)+\r\x1b\[K12 of 12 sent \(.*\)\n$/,
    );
  },
);

const alone: readonly (readonly [flags: readonly string[], complaint: RegExp])[] = [
  [["--body", "Hi"], /--body does not go with FILEs/],
  [["--subject", "Hi"], /--subject does not go with FILEs/],
  [["--attach", "x"], /--attach does not go with FILEs/],
  [["--file", "x"], /--file does not go with FILEs/],
  [["--data-from", "x"], /--data-from does not go with FILEs/],
  [["--quit-after", "rcpt"], /--quit-after does not go with FILEs/],
  [["--drop-after", "data"], /--drop-after does not go with FILEs/],
];

for (const [flags, complaint] of alone) {
  Deno.test(`${flags[0]} and FILEs are wrong usage`, async () => {
    const run = await runSmtpc(["send", "127.0.0.1", "1", "a.eml", ...flags]);
    assert.equal(run.status, EXIT.usage);
    assert.match(run.failure, complaint);
  });
}

Deno.test("--connections without FILEs is wrong usage", async () => {
  const one = ["send", "127.0.0.1", "1", ...PEOPLE, "--body", "Hi", "--connections", "2"];
  const run = await runSmtpc(one);
  assert.equal(run.status, EXIT.usage);
  assert.match(run.failure, /--connections is for several messages/);
});
