import assert from "$assert";
import check from "$check";
import { createTurns, dealOut, senderKey } from "../lib/store/turns.ts";

Deno.test("senders are told apart by their whole address, and all null senders are one", () => {
  assert.equal(senderKey(null), "");
  assert.equal(senderKey({ local: "al", domain: "abc.com" }), "al@abc.com");
  assert.notEqual(
    senderKey({ local: "a@b", domain: "c.com" }),
    senderKey({ local: "a", domain: "b@c.com" }),
  );
});

Deno.test("whose turn it is is remembered for a thousand hops, then all begin anew", () => {
  const turns = createTurns();
  for (let at = 0; at < 1000; at++) turns.set(`d${at}.test`, "bob");
  turns.set("d0.test", "carol");
  assert.equal(turns.of("d0.test"), "carol");
  assert.equal(turns.of("d999.test"), "bob");
  turns.set("new.test", "dora");
  assert.deepEqual([turns.of("new.test"), turns.of("d0.test")], ["dora", ""]);
  turns.set("new.test", "");
  assert.equal(turns.of("new.test"), "");
});

Deno.test("dealing out gives each its share before anybody gets more", () => {
  const counts = check.array(check.nat(8), { maxLength: 6 });
  check.assert(check.property(counts, check.nat(30), (counts, max) => {
    const people = counts.map((count, who) =>
      Array.from({ length: count }, (_, at) => ({ who, at }))
    );
    const dealt = dealOut(people, max, (one, other) => one.who - other.who);
    assert.equal(dealt.length, Math.min(max, people.flat().length));
    const got = people.map((_, who) => dealt.filter((each) => each.who === who).length);
    for (const [who, each] of got.entries()) {
      // Whoever has more to give got at most one less than anybody else.
      if (each < counts[who]!) assert.ok(Math.max(...got) <= each + 1);
    }
  }));
});
