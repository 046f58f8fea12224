/** Bringing mail into mailboxes from elsewhere, and taking it out, for the operator. */
import { bodyOf } from "../mail/body.ts";
import type { World } from "../net/world.ts";
import { SEPARATOR } from "../store/mailboxes.ts";
import { type AccountId, type Mailbox, type Store, StoreError } from "../store/store.ts";
import { RefusedError } from "./refused.ts";
import { newMessageId } from "./site.ts";

export type MailRequest =
  /** Makes the mailbox where it is missing; `again` forgets what was taken into it before. */
  | {
    readonly do: "import";
    readonly user: string;
    readonly mailbox: string;
    readonly again?: true;
  }
  /** Their content follows the request, one message behind the other. */
  | {
    readonly do: "import messages";
    readonly user: string;
    readonly mailbox: string;
    readonly messages: readonly BroughtView[];
  }
  | { readonly do: "export"; readonly user: string }
  /** Those behind the uid `after`. */
  | {
    readonly do: "export messages";
    readonly user: string;
    readonly mailbox: string;
    readonly after: number;
  }
  /** More of a large message, from this byte on. */
  | {
    readonly do: "export content";
    readonly user: string;
    readonly mailbox: string;
    readonly uid: number;
    readonly from: number;
  };

export interface MailValues {
  readonly "import": { readonly user: string };
  /** How many were taken; the others had been before. */
  readonly "import messages": { readonly taken: number };
  readonly "export": { readonly user: string; readonly mailboxes: readonly MailboxView[] };
  readonly "export messages": {
    readonly messages: readonly ExportedView[];
    readonly more: boolean;
  };
  readonly "export content": { readonly content: string };
}

export interface BroughtView {
  /** Sixteen bytes in hexadecimal digits. */
  readonly key: string;
  /** In bytes. */
  readonly size: number;
  /** Milliseconds since 1970. */
  readonly receivedAt: number;
  readonly flags: readonly string[];
}

export interface MailboxView {
  readonly name: string;
  readonly uidValidity: number;
  readonly messages: number;
  /** Those that were ever used there. */
  readonly keywords: readonly string[];
}

export interface ExportedView {
  readonly uid: number;
  /** In bytes. */
  readonly size: number;
  /** Milliseconds since 1970. */
  readonly receivedAt: number;
  readonly flags: readonly string[];
  /** In base64; of a large message only its beginning. */
  readonly content: string;
}

/** What one request may bring: one message of this size, or several. */
export const IMPORTED_BYTES_MAX = 64 * 1024 * 1024;
/** One answer with messages has about so many bytes, and so has a piece of a large one. */
const EXPORTED_BYTES_MAX = 1024 * 1024;
/** Messages in one answer. */
const EXPORTED_MAX = 200;
/** Keys that are forgotten in one transaction. */
const FORGOTTEN_MAX = 1_000;

export interface MailParts {
  readonly world: World;
  readonly store: Store;
  /** Who is meant. */
  readonly account: { readonly id: AccountId; readonly name: string };
}

/** How many bytes follow a request; `null`: more than may be. */
export function contentBytesOf(request: { readonly do: string }): number | null {
  if (request.do !== "import messages") return 0;
  const { messages } = request as Extract<MailRequest, { readonly do: "import messages" }>;
  const bytes = messages.reduce((sum, { size }) => sum + size, 0);
  return bytes >= 0 && bytes <= IMPORTED_BYTES_MAX ? bytes : null;
}

/** @throws {RefusedError} */
export async function moveMail(
  parts: MailParts,
  request: MailRequest,
  content: Uint8Array,
): Promise<MailValues[MailRequest["do"]]> {
  const { store, account } = parts;
  switch (request.do) {
    case "import":
      await prepareMailbox(parts, request);
      return { user: account.name };
    case "import messages":
      return { taken: await take(parts, request, content) };
    case "export":
      return { user: account.name, mailboxes: await mailboxesOf(parts) };
    case "export messages":
      return await exportMessages(store, await mailboxOf(parts, request.mailbox), request.after);
    case "export content": {
      const { id } = await mailboxOf(parts, request.mailbox);
      const bytes = await read(store, id, request.uid, request.from);
      if (bytes !== null) return { content: bytes.toBase64() };
      throw new RefusedError("unknown", `message ${request.uid} was removed meanwhile`);
    }
  }
}

async function prepareMailbox(
  { world, store, account }: MailParts,
  { mailbox: name, again }: Extract<MailRequest, { readonly do: "import" }>,
): Promise<void> {
  // deno-lint-ignore no-control-regex -- control characters are what must not be in a name
  if (name.split(SEPARATOR).includes("") || /[\x00-\x1f\x7f]/.test(name)) {
    throw new RefusedError("usage", `${JSON.stringify(name)} is not a name for a mailbox`);
  }
  if (await store.mail.mailbox(account.id, name) === null) {
    await store.mailboxes.create(account.id, name, { use: null, at: world.clock.now() })
      .catch(ifThere);
    // Mail programs show what one is subscribed to.
    await store.mailboxes.subscribe(account.id, name, true);
  }
  const mailbox = again === true ? await store.mail.mailbox(account.id, name) : null;
  while (mailbox !== null && await store.mail.forgetTaken(mailbox.id, FORGOTTEN_MAX) > 0);
}

/** Its owner may make the same at the same time. */
function ifThere(error: unknown): void {
  if (!(error instanceof StoreError) || error.kind !== "exists") throw error;
}

async function take(
  { world, store, account }: MailParts,
  { mailbox: name, messages }: Extract<MailRequest, { readonly do: "import messages" }>,
  content: Uint8Array,
): Promise<number> {
  let end = 0;
  const brought = messages.map(({ key, size, receivedAt, flags }) => ({
    id: newMessageId(world),
    key: Uint8Array.fromHex(key),
    content: bodyOf(content.subarray(end, end += size)),
    receivedAt,
    flags,
  }));
  return await store.mail.take({ account: account.id, name }, brought, world.clock.now());
}

async function mailboxesOf({ store, account }: MailParts): Promise<readonly MailboxView[]> {
  const views: MailboxView[] = [];
  for (const { mailbox } of await store.mailboxes.list(account.id)) {
    if (mailbox === null) continue;
    const { name, uidValidity, messages } = mailbox;
    views.push({ name, uidValidity, messages, keywords: await store.mail.keywords(mailbox.id) });
  }
  return views;
}

async function mailboxOf({ store, account }: MailParts, name: string): Promise<Mailbox> {
  const mailbox = await store.mail.mailbox(account.id, name);
  if (mailbox !== null) return mailbox;
  throw new RefusedError("unknown", `${account.name} has no mailbox ${name}`);
}

async function exportMessages(
  store: Store,
  { id }: Mailbox,
  after: number,
): Promise<MailValues["export messages"]> {
  const entries = await store.mail.list(id, after, EXPORTED_MAX);
  const messages: ExportedView[] = [];
  let bytes = 0;
  for (const { uid, size, receivedAt, flags } of entries) {
    if (bytes >= EXPORTED_BYTES_MAX) return { messages, more: true };
    const content = await read(store, id, uid, 0);
    if (content === null) continue; // removed a moment ago
    messages.push({ uid, size, receivedAt, flags, content: content.toBase64() });
    bytes += content.length;
  }
  return { messages, more: entries.length === EXPORTED_MAX };
}

async function read(
  { mail }: Store,
  mailbox: number,
  uid: number,
  from: number,
): Promise<Uint8Array | null> {
  const body = await mail.body(mailbox, uid);
  return body === null ? null : await body.slice(from, from + EXPORTED_BYTES_MAX);
}
