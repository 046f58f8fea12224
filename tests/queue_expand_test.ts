/** Who gets what is sent to an address: aliases, lists, tags, and what leads round in circles. */
import assert from "$assert";
import * as check from "$check";
import { type Address, formatAddress, parseMailbox } from "../lib/mail/address.ts";
import {
  ALIAS_DEPTH_MAX,
  copiesOf,
  type Directory,
  expand,
  type Expansion,
  EXPANSION_MAX,
  type Member,
  soleAccount,
} from "../lib/queue/expand.ts";

/** `[targets, owner]`, or only targets. */
type Leads = string | readonly [targets: string, owner: string];

/** abc.com, and second.test without accounts; `@domain` takes everything. */
function directory(accounts: string, aliases: Readonly<Record<string, Leads>> = {}): Directory {
  const names = accounts.split(" ").filter((name) => name !== "");
  const account = (name: string) => {
    const id = names.indexOf(name);
    return id === -1 ? null : { id, name, createdAt: 0 };
  };
  return {
    domains: ["abc.com", "second.test"],
    account,
    postmaster: () => account(names[0] ?? ""),
    alias(name) {
      const leads = aliases[name];
      if (leads === undefined) return null;
      const [targets, owner] = typeof leads === "string" ? [leads, null] : leads;
      return {
        name,
        targets: targets.split(" ").map((each) => parseMailbox(each)),
        owner: owner === null ? null : parseMailbox(owner),
      };
    },
  };
}

function addressOf(text: string): Address {
  return text.includes("@") ? parseMailbox(text) : { local: text, domain: "" };
}

function nameOf(member: Member): string {
  switch (member.kind) {
    case "account":
      return member.account.name;
    case "elsewhere":
      return formatAddress(member.address);
    case "list":
      return `list ${member.name}`;
  }
}

/** `who who; list: who who`, or the fault. */
function shown(expansion: Expansion | string): string {
  if (typeof expansion === "string") return expansion;
  const lists = expansion.lists.map(({ name, owner, members }) =>
    `; ${name} of ${formatAddress(owner)}: ${members.map(nameOf).join(" ")}`
  );
  return expansion.members.map(nameOf).join(" ") + lists.join("");
}

/** @throws {TypeError} for a fault */
function whole(expansion: Expansion | string): Expansion {
  if (typeof expansion === "string") throw new TypeError(expansion);
  return expansion;
}

const A = "alice@abc.com";
const B = "bob@abc.com";
const C = "carol@xyz.com";

const CASES: readonly {
  readonly what: string;
  readonly to: string;
  readonly accounts?: string;
  readonly aliases?: Readonly<Record<string, Leads>>;
  readonly gives: string;
}[] = [
  { what: "an account", to: "Alice@abc.com", gives: A },
  { what: "an account with a tag", to: "alice+news@abc.com", gives: A },
  { what: "nobody", to: "nobody@abc.com", gives: "unknown" },
  { what: "nobody in another domain", to: "alice@second.test", gives: "unknown" },
  {
    what: "an alias",
    to: "SALES@abc.com",
    aliases: { "sales@abc.com": `${B} ${C}` },
    gives: `${B} ${C}`,
  },
  { what: "an alias with a tag", to: "sales+x@abc.com", aliases: { "sales@abc.com": B }, gives: B },
  {
    what: "a tag that has an alias of its own",
    to: "alice+x@abc.com",
    aliases: { "alice+x@abc.com": B },
    gives: B,
  },
  { what: "an alias before an account of its name", to: A, aliases: { [A]: B }, gives: B },
  {
    what: "a user who leads to themselves and others",
    to: A,
    aliases: { [A]: `${A} ${C}` },
    gives: `${A} ${C}`,
  },
  {
    what: "a user who leads to themselves with a tag",
    to: A,
    aliases: { [A]: "alice+x@abc.com" },
    gives: A,
  },
  { what: "two users who lead to each other", to: A, aliases: { [A]: B, [B]: A }, gives: A },
  {
    what: "two users who share their mail",
    to: B,
    aliases: { [A]: `${A} ${B}`, [B]: `${B} ${A}` },
    gives: `${B} ${A}`,
  },
  {
    what: "an alias that leads to itself only",
    to: "x@abc.com",
    aliases: { "x@abc.com": "x@abc.com" },
    gives: "nobody",
  },
  {
    what: "a loop of aliases with somebody beside it",
    to: "x@abc.com",
    aliases: { "x@abc.com": `y@abc.com ${B}`, "y@abc.com": "x@abc.com" },
    gives: B,
  },
  {
    what: "an alias whose users are gone",
    to: "x@abc.com",
    aliases: { "x@abc.com": "old@abc.com" },
    gives: "nobody",
  },
  {
    what: "two ways to one account",
    to: "x@abc.com",
    aliases: { "x@abc.com": `y@abc.com ${B} bob+t@abc.com`, "y@abc.com": `${B} ${C} ${C}` },
    gives: `${B} ${C}`,
  },
  { what: "who takes everything", to: "any@second.test", aliases: { "@second.test": B }, gives: B },
  {
    what: "who takes everything only of what nobody has",
    to: "alice+t@abc.com",
    aliases: { "@abc.com": B },
    gives: A,
  },
  {
    what: "who takes everything, who is gone",
    to: "any@abc.com",
    aliases: { "@abc.com": "old@abc.com" },
    gives: "nobody",
  },
  { what: "the postmaster", to: "postmaster@second.test", gives: A },
  { what: "the postmaster without a domain", to: "Postmaster", gives: A },
  {
    what: "abuse, which who takes everything does not get",
    to: "abuse@abc.com",
    aliases: { "@abc.com": B },
    gives: A,
  },
  {
    what: "the postmaster with an alias",
    to: "Postmaster",
    aliases: { "postmaster@abc.com": C },
    gives: C,
  },
  {
    what: "the postmaster where there is no account",
    to: "Postmaster",
    accounts: "",
    gives: "unknown",
  },
  {
    what: "a list",
    to: "team@abc.com",
    aliases: { "team@abc.com": [`${A} ${C}`, B] },
    gives: `list team@abc.com; team@abc.com of ${B}: ${A} ${C}`,
  },
  {
    what: "a list behind an alias, an alias in a list",
    to: "x@abc.com",
    aliases: {
      "x@abc.com": `team@abc.com ${B}`,
      "team@abc.com": [`y@abc.com ${B}`, A],
      "y@abc.com": `${C} ${A}`,
    },
    gives: `list team@abc.com ${B}; team@abc.com of ${A}: ${C} ${A} ${B}`,
  },
  {
    what: "a list in a list, and both in each other",
    to: "one@abc.com",
    aliases: { "one@abc.com": [`two@abc.com ${A}`, A], "two@abc.com": [`one@abc.com ${B}`, B] },
    gives: `list one@abc.com; one@abc.com of ${A}: list two@abc.com ${A}; ` +
      `two@abc.com of ${B}: ${B}`,
  },
  {
    what: "a list that nobody is on any more",
    to: "team@abc.com",
    aliases: { "team@abc.com": ["old@abc.com", A] },
    gives: "nobody",
  },
];

for (const { what, to, accounts = `${A} ${B}`, aliases = {}, gives } of CASES) {
  Deno.test(`mail is expanded to ${what}`, () => {
    assert.equal(shown(expand(addressOf(to), directory(accounts, aliases))), gives);
  });
}

Deno.test("an expansion tells where nobody is, and how many copies it makes", () => {
  const aliases = { "x@abc.com": `old@abc.com ${A} team@abc.com`, "team@abc.com": [C, B] } as const;
  const found = whole(expand(parseMailbox("x@abc.com"), directory(A, aliases)));
  assert.deepEqual(found.missing.map(formatAddress), ["old@abc.com"]);
  assert.equal(copiesOf(found), 2);
});

Deno.test("an address is an account's own where it alone gets the mail", () => {
  const aliases = {
    "hers@abc.com": A,
    "both@abc.com": `${A} ${C}`,
    "team@abc.com": [A, B],
    "away@abc.com": C,
  } as const;
  const sole = (name: string) =>
    soleAccount(expand(parseMailbox(`${name}@abc.com`), directory(A, aliases)))?.name ?? null;
  assert.deepEqual(["alice", "hers", "both", "team", "away", "none"].map(sole), [
    A,
    A,
    null,
    null,
    null,
    null,
  ]);
});

/** `a0` leads to `a1`, and so on; the last to Bob. */
function chain(length: number): Readonly<Record<string, Leads>> {
  return Object.fromEntries(
    Array.from({ length }, (_, at) => [
      `a${at}@abc.com`,
      at === length - 1 ? B : `a${at + 1}@abc.com`,
    ]),
  );
}

Deno.test("ten aliases lead to one another, and no more", () => {
  const to = parseMailbox("a0@abc.com");
  assert.equal(shown(expand(to, directory(B, chain(ALIAS_DEPTH_MAX)))), B);
  assert.equal(expand(to, directory(B, chain(ALIAS_DEPTH_MAX + 1))), "tooFar");
});

Deno.test("an address leads to a thousand copies, on all ways together, and no more", () => {
  const members = (count: number, from = 0) =>
    Array.from({ length: count }, (_, at) => `m${from + at}@xyz.com`).join(" ");
  const to = parseMailbox("all@abc.com");
  const twice = (more: number) => ({
    "all@abc.com": `half@abc.com ${members(500 + more, 500)}`,
    "half@abc.com": [members(500), A],
  } as const);
  assert.equal(copiesOf(whole(expand(to, directory("", twice(0))))), EXPANSION_MAX);
  assert.equal(expand(to, directory("", twice(1))), "tooFar");
});

Deno.test("many ways through aliases are each gone once", () => {
  const aliases: Record<string, Leads> = {};
  for (let level = 0; level < ALIAS_DEPTH_MAX - 1; level++) {
    const next = [0, 1, 2, 3].map((n) => `l${level + 1}n${n}@abc.com`).join(" ");
    for (const n of [0, 1, 2, 3]) aliases[`l${level}n${n}@abc.com`] = next;
  }
  for (const n of [0, 1, 2, 3]) aliases[`l${ALIAS_DEPTH_MAX - 1}n${n}@abc.com`] = B;
  let asked = 0;
  const counting: Directory = {
    ...directory(B, aliases),
    account(name) {
      asked++;
      return directory(B).account(name);
    },
  };
  assert.equal(shown(expand(parseMailbox("l0n0@abc.com"), counting)), B);
  assert.ok(asked < 1000, `${asked} looks`);
});

/** Everybody whom aliases lead to, without the rules that only loops and limits need. */
function reachable(to: string, aliases: Readonly<Record<string, readonly string[]>>): Set<string> {
  const seen = new Set([to]);
  for (const each of seen) for (const next of aliases[each] ?? []) seen.add(next);
  return new Set([...seen].filter((each) => aliases[each] === undefined));
}

Deno.test("an expansion reaches everybody to whom any way leads, and each of them once", () => {
  const names = Array.from({ length: 8 }, (_, at) => `a${at}@abc.com`);
  const targets = check.constantFrom(...names, A, B, C, "dora@xyz.com");
  const graph = check.array(check.uniqueArray(targets, { minLength: 1, maxLength: 5 }), {
    minLength: names.length,
    maxLength: names.length,
  });
  check.assert(check.property(graph, check.nat(255), (leads, owned) => {
    const aliases = Object.fromEntries(names.map((name, at) => [name, leads[at]!]));
    const said = Object.fromEntries(names.map((name, at): [string, Leads] => {
      const all = aliases[name]!.join(" ");
      return [name, owned & (1 << at) ? [all, A] : all];
    }));
    const expected = reachable(names[0]!, aliases);
    const found = expand(parseMailbox(names[0]!), directory(`${A} ${B}`, said));
    if (expected.size === 0) return assert.equal(found, "nobody");
    const { members, lists } = whole(found);
    const groups = [members, ...lists.map((list) => list.members)].map((group) =>
      group.filter(({ kind }) => kind !== "list").map(nameOf)
    );
    for (const group of groups) assert.equal(new Set(group).size, group.length);
    assert.deepEqual(new Set(groups.flat()), expected);
  }));
});
