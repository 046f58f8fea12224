/** What the IMAP server does with clients that go on for too long, say too much, or lie. */
import assert from "$assert";
import fc from "$check";
import { decode, decodeLatin1, encode } from "../lib/wire/bytes.ts";
import { createRoom } from "../lib/wire/room.ts";
import { connect, fakeImap, type FakeImapOptions, serverSession } from "./imap_fake.ts";
import type { ImapAccount } from "../lib/imap/backend.ts";
import type { ImapServerOptions } from "../lib/imap/server.ts";
import { play, playAsync, type PlayOptions } from "./play.ts";

const LOGIN = "l LOGIN alice secret\r\n";
const SELECT = `${LOGIN}s SELECT INBOX\r\n`;

/** Says all that at once; `lines` are without the greeting. */
async function talk(
  input: string,
  options: FakeImapOptions & Partial<ImapServerOptions> & PlayOptions = {},
) {
  const backend = fakeImap(options);
  const played = await playAsync(serverSession(options), [encode(input)], backend, options);
  const lines = decodeLatin1(played.output).split("\r\n").slice(1, -1);
  return { lines, played, backend };
}

async function lastLine(input: string): Promise<string> {
  return (await talk(input)).lines.at(-1)!;
}

Deno.test("imapServer gives a stranger two minutes in all, and a command thirty", async () => {
  assert.deepEqual((await talk("a NOOP\r\nb NOOP\r\n")).played.deadlinesMs, [120_000]);
  const behind = (await talk(`${LOGIN}a NOOP\r\n`)).played.deadlinesMs;
  assert.deepEqual(behind, [120_000, 1_800_000, 1_800_000]);
});

Deno.test("imapServer says goodbye to who is silent, and when it has to stop", async () => {
  const silent = await talk("a NOOP\r\n", { end: "deadline" });
  assert.equal(silent.lines.at(-1), "* BYE you were silent for too long");
  const stopped = await talk(LOGIN, { end: "shutdown" });
  assert.equal(stopped.lines.at(-1), "* BYE [UNAVAILABLE] the server is shutting down");
  const lost = await talk("a NOOP\r\n", { end: "lost" });
  assert.equal(lost.lines.at(-1), "a OK nothing was done");
  for (const { backend } of [silent, stopped, lost]) {
    assert.deepEqual(backend.counts(), { opened: 1, closed: 1 });
  }
});

Deno.test("imapServer lets an idle client be for thirty minutes", async () => {
  const client = await connect(fakeImap(), { mailbox: "INBOX" });
  await client.say("a IDLE");
  assert.deepEqual(await client.wait(29 * 60_000), []);
  assert.deepEqual(await client.wait(60_000), ["* BYE you were silent for too long"]);
});

Deno.test("imapServer gives each message of a FETCH its own time", async () => {
  const { played } = await talk(`${SELECT}a FETCH 1:3 BODY.PEEK[]\r\n`);
  const [login, commands, messages, silence] = [1, 2, 3, 1];
  assert.equal(played.deadlinesMs.length, login + commands + messages + silence);
});

Deno.test("imapServer keeps ten searches up to date, and answers the eleventh", async () => {
  const searches = Array.from({ length: 11 }, (_, at) => `t${at} SEARCH RETURN (UPDATE) ALL\r\n`);
  const { lines } = await talk(SELECT + searches.join(""));
  assert.deepEqual(lines.slice(-4), [
    "t9 OK that is all",
    '* ESEARCH (TAG "t10")',
    '* NO [NOUPDATE "t10"] there are too many already',
    "t10 OK that is all",
  ]);
});

Deno.test("imapServer ends the conversation at the twentieth bad command", async () => {
  const { lines, played } = await talk("a XYZ\r\n".repeat(30));
  assert.equal(lines.length, 20 + 1);
  assert.equal(lines.at(-1), "* BYE too many bad commands");
  assert.ok(played.ended);
});

Deno.test("imapServer counts bad commands in a row, and of a stranger all", async () => {
  const mixed = "a XYZ\r\nb NOOP\r\n".repeat(25);
  assert.ok((await talk(mixed)).played.ended);
  assert.ok(!(await talk(LOGIN + mixed)).played.ended);
  assert.ok((await talk(LOGIN + "a XYZ\r\n".repeat(20))).played.ended);
});

Deno.test("imapServer waits longer after each failed login", async () => {
  const { played } = await talk("a LOGIN alice wrong\r\n".repeat(5));
  assert.deepEqual(played.pausesMs, [1000, 2000, 4000]);
  assert.ok(played.ended);
});

Deno.test("imapServer hears nothing behind what looks like HTTP", async () => {
  for (const first of ["POST / HTTP/1.1", `GET /${"a".repeat(20_000)} HTTP/1.1`]) {
    const { lines, played } = await talk(`${first}\r\n${LOGIN}`);
    assert.deepEqual(lines, []);
    assert.ok(played.ended);
  }
});

Deno.test("imapServer takes 16 KiB from strangers in a command, and 1 MiB from users", async () => {
  const ofBytes = (count: number) => `a ID ("x" "${"y".repeat(count - 15)}")\r\n`;
  const last = (input: string) => lastLine(`a NOOP\r\n${input}`);
  assert.equal(await last(ofBytes(16_384)), "a OK that is all");
  assert.equal(await last(ofBytes(16_385)), "* BAD the line is too long");
  assert.equal(await last(LOGIN + ofBytes(1_048_576)), "a OK that is all");
  assert.equal(await last(LOGIN + ofBytes(1_048_577)), "* BAD the line is too long");
});

Deno.test("imapServer refuses a literal before it comes, or reads past it", async () => {
  const sent = `a ID ("x" {20000+}\r\n${"y".repeat(20_000)})\r\nb NOOP\r\n`;
  const expected = ["a NO [TOOBIG] that is too big", "b OK nothing was done"];
  assert.deepEqual((await talk(sent)).lines, expected);
  assert.deepEqual((await talk('a ID ("x" {20000}\r\nb NOOP\r\n')).lines, expected);
  // No stranger brings messages.
  assert.deepEqual((await talk("a APPEND INBOX {20000}\r\nb NOOP\r\n")).lines, expected);
});

Deno.test("imapServer takes a message of just the size that is allowed", async () => {
  const sending = (bytes: number) =>
    lastLine(`${LOGIN}a APPEND INBOX {${bytes}+}\r\n${"y".repeat(bytes)}\r\n`);
  assert.match(await sending(1_500_000), /^a OK \[APPENDUID/);
  assert.match(await sending(1_500_001), /^a NO \[TOOBIG\]/);
});

Deno.test("imapServer refuses a literal for which there is no room, before it comes or behind", async () => {
  const room = createRoom(20_000);
  const taken = room.hold();
  const talking = async (input: string) => (await talk(LOGIN + input, { room })).lines.slice(1);
  const full = "a NO [UNAVAILABLE] too much is on its way already; try again later";
  const gone = [full, "b OK nothing was done"];
  const sent = `{18000+}\r\n${"y".repeat(18_000)}`;
  assert.match((await talking(`a APPEND INBOX ${sent}\r\nb NOOP\r\n`))[0]!, /^a OK/);
  assert.equal(room.heldBytes(), 0);
  assert.ok(taken.take(5_000));
  assert.deepEqual(await talking(`a APPEND INBOX ${sent}\r\nb NOOP\r\n`), gone);
  assert.deepEqual(await talking("a APPEND INBOX {18000}\r\nb NOOP\r\n"), gone);
  // What is small is taken in any case.
  assert.match(
    (await talking(`a APPEND INBOX {16384+}\r\n${"y".repeat(16_384)}\r\n`))[0]!,
    /^a OK/,
  );
  assert.equal(room.heldBytes(), 5_000);
});

Deno.test("imapServer reads past the rest of a literal when others take the room meanwhile", async () => {
  const room = createRoom(40_000);
  const client = await connect(fakeImap(), { mailbox: "INBOX", room });
  assert.deepEqual(await client.say("a APPEND INBOX {30000}"), ["+ go on"]);
  assert.deepEqual(await client.say("x".repeat(9_998)), []);
  assert.ok(room.hold().take(25_000));
  assert.deepEqual(await client.say("x".repeat(9_998), "x".repeat(9_998), ""), [
    "a NO [UNAVAILABLE] too much is on its way already; try again later",
  ]);
  assert.equal(room.heldBytes(), 25_000);
  assert.deepEqual(await client.say("b NOOP"), ["b OK nothing was done"]);
});

Deno.test("imapServer says goodbye to a line without an end", () => {
  const chunk = new Uint8Array(1024 * 1024).fill(97);
  const chunks = [encode(LOGIN), ...Array.from({ length: 40 }, () => chunk)];
  const played = play(serverSession(), chunks, fakeImap());
  assert.match(decode(played.output), /\* BYE that does not end\r\n$/);
  assert.ok(played.ended);
});

Deno.test("imapServer takes an AUTHENTICATE response of 12,288 bytes, and no more", async () => {
  const answerTo = (bytes: number) =>
    lastLine(`a AUTHENTICATE PLAIN\r\n${"A".repeat(bytes - 2)}\r\n`);
  assert.equal(await answerTo(12_286), "a BAD the response does not fit the mechanism");
  assert.equal(await answerTo(12_290), "a BAD the response is no line");
});

Deno.test("imapServer ends IDLE at a line that is too long for DONE", async () => {
  const { lines } = await talk(`${LOGIN}a IDLE\r\n${"x".repeat(2_000)}\r\nb NOOP\r\n`);
  assert.deepEqual(lines.slice(-2), ["a BAD DONE is what ends IDLE", "b OK nothing was done"]);
});

Deno.test("imapServer refuses names of over 255 bytes and of over 20 levels", async () => {
  const creating = (name: string) => lastLine(`${LOGIN}a CREATE ${name}\r\n`);
  assert.match(await creating("n".repeat(255)), /^a OK/);
  assert.match(await creating("n".repeat(256)), /^a NO \[LIMIT\]/);
  assert.match(await creating(Array(20).fill("n").join("/")), /^a OK/);
  assert.match(await creating(Array(21).fill("n").join("/")), /^a NO \[LIMIT\]/);
});

Deno.test("imapServer refuses metadata of over 64 KiB", async () => {
  const setting = (bytes: number) =>
    lastLine(`${LOGIN}a SETMETADATA INBOX (/private/x {${bytes}+}\r\n${"x".repeat(bytes)})\r\n`);
  assert.equal(await setting(65_536), "a OK set");
  assert.equal(await setting(65_537), "a NO [METADATA MAXSIZE 65536] that value is too long");
});

Deno.test("imapServer reads a large mailbox in pages, and 500 messages at once", async () => {
  const contents = Array.from({ length: 2_100 }, (_, at) => `Subject: ${at}\r\n\r\n`);
  const backend = fakeImap({ contents });
  const asked: number[] = [];
  const account: ImapAccount = {
    ...backend.account,
    async select(name) {
      const selected = (await backend.account.select(name))!;
      const list = (after: number, max: number) => {
        asked.push(max);
        return selected.list(after, max);
      };
      return { ...selected, list };
    },
  };
  const conversation = await backend.open({ address: "192.0.2.1", port: 50000 });
  const client = await connect({ open: () => ({ ...conversation, login: () => account }) });
  const lines = await client.say("a LOGIN x y", "b SELECT INBOX", "c FETCH 1:* RFC822.SIZE");
  assert.ok(lines.includes("* 2100 EXISTS"));
  assert.ok(lines.includes("* 2100 FETCH (RFC822.SIZE 17)"));
  assert.deepEqual(asked, [1_000, 1_000, 1_000, 500, 500, 500, 500, 100]);
});

Deno.test("imapServer says BYE and ends when the backend cannot open", () => {
  const backend = fakeImap({ broken: ["open"] });
  const played = play(serverSession(), [encode(LOGIN)], backend);
  const bye = "* BYE [UNAVAILABLE] no service just now; try again later\r\n";
  assert.equal(decode(played.output), bye);
  assert.ok(played.ended);
});

Deno.test("imapServer answers a failing backend with UNAVAILABLE and goes on", async () => {
  const failed = "a NO [UNAVAILABLE] something failed here; try again later";
  const login = await talk("a LOGIN alice secret\r\nb NOOP\r\n", { broken: ["login"] });
  assert.deepEqual(login.lines, [failed, "b OK nothing was done"]);
  const list = await talk(`${LOGIN}a SELECT INBOX\r\nb NOOP\r\n`, { broken: ["list"] });
  assert.deepEqual(list.lines.slice(-2), [failed, "b OK nothing was done"]);
  const content = await talk(`${SELECT}a FETCH 1 BODY[]\r\nb NOOP\r\n`, { broken: ["content"] });
  assert.deepEqual(content.lines.slice(-2), [failed, "b OK nothing was done"]);
});

Deno.test("imapServer forgets the saved result when a search fails", async () => {
  const input = `${SELECT}a SEARCH RETURN (SAVE) ALL\r\nb SEARCH RETURN (SAVE) TEXT x\r\n`;
  const { lines } = await talk(`${input}c FETCH $ UID\r\n`, { broken: ["content"] });
  assert.match(lines.at(-2)!, /^b NO \[UNAVAILABLE\]/);
  assert.equal(lines.at(-1), "c OK that is all");
});

Deno.test("imapServer traces every line and no secret", async () => {
  const input = [
    "a LOGIN alice hunter2",
    "b AUTHENTICATE PLAIN",
    "AGFsaWNlAGh1bnRlcjI=",
    "c LOGIN {5+}",
    "alice secret",
    "d LOGINN alice hunter2",
    "hunter2",
    "e STATUS {5+}",
    "INBOX (MESSAGES)",
    "f SELECT INBOX",
    "g FETCH 1 BODY.PEEK[TEXT]",
  ].map((line) => `${line}\r\n`).join("");
  const { played } = await talk(input, { traced: true });
  const trace = played.trace.map(([from, bytes]) => `${from}: ${decode(bytes)}`);
  const heard = trace.filter((line) => line.startsWith("peer"));
  assert.deepEqual(heard, [
    "peer: a LOGIN ****",
    "peer: b AUTHENTICATE PLAIN ****",
    "peer: ****",
    "peer: c LOGIN ****",
    "peer: d ****",
    "peer: hunter2 ****",
    "peer: e STATUS {5} (MESSAGES)",
    "peer: f SELECT INBOX",
    "peer: g FETCH 1 BODY.PEEK[TEXT]",
  ]);
  assert.ok(trace.includes("self: * (with a literal)"));
  assert.ok(!trace.some((line) => line.includes("one?")));
});

Deno.test("imapServer answers whatever comes with whole lines, each tag once", async () => {
  const pieces = fc.array(fc.constantFrom(...PHRASES), { maxLength: 25 });
  await fc.assert(
    fc.asyncProperty(pieces, async (pieces) => {
      const tagged = pieces.map((piece, at) => `t${at} ${piece}\r\n`);
      const { lines, played } = await talk(SELECT + tagged.join(""));
      assert.ok(decodeLatin1(played.output).endsWith("\r\n"));
      for (const at of pieces.keys()) {
        const answers = lines.filter((line) => new RegExp(`^t${at} (OK|NO|BAD) `).test(line));
        const isHeard = !played.ended || lines.some((line) => line.startsWith(`t${at} `));
        assert.equal(answers.length, isHeard ? 1 : 0, `${pieces[at]}: ${lines.join("\n")}`);
      }
    }),
    { numRuns: 200 },
  );
});

const PHRASES = [
  "NOOP",
  "FETCH 1:* (FLAGS UID ENVELOPE BODYSTRUCTURE)",
  "UID FETCH 2 BODY[]",
  "STORE 1:2 +FLAGS (\\Deleted)",
  "UID STORE 3 -FLAGS.SILENT (\\Seen)",
  "EXPUNGE",
  "UID EXPUNGE 1:2",
  "MOVE 1 Trash",
  "COPY 1:* Drafts",
  "SEARCH TEXT lunch",
  "SEARCH RETURN (SAVE) ALL",
  "FETCH $ FLAGS",
  "SORT (SUBJECT) UTF-8 ALL",
  "THREAD REFERENCES UTF-8 ALL",
  "SELECT Drafts",
  "EXAMINE INBOX",
  "CLOSE",
  "DELETE Drafts",
  "CREATE Drafts",
  "ENABLE QRESYNC IMAP4rev2",
  'LIST "" * RETURN (STATUS (MESSAGES DELETED-STORAGE))',
  "APPEND INBOX {4+}\r\nA: b",
  "REPLACE 1 INBOX {4+}\r\nA: b",
  "IDLE\r\nDONE",
  "XYZ",
  "",
];
