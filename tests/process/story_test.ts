/** The story of the design, with two servers and two clients as real processes. */
import assert from "$assert";
import { canRun, temporaryFolder, until } from "../support.ts";
import { type Ran, runSmtpc, type Smtpd, startSmtpd } from "./programs.ts";

/** Ports are fixed before the servers start, for each has to know the other's. */
function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return (listener.addr as Deno.NetAddr).port;
}

type Command = readonly [string, ...string[]];

/** The two servers of the story, each of which can be ended and started again. */
class Story implements AsyncDisposable {
  readonly abc = freePort();
  readonly xyz = freePort();
  readonly #folder: string;
  readonly #command: Command | undefined;
  readonly #running = new Set<Smtpd>();

  constructor(folder: string, command?: Command) {
    this.#folder = folder;
    this.#command = command;
  }

  startAbc(): Promise<Smtpd> {
    return this.#start("abc.com", this.abc, "alice:secret", `xyz.com=127.0.0.1:${this.xyz}`);
  }

  startXyz(): Promise<Smtpd> {
    return this.#start("xyz.com", this.xyz, "bob:hunter2", `abc.com=127.0.0.1:${this.abc}`);
  }

  async #start(domain: string, port: number, user: string, route: string): Promise<Smtpd> {
    const server = await startSmtpd([
      ...["--port", `${port}`, "--domain", domain, "--user", user, "--route", route],
      ...["--data", `${this.#folder}/${domain}`],
    ], this.#command);
    this.#running.add(server);
    return server;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#running].map((server) => server.end()));
  }
}

function send(port: number, to: string, subject: string, more: Partial<SendOptions> = {}) {
  const { host, user, password, command, body } = { ...SEND, ...more };
  return runSmtpc([
    ...["send", host, `${port}`, "--user", user, "--to", to],
    ...["--subject", subject, "--body", body],
  ], { password, ...(command === undefined ? {} : { command }) });
}

interface SendOptions {
  readonly host: string;
  readonly user: string;
  readonly password: string;
  readonly body: string;
  readonly command: Command | undefined;
}

const SEND: SendOptions = {
  host: "127.0.0.1",
  user: "alice@abc.com",
  password: "secret",
  body: "Hello, Bob.",
  command: undefined,
};

/** The subjects in Bob's mailbox. */
async function subjectsOf(port: number, user = "bob@xyz.com", password = "hunter2") {
  const { status, stdout, stderr } = await runSmtpc(
    ["read", "127.0.0.1", `${port}`, "--user", user, "--all", "--keep", "--json"],
    { password },
  );
  assert.equal(status, 0, stderr);
  const lines = stdout.split("\n").filter((line) => line !== "");
  return lines.map((line) => JSON.parse(line).subject as string).sort();
}

/** Waits until Bob has these messages, and sees that it stays at that. */
async function assertArrive(port: number, subjects: readonly string[]): Promise<void> {
  const sorted = [...subjects].sort();
  await until("the mail in the mailbox", async () => {
    return (await subjectsOf(port)).length >= sorted.length;
  }, 60_000);
  assert.deepEqual(await subjectsOf(port), sorted);
}

function assertDone(ran: Ran): void {
  assert.equal(ran.status, 0, ran.stderr);
}

function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, ignore: !canRun, fn });
}

test("a message goes from alice to bob, and his reply comes back", async () => {
  await using folder = await temporaryFolder();
  await using story = new Story(folder.path);
  await story.startAbc();
  await story.startXyz();
  assertDone(await send(story.abc, "bob@xyz.com", "Lunch?"));
  await assertArrive(story.xyz, ["Lunch?"]);
  const read = await runSmtpc(["read", "localhost", `${story.xyz}`, "--user", "bob@xyz.com"], {
    password: "hunter2",
  });
  assertDone(read);
  assert.match(read.stdout, /^From: .*alice@abc\.com.*\nTo: .*bob@xyz\.com.*\nSubject: Lunch\?\n/);
  assert.match(read.stdout, /\n\nHello, Bob\.\n/);
  assertDone(
    await send(story.xyz, "alice@abc.com", "Re: Lunch?", {
      host: "localhost",
      user: "bob@xyz.com",
      password: "hunter2",
      body: "At one.",
    }),
  );
  await until("the reply", async () => {
    return (await subjectsOf(story.abc, "alice@abc.com", "secret")).includes("Re: Lunch?");
  });
});

test("the story works through deno task as well", async () => {
  await using folder = await temporaryFolder();
  const task = (name: string): Command => [Deno.execPath(), "task", "--quiet", name];
  await using story = new Story(folder.path, task("server"));
  await story.startAbc();
  await story.startXyz();
  assertDone(await send(story.abc, "bob@xyz.com", "By task", { command: task("client") }));
  await assertArrive(story.xyz, ["By task"]);
});

test("an unknown recipient is refused at once, in the receiver's words", async () => {
  await using folder = await temporaryFolder();
  await using story = new Story(folder.path);
  const abc = await story.startAbc();
  const xyz = await story.startXyz();
  const ran = await send(story.abc, "nobody@xyz.com", "Hello");
  assert.equal(ran.status, 67, ran.stderr);
  const words = /"reply":"(550 5\.1\.1 [^"]+)"/.exec(xyz.log())?.[1];
  assert.ok(words !== undefined && ran.stderr.includes(words), ran.stderr);
  assert.ok(abc.log().includes('"event":"verify-refused"'), abc.log());
  assert.deepEqual(await subjectsOf(story.xyz), []);
});

test("a wrong password is refused with status 77", async () => {
  await using folder = await temporaryFolder();
  await using story = new Story(folder.path);
  await story.startAbc();
  const ran = await send(story.abc, "bob@xyz.com", "Hello", { password: "guess" });
  assert.equal(ran.status, 77, ran.stderr);
  const read = await runSmtpc(["read", "127.0.0.1", `${story.abc}`, "--user", "alice"], {
    password: "guess",
  });
  assert.equal(read.status, 77, read.stderr);
});

test("a message waits while the receiver is down, and arrives when it is up", async () => {
  await using folder = await temporaryFolder();
  await using story = new Story(folder.path);
  const abc = await story.startAbc();
  assertDone(await send(story.abc, "bob@xyz.com", "Later"));
  await until("a try", () => abc.log().includes('"event":"hop-down"'));
  await story.startXyz();
  await assertArrive(story.xyz, ["Later"]);
});

test("a message survives a kill -9 right after its 250, and arrives once", async () => {
  await using folder = await temporaryFolder();
  await using story = new Story(folder.path);
  const abc = await story.startAbc();
  assertDone(await send(story.abc, "bob@xyz.com", "Unkillable"));
  await abc.end("SIGKILL");
  await story.startXyz();
  const again = await story.startAbc();
  await until("the delivery", () => again.log().includes('"event":"relayed"'), 60_000);
  await assertArrive(story.xyz, ["Unkillable"]);
});

test("50 clients at once to each server: nothing is lost or doubled", async () => {
  await using folder = await temporaryFolder();
  await using story = new Story(folder.path);
  await story.startAbc();
  await story.startXyz();
  const numbers = Array.from({ length: 50 }, (_, number) => number);
  const toXyz = numbers.map((number) => send(story.abc, "bob@xyz.com", `abc ${number}`));
  const bob = { user: "bob@xyz.com", password: "hunter2" };
  const toAbc = numbers.map((number) => send(story.xyz, "alice@abc.com", `xyz ${number}`, bob));
  for (const ran of await Promise.all([...toXyz, ...toAbc])) assertDone(ran);
  await assertArrive(story.xyz, numbers.map((number) => `abc ${number}`));
  const alice = () => subjectsOf(story.abc, "alice@abc.com", "secret");
  await until("alice's mail", async () => (await alice()).length >= 50, 60_000);
  assert.deepEqual(await alice(), numbers.map((number) => `xyz ${number}`).sort());
});

test("the exam's plain format is sent, and shown back", async () => {
  await using folder = await temporaryFolder();
  await using story = new Story(folder.path);
  await story.startAbc();
  await story.startXyz();
  const plain = "From: alice@abc.com\nTo: bob@xyz.com\nThis is the message.\nIt has two lines.\n";
  assertDone(
    await runSmtpc(["send", "127.0.0.1", `${story.abc}`, "--user", "alice@abc.com"], {
      password: "secret",
      stdin: plain,
    }),
  );
  await until("the mail", async () => (await subjectsOf(story.xyz)).length === 1);
  const read = await runSmtpc(["read", "127.0.0.1", `${story.xyz}`, "--user", "bob"], {
    password: "hunter2",
  });
  assertDone(read);
  const body = "This is the message.\nIt has two lines.\n";
  assert.ok(read.stdout.startsWith("From: alice@abc.com\nTo: bob@xyz.com\n"), read.stdout);
  assert.ok(read.stdout.includes(`\n\n${body}`), read.stdout);
});
