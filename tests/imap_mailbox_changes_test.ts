import assert from "$assert";
import type { ImapOverview } from "../lib/imap/backend.ts";
import { changesBetween, type MailboxChange } from "../lib/imap/mailbox_changes.ts";

/** A mailbox with this id, holding so many messages of all that it ever had. */
function mailbox(name: string, id: string, { messages = 0, uidNext = 1, ...more }: {
  readonly messages?: number;
  readonly uidNext?: number;
  readonly modSeq?: number;
  readonly unseen?: number;
  readonly subscribed?: boolean;
} = {}): ImapOverview {
  const { modSeq = 1, unseen = 0, subscribed = false } = more;
  const status = {
    mailboxId: id,
    uidValidity: 1,
    uidNext,
    modSeq,
    recentFrom: 1,
    messages,
    unseen,
    deleted: 0,
    size: 0,
  };
  return { name, exists: true, subscribed, use: null, status };
}

const SUBSCRIBED: ImapOverview = {
  name: "gone",
  exists: false,
  subscribed: true,
  use: null,
  status: null,
};

/** What is not as it was: `name: what has happened`. */
function between(before: readonly ImapOverview[], after: readonly ImapOverview[]) {
  return changesBetween(before, after).map(({ name, oldName, ...happened }: MailboxChange) => {
    const what = Object.entries(happened).filter(([, is]) => is).map(([word]) => word);
    return [`${name}:`, ...what, ...oldName === null ? [] : [`from ${oldName}`]].join(" ");
  });
}

Deno.test("changesBetween tells what came, went and changed in a mailbox", () => {
  const was = { messages: 3, uidNext: 10, modSeq: 5 };
  const a = mailbox("a", "1", was);
  assert.deepEqual(between([a], [a]), []);
  const cases: readonly (readonly [Parameters<typeof mailbox>[2], string])[] = [
    [{ ...was, messages: 4, uidNext: 11, modSeq: 6 }, "a: arrived changed"],
    [{ ...was, messages: 2, modSeq: 6 }, "a: expunged changed"],
    // One came, and another went; or the same.
    [{ ...was, messages: 3, uidNext: 11, modSeq: 7 }, "a: arrived expunged changed"],
    [{ ...was, modSeq: 6 }, "a: changed"],
    [{ ...was, modSeq: 6, unseen: 1 }, "a: changed unseen"],
    [{ ...was, subscribed: true }, "a: subscription"],
  ];
  for (const [is, expected] of cases) {
    assert.deepEqual(between([a], [mailbox("a", "1", is)]), [expected]);
  }
});

Deno.test("changesBetween tells what was made and removed, with its parent", () => {
  const a = mailbox("a", "1");
  const inA = mailbox("a/b", "2");
  assert.deepEqual(between([a], [a, inA]), ["a: named", "a/b: named"]);
  assert.deepEqual(between([a, inA], [a]), ["a: named", "a/b: named"]);
  assert.deepEqual(between([], [mailbox("x", "3", { messages: 1, uidNext: 2 })]), [
    "x: named arrived",
  ]);
  assert.deepEqual(between([a], [mailbox("a", "9")]), ["a: named replaced"]);
  assert.deepEqual(between([a], [a, SUBSCRIBED]), ["gone: subscription"]);
  assert.deepEqual(between([a, SUBSCRIBED], [a]), ["gone: subscription"]);
});

Deno.test("changesBetween tells of a mailbox that was renamed, and not of its children", () => {
  const before = [mailbox("a", "1"), mailbox("a/b", "2"), mailbox("a/b/c", "3")];
  const after = [mailbox("x", "1"), mailbox("x/b", "2"), mailbox("x/b/c", "3")];
  assert.deepEqual(between(before, after), ["x: named from a"]);
  // This one went its own way.
  const apart = [mailbox("x", "1"), mailbox("x/b", "2"), mailbox("x/b/d", "3")];
  assert.deepEqual(between(before, apart), ["x: named from a", "x/b/d: named from a/b/c"]);
  const moved = [mailbox("a", "1"), mailbox("x", "9"), mailbox("x/b", "2"), mailbox("x/b/c", "3")];
  assert.deepEqual(between(before, moved), ["x: named", "x/b: named from a/b"]);
});
