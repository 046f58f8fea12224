/** Waiting for mail: by IDLE, or by asking now and then (RFC 2177, RFC 9051 §6.3.13). */
import type { Step, Wake } from "../wire/session.ts";
import {
  type Answer,
  can,
  command,
  type Dialogue,
  hearAnswer,
  hearResponse,
  hearUntilAnswer,
  nextTag,
  type Refusal,
  sayLine,
  untilHeard,
} from "./client_dialogue.ts";
import type { Status } from "./client_response.ts";

/** RFC 2177 §3: renewed at least every 29 minutes; routers forget a connection far earlier. */
export const IDLE_RENEWAL_MS = 9 * 60_000;
/** Where there is no IDLE, a question so often. */
export const POLL_MS = 60_000;

/** Until messages have come, or `wake` resolves. */
export function* waitForMail<B>(
  dialogue: Dialogue,
  wake: Wake<unknown>,
): Step<
  B,
  | { readonly did: "wait"; readonly arrived: boolean }
  | { readonly did: "nothing"; readonly refusal: Refusal }
> {
  let woken = false;
  while (!dialogue.arrived && !woken) {
    const end = can(dialogue, "IDLE")
      ? yield* idle<B>(dialogue, wake)
      : yield* ask<B>(dialogue, wake);
    if (!end.answer.ok) return { did: "nothing", refusal: end.answer };
    woken = end.woken;
  }
  return { did: "wait", arrived: dialogue.arrived };
}

interface Waited {
  readonly answer: Answer;
  readonly woken: boolean;
}

/** One IDLE, until something has come, somebody wants to go on, or it has to be renewed. */
function* idle<B>(dialogue: Dialogue, wake: Wake<B>): Step<B, Waited> {
  const tag = nextTag(dialogue);
  yield* sayLine<B>(dialogue, `${tag} IDLE`);
  const begun = yield* hearUntilAnswer<B>(dialogue, tag);
  if ("ok" in begun) return { answer: begun, woken: false };
  let how: "heard" | "woken" | "late" = "heard";
  while (how === "heard" && !dialogue.arrived) {
    how = yield* untilHeard<B>(dialogue, { wake, ms: IDLE_RENEWAL_MS });
    if (how !== "heard") break;
    const response = yield* hearResponse<B>(dialogue);
    if (response.is === "tagged" || (response.is === "status" && response.condition === "BYE")) {
      return { answer: endedBy(response), woken: false };
    }
  }
  yield* sayLine<B>(dialogue, "DONE");
  return { answer: yield* hearAnswer<B>(dialogue, tag), woken: how === "woken" };
}

/** RFC 9051 §6.1.2: NOOP is how a client without IDLE hears of new messages. */
function* ask<B>(dialogue: Dialogue, wake: Wake<B>): Step<B, Waited> {
  const how = yield* untilHeard<B>(dialogue, { wake, ms: POLL_MS });
  if (how === "woken") return { answer: { ok: true, code: null, text: "" }, woken: true };
  return { answer: yield* command<B>(dialogue, ["NOOP"]), woken: false };
}

/** The server has ended the waiting itself: most of them with BYE, because they stop. */
function endedBy({ code, text }: Status): Refusal {
  return { ok: false, condition: "BYE", code: code?.name ?? null, text };
}
