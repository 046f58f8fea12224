/** Row 11: whether a message costs more where there is much already, and how a start takes it. */
import { administer } from "../../lib/app/admin.ts";
import { bodyOf } from "../../lib/mail/body.ts";
import { denoWorld } from "../../lib/net/deno.ts";
import { openSqliteStore } from "../../lib/store/sqlite.ts";
import type { AccountId, Delivery, Store } from "../../lib/store/store.ts";
import { encode } from "../../lib/wire/bytes.ts";
import { startSmtpd } from "../process/programs.ts";
import { temporaryFolder } from "../support.ts";
import { type Contest, figuresOf, type Row, type Setting } from "./contest.ts";

const MESSAGES = 1_000_000;
/** Of these, so many in one mailbox, and so many in the queue. */
const IN_ONE = 100_000;
const QUEUED = 100_000;
const MEASURED = 1_000;
const STARTS = 5;
const AT_ONCE = 10;
const FILLED_AT_ONCE = 256;
const NAMES = ["alice", ...Array.from({ length: 9 }, (_, at) => `user${at}`)];

const [EMPTY, FULL] = ["an empty store", "a full store"];
const SMALL = bodyOf(encode(`Subject: small\r\n\r\n${"x".repeat(200)}\r\n`));
const MEASURED_CONTENT = bodyOf(encode(`Subject: x\r\n\r\n${`${"x".repeat(78)}\r\n`.repeat(50)}`));

export const GROWTH: Row = { number: 11, title: "growth", contests: [growth] };

async function growth({ quick }: Setting): Promise<Contest> {
  const part = quick ? 20 : 1;
  await using parts = new AsyncDisposableStack();
  const empty = await open(parts);
  const filling = await open(parts);
  await fill(filling, part);
  const full = filling;
  const contender = (name: string, { store, accounts }: Opened) => ({
    name,
    async measure() {
      const startedMs = performance.now();
      for (let at = 0; at < MEASURED; at += AT_ONCE) {
        const some = Array.from(
          { length: AT_ONCE },
          () => accept(store, MEASURED_CONTENT, inboxOf(accounts[0]!)),
        );
        await Promise.all(some);
      }
      return (1000 * (performance.now() - startedMs)) / MEASURED;
    },
  });
  const counted = [await countOf(empty), await countOf(full)];
  const held = parts.move();
  return {
    title: `${MESSAGES / part} messages, ${IN_ONE / part} in the mailbox, ${QUEUED / part} queued`,
    unit: "µs a message",
    contenders: [contender(EMPTY!, empty), contender(FULL!, full)],
    goals: [{ of: FULL!, to: EMPTY!, atMost: 1.3 }],
    async verify() {
      const more = [await countOf(empty) - counted[0]!, await countOf(full) - counted[1]!];
      if (more[0] !== more[1] || more[0]! % MEASURED !== 0) throw new Error("some are missing");
      await full.store[Symbol.asyncDispose]();
      const starts: number[] = [];
      for (let run = 0; run < STARTS; run++) starts.push(await startMs(full.directory));
      const { median } = figuresOf("starts", starts);
      return `${
        more[0]
      } messages more are in each of the two mailboxes; a server was ready on the ` +
        `full store after ${Math.round(median)} ms (goal 300 ms)`;
    },
    [Symbol.asyncDispose]: () => held[Symbol.asyncDispose](),
  };
}

interface Opened {
  readonly directory: string;
  readonly store: Store;
  readonly accounts: readonly AccountId[];
}

async function open(parts: AsyncDisposableStack): Promise<Opened> {
  const world = denoWorld();
  const folder = parts.use(await temporaryFolder());
  const { turn, monotonicMs } = world.clock;
  const directory = `${folder.path}/data`;
  const store = parts.use(await openSqliteStore({ directory, turn, monotonicMs }));
  for (const name of NAMES) {
    await administer({ world, store, domain: "abc.com" }, {
      do: "user add",
      name,
      password: "secret",
    });
  }
  return {
    directory,
    store,
    accounts: NAMES.map((name) => store.users.find(`${name}@abc.com`)!.id),
  };
}

async function startMs(directory: string): Promise<number> {
  const startedMs = performance.now();
  const flags = ["--port", "0", "--domain", "abc.com", "--log-level", "error"];
  // What waits there is for nobody who could be asked.
  await using _ = await startSmtpd([...flags, "--route", "*=127.0.0.1:9", "--data", directory]);
  return performance.now() - startedMs;
}

async function countOf({ store, accounts }: Opened): Promise<number> {
  return (await store.mail.mailbox(accounts[0]!, "INBOX"))!.messages;
}

/** The last messages wait in the queue, the first are Alice's. */
async function fill({ store, accounts }: Opened, part: number): Promise<void> {
  for (let at = 0; at < MESSAGES / part; at += FILLED_AT_ONCE) {
    const count = Math.min(FILLED_AT_ONCE, MESSAGES / part - at);
    const some = Array.from({ length: count }, (_, more) => {
      const number = at + more;
      if (number >= (MESSAGES - QUEUED) / part) return accept(store, SMALL, queued(number));
      const owner = number < IN_ONE / part ? 0 : 1 + number % (accounts.length - 1);
      return accept(store, SMALL, inboxOf(accounts[owner]!));
    });
    await Promise.all(some);
  }
}

function inboxOf(account: AccountId): Delivery {
  return { to: "mailbox", account, mailbox: "INBOX", prefix: encode("Return-Path: <>\r\n") };
}

function queued(number: number): Delivery {
  const domain = `d${number % 1000}.test`;
  const address = { local: `r${number}`, domain };
  return { to: "queue", hop: domain, recipient: { address }, dueAt: Date.now() };
}

let accepted = 0;

async function accept(store: Store, content: typeof SMALL, delivery: Delivery): Promise<void> {
  await store.accept({
    id: `m${++accepted}`,
    acceptedAt: Date.now(),
    envelope: { sender: { local: "load", domain: "bench.example" }, body: "7BIT" },
    content,
    deliveries: [delivery],
  });
}
