/** FETCH (RFC 9051 §6.4.5, RFC 3516, RFC 7162, RFC 8970, RFC 9394). */
import { parseHeader } from "../mail/header.ts";
import { deadline, type Step } from "../wire/session.ts";
import type { ImapBackend, ImapMessage } from "./backend.ts";
import { malformed, refused } from "./error.ts";
import { dissect, type Extent } from "./dissect.ts";
import { factsOf, inPieces } from "./facts.ts";
import type { FetchCommand, FetchItem, Partial } from "./fetch_command.ts";
import { dateTime, join, literalPieces, type Piece, quoted, textString } from "./format.ts";
import { meant, type Numbered, partOf } from "./messages.ts";
import { countChanges, flagList } from "./news.ts";
import { preview } from "./preview.ts";
import { binaryOf, cut, type Dissected, sectionOf } from "./sections.ts";
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
import { bodyStructure, envelope } from "./structure.ts";

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
  const extent = items.some(needsContent) ? extentOf(items) : null;
  const wantsFacts = items.some(needsFacts);
  let missing = 0;
  for (const piece of inPieces(chosen)) {
    const uids = piece.map(([, { uid }]) => uid);
    const facts = wantsFacts ? yield* factsOf(selected, uids) : null;
    for (const numbered of piece) {
      const line = yield* messageLine(serving, selected, { numbered, items, extent, seen, facts });
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
  { numbered: [number, { uid }], items, extent, seen, facts }: {
    readonly numbered: Numbered;
    readonly items: readonly FetchItem[];
    /** `null` where no item is cut from the content. */
    readonly extent: Extent | null;
    readonly seen: ReadonlySet<number>;
    /** `null` where no item needs them. */
    readonly facts: ReadonlyMap<number, ImapMessage> | null;
  },
): Step<ImapBackend, readonly Piece[] | null> {
  const { view } = selected;
  const message = facts?.get(uid);
  if (view.isGone(uid) || (facts !== null && message === undefined)) return null;
  const utf8 = takesUtf8(serving);
  const kept = items.map((item) => keptText(selected, uid, item, utf8));
  let content: Dissected | null = null;
  if (extent !== null && items.some((item, at) => kept[at] === null && needsContent(item))) {
    yield* deadline(COMMAND_MS); // a large mailbox over a slow line takes its time
    content = yield* dissect(selected, uid, extent);
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
        return kept[at] ? [kept[at]] : keeping(selected, uid, {
          item,
          utf8,
          pieces: contentItem(item, content!, utf8),
        });
    }
  };
  const pieces: Piece[] = [`${number} FETCH (`];
  for (const [at, item] of all.entries()) pieces.push(at === 0 ? "" : " ", ...said(item, at));
  pieces.push(")");
  return pieces;
}

/** What is made of the whole message and takes longer to make than to say. */
const KEPT_ITEMS: ReadonlySet<FetchItem["item"]> = new Set<FetchItem["item"]>([
  "ENVELOPE",
  "BODY",
  "BODYSTRUCTURE",
]);

/** The same item of the same message as it was said before; `null` where nobody knows. */
function keptText(
  { mailbox }: Selected,
  uid: number,
  { item }: FetchItem,
  utf8: boolean,
): string | null {
  return KEPT_ITEMS.has(item) ? mailbox.kept(uid, keptName(item, utf8)) : null;
}

/** Keeps what is text; literals are rare. */
function keeping(
  { mailbox }: Selected,
  uid: number,
  { item: { item }, utf8, pieces }: {
    readonly item: FetchItem;
    readonly utf8: boolean;
    readonly pieces: readonly Piece[];
  },
): readonly Piece[] {
  if (!KEPT_ITEMS.has(item)) return pieces;
  const whole = join(pieces);
  if (typeof whole === "string") mailbox.keep(uid, keptName(item, utf8), whole);
  return [whole];
}

/** Who takes UTF-8 is told otherwise than others. */
function keptName(item: string, utf8: boolean): string {
  return utf8 ? `${item} UTF8` : item;
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

type ContentItem =
  | Extract<
    FetchItem,
    {
      readonly item:
        | "BODY[]"
        | "BINARY[]"
        | "BINARY.SIZE"
        | "PREVIEW"
        | "RFC822"
        | "RFC822.HEADER"
        | "RFC822.TEXT";
    }
  >
  | { readonly item: "BODY" | "BODYSTRUCTURE" | "ENVELOPE" };

function contentItem(item: FetchItem, message: Dissected, utf8: boolean): readonly Piece[] {
  const { bytes } = message;
  const found = item as ContentItem;
  switch (found.item) {
    case "BODY":
      return ["BODY ", bodyStructure(message.root, bytes, { utf8, extended: false })];
    case "BODYSTRUCTURE":
      return ["BODYSTRUCTURE ", bodyStructure(message.root, bytes, { utf8, extended: true })];
    case "ENVELOPE":
      return ["ENVELOPE ", envelope(parseHeader(bytes), { utf8 })];
    case "RFC822":
      return ["RFC822 ", ...literalPieces(bytes)];
    case "RFC822.HEADER":
      return ["RFC822.HEADER ", ...literalPieces(bytes.subarray(0, message.root.bodyStart))];
    case "RFC822.TEXT":
      return ["RFC822.TEXT ", ...literalPieces(bytes.subarray(message.root.bodyStart))];
    case "PREVIEW":
      return ["PREVIEW ", textString(preview(message), utf8)];
    case "BODY[]":
      return bodySection(found, message);
    case "BINARY[]":
      return binarySection(found, message);
    case "BINARY.SIZE": {
      const size = binaryOf(message, found.part)?.length ?? 0;
      return [`BINARY.SIZE[${found.part.join(".")}] ${size}`];
    }
  }
}

function bodySection(
  item: Extract<FetchItem, { readonly item: "BODY[]" }>,
  message: Dissected,
): readonly Piece[] {
  const { section, partial } = item;
  const bytes = sectionOf(message, section);
  const { of, part } = section;
  const numbers = part.join(".");
  const words = of.kind === "all"
    ? ""
    : of.kind === "fields"
    ? `HEADER.FIELDS${of.not ? ".NOT" : ""} (${of.names.map(fieldName).join(" ")})`
    : of.kind;
  const name = [numbers, words].filter((each) => each !== "").join(".");
  const value = bytes === null ? ["NIL"] : literalPieces(cut(bytes, partial));
  return [`BODY[${name}]${originOf(partial)} `, ...value];
}

function binarySection(
  { part, partial }: Extract<FetchItem, { readonly item: "BINARY[]" }>,
  message: Dissected,
): readonly Piece[] {
  const bytes = binaryOf(message, part);
  const name = `BINARY[${part.join(".")}]${originOf(partial)} `;
  if (bytes === null) return [`${name}NIL`];
  const wanted = cut(bytes, partial);
  // RFC 3516 §4.2: a literal8 only where NUL needs it.
  return [name, ...literalPieces(wanted, wanted.includes(0))];
}

/** RFC 9051 §7.5.2: where it begins, and not how much was asked for. */
function originOf(partial: Partial | null): string {
  return partial === null ? "" : `<${partial.from}>`;
}

/** The names of fields as the client wrote them; quoted where they are no atoms. */
function fieldName(name: string): string {
  // deno-lint-ignore no-control-regex -- control characters are no part of an atom
  return /^[^\x00-\x20\x7f-\uffff(){%*"\\]+$/.test(name) ? name : quoted(name);
}
