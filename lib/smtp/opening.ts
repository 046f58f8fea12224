/** Beginning a conversation with the application, when a client connects and behind XCLIENT. */
import { call, Interrupted, type Step } from "../wire/session.ts";
import type { SmtpBackend, SmtpConversation, SmtpPeer } from "./backend.ts";
import { type Reply, reply } from "./reply.ts";

/** The conversation, or what this peer hears in its place. */
export function* openConversation<B extends SmtpBackend>(
  peer: SmtpPeer,
): Step<B, SmtpConversation | Reply> {
  try {
    return yield* call<B, SmtpConversation | Reply>((backend) => backend.open(peer));
  } catch (error) {
    if (error instanceof Interrupted) throw error;
    return reply(421, "4.3.0", "Local error, try again later");
  }
}
