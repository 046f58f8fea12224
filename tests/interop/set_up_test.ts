/** README's real set-up is done as it is written, with other folders and free ports. */
import assert from "$assert";
import { runSmtpd, startSmtpd } from "../process/programs.ts";
import { canRun, commandOf, temporaryFolder, until } from "../support.ts";
import { run, runWell } from "./run.ts";

Deno.test({
  name: "README's set-up runs with the one right that its unit leaves, and serves a mail program",
  ignore: !canRun,
  fn: async () => {
    await using folder = await temporaryFolder();
    const { toml, unit } = await setUp(folder.path);
    const config = `${folder.path}/smtpd.toml`;
    await Deno.writeTextFile(config, toml);
    await Deno.writeTextFile(`${folder.path}/smtpd.service`, unit);
    const verified = await run("systemd-analyze", ["verify", `${folder.path}/smtpd.service`]);
    assert.deepEqual([verified.status, verified.stderr], [0, ""]);

    await makeCertificate(folder.path);
    const command = [...confined(unit), ...commandOf("smtpd")] as const;
    await using server = await startSmtpd(["--config", config], command);
    await Deno.writeTextFile(`${folder.path}/password`, "secret\n");
    const added = await runSmtpd([
      ...["user", "add", "alice", "--config", config, "--password-file"],
      `${folder.path}/password`,
    ]);
    assert.equal(added.status, 0, added.stderr);

    // What README tells mail programs; and another server, which comes to the first port.
    const { smtp, submission, smtps, imaps, pop3s } = server.ports;
    const login = ["--auth-user", "alice@abc.com", "--auth-password", "secret"];
    const verify = ["--tls-verify", "--tls-ca-path", `${folder.path}/fullchain.pem`];
    const to = ["--to", "alice@abc.com", ...verify];
    const own = ["--from", "alice@abc.com", ...login];
    for (
      const [port, ...flags] of [
        [smtps, "--tls-on-connect", ...own],
        [submission, "--tls", ...own],
        [smtp, "--tls", "--from", "bob@other.example"],
      ]
    ) await runWell("swaks", ["--server", `localhost:${port}`, ...flags.map(String), ...to]);
    const read = (url: string) =>
      runWell("curl", [
        ...["--silent", "--show-error", "--cacert", `${folder.path}/fullchain.pem`],
        ...["--user", "alice@abc.com:secret", url],
      ]);
    const listed = await read(`pop3s://localhost:${pop3s}/`);
    assert.match(listed, /^1 \d+\r\n2 \d+\r\n3 \d+\r\n$/);
    assert.equal(await read(`imaps://localhost:${imaps}/INBOX?ALL`), "* SEARCH 1 2 3\r\n");

    // `systemctl reload`
    Deno.kill(Number(await Deno.readTextFile(`${folder.path}/data/lock`)), "SIGHUP");
    await until("the certificate again", () => /"certificate-loaded"/.test(server.log()));
  },
});

/** The two files of the section, for this folder. */
async function setUp(folder: string): Promise<{ readonly toml: string; readonly unit: string }> {
  const readme = await Deno.readTextFile(new URL("../../README.md", import.meta.url));
  const section = readme.slice(readme.indexOf("## A real set-up"));
  const block = (language: string) =>
    new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, "ms").exec(section)?.[1] ?? "";
  const toml = block("toml").replaceAll("/etc/smtpd/", `${folder}/`)
    .replace("/var/lib/smtpd", `${folder}/data`)
    .replaceAll(/^(.*port) = \d+$/mg, "$1 = 0")
    .replace('"::"', '"127.0.0.1"');
  const unit = block("ini").replace("/usr/local/bin/smtpd", commandOf("smtpd")[0]);
  return { toml, unit };
}

/** What the unit asks of systemd, asked of setpriv: these capabilities and never others. */
function confined(unit: string): readonly [string, ...string[]] {
  const names = /^CapabilityBoundingSet=(.*)$/m.exec(unit)?.[1]?.split(" ") ?? [];
  assert.deepEqual(names, ["CAP_NET_BIND_SERVICE"]);
  const kept = ["-all", ...names.map((name) => name.toLowerCase().replace("cap_", "+"))].join(",");
  const capabilities = ["--inh-caps", "--ambient-caps", "--bounding-set"];
  return ["setpriv", ...capabilities.map((set) => `${set}=${kept}`), "--no-new-privs"];
}

async function makeCertificate(folder: string): Promise<void> {
  await runWell("openssl", [
    ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"],
    ...["-subj", "/CN=mail.abc.com", "-addext", "subjectAltName=DNS:mail.abc.com,DNS:localhost"],
    ...["-addext", "basicConstraints=CA:FALSE", "-days", "2"],
    ...["-keyout", `${folder}/privkey.pem`, "-out", `${folder}/fullchain.pem`],
  ]);
}
