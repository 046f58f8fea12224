/** GETMETADATA and SETMETADATA (RFC 5464): notes on mailboxes, and on the account as a whole. */
import type { Step } from "../wire/session.ts";
import type { ImapBackend } from "./backend.ts";
import type { MetadataCommand } from "./metadata_command.ts";
import { refused } from "./error.ts";
import { join, list, literal, type Piece, string } from "./format.ts";
import { nameOf } from "./lists.ts";
import { accountOf, ask, done, type Reply, say, type Serving } from "./serving.ts";

/** One value: what is longer belongs into a message. */
export const METADATA_VALUE_BYTES_MAX = 65_536;

type GetCommand = MetadataCommand & { readonly verb: "GETMETADATA" };
type SetCommand = MetadataCommand & { readonly verb: "SETMETADATA" };

/** RFC 5464 §4.2. */
export function* getMetadata(
  serving: Serving,
  { mailbox, entries, bytesMax, depth }: GetCommand,
): Step<ImapBackend, Reply> {
  const account = accountOf(serving);
  const known = yield* ask(() => account.metadata(mailbox));
  const found = [...known].filter(([name]) => entries.some((each) => isMeant(name, each, depth)));
  const isShort = (value: Uint8Array) => bytesMax === null || value.length <= bytesMax;
  const told = found.filter(([, value]) => isShort(value));
  if (told.length > 0) {
    const pieces = told.flatMap(([name, value]): readonly Piece[] => [name, valueOf(value)]);
    yield* say(serving, join(["METADATA ", nameOf(serving, mailbox), " ", list(pieces)]));
  }
  // RFC 5464 §4.2.1: the largest of those that were left out.
  const longest = Math.max(0, ...found.map(([, { length }]) => length));
  const isCut = bytesMax !== null && longest > bytesMax;
  return done("that is all", isCut ? `METADATA LONGENTRIES ${longest}` : null);
}

/** RFC 5464 §4.3: all of them or none. */
export function* setMetadata(
  serving: Serving,
  { mailbox, entries }: SetCommand,
): Step<ImapBackend, Reply> {
  const account = accountOf(serving);
  if (entries.some(([, value]) => value !== null && value.length > METADATA_VALUE_BYTES_MAX)) {
    throw refused("that value is too long", `METADATA MAXSIZE ${METADATA_VALUE_BYTES_MAX}`);
  }
  yield* ask(() => account.setMetadata(mailbox, entries));
  return done("set");
}

/** RFC 5464 §4.2.2: the entry itself, those right below it, or all that are below. */
function isMeant(name: string, entry: string, depth: GetCommand["depth"]): boolean {
  if (name === entry) return true;
  if (depth === "0" || !name.startsWith(`${entry}/`)) return false;
  return depth === "infinity" || !name.slice(entry.length + 1).includes("/");
}

/** RFC 5464 §5 `value`: NUL is possible, in a binary literal only. */
function valueOf(value: Uint8Array): Piece {
  return value.includes(0) ? literal(value, true) : string(value);
}
