/** What all commands of the IMAP server share: one conversation, and how it hears and answers. */
import { type ByteQueue, encode } from "../wire/bytes.ts";
import {
  call,
  Interrupted,
  type MaybePromise,
  type Step,
  type TlsIdentity,
  type TlsInfo,
  trace,
  write,
} from "../wire/session.ts";
import type {
  ImapAccount,
  ImapBackend,
  ImapConversation,
  ImapMetadataWatch,
  ImapOverview,
  ImapSelected,
} from "./backend.ts";
import { ImapError, type ResponseCode } from "./error.ts";
import type { FetchItem } from "./fetch_command.ts";
import { line, type Piece } from "./format.ts";
import type { NotifyGroup } from "./notify_command.ts";
import type { SearchKey } from "./search_command.ts";
import type { Span } from "./sequence.ts";
import type { View } from "./view.ts";

/** RFC 9051 §5.4: a timer for clients that are logged in is of thirty minutes at least. */
export const IDLE_MS = 30 * 60 * 1000;
/** A command with its literals and its answers, except for messages, which have as long each. */
export const COMMAND_MS = 30 * 60 * 1000;

/** What ENABLE has switched on (RFC 5161). */
export type Enabled = "CONDSTORE" | "IMAP4REV2" | "QRESYNC" | "UTF8=ACCEPT";

/** One conversation, as it goes on. */
export interface Serving {
  /** What the client has said and nobody has read yet. */
  readonly queue: ByteQueue;
  /** Whether somebody watches. */
  readonly traced: boolean;
  readonly hostname: string;
  readonly conversation: ImapConversation;
  /** Whether logins are allowed without TLS. */
  readonly plainAuth: boolean;
  /** What STARTTLS shows to clients; `null`: it is not offered. */
  readonly identity: TlsIdentity | null;
  /** RFC 7889: what APPEND takes at most. */
  readonly messageBytesMax: number;
  tls: TlsInfo | null;
  /** RFC 4978: whether both sides speak in DEFLATE. */
  compressed: boolean;
  /** Who is logged in. */
  account: ImapAccount | null;
  selected: Selected | null;
  readonly enabled: Set<Enabled>;
  /** What the client wants to hear (RFC 5465); `null`: it has not said, so it hears as before. */
  notify: Notifying | null;
  /** The result of the last search that was saved, as UIDs (RFC 5182). */
  saved: readonly number[];
  badCommands: number;
  failedLogins: number;
}

/** The mailbox that is open. */
export interface Selected {
  readonly mailbox: ImapSelected;
  readonly readOnly: boolean;
  readonly view: View;
  /** What the view knows: everything up to here. */
  modSeq: number;
  /** What the client was told: everything up to here. */
  toldModSeq: number;
  /** UIDs of messages that this session was told of before all others (RFC 3501 §2.3.2); rising. */
  readonly recent: Span[];
  /** RFC 5267: searches whose results the client hears of, by the tags of their commands. */
  readonly contexts: Map<string, Context>;
  /** What they know: everything up to here. */
  contextsModSeq: number;
  /** UIDs of messages that this client itself has put here, until they are told. */
  readonly placed: Set<number>;
  /** Those that were ever met in it. */
  readonly keywords: Set<string>;
  /** How many of them the client has heard of. */
  keywordsTold: number;
}

/** What a client has asked for with NOTIFY, and what it knows. */
export interface Notifying {
  /** Of the mailbox that is open; `null`: nothing. */
  readonly selected: NotifyGroup | null;
  /** Of the others. */
  readonly others: readonly NotifyGroup[];
  /** `null` where that is not wanted. */
  readonly metadata: ImapMetadataWatch | null;
  known: readonly ImapOverview[];
  /** What it knows is everything up to here. */
  modSeq: number;
  /** Names that this client itself has changed. */
  readonly own: Set<string>;
}

/** Notes what the client itself has put into the open mailbox, and need not be told about. */
export function notePlaced(
  { selected }: Serving,
  mailbox: string,
  uids: readonly number[],
): void {
  if (selected?.mailbox.name !== mailbox) return;
  for (const uid of uids) selected.placed.add(uid);
}

/** A search that is kept up to date (RFC 5267 §4.3). */
export interface Context {
  readonly uid: boolean;
  readonly keys: SearchKey;
  /** What is told of new messages in it (RFC 5465 §7). */
  readonly items: readonly FetchItem[];
  /** Which messages are in the result as the client has it, by UID. */
  readonly members: Set<number>;
}

/** Whether the client takes names and quoted strings in UTF-8. */
export function takesUtf8({ enabled }: Serving): boolean {
  return enabled.has("UTF8=ACCEPT") || enabled.has("IMAP4REV2");
}

/** Whether the client counts in mod-sequences: it has said CONDSTORE or QRESYNC. */
export function countsChanges({ enabled }: Serving): boolean {
  return enabled.has("CONDSTORE") || enabled.has("QRESYNC");
}

/** Whether a password may be sent on this connection. */
export function mayLogIn({ plainAuth, tls }: Serving): boolean {
  return plainAuth || tls !== null;
}

/** `* …`, with its CRLF. */
export function* say(
  serving: Pick<Serving, "traced">,
  ...pieces: readonly Piece[]
): Step<ImapBackend, void> {
  yield* send(serving, line("* ", ...pieces));
}

/** How a command ends (RFC 9051 §7.1); what has changed is told before it is said. */
export interface Reply {
  readonly condition: "OK" | "NO" | "BAD";
  readonly words: string;
  readonly code: ResponseCode | null;
  /** Whether the conversation is over behind it. */
  readonly last: boolean;
}

/** The reply to a command that was done. */
export function done(words: string, code: ResponseCode | null = null): Reply {
  return { condition: "OK", words, code, last: false };
}

/** Says the tagged reply. */
export function* answer(
  serving: Serving,
  tag: string,
  { condition, words, code }: Reply,
): Step<ImapBackend, void> {
  yield* send(serving, line(`${tag} ${condition} ${code === null ? "" : `[${code}] `}${words}`));
}

/** RFC 9051 §7.1.5: the last word. */
export function* bye(serving: Pick<Serving, "traced">, words: string): Step<ImapBackend, void> {
  yield* say(serving, `BYE ${words}`);
}

function* send(serving: Pick<Serving, "traced">, bytes: Uint8Array): Step<ImapBackend, void> {
  yield* write(bytes);
  if (serving.traced) yield* trace("self", shown(bytes));
}

/** What stands in a trace for a secret, and for what may be one. */
export const MASK = "****";

/** A trace shows lines, not messages. */
function shown(bytes: Uint8Array): Uint8Array {
  const end = bytes.indexOf(13);
  return end === bytes.length - 2 ? bytes.subarray(0, end) : encode("* (with a literal)");
}

/**
 * Asks the application.
 * @throws {ImapError} as it does; whatever else it throws becomes one: the failure is ours, and the
 * client may try again.
 */
export function* ask<T>(
  question: (signal: AbortSignal) => MaybePromise<T>,
): Step<ImapBackend, T> {
  try {
    return yield* call((_backend: ImapBackend, signal) => question(signal));
  } catch (error) {
    if (error instanceof Interrupted || error instanceof ImapError) throw error;
    throw new BackendFailure(error);
  }
}

/** Our side failed; told apart from mistakes in this code, which nobody catches. */
export class BackendFailure extends Error {
  override readonly name = "BackendFailure";
  constructor(cause: unknown) {
    super("the backend failed", { cause });
  }
}

/** Who is logged in. @throws {ImapError} when nobody is. */
export function accountOf({ account }: Serving): ImapAccount {
  if (account === null) throw new ImapError("BAD", "log in first");
  return account;
}

/** The mailbox that is open. @throws {ImapError} when none is. */
export function selectedOf({ selected }: Serving): Selected {
  if (selected === null) throw new ImapError("BAD", "select a mailbox first");
  return selected;
}

/** The same, for what changes it. @throws {ImapError} when it was opened to be read only */
export function writableOf(serving: Serving): Selected {
  const selected = selectedOf(serving);
  if (selected.readOnly) throw new ImapError("NO", "the mailbox is open read-only", "READ-ONLY");
  return selected;
}
