/** REQUIRETLS, RFC 8689 §4.2.1: a message that must not go on without TLS that was verified. */
import assert from "$assert";
import { bodyOf } from "../lib/mail/body.ts";
import { SILENT } from "../lib/log.ts";
import { createLinks, type Performed } from "../lib/queue/link.ts";
import type { SmtpJob } from "../lib/smtp/client.ts";
import { textOf } from "../lib/smtp/reply.ts";
import type { Transport } from "../lib/net/world.ts";
import { decode, encode } from "../lib/wire/bytes.ts";
import { fakeIdentity } from "./fake_tls.ts";
import { type FakeWorld, fakeWorld } from "./fake_world.ts";

const HOP = { host: "mx.xyz.com", port: 2599 };
const TARGET = { kind: "named", endpoint: HOP } as const;

interface HopOptions {
  readonly startTls?: boolean;
  readonly requireTls?: boolean;
  /** The names of its certificate. */
  readonly names?: string;
  readonly breaks?: boolean;
}

/** A hop that takes everything; what it was told is written down, `(TLS)` in its place. */
function startHop(world: FakeWorld, options: HopOptions): { said: string[]; stop(): void } {
  const { startTls = true, requireTls = true, names = "mx.xyz.com", breaks = false } = options;
  const identity = fakeIdentity([{ certificate: names, key: "" }]);
  const listener = world.net.listen(HOP);
  const said: string[] = [];
  const serve = async (transport: Transport) => {
    const say = (text: string) => transport.write(encode(`${text}\r\n`));
    await say("220 mx.xyz.com ESMTP");
    let tls = false;
    for (let chunk; (chunk = await transport.read()) !== null;) {
      const line = decode(chunk).trimEnd();
      said.push(line);
      if (line.startsWith("EHLO")) {
        const offers = tls ? (requireTls ? ["REQUIRETLS"] : []) : startTls ? ["STARTTLS"] : [];
        await say(
          ["250-mx.xyz.com", ...offers.map((each) => `250-${each}`), "250 HELP"].join("\r\n"),
        );
      } else if (line === "STARTTLS") {
        await say("220 go ahead");
        if (breaks) return transport.close();
        await transport.startTls({ side: "server", identity });
        said.push("(TLS)");
        tls = true;
      } else await say(line === "DATA" ? "354 go" : "250 2.0.0 OK");
      if (line === "QUIT") break;
    }
    transport.close();
  };
  (async () => {
    for await (const transport of listener) serve(transport).catch(() => transport.close());
  })();
  return { said, stop: () => listener.close() };
}

interface JobOptions {
  readonly do: "send" | "verify";
  readonly sender: string | null;
  /** Default `required`. */
  readonly tls?: "required" | "optional";
}

function jobOf({ do: what, sender, tls = "required" }: JobOptions): SmtpJob {
  const common = {
    envelope: {
      sender: sender === null ? null : { local: sender, domain: "abc.com" },
      body: "7BIT",
      tls,
    },
    recipients: [{ address: { local: "bob", domain: "xyz.com" } }],
  } as const;
  return what === "send"
    ? { do: what, ...common, content: bodyOf(encode("Hi\r\n")) }
    : { do: what, ...common, contentBytes: null };
}

async function send(options: HopOptions, sender: string | null, job: "send" | "verify" = "send") {
  const { outcomes, said } = await perform(options, [{ do: job, sender }]);
  const mail = said.find((line) => line.startsWith("MAIL")) ?? null;
  return { outcome: outcomes[0]!, mail, tlsAt: said.indexOf("(TLS)") };
}

/** Does these jobs one after the other: what became of each, and all that the hop was told. */
async function perform(options: HopOptions, jobs: readonly JobOptions[]) {
  const world = fakeWorld();
  const hop = startHop(world, options);
  const links = createLinks({
    world,
    hostname: "abc.com",
    log: SILENT,
    authorities: ["mx.xyz.com"],
  });
  const { signal } = new AbortController();
  const outcomes: string[] = [];
  for (const job of jobs) {
    const performing = links.perform(TARGET, jobOf(job), { timeoutMs: 60_000, signal });
    // Less than a connection is kept for; for a handshake that hangs, longer than it may take.
    await world.clock.pass(options.breaks ? 40_000 : 1_000);
    outcomes.push(outcomeOf(await performing));
  }
  const closed = links.close();
  await world.clock.pass(10_000);
  await closed;
  hop.stop();
  return { outcomes, said: hop.said };
}

function outcomeOf(performed: Performed): string {
  return performed.done
    ? `${performed.attempts[0]!.result}: ${textOf(performed.attempts[0]!.reply!)}`
    : `later: ${textOf(performed.words)}`;
}

Deno.test("what requires TLS goes on under TLS that was verified, and says so", async () => {
  const { outcome, mail, tlsAt } = await send({}, "alice");
  assert.equal(outcome, "delivered: 250 2.0.0 OK");
  assert.equal(mail, "MAIL FROM:<alice@abc.com> REQUIRETLS");
  assert.ok(tlsAt > 0);
});

/** What is in the way, and what the sender is told. */
const OBSTACLES: readonly (readonly [HopOptions, RegExp])[] = [
  [{ startTls: false }, /^refused: 550 5\.7\.10 /],
  [{ names: "other.test" }, /^refused: 550 5\.7\.10 /],
  [{ requireTls: false }, /^refused: 550 5\.7\.30 /],
  [{ breaks: true }, /^later: 450 4\.4\.1 /],
];

for (const [options, outcome] of OBSTACLES) {
  for (const job of ["send", "verify"] as const) {
    const what = `${job} to a hop with ${JSON.stringify(options)}`;
    Deno.test(`what requires TLS does not go without: ${what}`, async () => {
      const sent = await send(options, "alice", job);
      assert.match(sent.outcome, outcome);
      assert.equal(sent.mail, null, "nothing of it was said");
    });
  }
}

Deno.test("RFC 8689 §5: a report is protected where it can be, and goes in any case", async () => {
  for (const options of [{}, ...OBSTACLES.map(([each]) => each)] as readonly HopOptions[]) {
    if (options.breaks) continue;
    const { outcome, mail } = await send(options, null);
    assert.equal(outcome, "delivered: 250 2.0.0 OK", JSON.stringify(options));
    const protectedBy = Object.keys(options).length === 0 ? " REQUIRETLS" : "";
    assert.equal(mail, `MAIL FROM:<>${protectedBy}`);
  }
});

Deno.test("a connection that was verified is kept for those who need one, and only for them", async () => {
  const { outcomes, said } = await perform({}, [
    { do: "verify", sender: "bob", tls: "optional" },
    { do: "verify", sender: "alice" },
    { do: "send", sender: "alice" },
    { do: "send", sender: "bob", tls: "optional" },
  ]);
  assert.deepEqual(outcomes, Array.from({ length: 4 }, () => "delivered: 250 2.0.0 OK"));
  const hello = ["EHLO abc.com", "STARTTLS", "(TLS)", "EHLO abc.com"];
  assert.deepEqual(said.filter((line) => /^(EHLO|STARTTLS|\(TLS\)|MAIL)/.test(line)), [
    ...hello,
    "MAIL FROM:<bob@abc.com>",
    ...hello,
    "MAIL FROM:<alice@abc.com> REQUIRETLS",
    "MAIL FROM:<alice@abc.com> REQUIRETLS",
    "MAIL FROM:<bob@abc.com>",
  ]);
});

Deno.test("RFC 8689 §4.2.2: TLS-Required: No goes on in clear where there is no TLS", async () => {
  for (const options of [{}, ...OBSTACLES.map(([each]) => each)] as readonly HopOptions[]) {
    const { outcomes, said } = await perform(options, [
      { do: "send", sender: "alice", tls: "optional" },
    ]);
    assert.deepEqual(outcomes, ["delivered: 250 2.0.0 OK"], JSON.stringify(options));
    assert.ok(said.includes("MAIL FROM:<alice@abc.com>"));
  }
});
