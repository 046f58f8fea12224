/**
 * A server on a disk that gets full, cannot be written, or fails, as processes meet it: a tmpfs,
 * where it can be mounted, and the system's limit for the size of files, which makes writes fail.
 */
import assert from "$assert";
import { canRun, commandOf, temporaryFolder, until } from "../support.ts";
import { runSmtpd, type Smtpd, startSmtpd } from "./programs.ts";
import { ignoringLimit, mountSmallDisk, type SmallDisk } from "../torture/disk.ts";
import { torture } from "../torture/torture.ts";

const MIB = 1024 * 1024;

/** A test on a small disk of its own; left out where nothing can be mounted. */
function diskTest(name: string, test: (disk: SmallDisk) => Promise<void>): void {
  Deno.test({
    name,
    ignore: !canRun,
    async fn() {
      await using folder = await temporaryFolder();
      await using disk = await mountSmallDisk(`${folder.path}/disk`);
      if (disk === null) return console.log("left out: this user may not mount a tmpfs");
      await test(disk);
    },
  });
}

async function start(folder: string, ...flags: string[]): Promise<Smtpd> {
  return await startSmtpd([
    ...["--port", "0", "--pop3-port", "0", "--domain", "abc.com", "--user", "alice:secret"],
    ...["--data", `${folder}/data`, ...flags],
  ]);
}

/** The last reply to a message of so many bytes for alice. */
async function deliver(port: number, bytes = 100): Promise<string> {
  using conn = await Deno.connect({ hostname: "127.0.0.1", port });
  const buffer = new Uint8Array(4096);
  const hear = async () => {
    let text = "";
    while (!/^\d{3} .*\r\n$/m.test(text)) {
      const count = await conn.read(buffer);
      if (count === null) throw new Error(`the server left behind ${text}`);
      text += new TextDecoder().decode(buffer.subarray(0, count));
    }
    return text;
  };
  const say = async (text: string) => {
    const all = new TextEncoder().encode(text);
    for (let at = 0; at < all.length;) at += await conn.write(all.subarray(at));
    return await hear();
  };
  await hear();
  await say("EHLO friend.test\r\n");
  const mail = await say("MAIL FROM:<carol@friend.test>\r\n");
  if (!mail.startsWith("250")) return mail;
  await say("RCPT TO:<alice@abc.com>\r\n");
  await say("DATA\r\n");
  const line = `${"x".repeat(98)}\r\n`;
  return await say(`Subject: x\r\n\r\n${line.repeat(bytes / 100)}.\r\n`);
}

diskTest("two servers on a disk that is full again and again lose nothing", async (disk) => {
  const result = await torture({
    command: commandOf("smtpd"),
    folder: disk.path,
    kills: 2,
    signal: "SIGKILL",
    seconds: 8,
    disk,
    tell: () => {},
  });
  assert.deepEqual(result.faults, []);
  assert.ok(result.fillings >= 2, `full ${result.fillings} times`);
  assert.ok(result.accepted > 10, `${result.accepted} messages accepted`);
});

diskTest(
  "a server whose disk fills up says 452 and why, and takes mail when there is room",
  async (disk) => {
    await using server = await start(disk.path);
    const port = server.ports.smtp!;
    assert.match(await deliver(port), /^250 /);
    await disk.fill();
    // At first it is SQLite that finds no room, and from when the system is asked again, MAIL.
    await until("the log", async () => {
      assert.match(await deliver(port), /^452 4\.3\.1 Insufficient system storage/);
      return server.log().includes('"event":"disk-low"');
    });
    assert.match(await deliver(port), /^452 4\.3\.1 /);
    assert.equal(server.log().match(/"event":"disk-low"/g)?.length, 1, "one line a minute");
    const pop3 = await deleteFirst(server.ports.pop3!);
    assert.match(pop3, /^\+OK/, "there is nothing left, and yet a message can be deleted");
    await disk.free();
    await until("mail is taken again", async () => /^250 /.test(await deliver(port)));
    await until("the log", () => server.log().includes('"event":"disk-recovered"'));
  },
);

diskTest("a start on a full disk, and on one that cannot be written, says so", async (disk) => {
  await (await start(disk.path)).end();
  await disk.fill();
  const args = ["--port", "0", "--domain", "abc.com", "--data", `${disk.path}/data`];
  const full = await runSmtpd(args);
  assert.equal(full.status, 75, full.stderr);
  assert.match(full.stderr, /^smtpd: cannot open .*the disk is full.*make room on that disk/);
  await disk.free();
  await disk.protect();
  const readOnly = await runSmtpd(args);
  assert.equal(readOnly.status, 73);
  assert.match(readOnly.stderr, /^smtpd: cannot open .*Read-only file system/);
});

Deno.test({
  name: "a server whose disk fails says 451 and once a minute why, and goes on afterwards",
  ignore: !canRun || !await hasPrlimit(),
  async fn() {
    await using folder = await temporaryFolder();
    const command = ignoringLimit(commandOf("smtpd"));
    await using server = await startSmtpd([
      ...["--port", "0", "--domain", "abc.com", "--user", "alice:secret"],
      ...["--data", `${folder.path}/data`],
    ], command);
    const port = server.ports.smtp!;
    const [pid] = (await Deno.readTextFile(`${folder.path}/data/lock`)).split("\n");
    const limit = async (bytes: string) => {
      const args = ["--pid", pid!, `--fsize=${bytes}:unlimited`];
      assert.ok((await new Deno.Command("prlimit", { args }).output()).success);
    };
    assert.match(await deliver(port), /^250 /);
    await limit(`${MIB}`);
    for (let times = 0; times < 3; times++) {
      assert.match(await deliver(port, 3 * MIB), /^451 4\.3\.0 Local error/);
    }
    await until("the log", () => server.log().includes('"event":"smtp-failed"'));
    const told = [...server.log().matchAll(/"event":"smtp-failed".*/g)];
    assert.equal(told.length, 1);
    assert.match(told[0]![0], /the disk failed \(disk I\/O error\)/);
    await limit("unlimited");
    assert.match(await deliver(port, 3 * MIB), /^250 /);
    const checked = await runSmtpd(["check", "--data", `${folder.path}/data`]);
    assert.equal(checked.stdout, "ok\n");
  },
});

async function hasPrlimit(): Promise<boolean> {
  if (!canRun) return false;
  try {
    return (await new Deno.Command("prlimit", { args: ["--version"] }).output()).success;
  } catch {
    return false;
  }
}

/** Deletes alice's first message by POP3; gives the answer to QUIT. */
async function deleteFirst(port: number): Promise<string> {
  using conn = await Deno.connect({ hostname: "127.0.0.1", port });
  const buffer = new Uint8Array(4096);
  const hear = async () => new TextDecoder().decode(buffer.subarray(0, (await conn.read(buffer))!));
  await hear();
  let answer = "";
  for (const line of ["USER alice", "PASS secret", "DELE 1", "QUIT"]) {
    await conn.write(new TextEncoder().encode(`${line}\r\n`));
    answer = await hear();
  }
  return answer;
}
