/** What our servers say at RCPT is true, and every conversation with them ends. */
import type { World } from "./geography.ts";
import type { Ledger } from "./ledger.ts";

/**
 * A next server's "no such user" may be remembered for so long, by each server on the way, and no
 * longer: somebody may get an account there.
 */
const REFUSAL_REMEMBERED_MS_MAX = 6 * 60_000;
/** Nothing honest takes longer: the people of the simulation leave after ten minutes. */
const CONVERSATION_MS_MAX = 15 * 60_000;

/** What was answered wrongly to RCPT, one sentence each; only our own accounts are looked at. */
export function checkAnswers(ledger: Ledger, world: World): readonly string[] {
  return ledger.submissions.flatMap((submission) =>
    submission.recipients.flatMap(({ address, code }) => {
      const home = world.homeOf(address.slice(address.lastIndexOf("@") + 1));
      // RFC 5321 §4.1.4: 503 says only that MAIL was refused before.
      if (home === null || code === null || code === 503) return [];
      // What an alias is asked for is answered for its name.
      if (world.membersOf(address)[0] !== address) return [];
      const isLocal = home === submission.server;
      const relay = isLocal ? null : world.relayOf(submission.server);
      // What a foreign one takes, and what not, is its own affair.
      if (relay !== null && world.homeOf(relay) === null) return [];
      const rememberedMs = REFUSAL_REMEMBERED_MS_MAX * (isLocal ? 0 : relay === null ? 1 : 2);
      const forgottenAtMs = submission.beganAtMs - rememberedMs;
      const presence = presenceOf(ledger, world.accountOf(address), {
        fromMs: forgottenAtMs,
        untilMs: submission.endedAtMs,
      });
      const about = `${submission.mark}: <${address}> was answered with ${code}`;
      if (code >= 500 && presence === "there") return [`${about}, and has an account`];
      const isTaken = code < 300 && isLocal && presence === "absent";
      return isTaken ? [`${about}, and has no account`] : [];
    })
  );
}

/** What did not come to its end, one sentence each. */
export function checkConversations({ conversations }: Ledger, nowMs: number): readonly string[] {
  return conversations.flatMap(({ what, beganAtMs, endedAtMs }) => {
    const ms = (endedAtMs ?? nowMs) - beganAtMs;
    if (ms <= CONVERSATION_MS_MAX) return [];
    return [`a conversation (${what}) that began at ${beganAtMs} ms took ${ms} ms`];
  });
}

/** Whether an account was there all that time, or never; while it changes, nobody can say. */
function presenceOf(
  { accounts }: Ledger,
  account: string,
  { fromMs, untilMs }: { readonly fromMs: number; readonly untilMs: number },
): "there" | "absent" | "unclear" {
  const changes = accounts.filter((each) => each.account === account);
  const before = changes.filter(({ atMs }) => atMs <= fromMs).at(-1);
  if (changes.some(({ atMs }) => atMs > fromMs && atMs <= untilMs)) return "unclear";
  if (before === undefined) return "absent";
  return before.change === "added" ? "there" : "unclear";
}
