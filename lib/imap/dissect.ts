/** Reading a message with its parts: as much of it as somebody asks for. */
import { bytesOf } from "../mail/body.ts";
import type { Part } from "../mail/mime.ts";
import type { Step } from "../wire/session.ts";
import type { ImapBackend } from "./backend.ts";
import type { Dissected } from "./sections.ts";
import { ask, type Selected } from "./serving.ts";

/**
 * `header`: that of the message. `headers`: up to the end of the last header within it, so that a
 * large attachment at the end stays where it is. What lies behind is not in the bytes.
 */
export type Extent = "header" | "headers" | "all";

/** The message with its parts; `null` when it is gone. */
export function* dissect(
  { mailbox }: Pick<Selected, "mailbox">,
  uid: number,
  extent: Extent,
): Step<ImapBackend, Dissected | null> {
  const root = yield* ask(() => mailbox.parts(uid));
  const body = yield* ask(() => mailbox.content(uid));
  if (root === null || body === null) return null;
  if (extent === "all") return { root, bytes: yield* ask(() => bytesOf(body)) };
  const end = extent === "header" ? root.bodyStart : headersEnd(root);
  return { root, bytes: yield* ask(() => body.slice(0, end)) };
}

function headersEnd({ bodyStart, children }: Part): number {
  return children.reduce((end, child) => Math.max(end, headersEnd(child)), bodyStart);
}
