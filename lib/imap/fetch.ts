/** FETCH (RFC 9051 §6.4.5, RFC 3516, RFC 7162, RFC 8970, RFC 9394). */
import { decodeLatin1, isAscii } from "../wire/bytes.ts";
import { deadline, type Step } from "../wire/session.ts";
import type { ImapBackend, ImapMessage, ImapSelected } from "./backend.ts";
import { malformed, refused } from "./error.ts";
import { dissect, type Extent } from "./dissect.ts";
import { factsOf, inPieces } from "./facts.ts";
import type { FetchCommand, FetchItem } from "./fetch_command.ts";
import { contentItem, keptName } from "./fetch_item.ts";
import { dateTime, join, type Piece } from "./format.ts";
import { meant, type Numbered, partOf } from "./messages.ts";
import { countChanges, flagList } from "./news.ts";
import type { Dissected } from "./sections.ts";
import { formatSpans, isIn, spansOf, spansOfNumbers } from "./sequence.ts";
import {
  ask,
  COMMAND_MS,
  countsChanges,
  done,
  type Reply,
  say,
  type Selected,
  selectedOf,
  type Serving,
  takesUtf8,
} from "./serving.ts";
import { removedSince } from "./select.ts";

/** Answers message by message, so that a large mailbox takes no more memory than a small one. */
export function* fetch(
  serving: Serving,
  command: FetchCommand,
): Step<ImapBackend, Reply> {
  const selected = selectedOf(serving);
  const items = completed(command);
  if (command.changedSince !== null || items.some(({ item }) => item === "MODSEQ")) {
    yield* countChanges(serving);
  }
  const chosen = partOf(
    meant(serving, selected, command).filter(([, { modSeq }]) =>
      command.changedSince === null || modSeq > command.changedSince
    ),
    command.partial,
  );
  if (command.vanished) yield* tellVanished(serving, selected, command);
  const missing = yield* tellMessages(serving, selected, { chosen, items });
  // RFC 5530 §3: what went meanwhile could not be fetched, and the client will hear of it. RFC 9051
  // §6.4.9: UIDs that are not there are passed over.
  if (missing > 0 && !command.uid) {
    throw refused("some of the messages are gone", "EXPUNGEISSUED");
  }
  return done("that is all");
}

/** What is the same for all messages of one command. */
interface Telling {
  readonly items: readonly FetchItem[];
  /** Under which name each of them is kept; `null` where it is not. */
  readonly names: readonly (string | null)[];
  /** `null` where no item is cut from the content. */
  readonly extent: Extent | null;
  readonly reading: Pick<ImapSelected, "content" | "parts">;
  /** For whom \Seen is new. */
  readonly seen: ReadonlySet<number>;
}

/** Says these items of these messages; gives how many of them are gone. */
export function* tellMessages(
  serving: Serving,
  selected: Selected,
  { chosen, items }: {
    readonly chosen: readonly Numbered[];
    readonly items: readonly FetchItem[];
  },
): Step<ImapBackend, number> {
  const seen = items.some(marksSeen) && !selected.readOnly
    ? yield* markSeen(selected, chosen)
    : new Set<number>();
  const { mailbox } = selected;
  const telling: Telling = {
    items,
    names: items.map((item) => keptName(item, takesUtf8(serving))),
    extent: items.some(needsContent) ? extentOf(items) : null,
    reading: { content: mailbox.contents(), parts: (uid) => mailbox.parts(uid) },
    seen,
  };
  const wantsFacts = items.some(needsFacts);
  let missing = 0;
  for (const piece of inPieces(chosen)) {
    const uids = piece.map(([, { uid }]) => uid);
    const facts = wantsFacts ? yield* factsOf(selected, uids) : null;
    for (const numbered of piece) {
      const line = yield* messageLine(serving, selected, telling, { numbered, facts });
      if (line === null) missing++;
      else yield* say(serving, ...line);
    }
  }
  return missing;
}

/** RFC 9051 §6.4.9: UID FETCH tells the UID; RFC 7162 §3.1.4.1: CHANGEDSINCE tells MODSEQ. */
function completed({ uid, items, changedSince }: FetchCommand): readonly FetchItem[] {
  const has = (name: string) => items.some(({ item }) => item === name);
  return [
    ...uid && !has("UID") ? [{ item: "UID" } as const] : [],
    ...items,
    ...changedSince !== null && !has("MODSEQ") ? [{ item: "MODSEQ" } as const] : [],
  ];
}

/** RFC 7162 §3.2.6. */
function* tellVanished(
  serving: Serving,
  { mailbox, view }: Selected,
  { set, changedSince }: FetchCommand,
): Step<ImapBackend, void> {
  if (!serving.enabled.has("QRESYNC")) throw malformed("enable QRESYNC first"); // RFC 7162 §3.2.6
  const wanted = set === "$" ? spansOfNumbers(serving.saved) : spansOf(set, view.largestUid);
  const all = [...view.ofNumbers([{ from: 1, to: view.count }])].map(([, seen]) => seen);
  const gone = yield* removedSince(mailbox, changedSince!, wanted, all);
  const told = gone.filter((uid) => isIn(wanted, uid));
  if (told.length > 0) {
    yield* say(serving, `VANISHED (EARLIER) ${formatSpans(spansOfNumbers(told))}`);
  }
}

function marksSeen(item: FetchItem): boolean {
  switch (item.item) {
    case "BODY[]":
    case "BINARY[]":
      return !item.peek;
    case "RFC822":
    case "RFC822.TEXT":
      return true;
    default:
      return false;
  }
}

/** RFC 9051 §6.4.5: \Seen is set by looking; gives for whom that was new. */
function* markSeen(
  selected: Selected,
  chosen: readonly Numbered[],
): Step<ImapBackend, ReadonlySet<number>> {
  const uids = chosen.filter(([, { flags }]) => !flags.includes("\\Seen")).map(([, seen]) =>
    seen.uid
  );
  if (uids.length === 0) return new Set();
  const { messages } = yield* ask(() =>
    selected.mailbox.store({ uids, change: "add", flags: ["\\Seen"], unchangedSince: null })
  );
  selected.view.learn(messages);
  return new Set(messages.map(({ uid }) => uid));
}

/** `n FETCH (…)`, in pieces; `null` when the message is gone. */
function* messageLine(
  serving: Serving,
  selected: Selected,
  { items, names, extent, reading, seen }: Telling,
  { numbered: [number, { uid }], facts }: {
    readonly numbered: Numbered;
    /** `null` where no item needs them. */
    readonly facts: ReadonlyMap<number, ImapMessage> | null;
  },
): Step<ImapBackend, readonly Piece[] | null> {
  const { view } = selected;
  const message = facts?.get(uid);
  if (view.isGone(uid) || (facts !== null && message === undefined)) return null;
  const utf8 = takesUtf8(serving);
  const kept = names.map((name) => name === null ? null : selected.mailbox.kept(uid, name));
  let content: Dissected | null = null;
  if (extent !== null && items.some((item, at) => kept[at] === null && needsContent(item))) {
    yield* deadline(COMMAND_MS); // a large mailbox over a slow line takes its time
    content = yield* dissect(reading, uid, extent);
    if (content === null) return null;
  }
  const found = view.at(number);
  const told = seen.has(uid) && !items.some(({ item }) => item === "FLAGS");
  const all: readonly FetchItem[] = told
    ? [...items, { item: "FLAGS" }, ...countsChanges(serving) ? [{ item: "MODSEQ" } as const] : []]
    : items;
  if (all.some(({ item }) => item === "FLAGS")) view.told(uid);
  const said = (item: FetchItem, at: number): readonly Piece[] => {
    switch (item.item) {
      case "UID":
        return [`UID ${uid}`];
      case "FLAGS":
        return [`FLAGS ${flagList(serving, selected, found)}`];
      case "MODSEQ":
        return [`MODSEQ (${found.modSeq})`];
      case "INTERNALDATE":
        return [`INTERNALDATE ${dateTime(message!.receivedAt)}`];
      case "SAVEDATE":
        return [`SAVEDATE ${dateTime(message!.savedAt)}`];
      case "RFC822.SIZE":
        return [`RFC822.SIZE ${message!.size}`];
      case "EMAILID":
        return [`EMAILID (${message!.emailId})`];
      case "THREADID":
        return ["THREADID NIL"];
      default:
        return kept[at]
          ? [kept[at]]
          : keeping(selected, uid, { name: names[at]!, pieces: contentItem(item, content!, utf8) });
    }
  };
  const pieces: Piece[] = [`${number} FETCH (`];
  for (const [at, item] of all.entries()) pieces.push(at === 0 ? "" : " ", ...said(item, at));
  pieces.push(")");
  return pieces;
}

/** Keeps what is text; what is not ASCII is rare. */
function keeping(
  { mailbox }: Selected,
  uid: number,
  { name, pieces }: { readonly name: string | null; readonly pieces: readonly Piece[] },
): readonly Piece[] {
  if (name === null) return pieces;
  const whole = join(pieces);
  const text = textOf(whole);
  if (text !== null) mailbox.keep(uid, name, text);
  return [whole];
}

function textOf(piece: Piece): string | null {
  if (typeof piece === "string") return piece;
  return isAscii(piece) ? decodeLatin1(piece) : null;
}

function needsFacts({ item }: FetchItem): boolean {
  return ["INTERNALDATE", "SAVEDATE", "RFC822.SIZE", "EMAILID"].includes(item);
}

function needsContent({ item }: FetchItem): boolean {
  return !needsFacts({ item } as FetchItem) &&
    !["UID", "FLAGS", "MODSEQ", "THREADID"].includes(item);
}

/** How much of the message the items are cut from. */
function extentOf(items: readonly FetchItem[]): Extent {
  const extents = items.filter(needsContent).map((item): Extent => {
    switch (item.item) {
      case "ENVELOPE":
      case "RFC822.HEADER":
        return "header";
      case "BODY":
      case "BODYSTRUCTURE":
        return "headers";
      case "BODY[]": {
        const { part, of } = item.section;
        return part.length === 0 && (of.kind === "HEADER" || of.kind === "fields")
          ? "header"
          : "all";
      }
      default:
        return "all";
    }
  });
  if (extents.includes("all")) return "all";
  return extents.includes("headers") ? "headers" : "header";
}
