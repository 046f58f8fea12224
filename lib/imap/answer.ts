/** Answering a command, whatever becomes of it: the one place where mistakes and failures end. */
import { encode } from "../wire/bytes.ts";
import { type Step, trace } from "../wire/session.ts";
import type { ImapBackend } from "./backend.ts";
import { type ImapCommand, parseCommand, tagOf } from "./command.ts";
import { ImapError } from "./error.ts";
import { namesChangedBy } from "./manage.ts";
import { learn, MailboxGone, type TellOptions } from "./news.ts";
import { hearOrChange, overflow, tellAll } from "./notify.ts";
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
    const { reply, expunges, own } = yield* attempt(serving, tag, raw);
    if (typeof reply === "string") return reply !== "over";
    yield* news(serving, { expunges, own });
    return yield* conclude(serving, tag, reply);
  } catch (error) {
    return yield* part(serving, error);
  }
}

/**
 * Between two commands: what the client says, or `"told"` when it was told news instead (RFC 5465
 * §3.1); `null` when the conversation is over.
 */
export function* hearOrTell(serving: Serving): Step<ImapBackend, Uint8Array | null | "told"> {
  try {
    const heard = yield* hearOrChange(serving);
    if (heard !== "wake") return heard;
    const delayed = serving.notify?.selected?.of;
    // RFC 5465 §6.1.2: SELECTED-DELAYED is for clients that go by numbers.
    const expunges = delayed?.filter === "selected" && !delayed.delayed;
    yield* tellAll(serving, { expunges, own: false });
  } catch (error) {
    if (!(error instanceof BackendFailure)) {
      yield* part(serving, error);
      return null;
    }
    // RFC 5465 §5.8: whoever cannot be told now is not kept waiting for what may never come.
    yield* overflow(serving);
  }
  return "told";
}

/** There is no other way to say it to a client that has the mailbox open (RFC 9051 §7.1.5). */
function* part(serving: Serving, error: unknown): Step<ImapBackend, false> {
  if (!(error instanceof MailboxGone)) throw error;
  yield* bye(serving, "[UNAVAILABLE] the mailbox that was open is gone");
  return false;
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
  return yield* conclude(serving, tag ?? "*", FAULTS[fault]);
}

const FAULTS: Readonly<Record<Exclude<CommandFault["fault"], "endless">, Reply>> = {
  bareLf: bad("lines end with CRLF"),
  bareCr: bad("a CR stands only before LF"),
  overlong: bad("the line is too long"),
  // RFC 7889 §4 and RFC 9051 §4.3: it was understood, and is more than is taken,
  tooBig: no("that is too big", "TOOBIG"),
  // or more than is taken just now (RFC 5530 §3).
  noRoom: no("too much is on its way already; try again later", "UNAVAILABLE"),
};

interface Attempted {
  readonly reply: Reply | "answered" | "over";
  /** Whether numbers may move before the reply. */
  readonly expunges: boolean;
  /** Whether the client has moved messages itself. */
  readonly own: boolean;
}

function* attempt(serving: Serving, tag: string, raw: RawCommand): Step<ImapBackend, Attempted> {
  let command: ImapCommand | null = null;
  try {
    command = parseCommand(raw, takesUtf8(serving));
    yield* show(serving, visibleCommand(tag, raw, command));
    if (serving.selected !== null && readsMessages(command)) yield* learn(serving.selected);
    const reply = yield* perform(serving, tag, command);
    noteOwnNames(serving, command);
    return { reply, expunges: mayMoveNumbers(command), own: MOVES_MESSAGES.has(command.verb) };
  } catch (error) {
    if (command === null) yield* show(serving, `${tag} ${MASK}`);
    const expunges = command !== null && mayMoveNumbers(command);
    return { reply: refusalOf(error), expunges, own: false };
  }
}

/** RFC 5465 §5: whoever did it is not told of it. */
function noteOwnNames({ notify }: Serving, command: ImapCommand): void {
  if (notify === null || notify.others.length === 0) return;
  for (const name of namesChangedBy(command)) notify.own.add(name);
}

const MOVES_MESSAGES: ReadonlySet<string> = new Set(["EXPUNGE", "MOVE", "REPLACE"]);

/** @throws what is neither the client's mistake nor the backend's failure. */
function refusalOf(error: unknown): Reply {
  // RFC 5530 §3: the failure is the system's, and likely to pass.
  if (error instanceof BackendFailure) return no(FAILED, "UNAVAILABLE");
  if (!(error instanceof ImapError)) throw error;
  return { condition: error.condition, words: error.message, code: error.code, last: false };
}

const FAILED = "something failed here; try again later";

/** What cannot be told now is told with the next command. */
function* news(serving: Serving, options: TellOptions): Step<ImapBackend, void> {
  try {
    yield* tellAll(serving, options);
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
