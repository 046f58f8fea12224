/** MTA-STS policies: what is remembered about other domains. */
import assert from "$assert";
import { type KeptPolicy, POLICIES_KEPT } from "../../lib/store/policies.ts";
import { type OpenStore, storeTest } from "./store_support.ts";

const POLICY: KeptPolicy = {
  id: "20261124T080000",
  fetchedAt: 1_700_000_000_000,
  mode: "enforce",
  mx: ["mx.xyz.com", "*.xyz.com"],
  maxAgeMs: 604_800_000,
};

export function policiesConformance(name: string, open: OpenStore): void {
  storeTest(`${name}: a policy is found as it was kept, the newest one`, open, async (store) => {
    const { policies } = store;
    assert.equal(await policies.find("xyz.com"), null);
    await policies.keep("xyz.com", POLICY);
    await policies.keep("other.test", { ...POLICY, mode: "none", mx: [] });
    assert.deepEqual(await policies.find("xyz.com"), POLICY);
    const newer = { ...POLICY, id: "2", mode: "testing", fetchedAt: 1 } as const;
    await policies.keep("xyz.com", newer);
    assert.deepEqual(await policies.find("xyz.com"), newer);
    assert.deepEqual((await policies.find("other.test"))?.mx, []);
  });

  storeTest(`${name}: policies that bind and grow old are named, the oldest first`, open, async (
    { policies },
  ) => {
    const times = { fetchedBefore: 2000, now: 5000 };
    const kept = { ...POLICY, fetchedAt: 1000, maxAgeMs: 10_000 };
    await policies.keep("b.test", kept);
    await policies.keep("a.test", { ...kept, fetchedAt: 1001 });
    await policies.keep("c.test", { ...kept, fetchedAt: 999, mode: "testing" });
    await policies.keep("young.test", { ...kept, fetchedAt: 2000 });
    await policies.keep("over.test", { ...kept, maxAgeMs: 4000 });
    await policies.keep("none.test", { ...kept, mode: "none" });
    assert.deepEqual(await policies.aging(times, 10), ["c.test", "b.test", "a.test"]);
    assert.deepEqual(await policies.aging(times, 2), ["c.test", "b.test"]);
    await policies.keep("c.test", { ...kept, fetchedAt: 4000 });
    assert.deepEqual(await policies.aging(times, 10), ["b.test", "a.test"]);
  });

  storeTest(
    `${name}: five thousand policies are kept, and those that were fetched first are forgotten`,
    open,
    async ({ policies }) => {
      const keep = (n: number, fetchedAt: number) =>
        policies.keep(`d${n}.test`, { ...POLICY, fetchedAt });
      await Promise.all(Array.from({ length: POLICIES_KEPT }, (_, n) => keep(n, 1000 + n)));
      await keep(0, 1_000_000); // it is the newest now
      assert.notEqual(await policies.find("d1.test"), null);
      await keep(POLICIES_KEPT, 2_000_000);
      assert.equal(await policies.find("d1.test"), null);
      for (const n of [0, 2, POLICIES_KEPT]) {
        assert.notEqual(await policies.find(`d${n}.test`), null, `${n}`);
      }
    },
  );
}
