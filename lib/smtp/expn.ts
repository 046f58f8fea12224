/** EXPN, RFC 5321 §3.5: who is on a mailing list, for users who have logged in. */
import { type Address, formatAddress } from "../mail/address.ts";
import { needsUtf8 } from "../mail/envelope.ts";
import { call, Interrupted, type Step } from "../wire/session.ts";
import { answerNow, type Connection, fault, LOCAL_ERROR } from "./connection.ts";
import { type Reply, reply } from "./reply.ts";

/**
 * RFC 5321 §7.3: strangers collect addresses so, and get what a command gets that is not there; for
 * users it is announced (§3.5.2).
 */
export function isExpnOffered({ user }: Connection): boolean {
  return user !== null;
}

/** Answers EXPN; `text` is what stood behind it. */
export function* expn<B>(connection: Connection, text: string): Step<B, null> {
  if (!isExpnOffered(connection)) {
    return yield* fault(connection, reply(502, "5.5.1", "EXPN is not done here"));
  }
  const given = yield* listing<B>(connection, text);
  return given.code >= 500
    ? yield* fault<B>(connection, given)
    : yield* answerNow(connection.options, given);
}

function* listing<B>({ conversation }: Connection, text: string): Step<B, Reply> {
  let members: readonly Address[] | null;
  try {
    members = yield* call<B, readonly Address[] | null>(() => conversation.members(text));
  } catch (error) {
    if (error instanceof Interrupted) throw error;
    return LOCAL_ERROR;
  }
  if (members === null) return reply(550, "5.1.1", "There is no such list here");
  // RFC 6531 §3.7.4.2: our replies are ASCII, and an address that is not cannot be shown in one.
  if (members.some(needsUtf8)) return reply(252, "2.6.8", "Some members cannot be shown");
  // RFC 5321 §3.5.1 and §3.5.2: each on a line, in angle brackets.
  return reply(250, "2.1.5", ...members.map((each) => `<${formatAddress(each)}>`));
}
