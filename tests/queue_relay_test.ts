/** Next servers that a person has named, with a login or another protocol. */
import assert from "$assert";
import type { Relay } from "../lib/endpoint.ts";
import type { LogFields } from "../lib/log.ts";
import { SILENT } from "../lib/log.ts";
import { bodyOf } from "../lib/mail/body.ts";
import { createLinks, type Performed } from "../lib/queue/link.ts";
import { waysTo } from "../lib/queue/link_tls.ts";
import type { SmtpJob } from "../lib/smtp/client.ts";
import { textOf } from "../lib/smtp/reply.ts";
import { encode } from "../lib/wire/bytes.ts";
import { fakeWorld } from "./fake_world.ts";
import { type HopAnswer, type NextHop, startNextHop } from "./next_hop.ts";

const ENVELOPE = { sender: { local: "alice", domain: "abc.com" }, body: "7BIT" } as const;
const BOB = { address: { local: "bob", domain: "xyz.com" } };
const SEND: SmtpJob = {
  do: "send",
  envelope: ENVELOPE,
  recipients: [BOB],
  content: bodyOf(encode("Hi\r\n")),
};
const LOGIN = { user: "us", password: "opensesame" };
const AUTH = "250-hop.test\r\n250 AUTH PLAIN LOGIN";

interface Setting {
  readonly hop: NextHop;
  readonly logged: (readonly [event: string, fields: LogFields])[];
  perform(relay: Partial<Relay>, job?: SmtpJob): Promise<Performed>;
  pass(ms: number): Promise<void>;
  end(): Promise<void>;
}

function startSetting(answer: (line: string) => HopAnswer): Setting {
  const world = fakeWorld();
  const hop = startNextHop(world, { answer });
  const logged: Setting["logged"] = [];
  const keep = (event: string, fields: LogFields = {}) => void logged.push([event, fields]);
  const log = { debug: keep, info: keep, warn: keep, error: keep };
  const links = createLinks({ world, hostname: "abc.com", log });
  const { signal } = new AbortController();
  return {
    hop,
    logged,
    pass: (ms) => world.clock.pass(ms),
    async perform(relay, job = SEND) {
      const to = { ...hop.endpoint, ...relay };
      const performing = links.perform({ kind: "named", endpoint: to }, job, {
        timeoutMs: 60_000,
        signal,
      });
      await world.clock.pass(5_000);
      return await performing;
    },
    async end() {
      const closed = links.close();
      await world.clock.pass(10_000);
      await closed;
      hop.stop();
    },
  };
}

function outcome(performed: Performed): string {
  if (!performed.done) return `later: ${textOf(performed.words)}`;
  return performed.attempts.map(({ result }) => result).join(" ");
}

Deno.test("whoever has a login logs in before anything is sent", async () => {
  const setting = startSetting((line) =>
    line.startsWith("EHLO") ? AUTH : line.startsWith("AUTH") ? "235 2.7.0 Welcome" : undefined
  );
  assert.equal(outcome(await setting.perform({ login: LOGIN })), "delivered");
  await setting.end();
  assert.deepEqual(setting.hop.connections[0]!.slice(0, 3), [
    "EHLO abc.com",
    `AUTH PLAIN ${btoa("\0us\0opensesame")}`,
    "MAIL FROM:<alice@abc.com>",
  ]);
});

/** What stands in the way of a login. */
const NOT_LET_IN: readonly (readonly [Partial<Record<string, string>>, RegExp])[] = [
  [{ EHLO: AUTH, AUTH: "535 5.7.8 Wrong" }, /^login was answered with 535 Wrong$/],
  [{ EHLO: AUTH, AUTH: "454 4.7.0 Not now" }, /^login was answered with 454 Not now$/],
  [{ EHLO: "250 hop.test" }, /^No login that is offered works here$/],
  [{ EHLO: "250 AUTH GSSAPI" }, /^No login that is offered works here$/],
];

for (const [answers, reason] of NOT_LET_IN) {
  Deno.test(`mail waits where ${reason.source}, and the log says why`, async () => {
    const setting = startSetting((line) => answers[line.split(" ")[0]!]);
    const said = outcome(await setting.perform({ login: LOGIN }));
    assert.match(said, /^later: 450 4\.7\.0 /);
    await setting.end();
    const [failure, another] = setting.logged.filter(([event]) => event === "login-failed");
    assert.equal(another, undefined);
    assert.equal(failure![1]["user"], "us");
    assert.match(String(failure![1]["reason"]), reason);
    assert.ok(!JSON.stringify([setting.logged, said]).includes(LOGIN.password));
    assert.ok(!setting.hop.connections.flat().some((line) => line.startsWith("MAIL")));
  });
}

Deno.test("a login that was refused is not tried again for five minutes", async () => {
  const setting = startSetting((line) =>
    line.startsWith("EHLO") ? AUTH : line.startsWith("AUTH") ? "535 5.7.8 Wrong" : undefined
  );
  for (let n = 0; n < 3; n++) {
    assert.match(outcome(await setting.perform({ login: LOGIN })), /^later: 450 4\.7\.0 .* 535/);
  }
  assert.equal(setting.hop.connections.length, 1);
  assert.equal(outcome(await setting.perform({})), "delivered", "without a login nothing changes");
  await setting.pass(5 * 60_000);
  await setting.perform({ login: LOGIN });
  assert.equal(setting.hop.connections.length, 3);
  await setting.end();
});

Deno.test("a connection that has logged in serves nobody else", async () => {
  const setting = startSetting((line) =>
    line.startsWith("EHLO") ? AUTH : line.startsWith("AUTH") ? "235 2.7.0 Welcome" : undefined
  );
  for (const relay of [{ login: LOGIN }, {}, { login: LOGIN }, {}]) await setting.perform(relay);
  await setting.end();
  assert.deepEqual(
    setting.hop.connections.map((lines) =>
      lines.filter((line) => /^(AUTH|MAIL)/.test(line))
        .map((line) => line.slice(0, 4))
    ),
    [["AUTH", "MAIL", "MAIL"], ["MAIL", "MAIL"]],
  );
});

Deno.test("a hop that speaks LMTP is greeted with LHLO, and answers for each recipient", async () => {
  const setting = startSetting((line) =>
    line.startsWith("LHLO")
      ? "250-hop.test\r\n250 PIPELINING"
      : line === "."
      ? "250 2.0.0 Bob has it\r\n550 5.1.1 Carol is gone\r\n452 4.2.2 Dave has no room"
      : undefined
  );
  const recipients = ["bob", "carol", "dave"].map((local) => ({
    address: { local, domain: "xyz.com" },
  }));
  const performed = await setting.perform({ protocol: "lmtp" }, { ...SEND, recipients });
  assert.equal(outcome(performed), "delivered refused deferred");
  assert.equal(setting.hop.connections[0]![0], "LHLO abc.com");
  await setting.end();
});

/** For each relay, and whether the envelope wants TLS: the ways, and what becomes of the rest. */
const WAYS: readonly (readonly [Partial<Relay>, "REQUIRETLS" | "", string])[] = [
  [{ host: "mx.test" }, "", "offered, never: later"],
  [{ host: "mx.test" }, "REQUIRETLS", "required mx.test: refuse"],
  [{ host: "mx.test", login: LOGIN }, "", "required mx.test: later"],
  [{ host: "mx.test", login: LOGIN }, "REQUIRETLS", "required mx.test: refuse"],
  [{ host: "mx.test", login: LOGIN, tls: "first" }, "", "first mx.test: later"],
  [{ host: "mx.test", login: LOGIN, tls: "first" }, "REQUIRETLS", "first mx.test: refuse"],
  [{ host: "mx.test", tls: "required" }, "", "required mx.test: later"],
  [{ host: "127.0.0.1", login: LOGIN }, "", "offered+password, never+password: later"],
  [{ host: "localhost", login: LOGIN }, "", "offered+password, never+password: later"],
  [{ host: "::1", login: LOGIN }, "", "offered+password, never+password: later"],
  [{ host: "127.0.0.1", login: LOGIN, tls: "required" }, "", "required 127.0.0.1: later"],
  // Whoever wants it that way gets no password sent.
  [{ host: "mx.test", login: LOGIN, tls: "offered" }, "", "offered, never: later"],
];

for (const [relay, wish, expected] of WAYS) {
  const { password: _, ...login } = relay.login ?? { password: "", user: "nobody" };
  const what = `${JSON.stringify({ ...relay, login })} ${wish}`;
  Deno.test(`the ways to ${what} are ${expected}`, () => {
    const envelope = wish === "" ? ENVELOPE : { ...ENVELOPE, tls: "required" } as const;
    const known = { relay: { port: 25, host: "", ...relay }, vouched: true, policy: null };
    const { tls, otherwise } = waysTo(known, envelope, ["pem"]);
    const names = tls.map(({ when, request, exposesPassword }) => {
      const verified = when === "required" || when === "first";
      if (verified) assert.deepEqual([request.verify, request.authorities], [true, ["pem"]]);
      return `${when}${exposesPassword ? "+password" : ""}${
        verified ? ` ${request.hostname}` : ""
      }`;
    });
    assert.equal(`${names.join(", ")}: ${otherwise.do}`, expected);
  });
}

Deno.test("a password is sent in clear to nobody but this machine", async () => {
  const world = fakeWorld();
  const hop = startNextHop(world, { answer: (line) => line.startsWith("EHLO") ? AUTH : undefined });
  const links = createLinks({ world, hostname: "abc.com", log: SILENT });
  const { signal } = new AbortController();
  for (const tls of ["offered", "required"] as const) {
    const to = { host: "relay.test", port: hop.endpoint.port, login: LOGIN, tls };
    const performing = links.perform({ kind: "named", endpoint: to }, SEND, {
      timeoutMs: 60_000,
      signal,
    });
    await world.clock.pass(5_000);
    assert.match(outcome(await performing), /^later: 450 4\.7\.[05] /);
  }
  assert.ok(!hop.connections.flat().some((line) => line.startsWith("AUTH")));
  const closed = links.close();
  await world.clock.pass(10_000);
  await closed;
  hop.stop();
});
