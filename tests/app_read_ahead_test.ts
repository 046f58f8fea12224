import assert from "$assert";
import { bodyReader, READ_AHEAD_MAX } from "../lib/app/read_ahead.ts";
import { type Body, bodyOf, bytesOf } from "../lib/mail/body.ts";
import { readTogether } from "../lib/store/content.ts";
import { BODIES_BYTES_MAX, type Mail } from "../lib/store/store.ts";
import { decode, encode } from "../lib/wire/bytes.ts";

/** A mailbox with messages of these UIDs, and how many of them it was asked for each time. */
function mailboxWith(uids: readonly number[], { late = false } = {}) {
  const asked: number[] = [];
  const bodyWith = (uid: number) => bodyOf(encode(`message ${uid}`));
  const mail: Pick<Mail, "body" | "bodies"> = {
    body(_mailbox, uid) {
      asked.push(1);
      const body = uids.includes(uid) ? bodyWith(uid) : null;
      return late ? Promise.resolve(body) : body;
    },
    bodies(_mailbox, from, max) {
      asked.push(max);
      const found = uids.filter((uid) => uid >= from).slice(0, max);
      const bodies = new Map(found.map((uid) => [uid, bodyWith(uid)]));
      return late ? Promise.resolve(bodies) : bodies;
    },
  };
  const read = bodyReader(mail, 1);
  return { asked, text: async (uid: number) => await textOf(await read(uid)) };
}

async function textOf(body: Body | null): Promise<string | null> {
  return body === null ? null : decode(await bytesOf(body));
}

function upTo(count: number): readonly number[] {
  return Array.from({ length: count }, (_, at) => at + 1);
}

Deno.test("whoever reads on has messages read ahead, at most 32 at once", async () => {
  assert.equal(READ_AHEAD_MAX, 32);
  for (const late of [false, true]) {
    const { asked, text } = mailboxWith(upTo(127), { late });
    for (const uid of upTo(127)) assert.equal(await text(uid), `message ${uid}`);
    assert.deepEqual(asked, [1, 2, 4, 8, 16, 32, 32, 32]);
  }
});

Deno.test("whoever goes to and fro has hardly anything read ahead", async () => {
  const backwards = mailboxWith(upTo(100));
  for (const uid of upTo(100).toReversed()) {
    assert.equal(await backwards.text(uid), `message ${uid}`);
  }
  assert.ok(backwards.asked.every((max) => max === 1));
  const sparse = mailboxWith(upTo(1_000));
  for (const uid of upTo(100)) assert.equal(await sparse.text(10 * uid), `message ${10 * uid}`);
  assert.ok(sparse.asked.every((max) => max <= 2));
});

Deno.test("what is gone is gone for whoever reads ahead, and is not taken for the next", async () => {
  const { text } = mailboxWith([1, 2, 4, 7, 8]);
  const texts: (string | null)[] = [];
  for (const uid of upTo(9)) texts.push(await text(uid));
  const there = (uid: number) => [1, 2, 4, 7, 8].includes(uid) ? `message ${uid}` : null;
  assert.deepEqual(texts, upTo(9).map(there));
});

Deno.test("bodies that are read together have 128 KiB, or are one", () => {
  assert.equal(BODIES_BYTES_MAX, 128 * 1024);
  const kept = (...sizes: readonly number[]) =>
    readTogether(sizes.map((size) => ({ size }))).map(({ size }) => size);
  assert.deepEqual(kept(), []);
  assert.deepEqual(kept(BODIES_BYTES_MAX, 0, 1), [BODIES_BYTES_MAX, 0]);
  assert.deepEqual(kept(BODIES_BYTES_MAX + 1, 0), [BODIES_BYTES_MAX + 1]);
  assert.deepEqual(kept(1, BODIES_BYTES_MAX, 1), [1]);
  assert.deepEqual(kept(1, 2, BODIES_BYTES_MAX - 3), [1, 2, BODIES_BYTES_MAX - 3]);
});
