/** Who may log in, and what an attempt costs. */
import assert from "$assert";
import { type Accounts, createAccounts } from "../lib/app/accounts.ts";
import { denoWorld } from "../lib/net/deno.ts";
import type { World } from "../lib/net/world.ts";
import { makeSecret, SALT_BYTES } from "../lib/sasl/secret.ts";
import { openMemoryStore } from "../lib/store/memory.ts";
import type { Store } from "../lib/store/store.ts";

interface Place extends AsyncDisposable {
  readonly store: Store;
  readonly accounts: Accounts;
  /** The rounds of each PBKDF2 since the last time that this was asked. */
  costs(): readonly number[];
  setPassword(password: string): Promise<void>;
}

/** The domain abc.com with the account alice, whose password is `secret`. */
async function place(): Promise<Place> {
  const real = denoWorld();
  let costs: number[] = [];
  const world: World = {
    ...real,
    work: {
      pbkdf2(password, salt, iterations) {
        costs.push(iterations);
        return real.work.pbkdf2(password, salt, 1);
      },
    },
  };
  const secretOf = (password: string) =>
    makeSecret(password, world.random.bytes(SALT_BYTES), world.work.pbkdf2);
  const store = openMemoryStore({ turn: world.clock.turn });
  const { id } = await store.users.add("alice@abc.com", await secretOf("secret"), 0);
  costs = [];
  return {
    store,
    accounts: createAccounts({ world, users: store.users, domains: ["abc.com"] }),
    costs: () => costs.splice(0),
    async setPassword(password) {
      await store.users.setSecret(id, await secretOf(password));
      costs = [];
    },
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}

Deno.test("a login with a name that is not there costs what a wrong password costs", async () => {
  await using at = await place();
  assert.equal(await at.accounts.login("alice", "wrong"), null);
  const wrong = at.costs();
  assert.equal(wrong.length, 1);
  for (const name of ["nobody", "alice@xyz.com", "", "no name\0at all", "alice@"]) {
    assert.equal(await at.accounts.login(name, "wrong"), null);
    assert.deepEqual(at.costs(), wrong, name);
  }
});

Deno.test("a login that was remembered is refused with another password, and after a change", async () => {
  await using at = await place();
  for (const cost of [1, 0, 0]) {
    assert.equal((await at.accounts.login("alice", "secret"))?.name, "alice@abc.com");
    assert.equal(at.costs().length, cost);
  }
  assert.equal(await at.accounts.login("alice", "Secret"), null);
  assert.equal(await at.accounts.login("alice", ""), null);
  assert.equal(await at.accounts.login("bob", "secret"), null);
  await at.setPassword("changed");
  assert.equal(await at.accounts.login("alice", "secret"), null);
  assert.equal((await at.accounts.login("alice", "changed"))?.name, "alice@abc.com");
});
