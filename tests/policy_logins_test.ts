/** What guessing costs, in time that is only told. */
import assert from "$assert";
import {
  ACCOUNT_FAILURES_FREE,
  ADDRESS_FAILURES_FREE,
  createLoginGuard,
  FORGOTTEN_MS,
  type LoginGuard,
} from "../lib/policy/logins.ts";

const ALICE = { account: "alice@abc.com", address: "192.0.2.1" };

/** Fails so often from as many addresses. */
function fail(guard: LoginGuard, times: number, account = ALICE.account, nowMs = 0): void {
  for (let at = 0; at < times; at++) guard.attempt({ account, address: `10.1.${at}.1` }, nowMs);
}

Deno.test("the guard lets some failures pass, and doubles the wait from then on", () => {
  const guard = createLoginGuard({ limitLoopback: false });
  fail(guard, ACCOUNT_FAILURES_FREE);
  assert.equal(guard.attempt(ALICE, 0), 0);
  let nowMs = 0;
  for (const seconds of [1, 2, 4, 8, 16]) {
    const waitMs = guard.attempt(ALICE, nowMs);
    assert.equal(waitMs, seconds * 1000);
    nowMs += waitMs!;
  }
  assert.equal(guard.attempt(ALICE, nowMs), null); // it would be 32 s
  assert.equal(guard.attempt(ALICE, nowMs + 2_000), 30_000);
  // Another account at another address knows nothing of it.
  assert.equal(guard.attempt({ account: "bob@abc.com", address: "192.0.2.9" }, nowMs), 0);
});

Deno.test("attempts at the same time stand in one line", () => {
  const guard = createLoginGuard({ limitLoopback: false });
  fail(guard, ACCOUNT_FAILURES_FREE);
  const waits = Array.from(
    { length: 100 },
    (_, at) => guard.attempt({ ...ALICE, address: `10.2.${at}.1` }, 0),
  );
  assert.deepEqual(waits.slice(0, 5), [0, 1_000, 3_000, 7_000, 15_000]);
  assert.ok(waits.slice(5).every((each) => each === null));
});

Deno.test("an address that tries many accounts is slowed down, and so is its whole network of IPv6", () => {
  for (
    const [first, second, third] of [
      ["192.0.2.7", "192.0.2.7", "192.0.2.8"],
      ["::ffff:192.0.2.7", "192.0.2.7", "::ffff:192.0.2.8"],
      ["2001:db8:1:2::1", "2001:DB8:1:2:ffff::", "2001:db8:1:3::1"],
      ["2001:db8::1", "2001:db8:0:0:1::", "2001:db8:0:1::1"],
    ] as const
  ) {
    const guard = createLoginGuard({ limitLoopback: false });
    for (let at = 0; at <= ADDRESS_FAILURES_FREE; at++) {
      assert.equal(guard.attempt({ account: `user${at}@abc.com`, address: first }, 0), 0);
    }
    assert.equal(guard.attempt({ account: "fresh@abc.com", address: second }, 0), 1_000, second);
    assert.equal(guard.attempt({ account: "other@abc.com", address: third }, 0), 0, third);
  }
});

Deno.test("a right password takes its attempt back", () => {
  const guard = createLoginGuard({ limitLoopback: false });
  for (let at = 0; at < 100; at++) {
    const attempt = { account: `user${at}@abc.com`, address: "192.0.2.1" };
    assert.equal(guard.attempt(attempt, 0), 0);
    guard.succeeded(attempt, 0);
  }
  assert.equal(guard.attempt(ALICE, 0), 0);
});

Deno.test("the owner of one account cannot guess at others for nothing", () => {
  const guard = createLoginGuard({ limitLoopback: false });
  const mallory = { account: "mallory@abc.com", address: "192.0.2.1" };
  let refused = 0;
  for (let at = 0; at < 100; at++) {
    if (guard.attempt(ALICE, 0) !== 0) refused++;
    if (guard.attempt(mallory, 0) !== null) guard.succeeded(mallory, 0);
  }
  assert.ok(refused >= 100 - ACCOUNT_FAILURES_FREE - 1);
});

Deno.test("from where the owner has logged in, only what fails there counts", () => {
  const guard = createLoginGuard({ limitLoopback: false });
  assert.equal(guard.attempt(ALICE, 0), 0);
  guard.succeeded(ALICE, 0);
  fail(guard, 100);
  assert.equal(guard.attempt({ ...ALICE, address: "192.0.2.9" }, 0), null);
  for (let at = 0; at <= ACCOUNT_FAILURES_FREE; at++) assert.equal(guard.attempt(ALICE, 0), 0);
  assert.equal(guard.attempt(ALICE, 0), 1_000);
});

Deno.test("failures are forgotten one by one, however many there were", () => {
  const guard = createLoginGuard({ limitLoopback: false });
  let nowMs = 0;
  for (let at = 0; at < 1_000; at++) guard.attempt(ALICE, nowMs += 61_000);
  assert.equal(guard.attempt(ALICE, nowMs), null);
  nowMs += 9 * FORGOTTEN_MS;
  assert.equal(guard.attempt(ALICE, nowMs), 0);
  assert.equal(guard.attempt(ALICE, nowMs), 0);
});

Deno.test("this machine is spared, unless it is not to be", () => {
  for (const address of ["127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1"]) {
    const spared = createLoginGuard({ limitLoopback: false });
    const limited = createLoginGuard({ limitLoopback: true });
    for (let at = 0; at < 100; at++) {
      assert.equal(spared.attempt({ ...ALICE, address }, 0), 0);
      limited.attempt({ ...ALICE, address }, 0);
    }
    assert.equal(limited.attempt({ ...ALICE, address }, 0), null);
    // What fails here does not count elsewhere either.
    assert.equal(spared.attempt(ALICE, 0), 0);
  }
});

Deno.test("the guard remembers 10,000 accounts, and forgets those first that were quiet longest", () => {
  const guard = createLoginGuard({ limitLoopback: false });
  const lasting = { account: "lasting@abc.com", address: "192.0.2.5" };
  const quiet = { account: "quiet@abc.com", address: "192.0.2.6" };
  for (const each of [lasting, quiet]) {
    for (let at = 0; at <= ACCOUNT_FAILURES_FREE + 4; at++) guard.attempt(each, 0);
    assert.equal(guard.attempt(each, 0), null);
  }
  for (let at = 0; at < 10_000; at++) {
    const address = `10.${at >> 16}.${(at >> 8) & 255}.${at & 255}`;
    guard.attempt({ account: `user${at}@abc.com`, address }, 0);
    if (at % 100 === 0) guard.attempt(lasting, 0);
  }
  assert.equal(guard.attempt({ ...lasting, address: "192.0.2.77" }, 0), null);
  assert.equal(guard.attempt({ ...quiet, address: "192.0.2.78" }, 0), 0);
});

Deno.test("the wait does not grow beyond a minute, however many guesses there were", () => {
  const guard = createLoginGuard({ limitLoopback: false });
  fail(guard, ACCOUNT_FAILURES_FREE);
  let nowMs = 0;
  for (let guesses = 0; guesses < 100; guesses++) {
    while (guard.attempt(ALICE, nowMs) === null) nowMs += 1_000;
  }
  // The last one was let in after what is left of its minute, which is held for 30 s at most.
  const since = nowMs;
  while (guard.attempt(ALICE, nowMs) === null) nowMs += 1_000;
  assert.ok(nowMs - since > 10_000 && nowMs - since <= 60_000, `${nowMs - since} ms`);
});
