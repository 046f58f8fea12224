/** `smtpc send --require-tls` and `smtpd --tls-ca`, RFC 8689. */
import assert from "$assert";
import { EXIT } from "../lib/cli/fail.ts";
import type { Transport } from "../lib/net/world.ts";
import { decode, encode } from "../lib/wire/bytes.ts";
import { REAL } from "./app_support.ts";
import { runSmtpc } from "./cli_support.ts";
import { type Program, runProgram, startProgram } from "./smtpd_support.ts";
import { canUseFiles, temporaryFolder, until } from "./support.ts";
import { lab } from "./tls_support.ts";

function test(name: string, fn: (folder: string) => Promise<void>): void {
  Deno.test({
    name,
    ignore: !canUseFiles,
    fn: async () => {
      await using folder = await temporaryFolder();
      const { good, authority } = await lab();
      await Deno.writeTextFile(`${folder.path}/tls.crt`, good.certificate);
      await Deno.writeTextFile(`${folder.path}/tls.key`, good.key);
      await Deno.writeTextFile(`${folder.path}/ca.crt`, authority.certificate);
      await fn(folder.path);
    },
  });
}

function start(domain: string, ...flags: readonly string[]): Promise<Program> {
  const common = ["--domain", domain, "--user", "bob:secret", "--port", "0", "--data", "memory:"];
  return startProgram([...common, ...flags]);
}

function portOf(program: Program): number {
  return Number(/^smtp 127\.0\.0\.1:(\d+)$/m.exec(program.output())![1]);
}

async function send(port: number, to: string, ...flags: readonly string[]) {
  const at = ["send", "localhost", String(port), "--user", "bob", "--to", to, "--body", "Secret"];
  return await runSmtpc([...at, "--require-tls", ...flags], {
    variables: { SMTPC_PASSWORD: "secret" },
  });
}

test("--require-tls goes all the way under verified TLS, or not at all", async (folder) => {
  const tls = ["--tls-cert", `${folder}/tls.crt`, "--tls-key", `${folder}/tls.key`];
  const ca = ["--ca", `${folder}/ca.crt`];
  await using far = await start("xyz.com", ...tls);
  await using bare = await start("bare.test");
  const routes = [
    ...["--route", `xyz.com=localhost:${portOf(far)}`],
    ...["--route", `bare.test=localhost:${portOf(bare)}`],
  ];
  await using near = await start("abc.com", ...tls, ...routes, "--tls-ca", `${folder}/ca.crt`);
  await using distrustful = await start("def.com", ...tls, ...routes);

  const sent = await send(portOf(near), "bob@xyz.com", ...ca);
  assert.equal(sent.failure, "");
  const read = async () =>
    await runSmtpc(
      ["read", "localhost", String(portOf(far)), "--user", "bob", "--raw", "--last", ...ca],
      { variables: { SMTPC_PASSWORD: "secret" } },
    );
  const arrived = await until("the message", async () => {
    const { output } = await read();
    return output === "" ? undefined : output;
  });
  assert.match(arrived, /by\s+xyz\.com with ESMTPS /);

  const inClear = await send(portOf(near), "bob@bare.test", ...ca);
  assert.equal(inClear.status, EXIT.noSuchRecipient);
  assert.match(inClear.failure, /5\.7\.10/);
  const unknown = await send(portOf(distrustful), "bob@xyz.com", ...ca);
  assert.equal(unknown.status, EXIT.noSuchRecipient);
  assert.match(unknown.failure, /5\.7\.10/);
});

test("--require-tls is not content with a server that is not verified", async (folder) => {
  const tls = ["--tls-cert", `${folder}/tls.crt`, "--tls-key", `${folder}/tls.key`];
  await using server = await start("abc.com", ...tls);
  await using bare = await start("bare.test");
  const unverified = await send(portOf(server), "bob@abc.com");
  assert.equal(unverified.status, EXIT.unavailable);
  assert.match(unverified.failure, /cannot be trusted/);
  const inClear = await send(portOf(bare), "bob@bare.test");
  assert.equal(inClear.status, EXIT.unavailable);
  assert.match(inClear.failure, /does not offer TLS, and nothing was sent/);
  const contradiction = await send(portOf(server), "bob@abc.com", "--tls", "none");
  assert.equal(contradiction.status, EXIT.usage);
  assert.match(contradiction.failure, /--require-tls: with --tls none nothing is encrypted/);
});

/** A server with TLS that has never heard of REQUIRETLS; gives what it was told. */
async function serveOld(transport: Transport): Promise<string> {
  const { good } = await lab();
  const say = (text: string) => transport.write(encode(`${text}\r\n`));
  let said = "";
  await transport.startTls({ side: "server", identity: REAL.net.tlsIdentity([good]) });
  await say("220 mx.xyz.com ESMTP");
  for (let chunk; (chunk = await transport.read()) !== null;) {
    const line = decode(chunk);
    said += line;
    if (line.startsWith("QUIT")) break;
    await say(line.startsWith("EHLO") ? "250 mx.xyz.com" : "250 OK");
  }
  transport.close();
  return said;
}

test("--require-tls names a server that does not offer REQUIRETLS", async (folder) => {
  const listener = REAL.net.listen({ host: "127.0.0.1", port: 0 });
  const accepting = listener[Symbol.asyncIterator]().next();
  const serving = accepting.then(({ value }) => serveOld(value!));
  const { failure, status } = await runSmtpc([
    ...["send", "localhost", String(listener.local.port), "--from", "bob@abc.com"],
    ...["--to", "bob@xyz.com", "--body", "Secret", "--require-tls", "--tls", "implicit"],
    ...["--ca", `${folder}/ca.crt`],
  ]);
  listener.close();
  assert.equal(status, EXIT.unavailable);
  assert.match(failure, /does not offer REQUIRETLS, which --require-tls needs: nothing was sent/);
  assert.equal((await serving).includes("MAIL"), false);
});

test("--tls-ca without a certificate in it ends smtpd with one line", async (folder) => {
  await Deno.writeTextFile(`${folder}/text.crt`, "hello");
  const cases: readonly (readonly [file: string, RegExp, number])[] = [
    ["text.crt", /--tls-ca .*text\.crt: there is no certificate in it/, EXIT.badConfiguration],
    ["none.crt", /none\.crt: there is no/, EXIT.badConfiguration],
  ];
  for (const [file, message, status] of cases) {
    const ran = await runProgram([
      ...["--domain", "abc.com", "--user", "bob:secret", "--port", "0", "--data", "memory:"],
      ...["--tls-ca", `${folder}/${file}`],
    ]);
    assert.match(ran.failure, message);
    assert.equal(ran.status, status);
  }
});
