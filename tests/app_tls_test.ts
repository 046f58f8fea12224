/** TLS on whole servers: over real sockets, with a client of Node's, and in a world in memory. */
import assert from "$assert";
import { connect, type TLSSocket } from "node:tls";
import type { Service } from "../lib/config.ts";
import type { KeyPair } from "../lib/net/world.ts";
import { letter, startTestServer, type TestServer } from "./app_support.ts";
import { lab } from "./tls_support.ts";

const PORTS = { smtp: 0, submission: 0, smtps: 0, pop3: 0, pop3s: 0 };

async function start(tls?: readonly KeyPair[]): Promise<TestServer> {
  const { good, other } = await lab();
  return await startTestServer({ users: ["alice"], ports: PORTS, tls: tls ?? [good, other] });
}

/** A client that speaks TLS, from the first byte or after what was said in clear. */
class Client {
  readonly #socket: TLSSocket;
  readonly #lines: string[] = [];
  #rest = "";
  #wake = () => {};
  #ended = false;

  constructor(socket: TLSSocket) {
    this.#socket = socket;
    socket.setEncoding("latin1");
    socket.on("data", (text: string) => {
      const lines = (this.#rest + text).split("\r\n");
      this.#rest = lines.pop()!;
      this.#lines.push(...lines);
      this.#wake();
    });
    socket.on("close", () => {
      this.#ended = true;
      this.#wake();
    });
    socket.on("error", () => {});
  }

  /** The next line; empty when the server has left. */
  async line(): Promise<string> {
    for (;;) {
      const line = this.#lines.shift();
      if (line !== undefined) return line;
      if (this.#ended) return "";
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  /** Says a line and hears the whole reply. */
  async say(line: string): Promise<readonly string[]> {
    this.#socket.write(`${line}\r\n`);
    const lines: string[] = [];
    do lines.push(await this.line()); while (/^\d{3}-/.test(lines.at(-1)!));
    return lines;
  }

  fingerprint(): string {
    return this.#socket.getPeerCertificate().fingerprint256;
  }

  close(): void {
    this.#socket.destroy();
  }
}

async function implicit(server: TestServer, service: Service, servername?: string) {
  const { authority } = await lab();
  const socket = connect({
    host: "127.0.0.1",
    port: server.port(service),
    ca: authority.certificate,
    ...(servername === undefined ? {} : { servername }),
  });
  return new Client(socket);
}

/** EHLO and STARTTLS in clear; then TLS over the same connection. */
async function starttls(server: TestServer, clear: readonly string[] = ["EHLO c.test"]) {
  const { authority } = await lab();
  const { createConnection } = await import("node:net");
  const plain = createConnection({ host: "127.0.0.1", port: server.port("smtp") });
  plain.on("error", () => {});
  let heard = "";
  await new Promise<void>((resolve) => {
    const onData = (text: Uint8Array) => {
      heard += new TextDecoder().decode(text);
      if (heard.startsWith("220 ") && !heard.includes("\r\n250 ") && !/Begin/.test(heard)) {
        if (heard.indexOf("\r\n") === heard.length - 2) {
          plain.write(`${clear.join("\r\n")}\r\nSTARTTLS\r\n`);
        }
      }
      if (/220 2\.0\.0 Begin/.test(heard)) {
        plain.off("data", onData);
        resolve();
      }
    };
    plain.on("data", onData);
  });
  return new Client(connect({ socket: plain, ca: authority.certificate, servername: "localhost" }));
}

Deno.test("a message that came under TLS says so in its Received field", async () => {
  await using server = await start();
  const client = await starttls(server);
  assert.match((await client.say("EHLO c.test")).join(), /AUTH .*PLAIN/);
  await client.say("MAIL FROM:<bob@xyz.com>");
  await client.say("RCPT TO:<alice@abc.com>");
  await client.say("DATA");
  assert.match((await client.say(`${letter("Hi")}.`)).join(), /^250 2\.0\.0 /);
  client.close();
  const [message] = await server.mailbox("alice@abc.com");
  assert.match(message!, /\(TLSv1\.3 TLS_[A-Z0-9_]+\)\s+by\s+abc\.com\s+with ESMTPS id/);
});

Deno.test("smtps is submission under TLS: ESMTPSA, and nothing before a login", async () => {
  await using server = await start();
  const client = await implicit(server, "smtps", "localhost");
  assert.match(await client.line(), /^220 abc\.com /);
  const ehlo = await client.say("EHLO c.test");
  assert.doesNotMatch(ehlo.join(), /STARTTLS/);
  assert.match((await client.say("MAIL FROM:<alice@abc.com>")).join(), /^530 /);
  const plain = btoa("\0alice\0secret");
  assert.match((await client.say(`AUTH PLAIN ${plain}`)).join(), /^235 /);
  await client.say("MAIL FROM:<alice@abc.com>");
  await client.say("RCPT TO:<alice@abc.com>");
  await client.say("DATA");
  assert.match((await client.say(`${letter("Hi")}.`)).join(), /^250 2\.0\.0 /);
  client.close();
  assert.match(
    (await server.mailbox("alice@abc.com"))[0]!,
    /\(TLSv1\.3 [^)]+\)\s+by\s+abc\.com\s+with ESMTPSA/,
  );
});

Deno.test("pop3s and XPOP3 after STARTTLS are POP3 under TLS", async () => {
  await using server = await start();
  const pop3s = await implicit(server, "pop3s", "localhost");
  assert.match(await pop3s.line(), /^\+OK /);
  assert.match((await pop3s.say("STLS")).join(), /^-ERR TLS is active/);
  assert.match((await pop3s.say("USER alice")).join(), /^\+OK/);
  assert.match((await pop3s.say("PASS secret")).join(), /^\+OK 0 messages/);
  pop3s.close();
  const client = await starttls(server);
  await client.say("EHLO c.test");
  assert.match((await client.say("XPOP3")).join(), /^220 /);
  assert.match(await client.line(), /^\+OK /);
  assert.match((await client.say("STLS")).join(), /^-ERR TLS is active/);
  client.close();
});

Deno.test("the certificate is chosen by the name that is asked for, else the first", async () => {
  await using server = await start();
  const shown = async (name?: string) => {
    const client = await implicit(server, "pop3s", name);
    await client.line();
    const fingerprint = client.fingerprint();
    client.close();
    return fingerprint;
  };
  const first = await shown("localhost");
  const second = await shown("a.wild.example");
  assert.notEqual(first, second);
  assert.equal(await shown("other.example"), second);
  assert.equal(await shown(), first, "127.0.0.1 is in the first as well");
});

Deno.test("commands behind STARTTLS in one packet are not obeyed", async () => {
  await using server = await start();
  const client = await starttls(server, [
    "EHLO c.test",
    "MAIL FROM:<mallory@xyz.com>",
    "RCPT TO:<alice@abc.com>",
  ]);
  assert.deepEqual(await client.say("DATA"), ["503 5.5.1 Say MAIL and RCPT first"]);
  client.close();
  // And these come in the same packet as STARTTLS itself.
  const talker = await server.connect();
  await talker.send("EHLO c.test\r\nSTARTTLS\r\nMAIL FROM:<m@xyz.com>\r\nRSET\r\nNOOP\r\n");
  assert.match(await talker.hear(), /STARTTLS/);
  assert.equal(await talker.hear(), "220 2.0.0 Begin with TLS");
  await talker.send("NOOP\r\n");
  assert.equal(await talker.hear(), "", "what is no TLS ends it");
  talker.close();
  assert.equal(server.logged("tls-failed").length, 1);
  assert.equal(server.logged("session-failed").length, 0);
});

Deno.test("other certificates are shown from the next connection on; others live on", async () => {
  const { good, other } = await lab();
  const { REAL } = await import("./app_support.ts");
  const identity = REAL.net.tlsIdentity([good]);
  await using server = await startTestServer({ users: ["alice"], ports: PORTS, identity });
  const before = await implicit(server, "smtps", "localhost");
  await before.line();
  assert.throws(() => identity.reload([{ certificate: "nonsense", key: other.key }]));
  identity.reload([other]);
  const after = await implicit(server, "smtps", "other.example");
  await after.line();
  assert.notEqual(after.fingerprint(), before.fingerprint());
  assert.match((await before.say("NOOP")).join(), /^250 /);
  before.close();
  after.close();
});

Deno.test("50 handshakes at once are all done", async () => {
  await using server = await start();
  const clients = await Promise.all(
    Array.from({ length: 50 }, () => implicit(server, "smtps", "localhost")),
  );
  const greetings = await Promise.all(clients.map((client) => client.line()));
  assert.ok(greetings.every((line) => line.startsWith("220 ")));
  for (const client of clients) client.close();
});

Deno.test("a port for TLS without a certificate is a mistake", async () => {
  await assert.rejects(startTestServer({ ports: { smtp: 0, smtps: 0 } }), RangeError);
});
