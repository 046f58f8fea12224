/** The program `smtpd` as a process: signals, statuses, its data directory and its operator. */
import assert from "$assert";
import { DatabaseSync } from "node:sqlite";
import { letter, logIn, REAL, sendMessage, talkTo } from "../app_support.ts";
import { canRun, commandOf, temporaryFolder, until } from "../support.ts";
import { collect, type Ran, runSmtpd, type Smtpd, startSmtpd } from "./programs.ts";

const ABC = ["--port", "0", "--domain", "abc.com"];
const ALICE = ["--user", "alice:secret"];
/** Nobody listens on the discard port. */
const UNREACHABLE = ["--route", "xyz.com=127.0.0.1:9"];

function test(name: string, fn: (folder: string) => Promise<void>): void {
  Deno.test({
    name,
    ignore: !canRun,
    fn: async () => {
      await using folder = await temporaryFolder();
      await fn(folder.path);
    },
  });
}

test("smtpd prints listeners and ready, and stops at SIGTERM with status 0", async (folder) => {
  await using program = start([...ABC, ...ALICE, "--pop3-port", "0", "--data", `${folder}/d`]);
  await until("ready", () => program.output().endsWith("ready\n"), 60_000);
  assert.match(program.output(), /^smtp 127\.0\.0\.1:\d+\npop3 127\.0\.0\.1:\d+\nready\n$/);
  assert.equal(await program.end("SIGTERM"), 0);
});

test("smtpd says 421 to an idle client at SIGINT, and takes its socket away", async (folder) => {
  await using server = await startSmtpd([...ABC, ...ALICE, "--data", folder]);
  const talker = await talkTo(REAL, server.ports.smtp!);
  const ended = server.end("SIGINT");
  assert.match(await talker.hear(), /^421 4\.3\.2 /);
  talker.close();
  assert.equal(await ended, 0);
  await assert.rejects(Deno.lstat(`${folder}/control.sock`), Deno.errors.NotFound);
});

test("smtpd stops at once at a second signal", async (folder) => {
  await using program = start([...ABC, ...ALICE, "--data", folder]);
  await until("ready", () => program.output().endsWith("ready\n"), 60_000);
  // A client that does not leave holds up the end for two seconds.
  const talker = await talkTo(REAL, Number(/:(\d+)\n/.exec(program.output())?.[1]));
  program.signal("SIGTERM");
  assert.match(await talker.hear(), /^421 /);
  assert.equal(await program.end("SIGTERM"), 130);
  talker.close();
});

test("smtpd reads its certificate again at SIGHUP, and no connection is lost", async (folder) => {
  const flags = [...ABC, ...ALICE, "--tls", "self-signed", "--data", folder];
  await using program = start(flags);
  await until("ready", () => program.output().endsWith("ready\n"), 60_000);
  const talker = await talkTo(REAL, Number(/:(\d+)\n/.exec(program.output())?.[1]));
  program.signal("SIGHUP");
  await until("the log line", () => program.errors().includes("certificate-loaded"));
  assert.match(await talker.say("NOOP"), /^250 /);
  talker.close();
  assert.equal(await program.end("SIGTERM"), 0);
});

test("smtpd on a port that is taken ends with one line and status 69", async (folder) => {
  await using server = await startSmtpd([...ABC, "--data", `${folder}/a`]);
  const port = `${server.ports.smtp}`;
  const ran = await runSmtpd(["--domain", "b.c", "--port", port, "--data", `${folder}/b`]);
  assertFailed(ran, 69, new RegExp(`cannot listen on 127.0.0.1:${port}: another program`));
});

test("smtpd on a data directory in use ends with status 75", async (folder) => {
  await using _server = await startSmtpd([...ABC, "--data", folder]);
  assertFailed(
    await runSmtpd([...ABC, "--data", folder]),
    75,
    /in use by another smtpd \(pid \d+\)/,
  );
});

test("smtpd refuses a newer version's data with status 78, untouched", async (folder) => {
  assertDone(await addUser("alice@abc.com", folder));
  change(folder, "PRAGMA user_version = 1000");
  const before = await Deno.readFile(`${folder}/smtpd.db`);
  assertFailed(await runSmtpd([...ABC, "--data", folder]), 78, /has version 1000/);
  assert.deepEqual(await Deno.readFile(`${folder}/smtpd.db`), before);
});

test("smtpd's control socket has mode 0600, and a crash's is replaced", async (folder) => {
  const crashed = await startSmtpd([...ABC, "--data", folder]);
  await crashed.end("SIGKILL");
  assert.ok((await Deno.lstat(`${folder}/control.sock`)).isSocket);
  await using _server = await startSmtpd([...ABC, "--data", folder]);
  const { mode } = await Deno.lstat(`${folder}/control.sock`);
  assert.equal(mode! & 0o777, 0o600);
  assertDone(await runSmtpd(["user", "list", "--data", folder]));
});

test("smtpd user works alike with a running server and without", async (folder) => {
  for (const running of [true, false]) {
    const data = `${folder}/${running}`;
    await using _server = running ? await startSmtpd([...ABC, "--data", data]) : null;
    assertDone(await addUser("Alice@abc.com", data));
    assertFailed(await addUser("alice@ABC.com", data), 73, /alice@abc\.com exists already/);
    assertDone(await addUser("bob@abc.com", data));
    const users = await runSmtpd(["user", "list", "--data", data]);
    assert.equal(users.stdout, "alice@abc.com\nbob@abc.com\n");
    assertDone(await runSmtpd(["user", "remove", "bob@abc.com", "--data", data]));
    assertFailed(
      await runSmtpd(["user", "remove", "bob@abc.com", "--data", data]),
      67,
      /there is no user bob@abc\.com/,
    );
    const objects = await runSmtpd(["user", "list", "--json", "--data", data]);
    assert.equal(JSON.parse(objects.stdout).name, "alice@abc.com");
  }
});

test("smtpd user password counts at once in a running server", async (folder) => {
  await using server = await startSmtpd([...ABC, ...ALICE, "--data", folder]);
  assert.match(await tryLogin(server, "secret"), /^235 /);
  const file = `${folder}/password`;
  await Deno.writeTextFile(file, "better\nnot this\n");
  // The running server knows the domain of a name without one.
  assertDone(
    await runSmtpd(["user", "password", "alice", "--password-file", file, "--data", folder]),
  );
  assert.match(await tryLogin(server, "secret"), /^535 /);
  assert.match(await tryLogin(server, "better"), /^235 /);
});

test("smtpd user names the flag when a password is missing", async (folder) => {
  const ran = await runSmtpd(["user", "add", "alice@abc.com", "--data", folder]);
  assertFailed(ran, 64, /--password-file/);
});

test("smtpd queue shows what waits, tries it again and drops it", async (folder) => {
  const data = ["--data", folder];
  const server = await startSmtpd([...ABC, ...ALICE, ...UNREACHABLE, ...data]);
  await submit(server);
  await until("a try", () => server.log().includes('"event":"hop-down"'));
  for (const running of [true, false]) {
    if (!running) assert.equal(await server.end(), 0);
    const [waiting] = objectsOf(await runSmtpd(["queue", "list", "--json", ...data]));
    assert.equal(waiting!.from, "alice@abc.com");
    assert.equal(waiting!.to, "bob@xyz.com");
    assert.match(`${waiting!.reply}`, /127\.0\.0\.1:9/);
    const id = `${waiting!.id}`;
    const listed = await runSmtpd(["queue", "list", ...data]);
    assert.ok(listed.stdout.startsWith(`${id}  alice@abc.com -> bob@xyz.com  `), listed.stdout);
    const shown = await runSmtpd(["queue", "show", id, ...data]);
    assert.match(shown.stdout, /\n\n(.*\n)*Subject: Waiting\n(.*\n)*\nHello Bob!\n$/);
    const [object] = objectsOf(await runSmtpd(["queue", "show", id, "--json", ...data]));
    assert.ok(atob(`${object!.content}`).endsWith(letter("Waiting")));
    const retried = await runSmtpd(["queue", "retry", ...data]);
    assert.equal(retried.stderr, "1 recipient to be tried now\n");
    assertFailed(await runSmtpd(["queue", "retry", "nothing", ...data]), 66, /no message nothing/);
  }
  const [waiting] = objectsOf(await runSmtpd(["queue", "list", "--json", ...data]));
  const dropped = await runSmtpd(["queue", "drop", `${waiting!.id}`, ...data]);
  assert.equal(dropped.stderr, "1 recipient dropped; nobody is told\n");
  assertFailed(await runSmtpd(["queue", "drop", `${waiting!.id}`, ...data]), 66, /no message/);
  assert.equal((await runSmtpd(["queue", "list", ...data])).stderr, "Nothing waits.\n");
});

test("smtpd queue retry makes a running server try at once", async (folder) => {
  await using server = await startSmtpd([
    ...ABC,
    ...ALICE,
    ...UNREACHABLE,
    ...["--data", folder],
  ]);
  await submit(server);
  const tries = () => server.log().split('"event":"hop-down"').length - 1;
  await until("a try", () => tries() > 0);
  const before = tries();
  assertDone(await runSmtpd(["queue", "retry", "--data", folder]));
  // Well before the wait that follows a first failure is over.
  await until("another try", () => tries() > before, 4_000);
});

test("smtpd check says ok, or names what is wrong and ends with status 65", async (folder) => {
  await using server = await startSmtpd([...ABC, ...ALICE, "--data", folder]);
  assert.equal((await runSmtpd(["check", "--data", folder])).stdout, "ok\n");
  await server.end();
  change(folder, "UPDATE mailboxes SET name = 'OUTBOX' WHERE name = 'INBOX'");
  const ran = await runSmtpd(["check", "--data", folder]);
  assert.equal(ran.status, 65, ran.stderr);
  assert.match(ran.stdout, /^account alice@abc\.com has no INBOX\n$/);
  const [object] = objectsOf(await runSmtpd(["check", "--json", "--data", folder]));
  assert.equal(object!.ok, false);
});

test("smtpd takes its settings from a file, and its flags win", async (folder) => {
  const config = `${folder}/smtpd.toml`;
  const data = JSON.stringify(`${folder}/data`);
  const lines = [`domain = "abc.com"`, `user = "alice:secret"`, `data = ${data}`, "port = 1"];
  await Deno.writeTextFile(config, lines.join("\n"));
  await using server = await startSmtpd(["--config", config, "--port", "0"]);
  assert.match(await tryLogin(server, "secret"), /^235 /);
  const users = await runSmtpd(["user", "list", "--config", config]);
  assert.equal(users.stdout, "alice@abc.com\n");
  await Deno.writeTextFile(config, `${lines.join("\n")}\nhttp-port = 8080\n`);
  const ran = await runSmtpd(["--config", config]);
  assertFailed(ran, 78, /smtpd\.toml: http-port: .* is not built yet/);
});

test("smtpd keeps its data below ./data, and its commands look there", async (folder) => {
  const cwd = folder;
  const password = `${folder}/password`;
  await Deno.writeTextFile(password, "secret");
  const add = ["user", "add", "alice", "--password-file", password];
  assertFailed(await runSmtpd(add, { cwd }), 66, /no data directory below \.\/data/);
  for (const domain of ["abc.com", "xyz.com"]) {
    await using program = start(["--port", "0", "--domain", domain], { cwd });
    await until("ready", () => program.output().endsWith("ready\n"), 60_000);
    if (domain === "abc.com") assertDone(await runSmtpd(add, { cwd }));
  }
  const users = await runSmtpd(["user", "list", "--data", "data/abc.com"], { cwd });
  assert.equal(users.stdout, "alice@abc.com\n");
  assertFailed(await runSmtpd(["user", "list"], { cwd }), 64, /abc\.com, xyz\.com/);
});

const MISTAKES: readonly (readonly [string, number, RegExp])[] = [
  ["--port x", 64, /--port: "x" is not a port/],
  ["--prot 1", 64, /unknown option '--prot'/],
  ["--http-port 0 --domain abc.com", 64, /--http-port: .* is not built yet/],
  ["--domain abc.com --route abc.com=127.0.0.1", 64, /is local here and has a route/],
  ["--domain abc.com --user alice --data memory:", 64, /--user alice@abc\.com:PASSWORD/],
  ["--config /nowhere/smtpd.toml", 66, /cannot read \/nowhere\/smtpd\.toml/],
  ["user list --data memory:", 64, /memory:/],
  ["check --data /nowhere", 66, /\/nowhere is not a data directory/],
];

for (const [words, status, message] of MISTAKES) {
  test(`smtpd ${words} ends with one line and status ${status}`, async () => {
    assertFailed(await runSmtpd(words.split(" ")), status, message);
  });
}

test("smtpd lab carries a message, and ends at Ctrl-C with status 0", async () => {
  await using lab = start(["lab", "--port-a", "0", "--port-b", "0"]);
  await until("the text", () => lab.output().includes("What the servers do"), 60_000);
  const port = Number(/abc\.com .*?127\.0\.0\.1:(\d+)/.exec(lab.output())?.[1]);
  const replies = await write(port);
  assert.match(replies.at(-1)!, /^250 /);
  await until("bob's mail", () => /xyz\.com delivered .*to=bob@xyz\.com/.test(lab.errors()));
  assert.equal(await lab.end("SIGINT"), 0);
});

/** A program under way; disposing of it ends it. */
interface Started extends AsyncDisposable {
  output(): string;
  errors(): string;
  signal(signal: Deno.Signal): void;
  /** Sends a signal and gives the exit status. */
  end(signal: Deno.Signal): Promise<number>;
}

function start(args: readonly string[], { cwd }: { readonly cwd?: string } = {}): Started {
  const [program, ...before] = commandOf("smtpd");
  const child = new Deno.Command(program, {
    args: [...before, ...args],
    ...(cwd === undefined ? {} : { cwd }),
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const output = collect(child.stdout);
  const errors = collect(child.stderr);
  let status: number | null = null;
  const ended = child.status.then(({ code }) => status = code);
  const started: Started = {
    output: output.text,
    errors: errors.text,
    signal: (signal) => child.kill(signal),
    async end(signal) {
      if (status === null) child.kill(signal);
      await Promise.all([output.done, errors.done]);
      return await ended;
    },
    [Symbol.asyncDispose]: async () => void await started.end("SIGKILL"),
  };
  return started;
}

async function addUser(name: string, data: string): Promise<Ran> {
  await using folder = await temporaryFolder();
  const file = `${folder.path}/password`;
  await Deno.writeTextFile(file, "secret\n");
  return await runSmtpd(["user", "add", name, "--password-file", file, "--data", data]);
}

async function tryLogin({ ports }: Smtpd, password: string): Promise<string> {
  const talker = await talkTo(REAL, ports.smtp!);
  await talker.say("EHLO test.example");
  const reply = await logIn(talker, "alice", password);
  talker.close();
  return reply;
}

async function submit({ ports }: Smtpd): Promise<void> {
  assert.match((await write(ports.smtp!)).at(-1)!, /^250 2\.0\.0 /);
}

/** Alice writes to Bob. */
async function write(port: number): Promise<readonly string[]> {
  const talker = await talkTo(REAL, port);
  await talker.say("EHLO test.example");
  assert.match(await logIn(talker, "alice"), /^235 /);
  const replies = await sendMessage(talker, {
    from: "alice@abc.com",
    to: ["bob@xyz.com"],
    content: letter("Waiting"),
  });
  await talker.say("QUIT");
  talker.close();
  return replies;
}

/** Does something to the database of a server that is not running. */
function change(directory: string, sql: string): void {
  const database = new DatabaseSync(`${directory}/smtpd.db`);
  database.exec(sql);
  database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  database.close();
}

function objectsOf(ran: Ran): readonly Readonly<Record<string, unknown>>[] {
  const lines = ran.stdout.split("\n").filter((line) => line !== "");
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

function assertDone(ran: Ran): void {
  assert.equal(ran.status, 0, ran.stderr);
}

/** One line for people, nothing for programs, and no stack trace. */
function assertFailed(ran: Ran, status: number, message: RegExp): void {
  assert.equal(ran.status, status, ran.stderr);
  assert.match(ran.stderr, message);
  assert.match(ran.stderr, /^smtpd: [^\n]+\n$/);
  assert.equal(ran.stdout, "");
}
