/** What a client wants of a server, and what it gets. */
import type { Wake } from "../wire/session.ts";
import type { Refusal } from "./client_dialogue.ts";
import type { WantedKey } from "./client_search.ts";

/** Messages are named by their uids. */
export type ImapJob =
  /** The mailboxes that there are. */
  | { readonly do: "mailboxes" }
  /** Opens a mailbox; for reading only, nothing in it can be changed, `\Seen` neither. */
  | { readonly do: "select"; readonly mailbox: string; readonly readOnly: boolean }
  /** Messages with what is told in a line: all, those behind a uid, or these. */
  | { readonly do: "list"; readonly which: "all" | { readonly after: number } | readonly number[] }
  /** The uids of the messages of which all keys are true. */
  | { readonly do: "search"; readonly keys: readonly WantedKey[] }
  /** The fields of the header that a list shows; so many messages that they fit in one command. */
  | { readonly do: "headers"; readonly uids: readonly number[] }
  /** The whole message. */
  | { readonly do: "retrieve"; readonly uid: number }
  /** Sets flags, or takes them away. */
  | {
    readonly do: "flag";
    readonly uids: readonly number[];
    readonly change: "set" | "clear";
    readonly flags: readonly string[];
  }
  /** Into another mailbox. */
  | { readonly do: "move"; readonly uids: readonly number[]; readonly mailbox: string }
  /** For ever. */
  | { readonly do: "remove"; readonly uids: readonly number[] }
  /** Until messages have come since the last list, or `wake` resolves. */
  | { readonly do: "wait"; readonly wake: Wake<unknown> };

/** How a job went: the result has the job's kind, or the server refused. */
export type ImapResult =
  | { readonly did: "mailboxes"; readonly names: readonly string[] }
  | ({ readonly did: "select" } & Selected)
  | { readonly did: "list"; readonly messages: readonly ImapListing[] }
  | { readonly did: "search"; readonly uids: readonly number[] }
  | { readonly did: "headers"; readonly headers: ReadonlyMap<number, Uint8Array> }
  /** `null`: it is not there any more. */
  | { readonly did: "retrieve"; readonly content: Uint8Array | null }
  | { readonly did: "flag" | "move" | "remove" }
  | { readonly did: "wait"; readonly arrived: boolean }
  | { readonly did: "nothing"; readonly refusal: Refusal };

/** A mailbox that was opened; `null`: the server does not say. */
export interface Selected {
  readonly uidValidity: number | null;
  /** No message has this uid or a larger one. */
  readonly uidNext: number | null;
}

/** One message, before it is retrieved. */
export interface ImapListing {
  /** Its place in the mailbox, from 1, at the time of the list. */
  readonly number: number;
  readonly uid: number;
  /** In bytes, as the server says. */
  readonly size: number;
  /** The system flags that it has (RFC 9051 §2.3.2), as they are written there. */
  readonly flags: readonly string[];
  /** Milliseconds since 1970; `null` where the server does not say. */
  readonly receivedAt: number | null;
}

/** The server did not do it. */
export function nothing(refusal: Refusal): Extract<ImapResult, { readonly did: "nothing" }> {
  return { did: "nothing", refusal };
}

/** It was not even asked to, or has given nothing. */
export function refusalOfOurs(text: string): Refusal {
  return { ok: false, condition: "NO", code: null, text };
}
