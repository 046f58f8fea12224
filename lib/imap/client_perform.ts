/** How each job is done. */
import type { Step } from "../wire/session.ts";
import { flag, move, remove } from "./client_change.ts";
import type { Dialogue } from "./client_dialogue.ts";
import type { ImapJob, ImapResult } from "./client_job.ts";
import { headers, list } from "./client_list.ts";
import { mailboxes, retrieve, search, select } from "./client_mailbox.ts";
import { waitForMail } from "./client_wait.ts";

/** Does a job; `messageBytesMax` is the largest message that is taken. */
export function* perform<B>(
  dialogue: Dialogue,
  job: ImapJob,
  messageBytesMax: number,
): Step<B, ImapResult> {
  switch (job.do) {
    case "mailboxes":
      return yield* mailboxes<B>(dialogue);
    case "select":
      return yield* select<B>(dialogue, job);
    case "list":
      return yield* list<B>(dialogue, job.which);
    case "search":
      return yield* search<B>(dialogue, job.keys);
    case "headers":
      return yield* headers<B>(dialogue, job.uids);
    case "retrieve":
      return yield* retrieve<B>(dialogue, job.uid, messageBytesMax);
    case "flag":
      return yield* flag<B>(dialogue, job);
    case "move":
      return yield* move<B>(dialogue, job);
    case "remove":
      return yield* remove<B>(dialogue, job.uids);
    case "wait":
      return yield* waitForMail<B>(dialogue, job.wake);
  }
}
