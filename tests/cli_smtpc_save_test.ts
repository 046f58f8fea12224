import assert from "$assert";
import fc from "$check";
import { Failure } from "../lib/cli/fail.ts";
import { safeName, saveAttachments } from "../lib/cli/smtpc_save.ts";
import { decode, encode } from "../lib/wire/bytes.ts";
import { runSmtpc } from "./cli_support.ts";
import { startFakeImap } from "./fake_imap_server.ts";
import { canUseFiles, temporaryFolder } from "./support.ts";

const names: readonly (readonly [name: string, safe: string])[] = [
  ["report.pdf", "report.pdf"],
  ["Größe 1.tar.gz", "Größe 1.tar.gz"],
  ["../../etc/passwd", "passwd"],
  ["C:\\Windows\\win.ini", "win.ini"],
  ["/", "attachment"],
  ["..", "attachment"],
  [".bashrc", "bashrc"],
  ["-rf", "rf"],
  ["~root", "root"],
  ["a\u202egpj.exe", "a_gpj.exe"],
  ["a\x1b[2J\n.txt", "a_[2J_.txt"],
  ["a:b|c*.txt. ", "a_b_c_.txt"],
  ["con.txt", "_con.txt"],
  ["LPT1", "_LPT1"],
  ["", "attachment"],
  [`${"ä".repeat(300)}.txt`, `${"ä".repeat(98)}.txt`],
];

for (const [name, safe] of names) {
  Deno.test(`an attachment named ${JSON.stringify(name.slice(0, 30))} is saved safely`, () => {
    assert.equal(safeName(name), safe);
  });
}

Deno.test("no attachment gets a name that leads elsewhere, is hidden or too long", () => {
  const parts = ["/", "\\", "..", ".", "~", "-", " ", "CON", "\u202e", "é", "a", "x".repeat(150)];
  const name = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.array(fc.constantFrom(...parts), { maxLength: 8 }).map((some) => some.join("")),
  );
  fc.assert(fc.property(name, (name) => {
    const safe = safeName(name);
    assert.match(safe, /^[^/\\.~-]/);
    assert.doesNotMatch(safe, /[/\\\p{Cc}\p{Cf}]/u);
    assert.ok(encode(safe).length <= 200);
    assert.equal(safeName(safe), safe);
  }));
});

const attached = (name: string, text: string) => {
  const content = encode(text);
  return { name, type: "text/plain", size: content.length, content };
};

Deno.test({
  name: "saving attachments overwrites nothing, and follows no link",
  ignore: !canUseFiles,
  async fn() {
    await using folder = await temporaryFolder();
    const path = `${folder.path}/new/folder`;
    const first = await saveAttachments(path, [attached("a.txt", "1"), attached("a.txt", "2")]);
    assert.deepEqual(first, [`${path}/a.txt`, `${path}/a (2).txt`]);
    await Deno.symlink(`${folder.path}/elsewhere`, `${path}/b.txt`);
    const second = await saveAttachments(`${path}/`, [attached("b.txt", "3")]);
    assert.deepEqual(second, [`${path}/b (2).txt`]);
    assert.deepEqual(await Deno.readTextFile(`${path}/a.txt`), "1");
    assert.equal((await Deno.stat(`${path}/a.txt`)).mode! & 0o777, 0o600);
    await assert.rejects(saveAttachments(`${path}/a.txt`, [attached("x", "")]), Failure);
    // Without attachments there is nothing to make a folder for.
    assert.deepEqual(await saveAttachments(`${folder.path}/none`, []), []);
    await assert.rejects(Deno.stat(`${folder.path}/none`), Deno.errors.NotFound);
  },
});

Deno.test({
  name: "read --save writes attachments, and says where",
  ignore: !canUseFiles,
  async fn() {
    const mixed =
      'From: a@b.c\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n\r\nHi\r\n' +
      '--b\r\nContent-Type: text/x-notes\r\nContent-Disposition: attachment; filename="../n.txt"' +
      "\r\nContent-Transfer-Encoding: base64\r\n\r\naGVsbG8=\r\n--b--\r\n";
    await using folder = await temporaryFolder();
    await using server = startFakeImap([mixed]);
    const at = ["read", ...server.at, "--user", "alice", "--all"];
    const options = { input: "", variables: { SMTPC_PASSWORD: "secret" } };
    const shown = await runSmtpc([...at, "--save", folder.path], options);
    assert.equal(shown.failure, "");
    assert.match(shown.errors, new RegExp(`saved as ${folder.path}/n\\.txt\\)`));
    assert.equal(decode(await Deno.readFile(`${folder.path}/n.txt`)), "hello");
    const json = await runSmtpc([...at, "--json", "--save", folder.path], options);
    assert.deepEqual(JSON.parse(json.output).attachments, [
      { name: "../n.txt", type: "text/x-notes", size: 5, path: `${folder.path}/n (2).txt` },
    ]);
  },
});
