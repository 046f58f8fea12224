/** Aliases, lists and forwarding. */
import type { Mutant } from "./mutant.ts";

const ALIASES = "tests/app_aliases_test.ts";
const EXPANDED = "tests/app_expanded_test.ts";
const EXPAND = "tests/queue_expand_test.ts";
const LISTS = "tests/app_lists_test.ts";
const RELEASE = {
  file: "tests/app_release_test.ts",
  name: "what is held goes where aliases and lists lead when its hour comes",
};
const WAYS = {
  file: ALIASES,
  name: "two ways to one mailbox give one copy, and the direct one counts",
};
const SENDERS = {
  file: ALIASES,
  name: "a user sends under an alias that is theirs alone, and under no other",
};

export const ALIAS_MUTANTS: readonly Mutant[] = [
  {
    name: "expand: an alias does not stand aside for itself",
    file: "lib/queue/expand.ts",
    find: "path.includes(name) ? null : directory.alias(name)",
    replace: "directory.alias(name)",
    test: { file: EXPAND, name: "mail is expanded to a user who leads to themselves and others" },
    why: "who forwards a copy would get none",
  },
  {
    name: "expand: depth has no limit",
    file: "lib/queue/expand.ts",
    find: "path.length < ALIAS_DEPTH_MAX && followAlias",
    replace: "path.length < Infinity && followAlias",
    test: { file: EXPAND, name: "ten aliases lead to one another, and no more" },
    why: "a chain without end is followed for each RCPT",
  },
  {
    name: "expand: copies have no limit",
    file: "lib/queue/expand.ts",
    find: "return walk.copies <= EXPANSION_MAX;",
    replace: "return walk.copies <= Infinity;",
    test: {
      file: EXPAND,
      name: "an address leads to a thousand copies, on all ways together, and no more",
    },
    why: "one command of a stranger costs any number of copies",
  },
  {
    name: "expand: an alias is followed on each way to it",
    file: "lib/queue/expand.ts",
    find: "  if (group.followed.has(name)) return true;\n",
    replace: "",
    test: { file: EXPAND, name: "many ways through aliases are each gone once" },
    why: "ten aliases of each other would be followed a million times",
  },
  {
    name: "expand: who takes everything comes before the postmaster",
    file: "lib/queue/expand.ts",
    find: "(role ? directory.postmaster() : null) ?? aliasOf(`@${domain}`)",
    replace: "aliasOf(`@${domain}`) ?? (role ? directory.postmaster() : null)",
    test: {
      file: EXPAND,
      name: "mail is expanded to abuse, which who takes everything does not get",
    },
    why: "postmaster and abuse go to the first account unless aliased",
  },
  {
    name: "expand: a list's only member owns its address",
    file: "lib/queue/expand.ts",
    find: 'only?.kind === "account" ? only.account : null',
    replace: "Object(only ?? expansion.lists[0]?.members[0]).account ?? null",
    test: SENDERS,
    why: "a member would send in the name of the list",
  },
  {
    name: "expand: the first behind an alias owns its address",
    file: "lib/queue/expand.ts",
    find: 'return another === undefined && only?.kind === "account"',
    replace: 'return (another ?? only) !== undefined && only?.kind === "account"',
    test: SENDERS,
    why: "one of several would send in the name of all",
  },
  {
    name: "deliveries: two ways give two copies",
    file: "lib/app/deliveries.ts",
    find: "    claimed.add(place);\n",
    replace: "",
    test: WAYS,
    why: "whoever is named twice gets everything twice",
  },
  {
    name: "deliveries: a list keeps the sender",
    file: "lib/app/deliveries.ts",
    find: "sender: sender === null ? null : list.owner",
    replace: "sender",
    test: {
      file: LISTS,
      name: "a list sends on in the name of its owner, and asks for nothing that was asked",
    },
    why: "RFC 5321 §3.9.2: the Return-Path in mailboxes would name the sender",
  },
  {
    name: "lists: what a list sends on keeps the sender",
    file: "lib/app/lists.ts",
    find: "{ ...passedOn(envelope), sender: owner }",
    replace: "{ ...passedOn(envelope), sender: envelope.sender ?? owner }",
    test: {
      file: LISTS,
      name: "what a list cannot deliver comes back to its owner, and not to the sender",
    },
    why: "RFC 5321 §3.9.2: senders would hear of members who are gone",
  },
  {
    name: "lists: what was asked of the list is asked of its members",
    file: "lib/app/lists.ts",
    find: "{ ...passedOn(envelope), sender: owner }",
    replace: "{ ...envelope, sender: owner }",
    test: {
      file: LISTS,
      name: "a list sends on in the name of its owner, and asks for nothing that was asked",
    },
    why: "RFC 3461 §5.2.7.1 (b)",
  },
  {
    name: "deliveries: a list takes the null sender away",
    file: "lib/app/deliveries.ts",
    find: "if (sender !== null || first === undefined)",
    replace: "if (sender !== undefined || first === undefined)",
    test: {
      file: LISTS,
      name: "a list keeps the null sender, so that no report about a report goes round",
    },
    why: "reports to an owner who is on the list would go round for ever",
  },
  {
    name: "deliveries: success is passed on to several",
    file: "lib/app/deliveries.ts",
    find: 'members.length === 1 ? notify : notify.filter((each) => each !== "SUCCESS")',
    replace: "members.length === 1 ? notify : [...notify]",
    test: {
      file: EXPANDED,
      name: "RFC 3461 §5.2.7: who asks for success hears of the list, and of the expansion",
    },
    why: "RFC 3461 §5.2.7.3 (c): each of them would report once more",
  },
  {
    name: "accept: who is gone since RCPT is passed over",
    file: "lib/app/deliveries.ts",
    find: "  throw new Error(`${formatAddress(address)} leads nowhere any more: ${expansion}`);\n",
    replace: "  return { members: [], lists: [], missing: [] };\n",
    test: {
      file: ALIASES,
      name: "who is gone since RCPT leaves nothing half done, and the client comes again",
    },
    why: "promise 2: an accepted recipient without an outcome",
  },
  {
    name: "backend: a transaction stands for any number of copies",
    file: "lib/app/smtp_backend.ts",
    find: "open.copies + more > COPIES_MAX",
    replace: "open.copies + more > Infinity",
    test: {
      file: ALIASES,
      name: "one transaction stands for so many copies, and the client comes again",
    },
    why: "a thousand lists of a thousand in one transaction",
  },
  {
    name: "expn: strangers are told who is on a list",
    file: "lib/smtp/expn.ts",
    find: "return user !== null;",
    replace: "return user !== undefined;",
    test: {
      file: LISTS,
      name: "EXPN tells users who is on a list, and not where an alias leads",
    },
    why: "addresses to collect",
  },
  {
    name: "accounts: EXPN tells where aliases lead",
    file: "lib/app/accounts.ts",
    find: "alias === null || alias.owner === null ? null",
    replace: "alias === null ? null",
    test: {
      file: LISTS,
      name: "EXPN tells users who is on a list, and not where an alias leads",
    },
    why: "RFC 3464 §4.2: where somebody's mail is forwarded is their secret",
  },
  {
    name: "outcome: what leads too far is given up",
    file: "lib/queue/outcome.ts",
    find: 'release === "tooFar" ? "deferred" : "refused"',
    replace: '"refused"',
    test: {
      file: "tests/queue_here_test.ts",
      name: "what cannot be expanded is given up, or tried again where that can be mended",
    },
    why: "held mail would be lost to a mistake that the operator can mend",
  },
  {
    name: "release: what lists send on is forgotten",
    file: "lib/queue/settlement.ts",
    find: "...outcomes.flatMap(({ copies = [] }) => copies)",
    replace: "",
    test: RELEASE,
    why: "what was held for a list would be lost",
  },
  {
    name: "settle: what leads elsewhere is not queued",
    file: "lib/store/memory_queue.ts",
    find: 'each.to === "queue" || !hasCopy',
    replace: 'each.to !== "queue" && !hasCopy',
    test: RELEASE,
    why: "what was held for a forward would be lost",
  },
  {
    name: "settle: the worker does not hear of what leads elsewhere",
    file: "lib/store/arrivals.ts",
    find: 'verdict.deliveries.some(({ to }) => to === "queue")',
    replace: "verdict.deliveries.length < 0",
    test: { file: "tests/store_sqlite_test.ts" },
    why: "a lost wake-up: it would wait for the next mail",
  },
];
