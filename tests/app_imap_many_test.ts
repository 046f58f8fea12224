/** Several clients of IMAP in one mailbox: none has a wrong number, and none misses a change. */
import assert from "$assert";
import fc from "$check";
import { appendCommand, type ImapTalker, startWithImap, talkImap } from "./app_imap_support.ts";
import { letter, sendMessage, type TestServer } from "./app_support.ts";
import { fakeWorld } from "./fake_world.ts";

const CLIENTS = 3;

/** What one of the clients does, or a stranger who sends mail. `at` chooses a message. */
interface Action {
  readonly who: number;
  readonly does: typeof DOES[number];
  readonly at: number;
}

const DOES = [
  "deliver",
  "append",
  "flag",
  "unflag",
  "flag silently",
  "delete",
  "expunge",
  "move",
  "fetch",
  "search",
  "look",
  "wait",
  "select",
] as const;

const ACTIONS: fc.Arbitrary<readonly Action[]> = fc.array(
  fc.record({
    who: fc.nat({ max: CLIENTS - 1 }),
    does: fc.constantFrom(...DOES),
    at: fc.nat({ max: 7 }),
  }),
  { maxLength: 40 },
);

/** A message as a client knows it; `null`: it was not told yet. */
interface Known {
  uid: string | null;
  flags: string | null;
}

/** A client that believes what it is told, and nothing else. */
interface Believer {
  readonly talker: ImapTalker;
  readonly messages: Known[];
}

Deno.test("clients that change one mailbox at the same time all know it in the end", async () => {
  await fc.assert(
    fc.asyncProperty(ACTIONS, async (actions) => {
      await using server = await startWithImap({ world: fakeWorld() });
      for (let count = 0; count < 3; count++) await deliver(server);
      const clients: Believer[] = [];
      for (let count = 0; count < CLIENTS; count++) {
        clients.push(await select({ talker: await talkImap(server, { user: "alice" }) }));
      }
      for (const action of actions) await perform(server, clients, action);
      const all: string[] = [];
      for (const client of clients) {
        await say(client, "NOOP", { moves: true });
        const believed = client.messages.map((each) => ({ ...each }));
        await say(client, "FETCH 1:* (UID FLAGS)", { moves: false, mayFail: true });
        for (const [index, { uid, flags }] of client.messages.entries()) {
          const before = believed[index]!;
          assert.equal(before.uid ?? uid, uid, "another message has this number");
          assert.equal(before.flags ?? flags, flags, `a change of ${uid} was not told`);
        }
        all.push(JSON.stringify(client.messages));
      }
      assert.equal(new Set(all).size, 1, all.join("\n"));
      for (const { talker } of clients) talker.close();
      assert.deepEqual(await server.store.check(), []);
    }),
    { numRuns: 40 },
  );
});

async function deliver(server: TestServer): Promise<void> {
  const stranger = await server.smtp();
  const message = { from: "carol@other.test", to: ["alice@abc.com"], content: letter("Hi") };
  await sendMessage(stranger, message);
  stranger.close();
}

async function perform(
  server: TestServer,
  clients: Believer[],
  { who, does, at }: Action,
): Promise<void> {
  const client = clients[who]!;
  const { length } = client.messages;
  const number = length === 0 ? null : at % length + 1;
  switch (does) {
    case "deliver":
      return await deliver(server);
    case "append":
      return await say(client, appendCommand("INBOX", letter("Mine")), { moves: true });
    case "expunge":
      return await say(client, "EXPUNGE", { moves: true });
    case "look":
      return await say(client, "NOOP", { moves: true });
    case "search":
      return await say(client, "SEARCH FLAGGED", { moves: false });
    case "wait":
      await client.talker.send("i IDLE");
      for (let line = ""; !line.startsWith("+"); line = await client.talker.hear()) {
        believe(client, line, { moves: true });
      }
      return await say(client, "DONE", { moves: true, tag: "i" });
    case "select":
      clients[who] = await select(client);
      return;
  }
  if (number === null) return;
  // What is gone in truth may be refused.
  const told = { moves: false, mayFail: true };
  switch (does) {
    case "fetch":
      return await say(client, `FETCH ${number} (UID FLAGS)`, told);
    case "flag":
      return await say(client, `STORE ${number} +FLAGS (\\Flagged word${at})`, told);
    case "unflag":
      return await say(client, `STORE ${number} -FLAGS (\\Flagged)`, told);
    case "delete":
      return await say(client, `STORE ${number} +FLAGS (\\Deleted)`, told);
    case "move":
      return await say(client, `MOVE ${number} Trash`, { moves: true, mayFail: true });
    case "flag silently": {
      const known = client.messages[number - 1]!;
      await say(client, `STORE ${number} +FLAGS.SILENT (\\Answered)`, told);
      // RFC 9051 §6.4.6: the client knows itself what it has done, where it knew what was before.
      if (known.flags !== null) known.flags = sorted(`${known.flags} \\Answered`);
    }
  }
}

/** As mail programs do, it asks for all flags at once, and then follows. */
async function select({ talker }: Pick<Believer, "talker">): Promise<Believer> {
  const client: Believer = { talker, messages: [] };
  await say(client, "SELECT INBOX", { moves: false });
  await say(client, "FETCH 1:* (UID FLAGS)", { moves: false, mayFail: true });
  return client;
}

interface Manner {
  /** Whether numbers may move (RFC 9051 §7.5.1). */
  readonly moves: boolean;
  readonly mayFail?: boolean;
  /** Of the command that this line ends. */
  readonly tag?: string;
}

/** Says it, and believes the answer. */
async function say(client: Believer, command: string, manner: Manner): Promise<void> {
  const lines = (await client.talker.say(command, manner.tag)).split("\n");
  const last = lines.pop()!;
  assert.ok(last.startsWith("OK") || manner.mayFail, `${command}: ${last}`);
  for (const line of lines) believe(client, line, manner);
}

function believe({ messages }: Believer, line: string, { moves }: Manner): void {
  const [, number, what, more = ""] = /^\* (\d+) (EXISTS|EXPUNGE|FETCH)(.*)$/.exec(line) ?? [];
  const at = Number(number);
  switch (what) {
    case "EXISTS":
      assert.ok(at >= messages.length, "RFC 9051 §7.4.1: messages go by EXPUNGE only");
      while (messages.length < at) messages.push({ uid: null, flags: null });
      break;
    case "EXPUNGE":
      assert.ok(moves, `numbers may not move here: ${line}`);
      assert.ok(messages.splice(at - 1, 1).length === 1, `there is no message ${at}`);
      break;
    case "FETCH": {
      assert.ok(at <= messages.length, `there is no message ${at}`);
      const known = messages[at - 1]!;
      const uid = /UID (\d+)/.exec(more)?.[1] ?? known.uid;
      assert.equal(uid, known.uid ?? uid, `another message has number ${at}`);
      const flags = /FLAGS \(([^)]*)\)/.exec(more)?.[1];
      known.uid = uid;
      if (flags !== undefined) known.flags = sorted(flags);
    }
  }
}

/** Without \Recent, which differs between sessions. */
function sorted(flags: string): string {
  const all = new Set(flags.split(" ").filter((each) => each !== "" && each !== "\\Recent"));
  return [...all].sort().join(" ");
}
