/** Mailboxes in memory for the tests of IMAP; they answer at once. */
import type {
  ImapAccount,
  ImapBackend,
  ImapMessage,
  ImapMetadataWatch,
  ImapSelected,
} from "../lib/imap/backend.ts";
import { createMetadataWatches } from "../lib/app/imap_metadata_watches.ts";
import { refused } from "../lib/imap/error.ts";
import { imapServer, type ImapServerOptions } from "../lib/imap/server.ts";
import { type Body, bodyOf } from "../lib/mail/body.ts";
import { parseMime } from "../lib/mail/mime.ts";
import { encode } from "../lib/wire/bytes.ts";
import { createRoom } from "../lib/wire/room.ts";
import type { Session } from "../lib/wire/session.ts";
import { drive } from "../lib/net/drive.ts";
import { fakeClock, fakeTransport } from "./fake_transport.ts";
import {
  type Box,
  type FakeSite,
  happen,
  insert,
  insertAll,
  newBox,
  NOW,
  type Row,
  statusOf,
  untilWoken,
  wake,
} from "./imap_fake_box.ts";
import { rfc7677Start } from "./scram_support.ts";

/** What can be done to the mailboxes from outside, as other clients and deliveries would. */
export interface FakeImap extends ImapBackend {
  readonly account: ImapAccount;
  /** The messages of a mailbox, by UID. */
  messages(name: string): readonly ImapMessage[];
  /** How many conversations were opened, and how many of them closed. */
  counts(): { readonly opened: number; readonly closed: number };
}

export interface FakeImapOptions {
  /** What lies in INBOX. */
  readonly contents?: readonly string[];
  /** What throws. */
  readonly broken?: readonly ("open" | "login" | "list" | "content" | "overview")[];
  /** Removals are not remembered. */
  readonly forgetful?: boolean;
  /** What happens behind each look at all mailboxes. */
  readonly meanwhile?: () => void;
}

const DAY_MS = 24 * 60 * 60 * 1000;
const PASSWORDS: Readonly<Record<string, string>> = { alice: "secret", user: "pencil" };

export const THREE_MESSAGES = [
  "From: Bob <bob@xyz.com>\r\nTo: alice@abc.com\r\nSubject: lunch\r\n" +
  "Date: Sat, 7 Feb 2026 10:00:00 +0000\r\nMessage-ID: <1@xyz.com>\r\n\r\nToday at one?\r\n",
  "From: Carol <carol@xyz.com>\r\nTo: alice@abc.com\r\nSubject: Re: lunch\r\n" +
  "Date: Sun, 8 Feb 2026 10:00:00 +0000\r\nMessage-ID: <2@xyz.com>\r\n" +
  "References: <1@xyz.com>\r\n\r\nAt two.\r\n",
  "From: =?UTF-8?Q?J=C3=B6rg?= <joerg@xyz.com>\r\nSubject: a picture\r\n" +
  "Date: Mon, 9 Feb 2026 10:00:00 +0000\r\nMessage-ID: <3@xyz.com>\r\n" +
  'Content-Type: multipart/mixed; boundary="b"\r\n\r\n' +
  "--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nIt is gr\u00fcn.\r\n" +
  "--b\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n" +
  'Content-Disposition: attachment; filename="p.png"\r\n\r\niVBORw0K\r\n--b--\r\n',
];

/** Makes an account with INBOX, Drafts and Trash. */
export function fakeImap(options: FakeImapOptions = {}): FakeImap {
  const { contents = THREE_MESSAGES, broken = [] } = options;
  const boxes = new Map<string, Box>();
  const site: FakeSite = {
    modSeq: 1,
    watchers: new Set(),
    metadata: createMetadataWatches(),
  };
  for (const [name, use] of FIRST_MAILBOXES) {
    boxes.set(name, newBox(site, name, use, boxes.size + 1));
  }
  const inbox = boxes.get("INBOX")!;
  for (const [at, content] of contents.entries()) {
    const receivedAt = NOW - (contents.length - at) * DAY_MS;
    insert(inbox, { content: encode(content), flags: [], receivedAt });
  }
  // Others have looked at them already.
  inbox.recentFrom = inbox.uidNext;
  const logIn = accountsOf(site, boxes, options);
  const account = logIn();
  let opened = 0;
  let closed = 0;
  const breakIf = (what: (typeof broken)[number]) => {
    if (broken.includes(what)) throw new Error(`${what} is broken`);
  };
  return {
    account,
    messages: (name) => boxes.get(name)!.rows,
    counts: () => ({ opened, closed }),
    open() {
      breakIf("open");
      opened++;
      return {
        login(user, password) {
          breakIf("login");
          if (user === "slowed") return "later";
          return PASSWORDS[user] === password ? logIn() : "refused";
        },
        secret: (user) => user === "slowed" ? "later" : rfc7677Start(user, PASSWORDS),
        proven: (_user, right) => right ? logIn() : "refused",
        now: () => NOW,
        close: () => void closed++,
      };
    },
  };
}

const FIRST_MAILBOXES = [
  ["INBOX", null],
  ["Drafts", "\\Drafts"],
  ["Trash", "\\Trash"],
] as const;

/** Each login gets a door of its own to the one account. */
function accountsOf(
  site: FakeSite,
  boxes: Map<string, Box>,
  options: FakeImapOptions,
): () => ImapAccount {
  const subscribed = new Set(["INBOX"]);
  const notes = new Map<string, Uint8Array>();
  let made = boxes.size;
  function named(name: string, code = "NONEXISTENT"): Box {
    const box = boxes.get(name);
    if (box === undefined) throw refused("there is no such mailbox", code);
    return box;
  }
  function notesOf(mailbox: string): Map<string, Uint8Array> {
    return mailbox === "" ? notes : named(mailbox).metadata;
  }
  function mailboxes() {
    const names = [...new Set([...boxes.keys(), ...subscribed])].sort();
    return names.map((name) => ({
      name,
      exists: boxes.has(name),
      subscribed: subscribed.has(name),
      use: boxes.get(name)?.use ?? null,
    }));
  }
  return () => {
    let own: ImapMetadataWatch | null = null;
    let overviews = 0;
    return {
      mailboxes,
      overview() {
        // That is, behind the first look.
        if (options.broken?.includes("overview") && overviews++ > 0) throw new Error("broken");
        const all = mailboxes().map((each) => {
          const box = boxes.get(each.name);
          return { ...each, status: box === undefined ? null : statusOf(box) };
        });
        options.meanwhile?.();
        return all;
      },
      modSeq: () => site.modSeq,
      changed: (since, signal) =>
        site.modSeq > since ? Promise.resolve() : untilWoken(site.watchers, signal),
      watchMetadata: () => own = site.metadata.open(1),
      status: (name) => boxes.has(name) ? statusOf(boxes.get(name)!) : null,
      create(name, use) {
        if (boxes.has(name)) throw refused("it is there already", "ALREADYEXISTS");
        const levels = name.split("/");
        for (const at of levels.keys()) {
          const parent = levels.slice(0, at + 1).join("/");
          const ofIt = parent === name ? use : null;
          if (!boxes.has(parent)) boxes.set(parent, newBox(site, parent, ofIt, ++made));
        }
        happen(site);
        return { mailboxId: named(name).mailboxId };
      },
      remove(name) {
        const box = named(name);
        box.isRemoved = true;
        boxes.delete(name);
        wake(box);
      },
      rename(from, to) {
        const box = named(from);
        if (boxes.has(to)) throw refused("it is there already", "ALREADYEXISTS");
        box.name = to;
        boxes.delete(from);
        boxes.set(to, box);
        happen(site);
      },
      subscribe(name, wanted) {
        if (wanted) subscribed.add(name);
        else subscribed.delete(name);
        happen(site);
      },
      select: (name) => boxes.has(name) ? selectedOf(boxes, boxes.get(name)!, options) : null,
      append: (name, messages) => insertAll(named(name, "TRYCREATE"), messages),
      quota() {
        const rows = [...boxes.values()].flatMap((box) => box.rows);
        const bytes = rows.reduce((sum, { size }) => sum + size, 0);
        return { bytes, bytesMax: 10 * 1024 * 1024, messages: rows.length, messagesMax: null };
      },
      metadata: (mailbox) => notesOf(mailbox),
      setMetadata(mailbox, entries) {
        const known = notesOf(mailbox);
        for (const [name, value] of entries) {
          if (value === null) known.delete(name);
          else known.set(name, value);
        }
        const names = entries.map(([name]) => name);
        site.metadata.note(1, { mailbox, entries: names }, own);
      },
    };
  };
}

function selectedOf(
  boxes: ReadonlyMap<string, Box>,
  box: Box,
  { broken = [], forgetful = false }: FakeImapOptions,
): ImapSelected {
  function check(what: "list" | "content" | null = null): void {
    if (what !== null && broken.includes(what)) throw new Error(`${what} is broken`);
    if (box.isRemoved) throw refused("the mailbox is gone", "NONEXISTENT");
  }
  const texts = new Map<string, string>();
  const rowOf = (uid: number) => box.rows.find((row) => row.uid === uid);
  function remove(uids: readonly number[]): void {
    const modSeq = ++box.modSeq;
    for (const uid of uids) if (!forgetful) box.removed.push({ uid, modSeq });
    box.rows = box.rows.filter(({ uid }) => !uids.includes(uid));
    wake(box);
  }
  function content(uid: number): Body | null {
    check("content");
    const row = rowOf(uid);
    return row === undefined ? null : bodyOf(row.content);
  }
  function target(name: string): Box {
    const found = boxes.get(name);
    if (found === undefined) throw refused("there is no such mailbox", "TRYCREATE");
    return found;
  }
  return {
    name: box.name,
    status: statusOf(box),
    recent(told) {
      const before = box.recentFrom;
      if (told !== null) box.recentFrom = Math.max(before, told + 1);
      return before;
    },
    list(after, max) {
      check("list");
      return box.rows.filter(({ uid }) => uid > after).slice(0, max);
    },
    changes(since) {
      check();
      const messages = box.rows.filter(({ modSeq }) => modSeq > since);
      const removed = box.removed.filter(({ modSeq }) => modSeq > since).map(({ uid }) => uid);
      const forgotten = forgetful && box.modSeq > since;
      return { messages, removed, modSeq: box.modSeq, more: false, forgotten };
    },
    changed(since, signal) {
      check();
      return box.modSeq > since ? Promise.resolve() : untilWoken(box.watchers, signal);
    },
    kept: (uid, what) => texts.get(`${uid} ${what}`) ?? null,
    keep: (uid, what, text) => void texts.set(`${uid} ${what}`, text),
    content,
    contents: () => content,
    parts(uid) {
      const row = rowOf(uid);
      return row === undefined ? null : parseMime(row.content);
    },
    without: () => null,
    store({ uids, change, flags, unchangedSince }) {
      check();
      const there = box.rows.filter(({ uid }) => uids.includes(uid));
      const isFresh = ({ modSeq }: Row) => unchangedSince === null || modSeq <= unchangedSince;
      const modSeq = ++box.modSeq;
      const changed = there.filter(isFresh).map((row): Row => ({
        ...row,
        modSeq,
        flags: change === "set"
          ? flags
          : change === "add"
          ? [...new Set([...row.flags, ...flags])]
          : row.flags.filter((flag) => !flags.includes(flag)),
      }));
      box.rows = box.rows.map((row) => changed.find(({ uid }) => uid === row.uid) ?? row);
      wake(box);
      const modified = there.filter((row) => !isFresh(row)).map(({ uid }) => uid);
      return { messages: changed, modified };
    },
    copy(uids, to, { move }) {
      check();
      const there = box.rows.filter(({ uid }) => uids.includes(uid));
      const placed = insertAll(target(to), there);
      const from = there.map(({ uid }) => uid);
      if (move) remove(from);
      return { ...placed, from };
    },
    expunge(uids) {
      check();
      const isMeant = ({ uid, flags }: Row) =>
        flags.includes("\\Deleted") && (uids === null || uids.includes(uid));
      remove(box.rows.filter(isMeant).map(({ uid }) => uid));
    },
    replace(uid, to, message) {
      const placed = insertAll(target(to), [message]);
      remove([uid]);
      return placed;
    },
  };
}

/** A session of the server as most tests want it. */
export function serverSession(options: Partial<ImapServerOptions> = {}): Session<ImapBackend> {
  return imapServer({
    peer: { address: "192.0.2.1", port: 50000 },
    hostname: "abc.com",
    plainAuth: true,
    identity: null,
    tls: null,
    messageBytesMax: 1_500_000,
    room: createRoom(Infinity),
    ...options,
  });
}

/** A client of the server, over a transport in memory. */
export interface FakeClient {
  /** What the server says to these lines, or by itself. */
  say(...lines: readonly string[]): Promise<readonly string[]>;
  /** Lets time pass; gives what the server says meanwhile. */
  wait(ms: number): Promise<readonly string[]>;
  /** The server is about to stop. */
  stop(): void;
  /** When the conversation is over. */
  readonly ended: Promise<void>;
}

/** Connects a client; with `mailbox` it has logged in and opened that. */
export async function connect(
  backend: ImapBackend,
  { mailbox, ...options }: Partial<ImapServerOptions> & { readonly mailbox?: string } = {},
): Promise<FakeClient> {
  const transport = fakeTransport();
  const clock = fakeClock();
  const stop = new AbortController();
  const ended = drive(serverSession(options), transport, backend, { clock, signal: stop.signal });
  let heard = 0;
  async function wait(ms: number): Promise<readonly string[]> {
    await clock.pass(ms);
    const text = transport.writes.join("").slice(heard);
    heard += text.length;
    return text.split("\r\n").slice(0, -1);
  }
  function say(...lines: readonly string[]): Promise<readonly string[]> {
    transport.feed(lines.map((line) => `${line}\r\n`).join(""));
    return wait(0);
  }
  await wait(0);
  if (mailbox !== undefined) await say("l LOGIN alice secret", `s SELECT ${mailbox}`);
  return { say, wait, stop: () => stop.abort(), ended };
}
