/** REQUIRETLS, RFC 8689 §4.2.1: a message that must not go on without TLS that was verified. */
import assert from "$assert";
import { bodyOf } from "../lib/mail/body.ts";
import { SILENT } from "../lib/log.ts";
import { createLinks } from "../lib/queue/link.ts";
import type { SmtpJob } from "../lib/smtp/client.ts";
import { textOf } from "../lib/smtp/reply.ts";
import type { Transport } from "../lib/net/world.ts";
import { decode, encode } from "../lib/wire/bytes.ts";
import { fakeIdentity } from "./fake_tls.ts";
import { type FakeWorld, fakeWorld } from "./fake_world.ts";

const HOP = { host: "mx.xyz.com", port: 2599 };

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

async function send(options: HopOptions, sender: string | null, job: "send" | "verify" = "send") {
  const world = fakeWorld();
  const hop = startHop(world, options);
  const links = createLinks({
    world,
    hostname: "abc.com",
    log: SILENT,
    authorities: ["mx.xyz.com"],
  });
  const common = {
    envelope: {
      sender: sender === null ? null : { local: sender, domain: "abc.com" },
      body: "7BIT",
      tls: "required",
    },
    recipients: [{ address: { local: "bob", domain: "xyz.com" } }],
  } as const;
  const given: SmtpJob = job === "send"
    ? { do: "send", ...common, content: bodyOf(encode("Hi\r\n")) }
    : { do: "verify", ...common, contentBytes: null };
  const { signal } = new AbortController();
  const performing = links.perform(HOP, given, { timeoutMs: 60_000, signal });
  // Longer than a handshake may take.
  await world.clock.pass(40_000);
  const performed = await performing;
  const closed = links.close();
  await world.clock.pass(10_000);
  await closed;
  hop.stop();
  const outcome = performed.done
    ? `${performed.attempts[0]!.result}: ${textOf(performed.attempts[0]!.reply!)}`
    : `later: ${textOf(performed.words)}`;
  const tlsAt = hop.said.indexOf("(TLS)");
  return { outcome, mail: hop.said.find((line) => line.startsWith("MAIL")) ?? null, tlsAt };
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
