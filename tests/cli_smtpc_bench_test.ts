/** `smtpc bench` against our own sessions on real sockets. */
import assert from "$assert";
import { EXIT } from "../lib/cli/fail.ts";
import { smtpc } from "../lib/cli/smtpc.ts";
import { denoWorld } from "../lib/net/deno.ts";
import type { World } from "../lib/net/world.ts";
import { DEFAULT_SMTP_LIMITS } from "../lib/smtp/connection.ts";
import { encode } from "../lib/wire/bytes.ts";
import { startTestServer } from "./app_support.ts";
import { fakeStreams, listen, runSmtpc, startScript, startServer } from "./cli_support.ts";
import { fakeTransport } from "./fake_transport.ts";
import { lineReader } from "./line_reader.ts";
import { fakeSmtp, PASSWORD } from "./smtp_support.ts";
import { until } from "./support.ts";
import { lab } from "./tls_support.ts";

const TO = ["--to", "bob@xyz.com"];

Deno.test("bench sends so many messages over so many connections, each with its number", async () => {
  const smtp = fakeSmtp();
  await using server = startServer({ smtp });
  const run = await runSmtpc([
    ...["bench", ...server.at, ...TO, "--from", "a@abc.com", "--messages", "25"],
    ...["--connections", "3", "--size", "2K"],
  ]);
  assert.deepEqual([run.status, run.failure, run.errors], [EXIT.done, "", ""]);
  assert.deepEqual(
    run.output.replaceAll(/[\d.]+(?= (s|ms|MiB|messages\/s))/g, "N").split("\n"),
    [
      "messages     25 accepted, in N s",
      "connections  3 at once",
      "rate         N messages/s, N MiB/s",
      "whole        p50 N ms, p90 N ms, p99 N ms, max N ms",
      "dot to 250   p50 N ms, p90 N ms, p99 N ms, max N ms",
      "",
    ],
  );
  const numbers = smtp.messages.map(({ content }) => Number(/bench (\d+)/.exec(content)![1]));
  const expected = Array.from({ length: 25 }, (_, at) => at + 1);
  assert.deepEqual(numbers.toSorted((one, other) => one - other), expected);
  for (const { content, from, to } of smtp.messages) {
    assert.deepEqual([content.length, from, to], [2048, "a@abc.com", ["bob@xyz.com"]]);
  }
});

Deno.test("bench counts refusals by their answers, and ends with a status that tells", async () => {
  const smtp = fakeSmtp();
  await using server = startServer({ smtp });
  const args = ["bench", ...server.at, "--from", "a@abc.com", "--messages", "6", "--json"];
  const some = await runSmtpc([...args, ...TO, "--to", "nobody@xyz.com"]);
  assert.equal(some.status, EXIT.tryAgainLater);
  assert.equal(some.failure, "3 of 6 messages were not accepted");
  const { accepted, failed, errors, finalMs } = JSON.parse(some.output);
  assert.deepEqual([accepted, failed], [3, 3]);
  assert.deepEqual(errors, [
    { at: "rcpt", code: 550, text: "550 5.1.1 Recipient refused", count: 3 },
  ]);
  assert.ok(finalMs.p50 > 0 && finalMs.p50 <= finalMs.max);

  const none = await runSmtpc([...args, "--to", "later@xyz.com"]);
  assert.equal(none.status, EXIT.unavailable);
  assert.deepEqual(JSON.parse(none.output).wholeMs, { p50: null, p90: null, p99: null, max: null });

  const both = await runSmtpc([...args, ...TO, "--to", "nobody@xyz.com", "--recipients", "2"]);
  assert.equal(both.status, EXIT.done);
  assert.equal(JSON.parse(both.output).errors[0].count, 6);
});

Deno.test("bench keeps to a rate, and counts a message from when it was due", async () => {
  await using server = startServer();
  const run = await runSmtpc([
    ...["bench", ...server.at, ...TO, "--messages", "10", "--rate", "50", "--json"],
  ]);
  // The tenth is due after 180 ms; how much later it comes is the machine's affair.
  assert.ok(JSON.parse(run.output).seconds >= 0.18);
  const slow = await runSmtpc([
    ...["bench", ...server.at, ...TO, "--seconds", "1", "--rate", "3", "--json"],
  ]);
  assert.equal(JSON.parse(slow.output).accepted, 3);
});

Deno.test("bench takes another connection after so many messages, or what the server announces", async () => {
  const smtp = fakeSmtp();
  const limits = { ...DEFAULT_SMTP_LIMITS, mailsMax: 4 };
  await using server = startServer({ smtp, options: { limits } });
  const args = ["bench", ...server.at, ...TO, "--messages", "12", "--connections", "1", "--json"];
  const own = JSON.parse((await runSmtpc([...args, "--per-connection", "3"])).output);
  assert.deepEqual([own.accepted, own.failed, own.opened], [12, 0, 4]);
  const announced = JSON.parse((await runSmtpc(args)).output);
  assert.deepEqual([announced.accepted, announced.failed, announced.opened], [12, 0, 3]);
  assert.equal(smtp.messages.length, 24);
});

/** A server that says 421 to what comes behind the second message of a connection. */
function startImpatient() {
  return listen(async (transport) => {
    const next = lineReader(transport);
    const say = (line: string) => transport.write(encode(`${line}\r\n`));
    await say("220 impatient.test");
    let mails = 0;
    for (let line = await next(); line !== null; line = await next()) {
      if (line.startsWith("MAIL") && ++mails > 2) return await say("421 Enough");
      if (line !== "DATA") {
        await say("250 Ok");
        continue;
      }
      await say("354 Go on");
      while ((await next() ?? ".") !== ".");
      await say("250 Ok");
    }
  });
}

Deno.test("bench sends what was answered with goodbye over another connection", async () => {
  await using server = startImpatient();
  const run = await runSmtpc([
    ...["bench", ...server.at, ...TO, "--messages", "7", "--connections", "1", "--json"],
  ]);
  const { accepted, failed, opened } = JSON.parse(run.output);
  assert.deepEqual([run.failure, accepted, failed, opened], ["", 7, 0, 4]);
});

Deno.test("bench logs in where it is told to, and gives up at once when that is refused", async () => {
  const smtp = fakeSmtp();
  await using server = startServer({ smtp });
  const args = ["bench", ...server.at, ...TO, "--messages", "4", "--user", "alice@abc.com"];
  const right = await runSmtpc(args, { variables: { SMTPC_PASSWORD: "wrong" } });
  assert.equal(right.status, EXIT.loginRefused);
  assert.deepEqual(smtp.messages, []);
  const user = ["--user", "alice", "--from", "alice@abc.com"];
  const ran = await runSmtpc([...args.slice(0, -2), ...user], {
    variables: { SMTPC_PASSWORD: PASSWORD },
  });
  assert.equal(ran.failure, "");
  assert.deepEqual(smtp.messages.map((message) => message.user), Array(4).fill("alice@abc.com"));
});

Deno.test("bench ends when the person has enough, and tells what was done until then", async () => {
  const smtp = fakeSmtp();
  await using server = startServer({ smtp });
  const stop = Promise.withResolvers<void>();
  const running = runSmtpc(["bench", ...server.at, ...TO, "--seconds", "3600", "--json"], {
    stopRequested: () => stop.promise,
  });
  await until("a message", () => smtp.messages.length > 0);
  stop.resolve();
  const { status, output } = await running;
  assert.equal(status, EXIT.done);
  assert.ok(JSON.parse(output).accepted > 0);
});

Deno.test("bench shows on a terminal how far it is, and takes the line away", async () => {
  await using server = startServer();
  const run = await runSmtpc(["bench", ...server.at, ...TO, "--seconds", "1"], {
    outputIsTerminal: true,
  });
  // deno-lint-ignore no-control-regex -- that is how a line of a terminal is taken away
  assert.match(run.errors, /^(\r\x1b\[K\d+ accepted, \d+ a second)+\r\x1b\[K$/);
});

Deno.test("bench ends soon where nobody listens, or nobody is let in", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  const gone = await runSmtpc(["bench", "127.0.0.1", `${port}`, ...TO]);
  assert.equal(gone.status, EXIT.unavailable);
  assert.match(gone.failure, /^nothing listens on/);
  await using busy = startScript("421 Too busy\r\n", "close");
  const refused = await runSmtpc(["bench", ...busy.at, ...TO, "--connections", "20"]);
  assert.equal(refused.status, EXIT.tryAgainLater, refused.failure);
  assert.match(refused.failure, /does not want to talk: 421 Too busy/);
});

Deno.test("bench tells once that a server is not verified", async () => {
  const { other } = await lab();
  await using server = await startTestServer({ users: ["alice"], tls: [other] });
  const run = await runSmtpc([
    ...["bench", "127.0.0.1", `${server.port("smtp")}`, "--to", "alice@abc.com"],
    ...["--messages", "8", "--connections", "4", "--json"],
  ]);
  assert.equal(run.failure, "");
  assert.equal(run.errors.split("is not verified").length - 1, 1, run.errors);
  assert.equal(JSON.parse(run.output).accepted, 8);
  assert.equal((await server.mailbox("alice@abc.com")).length, 8);
});

/** A world in which whoever connects reaches this address, where nobody speaks. */
function worldAt(host: string): { readonly world: World; readonly closed: () => boolean } {
  const real = denoWorld();
  const transport = fakeTransport(null);
  const remote = { host, port: 25 };
  const read = () => transport.read();
  return {
    closed: () => transport.state === "closed" && transport.writes.length === 0,
    world: {
      ...real,
      net: { ...real.net, connect: () => Promise.resolve({ ...transport, remote, read }) },
    },
  };
}

Deno.test("bench sends nothing to a stranger's server, unless it is told that it may", async () => {
  const bench = async (host: string, ...flags: readonly string[]) => {
    const { world, closed } = worldAt(host);
    const { streams } = fakeStreams({ input: "" });
    const args = ["bench", "mx.example", "25", ...TO, "--connections", "1", ...flags];
    const failure = await smtpc(args, { world, streams, ask: null }).then(
      () => "",
      (error: Error) => error.message,
    );
    return { failure, closed: closed() };
  };
  for (const host of ["192.0.2.1", "2001:db8::1", "172.32.0.1", "11.0.0.1", "::ffff:8.8.8.8"]) {
    const { failure, closed } = await bench(host);
    assert.match(failure, /nothing was sent: whoever floods.*--yes/, host);
    assert.ok(closed, host);
  }
  for (const host of ["127.0.0.5", "::1", "10.1.2.3", "172.31.0.1", "192.168.7.7", "fd00::1"]) {
    assert.match((await bench(host)).failure, /closed the connection/, host);
  }
  assert.match((await bench("192.0.2.1", "--yes")).failure, /closed the connection/);
});

Deno.test("bench does not read from a stranger's server either", async () => {
  const { world, closed } = worldAt("192.0.2.1");
  const { streams } = fakeStreams({ input: "", variables: { SMTPC_PASSWORD: PASSWORD } });
  for (const flag of ["--imap", "--pop3"]) {
    const args = ["bench", "mx.example", "143", "--user", "alice", flag, "--connections", "1"];
    await assert.rejects(
      smtpc(args, { world, streams, ask: null }),
      /nothing was sent: whoever floods.*--yes/,
    );
    assert.ok(closed());
  }
});

const wrong: readonly (readonly [flags: string, complaint: RegExp])[] = [
  ["", /a recipient is missing: --to ADDRESS/],
  ["--to bob@xyz.com --recipients 2", /--recipients 2: --to names 1/],
  ["--to bob", /--to: bob is neither an address/],
  ["--to bob@xyz.com --size 1G", /a number of bytes up to 256M/],
  ["--to bob@xyz.com --size 257M", /a number of bytes up to 256M/],
  ["--to bob@xyz.com --size 0", /a number of bytes up to 256M/],
  ["--to bob@xyz.com --rate 0", /a number from 1 to 1000000/],
  ["--to bob@xyz.com --connections 10001", /a number from 1 to 10000/],
  ["--to bob@xyz.com --seconds 1.5", /a number from 1 to 86400/],
];

for (const [flags, complaint] of wrong) {
  Deno.test(`bench ${flags} is wrong usage`, async () => {
    const run = await runSmtpc(["bench", "127.0.0.1", "1", ...flags.split(" ").filter(Boolean)], {
      input: "",
    });
    assert.equal(run.status, EXIT.usage);
    assert.match(run.failure, complaint);
  });
}
