/** The promises about aliases. */
import assert from "$assert";
import { type OpenStore, storeTest } from "./store_support.ts";

const BOB = { local: "bob", domain: "abc.com" };
const CAROL = { local: "Carol", domain: "xyz.com" };
const SALES = { name: "sales@abc.com", targets: [BOB, CAROL], owner: null };
const TEAM = { name: "team@abc.com", targets: [BOB], owner: CAROL };

export function aliasesConformance(name: string, open: OpenStore): void {
  storeTest(`${name}: aliases are found by name, and listed by it`, open, async (store) => {
    assert.deepEqual(store.aliases.list(), []);
    assert.deepEqual(await store.aliases.update(TEAM.name, () => TEAM), TEAM);
    await store.aliases.update(SALES.name, () => SALES);
    assert.deepEqual(store.aliases.list(), [SALES, TEAM]);
    assert.deepEqual(store.aliases.find("sales@abc.com"), SALES);
    assert.equal(store.aliases.find("Sales@abc.com"), null);
  });

  storeTest(`${name}: aliases are changed and removed`, open, async (store) => {
    await store.aliases.update(SALES.name, () => SALES);
    const changed = { ...SALES, targets: [CAROL], owner: BOB };
    await store.aliases.update(SALES.name, (found) => {
      assert.deepEqual(found, SALES);
      return changed;
    });
    assert.deepEqual(store.aliases.list(), [changed]);
    assert.equal(await store.aliases.update(SALES.name, () => null), null);
    assert.equal(store.aliases.find(SALES.name), null);
    assert.deepEqual(store.aliases.list(), []);
  });

  storeTest(`${name}: aliases lose none of two changes at once`, open, async (store) => {
    const adding = (target: typeof BOB) =>
      store.aliases.update(SALES.name, (found) => ({
        ...SALES,
        targets: [...(found?.targets ?? []), target],
      }));
    await Promise.all([adding(BOB), adding(CAROL)]);
    assert.deepEqual(store.aliases.find(SALES.name), SALES);
  });

  storeTest(`${name}: aliases stay as they were where a change fails`, open, async (store) => {
    await store.aliases.update(SALES.name, () => SALES);
    const failing = store.aliases.update(SALES.name, () => {
      throw new RangeError("no");
    });
    await assert.rejects(failing, /^RangeError: no$/);
    assert.deepEqual(store.aliases.list(), [SALES]);
  });

  storeTest(`${name}: aliases show nothing before the commit`, open, async (store) => {
    const made = store.aliases.update(SALES.name, () => SALES);
    assert.equal(store.aliases.find(SALES.name), null);
    await made;
    assert.deepEqual(store.aliases.find(SALES.name), SALES);
  });

  Deno.test(`${name}: check finds an alias that leads nowhere`, async () => {
    await using store = await open();
    await store.aliases.update(SALES.name, () => ({ ...SALES, targets: [] }));
    assert.deepEqual(await store.check(), ["alias sales@abc.com leads nowhere"]);
  });
}
