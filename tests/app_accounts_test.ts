/** Who may log in, and what an attempt costs. */
import assert from "$assert";
import { type Accounts, createAccounts, type LoginPeer } from "../lib/app/accounts.ts";
import { denoWorld } from "../lib/net/deno.ts";
import type { World } from "../lib/net/world.ts";
import { ACCOUNT_FAILURES_FREE } from "../lib/policy/logins.ts";
import type { ScramStart } from "../lib/sasl/mechanism.ts";
import { makeSecret, SALT_BYTES } from "../lib/sasl/secret.ts";
import { openMemoryStore } from "../lib/store/memory.ts";
import type { Store } from "../lib/store/store.ts";
import { type FakeClock, fakeClock } from "./fake_transport.ts";

interface Place extends AsyncDisposable {
  readonly store: Store;
  readonly accounts: Accounts;
  readonly clock: FakeClock;
  /** The rounds of each PBKDF2 since the last time that this was asked. */
  costs(): readonly number[];
  setPassword(password: string): Promise<void>;
}

const PEER: LoginPeer = { address: "192.0.2.1", signal: new AbortController().signal };

/**
 * The domain abc.com with the account alice, whose password is `secret`. With `slept`, waits are
 * written down there, and time passes by itself.
 */
async function place(slept?: number[]): Promise<Place> {
  const real = denoWorld();
  const clock = fakeClock();
  let costs: number[] = [];
  const world: World = {
    ...real,
    clock: slept === undefined ? clock : {
      ...clock,
      async sleep(ms) {
        slept.push(ms);
        await clock.pass(ms);
      },
    },
    work: {
      pbkdf2(password, salt, iterations) {
        costs.push(iterations);
        return real.work.pbkdf2(password, salt, 1);
      },
    },
  };
  const secretOf = (password: string) =>
    makeSecret(password, world.random.bytes(SALT_BYTES), world.work.pbkdf2);
  const store = openMemoryStore({ turn: real.clock.turn });
  const { id } = await store.users.add("alice@abc.com", await secretOf("secret"), 0);
  costs = [];
  return {
    store,
    clock,
    accounts: createAccounts({
      world,
      users: store.users,
      aliases: store.aliases,
      domains: ["abc.com"],
      allowedSenders: new Map(),
      limitLoopback: false,
    }),
    costs: () => costs.splice(0),
    async setPassword(password) {
      await store.users.setSecret(id, await secretOf(password));
      costs = [];
    },
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}

/** The name of whoever is logged in, or why nobody is. */
async function login(at: Place, user: string, password: string, peer = PEER): Promise<string> {
  const result = await at.accounts.login(user, password, peer);
  return typeof result === "string" ? result : result.name;
}

async function begin(at: Place, user: string): Promise<ScramStart> {
  const start = await at.accounts.secret(user, PEER);
  if (start === "later") throw new Error("it is too early");
  return start;
}

Deno.test("a login with a name that is not there costs what a wrong password costs", async () => {
  await using at = await place();
  assert.equal(await login(at, "alice", "wrong"), "refused");
  const wrong = at.costs();
  assert.equal(wrong.length, 1);
  for (const name of ["nobody", "alice@xyz.com", "", "no name\0at all", "alice@"]) {
    assert.equal(await login(at, name, "wrong"), "refused");
    assert.deepEqual(at.costs(), wrong, name);
  }
});

Deno.test("a login that was remembered is refused with another password, and after a change", async () => {
  await using at = await place();
  for (const cost of [1, 0, 0]) {
    assert.equal(await login(at, "alice", "secret"), "alice@abc.com");
    assert.equal(at.costs().length, cost);
  }
  assert.equal(await login(at, "alice", "Secret"), "refused");
  assert.equal(await login(at, "alice", ""), "refused");
  assert.equal(await login(at, "bob", "secret"), "refused");
  await at.setPassword("changed");
  assert.equal(await login(at, "alice", "secret"), "refused");
  assert.equal(await login(at, "alice", "changed"), "alice@abc.com");
});

Deno.test("the secrets of one account are one, however it is named and whether it is there", async () => {
  await using at = await place();
  const secretOf = async (user: string) => (await begin(at, user)).secret;
  for (const name of ["alice", "nobody"]) {
    const secret = await secretOf(name);
    for (const same of [name.toUpperCase(), `${name}@abc.com`, `${name}@ABC.com`]) {
      assert.deepEqual(await secretOf(same), secret, same);
    }
    assert.equal(secret.salt.length, SALT_BYTES);
    assert.equal(secret.iterations, 15_000);
  }
  assert.notDeepEqual(await secretOf("nobody"), await secretOf("somebody"));
});

Deno.test("an exchange of SCRAM begins with a nonce of its own each time", async () => {
  await using at = await place();
  const nonces = new Set<string>();
  for (const user of ["alice", "alice", "nobody", "nobody"]) {
    const start = await begin(at, user);
    assert.match(start.nonce, /^[A-Za-z0-9+/]{24}$/);
    nonces.add(start.nonce);
  }
  assert.equal(nonces.size, 4);
});

Deno.test("a proof logs in only who is there, and only when it is right", async () => {
  await using at = await place();
  const nameOf = (user: string, right: boolean) => {
    const result = at.accounts.proven(user, right, PEER);
    return typeof result === "string" ? result : result.name;
  };
  assert.equal(nameOf("Alice", true), "alice@abc.com");
  assert.equal(nameOf("alice", false), "refused");
  assert.equal(nameOf("nobody", true), "refused");
});

for (const user of ["alice", "nobody"]) {
  Deno.test(`guesses at ${user} wait ever longer, whatever the mechanism, and then come in vain`, async () => {
    const slept: number[] = [];
    await using at = await place(slept);
    const guesses: (number | "later")[] = [];
    for (let guess = 0; guess < ACCOUNT_FAILURES_FREE + 8; guess++) {
      // A new address each time, as those have who want to be counted nowhere.
      const peer = { ...PEER, address: `198.51.100.${guess}` };
      const answer = guess % 2 === 0
        ? await login(at, user, "wrong", peer)
        : await at.accounts.secret(user, peer);
      const [waitMs = 0] = slept.splice(0);
      guesses.push(answer === "later" ? answer : waitMs / 1000);
    }
    assert.deepEqual(guesses, [
      ...Array.from({ length: ACCOUNT_FAILURES_FREE + 1 }, () => 0),
      ...[1, 2, 4, 8, 16, "later", "later"],
    ]);
  });
}

Deno.test("guesses from elsewhere do not shut an account where its owner has logged in before", async () => {
  await using at = await place();
  assert.equal(await login(at, "alice", "secret"), "alice@abc.com");
  for (let guess = 0; guess <= ACCOUNT_FAILURES_FREE; guess++) {
    const peer = { ...PEER, address: `198.51.100.${guess}` };
    assert.equal(await login(at, "alice", "wrong", peer), "refused");
  }
  const startMs = at.clock.monotonicMs();
  assert.equal(await login(at, "alice", "secret"), "alice@abc.com");
  assert.equal(at.clock.monotonicMs(), startMs);
});

Deno.test("whoever waits for a guess to be looked at is let go when the server stops", async () => {
  await using at = await place();
  for (let guess = 0; guess <= ACCOUNT_FAILURES_FREE; guess++) await login(at, "alice", "wrong");
  const stop = new AbortController();
  const waiting = at.accounts.login("alice", "wrong", { ...PEER, signal: stop.signal });
  stop.abort(new Error("the server stops"));
  await assert.rejects(waiting, /the server stops/);
});

Deno.test("what cannot be a name counts as one by its first 255 characters", async () => {
  const slept: number[] = [];
  await using here = await place(slept);
  const long = `no name ${"x".repeat(247)}`;
  for (let at = 0; at <= ACCOUNT_FAILURES_FREE; at++) {
    const peer = { ...PEER, address: `10.0.${at}.1` };
    assert.equal(await here.accounts.login(`${long}${at}`, "guess", peer), "refused");
  }
  assert.deepEqual(slept, []);
  await here.accounts.login(`${long} again`, "guess", { ...PEER, address: "10.1.0.1" });
  assert.deepEqual(slept, [1_000]);
  await here.accounts.login(`other ${long}`, "guess", { ...PEER, address: "10.2.0.1" });
  assert.deepEqual(slept, [1_000], "another beginning is another name");
});

Deno.test("ten thousand logins are remembered, and the oldest is forgotten first", async () => {
  await using here = await place();
  const secret = here.store.users.secret(here.store.users.list()[0]!.id)!;
  let costs = 0;
  const accounts = createAccounts({
    world: {
      ...denoWorld(),
      clock: here.clock,
      work: {
        pbkdf2: (password, salt) => {
          costs++;
          return denoWorld().work.pbkdf2(password, salt, 1);
        },
      },
    },
    // Everybody is there, with the same password.
    users: {
      ...here.store.users,
      find: (name) => ({ id: 1, name, createdAt: 0 }),
      secret: () => secret,
    },
    aliases: here.store.aliases,
    domains: ["abc.com"],
    allowedSenders: new Map(),
    limitLoopback: false,
  });
  const logIn = async (user: number) =>
    typeof await accounts.login(`user${user}`, "secret", PEER) === "object";
  for (let user = 0; user <= 10_000; user++) assert.ok(await logIn(user));
  assert.equal(costs, 10_001);
  assert.ok(await logIn(10_000) && await logIn(1));
  assert.equal(costs, 10_001, "they cost nothing any more");
  assert.ok(await logIn(0));
  assert.equal(costs, 10_002, "the oldest was forgotten");
});
