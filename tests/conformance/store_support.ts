/** What the parts of the store's conformance suite share. */
import assert from "$assert";
import { setImmediate } from "node:timers";
import { type Body, bodyOf, bytesOf } from "../../lib/mail/body.ts";
import type { StoredSecret } from "../../lib/sasl/secret.ts";
import { type Reply, reply } from "../../lib/smtp/reply.ts";
import {
  type Accepted,
  type Account,
  type Delivery,
  type Mailbox,
  type NewMessage,
  type Store,
  StoreError,
  type StoreErrorKind,
} from "../../lib/store/store.ts";
import { decode, encode } from "../../lib/wire/bytes.ts";

export type OpenStore = () => Store | Promise<Store>;

/** Runs a test on a new store, which has to be in order when the test is done. */
export function storeTest(
  name: string,
  open: OpenStore,
  test: (store: Store) => Promise<void>,
): void {
  Deno.test(name, async () => {
    await using store = await open();
    await test(store);
    assert.deepEqual(await store.check(), []);
  });
}

export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A verifier that is told from others by its number. */
export function secretOf(seed: number): StoredSecret {
  const bytes = (from: number) => new Uint8Array(32).fill(from + seed);
  return { salt: bytes(1), iterations: 4096 + seed, storedKey: bytes(2), serverKey: bytes(3) };
}

export function addAccount(store: Store, name: string): Promise<Account> {
  return store.users.add(name, secretOf(0), 1_700_000_000_000);
}

export function inboxOf(store: Store, account: Account): Promise<Mailbox> {
  return mailboxNamed(store, account, "INBOX");
}

/** The mailbox of that name, which has to be there. */
export async function mailboxNamed(store: Store, account: Account, name: string): Promise<Mailbox> {
  const mailbox = await store.mail.mailbox(account.id, name);
  if (mailbox === null) throw new assert.AssertionError({ message: `there is no ${name}` });
  return mailbox;
}

/** When clients do things. */
export const AT = 1_700_000_005_000;

/** A message as a client brings it. */
export function brought(id: string, flags: readonly string[] = []): NewMessage {
  const content = bodyOf(encode(`Subject: ${id}\r\n\r\nHello\r\n`));
  return { id, content, flags, receivedAt: 1_600_000_000_000 };
}

export function message(
  id: string,
  deliveries: readonly Delivery[],
  content: string | Uint8Array = `Subject: ${id}\r\n\r\nHello\r\n`,
): Accepted {
  return {
    id,
    acceptedAt: 1_700_000_001_000,
    envelope: { sender: { local: "Alice", domain: "abc.com" }, body: "8BITMIME" },
    content: bodyOf(typeof content === "string" ? encode(content) : content),
    deliveries,
  };
}

export function toInbox(account: Account, prefix = ""): Delivery {
  return { to: "mailbox", account: account.id, mailbox: "INBOX", prefix: encode(prefix) };
}

export function toQueue(hop: string, dueAt: number, local = "bob"): Delivery {
  return { to: "queue", hop, recipient: { address: { local, domain: hop } }, dueAt };
}

export async function textOf(body: Body | null): Promise<string> {
  if (body === null) throw new assert.AssertionError({ message: "there is no body" });
  return decode(await bytesOf(body));
}

export function rejectsWith(kind: StoreErrorKind, promise: Promise<unknown>): Promise<void> {
  return assert.rejects(
    promise,
    (error: unknown) => error instanceof StoreError && error.kind === kind,
  );
}

/** Whether a promise is settled once everything that is ready has had its turn. */
export async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  promise.then(() => settled = true, () => settled = true);
  await turn();
  await turn();
  return settled;
}

/** A signal that nobody aborts. */
export const NEVER = new AbortController().signal;

export const GREYLISTED: Reply = reply(451, "4.7.1", "Come back later", "Really");
export const UNREACHABLE: Reply = reply(421, "4.4.1", "No answer");
export const FINISHED = {
  do: "finish",
  outcome: "relayed",
  reply: reply(250, "2.0.0", "Ok"),
} as const;
