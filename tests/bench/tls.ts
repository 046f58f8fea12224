/** Row 9: handshakes of TLS, fifty at once and one after another, and what goes through. */
import { temporaryFolder } from "../support.ts";
import { issue } from "../tls_support.ts";
import type { Contender, Contest, Row, Setting } from "./contest.ts";
import { demandMailbox, startOurs, startPostfix } from "./peers.ts";

const AT_ONCE = 50;
const CONTENT_BYTES = 8 * 1024 * 1024;
const CHUNK = new TextEncoder().encode(`${"x".repeat(78)}\r\n`.repeat(800));
const HOSTNAME = "localhost";

const OURS = "smtpd";
const POSTFIX = "Postfix";

export const TLS: Row = {
  number: 9,
  title: "TLS",
  contests: [
    (setting) => handshakes(setting, { way: "STARTTLS", atOnce: AT_ONCE }),
    (setting) => handshakes(setting, { way: "implicit", atOnce: AT_ONCE }),
    (setting) => handshakes(setting, { way: "STARTTLS", atOnce: 1 }),
    (setting) => handshakes(setting, { way: "implicit", atOnce: 1 }),
    content,
  ],
};

type Way = "STARTTLS" | "implicit";

/** Where a server is, and whom it has its certificate from. */
interface Door {
  readonly name: string;
  readonly ports: Readonly<Record<Way, number>>;
  readonly caCerts: string[];
  readonly recipient: string;
}

async function handshakes(
  { seconds }: Setting,
  { way, atOnce }: { readonly way: Way; readonly atOnce: number },
): Promise<Contest> {
  const { doors, ...both } = await openBoth();
  const contender = (door: Door): Contender => ({
    name: door.name,
    async measure() {
      const startedMs = performance.now();
      let count = 0;
      for (; performance.now() - startedMs < 1000 * seconds; count += atOnce) {
        await Promise.all(
          Array.from({ length: atOnce }, async () => (await enter(door, way)).close()),
        );
      }
      return (1000 * count) / (performance.now() - startedMs);
    },
  });
  return {
    title: `${way}, ${atOnce === 1 ? "one after another" : `${atOnce} at once`}`,
    unit: "handshakes/s",
    contenders: doors.map(contender),
    goals: atOnce === 1 ? [] : [{ of: OURS, to: POSTFIX, atLeast: 0.8 }],
    verify: () => Promise.resolve("behind each the server has answered"),
    [Symbol.asyncDispose]: () => both[Symbol.asyncDispose](),
  };
}

/** One message of eight mebibytes after the other, on one connection. */
async function content({ seconds }: Setting): Promise<Contest> {
  const both = await openBoth();
  let sent = 0;
  const contender = (door: Door): Contender => ({
    name: door.name,
    async measure() {
      using tls = await enter(door, "STARTTLS");
      const startedMs = performance.now();
      let count = 0;
      for (; performance.now() - startedMs < 1000 * seconds; count++) {
        await send(tls, door.recipient);
      }
      if (door.name === OURS) sent += count;
      return (count * CONTENT_BYTES * 1000) / (performance.now() - startedMs) / 1024 / 1024;
    },
  });
  return {
    title: "messages of 8 MiB on one connection",
    unit: "MiB/s",
    contenders: both.doors.map(contender),
    goals: [{ of: OURS, to: POSTFIX, atLeast: 0.8 }],
    verify: async () =>
      await demandMailbox(await both.ours.kept(), {
        user: "alice@abc.com",
        count: sent,
        isWhole: (message) => message.split("x\r\n").length > CONTENT_BYTES / 80,
      }),
    [Symbol.asyncDispose]: () => both[Symbol.asyncDispose](),
  };
}

async function openBoth() {
  await using parts = new AsyncDisposableStack();
  const folder = parts.use(await temporaryFolder());
  const pair = await issue([HOSTNAME]);
  const [certificate, key] = [`${folder.path}/tls.crt`, `${folder.path}/tls.key`];
  await Deno.writeTextFile(certificate, pair.certificate);
  await Deno.writeTextFile(key, pair.key, { mode: 0o600 });
  const ours = parts.use(
    await startOurs({
      flags: ["--smtps-port", "0", "--tls-cert", certificate, "--tls-key", key],
    }),
  );
  const postfix = parts.use(await startPostfix({ more: "smtpd_tls_security_level = may" }));
  const doors: readonly Door[] = [
    {
      name: OURS,
      ports: { STARTTLS: ours.port, implicit: ours.smtpd.ports.smtps! },
      caCerts: [pair.certificate],
      recipient: "alice@abc.com",
    },
    {
      name: POSTFIX,
      ports: { STARTTLS: postfix.port, implicit: postfix.smtpsPort },
      caCerts: [await Deno.readTextFile(postfix.ca)],
      recipient: "carol@postfix.example",
    },
  ];
  const held = parts.move();
  return { ours, doors, [Symbol.asyncDispose]: () => held[Symbol.asyncDispose]() };
}

/** A connection on which the server has answered under TLS. */
async function enter({ ports, caCerts }: Door, way: Way): Promise<Deno.TlsConn> {
  const at = { hostname: HOSTNAME, port: ports[way] };
  if (way === "implicit") {
    const tls = await Deno.connectTls({ ...at, caCerts });
    await hear(tls);
    return tls;
  }
  const conn = await Deno.connect(at);
  await hear(conn);
  for (const line of ["EHLO bench.example", "STARTTLS"]) await say(conn, line);
  const tls = await Deno.startTls(conn, { hostname: HOSTNAME, caCerts });
  await say(tls, "NOOP");
  return tls;
}

async function send(tls: Deno.TlsConn, recipient: string): Promise<void> {
  for (const line of ["EHLO bench.example", "MAIL FROM:<load@bench.example>"]) await say(tls, line);
  for (const line of [`RCPT TO:<${recipient}>`, "DATA"]) await say(tls, line);
  await write(tls, new TextEncoder().encode("Subject: large\r\n\r\n"));
  for (let left = CONTENT_BYTES; left > 0; left -= CHUNK.length) await write(tls, CHUNK);
  await say(tls, ".");
}

/** @throws {Error} where the answer is not a good one */
async function say(conn: Deno.Conn, line: string): Promise<void> {
  await write(conn, new TextEncoder().encode(`${line}\r\n`));
  await hear(conn);
}

async function hear(conn: Deno.Conn): Promise<void> {
  const buffer = new Uint8Array(4096);
  let text = "";
  do {
    const count = await conn.read(buffer);
    if (count === null) throw new Error(`the server left behind ${JSON.stringify(text)}`);
    text += new TextDecoder().decode(buffer.subarray(0, count));
  } while (!/^\d{3} .*\r\n/m.test(text));
  if (!/^[23]/.test(text)) throw new Error(`the server said ${JSON.stringify(text)}`);
}

async function write(conn: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
}
