/**
 * `deno task bench --only 9`: TLS handshakes with a server in the same process, fifty at once and
 * one after another, by STARTTLS and from the first byte. Prints the medians of five runs, in
 * milliseconds.
 */
import { startTestServer } from "../app_support.ts";
import { lab } from "../tls_support.ts";

const AT_ONCE = 50;
const RUNS = 5;

const { good, authority } = await lab();
const caCerts = [authority.certificate];
const hostname = "localhost";
await using server = await startTestServer({ tls: [good], ports: { smtp: 0, smtps: 0 } });

async function hear(conn: Deno.Conn): Promise<void> {
  await conn.read(new Uint8Array(4096));
}

async function implicit(): Promise<void> {
  using conn = await Deno.connectTls({ hostname, port: server.port("smtps"), caCerts });
  await hear(conn);
}

async function startTls(): Promise<void> {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port: server.port("smtp") });
  await hear(conn);
  for (const line of ["EHLO bench\r\n", "STARTTLS\r\n"]) {
    await conn.write(new TextEncoder().encode(line));
    await hear(conn);
  }
  using tls = await Deno.startTls(conn, { hostname, caCerts });
  await tls.write(new TextEncoder().encode("NOOP\r\n"));
  await hear(tls);
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  await work();
  return performance.now() - startedMs;
}

async function median(work: () => Promise<unknown>): Promise<number> {
  const runs: number[] = [];
  for (let run = 0; run < RUNS; run++) runs.push(await timed(work));
  return Math.round(runs.toSorted((one, other) => one - other)[Math.floor(RUNS / 2)]!);
}

for (const [name, one] of [["implicit TLS", implicit], ["STARTTLS", startTls]] as const) {
  await one(); // what the first one costs is not the question
  const atOnce = await median(() => Promise.all(Array.from({ length: AT_ONCE }, one)));
  const inTurn = await median(async () => {
    for (let at = 0; at < AT_ONCE; at++) await one();
  });
  console.log(`${name}: ${AT_ONCE} at once ${atOnce} ms, one after another ${inTurn} ms`);
}
