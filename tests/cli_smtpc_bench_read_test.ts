/** `smtpc bench --pop3` and `--imap`, against our own sessions on real sockets. */
import assert from "$assert";
import { EXIT } from "../lib/cli/fail.ts";
import { FRUITLESS_ROUNDS_MAX } from "../lib/cli/read_load.ts";
import type { Pop3Backend } from "../lib/pop3/backend.ts";
import { startTestServer } from "./app_support.ts";
import { type Run, type RunOptions, runSmtpc, startServer } from "./cli_support.ts";
import { startFakeImap } from "./fake_imap_server.ts";
import { fakePop3, TWO_MESSAGES } from "./pop3_support.ts";
import { until } from "./support.ts";
import { lab } from "./tls_support.ts";

const ALICE: RunOptions = { input: "", variables: { SMTPC_PASSWORD: "secret" } };
const CONTENTS = ["One", "Two", "Three"].map((subject) =>
  `From: bob@xyz.com\r\nTo: alice@abc.com\r\nSubject: ${subject}\r\n\r\nHi ${subject}\r\n`
);
const BYTES = CONTENTS.join("").length;

function bench(
  at: readonly string[],
  flags: readonly string[],
  options: RunOptions = ALICE,
): Promise<Run> {
  return runSmtpc(["bench", ...at, "--user", "alice", ...flags], options);
}

Deno.test("bench --imap reads all of a mailbox in each round, and changes nothing", async () => {
  await using server = startFakeImap(CONTENTS);
  const run = await bench(server.at, ["--imap", "--rounds", "4", "--connections", "2"]);
  assert.deepEqual([run.failure, run.errors], ["", ""]);
  const figures = /[\d.]+(?= (s|ms|MiB|messages\/s))/g;
  assert.deepEqual(run.output.replaceAll(figures, "N").split("\n"), [
    "rounds       4 whole, in N s",
    "messages     12 downloaded",
    "connections  2 at once",
    "rate         N messages/s, N MiB/s",
    ...["login   ", "select  ", "list    ", "headers ", "retrieve", "quit    "].map((step) =>
      `${step}     p50 N ms, p90 N ms, p99 N ms, max N ms`
    ),
    "",
  ]);
  const times = (word: string) => server.heard.filter((each) => each.includes(word)).length;
  assert.deepEqual([times("EXAMINE"), times("BODY.PEEK[]"), times("LOGOUT")], [4, 12, 4]);
  assert.deepEqual([times("SELECT"), times("STORE"), times("EXPUNGE")], [0, 0, 0]);
});

Deno.test("bench --pop3 reads behind XPOP3 and on a port of its own", async () => {
  for (const serves of ["both", "pop3"] as const) {
    const pop3 = fakePop3();
    await using server = startServer({ pop3, serves });
    const run = await bench(server.at, ["--pop3", "--rounds", "3", "--json"]);
    assert.equal(run.failure, "");
    const { stepsMs, seconds, messagesPerSecond, bytesPerSecond, ...counts } = JSON.parse(
      run.output,
    );
    assert.deepEqual(counts, { rounds: 3, failed: 0, messages: 6, connections: 1, errors: [] });
    assert.deepEqual(Object.keys(stepsMs), ["login", "list", "retrieve", "quit"]);
    assert.ok(stepsMs.retrieve.p50 > 0 && stepsMs.retrieve.p50 <= stepsMs.retrieve.max);
    assert.ok(seconds > 0 && messagesPerSecond > 0);
    // The second one ends without CRLF, and gets one on the way.
    const bytes = 3 * (TWO_MESSAGES.join("").length + 2);
    assert.equal(Math.round(bytesPerSecond * seconds), bytes);
    assert.deepEqual([pop3.left(), pop3.counts().opened], [["m1", "m2"], 3]);
  }
});

Deno.test("bench --imap and --pop3 measure a whole server", async () => {
  const ports = { smtp: 0, pop3: 0, imap: 0 };
  await using server = await startTestServer({ users: ["alice"], ports });
  const at = (service: "smtp" | "pop3" | "imap") => ["127.0.0.1", `${server.port(service)}`];
  const to = ["--to", "alice@abc.com", "--messages", "30", "--size", "2K"];
  assert.equal((await runSmtpc(["bench", ...at("smtp"), ...to])).failure, "");
  for (const service of ["imap", "pop3"] as const) {
    const run = await bench(at(service), [`--${service}`, "--rounds", "2", "--json"]);
    assert.equal(run.failure, "");
    const { rounds, messages, seconds, bytesPerSecond } = JSON.parse(run.output);
    assert.deepEqual([rounds, messages], [2, 60]);
    assert.ok(Math.round(bytesPerSecond * seconds) > 60 * 2048);
  }
});

/** Every other session is told that somebody else has the mailbox. */
function startShared() {
  const [free, taken] = [fakePop3(), fakePop3({ obstacle: "inUse" })];
  let sessions = 0;
  const pop3: Pop3Backend = { open: (peer) => (sessions++ % 2 === 0 ? free : taken).open(peer) };
  return startServer({ pop3 });
}

Deno.test("bench counts rounds that failed, by the server's words", async () => {
  await using server = startShared();
  const run = await bench(server.at, ["--pop3", "--rounds", "4", "--json"]);
  assert.equal(run.status, EXIT.tryAgainLater);
  assert.equal(run.failure, "2 of 4 rounds failed");
  const { rounds, failed, messages, errors: [error, ...more] } = JSON.parse(run.output);
  assert.deepEqual([rounds, failed, messages, more], [2, 2, 4, []]);
  assert.deepEqual([error.at, error.code, error.count], ["round", null, 2]);
  assert.match(error.text, /^somebody else reads this mailbox/);
});

Deno.test("bench --pop3 gives up when no round comes to its end", async () => {
  const pop3 = fakePop3({ obstacle: "inUse" });
  await using server = startServer({ pop3 });
  const run = await bench(server.at, ["--pop3", "--seconds", "3600"]);
  assert.equal(run.status, EXIT.tryAgainLater);
  assert.match(run.failure, /^somebody else reads this mailbox/);
  assert.equal(pop3.counts().opened, FRUITLESS_ROUNDS_MAX);
});

Deno.test("bench --imap gives up at once where it cannot log in", async () => {
  await using server = startFakeImap(CONTENTS);
  const variables = { SMTPC_PASSWORD: "wrong" };
  const refused = await bench(server.at, ["--imap"], { input: "", variables });
  assert.equal(refused.status, EXIT.loginRefused);
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  const gone = await bench(["127.0.0.1", `${port}`], ["--imap"]);
  assert.equal(gone.status, EXIT.unavailable);
  assert.match(gone.failure, /^nothing listens on/);
});

Deno.test("bench gives no figures of one protocol under the name of the other", async () => {
  await using imap = startFakeImap(CONTENTS);
  await using pop3 = startServer();
  for (const [at, wanted, spoken] of [[imap.at, "pop3", "imap"], [pop3.at, "imap", "pop3"]]) {
    const run = await bench(at as readonly string[], [`--${wanted}`]);
    assert.equal(run.status, EXIT.usage);
    assert.match(run.failure, new RegExp(`speaks ${spoken}: --${spoken} measures it`, "i"));
  }
});

Deno.test("bench --imap ends in the middle of a round when the person has enough", async () => {
  await using server = startFakeImap(CONTENTS);
  const stop = Promise.withResolvers<void>();
  const running = bench(server.at, ["--imap", "--seconds", "3600", "--json"], {
    ...ALICE,
    stopRequested: () => stop.promise,
  });
  await until("a message", () => server.heard.some((each) => each.includes("BODY.PEEK[]")));
  stop.resolve();
  const { status, output } = await running;
  assert.equal(status, EXIT.done);
  const { failed, messages, seconds, bytesPerSecond } = JSON.parse(output);
  assert.equal(failed, 0);
  assert.ok(messages > 0 && Math.round(bytesPerSecond * seconds) >= BYTES / CONTENTS.length - 5);
  assert.ok(server.heard.some((each) => each.includes("LOGOUT")));
});

Deno.test("bench --imap shows on a terminal how far it is, and ends in time", async () => {
  await using server = startFakeImap(CONTENTS);
  const options = { ...ALICE, outputIsTerminal: true };
  const run = await bench(server.at, ["--imap", "--seconds", "1"], options);
  assert.equal(run.status, EXIT.done);
  // deno-lint-ignore no-control-regex -- that is how a line of a terminal is taken away
  assert.match(run.errors, /^(\r\x1b\[K\d+ downloaded, \d+ a second)+\r\x1b\[K$/);
});

Deno.test("bench --imap tells once that a server is not verified", async () => {
  const { other } = await lab();
  const ports = { smtp: 0, imap: 0 };
  await using server = await startTestServer({ users: ["alice"], ports, tls: [other] });
  const at = ["127.0.0.1", `${server.port("imap")}`];
  const run = await bench(at, ["--imap", "--rounds", "3", "--connections", "1", "--json"]);
  assert.equal(run.failure, "");
  assert.equal(run.errors.split("is not verified").length - 1, 1, run.errors);
  assert.equal(JSON.parse(run.output).rounds, 3);
  // Only the first has tried what failed.
  assert.equal(server.logged("connected").length, 4);
});

const wrong: readonly (readonly [flags: string, complaint: RegExp])[] = [
  ["--pop3 --imap", /'--imap' cannot be used with option '--pop3'/],
  ["--pop3 --to bob@xyz.com", /'--pop3' cannot be used with option '--to/],
  ["--imap --messages 5", /'--imap' cannot be used with option '--messages/],
  ["--imap --size 5K", /'--imap' cannot be used with option '--size/],
  ["--rounds 5 --to bob@xyz.com", /--rounds is for reading/],
  ["--pop3 --rounds 0", /a number from 1 to/],
];

for (const [flags, complaint] of wrong) {
  Deno.test(`bench ${flags} is wrong usage`, async () => {
    const run = await bench(["127.0.0.1", "1"], flags.split(" "));
    assert.equal(run.status, EXIT.usage);
    assert.match(run.failure, complaint);
  });
}

Deno.test("bench --imap without a user is wrong usage, for it has no mailbox", async () => {
  const run = await runSmtpc(["bench", "127.0.0.1", "1", "--imap"], { input: "" });
  assert.equal(run.status, EXIT.usage);
  assert.match(run.failure, /whose mailbox\? --user NAME says it/);
});
