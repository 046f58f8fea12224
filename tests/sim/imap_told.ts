/**
 * A mailbox as a reader has to imagine it from what its server has said, and from nothing else: the
 * messages behind the numbers, their UIDs and flags. What cannot be said then is a fault. Nothing
 * of `lib/imap/view.ts` is in it.
 */
import type { FetchedItems, Response } from "./imap_response.ts";

/** A message as the reader knows it; `null`: it was not told. */
export interface Slot {
  uid: number | null;
  flags: readonly string[] | null;
  modSeq: number | null;
  emailId: string | null;
}

/** What a reader can come back with (RFC 7162 §3.2.5). */
export interface Cache {
  readonly uidValidity: number;
  /** Its HIGHESTMODSEQ. */
  readonly mark: number;
  readonly slots: readonly Readonly<Slot>[];
}

/** What is being done while something is heard. */
export interface During {
  /** Like `FETCH`; a `UID FETCH` is another command. */
  readonly command: string;
  /** The cache with which a mailbox is opened; `null` for one that is read anew. */
  readonly resumes?: Cache | null;
}

export interface Told {
  /** In the order of their numbers, from 1. */
  readonly slots: readonly Readonly<Slot>[];
  readonly uidValidity: number;
  readonly uidNext: number;
  /** What the reader could come back with; `null` where it does not know everything. */
  cache(): Cache | null;
  hear(response: Response, during: During): void;
  /** A command has ended: RFC 7162 §6 says what its mark is now. */
  completed(): void;
  /** The reader has changed flags itself, and nobody tells it how they are now. */
  assume(uid: number, change: (flags: readonly string[]) => readonly string[]): void;
  /** It does not know any more how they are. */
  doubt(uid: number): void;
}

/** RFC 9051 §7.5.1: in the answer to these no number may move. */
const BY_NUMBER: readonly string[] = ["FETCH", "STORE", "SEARCH"];

/** For one mailbox that is being opened. `fault` hears what the server must not have said. */
export function createTold(
  { resync, fault }: { readonly resync: boolean; readonly fault: (what: string) => void },
): Told {
  let slots: Slot[] = [];
  let uidValidity = 0;
  let uidNext = 0;
  let mark = 0;
  let heardMark: number | null = null;
  let heardGreatest = 0;
  /** While a cache is brought up to date: what is known by UID, until all is told. */
  let opening: Opening | null = null;
  let opened = false;

  function settle(): void {
    if (opening === null) return;
    const { known, numbers, count } = opening;
    opening = null;
    slots = [...known.values()].toSorted((a, b) => a.uid! - b.uid!);
    if (slots.length !== count) {
      const uids = slots.map(({ uid }) => uid).join(",");
      fault(`it resumes with ${slots.length} messages (${uids}) where ${count} are told`);
    }
    for (const [number, uid] of numbers) {
      if (slots[number - 1]?.uid !== uid) fault(`message ${number} is not uid ${uid}`);
    }
  }

  function vanish(uid: number): void {
    settle();
    const at = placeOf(slots, uid);
    if (at === null) fault(`uid ${uid} vanished, and was not there`);
    else slots.splice(at, 1);
  }

  function fetched(number: number, items: FetchedItems): void {
    heardGreatest = Math.max(heardGreatest, items.modSeq ?? 0);
    if (opening !== null && items.uid !== null) {
      const known = opening.known.get(items.uid) ?? emptySlot();
      opening.known.set(items.uid, learned(known, items, fault));
      opening.numbers.push([number, items.uid]);
      return;
    }
    const slot = slots[number - 1];
    if (slot === undefined) return fault(`message ${number} of ${slots.length} is told of`);
    slots[number - 1] = learned(slot, items, fault);
    const uid = slots[number - 1]!.uid ?? 0;
    const before = slots.slice(0, number - 1).findLast((each) => each.uid !== null)?.uid ?? 0;
    const after = slots.slice(number).find((each) => each.uid !== null)?.uid ?? Infinity;
    if (uid !== 0 && (uid <= before || uid >= after)) {
      fault(`message ${number} is uid ${uid}, between ${before} and ${after}`);
    }
  }

  function noteCode(name: string, value: number): void {
    if (name === "UIDVALIDITY") uidValidity = value;
    if (name === "UIDNEXT") uidNext = value;
    if (name === "HIGHESTMODSEQ") heardMark = value;
    if (name !== "UIDVALIDITY" || opening === null) return;
    if (opening.uidValidity === value) return;
    // RFC 7162 §3.2.5: what was known of another mailbox of that name is nothing.
    slots = Array.from({ length: opening.count }, emptySlot);
    opening = null;
  }

  return {
    get slots() {
      return slots;
    },
    get uidValidity() {
      return uidValidity;
    },
    get uidNext() {
      return uidNext;
    },
    cache() {
      const isWhole = mark > 0 && slots.every(({ uid, flags }) => uid !== null && flags !== null);
      return isWhole ? { uidValidity, mark, slots: slots.map((slot) => ({ ...slot })) } : null;
    },
    hear(response, { command, resumes = null }) {
      const moves = response.is === "expunge" || (response.is === "vanished" && !response.earlier);
      if (moves && BY_NUMBER.includes(command)) fault(`numbers move during ${command}`);
      switch (response.is) {
        case "exists":
          if (resumes !== null && !opened) {
            opened = true;
            opening = openingOf(resumes, response.number);
            return;
          }
          settle();
          if (response.number < slots.length) {
            fault(`${response.number} exist, not ${slots.length}`);
          }
          while (slots.length < response.number) slots.push(emptySlot());
          return;
        case "expunge":
          if (resync) fault("EXPUNGE is said to who has enabled QRESYNC");
          if (response.number > slots.length) {
            fault(`message ${response.number} of ${slots.length} is expunged`);
          }
          slots.splice(response.number - 1, 1);
          return;
        case "vanished":
          if (!response.earlier) return response.uids.forEach(vanish);
          for (const uid of response.uids) opening?.known.delete(uid);
          return;
        case "fetch":
          return fetched(response.number, response.items);
        case "status":
        case "tagged":
          if (response.code === null) return;
          return noteCode(response.code.name, Number(response.code.words[0]));
      }
    },
    completed() {
      settle();
      // RFC 7162 §6: the response code counts, even where more was heard.
      mark = heardMark ?? Math.max(mark, heardGreatest);
      heardMark = null;
      heardGreatest = 0;
    },
    assume(uid, change) {
      const slot = slots.find((each) => each.uid === uid);
      if (slot !== undefined && slot.flags !== null) slot.flags = change(slot.flags);
    },
    doubt(uid) {
      const slot = slots.find((each) => each.uid === uid);
      if (slot !== undefined) slot.flags = null;
    },
  };
}

interface Opening {
  readonly uidValidity: number;
  /** How many messages there are. */
  readonly count: number;
  readonly known: Map<number, Slot>;
  /** What was told of single messages. */
  readonly numbers: (readonly [number: number, uid: number])[];
}

function openingOf({ uidValidity, slots }: Cache, count: number): Opening {
  const known = new Map(slots.map((slot) => [slot.uid!, { ...slot }]));
  return { uidValidity, count, known, numbers: [] };
}

function emptySlot(): Slot {
  return { uid: null, flags: null, modSeq: null, emailId: null };
}

function learned(slot: Slot, items: FetchedItems, fault: (what: string) => void): Slot {
  const { uid, flags, modSeq, emailId } = items;
  const name = `uid ${slot.uid ?? uid}`;
  if (uid !== null && slot.uid !== null && uid !== slot.uid) {
    fault(`${name} has become uid ${uid}`);
  }
  if (modSeq !== null && slot.modSeq !== null && modSeq < slot.modSeq) {
    fault(`${name}: modseq went back from ${slot.modSeq} to ${modSeq}`);
  }
  if (emailId !== null && slot.emailId !== null && emailId !== slot.emailId) {
    fault(`${name}: ${slot.emailId} has become ${emailId}`);
  }
  return {
    uid: uid ?? slot.uid,
    flags: flags ?? slot.flags,
    modSeq: modSeq ?? slot.modSeq,
    emailId: emailId ?? slot.emailId,
  };
}

/** Where a UID is, or where one must be whose UID was not told yet; `null`: nowhere. */
function placeOf(slots: readonly Slot[], uid: number): number | null {
  const known = slots.findIndex((each) => each.uid === uid);
  if (known !== -1) return known;
  const before = slots.findLastIndex((each) => each.uid !== null && each.uid < uid);
  return slots[before + 1]?.uid === null ? before + 1 : null;
}
