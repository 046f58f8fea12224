/**
 * The two stores give the same answers to the same questions, whatever clients do to their
 * mailboxes: each is the model by which the other is judged.
 */
import assert from "$assert";
import * as check from "$check";
import { openMemoryStore } from "../lib/store/memory.ts";
import { openSqliteStore } from "../lib/store/sqlite.ts";
import type { Account, FlagChange, Store } from "../lib/store/store.ts";
import { addAccount, AT, brought, message, toInbox, turn } from "./conformance/store_support.ts";

type Step =
  | { readonly do: "create" | "remove" | "subscribe" | "unsubscribe"; readonly name: string }
  | { readonly do: "rename"; readonly from: string; readonly to: string }
  | { readonly do: "deliver" }
  | { readonly do: "append"; readonly name: string; readonly flags: readonly string[] }
  | {
    readonly do: "flags";
    readonly name: string;
    readonly change: FlagChange["change"];
    readonly uids: readonly number[];
    readonly flags: readonly string[];
    /** How many marks ago; `null`: it does not matter. */
    readonly ago: number | null;
  }
  | {
    readonly do: "copy" | "move";
    readonly name: string;
    readonly uids: readonly number[];
    readonly to: string;
  }
  | {
    readonly do: "expunge";
    readonly name: string;
    readonly uids: readonly number[] | null;
  };

const name = check.constantFrom("INBOX", "Sent", "a", "a/b", "b", "a/b/c");
const uids = check.array(check.integer({ min: 1, max: 8 }), { maxLength: 6 });
const flag = check.constantFrom("\\Seen", "\\DELETED", "\\Deleted", "Work", "work", "$Junk");
const flags = check.array(flag, { maxLength: 4 });

const step: check.Arbitrary<Step> = check.oneof(
  check.record({
    do: check.constantFrom("create" as const, "remove" as const, "subscribe" as const),
    name,
  }),
  check.record({ do: check.constant("unsubscribe" as const), name }),
  check.record({ do: check.constant("rename" as const), from: name, to: name }),
  check.constant({ do: "deliver" } as const),
  check.record({ do: check.constant("append" as const), name, flags }),
  check.record({
    do: check.constant("flags" as const),
    name,
    change: check.constantFrom("set" as const, "add" as const, "remove" as const),
    uids,
    flags,
    ago: check.option(check.integer({ min: 0, max: 5 })),
  }),
  check.record({ do: check.constantFrom("copy" as const, "move" as const), name, uids, to: name }),
  check.record({ do: check.constant("expunge" as const), name, uids: check.option(uids) }),
);

Deno.test("both stores answer alike, whatever clients do to their mailboxes", async () => {
  await check.assert(
    check.asyncProperty(check.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
      await using memory = openMemoryStore({ turn });
      await using sqlite = await openSqliteStore({ directory: null, turn });
      assert.deepEqual(await told(memory, steps), await told(sqlite, steps));
    }),
    { numRuns: 40 },
  );
});

/** All answers, and all that is there in the end. */
async function told(store: Store, steps: readonly Step[]): Promise<unknown> {
  const alice = await addAccount(store, "alice@abc.com");
  const answers: unknown[] = [];
  for (const [at, step] of steps.entries()) {
    answers.push(await take(store, alice, step, `m${at}`).catch(String));
  }
  assert.deepEqual(await store.check(), []);
  const mailboxes: unknown[] = [];
  for (const { mailbox, ...listed } of await store.mailboxes.list(alice.id)) {
    if (mailbox === null) {
      mailboxes.push(listed);
      continue;
    }
    // Ids are each store's own.
    mailboxes.push({ ...listed, ...mailbox, id: null });
    mailboxes.push(await store.mail.list(mailbox.id, 0, 100));
    mailboxes.push(await store.mail.changes(mailbox.id, 1, 1000));
    mailboxes.push(await store.mail.keywords(mailbox.id));
  }
  const usage = await store.mailboxes.usage(alice.id);
  return { answers, mailboxes, usage, modSeq: store.mail.modSeq(alice.id) };
}

async function take(store: Store, alice: Account, step: Step, id: string): Promise<unknown> {
  const { mail, mailboxes } = store;
  const idOf = async (name: string) => (await mail.mailbox(alice.id, name))?.id ?? -1;
  switch (step.do) {
    case "create":
      return {
        ...await mailboxes.create(alice.id, step.name, { use: null, at: AT }),
        id: null,
      };
    case "remove":
      return await mailboxes.remove(await idOf(step.name));
    case "subscribe":
    case "unsubscribe":
      return await mailboxes.subscribe(alice.id, step.name, step.do === "subscribe");
    case "rename":
      return await mailboxes.rename(alice.id, step.from, step.to, AT);
    case "deliver":
      return await store.accept(message(id, [toInbox(alice, "P: 1\r\n")]));
    case "append":
      return await mail.append(
        { account: alice.id, name: step.name },
        [brought(id, step.flags), brought(`${id}-2`)],
        { at: AT },
      );
    case "flags": {
      const { uids, change, flags, ago } = step;
      const unchangedSince = ago === null ? null : mail.modSeq(alice.id) - ago;
      return await mail.setFlags(await idOf(step.name), { uids, change, flags, unchangedSince });
    }
    case "copy":
    case "move":
      return await mail.copy(
        await idOf(step.name),
        step.uids,
        { account: alice.id, name: step.to },
        { move: step.do === "move", at: AT },
      );
    case "expunge":
      return await mail.expunge(await idOf(step.name), step.uids);
  }
}
