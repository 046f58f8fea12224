/** Runs the commands of docs/operations.md, one block after the other, on a server of its own. */
import assert from "$assert";
import { letter, logIn, REAL, sendMessage, talkTo } from "../app_support.ts";
import { canRun, commandOf, temporaryFolder, until } from "../support.ts";
import { type Smtpd, startSmtpd } from "./programs.ts";

const DOCUMENT = new URL("../../docs/operations.md", import.meta.url);

interface Block {
  readonly section: string;
  readonly commands: string;
}

/** The blocks of shell commands, also those within lists. */
function blocksOf(text: string): readonly Block[] {
  const blocks: Block[] = [];
  let section = "";
  for (const part of text.matchAll(/^## (.*)$|^( *)```sh\n([^]*?)^\2```$/gm)) {
    const [, heading, indent = "", commands] = part;
    if (heading !== undefined) section = heading;
    else blocks.push({ section, commands: commands!.replaceAll(`\n${indent}`, "\n").trim() });
  }
  return blocks;
}

/** Alice's letter to Bob, whose server is down; gives its id. */
async function submit({ ports }: Smtpd): Promise<string> {
  const talker = await talkTo(REAL, ports.smtp!);
  await talker.say("EHLO test.example");
  await logIn(talker, "alice");
  const replies = await sendMessage(talker, {
    from: "alice@abc.com",
    to: ["bob@xyz.com"],
    content: `Message-ID: <letter@abc.com>\r\n${letter("Waiting")}`,
  });
  talker.close();
  const id = /Accepted as (\S+)/.exec(replies.at(-1)!)?.[1];
  if (id === undefined) throw new Error(replies.at(-1));
  return id;
}

/** A server in `folder`, as the document takes it for granted. */
function start(folder: string): Promise<Smtpd> {
  return startSmtpd([
    ...["--port", "0", "--domain", "abc.com", "--user", "alice:secret"],
    ...["--route", "xyz.com=127.0.0.1:9", "--data", `${folder}/data/abc.com`],
  ]);
}

/** A program `smtpd` in a directory of its own, which is then the first on the path. */
async function install(folder: string): Promise<string> {
  const words = commandOf("smtpd").map((word) => `'${word}'`).join(" ");
  await Deno.mkdir(`${folder}/bin`);
  await Deno.writeTextFile(`${folder}/bin/smtpd`, `#!/bin/sh\nexec ${words} "$@"\n`);
  await Deno.chmod(`${folder}/bin/smtpd`, 0o755);
  return `${folder}/bin:${Deno.env.get("PATH")}`;
}

async function run(commands: string, cwd: string, path: string) {
  const { code, stdout, stderr } = await new Deno.Command("sh", {
    args: ["-eu", "-c", commands],
    cwd,
    env: { PATH: path },
  }).output();
  const text = new TextDecoder();
  return { code, said: `${text.decode(stdout)}${text.decode(stderr)}` };
}

Deno.test({
  name: "every command in docs/operations.md was run, and did what it says",
  ignore: !canRun || Deno.build.os === "windows",
  fn: async () => {
    await using folder = await temporaryFolder();
    const blocks = blocksOf(await Deno.readTextFile(DOCUMENT));
    assert.ok(blocks.length > 10, `${blocks.length} blocks`);
    const path = await install(folder.path);
    await using server = await start(folder.path);
    let id = await submit(server);
    await until("a try", () => server.log().includes('"event":"hop-down"'));
    const said = new Map<string, string>();
    await using servers = new AsyncDisposableStack();
    for (const { section, commands } of blocks) {
      // It was stopped in order to restore.
      if (section === "Upgrade") servers.use(await start(folder.path));
      const ran = await run(commands.replace(/\bID\b/g, id), folder.path, path);
      assert.equal(ran.code, 0, `${section}:\n${commands}\n${ran.said}`);
      said.set(section, (said.get(section) ?? "") + ran.said);
      // What the document drops is not there to be backed up.
      if (commands.includes("queue drop")) id = await submit(server);
    }
    const expected: Readonly<Record<string, RegExp>> = {
      "Mail that waits":
        /held \(asked the sender about it\)[^]*1 recipient released[^]*1 .*dropped/,
      "What became of a message": /logged in as alice@abc\.com[^]*no server for xyz\.com could be/,
      "Moving mail in and out": /INBOX: \d messages? written[^]*taken into Old\/INBOX\n/,
      "Is everything in order?": /^ok\n/,
      "Backup": /^ok\n.* copied to .*\/backups\/monday\n/,
      "Restore": /^ok\n[^]*they are held[^]*held \(restored from a backup[^]*1 recipient released/,
    };
    for (const [section, pattern] of Object.entries(expected)) {
      assert.match(said.get(section) ?? "", pattern, section);
    }
  },
});
