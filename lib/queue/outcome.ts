/** What an attempt means for a queued recipient: pure. */
import { type Recipient, wantsReport } from "../mail/envelope.ts";
import type { Attempt } from "../smtp/client.ts";
import { isPositive, type Reply, reply } from "../smtp/reply.ts";
import type { Taken, Verdict } from "../store/store.ts";
import { isExpired, RETRY_AFTER_MS, waitMs } from "./schedule.ts";

/** The words for an attempt in which the server said nothing. */
const NO_ANSWER = reply(450, "4.4.2", "The connection was lost before there was an answer");

/** `failed` is reported to the sender; `unknown` is tried again, and may arrive twice. */
export function verdictOf(
  taken: Taken,
  attempt: Pick<Attempt, "result" | "reply">,
  now: number,
  fraction: number,
): Verdict {
  const words = wordsOf(attempt);
  switch (attempt.result) {
    case "delivered":
      return { do: "finish", outcome: "relayed", reply: words };
    case "refused":
      return { do: "finish", outcome: "failed", reply: words };
    case "deferred":
    case "unknown":
      if (isExpired(taken.acceptedAt, now)) return expired(words);
      return {
        do: "retry",
        dueAt: now + waitMs(RETRY_AFTER_MS, taken.attempts + 1, fraction),
        reply: words,
      };
  }
}

/**
 * What the sender is to be told about a verdict, if anything (RFC 3461 §5.2.6). A server that
 * announces DSN has taken over the request for a report of success (`takenOver`); to one that does
 * not the request cannot be passed on, so we say that the message went there (§5.2.2 (b)).
 */
export function actionToReport(
  verdict: Verdict,
  recipient: Recipient,
  takenOver: boolean,
): "failed" | "relayed" | null {
  if (verdict.do === "retry") return null;
  if (verdict.outcome === "failed") return wantsReport(recipient, "FAILURE") ? "failed" : null;
  return wantsReport(recipient, "SUCCESS") && !takenOver ? "relayed" : null;
}

/** A recipient that was taken and whose content was not says `250`, which explains nothing. */
function wordsOf({ result, reply }: Pick<Attempt, "result" | "reply">): Reply {
  if (reply === null) return NO_ANSWER;
  return isPositive(reply) && result !== "delivered" ? NO_ANSWER : reply;
}

/** RFC 3463 §3.5: delivery time expired; the last words of the other side are kept. */
export function expired(last: Reply): Verdict {
  const words = reply(550, "5.4.7", `Not delivered in five days: ${last.code} ${last.lines[0]}`);
  return { do: "finish", outcome: "failed", reply: words };
}
