/**
 * MTA-STS with nothing in its place: a name server, a web server and a mail host on loopback, each
 * with a certificate of an authority that the real program is told to trust.
 */
import assert from "$assert";
import { startTestServer } from "../app_support.ts";
import { startDnsServer, zone } from "../dns_server.ts";
import { canRun, commandOf, temporaryFolder, until } from "../support.ts";
import { issue } from "../tls_support.ts";
import { runSmtpc, startSmtpd } from "./programs.ts";

/** Whose policy names its host, and whose policy names another. */
const DOMAINS = { "xyz.test": "mx.xyz.test", "odd.test": "elsewhere.odd.test" } as const;

const records = Object.keys(DOMAINS).flatMap((domain) =>
  [
    [domain, [["MX", { preference: 10, exchange: `mx.${domain}` }]]],
    [`mx.${domain}`, [["A", "127.0.0.1"]]],
    [`_mta-sts.${domain}`, [["TXT", ["v=STSv1; id=1"]]]],
  ] as const
);

function policyOf(request: Request): Response {
  const domain = new URL(request.url).hostname.replace("mta-sts.", "");
  const mx = DOMAINS[domain as keyof typeof DOMAINS];
  return new Response(`version: STSv1\nmode: enforce\nmx: ${mx}\nmax_age: 86400\n`, {
    headers: { "content-type": "text/plain" },
  });
}

/** Only names, and not ports, are free to choose: so HTTPS goes through a proxy that leads here. */
function startProxy(to: number) {
  const asked: string[] = [];
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serving = (async () => {
    for await (const conn of listener) void tunnel(conn, to, asked).catch(() => {});
  })();
  return {
    asked,
    variable: `HTTPS_PROXY=http://127.0.0.1:${listener.addr.port}`,
    async [Symbol.asyncDispose]() {
      listener.close();
      await serving;
    },
  };
}

async function tunnel(conn: Deno.Conn, to: number, asked: string[]): Promise<void> {
  using _conn = conn;
  const bytes = new Uint8Array(4096);
  const read = await conn.read(bytes);
  const [request = ""] = new TextDecoder().decode(bytes.subarray(0, read ?? 0)).split("\r\n");
  asked.push(request);
  using web = await Deno.connect({ hostname: "127.0.0.1", port: to });
  await conn.write(new TextEncoder().encode("HTTP/1.1 200 OK\r\n\r\n"));
  await Promise.race([
    conn.readable.pipeTo(web.writable),
    web.readable.pipeTo(conn.writable),
  ]);
}

Deno.test({
  name: "MTA-STS holds over real DNS, HTTPS and TLS",
  ignore: !canRun || Deno.build.os === "windows",
  async fn() {
    await using folder = await temporaryFolder();
    const authority = await issue(["Test Authority"], { authority: true });
    const names = Object.keys(DOMAINS);
    const [mail, web] = await Promise.all(
      ["mx", "mta-sts"].map((host) =>
        issue(names.map((domain) => `${host}.${domain}`), { by: authority })
      ),
    );
    await Deno.writeTextFile(`${folder.path}/ca.pem`, authority.certificate);
    await using dns = await startDnsServer(zone(Object.fromEntries(records)));
    const policies = Deno.serve(
      { hostname: "127.0.0.1", port: 0, cert: web!.certificate, key: web!.key, onListen() {} },
      policyOf,
    );
    await using proxy = startProxy(policies.addr.port);
    await using other = await startTestServer({
      domains: names,
      users: ["bob@xyz.test", "bob@odd.test"],
      tls: [mail!],
    });
    await using ours = await startSmtpd([
      ...["--port", "0", "--domain", "abc.test", "--user", "alice:secret"],
      ...["--data", `${folder.path}/data`, "--tls-ca", `${folder.path}/ca.pem`],
      ...["--dns", `127.0.0.1:${dns.endpoint.port}`, "--mx-port", String(other.port("smtp"))],
    ], ["env", "DENO_NO_UPDATE_CHECK=1", proxy.variable, ...commandOf("smtpd")]);
    const sent = await runSmtpc([
      ...["send", "127.0.0.1", String(ours.ports["smtp"]), "--user", "alice", "--body", "Hi"],
      ...names.flatMap((domain) => ["--to", `bob@${domain}`]),
    ], { password: "secret" });
    assert.equal(sent.status, 0, sent.stderr);
    const [message] = await until("the message", async () => {
      const found = await other.mailbox("bob@xyz.test");
      return found.length === 0 ? null : found;
    }, 20_000);
    assert.match(message!.replaceAll("\r\n ", " "), / with ESMTPS /);
    await until("the refusal", () => /policy does not name its server/.test(ours.log()), 20_000);
    assert.deepEqual(await other.mailbox("bob@odd.test"), []);
    assert.deepEqual(
      proxy.asked.toSorted(),
      names.map((domain) => `CONNECT mta-sts.${domain}:443 HTTP/1.1`).toSorted(),
    );
    await policies.shutdown();
  },
});
