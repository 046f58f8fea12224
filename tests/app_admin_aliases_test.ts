/** What an operator asks about aliases, and what is said about names that are given to others. */
import assert from "$assert";
import {
  type AdminAnswer,
  administer,
  type AdminRequest,
  type AdminValues,
} from "../lib/app/admin.ts";
import { TARGETS_MAX } from "../lib/app/admin_aliases.ts";
import { askControl, serveControl } from "../lib/app/control.ts";
import { openMemoryStore } from "../lib/store/memory.ts";
import { type FakeWorld, fakeWorld } from "./fake_world.ts";

interface Setting {
  readonly world: FakeWorld;
  ask(request: AdminRequest): Promise<AdminAnswer>;
  /** What is answered by the running server's socket. */
  askSocket(request: AdminRequest): Promise<AdminAnswer | null>;
}

function startSetting(domain: string | null = "abc.com"): Setting {
  const world = fakeWorld();
  const parts = { world, store: openMemoryStore({ turn: world.clock.turn }), domain };
  return {
    world,
    ask: (request) => administer(parts, request),
    async askSocket(request) {
      const listener = world.net.listenPath("/data/control.sock");
      const stop = new AbortController();
      const served = serveControl({ ...parts, listener, signal: stop.signal });
      const answer = await askControl(world, "/data/control.sock", request);
      listener.close();
      stop.abort();
      await world.clock.pass(10_000);
      await served;
      return answer;
    },
  };
}

async function valueOf<Do extends AdminRequest["do"]>(
  { ask }: Setting,
  request: AdminRequest & { readonly do: Do },
): Promise<AdminValues[Do]> {
  const answer = await ask(request);
  if (!answer.ok) throw new Error(answer.message);
  return answer.value as AdminValues[Do];
}

async function addUser(setting: Setting, name: string) {
  return await valueOf(setting, { do: "user add", name, password: "secret" });
}

function add(name: string, targets: readonly string[], owner?: string) {
  return { do: "alias add", name, targets, ...(owner === undefined ? {} : { owner }) } as const;
}

function remove(name: string, ...targets: readonly string[]) {
  return { do: "alias remove", name, targets } as const;
}

Deno.test("aliases are added to, changed into lists, listed and removed", async () => {
  const setting = startSetting();
  await addUser(setting, "bob");
  const added = await valueOf(setting, add("Sales", ["bob", "Carol@XYZ.com", "BOB"]));
  assert.deepEqual(added, {
    alias: {
      name: "sales@abc.com",
      targets: ["bob@abc.com", "Carol@xyz.com"],
      owner: null,
    },
    warnings: [],
  });
  const more = await valueOf(setting, add("sales", ["dora@xyz.com"], "bob"));
  assert.deepEqual(more.alias.targets, ["bob@abc.com", "Carol@xyz.com", "dora@xyz.com"]);
  assert.equal(more.alias.owner, "bob@abc.com");
  const kept = await valueOf(setting, add("sales", ["erin@xyz.com"]));
  assert.equal(kept.alias.owner, "bob@abc.com", "a list stays one");
  await valueOf(setting, add("@abc.com", ["bob"]));
  const { aliases } = await valueOf(setting, { do: "alias list" });
  assert.deepEqual(aliases.map(({ name }) => name), ["@abc.com", "sales@abc.com"]);

  const less = await valueOf(setting, remove("sales", "BOB", "carol@xyz.com"));
  assert.deepEqual(less.alias?.targets, ["dora@xyz.com", "erin@xyz.com"]);
  const none = await valueOf(setting, remove("sales", "dora@xyz.com", "erin@xyz.com"));
  assert.deepEqual(none, { name: "sales@abc.com", alias: null });
  assert.deepEqual(await valueOf(setting, remove("@abc.com")), { name: "@abc.com", alias: null });
  assert.deepEqual(await valueOf(setting, { do: "alias list" }), { aliases: [] });
});

const MANY = Array.from({ length: TARGETS_MAX + 1 }, (_, at) => `m${at}@xyz.com`);

const WRONG: readonly (readonly [request: AdminRequest, fault: RegExp])[] = [
  [add("sales", []), /^usage: say where sales@abc\.com leads$/],
  [add("sales", ["bob@"]), /^usage: "bob@" is no address: /],
  [add("sales", ["bob"], "a b"), /^usage: "a b" is no address: /],
  [add("two words", ["bob"]), /^usage: "two words" is no address: /],
  [add('"a b"@abc.com', ["bob"]), /^usage: .* is no address: /],
  [add("@not a domain", ["bob"]), /^usage: "@not a domain" is not a domain behind an @$/],
  [add("@", ["bob"]), /^usage: "@" is not a domain behind an @$/],
  [add("all", MANY), /^usage: an alias leads to at most 1000 addresses$/],
  [remove("none"), /^unknown: there is no alias none@abc\.com$/],
  [remove("known", "eve"), /^unknown: known@abc\.com does not lead to eve@abc\.com$/],
];

for (const [request, expected] of WRONG) {
  Deno.test(`${JSON.stringify(request).slice(0, 60)} is answered with ${expected}`, async () => {
    const setting = startSetting();
    await valueOf(setting, add("known", ["bob"]));
    const answer = await setting.ask(request);
    assert.match(answer.ok ? "" : `${answer.kind}: ${answer.message}`, expected);
    const { aliases } = await valueOf(setting, { do: "alias list" });
    assert.deepEqual(aliases.map(({ name }) => name), ["known@abc.com"]);
  });
}

Deno.test("without a domain of its own, names of aliases and targets have to be whole", async () => {
  const { ask } = startSetting(null);
  for (const request of [add("sales", ["bob@abc.com"]), add("sales@abc.com", ["bob"])]) {
    const answer = await ask(request);
    assert.match(answer.ok ? "" : answer.message, /^say which domain: /);
  }
  assert.equal((await ask(add("sales@abc.com", ["bob@abc.com"]))).ok, true);
});

Deno.test("what may not have been meant is said", async () => {
  const setting = startSetting();
  await addUser(setting, "alice");
  const warnings = async (request: ReturnType<typeof add>) =>
    (await valueOf(setting, request)).warnings;
  assert.deepEqual(await warnings(add("sales", ["bob", "alice+x", "carol@xyz.com"], "boss")), [
    "There is nobody with the address bob@abc.com yet.",
    "There is nobody with the address boss@abc.com yet.",
  ]);
  assert.deepEqual(await warnings(add("alice", ["carol@xyz.com"])), [
    "Mail to alice@abc.com goes where the alias of that name leads.",
  ]);
  assert.deepEqual(await warnings(add("alice", ["alice"])), [], "with a copy for herself");
  assert.deepEqual(await warnings(add("@second.test", ["any@second.test"])), [
    "There is nobody with the address any@second.test yet.",
  ]);
});

Deno.test("an account that is made under an alias is told of it, and one that goes leaves it", async () => {
  const setting = startSetting();
  await addUser(setting, "bob");
  await valueOf(setting, add("sales", ["bob", "carol@xyz.com"]));
  await valueOf(setting, add("team", ["bob"], "bob"));
  assert.deepEqual((await addUser(setting, "sales")).warnings, [
    "Mail to sales@abc.com goes where the alias of that name leads.",
  ]);
  const { warnings } = await valueOf(setting, { do: "user remove", name: "bob" });
  assert.deepEqual(warnings, [
    "The alias sales@abc.com still leads to bob@abc.com.",
    "The alias team@abc.com still leads to bob@abc.com.",
    "The list team@abc.com still has the owner bob@abc.com.",
  ]);
});

Deno.test("the control socket takes a thousand addresses in one request", async () => {
  const setting = startSetting();
  const long = MANY.slice(1).map((each) => `${"x".repeat(50)}${each}`);
  const answer = await setting.askSocket(add("all", long));
  assert.equal(answer?.ok, true);
  const { aliases } = await valueOf(setting, { do: "alias list" });
  assert.equal(aliases[0]!.targets.length, TARGETS_MAX);
});
