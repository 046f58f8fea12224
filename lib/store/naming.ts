/** What names mailboxes may get, and what else may be noted of them: the same for all stores. */
import {
  INBOX,
  type Listed,
  MAILBOXES_MAX,
  METADATA_BYTES_MAX,
  METADATA_ENTRIES_MAX,
  NAME_CHARACTERS_MAX,
  SEPARATOR,
  SUBSCRIPTIONS_MAX,
} from "./mailboxes.ts";
import { type Mailbox, StoreError } from "./store.ts";

/** Mailboxes and subscriptions in one list, by name. */
export function listedOf(
  mailboxes: readonly Mailbox[],
  subscriptions: readonly string[],
): readonly Listed[] {
  const subscribed = new Set(subscriptions);
  const listed = new Map<string, Listed>();
  for (const name of subscriptions) listed.set(name, { name, subscribed: true, mailbox: null });
  for (const mailbox of mailboxes) {
    const { name } = mailbox;
    listed.set(name, { name, subscribed: subscribed.has(name), mailbox });
  }
  return [...listed.values()].sort((a, b) => a.name < b.name ? -1 : 1);
}

/**
 * What has to be made for a new mailbox, the topmost first and it itself last.
 * @throws {StoreError} `exists`, `limit`
 */
export function namesToCreate(there: readonly string[], name: string): readonly string[] {
  if (there.includes(name)) throw new StoreError("exists", `there is a mailbox ${name} already`);
  const made = [...missingParents(there, name), name];
  checkRoom(there.length + made.length, [name]);
  return made;
}

/** What a renaming does. */
export interface Renaming {
  /** In an order in which no name is taken when its turn comes. */
  readonly renamed: readonly (readonly [from: string, to: string])[];
  /** What has to be made, the topmost first. */
  readonly made: readonly string[];
}

/** For all but INBOX. @throws {StoreError} `unknown`, `exists`, `limit` */
export function renaming(there: readonly string[], from: string, to: string): Renaming {
  if (to === from || isBelow(to, from)) {
    throw new StoreError("exists", `${to} would be a part of itself`);
  }
  const moving = there.filter((name) => name === from || isBelow(name, from)).sort();
  if (moving.length === 0) throw new StoreError("unknown", `there is no mailbox ${from}`);
  const staying = new Set(there.filter((name) => !moving.includes(name)));
  const renamed = moving.map((name) => [name, to + name.slice(from.length)] as const);
  const names = renamed.map(([, name]) => name);
  const taken = [to, ...names].find((name) => staying.has(name));
  if (taken !== undefined) throw new StoreError("exists", `there is a mailbox ${taken} already`);
  const made = missingParents([...staying, ...names], to);
  checkRoom(there.length + made.length, names);
  return { renamed, made };
}

/** What is noted afterwards, by name. @throws {StoreError} `limit` */
export function changedMetadata(
  before: ReadonlyMap<string, Uint8Array>,
  entries: readonly (readonly [name: string, value: Uint8Array | null])[],
): ReadonlyMap<string, Uint8Array> {
  const after = new Map(before);
  for (const [name, value] of entries) {
    if (value === null) after.delete(name);
    else after.set(name, value);
    if (name.length > NAME_CHARACTERS_MAX || (value?.length ?? 0) > METADATA_BYTES_MAX) {
      throw new StoreError("limit", `an entry may have ${METADATA_BYTES_MAX} bytes`);
    }
  }
  if (after.size > METADATA_ENTRIES_MAX) {
    throw new StoreError("limit", `there may be ${METADATA_ENTRIES_MAX} entries`);
  }
  return new Map([...after].sort(([a], [b]) => a < b ? -1 : 1));
}

/** @throws {StoreError} `limit`; `count`: how many names there are already */
export function checkSubscription(name: string, count: number): void {
  if (count >= SUBSCRIPTIONS_MAX || name.length > NAME_CHARACTERS_MAX) {
    throw new StoreError("limit", "that are too many subscriptions, or too long a name");
  }
}

/** RFC 9051 §5.1: it is where mail comes in, and never goes. @throws {RangeError} */
export function refuseInbox(name: string): void {
  if (name === INBOX) throw new RangeError("INBOX cannot be removed");
}

function isBelow(name: string, parent: string): boolean {
  return name.startsWith(parent + SEPARATOR);
}

function missingParents(there: readonly string[], name: string): readonly string[] {
  const levels = name.split(SEPARATOR);
  const parents = levels.slice(1).map((_, at) => levels.slice(0, at + 1).join(SEPARATOR));
  return parents.filter((parent) => !there.includes(parent));
}

function checkRoom(count: number, names: readonly string[]): void {
  if (count > MAILBOXES_MAX) {
    throw new StoreError("limit", `an account may have ${MAILBOXES_MAX} mailboxes`);
  }
  if (names.some((name) => name.length > NAME_CHARACTERS_MAX)) {
    throw new StoreError("limit", `a name may have ${NAME_CHARACTERS_MAX} characters`);
  }
}
