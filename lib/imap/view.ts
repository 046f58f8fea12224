/**
 * What one client has been told about a mailbox, against what is true: pure bookkeeping. A client
 * numbers the messages by what it was told, so nothing changes for it before it is told, and it is
 * told of removals only where the protocol lets the numbers move (RFC 9051 §7.5.1).
 */
import { type Span, spansOfNumbers } from "./sequence.ts";

/** What a view knows of a message. */
export interface Seen {
  readonly uid: number;
  readonly modSeq: number;
  readonly flags: readonly string[];
}

/** What the client has to be told, in this order. */
export interface News {
  /** Sequence numbers, each as it is when its turn has come (RFC 9051 §7.5.1). */
  readonly expunged: readonly number[];
  /** The same as UIDs, rising: for VANISHED (RFC 7162 §3.2.10). */
  readonly vanished: readonly Span[];
  /** The new count of messages; `null`: as before. */
  readonly exists: number | null;
  /** The UID of the first one that is new; 0 where none is. */
  readonly fresh: number;
  /** Messages that the client knew, whose flags changed and not by its own silent command. */
  readonly changed: readonly { readonly number: number; readonly seen: Seen }[];
}

/** UIDs in order; binary search keeps large mailboxes cheap. */
export class View {
  /** What the client numbers from 1. */
  #messages: Seen[];
  /** The largest UID that the client was ever told of; what is gone does not come back. */
  #largestTold: number;
  /** Gone in truth, not told yet. */
  readonly #gone = new Set<number>();
  /** There in truth, not told yet; rising. */
  #fresh: Seen[] = [];
  /** Changed in truth, not told yet. */
  readonly #changed = new Set<number>();

  /** `messages` by UID, rising: what SELECT tells. */
  constructor(messages: readonly Seen[]) {
    this.#messages = [...messages];
    this.#largestTold = this.largestUid;
  }

  /** How many messages the client believes there are. */
  get count(): number {
    return this.#messages.length;
  }

  /** The largest UID that the client knows; 0 where it knows none. */
  get largestUid(): number {
    return this.#messages.at(-1)?.uid ?? 0;
  }

  /** The message with this number, gone or not. @throws {RangeError} beyond the count. */
  at(number: number): Seen {
    const seen = this.#messages[number - 1];
    if (seen === undefined) throw new RangeError(`there is no message ${number}`);
    return seen;
  }

  /** The number of a UID, or `null` where the client does not know it. */
  numberOf(uid: number): number | null {
    const at = placeOf(this.#messages, uid);
    return this.#messages[at]?.uid === uid ? at + 1 : null;
  }

  /** Whether the message is gone in truth, while the client still counts it. */
  isGone(uid: number): boolean {
    return this.#gone.has(uid);
  }

  /** How many UIDs that the client knows lie in the spans. */
  countOf(spans: readonly Span[]): number {
    const before = (uid: number) => placeOf(this.#messages, uid);
    return spans.reduce((sum, { from, to }) => sum + before(to + 1) - before(from), 0);
  }

  /** Everything that is known to be there, told or not, or was when the client was told last. */
  *all(): Iterable<Seen> {
    yield* this.#messages;
    yield* this.#fresh;
  }

  /** Whether there is anything that the client has not been told. */
  get owes(): boolean {
    return this.#gone.size > 0 || this.#fresh.length > 0 || this.#changed.size > 0;
  }

  /** All that the client knows, with their numbers, whose numbers lie in the spans. */
  *ofNumbers(spans: readonly Span[]): Iterable<readonly [number: number, seen: Seen]> {
    for (const { from, to } of spans) {
      for (let number = Math.max(1, from); number <= Math.min(to, this.count); number++) {
        yield [number, this.#messages[number - 1]!];
      }
    }
  }

  /** The same by UIDs. */
  *ofUids(spans: readonly Span[]): Iterable<readonly [number: number, seen: Seen]> {
    for (const { from, to } of spans) {
      for (
        let at = placeOf(this.#messages, from);
        at < this.count && this.#messages[at]!.uid <= to;
        at++
      ) {
        yield [at + 1, this.#messages[at]!];
      }
    }
  }

  /** Takes in what is true now about messages that came or changed. */
  learn(entries: readonly Seen[]): void {
    for (const entry of entries) {
      if (this.#gone.has(entry.uid)) continue;
      const at = placeOf(this.#messages, entry.uid);
      const known = this.#messages[at];
      if (known?.uid === entry.uid) {
        if (entry.modSeq <= known.modSeq) continue;
        this.#messages[at] = entry;
        if (!sameFlags(known.flags, entry.flags)) this.#changed.add(entry.uid);
      } else this.#learnFresh(entry);
    }
  }

  /** Takes in which messages are gone. */
  forget(uids: readonly number[]): void {
    for (const uid of uids) {
      if (this.numberOf(uid) !== null) this.#gone.add(uid);
      this.#changed.delete(uid);
    }
    // What the client never heard of came and went.
    const forgotten = new Set(uids);
    if (this.#fresh.length > 0) this.#fresh = this.#fresh.filter(({ uid }) => !forgotten.has(uid));
  }

  /** Whether the message has changed, and the client was not told. */
  isChanged(uid: number): boolean {
    return this.#changed.has(uid);
  }

  /** The client hears of this message's flags otherwise: as an answer, or not at all (SILENT). */
  told(uid: number): void {
    this.#changed.delete(uid);
  }

  /**
   * Everything that the client may be told now; from then on it is what the client knows.
   * `expunges`: whether numbers may move (not in the answer to FETCH, STORE and SEARCH by number).
   * What it does not want to hear (RFC 5465) stays for later.
   */
  tell({ expunges, arrivals = true, flags = true }: {
    readonly expunges: boolean;
    readonly arrivals?: boolean;
    readonly flags?: boolean;
  }): News {
    const expunged: number[] = [];
    const vanished: number[] = [];
    if (expunges && this.#gone.size > 0) {
      const kept: Seen[] = [];
      for (const seen of this.#messages) {
        if (this.#gone.has(seen.uid)) {
          expunged.push(kept.length + 1);
          vanished.push(seen.uid);
        } else kept.push(seen);
      }
      this.#messages = kept;
      this.#gone.clear();
    }
    const grew = arrivals && this.#fresh.length > 0;
    const fresh = grew ? this.#fresh[0]!.uid : 0;
    if (grew) {
      this.#messages = this.#messages.concat(this.#fresh);
      this.#largestTold = this.largestUid;
      this.#fresh = [];
    }
    const told = flags ? [...this.#changed].sort((a, b) => a - b) : [];
    const changed = told.map((uid) => {
      const number = this.numberOf(uid)!;
      return { number, seen: this.at(number) };
    });
    if (flags) this.#changed.clear();
    const exists = grew ? this.count : null;
    return { expunged, vanished: spansOfNumbers(vanished), exists, fresh, changed };
  }

  #learnFresh(entry: Seen): void {
    // UIDs only grow, so what is not known is newer than all that was, or was told and is gone.
    if (entry.uid <= this.#largestTold) return;
    const at = placeOf(this.#fresh, entry.uid);
    const known = this.#fresh[at];
    if (known?.uid !== entry.uid) this.#fresh.splice(at, 0, entry);
    else if (entry.modSeq > known.modSeq) this.#fresh[at] = entry;
  }
}

/** Where this UID stands among those that rise, or would stand. */
function placeOf(messages: readonly Seen[], uid: number): number {
  let low = 0;
  let high = messages.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (messages[middle]!.uid < uid) low = middle + 1;
    else high = middle;
  }
  return low;
}

function sameFlags(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((flag) => b.includes(flag));
}
