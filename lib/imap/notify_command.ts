/** NOTIFY as it is said (RFC 5465 §8): what a client wants to hear of which mailboxes. */
import { malformed, refused } from "./error.ts";
import { type FetchItem, parseItems } from "./fetch_command.ts";
import type { Reader } from "./parse.ts";

export type NotifyEvent =
  | "MessageNew"
  | "MessageExpunge"
  | "FlagChange"
  | "MailboxName"
  | "SubscriptionChange"
  | "MailboxMetadataChange"
  | "ServerMetadataChange";

/** RFC 5465 §6. INBOXES means what PERSONAL does: mail may be filed anywhere (§6.3). */
export type MailboxFilter =
  | { readonly filter: "selected"; readonly delayed: boolean }
  | { readonly filter: "personal" | "subscribed" }
  | { readonly filter: "subtree" | "mailboxes"; readonly names: readonly string[] };

export interface NotifyGroup {
  readonly of: MailboxFilter;
  readonly events: ReadonlySet<NotifyEvent>;
  /** What is told of new messages in the mailbox that is open. */
  readonly items: readonly FetchItem[];
}

export interface NotifyCommand {
  readonly verb: "NOTIFY";
  /** Whether the client wants to know how the mailboxes are now. */
  readonly status: boolean;
  /** Empty for NONE. */
  readonly groups: readonly NotifyGroup[];
}

/** There are five kinds of them; each is looked at for every change. */
export const NOTIFY_GROUPS_MAX = 20;
/** Names in one group. */
export const NOTIFY_NAMES_MAX = 100;

const MESSAGE_EVENTS: readonly NotifyEvent[] = ["MessageNew", "MessageExpunge", "FlagChange"];
const EVENTS: readonly NotifyEvent[] = [
  ...MESSAGE_EVENTS,
  "MailboxName",
  "SubscriptionChange",
  "MailboxMetadataChange",
  "ServerMetadataChange",
];

/** Behind `NOTIFY`. */
export function parseNotify(reader: Reader, utf8: boolean): NotifyCommand {
  reader.space();
  const word = reader.keyword();
  if (word === "NONE") return { verb: "NOTIFY", status: false, groups: [] };
  if (word !== "SET") throw malformed("SET or NONE is missing");
  reader.space();
  const status = reader.skipWord("STATUS");
  if (status) reader.space();
  const groups = [parseGroup(reader, utf8)];
  while (!reader.atEnd()) {
    if (groups.length === NOTIFY_GROUPS_MAX) throw malformed("too many groups");
    reader.space();
    groups.push(parseGroup(reader, utf8));
  }
  // RFC 5465 §6.1: one of SELECTED and SELECTED-DELAYED, and once.
  if (groups.filter(({ of }) => of.filter === "selected").length > 1) {
    throw malformed("SELECTED is said once");
  }
  return { verb: "NOTIFY", status, groups };
}

/** Whether anything about messages is wanted. */
export function wantsMessages({ events }: NotifyGroup): boolean {
  return MESSAGE_EVENTS.some((each) => events.has(each));
}

function parseGroup(reader: Reader, utf8: boolean): NotifyGroup {
  reader.expect("(");
  const of = parseFilter(reader, utf8);
  reader.space();
  const isSelected = of.filter === "selected";
  const { events, items } = reader.skipWord("NONE") ? NO_EVENTS : parseEvents(reader, isSelected);
  reader.expect(")");
  // RFC 5465 §6.1: what happens to mailboxes is not asked for in that way.
  if (isSelected && [...events].some((each) => !MESSAGE_EVENTS.includes(each))) {
    throw malformed("SELECTED is about messages");
  }
  return { of, events, items };
}

const NO_EVENTS = { events: new Set<NotifyEvent>(), items: [] };

function parseFilter(reader: Reader, utf8: boolean): MailboxFilter {
  const word = reader.keyword();
  switch (word) {
    case "SELECTED":
    case "SELECTED-DELAYED":
      return { filter: "selected", delayed: word === "SELECTED-DELAYED" };
    case "INBOXES":
    case "PERSONAL":
      return { filter: "personal" };
    case "SUBSCRIBED":
      return { filter: "subscribed" };
    case "SUBTREE":
    case "MAILBOXES":
      reader.space();
      return {
        filter: word === "SUBTREE" ? "subtree" : "mailboxes",
        names: reader.sees("(")
          ? reader.list(() => reader.mailbox(utf8), { least: 1, most: NOTIFY_NAMES_MAX })
          : [reader.mailbox(utf8)],
      };
    default:
      throw malformed("there are no such mailboxes");
  }
}

function parseEvents(reader: Reader, isSelected: boolean): Omit<NotifyGroup, "of"> {
  const events = new Set<NotifyEvent>();
  let items: readonly FetchItem[] = [];
  let isKnown = true;
  reader.list(() => {
    const word = reader.keyword();
    const event = EVENTS.find((each) => each.toUpperCase() === word);
    if (event === undefined) isKnown = false;
    else events.add(event);
    if (event !== "MessageNew" || !reader.sees(" (")) return;
    reader.space();
    items = parseItems(reader);
    // RFC 5465 §8: of messages elsewhere nothing is fetched.
    if (!isSelected) throw malformed("items are told of the mailbox that is open");
  }, { least: 1, most: NOTIFY_GROUPS_MAX });
  // RFC 5465 §3.1: NO, and with everything that there is.
  if (!isKnown) throw refused("there is no such event here", `BADEVENT (${EVENTS.join(" ")})`);
  // RFC 5465 §5: whoever counts messages has to hear of those that come and of those that go.
  if (events.has("MessageNew") !== events.has("MessageExpunge")) {
    throw malformed("MessageNew and MessageExpunge go together");
  }
  if (events.has("FlagChange") && !events.has("MessageNew")) {
    throw malformed("FlagChange goes with MessageNew and MessageExpunge");
  }
  return { events, items };
}
