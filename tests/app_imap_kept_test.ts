import assert from "$assert";
import { createListings, LISTED_MESSAGES_MAX } from "../lib/app/imap_listings.ts";
import { createKeptTexts, KEPT_TEXTS_CHARACTERS_MAX } from "../lib/app/imap_texts.ts";
import { bodyOf } from "../lib/mail/body.ts";
import { openMemoryStore } from "../lib/store/memory.ts";
import type { Mail, Mailbox, Store } from "../lib/store/store.ts";
import { encode } from "../lib/wire/bytes.ts";
import { startWithImap, talkImap } from "./app_imap_support.ts";
import { addAccount } from "./conformance/store_support.ts";
import { fakeWorld } from "./fake_world.ts";

const NOW = 1_770_000_000_000;
const clock = { turn: () => Promise.resolve() };

async function append(store: Store, inbox: Mailbox, count: number): Promise<void> {
  const messages = Array.from({ length: count }, () => ({
    id: crypto.randomUUID(),
    content: bodyOf(encode("Subject: s\r\n\r\ntext\r\n")),
    flags: [],
    receivedAt: NOW,
  }));
  await store.mail.append({ account: inbox.account, name: inbox.name }, messages, { at: NOW });
}

/** Counts how often the whole mailbox, and how often what has changed, is read. */
function counting(mail: Mail) {
  const counts = { lists: 0, changes: 0 };
  const counted: Mail = {
    ...mail,
    list(...args) {
      counts.lists++;
      return mail.list(...args);
    },
    changes(...args) {
      counts.changes++;
      return mail.changes(...args);
    },
  };
  return { counts, counted };
}

async function mailboxOf(store: Store): Promise<Mailbox> {
  const { id } = await addAccount(store, "alice@abc.com");
  return (await store.mail.mailbox(id, "INBOX"))!;
}

Deno.test("a mailbox that is known is not read again, and all that changes is seen", async () => {
  await using store = openMemoryStore(clock);
  const inbox = await mailboxOf(store);
  const { counts, counted } = counting(store.mail);
  const listings = createListings(counted, clock);
  const uids = async () => (await listings.page(inbox, 0, 100)).map(({ uid }) => uid);
  await append(store, inbox, 5);
  assert.deepEqual(await uids(), [1, 2, 3, 4, 5]);
  assert.deepEqual(await Promise.all([uids(), uids()]), [[1, 2, 3, 4, 5], [1, 2, 3, 4, 5]]);
  assert.deepEqual(counts, { lists: 1, changes: 0 });
  await store.mail.remove(inbox.id, [2, 5]);
  await append(store, inbox, 2);
  await store.mail.setFlags(inbox.id, {
    uids: [3],
    change: "add",
    flags: ["\\Seen"],
    unchangedSince: null,
  });
  assert.deepEqual(await Promise.all([uids(), uids()]), [[1, 3, 4, 6, 7], [1, 3, 4, 6, 7]]);
  assert.deepEqual(counts, { lists: 1, changes: 1 });
  const page = await listings.page(inbox, 1, 2);
  assert.deepEqual(page.map(({ uid, flags }) => [uid, flags]), [[3, ["\\Seen"]], [4, []]]);
});

Deno.test("at most 200 000 messages are listed in memory, and larger mailboxes are read", async () => {
  assert.equal(LISTED_MESSAGES_MAX, 200_000);
  await using store = openMemoryStore(clock);
  const before = await mailboxOf(store);
  await append(store, before, 5);
  const inbox = (await store.mail.status(before.id))!;
  const { counts, counted } = counting(store.mail);
  const small = createListings(counted, clock, 4);
  for (let times = 0; times < 3; times++) assert.equal((await small.page(inbox, 0, 9)).length, 5);
  assert.equal(counts.lists, 3);
  await store.mail.copy(inbox.id, [1, 2, 3], { account: inbox.account, name: "Archive" }, {
    move: false,
    at: NOW,
  });
  const archive = (await store.mail.mailbox(inbox.account, "Archive"))!;
  const both = createListings(counted, clock, 6);
  for (const mailbox of [inbox, archive, inbox]) await both.page(mailbox, 0, 9);
  assert.equal(counts.lists, 6, "the one that was used least has made room");
});

Deno.test("a large mailbox is listed, and brought up to date, in pages of a thousand", async () => {
  await using store = openMemoryStore(clock);
  const inbox = await mailboxOf(store);
  const { counts, counted } = counting(store.mail);
  const listings = createListings(counted, clock);
  await append(store, inbox, 1_500);
  assert.equal((await listings.page(inbox, 0, 9_999)).length, 1_500);
  assert.deepEqual(counts, { lists: 2, changes: 0 });
  await append(store, inbox, 1_000);
  assert.equal((await listings.page(inbox, 0, 9_999)).length, 2_500);
  assert.deepEqual(counts, { lists: 2, changes: 1 });
  await append(store, inbox, 1_001);
  assert.equal((await listings.page(inbox, 0, 9_999)).length, 3_501);
  assert.deepEqual(counts, { lists: 6, changes: 2 });
});

Deno.test("what is kept for a client that takes UTF-8 is not said to one that does not", async () => {
  await using server = await startWithImap({ world: fakeWorld() });
  const modern = await talkImap(server, { user: "alice", select: "INBOX" });
  // RFC 9051 appendix E, item 6: decoded for the one, and as it came for the other.
  const letter = "Content-Type: text/plain; name*=utf-8''a%20b\r\n\r\n";
  await modern.say("ENABLE UTF8=ACCEPT");
  assert.match(await modern.say(`APPEND INBOX {${letter.length}+}\r\n${letter}`), /^OK /m);
  const plain = await talkImap(server, { user: "alice", select: "INBOX" });
  for (let times = 0; times < 2; times++) {
    assert.match(await modern.say("FETCH 1 BODYSTRUCTURE"), /"NAME\*" "a b"/);
    assert.match(await plain.say("FETCH 1 BODYSTRUCTURE"), /"NAME\*" "utf-8''a%20b"/);
  }
  modern.close();
  plain.close();
});

Deno.test("at most 16 Mi characters of texts are kept, and those that are asked for longest", () => {
  assert.equal(KEPT_TEXTS_CHARACTERS_MAX, 16 * 1024 * 1024);
  const texts = createKeptTexts(40);
  texts.set("a", "123456789");
  texts.set("b", "123456789");
  texts.set("c", "123456789");
  assert.equal(texts.get("a"), "123456789");
  texts.set("d", "123456789");
  assert.equal(texts.get("b"), null);
  assert.equal(texts.get("a"), "123456789");
  texts.set("e", "x".repeat(20));
  assert.equal(texts.get("e"), null);
});

Deno.test("fields that are fetched again, and mail in order, are few questions to the store", async () => {
  const world = fakeWorld();
  await using inner = openMemoryStore(world.clock);
  const asked: number[] = [];
  const mail: Mail = {
    ...inner.mail,
    body(...args) {
      asked.push(1);
      return inner.mail.body(...args);
    },
    bodies(...args) {
      asked.push(args[2]);
      return inner.mail.bodies(...args);
    },
  };
  await using server = await startWithImap({ world, store: { ...inner, mail } });
  const alice = inner.users.find("alice@abc.com")!;
  await append(inner, (await inner.mail.mailbox(alice.id, "INBOX"))!, 127);
  const client = await talkImap(server, { user: "alice", select: "INBOX" });
  const fields = "FETCH 1:* BODY.PEEK[HEADER.FIELDS (Subject)]";
  const first = await client.say(fields);
  assert.equal(first.match(/Subject: s/g)?.length, 127);
  assert.deepEqual(asked.splice(0), [1, 2, 4, 8, 16, 32, 32, 32]);
  assert.equal(await client.say(fields), first);
  assert.deepEqual(asked, [], "what was said is kept");
  const others = await client.say("FETCH 1:* BODY.PEEK[HEADER.FIELDS.NOT (Subject)]");
  assert.doesNotMatch(others, /Subject: s/);
  assert.match(await client.say("FETCH 1 BODY.PEEK[HEADER.FIELDS (Subject)]<3.2>"), /\{2\}\nje\)/);
  client.close();
});
