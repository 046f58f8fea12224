/** TLS in both programs: the server's certificates, and what the client makes of them. */
import assert from "$assert";
import { clientTls, goesOnUnverified } from "../lib/cli/client_tls.ts";
import { EXIT } from "../lib/cli/fail.ts";
import { withinOpenFiles } from "../lib/cli/serve_files.ts";
import { makeConfig } from "../lib/config.ts";
import { NetError } from "../lib/net/world.ts";
import { Interrupted } from "../lib/wire/session.ts";
import { runSmtpc } from "./cli_support.ts";
import { fakeTransport } from "./fake_transport.ts";
import { type Program, runProgram, startProgram } from "./smtpd_support.ts";
import { canUseFiles, temporaryFolder, until } from "./support.ts";
import { issue, lab } from "./tls_support.ts";

const DOMAIN = ["--domain", "abc.com", "--user", "alice:secret"];
const PORTS = ["--port", "0", "--smtps-port", "0", "--pop3-port", "0", "--pop3s-port", "0"];

function test(name: string, fn: (folder: string) => Promise<void>): void {
  Deno.test({
    name,
    ignore: !canUseFiles,
    fn: async () => {
      await using folder = await temporaryFolder();
      await fn(folder.path);
    },
  });
}

/** Writes them, and gives the flags that name them. */
async function files(
  folder: string,
  name: string,
  pair: { readonly certificate: string; readonly key: string },
): Promise<readonly string[]> {
  await Deno.writeTextFile(`${folder}/${name}.crt`, pair.certificate);
  await Deno.writeTextFile(`${folder}/${name}.key`, pair.key);
  return ["--tls-cert", `${folder}/${name}.crt`, "--tls-key", `${folder}/${name}.key`];
}

function portOf(program: Program, service: string): string {
  return new RegExp(`^${service} 127\\.0\\.0\\.1:(\\d+)$`, "m").exec(program.output())![1]!;
}

test("certificates that cannot be used end smtpd with one line and status 78", async (folder) => {
  const { good, other } = await lab();
  const expired = await issue(["abc.com"], { validDays: [-3, -1] });
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [["--tls-cert", `${folder}/no.crt`, "--tls-key", `${folder}/no.key`], /no\.crt: there is no/],
    [await files(folder, "text", { certificate: "hello", key: good.key }), /text\.crt with .*PEM/],
    [await files(folder, "key", { certificate: good.certificate, key: "x" }), /private key.*PEM/],
    [
      await files(folder, "mixed", { certificate: good.certificate, key: other.key }),
      /mixed\.crt .*the private key does not belong to the certificate/,
    ],
    [await files(folder, "old", expired), /old\.crt: the certificate has expired on \d{4}-/],
  ];
  for (const [flags, message] of cases) {
    const ran = await runProgram([...DOMAIN, "--port", "0", "--data", "memory:", ...flags]);
    assert.equal(ran.status, EXIT.badConfiguration, ran.failure);
    assert.match(ran.failure, message);
    assert.doesNotMatch(ran.failure, /\n/);
  }
});

test("a self-signed certificate is made once, kept to its owner, and renewed", async (folder) => {
  const flags = [...DOMAIN, "--port", "0", "--tls", "self-signed", "--data", `${folder}/d`];
  const fingerprint = async () => {
    await using program = await startProgram(flags);
    const text = await until(
      "the fingerprint",
      () => /fingerprint: ((?:[0-9A-F]{2}:){31}[0-9A-F]{2})/.exec(program.errors())?.[1],
    );
    assert.match(program.errors(), /d\/self-signed\.crt can verify it/);
    return text;
  };
  const first = await fingerprint();
  assert.equal(await fingerprint(), first);
  const path = `${folder}/d/self-signed.pem`;
  assert.equal((await Deno.stat(path)).mode! & 0o777, 0o600);
  assert.doesNotMatch(await Deno.readTextFile(`${folder}/d/self-signed.crt`), /PRIVATE/);
  const expired = await issue(["abc.com"], { validDays: [-3, -1] });
  await Deno.writeTextFile(path, `${expired.certificate}\n${expired.key}\n`);
  const renewed = await fingerprint();
  assert.notEqual(renewed, first);
  assert.equal(await fingerprint(), renewed);
});

test("a reload takes new certificates, and keeps old ones when they are bad", async (folder) => {
  const { good, other } = await lab();
  const flags = await files(folder, "tls", good);
  await using program = await startProgram([
    ...DOMAIN,
    ...["--port", "0", "--data", "memory:", "--log-format", "json"],
    ...flags,
  ]);
  await Deno.writeTextFile(`${folder}/tls.crt`, other.certificate);
  program.reload();
  await until("the complaint", () => /reload-failed.*tls\.crt with/.test(program.errors()));
  await Deno.writeTextFile(`${folder}/tls.key`, other.key);
  program.reload();
  await until("the new one", () => /certificate-loaded.*other\.example/.test(program.errors()));
});

test("smtpc sends and reads under TLS, and says when it cannot verify", async (folder) => {
  await using program = await startProgram([
    ...[...DOMAIN, ...PORTS, "--imap-port", "0"],
    ...["--tls", "self-signed", "--data", `${folder}/d`],
  ]);
  const ca = ["--ca", `${folder}/d/self-signed.crt`];
  const variables = { SMTPC_PASSWORD: "secret" };
  const send = async (service: string, ...flags: string[]) =>
    await runSmtpc([
      ...["send", "127.0.0.1", portOf(program, service), "--user", "alice"],
      ...["--to", "alice@abc.com", "--body", "Hi", ...flags],
    ], { variables });
  const read = async (service: string, ...flags: string[]) =>
    await runSmtpc([
      ...["read", "127.0.0.1", portOf(program, service), "--user", "alice", "--raw", "--last"],
      ...flags,
    ], { variables });
  const auto = await send("smtp");
  assert.equal(auto.failure, "");
  assert.match(auto.errors, /is not verified, so anybody could be there: .*--ca FILE/);
  // Who does not verify the certificate sees it, and binds the login to it where that is offered.
  assert.match((await read("imap", "-v")).errors, /AUTHENTICATE SCRAM-SHA-256-PLUS \*{4}/);
  const unbound = /AUTH SCRAM-SHA-256 \*{4}/;
  assert.match((await send("smtp", "-v")).errors, unbound);
  assert.match((await read("pop3", "-v")).errors, unbound);
  for (
    const [service, ...flags] of [["smtp"], ["smtp", "--tls", "starttls"], [
      "smtps",
      "--tls",
      "implicit",
    ]]
  ) {
    const ran = await send(service!, ...flags, ...ca);
    assert.deepEqual([ran.failure, /not verified/.test(ran.errors)], ["", false]);
  }
  for (const [service, ...flags] of [["smtp"], ["pop3"], ["pop3s", "--tls", "implicit"]]) {
    const ran = await read(service!, ...flags, ...ca, "-v");
    assert.equal(ran.failure, "");
    assert.match(ran.output, /with\s+ESMTPSA/);
  }
  assert.match((await send("smtp", "--tls", "starttls")).failure, /cannot be trusted.*--ca FILE/);
  assert.match((await send("smtp", "--tls", "implicit")).failure, /no TLS with/);
  assert.equal((await send("smtp", "--tls", "none")).failure, "");
  const clear = await read("smtp", "--tls", "none");
  assert.match(clear.output, /with\s+ESMTPA/);
  await Deno.writeTextFile(`${folder}/no.pem`, "hello");
  const bad = await send("smtp", "--ca", `${folder}/no.pem`);
  assert.equal(bad.status, EXIT.badData);
  assert.equal((await send("smtp", "--tls", "none", ...ca)).status, EXIT.usage);
});

test("smtpc notices that the offer of TLS was taken out", async (folder) => {
  await using program = await startProgram([
    ...[...DOMAIN, "--port", "0", "--pop3-port", "0", "--data", `${folder}/d`],
  ]);
  const variables = { SMTPC_PASSWORD: "secret" };
  for (const service of ["smtp", "pop3"]) {
    const at = ["127.0.0.1", portOf(program, service), "--user", "alice", "--tls", "starttls"];
    const ran = service === "smtp"
      ? await runSmtpc(["send", ...at, "--to", "alice@abc.com", "--body", "Hi"], { variables })
      : await runSmtpc(["read", ...at], { variables });
    assert.equal(ran.status, EXIT.unavailable);
    assert.match(ran.failure, /does not offer TLS, and nothing was sent/);
  }
});

Deno.test("a password goes unverified to this machine only, unless --tls none is said", () => {
  const here = fakeTransport();
  const there = { ...fakeTransport(), remote: { host: "192.0.2.1", port: 25 } };
  const to = { host: "mx.xyz.com", port: 25 };
  const auto = { to, tls: { mode: "auto", authorities: [] } } as const;
  const sure = { to, tls: { mode: "auto", authorities: ["pem"] } } as const;
  const none = { to, tls: { mode: "none", authorities: [] } } as const;
  assert.equal(clientTls(auto, here, true).exposesPassword, true);
  assert.equal(clientTls(auto, there, true).exposesPassword, false);
  assert.equal(clientTls(none, there, true).exposesPassword, true);
  assert.deepEqual(
    [auto, sure, none].map((each) => clientTls(each, there, true).when),
    ["offered", "required", "never"],
  );
  assert.deepEqual(
    [465, 995, 587].map((port) => clientTls({ ...auto, to: { ...to, port } }, there, true).when),
    ["first", "first", "offered"],
  );
  const why = new Interrupted("lost", new NetError("untrusted", "who is that?"));
  assert.equal(goesOnUnverified(auto, here, { why, hasLogin: true }), true);
  assert.equal(goesOnUnverified(auto, there, { why, hasLogin: true }), false);
  assert.equal(goesOnUnverified(auto, there, { why, hasLogin: false }), true);
  assert.equal(goesOnUnverified(sure, here, { why, hasLogin: false }), false);
  const broken = new Interrupted("lost", new NetError("handshake", "no TLS"));
  assert.equal(goesOnUnverified(auto, here, { why: broken, hasLogin: false }), false);
});

Deno.test("connections are lowered to what the limit of open files can carry", () => {
  const config = makeConfig({ domains: ["abc.com"], connectionsMax: 1000 });
  const table: readonly (readonly [number | null, boolean, number])[] = [
    [null, true, 1000],
    [3300, true, 1000],
    [1200, true, 300],
    [1200, false, 900],
    [50, true, 10],
  ];
  for (const [left, hasTls, connectionsMax] of table) {
    const found = withinOpenFiles(config, hasTls, () => left);
    assert.equal(found.config.connectionsMax, connectionsMax);
    assert.equal(found.warning === null, connectionsMax === 1000);
  }
});
