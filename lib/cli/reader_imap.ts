/** A mailbox over IMAP. */
import type { ImapJob, ImapListing, ImapResult } from "../imap/client.ts";
import { COMMAND_MESSAGES_MAX } from "../imap/client_pages.ts";
import { EXIT, Failure } from "./fail.ts";
import type { ImapMailbox, Listing, Mailbox } from "./mailbox.ts";
import type { Wish } from "./reader_desk.ts";

type ImapWish = Wish<ImapJob, ImapResult>;

export interface OpenOptions {
  readonly mailbox: string;
  /** Whether nothing in it may be changed. */
  readonly readOnly: boolean;
}

/**
 * Opens a mailbox, has `work` use it, and then removes what the work has removed.
 * @throws {Failure} `noInput` when it is not there.
 */
export async function workOverImap<Value>(
  wish: ImapWish,
  { mailbox, readOnly }: OpenOptions,
  work: (mailbox: Mailbox) => Promise<Value>,
): Promise<Value> {
  const selected = await wish({ do: "select", mailbox, readOnly });
  if (selected.did !== "select") throw await unopenedFailure(wish, selected, mailbox);
  const { uidValidity, uidNext } = selected;
  const removed = new Set<number>();
  const open = imapMailbox(wish, { uidValidity, removed, lastUid: (uidNext ?? 1) - 1 });
  // Without UIDNEXT, only a list tells which messages are new later.
  if (uidNext === null) await open.list();
  const value = await work(open);
  if (removed.size > 0) {
    await done(wish({ do: "remove", uids: [...removed] }), "remove", "deleting");
  }
  return value;
}

interface Opened {
  readonly uidValidity: number | null;
  /** The uids of what is to go at the end. */
  readonly removed: Set<number>;
  /** What has a larger uid is new. */
  lastUid: number;
}

function imapMailbox(wish: ImapWish, opened: Opened): Mailbox {
  const list = async (which: Extract<ImapJob, { readonly do: "list" }>["which"]) => {
    const { messages } = await done(wish({ do: "list", which }), "list", "the list of messages");
    for (const { uid } of messages) opened.lastUid = Math.max(opened.lastUid, uid);
    return messages.map((message) => listingOf(message, opened));
  };
  return {
    more: moreOfImap(wish, opened, list),
    list: () => list("all"),
    async *headers(messages) {
      for (let at = 0; at < messages.length; at += COMMAND_MESSAGES_MAX) {
        const page = messages.slice(at, at + COMMAND_MESSAGES_MAX);
        const uids = page.map(({ key }) => key);
        const { headers } = await done(wish({ do: "headers", uids }), "headers", "the headers");
        for (const listing of page) {
          const header = headers.get(listing.key);
          if (header !== undefined) yield [listing, header];
        }
      }
    },
    async retrieve({ number, key }) {
      const retrieved = wish({ do: "retrieve", uid: key });
      return (await done(retrieved, "retrieve", `message ${number}`)).content;
    },
    remove(messages) {
      for (const { key } of messages) opened.removed.add(key);
      return Promise.resolve();
    },
  };
}

function moreOfImap(
  wish: ImapWish,
  opened: Opened,
  list: (which: readonly number[] | { readonly after: number }) => Promise<readonly Listing[]>,
): ImapMailbox {
  return {
    async search(keys) {
      const { uids } = await done(wish({ do: "search", keys }), "search", "the search");
      return uids.length === 0 ? [] : await list(uids);
    },
    async markSeen(messages) {
      if (messages.length === 0) return;
      const uids = messages.map(({ key }) => key);
      const flags = ["\\Seen"];
      await done(wish({ do: "flag", uids, change: "set", flags }), "flag", "marking as seen");
    },
    async move(messages, mailbox) {
      if (messages.length === 0) return;
      const uids = messages.map(({ key }) => key);
      await done(wish({ do: "move", uids, mailbox }), "move", `moving to ${mailbox}`);
    },
    async *arrivals(stop) {
      const wake = (_: unknown, signal: AbortSignal) => aborted(AbortSignal.any([stop, signal]));
      while (!stop.aborted) {
        const { arrived } = await done(wish({ do: "wait", wake }), "wait", "waiting for mail");
        const messages = arrived ? await list({ after: opened.lastUid }) : [];
        if (messages.length > 0) yield messages;
      }
    },
  };
}

function listingOf({ number, uid, size }: ImapListing, { uidValidity }: Opened): Listing {
  // RFC 9051 §2.3.1.1: both together never mean another message.
  const uniqueId = uidValidity === null ? null : `${uidValidity}.${uid}`;
  return { number, key: uid, size, uniqueId };
}

/** The result, if it is of the kind that was wished for. */
async function done<Did extends ImapResult["did"]>(
  wished: Promise<ImapResult>,
  did: Did,
  what: string,
): Promise<Extract<ImapResult, { readonly did: Did }>> {
  const result = await wished;
  if (isOf(result, did)) return result;
  if (result.did === "nothing" && result.refusal.condition === "BYE") {
    const words = result.refusal.text;
    throw new Failure(EXIT.tryAgainLater, `the server has ended the session: ${words}`);
  }
  throw new Failure(EXIT.noInput, `the server refused ${what}: ${wordsOf(result)}`);
}

function isOf<Did extends ImapResult["did"]>(
  result: ImapResult,
  did: Did,
): result is Extract<ImapResult, { readonly did: Did }> {
  return result.did === did;
}

/** Names what there is, where the server lets itself be asked. */
async function unopenedFailure(
  wish: ImapWish,
  refused: ImapResult,
  mailbox: string,
): Promise<Failure> {
  const closing = refused.did === "nothing" && refused.refusal.condition === "BYE";
  const listed = closing ? refused : await wish({ do: "mailboxes" });
  const names = listed.did === "mailboxes" ? listed.names.slice(0, NAMES_SHOWN).join(", ") : "";
  const there = names === "" ? "" : ` (there are ${names})`;
  return new Failure(
    EXIT.noInput,
    `the mailbox ${mailbox} cannot be opened: ${wordsOf(refused)}${there}`,
  );
}

/** What helps a person to see a mistake in the name. */
const NAMES_SHOWN = 20;

function wordsOf(result: ImapResult): string {
  return result.did === "nothing" ? result.refusal.text : "another answer";
}

/** Resolves when the signal is aborted. */
function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
