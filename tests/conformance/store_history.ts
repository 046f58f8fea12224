/** The promises about the history of messages, and about the operator's hold. */
import assert from "$assert";
import {
  ATTEMPTS_KEPT,
  type Happening,
  type Note,
  type RecipientOutcome,
  UNREACHED_KEPT,
} from "../../lib/store/history.ts";
import type { Accepted, MailboxDelivery, Store, Verdict } from "../../lib/store/store.ts";
import {
  addAccount,
  FINISHED,
  GREYLISTED,
  message,
  type OpenStore,
  storeTest,
  toInbox,
  toQueue,
  UNREACHABLE,
} from "./store_support.ts";

/** When `message` is accepted. */
const ACCEPTED_AT = 1_700_000_001_000;

const ORIGIN = {
  from: "peer",
  peer: "192.0.2.1",
  hello: "client.test",
  user: "alice@abc.com",
  protocol: "ESMTPSA",
  tls: "TLSv1.3 TLS_AES_256_GCM_SHA384",
  recipients: [{ local: "bob", domain: "xyz.com" }],
} as const;

function noteAt(at: number, more: Partial<Note> = {}): Note {
  const via = "192.0.2.9:25";
  return { at, via, tls: null, report: null, unreported: null, uncertain: false, ...more };
}

const LATER: Verdict = { do: "retry", dueAt: 50, reply: GREYLISTED };

/** Gives everything due of xyz.com this verdict. */
async function settleAll(store: Store, verdict: Verdict, note?: Note, reports: Accepted[] = []) {
  const taken = await store.queue.take("xyz.com", Number.MAX_SAFE_INTEGER, 1000);
  const verdicts = taken.map(({ token }) =>
    note === undefined ? [token, verdict] as const : [token, verdict, note] as const
  );
  return await store.queue.settle(verdicts, reports);
}

/** What became of recipients, where that is what happened. */
function outcomesOf(happening: Happening | undefined): readonly RecipientOutcome[] {
  return happening !== undefined && "outcomes" in happening ? happening.outcomes : [];
}

async function historyOf(store: Store, id: string) {
  const [found] = await store.history.find(id, 1);
  if (found === undefined) throw new assert.AssertionError({ message: `no history of ${id}` });
  return found;
}

export function historyConformance(name: string, open: OpenStore): void {
  storeTest(`${name}: history tells how a message was accepted`, open, async (store) => {
    const alice = await addAccount(store, "alice@abc.com");
    const content = "Subject: Hi\r\nMESSAGE-ID:\r\n <one@abc.com>\r\n\r\nHello\r\n";
    const deliveries = [toInbox(alice), toQueue("xyz.com", 9)];
    await store.accept({ ...message("m1", deliveries, content), origin: ORIGIN });
    const expected = {
      message: "m1",
      messageId: "one@abc.com",
      acceptedAt: ACCEPTED_AT,
      sender: { local: "Alice", domain: "abc.com" },
      size: content.length,
      origin: ORIGIN,
      mailboxes: ["alice@abc.com"],
      queued: [{ local: "bob", domain: "xyz.com" }],
      reports: [],
      happenings: [],
      forgotten: 0,
    };
    assert.deepEqual(await store.history.find("m1", 10), [expected]);
    assert.deepEqual(await store.history.find("<one@abc.com>", 10), [expected]);
    assert.deepEqual(await store.history.find("one@abc.com", 10), [expected]);
    assert.deepEqual(await store.history.find("two@abc.com", 10), []);
    await store.users.remove(alice.id);
    assert.deepEqual((await historyOf(store, "m1")).mailboxes, [null]);
  });

  storeTest(
    `${name}: history finds all that share a Message-ID, newest first`,
    open,
    async (store) => {
      const content = "Message-ID: <same@abc.com>\r\n\r\n";
      for (const id of ["m1", "m2", "m3"]) {
        await store.accept(message(id, [toQueue("xyz.com", 9)], content));
      }
      const ids = (max: number) =>
        store.history.find("<same@abc.com>", max).then((all) => all.map((each) => each.message));
      assert.deepEqual(await ids(10), ["m3", "m2", "m1"]);
      assert.deepEqual(await ids(2), ["m3", "m2"]);
      await store.accept(message("m4", [toQueue("xyz.com", 9)], "Message-ID:\r\n\r\n"));
      assert.equal((await historyOf(store, "m4")).messageId, null);
      assert.deepEqual(await store.history.find("", 10), []);
    },
  );

  storeTest(
    `${name}: history tells of each attempt, and outlives the message`,
    open,
    async (store) => {
      await store.accept(message("m1", [toQueue("xyz.com", 1, "a"), toQueue("xyz.com", 1, "b")]));
      await settleAll(store, LATER, noteAt(10, { uncertain: true }));
      const refused = { do: "finish", outcome: "failed", reply: UNREACHABLE } as const;
      const report = { ...message("r1", [toQueue("abc.org", 1)]) };
      const about = { from: "report", about: "m1" } as const;
      await settleAll(store, refused, noteAt(60, { report: "r1", tls: "TLSv1.3" }), [
        { ...report, origin: about },
      ]);
      assert.equal(await store.queue.content("m1"), null);
      const { happenings, reports } = await historyOf(store, "m1");
      const recipients = ["a", "b"].map((local) => ({ local, domain: "xyz.com" }));
      const outcome = { recipients, unreported: null };
      const via = "192.0.2.9:25";
      assert.deepEqual(happenings, [
        {
          what: "attempt",
          at: 10,
          via,
          tls: null,
          outcomes: [{
            ...outcome,
            outcome: "deferred",
            reply: GREYLISTED,
            dueAt: 50,
            report: null,
            uncertain: true,
          }],
        },
        {
          what: "attempt",
          at: 60,
          via,
          tls: "TLSv1.3",
          outcomes: [{
            ...outcome,
            outcome: "failed",
            reply: UNREACHABLE,
            dueAt: null,
            report: "r1",
            uncertain: false,
          }],
        },
      ]);
      assert.deepEqual(reports, ["r1"]);
      assert.deepEqual((await historyOf(store, "r1")).origin, about);
    },
  );

  storeTest(`${name}: history keeps recipients with other outcomes apart`, open, async (store) => {
    const alice = await addAccount(store, "alice@abc.com");
    const locals = ["a", "b", "c", "d"];
    await store.accept(message("m1", locals.map((local) => toQueue("xyz.com", 1, local))));
    const taken = await store.queue.take("xyz.com", 1, 10);
    const delivery: MailboxDelivery = {
      to: "mailbox",
      account: alice.id,
      mailbox: "INBOX",
      prefix: new Uint8Array(0),
    };
    const verdicts: readonly Verdict[] = [
      FINISHED,
      LATER,
      { do: "deliver", outcome: "delivered", deliveries: [delivery], reply: FINISHED.reply },
      { do: "wait", past: "delay", reply: GREYLISTED },
    ];
    // Without a note there is still an outcome.
    await store.queue.settle(taken.map(({ token }, at) => [token, verdicts[at]!]), []);
    const [attempt, ...others] = (await historyOf(store, "m1")).happenings;
    assert.deepEqual(others, []);
    assert.equal(attempt!.at, null);
    assert.deepEqual(
      outcomesOf(attempt).map((each) => [each.outcome, each.recipients.map(({ local }) => local)]),
      [["relayed", ["a"]], ["deferred", ["b"]], ["delivered", ["c"]], ["delayed", ["d"]]],
    );
  });

  storeTest(
    `${name}: history follows a recipient to the addresses that it led to`,
    open,
    async (store) => {
      await store.accept(message("m1", [toQueue("xyz.com", 1, "a"), toQueue("xyz.com", 1, "b")]));
      const verdict: Verdict = {
        do: "deliver",
        outcome: "expanded",
        deliveries: [toQueue("far.com", 9, "c"), toQueue("xyz.com", 9, "d")],
        reply: FINISHED.reply,
      };
      await settleAll(store, verdict, noteAt(10));
      const at = ACCEPTED_AT;
      await store.queue.defer("far.com", at + 50, UNREACHABLE, at + 10);
      const { happenings } = await historyOf(store, "m1");
      assert.deepEqual(happenings.map(({ what }) => what), ["attempt", "unreached"]);
      // Both were replaced, each by both.
      const led = outcomesOf(happenings[0]).map(({ outcome, recipients, queued }) => [
        outcome,
        recipients.map(({ local }) => local),
        queued!.map(({ local }) => local),
      ]);
      assert.deepEqual(led, [["expanded", ["a"], ["c", "d"]], ["expanded", ["b"], ["c", "d"]]]);
      await settleAll(store, FINISHED, noteAt(20));
    },
  );

  storeTest(`${name}: history tells nothing of what was undone`, open, async (store) => {
    const alice = await addAccount(store, "alice@abc.com");
    const nobody = { ...alice, id: alice.id + 100 };
    await store.accept(message("m1", [toQueue("xyz.com", 1)]));
    const [taken] = await store.queue.take("xyz.com", 1, 1);
    const report = message("r1", [toInbox(nobody)]);
    await assert.rejects(store.queue.settle([[taken!.token, FINISHED, noteAt(5)]], [report]));
    await assert.rejects(store.accept(message("m2", [toInbox(nobody)])));
    assert.deepEqual((await historyOf(store, "m1")).happenings, []);
    assert.deepEqual(await store.history.find("m2", 1), []);
    assert.deepEqual(await store.history.find("r1", 1), []);
  });

  storeTest(
    `${name}: history shows when a hop could not be reached, to those who waited`,
    open,
    async (store) => {
      await store.accept(message("m1", [toQueue("xyz.com", 1), toQueue("other.com", 1)]));
      const at = ACCEPTED_AT;
      await store.queue.defer("xyz.com", at + 50, UNREACHABLE, at + 10);
      await store.queue.defer("nobody.com", at + 50, UNREACHABLE, at + 10);
      await store.queue.defer("xyz.com", at + 90, GREYLISTED, at + 50);
      assert.deepEqual((await store.queue.list({ max: 9 })).map((each) => each.unreached), [2, 0]);
      await settleAll(store, LATER, noteAt(at + 95));
      await settleAll(store, FINISHED, noteAt(at + 100));
      // It is not about a message that is gone, nor about one that was not there yet.
      await store.queue.defer("other.com", at + 200, UNREACHABLE, at + 110);
      const late = message("m2", [toQueue("xyz.com", 1)]);
      await store.accept({ ...late, acceptedAt: at + 120 });
      await store.queue.defer("xyz.com", at + 300, UNREACHABLE, at + 130);
      const { happenings } = await historyOf(store, "m1");
      assert.deepEqual(happenings.map((each) => [each.what, each.at! - at]), [
        ["unreached", 10],
        ["unreached", 50],
        ["attempt", 95],
        ["attempt", 100],
        ["unreached", 110],
      ]);
      assert.deepEqual(happenings[0], {
        what: "unreached",
        at: at + 10,
        hop: "xyz.com",
        until: at + 50,
        reply: UNREACHABLE,
      });
      assert.deepEqual((await historyOf(store, "m2")).happenings.map((each) => each.at! - at), [
        130,
      ]);
    },
  );

  boundsConformance(name, open);
}

function boundsConformance(name: string, open: OpenStore): void {
  storeTest(`${name}: history keeps 200 attempts, and every end`, open, async (store) => {
    await store.accept(message("m1", [toQueue("xyz.com", 1, "a"), toQueue("xyz.com", 2, "b")]));
    const [a, b] = await store.queue.take("xyz.com", 2, 2);
    store.queue.release([b!.token]);
    await store.queue.settle([[a!.token, FINISHED, noteAt(0)]], []);
    const tries = ATTEMPTS_KEPT + 30;
    for (let at = 1; at <= tries; at++) await settleAll(store, LATER, noteAt(at));
    await settleAll(store, FINISHED, noteAt(1000));
    const { happenings, forgotten } = await historyOf(store, "m1");
    assert.equal(forgotten, 30);
    const times = happenings.map(({ at }) => at);
    assert.deepEqual([times.length, times[0], times[1]], [ATTEMPTS_KEPT + 2, 0, 31]);
    assert.deepEqual(times.slice(-2), [tries, 1000]);
  });

  storeTest(
    `${name}: history keeps 200 times at which a hop could not be reached`,
    open,
    async (store) => {
      await store.accept({ ...message("m1", [toQueue("xyz.com", 1)]), acceptedAt: 0 });
      const times = UNREACHED_KEPT + 5;
      for (let at = 1; at <= times; at++) await store.queue.defer("xyz.com", at, UNREACHABLE, at);
      const { happenings } = await historyOf(store, "m1");
      assert.equal(happenings.length, UNREACHED_KEPT);
      assert.equal(happenings[0]!.at, 6);
      assert.equal((await store.queue.list({ max: 1 }))[0]!.unreached, UNREACHED_KEPT);
    },
  );

  storeTest(`${name}: history keeps 500 characters of what a server said`, open, async (store) => {
    await store.accept(message("m1", [toQueue("xyz.com", 1)]));
    const lines = ["", "a".repeat(300), "b".repeat(300), "c"];
    await settleAll(store, { ...FINISHED, reply: { code: 250, status: "", lines } }, noteAt(1));
    const [attempt] = (await historyOf(store, "m1")).happenings;
    const kept = ["", "a".repeat(300), "b".repeat(200)];
    assert.deepEqual(outcomesOf(attempt)[0]!.reply, { code: 250, status: "", lines: kept });
  });

  storeTest(
    `${name}: history forgets what has ended long ago, step by step`,
    open,
    async (store) => {
      const alice = await addAccount(store, "alice@abc.com");
      const at = (acceptedAt: number, each: Accepted) => ({ ...each, acceptedAt });
      await store.accept(at(10, message("old", [toInbox(alice)])));
      await store.accept(at(10, message("waits", [toQueue("far.com", 1)])));
      await store.accept(at(10, message("late", [toQueue("xyz.com", 1)])));
      await store.accept(at(11, message("old too", [toInbox(alice)])));
      await store.accept(at(100, message("new", [toInbox(alice)])));
      await store.queue.defer("xyz.com", 30, UNREACHABLE, 20);
      await settleAll(store, FINISHED, noteAt(100));
      const mark = await store.history.forget(100, { after: 0, max: 3, now: 200 });
      assert.notEqual(mark, null);
      const known = async () => {
        const names = ["old", "waits", "late", "old too", "new"];
        const found = await Promise.all(names.map((each) => store.history.find(each, 1)));
        return names.filter((_, at) => found[at]!.length > 0);
      };
      assert.deepEqual(await known(), ["waits", "late", "old too", "new"]);
      assert.equal(await store.history.forget(100, { after: mark!, max: 3, now: 200 }), null);
      assert.deepEqual(await known(), ["waits", "late", "new"]);
      assert.equal(await store.history.forget(101, { after: 0, max: 10, now: 200 }), null);
      assert.deepEqual(await known(), ["waits"]);
    },
  );

  storeTest(`${name}: history of a clock that was ahead hides nothing old`, open, async (store) => {
    const alice = await addAccount(store, "alice@abc.com");
    for (const [id, acceptedAt] of [["ahead", 900], ["older", 10], ["young", 150]] as const) {
      await store.accept({ ...message(id, [toInbox(alice)]), acceptedAt });
    }
    const marks: unknown[] = [];
    for (let after: number | null = 0; after !== null;) {
      after = await store.history.forget(100, { after, max: 1, now: 200 });
      marks.push(after);
    }
    assert.equal(marks.length, 3, "it ends with what is young");
    const known = await Promise.all(
      ["ahead", "older", "young"].map((id) => store.history.find(id, 1)),
    );
    assert.deepEqual(known.map((found) => found.length), [1, 0, 1]);
  });
}
