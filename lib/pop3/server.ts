/** The POP3 server's session, RFC 1939. */
import { ByteQueue } from "../wire/bytes.ts";
import {
  call,
  Interrupted,
  type Session,
  type Step,
  type TlsIdentity,
  type TlsInfo,
} from "../wire/session.ts";
import { authorization } from "./authorization.ts";
import type { Pop3Backend, Pop3Conversation, Pop3Peer } from "./backend.ts";
import type { Expire, Serving } from "./serving.ts";
import { say, type Talk } from "./talk.ts";
import { transaction } from "./transaction.ts";

export interface Pop3ServerOptions {
  readonly peer: Pop3Peer;
  /** Our name in the greeting. */
  readonly hostname: string;
  /** Whether logins are allowed without TLS: nobody listens in, or the operator says so. */
  readonly plainAuth: boolean;
  /** What STLS shows to clients; `null`: it is not offered. */
  readonly identity: TlsIdentity | null;
  /** The TLS that the connection has already. */
  readonly tls: TlsInfo | null;
  /**
   * How long a user has to wait between two logins, in seconds (RFC 2449 §6.5), as the backend sees
   * to it; 0, the default: not at all.
   */
  readonly loginDelaySeconds?: number;
  /** For how long mail is kept; by default for ever. */
  readonly expire?: Expire;
  /** Whether to yield `trace` effects. */
  readonly traced?: boolean;
  /** Bytes that came before POP3 began on this connection (XPOP3) and belong to it. */
  readonly queue?: ByteQueue;
}

/** One conversation, from the greeting to its end. It throws nothing but mistakes of its own. */
export function* pop3Server(options: Pop3ServerOptions): Session<Pop3Backend> {
  const talk = { queue: options.queue ?? new ByteQueue(), traced: options.traced ?? false };
  const conversation = yield* open(talk, options.peer);
  if (conversation === null) return;
  try {
    yield* converse({
      ...talk,
      conversation,
      plainAuth: options.plainAuth,
      identity: options.identity,
      loginDelaySeconds: options.loginDelaySeconds ?? 0,
      expire: options.expire ?? "never",
      tls: options.tls,
      utf8: false,
      linesHeard: 0,
      badCommands: 0,
      failedLogins: 0,
    }, options.hostname);
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    // RFC 1939 §3: a client that was silent for too long is left without a word and without UPDATE.
    if (error.reason === "shutdown") {
      yield* lastWord(talk, "-ERR [SYS/TEMP] the server is shutting down");
    }
  } finally {
    conversation.close();
  }
}

/** RFC 1939 §4, §5 and §6, in their order. */
function* converse(serving: Serving, hostname: string): Step<Pop3Backend, void> {
  // RFC 1939 §7: without a timestamp in angle brackets, for there is no APOP.
  yield* say(serving, `+OK ${hostname} POP3 server ready`);
  const messages = yield* authorization(serving);
  if (messages !== "over") yield* transaction(serving, messages);
}

/** `null` when the backend fails: the client is told so instead of greeted. */
function* open(talk: Talk, peer: Pop3Peer): Step<Pop3Backend, Pop3Conversation | null> {
  try {
    return yield* call((backend: Pop3Backend) => backend.open(peer));
  } catch {
    // RFC 3206 §4: whatever it was, it was ours, and the client may come again.
    yield* lastWord(talk, "-ERR [SYS/TEMP] no service just now; try again later");
    return null;
  }
}

/** The conversation ends anyway: what interrupts even this changes nothing. */
function* lastWord(talk: Talk, line: string): Step<Pop3Backend, void> {
  try {
    yield* say(talk, line);
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
  }
}
