/** Row 6: what a connection costs on which nothing happens, and whether others notice. */
import { openFilesLeft } from "../../lib/net/open_files.ts";
import type { Contest, Row, Setting } from "./contest.ts";
import { smtpcBench } from "./loads.ts";
import { startOurs } from "./peers.ts";

const CONNECTIONS = 10_000;
/** For the server's own files, and those of whoever comes beside. */
const FILES_KEPT = 200;
const AT_ONCE = 100;
/** IMAP and POP3 get a part of all connections, so that there is always a place for mail. */
const PLACES_FOR_EACH = 1.5;

type Service = "smtp" | "imap";

/** What is said on each connection, and how the last answer to it ends. */
const SAID: Readonly<Record<Service, readonly (readonly [line: string, answer: RegExp])[]>> = {
  smtp: [["EHLO idle.test", /^250 /m]],
  imap: [["a LOGIN alice secret", /^a OK/m], ["b SELECT INBOX", /^b OK/m], ["c IDLE", /^\+/m]],
};

export const IDLE: Row = {
  number: 6,
  title: "idle connections",
  contests: [
    (setting) => idle("smtp", { setting, kibMost: 14 }),
    (setting) => idle("imap", { setting, kibMost: 24 }),
  ],
};

async function idle(
  service: Service,
  { setting, kibMost }: { readonly setting: Setting; readonly kibMost: number },
): Promise<Contest> {
  const wanted = setting.quick ? CONNECTIONS / 10 : CONNECTIONS;
  const places = Math.ceil(wanted * PLACES_FOR_EACH);
  const files = openFilesLeft(places + FILES_KEPT) ?? places;
  const count = Math.min(wanted, Math.floor((files - FILES_KEPT) / PLACES_FOR_EACH));
  const flags = ["--max-connections", `${Math.ceil(count * PLACES_FOR_EACH)}`];
  const ours = await startOurs({ users: ["alice", "bob"], flags });
  const open: Deno.Conn[] = [];
  let p99 = 0;
  return {
    title: `${count} of ${service.toUpperCase()}${service === "imap" ? " in IDLE" : ""}`,
    unit: "KiB each",
    once: true,
    contenders: [{
      name: "smtpd",
      async measure() {
        // What is made once is not what a connection costs.
        (await connect(ours.smtpd.ports[service]!, service)).close();
        const before = await ours.resident();
        while (open.length < count) {
          const some = Array.from(
            { length: Math.min(AT_ONCE, count - open.length) },
            () => connect(ours.smtpd.ports[service]!, service),
          );
          open.push(...await Promise.all(some));
        }
        const each = (await ours.resident() - before) / count;
        // Whoever is idle in a mailbox would be told of each message that comes there.
        const flags = ["--to", "bob@abc.com", "--connections", "2", "--rate", "50"];
        p99 = (await smtpcBench(ours.port, [...flags, "--seconds", "2"])).wholeMs.p99;
        return each;
      },
    }],
    goals: [{ of: "smtpd", atMost: kibMost }],
    verify: () =>
      Promise.resolve(`beside them a message took ${p99.toFixed(1)} ms at p99 (goal 10 ms)`),
    async [Symbol.asyncDispose]() {
      for (const conn of open) conn.close();
      await ours[Symbol.asyncDispose]();
    },
  };
}

async function connect(port: number, service: Service): Promise<Deno.Conn> {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port });
  const buffer = new Uint8Array(2048);
  const hear = async (answer: RegExp) => {
    for (let text = ""; !answer.test(text);) {
      const count = await conn.read(buffer);
      if (count === null) throw new Error(`closed behind ${text}`);
      text += new TextDecoder().decode(buffer.subarray(0, count));
    }
  };
  await hear(/\r\n/);
  for (const [line, answer] of SAID[service]) {
    await conn.write(new TextEncoder().encode(`${line}\r\n`));
    await hear(answer);
  }
  return conn;
}
