/** What a server writes into the history of messages, and when it forgets it. */
import assert from "$assert";
import { administer, type AdminRequest, type AdminValues } from "../lib/app/admin.ts";
import { bodyOf } from "../lib/mail/body.ts";
import { openMemoryStore } from "../lib/store/memory.ts";
import { encode } from "../lib/wire/bytes.ts";
import {
  letter,
  sendMessage,
  startTestServer,
  startWithHop,
  type TestServer,
} from "./app_support.ts";
import { fakeWorld } from "./fake_world.ts";

const DAY_MS = 24 * 60 * 60_000;

async function ask<Do extends AdminRequest["do"]>(
  { world, store }: TestServer,
  request: AdminRequest & { readonly do: Do },
): Promise<AdminValues[Do]> {
  const answer = await administer({ world, store, domain: "abc.com" }, request);
  if (!answer.ok) throw new Error(answer.message);
  return answer.value as AdminValues[Do];
}

/** The only message with this id, as an operator sees its way. */
async function traceOf(server: TestServer, name: string) {
  const { traces } = await ask(server, { do: "trace", name });
  assert.equal(traces.length, 1);
  return traces[0]!;
}

/** Sends a letter of alice's; gives its id. */
async function send(server: TestServer, ...to: readonly string[]): Promise<string> {
  const alice = await server.smtp("alice");
  const replies = await sendMessage(alice, {
    from: "alice@abc.com",
    to,
    content: `Message-ID: <letter@abc.com>\r\n${letter("Hi")}`,
  });
  alice.close();
  return /Accepted as (\S+)/.exec(replies.at(-1)!)?.[1] ?? `refused: ${replies.at(-1)}`;
}

Deno.test("the trace of a message tells from whom it came, each attempt, and its end", async () => {
  let answer: string | undefined = "451 4.7.1 Come back later";
  await using setting = await startWithHop(
    (line) => line === "." ? answer : undefined,
    { users: ["alice", "carol"] },
  );
  const { server, world, hop } = setting;
  const id = await send(server, "bob@xyz.com", "carol@abc.com");
  await world.clock.pass(1_000);
  const waiting = await traceOf(server, "<letter@abc.com>");
  assert.deepEqual(waiting.waiting.map(({ to, attempts }) => [to, attempts]), [["bob@xyz.com", 1]]);
  answer = undefined;
  await world.clock.pass(60_000);
  const { happenings, origin, ...rest } = await traceOf(server, id);
  assert.deepEqual(rest, {
    id,
    messageId: "letter@abc.com",
    accepted: "2027-01-15T08:00:00.000Z",
    from: "alice@abc.com",
    bytes: rest.bytes,
    mailboxes: ["carol@abc.com"],
    queued: ["bob@xyz.com"],
    reports: [],
    forgotten: 0,
    waiting: [],
  });
  assert.deepEqual(origin, {
    from: "peer",
    peer: "127.0.0.1",
    hello: "client.test",
    user: "alice@abc.com",
    protocol: "ESMTPA",
    tls: null,
    recipients: ["bob@xyz.com", "carol@abc.com"],
  });
  const via = `127.0.0.1:${hop.endpoint.port}`;
  assert.deepEqual(
    happenings.map((each) => each.what === "attempt" && [each.via, each.outcomes[0]!.outcome]),
    [[via, "deferred"], [via, "relayed"]],
  );
});

Deno.test("what may have been taken before the connection was lost is marked", async () => {
  let lost = true;
  await using setting = await startWithHop((line) => line === "." && lost ? "close" : undefined);
  const { server, world } = setting;
  const id = await send(server, "bob@xyz.com");
  await world.clock.pass(1_000);
  lost = false;
  await world.clock.pass(60_000);
  const { happenings } = await traceOf(server, id);
  const uncertain = happenings.map((each) => "outcomes" in each && each.outcomes[0]!.uncertain);
  assert.deepEqual(uncertain, [true, false]);
});

Deno.test("a hop that is down is in the trace and in the list, time by time", async () => {
  await using setting = await startWithHop(undefined, {
    routes: { "xyz.com": { host: "127.0.0.1", port: 1 } },
    verifyRecipients: "never",
  });
  const { server, world } = setting;
  const id = await send(server, "bob@xyz.com");
  await world.clock.pass(30_000);
  const { happenings } = await traceOf(server, id);
  assert.ok(happenings.length >= 2 && happenings.every(({ what }) => what === "unreached"));
  const { queue } = await ask(server, { do: "queue list" });
  assert.equal(queue[0]!.attempts, 0);
  assert.equal(queue[0]!.unreached, happenings.length);
});

const ENDS: readonly (readonly [
  what: string,
  mail: string,
  rcpt: string,
  told: boolean,
  unreported: string | null,
])[] = [
  ["is reported", "alice@abc.com", "", true, null],
  [
    "that nobody wants to hear of says so",
    "alice@abc.com",
    " NOTIFY=NEVER",
    false,
    "the sender asked not to hear of it",
  ],
  ["of the null sender says so", "", "", false, "the sender is null"],
];

for (const [what, sender, notify, told, unreported] of ENDS) {
  Deno.test(`a failure ${what} in the trace`, async () => {
    await using setting = await startWithHop(
      (line) => line === "." ? "554 5.6.0 No" : undefined,
      { verifyRecipients: "never" },
    );
    const { server, world } = setting;
    const alice = await server.smtp("alice");
    await alice.say(`MAIL FROM:<${sender}>`);
    await alice.say(`RCPT TO:<bob@xyz.com>${notify}`);
    await alice.say("DATA");
    await alice.send(`${letter("Hi")}.\r\n`);
    const id = /Accepted as (\S+)/.exec(await alice.hear())?.[1] ?? "none";
    alice.close();
    await world.clock.pass(1_000);
    const { happenings, reports } = await traceOf(server, id);
    const [attempt] = happenings;
    if (attempt?.what !== "attempt") throw new Error("there was no attempt");
    const [outcome] = attempt.outcomes;
    assert.deepEqual([outcome!.outcome, outcome!.unreported], ["failed", unreported]);
    assert.deepEqual(reports, told ? [outcome!.report] : []);
    if (told) {
      const report = await traceOf(server, reports[0]!);
      assert.deepEqual(report.origin, { from: "report", about: id });
      assert.deepEqual(report.mailboxes, ["alice@abc.com"]);
    }
  });
}

Deno.test("what is held stays, however long, and what is dropped is in history", async () => {
  await using setting = await startWithHop(undefined, { verifyRecipients: "never" });
  const { server, world, hop } = setting;
  await server.store.accept({
    id: "held",
    acceptedAt: world.clock.now(),
    envelope: { sender: { local: "alice", domain: "abc.com" }, body: "7BIT" },
    content: bodyOf(encode(letter("Hi"))),
    deliveries: [{
      to: "queue",
      hop: "xyz.com",
      recipient: { address: { local: "bob", domain: "xyz.com" } },
      dueAt: world.clock.now() + 1_000,
    }],
  });
  await ask(server, { do: "queue hold", id: "held" });
  await world.clock.pass(6 * DAY_MS);
  assert.deepEqual(hop.messages, []);
  const { waiting } = await traceOf(server, "held");
  assert.deepEqual(waiting.map(({ held }) => held), ["held by the operator"]);
  await ask(server, { do: "queue drop", id: "held" });
  const { happenings } = await traceOf(server, "held");
  assert.deepEqual(happenings.map(({ what }) => what), ["hold", "drop"]);
  await world.clock.pass(60_000);
  assert.deepEqual(hop.messages, []);
});

Deno.test("what is released after its five days gets one more try", async () => {
  let answer: string | undefined = "451 4.7.1 Come back later";
  await using setting = await startWithHop((line) => line === "." ? answer : undefined);
  const { server, world, hop } = setting;
  const [taken, refused] = [await send(server, "bob@xyz.com"), await send(server, "eve@xyz.com")];
  await world.clock.pass(1_000);
  for (const id of [taken, refused]) await ask(server, { do: "queue hold", id });
  await world.clock.pass(6 * DAY_MS);
  assert.equal(
    (await server.mailbox("alice@abc.com")).length,
    0,
    "and nobody was told of a failure",
  );
  answer = undefined;
  await ask(server, { do: "queue release", id: taken });
  await world.clock.pass(1_000);
  assert.equal(hop.messages.length, 1);
  answer = "451 4.7.1 Come back later";
  await ask(server, { do: "queue release", id: refused });
  await world.clock.pass(1_000);
  const { happenings } = await traceOf(server, refused);
  const last = happenings.at(-1);
  assert.equal(last !== undefined && "outcomes" in last && last.outcomes[0]!.outcome, "failed");
});

Deno.test("history is forgotten after thirty days, hour by hour and step by step", async () => {
  const world = fakeWorld();
  const store = openMemoryStore({ turn: world.clock.turn });
  const steps: number[] = [];
  const forget: typeof store.history.forget = (before, options) => {
    steps.push(world.clock.now());
    return store.history.forget(before, options);
  };
  const startedAt = world.clock.now();
  for (let at = 0; at < 450; at++) {
    await store.accept({
      id: `m${at}`,
      acceptedAt: startedAt,
      envelope: { sender: null, body: "7BIT" },
      content: bodyOf(encode("Subject: Hi\r\n\r\n")),
      deliveries: [{
        to: "queue",
        hop: "xyz.com",
        recipient: { address: { local: "bob", domain: "xyz.com" } },
        dueAt: startedAt + 999 * DAY_MS,
      }],
    });
    if (at > 0) await store.queue.drop(`m${at}`, startedAt);
  }
  await using server = await startTestServer({
    world,
    store: { ...store, history: { ...store.history, forget } },
  });
  const isKnown = async (id: string) => (await store.history.find(id, 1)).length > 0;
  await world.clock.pass(30 * DAY_MS);
  assert.ok(await isKnown("m1"));
  steps.length = 0;
  await world.clock.pass(60 * 60_000 + 1_000);
  // Two hundred at a time, a tenth of a second apart.
  assert.equal(steps.length, 3);
  assert.deepEqual(steps.map((at) => at - steps[0]!), [0, 100, 200]);
  assert.ok(!await isKnown("m1") && !await isKnown("m449"));
  assert.ok(await isKnown("m0"), "it still waits");
  assert.deepEqual(server.logged("history-failed"), []);
});

Deno.test("history that cannot be forgotten is logged, and tried again", async () => {
  const world = fakeWorld();
  const store = openMemoryStore({ turn: world.clock.turn });
  let tries = 0;
  const forget = () => {
    tries++;
    return Promise.reject(new Error("the disk is full"));
  };
  await using server = await startTestServer({
    world,
    store: { ...store, history: { ...store.history, forget } },
  });
  await world.clock.pass(60 * 60_000);
  assert.equal(tries, 2);
  const reason = "Error: the disk is full";
  assert.deepEqual(server.logged("history-failed"), [{ reason }, { reason }]);
});
