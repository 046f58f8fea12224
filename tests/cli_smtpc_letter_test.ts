import assert from "$assert";
import { EXIT, type ExitStatus, Failure } from "../lib/cli/fail.ts";
import { gatherLetter, type Letter, recipientsOf, writeLetter } from "../lib/cli/letter.ts";
import type { SendFlags } from "../lib/cli/smtpc_arguments.ts";
import { formatAddress } from "../lib/mail/address.ts";
import type { Mailbox } from "../lib/mail/field.ts";
import { denoWorld } from "../lib/net/deno.ts";
import { decodeLatin1, encode } from "../lib/wire/bytes.ts";
import { fakeStreams, type RunOptions } from "./cli_support.ts";
import { canUseFiles, temporaryFolder } from "./support.ts";

const CONTACTS = new Map([["bob", "bob@xyz.com"], ["Eve E.", "eve@xyz.com"]]);

function gather(flags: Partial<SendFlags>, input?: RunOptions["input"]): Promise<Letter> {
  const given: SendFlags = {
    host: "abc.com",
    port: 25,
    timeoutMs: undefined,
    tls: "auto",
    to: [],
    cc: [],
    bcc: [],
    attach: [],
    ...flags,
  };
  const { streams } = fakeStreams(input === undefined ? {} : { input });
  return gatherLetter(given, CONTACTS, streams);
}

async function written(letter: Letter): Promise<string> {
  const from = letter.from ?? { name: "", address: { local: "alice", domain: "abc.com" } };
  const { content } = await writeLetter(letter, from, denoWorld());
  return decodeLatin1(await content.slice(0, content.size));
}

const named = ({ name, address }: Mailbox) => name + `<${formatAddress(address)}>`;
const envelope = (letter: Letter) => recipientsOf(letter).map(named);

function textOf(letter: Letter): string | null {
  return letter.content.is === "text" ? letter.content.text : "(ready)";
}

function failsWith(status: ExitStatus, message: RegExp) {
  return (error: unknown) =>
    error instanceof Failure && error.status === status && message.test(error.message);
}

Deno.test("recipients come from all three flags, with commas and names, each once", async () => {
  const letter = await gather({
    to: ["a@x.com, Ann B. <b@x.com>", '"c,d"@x.com'],
    cc: ["BOB", "a@X.com"],
    bcc: ["Eve E."],
  });
  assert.deepEqual(envelope(letter), [
    "<a@x.com>",
    "Ann B.<b@x.com>",
    '<"c,d"@x.com>',
    "<bob@xyz.com>",
    "<eve@xyz.com>",
  ]);
});

Deno.test("what is neither an address nor a contact is refused by its name", async () => {
  for (const value of ["carl", "carl@", "a@x.com, carl", "", ","]) {
    await assert.rejects(gather({ to: [value] }), failsWith(EXIT.usage, /^--to: (carl|an addr)/));
  }
  await assert.rejects(gather({ from: "a@x.com, b@x.com" }), failsWith(EXIT.usage, /one sender/));
});

Deno.test("the text comes from --body, else from standard input, and never from a terminal", async () => {
  assert.equal(textOf(await gather({ body: "flag" }, "input")), "flag");
  assert.equal(textOf(await gather({}, "input\n")), "input\n");
  assert.equal(textOf(await gather({ body: "" }, "input")), "");
  assert.equal(textOf(await gather({}, "")), null);
  assert.equal(textOf(await gather({})), null);
});

Deno.test("standard input that is not text is bad data", async () => {
  const bytes = Uint8Array.of(0x48, 0xe4);
  await assert.rejects(gather({}, bytes), failsWith(EXIT.badData, /not UTF-8/));
});

const PLAIN = "From: alice@abc.com\nTo: bob, carl@x.com\nSubject: Hi\nHello Bob!\n";

for (
  const [source, flags, input] of [
    ["--body", { body: PLAIN }, undefined],
    ["standard input", {}, PLAIN],
    ["--file -", { file: "-" }, PLAIN],
    ["standard input with an empty line", {}, PLAIN.replace("Hi\n", "Hi\r\n\r\n")],
  ] as const
) {
  Deno.test(`the plain form is understood from ${source}`, async () => {
    const letter = await gather(flags, input);
    assert.equal(named(letter.from!), "<alice@abc.com>");
    assert.deepEqual(envelope(letter), ["<bob@xyz.com>", "<carl@x.com>"]);
    const message = await written(letter);
    assert.match(message, /^Date: .*\r\nFrom: alice@abc\.com\r\nTo: bob@xyz\.com, carl@x\.com\r\n/);
    assert.match(message, /\r\nSubject: Hi\r\nMessage-ID: <[0-9a-f]{32}@abc\.com>\r\n/);
    assert.match(message, /\r\n\r\nHello Bob!\r\n$/);
  });
}

Deno.test("flags come before the lines of the plain form", async () => {
  const flags = { from: "eve@abc.com", to: ["x@x.com"], subject: "Other", body: PLAIN };
  const message = await written(await gather(flags));
  assert.match(message, /\r\nFrom: eve@abc\.com\r\nTo: x@x\.com\r\nSubject: Other\r\n/);
  assert.doesNotMatch(message, /bob|carl/);
});

Deno.test("a line of the plain form that is no address is named", async () => {
  const body = "From: alice@abc.com\nTo: carl\nHi\n";
  await assert.rejects(gather({ body }), failsWith(EXIT.usage, /^To:: carl is neither/));
});

const READY = "From: Alice <alice@abc.com>\nX-Mine: 1\nTo: bob@xyz.com\nCc: eve@xyz.com\n" +
  "Bcc: secret@xyz.com\nSubject: Hi\n\n.dot\nH\xe4llo\n";

Deno.test("a ready message is sent as it is, but for line ends and Bcc", async () => {
  const letter = await gather({ file: "-" }, latin1(READY));
  assert.equal(named(letter.from!), "Alice<alice@abc.com>");
  assert.deepEqual(envelope(letter), ["<bob@xyz.com>", "<eve@xyz.com>", "<secret@xyz.com>"]);
  const expected = READY.replace("Bcc: secret@xyz.com\n", "").replaceAll("\n", "\r\n");
  assert.equal(await written(letter), expected);
});

Deno.test("flags replace the envelope of a ready message, and nothing in it", async () => {
  const letter = await gather({ file: "-", to: ["x@x.com"], from: "eve@abc.com" }, READY);
  assert.equal(named(letter.from!), "<eve@abc.com>");
  assert.deepEqual(envelope(letter), ["<x@x.com>"]);
  assert.match(await written(letter), /^From: Alice <alice@abc\.com>\r\n/);
});

Deno.test("a ready message that ends its lines with CRLF is not changed", async () => {
  const message = "From: alice@abc.com\r\nX-Mine: 1\r\nTo: bob@xyz.com\r\n\r\nHi\r\n\r\n";
  assert.equal(await written(await gather({ file: "-" }, message)), message);
});

Deno.test("what cannot be a ready message is refused", async () => {
  const refused = async (input: string, flags: Partial<SendFlags>, message: RegExp) => {
    const status = Object.keys(flags).length === 0 ? EXIT.badData : EXIT.usage;
    await assert.rejects(gather({ file: "-", ...flags }, input), failsWith(status, message));
  };
  await refused("Hello Bob!\n", {}, /not a message/);
  await refused("", {}, /not a message/);
  await refused(READY.replace("H\xe4", "H\ra"), {}, /has a CR/);
  await refused(READY.replace("To: bob@xyz.com", "To: bob"), {}, /To: bob, which is not an addr/);
  await refused(READY, { subject: "x" }, /--subject does not go with --file/);
  await refused(READY, { attach: ["x"] }, /--attach does not go with --file/);
});

Deno.test("text beyond ASCII is declared as 8BITMIME, and only then", async () => {
  const from = { name: "", address: { local: "alice", domain: "abc.com" } };
  for (const [body, declared] of [["Hi", "7BIT"], ["Grüße", "8BITMIME"]]) {
    const letter = await gather({ to: ["bob"], body: body! });
    const { envelope } = await writeLetter(letter, from, denoWorld());
    assert.deepEqual(envelope, { sender: from.address, body: declared });
  }
});

Deno.test({
  name: "files are attached under their own names, and missing ones are named",
  ignore: !canUseFiles,
  async fn() {
    await using folder = await temporaryFolder();
    const path = `${folder.path}/notes.txt`;
    await Deno.writeFile(path, encode("one\ntwo\n"));
    const message = await written(await gather({ to: ["bob"], body: "see", attach: [path] }));
    assert.match(message, /Content-Type: multipart\/mixed/);
    assert.match(message, /filename=notes\.txt/);
    assert.ok(!message.includes(folder.path));
    for (const flags of [{ attach: [`${path}.not`] }, { file: `${path}.not` }]) {
      const missing = failsWith(EXIT.noInput, /notes\.txt\.not: there is no such file/);
      await assert.rejects(gather({ to: ["bob"], ...flags }, ""), missing);
    }
    await assert.rejects(gather({ file: folder.path }), failsWith(EXIT.noInput, /is a folder/));
  },
});

function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
