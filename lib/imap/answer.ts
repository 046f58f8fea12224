/** Answering a command, whatever becomes of it: the one place where mistakes and failures end. */
import { encode } from "../wire/bytes.ts";
import { type Step, trace } from "../wire/session.ts";
import type { ImapBackend } from "./backend.ts";
import { type ImapCommand, parseCommand, tagOf } from "./command.ts";
import { ImapError } from "./error.ts";
import { learn, MailboxGone, tellNews } from "./news.ts";
import type { RawCommand } from "./parse.ts";
import { perform } from "./perform.ts";
import type { CommandFault } from "./read_command.ts";
import {
  answer,
  BackendFailure,
  bye,
  MASK,
  type Reply,
  type Serving,
  takesUtf8,
} from "./serving.ts";

/**
 * A client that knows IMAP makes hardly any; a guesser, or one that speaks another protocol, many.
 * For who is logged in, those in a row count: some connections stay for weeks.
 */
export const BAD_COMMANDS_MAX = 20;

/** Gives whether the conversation goes on. */
export function* answerCommand(serving: Serving, raw: RawCommand): Step<ImapBackend, boolean> {
  const tag = tagOf(raw);
  if (tag === null) {
    yield* show(serving, MASK);
    return yield* conclude(serving, "*", bad("the tag is missing"));
  }
  try {
    const { reply, expunges } = yield* attempt(serving, tag, raw);
    if (typeof reply === "string") return reply !== "over";
    yield* news(serving, expunges);
    return yield* conclude(serving, tag, reply);
  } catch (error) {
    if (!(error instanceof MailboxGone)) throw error;
    // There is no way to say that to a client that has it open, but to part (RFC 9051 §7.1.5).
    yield* bye(serving, "[UNAVAILABLE] the mailbox that was open is gone");
    return false;
  }
}

/** What came is no command; gives whether the conversation goes on. */
export function* answerFault(
  serving: Serving,
  { fault, tag }: CommandFault,
): Step<ImapBackend, boolean> {
  yield* show(serving, `(${fault})`);
  if (fault === "endless") {
    yield* bye(serving, "that does not end");
    return false;
  }
  if (fault !== "tooBig") return yield* conclude(serving, tag ?? "*", bad(FAULTS[fault]));
  // RFC 7889 §4 and RFC 9051 §4.3: it was understood, and is more than is taken.
  return yield* conclude(serving, tag ?? "*", no("that is too big", "TOOBIG"));
}

const FAULTS = {
  bareLf: "lines end with CRLF",
  bareCr: "a CR stands only before LF",
  overlong: "the line is too long",
} as const;

interface Attempted {
  readonly reply: Reply | "answered" | "over";
  /** Whether numbers may move before the reply. */
  readonly expunges: boolean;
}

function* attempt(serving: Serving, tag: string, raw: RawCommand): Step<ImapBackend, Attempted> {
  let command: ImapCommand | null = null;
  try {
    command = parseCommand(raw, takesUtf8(serving));
    yield* show(serving, visibleCommand(tag, raw, command));
    if (serving.selected !== null && readsMessages(command)) yield* learn(serving.selected);
    const reply = yield* perform(serving, tag, command);
    return { reply, expunges: mayMoveNumbers(command) };
  } catch (error) {
    if (command === null) yield* show(serving, `${tag} ${MASK}`);
    return { reply: refusalOf(error), expunges: command !== null && mayMoveNumbers(command) };
  }
}

/** @throws what is neither the client's mistake nor the backend's failure. */
function refusalOf(error: unknown): Reply {
  // RFC 5530 §3: the failure is the system's, and likely to pass.
  if (error instanceof BackendFailure) return no(FAILED, "UNAVAILABLE");
  if (!(error instanceof ImapError)) throw error;
  return { condition: error.condition, words: error.message, code: error.code, last: false };
}

const FAILED = "something failed here; try again later";

/** What cannot be told now is told with the next command. */
function* news(serving: Serving, expunges: boolean): Step<ImapBackend, void> {
  try {
    yield* tellNews(serving, { expunges });
  } catch (error) {
    if (!(error instanceof BackendFailure)) throw error;
  }
}

/** Says how the command ended, and, to whoever is wrong too often, that this was the last one. */
function* conclude(serving: Serving, tag: string, reply: Reply): Step<ImapBackend, boolean> {
  if (reply.condition === "BAD") serving.badCommands++;
  else if (serving.account !== null) serving.badCommands = 0;
  yield* answer(serving, tag, reply);
  if (serving.badCommands < BAD_COMMANDS_MAX) return !reply.last;
  yield* bye(serving, "too many bad commands");
  return false;
}

/** Commands that are about messages see the mailbox as it is, not as it was last told. */
function readsMessages({ verb }: ImapCommand): boolean {
  return ["COPY", "EXPUNGE", "MOVE", "REPLACE", "STORE"].includes(verb) || BY_NUMBER.has(verb);
}

/** RFC 9051 §7.5.1: no EXPUNGE in the answer to these, unless they go by UID. */
function mayMoveNumbers(command: ImapCommand): boolean {
  return !BY_NUMBER.has(command.verb) || ("uid" in command && command.uid);
}

/** RFC 5256 §1: SORT and THREAD are as SEARCH is. */
const BY_NUMBER: ReadonlySet<string> = new Set(["FETCH", "SEARCH", "SORT", "STORE", "THREAD"]);

function bad(words: string): Reply {
  return { condition: "BAD", words, code: null, last: false };
}

function no(words: string, code: string): Reply {
  return { condition: "NO", words, code, last: false };
}

/** A trace shows no password, and of literals the length. */
function visibleCommand(
  tag: string,
  { texts, literals }: RawCommand,
  command: ImapCommand,
): string {
  if (command.verb === "LOGIN") return `${tag} LOGIN ${MASK}`;
  if (command.verb === "AUTHENTICATE") return `${tag} AUTHENTICATE ${command.mechanism} ${MASK}`;
  return texts.map((text, at) => {
    const literal = literals[at];
    return literal === undefined ? text : `${text}{${literal.bytes.length}}`;
  }).join("");
}

function* show({ traced }: Serving, text: string): Step<ImapBackend, void> {
  if (traced) yield* trace("peer", encode(text));
}
