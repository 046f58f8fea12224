/** Reading a message with its parts: as much of it as somebody asks for. */
import { parseMime, type Part } from "../mail/mime.ts";
import type { Step } from "../wire/session.ts";
import type { ImapBackend, ImapSelected } from "./backend.ts";
import type { Dissected } from "./sections.ts";
import { ask } from "./serving.ts";
import { textParts } from "./text.ts";

/**
 * `header`: that of the message. `headers`: up to the end of the last header within it, so that a
 * large attachment at the end stays where it is; `texts`: and of the last text. What lies behind
 * need not be in the bytes.
 */
export type Extent = "header" | "headers" | "texts" | "all";

/** To go through so many bytes takes no longer than to ask for what is kept of them. */
const READ_WHOLE_BYTES = 64 * 1024;

/** The message with its parts; `null` when it is gone. */
export function* dissect(
  mailbox: Pick<ImapSelected, "content" | "parts">,
  uid: number,
  extent: Extent,
): Step<ImapBackend, Dissected | null> {
  const body = yield* ask(() => mailbox.content(uid));
  if (body === null) return null;
  if (body.size <= READ_WHOLE_BYTES) {
    return dissected(yield* ask(() => body.slice(0, body.size)));
  }
  const root = yield* ask(() => mailbox.parts(uid));
  if (root === null) return null;
  return { root, bytes: yield* ask(() => body.slice(0, endOf(root, extent))) };
}

/** All of a message, whose parts are looked for when somebody wants to know them. */
function dissected(bytes: Uint8Array): Dissected {
  let root: Part | null = null;
  return {
    bytes,
    get root() {
      return root ??= parseMime(bytes);
    },
  };
}

function endOf(root: Part, extent: Extent): number {
  switch (extent) {
    case "header":
      return root.bodyStart;
    case "headers":
      return headersEnd(root);
    case "texts":
      return Math.max(headersEnd(root), ...textParts(root).map(({ end }) => end));
    case "all":
      return root.end;
  }
}

function headersEnd({ bodyStart, children }: Part): number {
  return children.reduce((end, child) => Math.max(end, headersEnd(child)), bodyStart);
}
