/** What an operator asks of a store, directly and through the control socket. */
import assert from "$assert";
import {
  type AdminAnswer,
  administer,
  type AdminParts,
  type AdminRequest,
  type AdminValues,
} from "../lib/app/admin.ts";
import { askControl, serveControl } from "../lib/app/control.ts";
import { bodyOf } from "../lib/mail/body.ts";
import { NetError } from "../lib/net/world.ts";
import { reply } from "../lib/smtp/reply.ts";
import { openMemoryStore } from "../lib/store/memory.ts";
import { encode } from "../lib/wire/bytes.ts";
import { startTestServer } from "./app_support.ts";
import { type FakeWorld, fakeWorld } from "./fake_world.ts";

const PATH = "/data/control.sock";

interface Setting {
  readonly world: FakeWorld;
  readonly parts: AdminParts;
  ask(request: AdminRequest): Promise<AdminAnswer>;
}

function startSetting(domain: string | null = "abc.com"): Setting {
  const world = fakeWorld();
  const parts = { world, store: openMemoryStore({ turn: world.clock.turn }), domain };
  return { world, parts, ask: (request) => administer(parts, request) };
}

/** Queues a message from alice@abc.com for these. */
async function queue({ world, parts }: Setting, id: string, ...locals: string[]): Promise<void> {
  await parts.store.accept({
    id,
    acceptedAt: world.clock.now(),
    envelope: { sender: { local: "alice", domain: "abc.com" }, body: "7BIT" },
    content: bodyOf(encode("Subject: Hi\r\n\r\nHi\r\n")),
    deliveries: locals.map((local) => ({
      to: "queue",
      hop: "xyz.com",
      recipient: { address: { local, domain: "xyz.com" } },
      dueAt: world.clock.now(),
    })),
  });
}

/** What a request is answered with that is not refused. */
async function valueOf<Do extends AdminRequest["do"]>(
  { ask }: Setting,
  request: AdminRequest & { readonly do: Do },
): Promise<AdminValues[Do]> {
  const answer = await ask(request);
  if (!answer.ok) throw new Error(answer.message);
  return answer.value as AdminValues[Do];
}

function fault(answer: AdminAnswer): string {
  return answer.ok ? "" : `${answer.kind}: ${answer.message}`;
}

Deno.test("users are added, listed, given another password and removed", async () => {
  const setting = startSetting();
  const created = "2027-01-15T08:00:00.000Z";
  assert.deepEqual(await setting.ask({ do: "user add", name: "Alice", password: "secret" }), {
    ok: true,
    value: { user: { name: "alice@abc.com", created }, warnings: [] },
  });
  await setting.ask({ do: "user add", name: "bob@xyz.com", password: "hunter2" });
  assert.deepEqual(await setting.ask({ do: "user list" }), {
    ok: true,
    value: { users: [{ name: "alice@abc.com", created }, { name: "bob@xyz.com", created }] },
  });
  await setting.ask({ do: "user remove", name: "bob@xyz.com" });
  assert.deepEqual(await setting.ask({ do: "user list" }), {
    ok: true,
    value: { users: [{ name: "alice@abc.com", created }] },
  });
});

Deno.test("a new password counts at once, and the old one no more", async () => {
  await using server = await startTestServer({ world: fakeWorld(), users: ["alice"] });
  const { accounts } = server.server.site;
  const peer = { address: "192.0.2.1", signal: new AbortController().signal };
  assert.notEqual(await accounts.login("alice", "secret", peer), "refused");
  await administer({ ...server, domain: "abc.com" }, {
    do: "user password",
    name: "alice",
    password: "other",
  });
  assert.equal(await accounts.login("alice", "secret", peer), "refused");
  assert.notEqual(await accounts.login("alice", "other", peer), "refused");
});

const WRONG: readonly (readonly [AdminRequest, fault: string])[] = [
  [
    { do: "user add", name: "alice@abc.com", password: "x" },
    "exists: alice@abc.com exists already",
  ],
  [{ do: "user add", name: "eve", password: "" }, "usage: the password is empty"],
  [
    { do: "user add", name: "eve", password: "x".repeat(256) },
    "usage: a password has at most 255 characters",
  ],
  [{ do: "user remove", name: "eve" }, "unknown: there is no user eve@abc.com"],
  [
    { do: "user password", name: "eve", password: "x" },
    "unknown: there is no user eve@abc.com",
  ],
  [{ do: "queue show", id: "none" }, "unknown: there is no message none in the queue"],
  [{ do: "queue retry", id: "none" }, "unknown: there is no message none in the queue"],
  [{ do: "queue drop", id: "none" }, "unknown: there is no message none in the queue"],
  [{ do: "queue hold", id: "none" }, "unknown: there is no message none in the queue"],
  [{ do: "queue release", id: "none" }, "unknown: there is no message none in the queue"],
  [
    { do: "trace", name: "none" },
    "unknown: nothing is known about a message none: it never came, or its history is not kept " +
    "any more (--keep-history-days)",
  ],
  [{ do: "backup", directory: "/b" }, "unknown: a store in memory has nothing to copy"],
];

for (const [request, expected] of WRONG) {
  Deno.test(`${JSON.stringify(request).slice(0, 60)} is answered with ${expected}`, async () => {
    const setting = startSetting();
    await setting.ask({ do: "user add", name: "alice", password: "secret" });
    assert.equal(fault(await setting.ask(request)), expected);
  });
}

Deno.test("without a domain of its own, names have to be whole", async () => {
  const { ask } = startSetting(null);
  assert.match(
    fault(await ask({ do: "user add", name: "alice", password: "x" })),
    /^usage: say which domain: alice@/,
  );
  assert.equal(fault(await ask({ do: "user add", name: "alice@abc.com", password: "x" })), "");
});

Deno.test("what waits is listed with all that is known about it, retried and dropped", async () => {
  const setting = startSetting();
  const { parts: { store }, world } = setting;
  await queue(setting, "m1", "bob", "carol");
  await queue(setting, "m2", "dave");
  const later = world.clock.now() + 60_000;
  const now = world.clock.now();
  await store.queue.defer("xyz.com", later, reply(450, "4.4.1", "Nobody there"), now);
  const listed = await valueOf(setting, { do: "queue list" });
  assert.equal(listed.more, false);
  const { mark: _, ...first } = listed.queue[0]!;
  assert.deepEqual(first, {
    id: "m1",
    accepted: "2027-01-15T08:00:00.000Z",
    due: "2027-01-15T08:01:00.000Z",
    from: "alice@abc.com",
    to: "bob@xyz.com",
    hop: "xyz.com",
    bytes: 19,
    expires: "2027-01-20T08:00:00.000Z",
    attempts: 0,
    unreached: 1,
    taken: false,
    held: null,
    reply: "450 4.4.1 Nobody there",
  });
  const shown = await valueOf(setting, { do: "queue show", id: "m1" });
  assert.equal(atob(shown.content), "Subject: Hi\r\n\r\nHi\r\n");
  assert.deepEqual(shown.recipients.map(({ to }) => to), ["bob@xyz.com", "carol@xyz.com"]);
  assert.deepEqual(await setting.ask({ do: "queue retry" }), {
    ok: true,
    value: { recipients: 3 },
  });
  assert.equal(await store.queue.nextDueAt(), world.clock.now());
  assert.deepEqual(await setting.ask({ do: "queue drop", id: "m1" }), {
    ok: true,
    value: { recipients: 2 },
  });
  assert.deepEqual(await setting.ask({ do: "check" }), { ok: true, value: { faults: [] } });
});

Deno.test("what waits is held with a reason of 200 characters, released, and flushed", async () => {
  const setting = startSetting();
  const { parts: { store } } = setting;
  await queue(setting, "m1", "bob", "carol");
  const reason = "x".repeat(200);
  const tooLong = await setting.ask({ do: "queue hold", id: "m1", reason: `${reason}x` });
  assert.equal(fault(tooLong), "usage: a reason has at most 200 characters");
  const held = await valueOf(setting, { do: "queue hold", id: "m1", reason });
  assert.deepEqual(held, { recipients: 2 });
  const listed = await valueOf(setting, { do: "queue list" });
  assert.deepEqual(listed.queue.map((each) => each.held), [reason, reason]);
  assert.deepEqual(await valueOf(setting, { do: "queue flush" }), { recipients: 0 });
  assert.deepEqual(await valueOf(setting, { do: "queue release" }), { recipients: 2 });
  await store.queue.defer("xyz.com", Infinity, reply(450, "4.4.1", "Nobody there"));
  const other = await valueOf(setting, { do: "queue flush", domain: "abc.com" });
  assert.deepEqual(other, { recipients: 0 });
  const flushed = await valueOf(setting, { do: "queue flush", domain: "XYZ.com" });
  assert.deepEqual(flushed, { recipients: 2 });
});

Deno.test("twenty messages with one Message-ID are traced, the newest first", async () => {
  const setting = startSetting();
  const { parts: { store }, world } = setting;
  for (let at = 0; at < 21; at++) {
    await store.accept({
      id: `m${at}`,
      acceptedAt: world.clock.now(),
      envelope: { sender: null, body: "7BIT" },
      content: bodyOf(encode("Message-ID: <same@abc.com>\r\n\r\n")),
      deliveries: [{
        to: "queue",
        hop: "xyz.com",
        recipient: { address: { local: "bob", domain: "xyz.com" } },
        dueAt: 0,
      }],
    });
  }
  const { traces } = await valueOf(setting, { do: "trace", name: "<same@abc.com>" });
  assert.deepEqual([traces.length, traces[0]!.id, traces[19]!.id], [20, "m20", "m1"]);
});

Deno.test("a long queue is listed in pages, and shown whole", async () => {
  const setting = startSetting();
  const names = Array.from({ length: 1001 }, (_, n) => `r${n}`);
  await queue(setting, "big", ...names);
  const first = await valueOf(setting, { do: "queue list" });
  assert.equal(first.queue.length, 1000);
  assert.equal(first.more, true);
  const after = first.queue.at(-1)!.mark;
  const second = await valueOf(setting, { do: "queue list", after });
  assert.deepEqual(second.queue.map(({ to }) => to), ["r1000@xyz.com"]);
  assert.equal(second.more, false);
  const shown = await valueOf(setting, { do: "queue show", id: "big" });
  assert.equal(shown.recipients.length, 1001);
});

/** Does something while a server answers on the socket. */
async function withSocket(
  { world, parts }: Setting,
  work: () => Promise<void>,
): Promise<void> {
  const listener = world.net.listenPath(PATH);
  const stop = new AbortController();
  const served = serveControl({ ...parts, listener, signal: stop.signal });
  await work();
  listener.close();
  stop.abort();
  await world.clock.pass(10_000);
  await served;
}

Deno.test("the control socket answers as the store itself does", async () => {
  const setting = startSetting();
  const { world } = setting;
  await withSocket(setting, async () => {
    const added = { do: "user add", name: "alice", password: "secret" } as const;
    assert.equal((await askControl(world, PATH, added))?.ok, true);
    assert.deepEqual(await askControl(world, PATH, added), await setting.ask(added));
    const list = { do: "user list" } as const;
    assert.deepEqual(await askControl(world, PATH, list), await setting.ask(list));
  });
  assert.equal(await askControl(world, PATH, { do: "user list" }), null, "nobody answers any more");
});

Deno.test("a request of a newer version is refused, and a broken one gets no answer", async () => {
  const setting = startSetting();
  const { world } = setting;
  await withSocket(setting, async () => {
    const newer = { do: "user rename" } as unknown as AdminRequest;
    assert.match(fault((await askControl(world, PATH, newer))!), /^usage: .* restart it$/);
    const transport = await world.net.connectPath(PATH);
    await transport.write(encode("not JSON\r\n"));
    assert.equal(await transport.read(), null);
    transport.close();
    assert.equal((await askControl(world, PATH, { do: "check" }))?.ok, true, "and it goes on");
  });
});

Deno.test("a store that fails is told in words, and the socket goes on", async () => {
  const setting = startSetting();
  const { world } = setting;
  await setting.parts.store[Symbol.asyncDispose]();
  await withSocket(setting, async () => {
    const request = { do: "user add", name: "alice", password: "secret" } as const;
    assert.match(
      fault((await askControl(world, PATH, request))!),
      /^failed: the store failed: StoreError: the store is closed$/,
    );
  });
});

Deno.test("a server that goes away without an answer is a lost connection", async () => {
  const world = fakeWorld();
  const listener = world.net.listenPath(PATH);
  (async () => {
    for await (const transport of listener) transport.close();
  })();
  await assert.rejects(
    askControl(world, PATH, { do: "check" }),
    (error: unknown) => error instanceof NetError && error.kind === "lost",
  );
  listener.close();
});
