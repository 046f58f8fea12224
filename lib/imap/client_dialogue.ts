/** The client's end of the conversation: commands go out, responses come in (RFC 9051 §2.2). */
import { type ByteQueue, encode } from "../wire/bytes.ts";
import { hasLine } from "../wire/lines.ts";
import {
  deadline,
  Interrupted,
  readOrWake,
  type Step,
  trace,
  type Wake,
  write,
} from "../wire/session.ts";
import { broken } from "./client_error.ts";
import { readResponse, RESPONSE_LINES_BYTES_MAX } from "./client_read.ts";
import { parseResponse, type Response, type Status, wordsIn } from "./client_response.ts";
import { type Piece, quoted } from "./format.ts";
import type { RawCommand } from "./parse.ts";

/** A conversation, and what the server has told so far. */
export interface Dialogue {
  /** What the server has said and nobody has read yet. */
  readonly queue: ByteQueue;
  /** Whether somebody watches. */
  readonly traced: boolean;
  /** How long the server may be silent while something is due from it. */
  readonly replyMs: number;
  /** What the server can do, in upper case; `null`: not known. */
  capabilities: ReadonlySet<string> | null;
  /** Whether requests to go on are challenges of a login, which a trace must not show. */
  challenged: boolean;
  /** How many commands there were. */
  commands: number;
  /** How many messages the selected mailbox has. */
  exists: number;
  /** Whether messages have come since this was last set to `false`. */
  arrived: boolean;
}

/** How a command was answered. */
export type Answer = ({ readonly ok: true } & Pick<Status, "code" | "text">) | Refusal;

/** The server said NO or BAD; or BYE, and the connection is over. */
export interface Refusal {
  readonly ok: false;
  readonly condition: "NO" | "BAD" | "BYE";
  /** The response code in upper case, like `NONEXISTENT` (RFC 5530 §3), or `null`. */
  readonly code: string | null;
  /** The server's words without the code, fit to be shown. */
  readonly text: string;
}

/** What stands in a trace for a secret. */
export const MASK = "****";

/** Responses to one command; a page of a list has as many as messages. */
export const RESPONSES_MAX = 200_000;

export interface CommandOptions {
  /** Is given what comes before the command's answer. */
  readonly hear?: (response: Response) => void;
  /** What a trace shows in place of the pieces, where they have a secret. */
  readonly shown?: string;
}

/**
 * Gives a command, whose pieces stand as they are, with a space between; strings that a line cannot
 * carry are bytes, and go as literals.
 */
export function* command<B>(
  dialogue: Dialogue,
  pieces: readonly Piece[],
  options: CommandOptions = {},
): Step<B, Answer> {
  const tag = nextTag(dialogue);
  const refusal = yield* say<B>(dialogue, [tag, ...pieces], options.shown);
  return refusal ?? (yield* hearAnswer<B>(dialogue, tag, options.hear));
}

/** RFC 9051 §2.2.1: a new tag for each command. */
export function nextTag(dialogue: Dialogue): string {
  return `a${++dialogue.commands}`;
}

/**
 * The answer to a command; what else comes is heard on the way.
 * @throws {ProtocolError} when it is none, or never comes.
 */
export function* hearAnswer<B>(
  dialogue: Dialogue,
  tag: string,
  hear: (response: Response) => void = () => {},
): Step<B, Answer> {
  const answer = yield* hearUntilAnswer<B>(dialogue, tag, hear);
  if ("challenge" in answer) throw broken("it asks for something that was not announced");
  return answer;
}

/** The same, or a request to go on (RFC 9051 §7.6), with what stands behind the plus. */
export function* hearUntilAnswer<B>(
  dialogue: Dialogue,
  tag: string,
  hear: (response: Response) => void = () => {},
): Step<B, Answer | { readonly challenge: string }> {
  for (let heard = 0; heard < RESPONSES_MAX; heard++) {
    const response = yield* hearResponse<B>(dialogue);
    if (response.is === "goOn") return { challenge: response.text };
    if (response.is === "tagged") {
      if (response.tag !== tag) throw broken("it answers a command that was not given");
      return answerOf(response);
    }
    // RFC 9051 §7.1.5: whatever was asked for, there will be no answer.
    if (response.is === "status" && response.condition === "BYE") return answerOf(response);
    hear(response);
  }
  throw broken(`more than ${RESPONSES_MAX} responses to one command`);
}

/**
 * The next response, whose news are kept in the dialogue.
 * @throws {ProtocolError} when it is none.
 */
export function* hearResponse<B>(dialogue: Dialogue): Step<B, Response> {
  yield* deadline(dialogue.replyMs);
  const raw = yield* readResponse<B>(dialogue.queue, dialogue.replyMs);
  yield* show<B>(dialogue, "peer", visible(raw, dialogue.challenged));
  const response = parseResponse(raw);
  note(dialogue, response);
  return response;
}

/**
 * Waits until something is there to be heard, `wake` resolves, or `ms` are over.
 * @throws {Interrupted} in each other case.
 */
export function* untilHeard<B>(
  { queue }: Dialogue,
  { wake, ms }: { readonly wake: Wake<B>; readonly ms: number },
): Step<B, "heard" | "woken" | "late"> {
  yield* deadline(ms);
  try {
    while (!hasLine(queue)) {
      if (queue.length > RESPONSE_LINES_BYTES_MAX) throw broken("its line is too long");
      queue.keep();
      const chunk = yield* readOrWake<B>(wake);
      if (chunk === "wake") return "woken";
      if (chunk === null) throw new Interrupted("lost");
      queue.push(chunk);
    }
    return "heard";
  } catch (error) {
    if (error instanceof Interrupted && error.reason === "deadline") return "late";
    throw error;
  }
}

/** Says one line. `shown` stands for it in the trace when it holds a secret. */
export function* sayLine<B>(dialogue: Dialogue, line: string, shown = line): Step<B, void> {
  yield* write(encode(`${line}\r\n`));
  yield* show<B>(dialogue, "self", shown);
}

/** Whether the server can do this; some of it is in IMAP4rev2 itself (RFC 9051 Appendix E). */
export function can({ capabilities }: Dialogue, name: string): boolean {
  if (capabilities === null) return false;
  return capabilities.has(name) || (WITHIN_REV2.has(name) && capabilities.has("IMAP4REV2"));
}

const WITHIN_REV2: ReadonlySet<string> = new Set(["IDLE", "MOVE", "UIDPLUS", "SASL-IR"]);

/** Text as a string of a command (RFC 9051 §9): quoted where a line can carry it. */
export function stringPiece(text: string): Piece {
  const plain = text.length <= QUOTED_CHARACTERS && /^[\x20-\x7e]*$/.test(text);
  return plain ? quoted(text) : encode(text);
}

/** Longer ones are literals, for the length of lines is limited (RFC 7162 §4). */
const QUOTED_CHARACTERS = 1_000;

/** RFC 7888 §5: so much may come as a literal that is not asked for, where LITERAL- is offered. */
const UNASKED_BYTES = 4_096;

/** Gives the refusal of a literal; `null` when all is said. */
function* say<B>(
  dialogue: Dialogue,
  pieces: readonly Piece[],
  shown: string | undefined,
): Step<B, Refusal | null> {
  const unasked = can(dialogue, "LITERAL+") || can(dialogue, "LITERAL-") ||
    can(dialogue, "IMAP4REV2");
  const tag = pieces[0] as string;
  let line = "";
  for (const [at, piece] of pieces.entries()) {
    if (at > 0) line += " ";
    if (typeof piece === "string") {
      line += piece;
      continue;
    }
    const now = unasked && piece.length <= UNASKED_BYTES;
    yield* write(encode(`${line}{${piece.length}${now ? "+" : ""}}\r\n`));
    if (!now) {
      const answer = yield* hearUntilAnswer<B>(dialogue, tag);
      if ("ok" in answer && !answer.ok) return answer;
      if ("ok" in answer) throw broken("it answers a command that is not complete");
    }
    yield* write(piece);
    line = "";
  }
  yield* write(encode(`${line}\r\n`));
  yield* show<B>(dialogue, "self", shown === undefined ? visiblePieces(pieces) : `${tag} ${shown}`);
  return null;
}

function visiblePieces(pieces: readonly Piece[]): string {
  return pieces.map((piece) => typeof piece === "string" ? piece : `{${piece.length}}`).join(" ");
}

/** Challenges may tell a secret, and literals are content: neither is shown. */
function visible({ texts, literals }: RawCommand, challenged: boolean): string {
  if (challenged && texts[0]!.startsWith("+")) return `+ ${MASK}`;
  const line = texts.map((text, at) => {
    const literal = literals[at];
    return literal === undefined ? text : `${text}{${literal.bytes.length}}`;
  }).join("");
  return line.length > SHOWN_CHARACTERS ? `${line.slice(0, SHOWN_CHARACTERS)}…` : line;
}

/** Nobody reads on in a trace. */
const SHOWN_CHARACTERS = 1_000;

function* show<B>(dialogue: Dialogue, from: "peer" | "self", line: string): Step<B, void> {
  if (dialogue.traced) yield* trace(from, encode(line));
}

function note(dialogue: Dialogue, response: Response): void {
  switch (response.is) {
    case "capabilities":
      dialogue.capabilities = new Set(response.names);
      break;
    case "status":
    case "tagged":
      // RFC 9051 §7.1: what it can may stand in the greeting, and in the answer to a login.
      if (response.code?.name === "CAPABILITY") {
        dialogue.capabilities = new Set(wordsIn(response.code.data));
      }
      break;
    case "exists":
      dialogue.arrived ||= response.count > dialogue.exists;
      dialogue.exists = response.count;
      break;
    case "expunge":
      if (--dialogue.exists < 0) throw broken("it removes messages that are not there");
  }
}

function answerOf({ condition, code, text }: Status): Answer {
  if (condition === "OK") return { ok: true, code, text };
  if (condition === "PREAUTH") throw broken("it greets in the middle of the conversation");
  return { ok: false, condition, code: code?.name ?? null, text };
}
