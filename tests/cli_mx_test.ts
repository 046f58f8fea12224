/** `smtpd` with a real DNS server on loopback, and mail hosts there. */
import assert from "$assert";
import { denoWorld } from "../lib/net/deno.ts";
import { letter, logIn, sendMessage, talkTo } from "./app_support.ts";
import { startDnsServer, zone } from "./dns_server.ts";
import { startNextHop } from "./next_hop.ts";
import { type Program, startProgram } from "./smtpd_support.ts";
import { until } from "./support.ts";

/** 127.0.0.0/8 is all of this machine, which Linux lets everybody listen on. */
const canListenAnywhere = Deno.build.os === "linux";

Deno.test({
  name: "smtpd --dns asks a real resolver, by TCP too, and passes over a dead mail host",
  ignore: !canListenAnywhere,
  async fn() {
    const world = denoWorld();
    const hop = startNextHop(world, { host: "127.0.0.3" });
    const many = Array.from({ length: 100 }, (_, at) =>
      ["MX", {
        preference: 100 + at,
        exchange: `mx${at}.xyz.com`,
      }] as const);
    const answer = zone({
      "xyz.com": [
        ["MX", { preference: 10, exchange: "dead.xyz.com" }],
        ["MX", { preference: 20, exchange: "mx.xyz.com" }],
        ...many,
      ],
      "dead.xyz.com": [["A", "127.0.0.2"]],
      "mx.xyz.com": [["CNAME", "real.test"]],
      "real.test": [["A", "127.0.0.3"]],
    });
    await using dns = await startDnsServer((name, type) => ({
      ...answer(name, type),
      truncated: name === "xyz.com",
    }));
    await using program = await startProgram([
      ...["--port", "0", "--domain", "abc.com", "--user", "alice:secret", "--data", "memory:"],
      ...["--dns", `127.0.0.1:${dns.endpoint.port}`, "--mx-port", String(hop.endpoint.port)],
    ]);
    const talker = await talkTo(world, portOf(program));
    await talker.say("EHLO client.test");
    await logIn(talker, "alice");
    const replies = await sendMessage(talker, {
      from: "alice@abc.com",
      to: ["bob@xyz.com", "bob@none.test"],
      content: letter("by the DNS"),
    });
    assert.match(replies.at(-1)!, /^250 /);
    await until("the message", () => hop.messages.length === 1);
    assert.deepEqual(hop.messages[0]!.recipients, ["bob@xyz.com"]);
    assert.ok(dns.asked.includes("tcp xyz.com MX"));
    await until("the report", () => /There is no domain none\.test/.test(program.errors()));
    talker.close();
    hop.stop();
  },
});

function portOf(program: Program): number {
  return Number(/^smtp 127\.0\.0\.1:(\d+)$/m.exec(program.output())![1]);
}
