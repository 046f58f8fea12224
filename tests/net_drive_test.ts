import assert from "$assert";
import { drive } from "../lib/net/drive.ts";
import { NetError } from "../lib/net/world.ts";
import { ByteQueue, decode, encode } from "../lib/wire/bytes.ts";
import { readLine } from "../lib/wire/lines.ts";
import {
  type Call,
  call,
  deadline,
  Interrupted,
  pause,
  read,
  readOrWake,
  type Session,
  startTls,
  trace,
  write,
  writeNow,
} from "../lib/wire/session.ts";
import { fakeIdentity } from "./fake_tls.ts";
import { fakeClock, type FakeTransport, fakeTransport, settle } from "./fake_transport.ts";

/** Drives a session over a fake transport. */
function start<R>(session: Session<null, R>, transport: FakeTransport) {
  const clock = fakeClock();
  const stop = new AbortController();
  const traced: string[] = [];
  const outcome = drive(session, transport, null, {
    clock,
    signal: stop.signal,
    trace: (from, bytes) => traced.push(`${from}: ${decode(bytes)}`),
  });
  outcome.catch(() => {}); // each test looks at it when it is time
  return { clock, stop, outcome, traced };
}

/** Answers each line with `OK line`; QUIT ends it. */
function* echo(): Session<null> {
  const queue = new ByteQueue();
  for (;;) {
    const line = yield* readLine(queue, 512);
    if (line === null || typeof line === "string") return;
    const text = decode(line);
    yield* write(encode(`OK ${text}\r\n`));
    if (text === "QUIT") return;
  }
}

/** Runs a body, and says how it was interrupted. */
function* interrupted(body: () => Session<null, unknown>, words = ""): Session<null, string> {
  try {
    yield* body();
    return "not interrupted";
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    if (words !== "") yield* write(encode(words));
    return error.reason;
  }
}

Deno.test("drive answers pipelined commands with one write, and closes our side first", async () => {
  const transport = fakeTransport("A\r\nB\r\nC\r\nQUIT\r\n");
  const { outcome, clock } = start(echo(), transport);
  await settle();
  assert.deepEqual(transport.writes, ["OK A\r\nOK B\r\nOK C\r\nOK QUIT\r\n"]);
  assert.equal(transport.state, "half");
  transport.feed("more, which nobody reads");
  transport.feed(null);
  await outcome;
  assert.equal(transport.state, "closed");
  assert.equal(clock.pending(), 0);
});

Deno.test("drive sends what was gathered before it waits for more", async () => {
  const transport = fakeTransport();
  const { outcome } = start(echo(), transport);
  transport.feed("A\r\nB");
  await settle();
  assert.deepEqual(transport.writes, ["OK A\r\n"]);
  transport.feed("\r\n");
  await settle();
  assert.deepEqual(transport.writes, ["OK A\r\n", "OK B\r\n"]);
  transport.feed(null);
  transport.feed(null);
  await outcome;
});

Deno.test("drive sends at once what the session flushes, and what is above 64 KiB", async () => {
  const transport = fakeTransport(null, null);
  const { outcome } = start(
    (function* (): Session<null> {
      yield* write(encode("1"));
      yield* writeNow(encode("2"));
      for (let i = 0; i < 3; i++) yield* write(encode("x".repeat(40_000)));
      yield* write(encode("3"));
      yield* read();
    })(),
    transport,
  );
  await outcome;
  assert.deepEqual(transport.writes.map((each) => each.length), [2, 80_000, 40_001]);
});

/** A session that makes one call between two writes, and says what came of it. */
function* calling(run: Call<null, unknown>): Session<null, unknown> {
  yield* write(encode("before "));
  try {
    return yield* call(run);
  } catch (error) {
    return `caught ${(error as Error).message}`;
  } finally {
    yield* write(encode("after"));
  }
}

Deno.test("drive resumes with what a call gives, and gathers across one that answers at once", async () => {
  for (
    const [run, result] of [
      [() => 7, 7],
      [() => {
        throw new Error("in place");
      }, "caught in place"],
    ] as const
  ) {
    const transport = fakeTransport(null);
    assert.equal(await start(calling(run), transport).outcome, result);
    assert.deepEqual(transport.writes, ["before after"]);
  }
});

Deno.test("drive sends what was gathered while a call takes its time", async () => {
  for (
    const [run, result] of [
      [() => Promise.resolve(7), 7],
      [() => Promise.reject(new Error("later")), "caught later"],
    ] as const
  ) {
    const transport = fakeTransport(null);
    assert.equal(await start(calling(run), transport).outcome, result);
    assert.deepEqual(transport.writes, ["before ", "after"]);
  }
});

Deno.test("a deadline is thrown where the session waits, and its last words are sent", async () => {
  const transport = fakeTransport();
  const { outcome, clock } = start(
    interrupted(function* () {
      yield* deadline(1_000);
      yield* read();
      yield* read();
    }, "421 bye"),
    transport,
  );
  await clock.pass(900);
  transport.feed("one byte does not put it off");
  await clock.pass(99);
  assert.deepEqual(transport.writes, []);
  await clock.pass(1);
  assert.deepEqual(transport.writes, ["421 bye"]);
  await clock.pass(2_000);
  assert.equal(await outcome, "deadline");
  assert.equal(transport.state, "closed");
  assert.equal(clock.pending(), 0);
});

Deno.test("a new deadline replaces the old one", async () => {
  const transport = fakeTransport();
  const { outcome, clock } = start(
    interrupted(function* () {
      for (let i = 0; i < 3; i++) {
        yield* deadline(1_000);
        yield* read();
      }
    }),
    transport,
  );
  for (let i = 0; i < 3; i++) {
    await clock.pass(900);
    transport.feed("NOOP");
  }
  transport.feed(null);
  assert.equal(await outcome, "not interrupted");
});

Deno.test("a call's result is never given up for a deadline, which comes at the next wait", async () => {
  const transport = fakeTransport();
  const accepted = Promise.withResolvers<string>();
  const { outcome, clock } = start(
    interrupted(function* () {
      yield* deadline(1_000);
      yield* write(encode(yield* call(() => accepted.promise)));
      yield* read();
    }, "421 bye"),
    transport,
  );
  await clock.pass(5_000);
  accepted.resolve("250 ok ");
  await clock.pass(2_000);
  assert.equal(await outcome, "deadline");
  assert.equal(transport.writes.join(""), "250 ok 421 bye");
});

Deno.test("a deadline that passed during a call is forgotten when a new one is set", async () => {
  const transport = fakeTransport();
  const slow = Promise.withResolvers<void>();
  const { outcome, clock } = start(
    interrupted(function* () {
      yield* deadline(1_000);
      yield* call(() => slow.promise);
      yield* deadline(1_000);
      yield* read();
    }),
    transport,
  );
  await clock.pass(5_000);
  slow.resolve();
  await settle();
  transport.feed("in time");
  transport.feed(null);
  assert.equal(await outcome, "not interrupted");
});

Deno.test("shutdown interrupts a read and a pause, and tells a call", async () => {
  const bodies: (() => Session<null, unknown>)[] = [
    function* () {
      yield* read();
    },
    function* () {
      yield* pause(60_000);
    },
    function* () {
      const waits: Call<null, void> = (_, signal) =>
        new Promise((resolve) => signal.addEventListener("abort", () => resolve()));
      yield* call(waits);
      yield* read();
    },
  ];
  for (const body of bodies) {
    const transport = fakeTransport();
    const { outcome, stop, clock } = start(interrupted(body, "421 bye"), transport);
    await settle();
    stop.abort();
    await clock.pass(2_000);
    assert.equal(await outcome, "shutdown");
    assert.deepEqual(transport.writes, ["421 bye"]);
    assert.equal(clock.pending(), 0);
  }
});

Deno.test("shutdown before the start is thrown at the first wait", async () => {
  const transport = fakeTransport(null, null);
  const outcome = await drive(interrupted(() => echo()), transport, null, {
    clock: fakeClock(),
    signal: AbortSignal.abort(),
  });
  assert.equal(outcome, "shutdown");
});

Deno.test("a lost connection is thrown into the session, and nothing more is said", async () => {
  const transport = fakeTransport();
  const { outcome } = start(
    interrupted(function* () {
      yield* read();
    }, "421 bye"),
    transport,
  );
  await settle();
  transport.lose();
  assert.equal(await outcome, "lost");
  assert.deepEqual(transport.writes, []);
  assert.equal(transport.state, "closed");
});

Deno.test("a wake ends a wait for bytes, and bytes that come meanwhile are not lost", async () => {
  const transport = fakeTransport();
  const wake = Promise.withResolvers<void>();
  const work = Promise.withResolvers<void>();
  const signals: AbortSignal[] = [];
  const { outcome } = start(
    (function* (): Session<null, string> {
      const first = yield* readOrWake((_, signal) => {
        signals.push(signal);
        return wake.promise;
      });
      assert.equal(first, "wake");
      yield* call(() => work.promise);
      const second = yield* read();
      const third = yield* readOrWake(() => new Promise(() => {}));
      return `${decode(second!)}, ${decode(third as Uint8Array)}`;
    })(),
    transport,
  );
  await settle();
  assert.ok(transport.reading);
  wake.resolve();
  await settle();
  assert.ok(signals[0]!.aborted, "the wake was told that nobody waits for it any more");
  transport.feed("first bytes"); // while nobody waits for them
  await settle();
  work.resolve();
  transport.feed("next bytes");
  transport.feed(null);
  assert.equal(await outcome, "first bytes, next bytes");
});

Deno.test("a wake that fails is thrown into the session", async () => {
  const transport = fakeTransport();
  const { outcome } = start(
    (function* (): Session<null> {
      yield* readOrWake(() => Promise.reject(new Error("the store is gone")));
    })(),
    transport,
  );
  await settle();
  transport.feed(null);
  await assert.rejects(outcome, /the store is gone/);
  assert.equal(transport.state, "closed");
});

Deno.test("a peer that does not read is cut off, although its bytes still come", async () => {
  const transport = fakeTransport();
  const { outcome, clock } = start(
    interrupted(function* () {
      yield* deadline(1_000);
      yield* read();
    }, "421 bye"),
    transport,
  );
  transport.stall();
  await clock.pass(1_000);
  // The read that was interrupted ends now, while the last words wait for the peer.
  transport.feed("x");
  await clock.pass(2_000);
  assert.equal(await outcome, "deadline");
  assert.equal(transport.state, "closed");
  assert.equal(clock.pending(), 0);
});

Deno.test("a session that fails ends the connection and runs its own finally", async () => {
  const transport = fakeTransport(null);
  let closed = false;
  const { outcome, clock } = start(
    (function* (): Session<null> {
      try {
        yield* write(encode("some words"));
        throw new Error("a bug");
      } finally {
        closed = true;
      }
    })(),
    transport,
  );
  await assert.rejects(outcome, /a bug/);
  assert.ok(closed);
  assert.equal(transport.state, "closed");
  assert.equal(clock.pending(), 0);
});

Deno.test("drive upgrades to TLS after what was said before, and traces what it is told", async () => {
  const transport = fakeTransport(null);
  const { outcome, traced } = start(
    (function* (): Session<null, string> {
      yield* trace("self", encode("220 go ahead"));
      yield* write(encode("220 go ahead\r\n"));
      return (yield* startTls({ side: "server", identity: fakeIdentity([]) })).version;
    })(),
    transport,
  );
  assert.equal(await outcome, "TLSv1.3");
  assert.deepEqual(transport.writes, ["220 go ahead\r\n"]);
  assert.deepEqual(traced, ["self: 220 go ahead"]);
});

Deno.test("what a peer sends behind the end is read up to a megabyte, and no further", async () => {
  const transport = fakeTransport("QUIT\r\n");
  const { outcome, clock } = start(echo(), transport);
  await settle();
  assert.equal(transport.state, "half");
  for (let sent = 0; sent < 15; sent++) transport.feed("x".repeat(64 * 1024));
  await settle();
  assert.equal(transport.state, "half", "it may still say a little");
  transport.feed("x".repeat(64 * 1024));
  await outcome;
  assert.equal(transport.state, "closed");
  assert.equal(clock.pending(), 0);
});

Deno.test("what a peer said before it left can be read when nothing can be written any more", async () => {
  const transport = fakeTransport("552 too large\r\n", null);
  transport.write = () => Promise.reject(new NetError("lost", "the connection broke"));
  const { outcome } = start(
    (function* (): Session<null, readonly string[]> {
      const reason = yield* interrupted(() => writeNow(encode("x")));
      return [reason, decode((yield* read())!)];
    })(),
    transport,
  );
  assert.deepEqual(await outcome, ["lost", "552 too large\r\n"]);
  assert.equal(transport.state, "closed");
});
