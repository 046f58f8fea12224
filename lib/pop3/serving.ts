/**
 * What both states of the POP3 server share: hearing commands, and answering mistakes and failures.
 */
import { decodeLatin1 } from "../wire/bytes.ts";
import { ProtocolError } from "../wire/error.ts";
import type { LineFault } from "../wire/lines.ts";
import {
  call,
  deadline,
  Interrupted,
  type MaybePromise,
  type Step,
  type TlsIdentity,
  type TlsInfo,
} from "../wire/session.ts";
import type { Pop3Backend, Pop3Conversation } from "./backend.ts";
import {
  COMMAND_LINE_BYTES_MAX,
  malformed,
  parseCommand,
  type Pop3Command,
  visibleCommand,
} from "./command.ts";
import { hear, say, type Talk } from "./talk.ts";

/**
 * How many days a message is kept at least, the same for all users (RFC 2449 §6.7). `unknown`: how
 * long depends on how many come behind it, so that no number of days would be true.
 */
export type Expire = number | "never" | "unknown";

/** One conversation, as it goes on. */
export interface Serving extends Talk {
  readonly conversation: Pop3Conversation;
  /** Whether logins are allowed without TLS. */
  readonly plainAuth: boolean;
  /** What STLS shows to clients; `null`: it is not offered. */
  readonly identity: TlsIdentity | null;
  /** How long a user has to wait between two logins, in seconds; 0: not at all. */
  readonly loginDelaySeconds: number;
  readonly expire: Expire;
  tls: TlsInfo | null;
  /** Whether the client has said that it can read UTF-8 in headers (RFC 6856 §2.1). */
  utf8: boolean;
  linesHeard: number;
  badCommands: number;
  failedLogins: number;
}

/** Whether a password may be sent on this connection. */
export function mayLogIn({ plainAuth, tls }: Serving): boolean {
  return plainAuth || tls !== null;
}

/**
 * A command was answered and the next one is due; the conversation is over; or the state gave a
 * `T`.
 */
export type Answer<T> = T | "next" | "over";

/** RFC 1939 §3: a timer for silent clients is allowed, of ten minutes at least. */
export const IDLE_MS = 10 * 60 * 1000;

/**
 * A client that knows POP3 makes hardly any; a guesser, or one that speaks another protocol, many.
 */
const BAD_COMMANDS_MAX = 20;

const FAULTS: Readonly<Record<Exclude<LineFault, "endless">, string>> = {
  bareLf: "lines end with CRLF",
  bareCr: "a CR stands only before LF",
  overlong: "the line is too long",
};

/** Has each command answered, until one answer ends this state or the conversation. */
export function* answerCommands<T>(
  serving: Serving,
  answer: (command: Pop3Command) => Step<Pop3Backend, Answer<T>>,
): Step<Pop3Backend, T | "over"> {
  for (;;) {
    try {
      const line = yield* hearLine(serving, COMMAND_LINE_BYTES_MAX, visibleCommand);
      if (line === null) return "over";
      const answered = yield* answer(parseCommand(line));
      if (answered !== "next") return answered;
    } catch (error) {
      if (!(yield* answerError(serving, error))) return "over";
    }
  }
}

/**
 * The next line, without its CRLF; `null` when the conversation is over.
 * @throws {ProtocolError} when it breaks the rules for lines.
 */
export function* hearLine(
  serving: Serving,
  bytesMax: number,
  visible: (line: Uint8Array) => string,
): Step<Pop3Backend, Uint8Array | null> {
  yield* deadline(IDLE_MS);
  const line = yield* hear<Pop3Backend>(serving, bytesMax, visible);
  const first = ++serving.linesHeard === 1;
  if (line === null || (first && isHttp(line))) return null;
  if (line === "endless") {
    yield* say(serving, "-ERR the line does not end");
    return null;
  }
  if (typeof line === "string") throw malformed(FAULTS[line]);
  return line;
}

/**
 * Asks the conversation.
 * @throws {BackendFailure} when it throws.
 */
export function* ask<T>(
  serving: Serving,
  question: (conversation: Pop3Conversation, signal: AbortSignal) => MaybePromise<T>,
): Step<Pop3Backend, T> {
  try {
    return yield* call((_backend, signal) => question(serving.conversation, signal));
  } catch (cause) {
    if (cause instanceof Interrupted) throw cause;
    throw new BackendFailure(cause);
  }
}

/**
 * Our side failed, not the client's; told apart from mistakes in this code, which nobody catches.
 */
export class BackendFailure extends Error {
  override readonly name = "BackendFailure";
  constructor(cause: unknown) {
    super("the backend failed", { cause });
  }
}

/** Whether the conversation goes on. */
function* answerError(serving: Serving, error: unknown): Step<Pop3Backend, boolean> {
  if (error instanceof BackendFailure) {
    // RFC 3206 §4: the failure is the system's, and likely to pass.
    yield* say(serving, "-ERR [SYS/TEMP] something failed here; try again later");
    return true;
  }
  if (!(error instanceof ProtocolError)) throw error;
  const patient = ++serving.badCommands < BAD_COMMANDS_MAX;
  yield* say(serving, patient ? `-ERR ${error.message}` : "-ERR too many bad commands");
  return patient;
}

/**
 * A web page can make a browser send a form to this port, with commands in its body. Whatever
 * begins like a request goes unheard, and so does a first line that is overlong: it may be a
 * request, too.
 */
function isHttp(line: Uint8Array | LineFault): boolean {
  if (typeof line === "string") return line === "overlong";
  return /^[A-Z]+ .* HTTP\/[0-9]/.test(decodeLatin1(line));
}
