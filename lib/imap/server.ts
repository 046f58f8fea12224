/** The IMAP server's session: IMAP4rev2 (RFC 9051) and IMAP4rev1 (RFC 3501) side by side. */
import { ByteQueue } from "../wire/bytes.ts";
import type { Hold, Room } from "../wire/room.ts";
import {
  call,
  deadline,
  Interrupted,
  type InterruptReason,
  type Session,
  type Step,
  type TlsIdentity,
  type TlsInfo,
} from "../wire/session.ts";
import { answerCommand, answerFault, hearOrTell } from "./answer.ts";
import type { ImapBackend, ImapConversation, ImapPeer } from "./backend.ts";
import { capabilities } from "./capability.ts";
import type { RawCommand } from "./parse.ts";
import { type CommandFault, type CommandLimits, readCommand } from "./read_command.ts";
import { bye, COMMAND_MS, IDLE_MS, say, type Serving } from "./serving.ts";

export interface ImapServerOptions {
  readonly peer: ImapPeer;
  /** Our name in the greeting. */
  readonly hostname: string;
  /** Whether logins are allowed without TLS: nobody listens in, or the operator says so. */
  readonly plainAuth: boolean;
  /** What STARTTLS shows to clients; `null`: it is not offered. */
  readonly identity: TlsIdentity | null;
  /** The TLS that the connection has already. */
  readonly tls: TlsInfo | null;
  /** What APPEND takes at most (RFC 7889). */
  readonly messageBytesMax: number;
  /** What all conversations together may hold of messages that are not stored yet. */
  readonly room: Room;
  /** Whether to yield `trace` effects. */
  readonly traced?: boolean;
}

/** A stranger has this long in all to log in, and once more behind STARTTLS. */
export const LOGIN_MS = 2 * 60 * 1000;
/** Before the login, commands are short: the longest is the first response of a mechanism. */
export const STRANGER_COMMAND_BYTES_MAX = 16 * 1024;
/** Sets of 100 000 numbers are honest, and so are long searches. */
export const COMMAND_BYTES_MAX = 1024 * 1024;

/** One conversation, from the greeting to its end. It throws nothing but mistakes of its own. */
export function* imapServer(options: ImapServerOptions): Session<ImapBackend> {
  const { peer, room, traced = false, ...rest } = options;
  const conversation = yield* open(peer);
  if (conversation === null) return;
  const serving: Serving = {
    ...rest,
    queue: new ByteQueue(),
    traced,
    conversation,
    compressed: false,
    account: null,
    selected: null,
    enabled: new Set(),
    notify: null,
    saved: [],
    badCommands: 0,
    failedLogins: 0,
  };
  const hold = room.hold();
  try {
    yield* converse(serving, hold);
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    yield* lastWord(serving, LAST_WORDS[error.reason]);
  } finally {
    hold.release();
    serving.notify?.metadata?.close();
    conversation.close();
  }
}

/** RFC 9051 §7.1.5: why the server goes. Whoever is lost hears nothing. */
const LAST_WORDS: Readonly<Record<InterruptReason, string | null>> = {
  deadline: "you were silent for too long",
  shutdown: "[UNAVAILABLE] the server is shutting down",
  lost: null,
};

/** RFC 9051 §3: the greeting, and then command after command. */
function* converse(serving: Serving, hold: Hold): Step<ImapBackend, void> {
  yield* deadline(LOGIN_MS);
  yield* say(serving, `OK [${capabilities(serving)}] ${serving.hostname} IMAP server ready`);
  let isFirst = true;
  for (let goesOn = true; goesOn;) {
    hold.release();
    const heard = yield* hear(serving, hold);
    if (heard === null || (isFirst && isHttp(heard))) return;
    isFirst = false;
    const wasSecure = serving.tls !== null;
    goesOn = "fault" in heard
      ? yield* answerFault(serving, heard)
      : yield* answerCommand(serving, heard);
    if (!wasSecure && serving.tls !== null) yield* deadline(LOGIN_MS);
  }
}

/** The next command, whose literals take of `hold`; `null` when the client has gone. */
function* hear(
  serving: Serving,
  hold: Hold,
): Step<ImapBackend, RawCommand | CommandFault | null> {
  const { queue, account } = serving;
  if (account !== null) {
    if (queue.length === 0) {
      yield* deadline(IDLE_MS);
      if (!(yield* waitForCommand(serving))) return null;
    }
    yield* deadline(COMMAND_MS);
  }
  return yield* readCommand<ImapBackend>(queue, limitsFor(serving, hold));
}

/** RFC 5465 §3.1: between commands, too, who has asked for it hears of changes. */
function* waitForCommand(serving: Serving): Step<ImapBackend, boolean> {
  for (;;) {
    serving.queue.keep();
    const heard = yield* hearOrTell(serving);
    if (heard === null) return false;
    if (heard === "told") continue;
    serving.queue.push(heard);
    return true;
  }
}

function limitsFor({ account, messageBytesMax }: Serving, hold: Hold): CommandLimits {
  if (account === null) {
    return { hold, commandBytesMax: STRANGER_COMMAND_BYTES_MAX, literalBytesMax: () => 0 };
  }
  return {
    hold,
    commandBytesMax: COMMAND_BYTES_MAX,
    literalBytesMax: (line) => BRINGS_MESSAGES.test(line) ? messageBytesMax : 0,
  };
}

const BRINGS_MESSAGES = /^\S+ (?:UID )?(?:APPEND|REPLACE) /i;

/**
 * A web page can make a browser send a form to this port, with commands in its body. Whatever
 * begins like a request goes unheard, and so does a first line that is overlong: it may be a
 * request, too.
 */
function isHttp(heard: RawCommand | CommandFault): boolean {
  if ("fault" in heard) return heard.fault === "overlong";
  return /^[A-Z]+ .* HTTP\/[0-9]/.test(heard.texts[0]!);
}

/** `null` when the backend fails: the client is told so instead of greeted. */
function* open(peer: ImapPeer): Step<ImapBackend, ImapConversation | null> {
  try {
    return yield* call((backend: ImapBackend) => backend.open(peer));
  } catch {
    // RFC 5530 §3: whatever it was, it was ours, and the client may come again.
    yield* lastWord({ traced: false }, "[UNAVAILABLE] no service just now; try again later");
    return null;
  }
}

/** The conversation ends anyway: what interrupts even this changes nothing. */
function* lastWord(
  serving: Pick<Serving, "traced">,
  words: string | null,
): Step<ImapBackend, void> {
  if (words === null) return;
  try {
    yield* bye(serving, words);
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
  }
}
