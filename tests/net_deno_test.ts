import assert from "$assert";
import { denoWorld } from "../lib/net/deno.ts";
import { NetError, type Transport } from "../lib/net/world.ts";
import { decode, encode } from "../lib/wire/bytes.ts";
import { canUseFiles, temporaryFolder, until } from "./support.ts";

const { clock, net, random, work } = denoWorld();

async function kindOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof NetError) return `${error.kind}: ${error.message}`;
    throw error;
  }
  return "no error";
}

Deno.test("listen picks a free port, connect reaches it by name, and both know the ends", async () => {
  const listener = net.listen({ host: "127.0.0.1", port: 0 });
  assert.ok(listener.local.port > 0);
  const accepted: Transport[] = [];
  const accepting = (async () => {
    for await (const transport of listener) accepted.push(transport);
  })();
  const to = { host: "localhost", port: listener.local.port };
  const client = await net.connect(to, { timeoutMs: 5_000 });
  await until("the connection is accepted", () => accepted.length === 1);
  listener.close();
  listener.close();
  await accepting;
  const server = accepted[0]!;
  assert.deepEqual(server.local, client.remote);
  assert.deepEqual(server.remote, client.local);
  await client.write(encode("hello"));
  assert.equal(decode((await server.read())!), "hello");
  client.close();
  server.close();
});

Deno.test("connect says what went wrong, in a person's words", async () => {
  const listener = net.listen({ host: "127.0.0.1", port: 0 });
  const { port } = listener.local;
  listener.close();
  const options = { timeoutMs: 5_000 };
  assert.match(
    await kindOf(net.connect({ host: "127.0.0.1", port }, options)),
    /^refused: cannot connect to 127\.0\.0\.1:\d+: nothing listens there$/,
  );
  assert.match(
    await kindOf(net.connect({ host: "no-such-host.invalid", port }, options)),
    /^(unknownHost: there is no host|other: cannot look up) no-such-host\.invalid/,
  );
  assert.match(await kindOf(net.connect({ host: "", port }, options)), /^unknownHost: /);
});

Deno.test("connect gives up when its signal is aborted", async () => {
  const reason = new Error("no longer needed");
  const to = { host: "127.0.0.1", port: 9 };
  const signal = AbortSignal.abort(reason);
  await assert.rejects(net.connect(to, { timeoutMs: 5_000, signal }), reason);
});

Deno.test("connect gives up after its time, also while the name is looked up", async () => {
  const to = { host: "localhost", port: 9 };
  assert.match(await kindOf(net.connect(to, { timeoutMs: 0 })), /^(timeout: no answer|refused: )/);
});

Deno.test("listen says what to do when the port is taken or the address is not ours", () => {
  const listener = net.listen({ host: "127.0.0.1", port: 0 });
  assert.throws(() => net.listen(listener.local), {
    kind: "inUse",
    message: /127\.0\.0\.1:\d+: another program uses this port/,
  });
  listener.close();
  assert.throws(() => net.listen({ host: "192.0.2.1", port: 0 }), { kind: "notOurs" });
  assert.throws(() => net.listen({ host: "no-such-host.invalid", port: 0 }), {
    kind: "unknownHost",
    message: /there is no host no-such-host\.invalid$/,
  });
});

Deno.test({
  name: "listenPath listens for its owner only, and refuses a path that is taken",
  ignore: !canUseFiles,
  async fn() {
    await using folder = await temporaryFolder();
    const path = `${folder.path}/control.sock`;
    const listener = net.listenPath(path);
    assert.equal((await Deno.stat(path)).mode! & 0o777, 0o600);
    assert.throws(() => net.listenPath(path), { kind: "inUse", message: /it exists already$/ });
    const accepting = listener[Symbol.asyncIterator]().next();
    const client = await net.connectPath(path);
    const server = await accepting;
    assert.ok(server.done !== true);
    await client.write(encode("hello"));
    assert.equal(decode((await server.value.read())!), "hello");
    client.close();
    server.value.close();
    listener.close();
    assert.match(await kindOf(net.connectPath(`${folder.path}/none`)), /cannot connect to .*none/);
  },
});

Deno.test("sleep ends with its signal, and takes its listener along", async () => {
  await clock.sleep(1);
  const stop = new AbortController();
  const sleeping = clock.sleep(60_000, stop.signal);
  stop.abort(new Error("woken"));
  await assert.rejects(sleeping, /woken/);
  await assert.rejects(clock.sleep(60_000, stop.signal), /woken/);
});

Deno.test("an alarm of the real clock fires, and one that is cancelled leaves no timer", async () => {
  const fired = Promise.withResolvers<void>();
  const other = clock.alarm(() => assert.fail("this was cancelled"));
  other.set(10);
  clock.alarm(fired.resolve).set(20);
  other.cancel();
  await fired.promise;
  other.set(60_000);
  other.cancel(); // a timer that lives on would be reported as a leak of this test
});

Deno.test("now, monotonicMs, turn and randomness are what they say", async () => {
  assert.ok(Math.abs(clock.now() - Date.now()) < 1_000);
  const before = clock.monotonicMs();
  await clock.turn();
  assert.ok(clock.monotonicMs() >= before);
  assert.equal(random.bytes(16).length, 16);
  assert.notDeepEqual(random.bytes(16), random.bytes(16));
  const fraction = random.fraction();
  assert.ok(fraction >= 0 && fraction < 1);
});

Deno.test("pbkdf2 gives what RFC 7677 §3 computes, also when many wait their turn", async () => {
  const salt = Uint8Array.from(atob("W22ZaJ0SNY7soEsUEjb6gQ=="), (each) => each.charCodeAt(0));
  const results = await Promise.all(
    Array.from({ length: 7 }, () => work.pbkdf2("pencil", salt, 4096)),
  );
  const expected = "c4a49510323ab4f952cac1fa99441939e78ea74d6be81ddf7096e87513dc615d";
  for (const key of results) {
    assert.equal([...key].map((byte) => byte.toString(16).padStart(2, "0")).join(""), expected);
  }
});

Deno.test("two passwords are worked on at once, and others wait their turn", async () => {
  const ended: number[] = [];
  const salt = new Uint8Array(16);
  // Those behind the first two cost nothing, and would be done long before if they did not wait.
  const rounds = [400_000, 400_000, 1, 1, 1];
  await Promise.all(rounds.map(async (count, at) => {
    await work.pbkdf2("pencil", salt, count);
    ended.push(at);
  }));
  assert.ok(ended.indexOf(0) < 2 || ended.indexOf(1) < 2, `${ended}`);
  assert.ok(ended[0]! < 2, `${ended}`);
});
