/**
 * The smallest whole scenario: two of our servers whose users write to one another while things go
 * wrong. At the end whatever was answered with 250 is in its mailbox, once unless somebody died.
 */
import { decodeLatin1, encode } from "../../lib/wire/bytes.ts";
import type { World } from "../../lib/net/world.ts";
import { lineReader } from "../line_reader.ts";
import { startChaos } from "./chaos.ts";
import type { ServerNode, Sim, Snapshot } from "./sim.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DOMAINS = ["abc.com", "xyz.com"] as const;
const USERS = ["ann", "bob", "cid"];
const PASSWORD = "secret";
const LETTERS_MAX = 12;
/** More than one buffer. */
const TEXT = "Hello, hello, hello.\r\n".repeat(500);
/** Mail is sent, and faults happen, within that time. */
const BUSY_MS = 2 * HOUR_MS;
/** By then everything has arrived: the longest waits of the schedule have passed. */
const QUIET_MS = 24 * HOUR_MS;
/** A client waits no longer for one conversation. */
const CLIENT_TIMEOUT_MS = 10 * MINUTE_MS;
const CLIENT_AGAIN_MS = 3 * MINUTE_MS;

export async function twoServers(sim: Sim): Promise<void> {
  const [one, other] = DOMAINS;
  const servers = [serverFor(sim, one, other), serverFor(sim, other, one)];
  const client = sim.node("client.test");
  await Promise.all(servers.map((node) => node.start()));
  const untilMs = sim.now() + BUSY_MS;
  startChaos(sim, { servers, machines: [...DOMAINS, client.name], untilMs });
  const letters = writeLetters(sim);
  const sent = letters.map((letter) => sendUntilTaken(sim, client.world, letter));
  const unclear = await Promise.all(sent);
  await sim.sleep(Math.max(0, untilMs - sim.now()) + QUIET_MS);
  const snapshots = await Promise.all(servers.map((node) => node.snapshot()));
  for (const { check, queue } of snapshots) {
    for (const fault of await check()) sim.complain(fault);
    if (queue.length > 0) sim.complain(`the queue still has ${JSON.stringify(queue)}`);
  }
  for (const [at, letter] of letters.entries()) {
    const copies = copiesOf(letter, snapshots);
    if (copies === 0) sim.complain(`${letter.mark} was taken, and is nowhere`);
    const mayDouble = unclear[at] || sim.interruptions.length > 0;
    if (copies > 1 && !mayDouble) sim.complain(`${letter.mark} is there ${copies} times`);
  }
}

interface Letter {
  readonly mark: string;
  readonly from: string;
  readonly to: string;
  readonly atMs: number;
}

function serverFor(sim: Sim, domain: string, other: string): ServerNode {
  return sim.server(domain, {
    config: { domains: [domain], routes: { [other]: { host: other, port: 25 } }, plainAuth: true },
    users: Object.fromEntries(USERS.map((user) => [user, PASSWORD])),
    tls: sim.random(`tls ${domain}`).chance(0.5),
  });
}

function writeLetters(sim: Sim): readonly Letter[] {
  const prng = sim.random("letters");
  const count = Math.max(1, Math.round(sim.scale.messages * prng.between(1, LETTERS_MAX)));
  const users = USERS.slice(0, Math.max(1, Math.round(sim.scale.users * USERS.length)));
  return Array.from({ length: count }, (_, at) => ({
    mark: `mark-${at}.`,
    from: `${prng.pick(users)}@${prng.pick(DOMAINS)}`,
    to: `${prng.pick(users)}@${prng.pick(DOMAINS)}`,
    atMs: sim.now() + BUSY_MS * prng.fraction(),
  }));
}

/** Gives whether an attempt before ended without an answer, so that there may be two copies. */
async function sendUntilTaken(sim: Sim, world: World, letter: Letter): Promise<boolean> {
  let unclear = false;
  await sim.sleep(letter.atMs - sim.now());
  for (;;) {
    const code = await send(world, letter);
    sim.trace("client", `${letter.mark} ${letter.from} to ${letter.to}: ${code}`);
    if (code === 250) {
      sim.tally("messages");
      return unclear;
    }
    if (code === null) unclear = true;
    await sim.sleep(CLIENT_AGAIN_MS);
  }
}

/** Gives the last reply's code; `null` where none came. */
async function send(world: World, { mark, from, to }: Letter): Promise<number | null> {
  const at = { host: from.slice(from.indexOf("@") + 1), port: 587 };
  const transport = await world.net.connect(at, { timeoutMs: MINUTE_MS }).catch(() => null);
  if (transport === null) return 0;
  const alarm = world.clock.alarm(transport.close);
  alarm.set(CLIENT_TIMEOUT_MS);
  const line = lineReader(transport);
  const hear = async (): Promise<number | null> => {
    const reply = await line();
    if (reply === null) return null;
    return reply[3] === "-" ? await hear() : Number(reply.slice(0, 3));
  };
  const ask = async (text: string) => {
    await transport.write(encode(text)).catch(() => {});
    return await hear();
  };
  try {
    await hear();
    for (
      const [command, wanted] of [
        ["EHLO client.test", 250],
        [`AUTH PLAIN ${btoa(`\0${from}\0${PASSWORD}`)}`, 235],
        [`MAIL FROM:<${from}>`, 250],
        [`RCPT TO:<${to}>`, 250],
        ["DATA", 354],
      ] as const
    ) {
      const code = await ask(`${command}\r\n`);
      if (code !== wanted) return code ?? 0;
    }
    return await ask(`From: <${from}>\r\nSubject: ${mark}\r\n\r\n${TEXT}.\r\n`);
  } finally {
    alarm.cancel();
    transport.close();
  }
}

function copiesOf({ mark, to }: Letter, snapshots: readonly Snapshot[]): number {
  return snapshots.flatMap(({ mailboxes }) => mailboxes)
    .filter(({ account }) => account === to)
    .flatMap(({ entries }) => entries)
    .filter(({ bytes }) => decodeLatin1(bytes).includes(`Subject: ${mark}`))
    .length;
}
