/** What an operator sees of the queue, and does to it. */
import { QUEUE_LIFETIME_MS } from "../config.ts";
import { asciiDomain } from "../idna.ts";
import { formatAddress } from "../mail/address.ts";
import { bytesOf } from "../mail/body.ts";
import { encodeBase64 } from "../sasl/base64.ts";
import { textOf } from "../smtp/reply.ts";
import type { MessageId, Queued, Store } from "../store/store.ts";
import { RefusedError } from "./refused.ts";

/** One recipient that waits, as plain JSON. */
export interface QueuedView {
  readonly id: string;
  /** For the next page of `queue list`. */
  readonly mark: number;
  /** ISO 8601, as the other times. */
  readonly accepted: string;
  /** When it is tried next. */
  readonly due: string;
  /** When it is given up and reported, at the latest with the try that follows. */
  readonly expires: string;
  readonly from: string;
  readonly to: string;
  readonly hop: string;
  readonly bytes: number;
  /** Times at which its server was asked about it. */
  readonly attempts: number;
  /** Times at which its server could not be reached. */
  readonly unreached: number;
  readonly taken: boolean;
  /** Why the operator holds it; then it is neither tried nor given up. */
  readonly held: string | null;
  readonly reply: string | null;
}

/** What an operator does to messages that wait. */
export type QueueOperation =
  | { readonly do: "queue retry" | "queue release"; readonly id?: string }
  | { readonly do: "queue hold"; readonly id: string; readonly reason?: string }
  | { readonly do: "queue drop"; readonly id: string }
  | { readonly do: "queue flush"; readonly domain?: string };

/** One page of `queue list`. */
const PAGE_MAX = 1000;
/** A sentence is enough; it is shown with each recipient. */
const REASON_CHARACTERS_MAX = 200;

export interface QueueParts {
  readonly store: Store;
  /** How long the running server keeps mail; without one that is running, the default. */
  readonly queueLifetimeMs?: number;
}

/** One page; `more`: another one may follow. */
export async function listQueue(parts: QueueParts, after: number) {
  const page = await parts.store.queue.list({ after, max: PAGE_MAX });
  return { queue: page.map((each) => viewQueued(parts, each)), more: page.length === PAGE_MAX };
}

/** @throws {RefusedError} when it does not wait */
export async function showQueued(parts: QueueParts, id: MessageId) {
  const recipients = await waitingOf(parts, id);
  const content = await parts.store.queue.content(id);
  if (content === null || recipients.length === 0) throw notQueued(id);
  return { recipients, content: encodeBase64(await bytesOf(content)) };
}

/** Everybody who waits for a message. */
export async function waitingOf(
  parts: QueueParts,
  message: MessageId,
): Promise<readonly QueuedView[]> {
  const recipients: QueuedView[] = [];
  for (let after = 0;;) {
    const page = await parts.store.queue.list({ after, max: PAGE_MAX, message });
    recipients.push(...page.map((each) => viewQueued(parts, each)));
    if (page.length < PAGE_MAX) return recipients;
    after = page.at(-1)!.id;
  }
}

/** Gives how many recipients it was done to. @throws {RefusedError} */
export async function operate(
  { queue }: Store,
  operation: QueueOperation,
  now: number,
): Promise<number> {
  const id = "id" in operation ? operation.id : undefined;
  if (id !== undefined && (await queue.list({ max: 1, message: id })).length === 0) {
    throw notQueued(id);
  }
  switch (operation.do) {
    case "queue retry":
      return await queue.retry(now, id);
    case "queue release":
      return await queue.unhold(now, id);
    case "queue hold": {
      const { reason = "held by the operator" } = operation;
      if (reason.length > REASON_CHARACTERS_MAX) {
        const message = `a reason has at most ${REASON_CHARACTERS_MAX} characters`;
        throw new RefusedError("usage", message);
      }
      return await queue.hold({ message: operation.id, reason, at: now });
    }
    case "queue drop":
      return await queue.drop(operation.id, now);
    case "queue flush": {
      const { domain } = operation;
      if (domain === undefined) return await queue.retry(now);
      return await queue.flush(now, asciiDomain(domain) ?? domain);
    }
  }
}

function notQueued(id: string): RefusedError {
  return new RefusedError("unknown", `there is no message ${id} in the queue`);
}

function viewQueued(
  { queueLifetimeMs = QUEUE_LIFETIME_MS }: QueueParts,
  queued: Queued,
): QueuedView {
  return {
    id: queued.message,
    mark: queued.id,
    accepted: isoTime(queued.acceptedAt),
    due: isoTime(queued.dueAt),
    expires: isoTime(queued.waitingSince + queueLifetimeMs),
    from: queued.sender === null ? "<>" : formatAddress(queued.sender),
    to: formatAddress(queued.recipient),
    hop: queued.hop,
    bytes: queued.size,
    attempts: queued.attempts,
    unreached: queued.unreached,
    taken: queued.taken,
    held: queued.held,
    reply: queued.lastReply === null ? null : textOf(queued.lastReply),
  };
}

/** Milliseconds since 1970 in ISO 8601. */
export function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
