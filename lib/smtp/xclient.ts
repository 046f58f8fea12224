/**
 * XCLIENT, Postfix's extension (https://www.postfix.org/XCLIENT_README.html): a proxy that is
 * trusted says for whom it speaks, and the conversation begins anew as theirs.
 */
import { call, Interrupted, type Step } from "../wire/session.ts";
import type { SmtpBackend, SmtpPeer } from "./backend.ts";
import {
  answerNow,
  type Connection,
  fault,
  type Forwarding,
  greeting,
  LOCAL_ERROR,
  reset,
  type Vouched,
} from "./connection.ts";
import { openConversation } from "./opening.ts";
import { type Reply, reply } from "./reply.ts";
import type { Xclient } from "./xclient_command.ts";

/** Begins anew with the client that the proxy speaks for; an end where that one is refused. */
export function* xclient<B extends SmtpBackend>(
  connection: Connection,
  said: Xclient,
): Step<B, "next" | "close"> {
  const { options, forward } = connection;
  if (forward === null) {
    yield* fault(connection, reply(550, "5.7.0", "Only a proxy that is trusted may say that"));
    return "next";
  }
  if (connection.transaction !== null) {
    yield* fault(connection, reply(503, "5.5.1", "Not within a transaction"));
    return "next";
  }
  const vouched = yield* vouch<B>(connection, said);
  if ("code" in vouched) {
    yield* fault(connection, vouched);
    return "next";
  }
  const peer = peerOf(connection.peer, said);
  const opened = yield* openConversation<B>(peer);
  if ("code" in opened) {
    yield* answerNow(options, opened);
    return "close";
  }
  reset(connection);
  connection.conversation.close();
  connection.conversation = opened;
  connection.peer = peer;
  connection.forward = forwardOf(forward, said);
  // Whoever the proxy speaks for is not on this machine because the proxy is.
  connection.plainAuth = forward.plainAuth;
  connection.hello = null;
  connection.vouched = vouched;
  connection.user = vouched.account ?? null;
  connection.loginFailed = false;
  yield* answerNow(options, greeting(options));
  return "next";
}

/**
 * As Postfix has it: once ADDR is said, what the new address may do counts. Proxies pass on what
 * their clients say next, and one of those could else take any account with an XCLIENT of its own.
 */
function forwardOf(forward: Forwarding, { address }: Xclient): Forwarding | null {
  if (address === undefined) return forward; // there is more to come, in an XCLIENT of its own
  return address !== null && forward.mayForward(address) ? forward : null;
}

function peerOf(before: SmtpPeer, { name, address, port }: Xclient): SmtpPeer {
  const known = name === undefined ? before.name : name ?? undefined;
  return {
    address: address ?? before.address,
    port: port ?? before.port,
    ...(known === undefined ? {} : { name: known }),
    ...(before.local === undefined ? {} : { local: before.local }),
  };
}

/** What the proxy has said until now; a reply where there is no such account. */
function* vouch<B>(
  { conversation, vouched }: Connection,
  { helo, extended, login }: Xclient,
): Step<B, Vouched | Reply> {
  let account: string | null = null;
  if (typeof login === "string") {
    try {
      account = yield* call<B, string | null>(() => conversation.vouched(login));
    } catch (error) {
      if (error instanceof Interrupted) throw error;
      return LOCAL_ERROR;
    }
    if (account === null) return reply(501, "5.5.4", "LOGIN names nobody here");
  }
  return {
    ...vouched,
    ...(helo === undefined ? {} : { name: helo }),
    ...(extended === undefined ? {} : { extended }),
    ...(login === undefined ? {} : { account }),
  };
}
