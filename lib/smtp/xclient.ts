/**
 * XCLIENT, Postfix's extension (https://www.postfix.org/XCLIENT_README.html): a proxy that is
 * trusted says for whom it speaks, and the conversation begins anew as theirs.
 */
import { call, Interrupted, type Step } from "../wire/session.ts";
import type { SmtpBackend, SmtpConversation, SmtpPeer } from "./backend.ts";
import { answerNow, type Connection, fault, greeting, LOCAL_ERROR, reset } from "./connection.ts";
import { type Reply, reply } from "./reply.ts";
import type { Xclient } from "./xclient_command.ts";

/** Begins anew with the client that the proxy speaks for; an end where that one is refused. */
export function* xclient<B extends SmtpBackend>(
  connection: Connection,
  said: Xclient,
): Step<B, "next" | "close"> {
  const { options } = connection;
  if (options.forward === null) {
    yield* fault(connection, reply(550, "5.7.0", "Only a proxy that is trusted may say that"));
    return "next";
  }
  if (connection.transaction !== null) {
    yield* fault(connection, reply(503, "5.5.1", "Not within a transaction"));
    return "next";
  }
  const peer = peerOf(connection.peer, said);
  const opened = yield* open<B>(peer);
  const login = "code" in opened ? null : yield* vouch<B>(opened, said.login ?? null);
  if ("code" in opened || (login !== null && "code" in login)) {
    yield* answerNow(options, "code" in opened ? opened : login as Reply);
    if (!("code" in opened)) opened.close();
    return "code" in opened ? "close" : "next";
  }
  reset(connection);
  connection.conversation.close();
  connection.conversation = opened;
  connection.peer = peer;
  // Whoever the proxy speaks for is not on this machine because the proxy is.
  connection.plainAuth = options.forward.plainAuth(peer.address);
  connection.hello = null;
  connection.user = login?.account ?? null;
  connection.loginFailed = false;
  connection.vouched = {
    ...connection.vouched,
    ...(said.helo === undefined ? {} : { name: said.helo }),
    ...(said.extended === undefined ? {} : { extended: said.extended }),
  };
  yield* answerNow(options, greeting(options));
  return "next";
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

function* open<B extends SmtpBackend>(peer: SmtpPeer): Step<B, SmtpConversation | Reply> {
  try {
    return yield* call<B, SmtpConversation | Reply>((backend) => backend.open(peer));
  } catch (error) {
    if (error instanceof Interrupted) throw error;
    return LOCAL_ERROR;
  }
}

/** The account that the proxy has seen to; a reply where there is none. */
function* vouch<B>(
  conversation: SmtpConversation,
  user: string | null,
): Step<B, { readonly account: string } | Reply | null> {
  if (user === null) return null;
  try {
    const account = yield* call<B, string | null>(() => conversation.vouched(user));
    return account === null ? reply(501, "5.5.4", "LOGIN names nobody here") : { account };
  } catch (error) {
    if (error instanceof Interrupted) throw error;
    return LOCAL_ERROR;
  }
}
