/**
 * What readers by IMAP rely on: nobody is told what is not so, nothing that was moved, copied or
 * brought is lost, nothing comes twice, and the flags of a message are those that were set last.
 */
import {
  type AccountFinal,
  type Doing,
  type FinalMessage,
  type ImapLedger,
  keepingIn,
  type Place,
  placeName,
} from "./imap_ledger.ts";
import type { Ledger } from "./ledger.ts";

/** What is wrong with what readers by IMAP saw, one sentence each. */
export function checkImap({ imap, restores }: Ledger): readonly string[] {
  // With a disk goes what was done since the backup.
  const finals = imap.finals.filter((final) =>
    !restores.some(({ server }) => server === final.server)
  );
  return [
    ...imap.faults,
    ...checkNames(imap),
    ...finals.flatMap((final) => {
      const view = viewOf(imap, final);
      return [
        ...checkKept(view),
        ...checkMoved(view),
        ...checkDoubled(view),
        ...checkAppends(imap, view),
        ...checkFlags(view),
      ];
    }),
  ];
}

/** RFC 8474 §5.1: what the server calls a message at a place; `undefined`: nobody can say. */
export function emailIdsOf({ sightings, doings, finals }: ImapLedger): ReadonlyMap<string, string> {
  const landed = doings.flatMap((each) =>
    each.landed === null ? [] : [{ ...each, ...each.landed }]
  );
  const all = [...sightings, ...landed, ...finals.flatMap(({ messages }) => messages)];
  return new Map(all.map((each) => [placeName(each), each.emailId]));
}

/**
 * How many messages of an account may be at places of which nobody has heard: where the answer was
 * lost, and where a restored server has given all places other names.
 */
export function strayCopies({ doings }: ImapLedger, account: string, isRestored: boolean): number {
  return doings.filter((each) =>
    each.account === account && (each.what === "copy" || each.what === "move") &&
    (isRestored ? each.answer !== "no" : each.answer === "unknown" && each.landed === null)
  ).length;
}

/** One account at the end, and all that was done in it. */
interface AccountView {
  readonly account: string;
  /** Messages that are there, by place. */
  readonly there: ReadonlyMap<string, FinalMessage>;
  /** All places at which anything was ever seen or put. */
  readonly places: readonly Place[];
  readonly idOf: (place: Place) => string | undefined;
  readonly doings: readonly Doing[];
  /** Whether somebody may have deleted it, or one of its copies. */
  readonly mayBeDeleted: (place: Place) => boolean;
  /** How many were deleted at places where nobody had seen what was there. */
  readonly deletedUnseen: number;
}

function viewOf(imap: ImapLedger, { server, account, messages }: AccountFinal): AccountView {
  const isTheirs = (each: { readonly server: string; readonly account: string }) =>
    each.server === server && each.account === account;
  const ids = emailIdsOf(imap);
  const idOf = (place: Place) => ids.get(placeName(place));
  const doings = imap.doings.filter(isTheirs);
  const deletions = [
    ...doings.filter(({ what, answer }) => what === "delete" && answer !== "no"),
    ...imap.removals.filter(isTheirs),
  ];
  const deletedPlaces = new Set(deletions.map(placeName));
  // A copy has the flags of its original, so its \Deleted, too.
  const deletedIds = new Set(deletions.map(idOf));
  const deletedUnseen = [...deletedPlaces].filter((name) => !ids.has(name)).length;
  const landed = [...doings, ...imap.appends.filter(isTheirs)].flatMap((each) =>
    each.landed === null ? [] : [{ server, account, ...each.landed }]
  );
  return {
    account,
    there: new Map(messages.map((each) => [placeName(each), each])),
    places: [...imap.sightings.filter(isTheirs), ...landed],
    idOf,
    doings,
    deletedUnseen,
    mayBeDeleted(place) {
      const id = idOf(place);
      return deletedPlaces.has(placeName(place)) || (id !== undefined && deletedIds.has(id));
    },
  };
}

/** RFC 9051 §2.3.1.1: a UID is one message's, for ever. */
function checkNames({ sightings, finals }: ImapLedger): readonly string[] {
  const known = new Map<string, string>();
  return [...sightings, ...finals.flatMap(({ messages }) => messages)].flatMap((each) => {
    const name = placeName(each);
    const before = known.get(name) ?? each.emailId;
    known.set(name, each.emailId);
    return before === each.emailId ? [] : [`${name} was ${before}, and is ${each.emailId}`];
  });
}

/** What nobody has deleted or moved is where it was. */
function checkKept({ places, there, mayBeDeleted, doings }: AccountView): readonly string[] {
  const moved = new Set(
    doings.filter(({ what, answer }) => what === "move" && answer !== "no").map(placeName),
  );
  const names = new Map(places.map((place) => [placeName(place), place]));
  return [...names].flatMap(([name, place]) =>
    there.has(name) || moved.has(name) || mayBeDeleted(place)
      ? []
      : [`${name} is gone, and nobody has taken it away`]
  );
}

/** RFC 6851 §3.3: a message that is moved is here or there, whatever happens meanwhile. */
function checkMoved({ places, there, idOf, mayBeDeleted, deletedUnseen, account }: AccountView) {
  const left = new Set([...there.values()].map(({ emailId }) => emailId));
  const lost = places.filter((place) => {
    const id = idOf(place);
    return id !== undefined && !left.has(id) && !mayBeDeleted(place);
  });
  const ids = [...new Set(lost.map(idOf))];
  // A move whose answer nobody heard may have put it where somebody has deleted it.
  return ids.slice(deletedUnseen).map((id) => `${id} of ${account} was moved to nowhere`);
}

/** Only who copies has more of a message than one. */
function checkDoubled({ there, doings, account }: AccountView): readonly string[] {
  const counts = Map.groupBy(there.values(), ({ emailId }) => emailId);
  return [...counts].flatMap(([id, messages]) => {
    const copies = doings.filter(({ what, answer, emailId }) =>
      what === "copy" && answer !== "no" && emailId === id
    );
    return messages.length <= 1 + copies.length
      ? []
      : [`${id} of ${account} is there ${messages.length} times, copied ${copies.length} times`];
  });
}

/** What was brought and taken is there as it was brought; what was refused is not there. */
function checkAppends({ appends }: ImapLedger, { there, account }: AccountView): readonly string[] {
  const brought = new Map(appends.map((each) => [each.mark, each]));
  const ids = new Map<string, string>();
  return [...there.values()].flatMap(({ content, emailId }) => {
    const mark = keepingIn(content);
    if (mark === null) return [];
    const appending = brought.get(mark);
    const about = `what ${account} brought (${mark})`;
    const before = ids.get(mark) ?? emailId;
    ids.set(mark, emailId);
    return [
      ...appending?.content === content ? [] : [`${about} has become something else`],
      ...appending?.answer === "no" ? [`${about} was refused, and is there`] : [],
      ...before === emailId ? [] : [`${about} is there twice`],
    ];
  });
}

/** A keyword that one device alone uses is as that one was told, last, that it is. */
function checkFlags({ doings, there }: AccountView): readonly string[] {
  const isSet = new Map<string, { readonly doing: Doing; readonly set: boolean | null }>();
  for (const doing of doings) {
    const { keyword, what, answer } = doing;
    if (keyword === null || answer === "no") continue;
    const set = answer === "ok" ? what === "flag" : null;
    isSet.set(`${placeName(doing)} ${keyword}`, { doing, set });
  }
  return [...isSet.values()].flatMap(({ doing, set }) => {
    const message = there.get(placeName(doing));
    if (message === undefined || set === null) return [];
    if (message.flags.includes(doing.keyword!) === set) return [];
    return [`${placeName(doing)} has (${message.flags.join(" ")}), against ${doing.keyword}`];
  });
}
