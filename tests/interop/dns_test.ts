/** A name server from elsewhere, dnsmasq: what it says, and where mail goes then. */
import assert from "$assert";
import { once } from "node:events";
import { createSocket } from "node:dgram";
import { type Dns, type DnsAnswer, DnsError, type DnsType } from "../../lib/net/dns.ts";
import { dnsOf } from "../../lib/net/dns_client.ts";
import { denoWorld } from "../../lib/net/deno.ts";
import { startNextHop } from "../next_hop.ts";
import { runSmtpc, startSmtpd } from "../process/programs.ts";
import { canRun, temporaryFolder, until } from "../support.ts";

/** `deep.test` has more mail hosts than a datagram holds. */
const ZONE = `
local=/test/
mx-host=xyz.test,dead.xyz.test,10
mx-host=xyz.test,mx.xyz.test,20
mx-host=loop.test,mail.abc.test,10
host-record=dead.xyz.test,127.0.0.2
host-record=mx.xyz.test,127.0.0.3,2001:db8::3
cname=alias.test,mx.xyz.test
txt-record=_mta-sts.xyz.test,"v=STSv1; id=1"
${Array.from({ length: 60 }, (_, at) => `mx-host=deep.test,mx${at}.deep.test,${at}`).join("\n")}
`;

interface NameServer extends AsyncDisposable {
  readonly port: number;
}

async function startDnsmasq(folder: string): Promise<NameServer> {
  const port = await freeUdpPort();
  const file = `${folder}/dnsmasq.conf`;
  const common = `port=${port}\nlisten-address=127.0.0.1\nbind-interfaces\nno-resolv\nno-hosts\n`;
  await Deno.writeTextFile(file, `${common}user=root\n${ZONE}`);
  const child = new Deno.Command("dnsmasq", {
    args: ["--keep-in-foreground", `--conf-file=${file}`, `--pid-file=${folder}/dnsmasq.pid`],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const dns = dnsOf({ host: "127.0.0.1", port });
  await until("dnsmasq", () => ask(dns, "xyz.test", "MX").then(() => true, () => false));
  return {
    port,
    async [Symbol.asyncDispose]() {
      child.kill();
      await child.status;
    },
  };
}

/** The system will not give it to somebody else so soon. */
async function freeUdpPort(): Promise<number> {
  const socket = createSocket("udp4");
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(() => resolve()));
  return port;
}

function ask(dns: Dns, name: string, type: DnsType): Promise<DnsAnswer> {
  return dns.query(name, type, new AbortController().signal);
}

Deno.test({
  name: "the answers of dnsmasq are understood, those by TCP too",
  ignore: !canRun,
  async fn() {
    await using folder = await temporaryFolder();
    await using server = await startDnsmasq(folder.path);
    const dns = dnsOf({ host: "127.0.0.1", port: server.port });
    const records = async (name: string, type: DnsType) => {
      const answer = await ask(dns, name, type);
      return answer.kind === "found" ? answer.records : answer.kind;
    };
    const hosts = await ask(dns, "xyz.test", "MX");
    assert.deepEqual(
      hosts.kind === "found" && new Set(hosts.records.map((each) => JSON.stringify(each))),
      new Set([
        '{"type":"MX","preference":10,"exchange":"dead.xyz.test"}',
        '{"type":"MX","preference":20,"exchange":"mx.xyz.test"}',
      ]),
    );
    for (const name of ["mx.xyz.test", "alias.test"]) {
      assert.deepEqual(await records(name, "A"), [{ type: "A", address: "127.0.0.3" }]);
      assert.deepEqual(await records(name, "AAAA"), [{ type: "AAAA", address: "2001:db8::3" }]);
      assert.equal(await records(name, "MX"), "noData");
    }
    assert.deepEqual(await records("_mta-sts.xyz.test", "TXT"), [
      { type: "TXT", text: "v=STSv1; id=1" },
    ]);
    assert.equal(await records("none.test", "MX"), "noName");
    assert.equal((await records("deep.test", "MX")).length, 60);
    await assert.rejects(ask(dns, "elsewhere.example", "MX"), DnsError);
  },
});

Deno.test({
  name: "mail goes to the host that dnsmasq names and that lives, or comes back",
  ignore: !canRun || Deno.build.os !== "linux", // where all of 127.0.0.0/8 is this machine
  async fn() {
    await using folder = await temporaryFolder();
    await using server = await startDnsmasq(folder.path);
    const hop = startNextHop(denoWorld(), { host: "127.0.0.3" });
    await using smtpd = await startSmtpd([
      ...["--port", "0", "--domain", "abc.test", "--hostname", "mail.abc.test"],
      ...["--user", "alice:secret", "--data", `${folder.path}/data`],
      ...["--dns", `127.0.0.1:${server.port}`, "--mx-port", String(hop.endpoint.port)],
    ]);
    const sent = await runSmtpc([
      ...[
        "send",
        "127.0.0.1",
        String(smtpd.ports["smtp"]),
        "--user",
        "alice@abc.test",
        "--body",
        "Hi",
      ],
      ...["--to", "bob@xyz.test", "--to", "bob@none.test", "--to", "bob@loop.test"],
    ], { password: "secret" });
    assert.equal(sent.status, 0, sent.stderr);
    await until("the message", () => hop.messages.length === 1);
    assert.deepEqual(hop.messages[0]!.recipients, ["bob@xyz.test"]);
    await until("the failures", () => /550 5\.1\.2/.test(smtpd.log()));
    await until("the loop", () => /554 5\.4\.6/.test(smtpd.log()));
    hop.stop();
  },
});
