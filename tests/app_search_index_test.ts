/** Searches with an index find what they would find without one, and read less. */
import assert from "$assert";
import fc from "$check";
import { attemptsOf } from "../lib/app/imap_owner.ts";
import {
  INDEXED_BYTES_MAX,
  INDEXED_CHARACTERS_MAX,
  openSearchIndex,
} from "../lib/app/search_keeper.ts";
import { searchContentOf } from "../lib/imap/search_content.ts";
import { SILENT } from "../lib/log.ts";
import { bodyOf } from "../lib/mail/body.ts";
import { parseMime } from "../lib/mail/mime.ts";
import { openSqliteStore } from "../lib/store/sqlite.ts";
import { type Mailbox, type Store, StoreError } from "../lib/store/store.ts";
import type { TextIndex } from "../lib/store/text_index.ts";
import { encode } from "../lib/wire/bytes.ts";
import { type ImapTalker, startWithImap, talkImap } from "./app_imap_support.ts";
import type { TestServer } from "./app_support.ts";
import { type FakeWorld, fakeWorld } from "./fake_world.ts";
import { latin1 } from "./imap_support.ts";

interface Searched extends AsyncDisposable {
  readonly world: FakeWorld;
  readonly server: TestServer;
  readonly store: Store;
  readonly index: TextIndex;
  readonly alice: ImapTalker;
  /** How often a body was read. */
  reads(): number;
  /** Puts messages into INBOX. */
  append(...contents: readonly Uint8Array[]): Promise<void>;
  inbox(): Promise<Mailbox>;
  /** The UIDs that a search gives. */
  search(keys: string): Promise<readonly number[]>;
  /** Lets everything be indexed. */
  settle(): Promise<void>;
}

/** What goes wrong, or is looked at, on the way to the store. */
type Wrap = (store: Store) => Partial<Store["mail"]>;

async function startSearched(wrap: Wrap = () => ({})): Promise<Searched> {
  const world = fakeWorld();
  const inner = await openSqliteStore({ directory: null, turn: world.clock.turn });
  let reads = 0;
  const body: Store["mail"]["body"] = (mailbox, uid) => {
    reads++;
    return inner.mail.body(mailbox, uid);
  };
  const store = { ...inner, mail: { ...inner.mail, body, ...wrap(inner) } };
  const index = openSearchIndex(null);
  const server = await startWithImap({ world, store, index, freeBytesMin: 1_000 });
  const account = store.users.find("alice@abc.com")!.id;
  let count = 0;
  const append = async (...contents: readonly Uint8Array[]) => {
    const messages = contents.map((content) => ({
      id: `m${++count}`,
      content: bodyOf(content),
      flags: [],
      receivedAt: 1_700_000_000_000,
    }));
    await store.mail.append({ account, name: "INBOX" }, messages, { at: 1_700_000_000_000 });
  };
  const alice = await talkImap(server, { user: "alice", select: "INBOX" });
  return {
    world,
    server,
    store,
    index,
    alice,
    reads: () => reads,
    append,
    inbox: async () => (await store.mail.mailbox(account, "INBOX"))!,
    async search(keys) {
      const answer = await alice.say(`UID SEARCH ${keys}`);
      const [, numbers] = /^\* SEARCH(.*)$/m.exec(answer) ?? assert.fail(answer);
      return numbers!.split(" ").slice(1).map(Number);
    },
    async settle() {
      await world.clock.pass(60_000);
    },
    async [Symbol.asyncDispose]() {
      alice.close();
      await server[Symbol.asyncDispose]();
      index[Symbol.dispose]();
    },
  };
}

function literal(text: string): string {
  return `{${encode(text).length}+}\r\n${text}`;
}

function numbered(from: number, to: number, body = ""): readonly Uint8Array[] {
  return Array.from(
    { length: to - from + 1 },
    (_, at) => encode(`Subject: number ${from + at} of them\r\n\r\n${body}\r\n`),
  );
}

/** What people write, in what their programs make of it. */
const words = fc.array(
  fc.constantFrom(
    ..."lunch Lunch ÄPFEL äpfel straße STRASSE ΟΔΟΣ οδός ﬁn e\u0301té 日本語 😀 a".split(" "),
  ),
  { minLength: 1, maxLength: 5 },
).map((some) => some.join(" "));
const base64 = (text: string) => encode(text).toBase64().replace(/.{1,60}/g, "$&\r\n");
const quotedPrintable = (text: string) =>
  [...encode(text)].map((byte) => `=${byte.toString(16).toUpperCase().padStart(2, "0")}`)
    .join("").replace(/.{72}/g, "$&=\r\n");
const headers = fc.oneof(
  words.map((text) => `Subject: ${text}\r\n`),
  words.map((text) => `Subject: =?utf-8?b?${encode(text).toBase64()}?=\r\n =?utf-8?q?_x?=\r\n`),
  words.map((text) => `From: ${text.replaceAll(" ", "\r\n ")} <a@b>\r\n`),
  words.map((text) => `X-Note:${text}\r\n`),
  fc.constant("no field at all\r\n"),
);
const parts = fc.oneof(
  words.map((text) => `\r\n${text}\r\n`),
  words.map((text) =>
    `Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n${
      base64(text)
    }`
  ),
  words.map((text) =>
    `Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n${
      quotedPrintable(`<p title="${text}">${text.replaceAll(" ", "<br>&amp;")}</p>`)
    }`
  ),
  words.map((text) => `Content-Type: message/rfc822\r\n\r\nSubject: ${text}\r\n\r\n${text}\r\n`),
  words.map((text) => `Content-Type: application/pdf; name="${text}"\r\n\r\n${text}\r\n`),
  fc.constant("Content-Type: text/plain; charset=iso-8859-1\r\n\r\n\u00c4pfel caf\u00e9\r\n"),
);
const mails = fc.oneof(
  fc.tuple(fc.array(headers), parts).map(([some, part]) => encode(some.join("") + part)),
  fc.tuple(fc.array(headers), parts).map(([some, part]) =>
    latin1((some.join("") + part).replace(/[^\0-\xff]/gu, "?"))
  ),
  fc.tuple(fc.array(headers), fc.array(parts)).map(([some, all]) =>
    encode(
      `${some.join("")}Content-Type: multipart/mixed; boundary=x\r\n\r\n` +
        `${all.map((part) => `--x\r\n${part}\r\n`).join("")}--x--\r\n`,
    )
  ),
);
/** Where in all texts of the mails a pattern begins, and how long it is. */
const places = fc.record({ at: fc.nat(), length: fc.integer({ min: 1, max: 20 }) });
const patterns = fc.oneof(words, fc.constantFrom("none of it", "subject: ", "x\ny"), places);

Deno.test("a search with the index finds just what is there", async () => {
  const property = fc.asyncProperty(
    fc.array(mails, { minLength: 12, maxLength: 30 }),
    fc.array(patterns, { minLength: 3, maxLength: 6 }),
    async (mails, patterns) => {
      await using searched = await startSearched();
      const { append, settle, search, index, inbox } = searched;
      await append(...mails);
      await searched.alice.say("NOOP");
      await search("TEXT begin");
      await settle();
      assert.equal(index.progress((await inbox()).uidValidity)?.through, mails.length);
      const contents = mails.map((bytes) => searchContentOf({ bytes, root: parseMime(bytes) }));
      const all = contents.map(({ text }) => text).join("\n\n");
      for (const pattern of patterns) {
        const place = typeof pattern === "string" ? 0 : pattern.at % all.length;
        const wanted = typeof pattern === "string"
          ? pattern
          : all.slice(place, place + pattern.length).toWellFormed();
        const whether = (test: (content: (typeof contents)[number]) => boolean) =>
          contents.flatMap((content, at) => test(content) ? [at + 1] : []);
        const folded = wanted.normalize("NFKC").toUpperCase().toLowerCase().replaceAll("ς", "σ");
        const has = {
          text: whether(({ text }) => text.includes(folded)),
          body: whether(({ body }) => body.includes(folded)),
          from: whether(({ fields }) => fields("from").some((each) => each.includes(folded))),
          note: whether(({ fields }) => fields("x-note").some((each) => each.includes(folded))),
        };
        const everyone = whether(() => true);
        const said = literal(wanted);
        assert.deepEqual(await search(`TEXT ${said}`), has.text, wanted);
        assert.deepEqual(await search(`BODY ${said}`), has.body, wanted);
        assert.deepEqual(await search(`FROM ${said}`), has.from, wanted);
        assert.deepEqual(await search(`HEADER X-Note ${said}`), has.note, wanted);
        assert.deepEqual(
          await search(`NOT TEXT ${said}`),
          everyone.filter((uid) => !has.text.includes(uid)),
        );
        assert.deepEqual(
          await search(`OR BODY ${said} FROM ${said}`),
          everyone.filter((uid) => has.body.includes(uid) || has.from.includes(uid)),
        );
      }
    },
  );
  await fc.assert(property, { numRuns: 8 });
});

Deno.test("what the index rules out is not read, and what is newer than it is", async () => {
  await using searched = await startSearched();
  const { append, settle, search, reads, alice } = searched;
  await append(...numbered(1, 30));
  await alice.say("NOOP");
  assert.deepEqual(await search("SUBJECT {12+}\r\nnumber 17 of"), [17]);
  await settle();
  const before = reads();
  assert.deepEqual(await search("SUBJECT {12+}\r\nnumber 17 of"), [17]);
  assert.equal(reads() - before, 1);
  assert.equal((await search("NOT TEXT none")).length, 30);
  assert.deepEqual(await search("HEADER X-None {0+}\r\n"), []);
  assert.equal(reads() - before, 1);
  await append(...numbered(31, 32));
  await alice.say("NOOP");
  assert.deepEqual(await search("SUBJECT {12+}\r\nnumber 32 of"), [32]);
});

Deno.test("what is removed is forgotten, and so are mailboxes", async () => {
  await using searched = await startSearched();
  const { append, settle, search, alice, index, world, inbox } = searched;
  await append(...numbered(1, 20));
  await alice.say("NOOP");
  await search("TEXT none");
  await settle();
  const { uidValidity } = await inbox();
  await alice.say("CREATE Work");
  await alice.say("COPY 1:15 Work");
  await alice.say("STORE 1:12 +FLAGS (\\Deleted)");
  await alice.say("EXPUNGE");
  await alice.say("SELECT Work");
  await search("TEXT none");
  await settle();
  assert.equal(index.mailboxes().length, 2);
  await world.clock.pass(11 * 60_000);
  assert.deepEqual(index.uids(uidValidity, 0, 100), [13, 14, 15, 16, 17, 18, 19, 20]);
  await alice.say("SELECT INBOX");
  await alice.say("DELETE Work");
  await world.clock.pass(11 * 60_000);
  assert.deepEqual(index.mailboxes(), [uidValidity]);
});

Deno.test("removals that the store has forgotten are found out", async () => {
  const wrap: Wrap = ({ mail }) => ({
    async changes(mailbox, since, max) {
      return { ...await mail.changes(mailbox, since, max), removed: [], forgotten: since > 0 };
    },
  });
  await using searched = await startSearched(wrap);
  const { append, settle, search, alice, index, inbox, world } = searched;
  await append(...numbered(1, 20));
  await alice.say("NOOP");
  await search("TEXT none");
  await settle();
  await alice.say("STORE 2:19 +FLAGS (\\Deleted)");
  await alice.say("EXPUNGE");
  await world.clock.pass(11 * 60_000);
  assert.deepEqual(index.uids((await inbox()).uidValidity, 0, 100), [1, 20]);
});

Deno.test("large messages are left out of the index, and found", async () => {
  await using searched = await startSearched();
  const { append, settle, search, reads, alice } = searched;
  const text = (characters: number) => {
    const message = (filling: number) =>
      encode(`X: 1\r\n\r\n${"a ".repeat(filling / 2)}needle\r\n`);
    const bytes = message(characters);
    const { headers, body } = searchContentOf({ bytes, root: parseMime(bytes) });
    return message(2 * characters - headers.length - body.length);
  };
  const large = (bytes: number) => {
    const start = "Content-Type: application/x\r\nSubject: needle\r\n\r\n";
    return encode(start + "x".repeat(bytes - start.length));
  };
  await append(
    ...numbered(1, 20),
    text(INDEXED_CHARACTERS_MAX),
    text(INDEXED_CHARACTERS_MAX + 2),
    large(INDEXED_BYTES_MAX),
    large(INDEXED_BYTES_MAX + 1),
  );
  await alice.say("NOOP");
  await search("TEXT none");
  await settle();
  const before = reads();
  assert.deepEqual(await search("TEXT none"), []);
  // Two of them can only be ruled out by reading, and for one of these its parts are found first.
  const readForNone = reads() - before;
  assert.ok(readForNone >= 2 && readForNone <= 4, `${readForNone}`);
  assert.deepEqual(await search("TEXT needle"), [21, 22, 23, 24]);
});

Deno.test("of a large message all texts are looked through, wherever they stand", async () => {
  await using searched = await startSearched();
  const part = (type: string, text: string) => `--x\r\nContent-Type: ${type}\r\n\r\n${text}\r\n`;
  const attachment = part("application/x", "x".repeat(80_000));
  const image = part("image/x; name=third", "");
  const texts = [part("text/plain", "first"), image, attachment, part("text/plain", "second")];
  const content = `Content-Type: multipart/mixed; boundary=x\r\n\r\n${texts.join("")}`;
  await searched.append(encode(`${content}--x--\r\n`));
  await searched.alice.say("NOOP");
  for (const text of ["first", "second", "third", "plain\nfirst"]) {
    assert.deepEqual(await searched.search(`TEXT ${literal(text)}`), [1], text);
  }
  assert.deepEqual(await searched.search("TEXT xxxx"), []);
});

Deno.test("an index that fails is not missed, and begun anew where it is damaged", async () => {
  await using searched = await startSearched();
  const { append, settle, search, alice, index, server, inbox } = searched;
  await append(...numbered(1, 20));
  await alice.say("NOOP");
  await search("TEXT none");
  await settle();
  const { uidValidity } = await inbox();
  const { candidates } = index;
  const fail = (error: Error) =>
    Object.assign(index, {
      candidates: () => {
        throw error;
      },
    });
  fail(new StoreError("full", "the disk is full"));
  assert.deepEqual(await search("SUBJECT {12+}\r\nnumber 17 of"), [17]);
  assert.notEqual(index.progress(uidValidity), null);
  fail(new StoreError("corrupt", "the database is damaged"));
  assert.deepEqual(await search("SUBJECT {12+}\r\nnumber 17 of"), [17]);
  assert.equal(index.progress(uidValidity), null);
  assert.equal(server.logged("search-index-failed").length, 2);
  Object.assign(index, { candidates });
  assert.deepEqual(await search("SUBJECT {12+}\r\nnumber 17 of"), [17]);
  await settle();
  assert.equal(index.progress(uidValidity)?.through, 20);
});

Deno.test("while the disk is short of room, nothing is added to the index", async () => {
  await using searched = await startSearched();
  const { append, settle, search, alice, index, inbox, world } = searched;
  await append(...numbered(1, 20));
  await alice.say("NOOP");
  world.disk.leave(999);
  assert.deepEqual(await search("SUBJECT {12+}\r\nnumber 17 of"), [17]);
  await settle();
  const { uidValidity } = await inbox();
  assert.equal(index.progress(uidValidity), null);
  world.disk.leave(1_000_000);
  assert.deepEqual(await search("SUBJECT {12+}\r\nnumber 17 of"), [17]);
  await settle();
  assert.equal(index.progress(uidValidity)?.through, 20);
});

Deno.test("whoever asks for much lets others have their turn", async () => {
  const { clock } = fakeWorld();
  let [nowMs, turns] = [0, 0];
  const turn = () => Promise.resolve(void turns++);
  const world = { ...fakeWorld(), clock: { ...clock, monotonicMs: () => nowMs, turn } };
  const attempt = attemptsOf({ log: SILENT, world }, "192.0.2.1");
  for (let calls = 0; calls < 100; calls++) {
    await attempt("list", () => Promise.resolve(nowMs++));
  }
  assert.ok(turns >= 10 && turns <= 20, `${turns}`);
});
