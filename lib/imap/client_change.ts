/** Flags, moving and removing (RFC 9051 §6.4.6, §6.4.8 and §6.4.3). */
import type { Step } from "../wire/session.ts";
import { type Answer, can, command, type Dialogue, type Refusal } from "./client_dialogue.ts";
import { type ImapJob, type ImapResult, nothing, refusalOfOurs } from "./client_job.ts";
import { pagesOf } from "./client_pages.ts";
import { mailboxPiece, search } from "./client_mailbox.ts";
import type { Piece } from "./format.ts";

/** Sets flags, or takes them away. */
export function* flag<B>(
  dialogue: Dialogue,
  { uids, change, flags }: Extract<ImapJob, { readonly do: "flag" }>,
): Step<B, ImapResult> {
  const item = `${change === "set" ? "+" : "-"}FLAGS.SILENT`;
  const refusal = yield* inPages<B>(dialogue, uids, (set) => [
    ...["UID STORE", set, item],
    `(${flags.join(" ")})`,
  ]);
  return refusal === null ? { did: "flag" } : nothing(refusal);
}

/** RFC 6851 §3.1; where there is no MOVE, what it stands for (RFC 6851 §3.3). */
export function* move<B>(
  dialogue: Dialogue,
  { uids, mailbox }: Extract<ImapJob, { readonly do: "move" }>,
): Step<B, ImapResult> {
  const to = mailboxPiece(dialogue, mailbox);
  const moves = can(dialogue, "MOVE");
  const verb = moves ? "UID MOVE" : "UID COPY";
  const refusal = yield* inPages<B>(dialogue, uids, (set) => [verb, set, to]);
  if (refusal !== null) return nothing(refusal);
  const removed = moves ? null : yield* remove<B>(dialogue, uids);
  return removed?.did === "nothing" ? removed : { did: "move" };
}

/** RFC 4315 §2.1: `UID EXPUNGE` removes these, and not what other programs have marked. */
export function* remove<B>(dialogue: Dialogue, uids: readonly number[]): Step<B, ImapResult> {
  const single = can(dialogue, "UIDPLUS");
  if (!single) {
    const marked = yield* search<B>(dialogue, [{ key: "FLAG", flag: "\\Deleted", set: true }]);
    if (marked.did !== "search") return marked;
    const ours = new Set(uids);
    if (marked.uids.some((uid) => !ours.has(uid))) {
      return nothing(
        refusalOfOurs("other messages are marked there, and would be removed with these"),
      );
    }
  }
  const marking = ["+FLAGS.SILENT", "(\\Deleted)"];
  const refusal = (yield* inPages<B>(dialogue, uids, (set) => ["UID STORE", set, ...marking])) ??
    (single
      ? yield* inPages<B>(dialogue, uids, (set) => ["UID EXPUNGE", set])
      : refusalIn(yield* command<B>(dialogue, ["EXPUNGE"])));
  return refusal === null ? { did: "remove" } : nothing(refusal);
}

/** Gives the command for so many messages at a time; the first refusal ends it. */
function* inPages<B>(
  dialogue: Dialogue,
  uids: readonly number[],
  pieces: (set: string) => readonly Piece[],
): Step<B, Refusal | null> {
  for (const set of pagesOf(uids)) {
    const refusal = refusalIn(yield* command<B>(dialogue, pieces(set)));
    if (refusal !== null) return refusal;
  }
  return null;
}

function refusalIn(answer: Answer): Refusal | null {
  return answer.ok ? null : answer;
}
