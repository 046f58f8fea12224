import assert from "$assert";
import {
  CONNECTIONS_PER_MINUTE_MAX,
  createVisitors,
  MISSES_MAX,
  RECIPIENTS_PER_MINUTE_MAX,
  type VisitorsOptions,
} from "../lib/policy/visitors.ts";

const A = "192.0.2.1";
const B = "192.0.2.2";

function visitors(options: Partial<VisitorsOptions> = {}) {
  return createVisitors({
    connectionsMax: 3,
    messagesPerMinuteMax: 10,
    limitLoopback: false,
    isProxy: () => false,
    ...options,
  });
}

Deno.test("one network has so many connections at once, and others theirs", () => {
  const guests = visitors();
  for (let at = 0; at < 3; at++) assert.equal(guests.enter(A, 0), "welcome");
  assert.equal(guests.enter(A, 0), "tooMany");
  assert.equal(guests.enter(B, 0), "welcome");
  guests.leave(A);
  assert.equal(guests.enter(A, 0), "welcome");
  assert.equal(guests.enter(A, 0), "tooMany");
  // Whoever has one address of IPv6 has the whole /64.
  const wide = visitors();
  for (const end of ["1", "2", "ffff"]) assert.equal(wide.enter(`2001:db8::${end}`, 0), "welcome");
  assert.equal(wide.enter("2001:db8:0:0:9::", 0), "tooMany");
  assert.equal(wide.enter("2001:db8:0:1::", 0), "welcome");
});

Deno.test("one network opens so many connections in a minute", () => {
  const guests = visitors();
  const visit = (nowMs: number) => {
    const entered = guests.enter(A, nowMs);
    if (entered === "welcome") guests.leave(A);
    return entered;
  };
  for (let at = 0; at < CONNECTIONS_PER_MINUTE_MAX; at++) assert.equal(visit(0), "welcome");
  assert.equal(visit(0), "tooFast");
  assert.equal(visit(100), "tooFast");
  assert.equal(visit(200), "welcome", "300 in a minute are one in 200 ms");
  assert.equal(visit(200), "tooFast");
});

Deno.test("one network, and one account wherever it is, hands over so many messages", () => {
  const guests = visitors();
  for (let at = 0; at < 10; at++) assert.ok(guests.mayMail(A, null, 0));
  assert.ok(!guests.mayMail(A, null, 0));
  assert.ok(guests.mayMail(B, null, 0));
  assert.ok(guests.mayMail(A, null, 6_000));
  // Many may send from one office, each for themselves.
  for (let at = 0; at < 10; at++) assert.ok(guests.mayMail(at % 2 ? A : B, "alice@abc.com", 0));
  assert.ok(!guests.mayMail(B, "alice@abc.com", 0));
  assert.ok(guests.mayMail(A, "bob@abc.com", 0));
});

Deno.test("one network names so many recipients, and a large group by itself", () => {
  const guests = visitors();
  assert.ok(guests.mayName(A, null, RECIPIENTS_PER_MINUTE_MAX, 0));
  assert.ok(!guests.mayName(A, null, 1, 0));
  assert.ok(guests.mayName(A, "alice@abc.com", RECIPIENTS_PER_MINUTE_MAX + 1, 0));
});

Deno.test("whoever names a hundred who are not here is let in again when that is forgotten", () => {
  const guests = visitors();
  for (let at = 0; at < MISSES_MAX; at++) guests.missed(A, 0);
  assert.equal(guests.enter(A, 0), "unwelcome");
  assert.equal(guests.enter(B, 0), "welcome");
  assert.equal(guests.enter(A, 30_000), "welcome");
  // Beyond twice as many nothing is counted: it is forgotten in less than two hours.
  for (let at = 0; at < 10_000; at++) guests.missed(A, 30_000);
  assert.equal(guests.enter(A, 30_000 + 101 * 30_000), "welcome");
});

Deno.test("answers to whoever gropes come later and later, over all connections", () => {
  const guests = visitors();
  const waits = Array.from({ length: 102 }, () => guests.missed(A, 0));
  assert.deepEqual(waits.slice(18, 21), [0, 0, 1_000], "the twenty-first waits");
  assert.deepEqual([30, 40, 50, 60].map((at) => waits[at]), [2_000, 4_000, 8_000, 16_000]);
  assert.deepEqual(waits.slice(70, 100), Array.from({ length: 30 }, () => 30_000));
  assert.deepEqual(waits.slice(100), ["unwelcome", "unwelcome"]);
  assert.equal(guests.missed(B, 0), 0);
  assert.equal(guests.missed(A, 100 * 30_000), 0, "and at once when that is forgotten");
});

Deno.test("proxies are spared: theirs are the connections of many", () => {
  const guests = visitors({ isProxy: (address) => address === A });
  const entered = (address: string) => Array.from({ length: 5 }, () => guests.enter(address, 0));
  assert.ok(entered(A).every((each) => each === "welcome"));
  assert.ok(Array.from({ length: 20 }, () => guests.mayMail(A, null, 0)).every(Boolean));
  assert.ok(entered(B).includes("tooMany"));
});

Deno.test("this machine is spared, unless it is not to be", () => {
  for (const limitLoopback of [false, true]) {
    const guests = visitors({ limitLoopback });
    for (let at = 0; at < 500; at++) {
      guests.enter("127.0.0.1", 0);
      guests.missed("::1", 0);
    }
    assert.equal(guests.enter("127.0.0.1", 0), limitLoopback ? "unwelcome" : "welcome");
    const messages = Array.from({ length: 20 }, () => guests.mayMail("::1", "alice@abc.com", 0));
    assert.equal(messages.every(Boolean), !limitLoopback);
  }
});

Deno.test("ten thousand networks are remembered, and the one that was quiet longest is forgotten", () => {
  const guests = visitors();
  for (let at = 0; at < 10; at++) guests.mayMail(A, null, 0);
  for (let at = 0; at < 9_999; at++) guests.mayMail(`10.${at >> 8}.${at & 255}.1`, null, 0);
  assert.ok(!guests.mayMail(A, null, 0));
  for (let at = 0; at < 10_000; at++) guests.mayMail(`11.${at >> 8}.${at & 255}.1`, null, 0);
  assert.ok(guests.mayMail(A, null, 0));
});
