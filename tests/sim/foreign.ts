/**
 * A foreign mail server: a small one, with a character and its own simple parser, which writes down
 * what it was given. Nothing of our own SMTP is in it.
 */
import type { Endpoint, TlsServerIdentity, Transport, World } from "../../lib/net/world.ts";
import { type Ledger, markIn, type Taking } from "./ledger.ts";
import { CALM, type Persona, type Whims } from "./foreign_persona.ts";
import type { Prng } from "./prng.ts";
import { dottedText, type Talk, talkOver } from "./talk.ts";

export interface ForeignOptions {
  readonly world: World;
  readonly prng: Prng;
  /** The time of the ledger. */
  readonly now: () => number;
  /** What it is called in the ledger, and calls itself. */
  readonly name: string;
  readonly at: Endpoint;
  readonly persona: Persona;
  /** Whether somebody has a mailbox here now. */
  readonly isUser: (address: string) => boolean;
  /** Who has to log in, under TLS, before anything is taken; without it, nobody has to. */
  readonly login?: ForeignLogin;
  readonly ledger: Ledger;
  /** Whether it may have whims now. */
  readonly isCalm: () => boolean;
}

export interface ForeignLogin {
  readonly user: string;
  readonly password: string;
}

export interface ForeignServer {
  readonly at: Endpoint;
  /** Listens no more and closes every connection. */
  stop(): void;
}

export function startForeign(options: ForeignOptions): ForeignServer {
  const { world, at } = options;
  const listener = world.net.listen(at);
  const open = new Set<Transport>();
  const seen = new Map<string, number>();
  const identity = world.net.tlsIdentity([{ certificate: options.name, key: "" }]);

  async function serve(transport: Transport): Promise<void> {
    open.add(transport);
    const patience = world.clock.alarm(() => transport.close());
    const talk = talkOver(transport, () => patience.set(PATIENCE_MS));
    try {
      await converse({ ...BEGINNING, options, seen, identity, talk });
    } finally {
      patience.cancel();
      open.delete(transport);
      transport.close();
    }
  }

  (async () => {
    for await (const transport of listener) serve(transport);
  })();
  return {
    at: listener.local,
    stop() {
      listener.close();
      for (const transport of open) transport.close();
    },
  };
}

/** RFC 5321 §4.5.3.2.7: five minutes; some are more patient. */
const PATIENCE_MS = 20 * 60_000;

/** One connection. */
interface Visit {
  readonly options: ForeignOptions;
  readonly talk: Talk;
  readonly identity: TlsServerIdentity;
  /** When each sender and recipient came for the first time, on all connections. */
  readonly seen: Map<string, number>;
  client: string;
  sender: string | null;
  recipients: string[];
  /** What came by BDAT so far. */
  chunks: string;
  encrypted: boolean;
  loggedIn: boolean;
  /** Those that were answered and may not have been heard. */
  unheard: readonly Taking[];
}

const BEGINNING = {
  client: "",
  sender: null,
  recipients: [],
  chunks: "",
  encrypted: false,
  loggedIn: false,
  unheard: [],
};

async function converse(visit: Visit): Promise<void> {
  const { talk, options: { name } } = visit;
  if (!await answer(visit, `220 ${name} here`)) return;
  for (;;) {
    const line = await talk.line();
    if (line === null) return;
    // Nobody says anything behind the content before the answer to it has come.
    for (const taking of visit.unheard) taking.heard = true;
    visit.unheard = [];
    const { prng } = visit.options;
    const whims = whimsOf(visit);
    if (prng.chance(whims.hangUp)) return;
    if (prng.chance(whims.goodbye)) return void await answer(visit, "421 4.3.2 Not now");
    if (!await obey(visit, line)) return;
  }
}

/** False: the conversation is over. */
async function obey(visit: Visit, line: string): Promise<boolean> {
  const { takes } = visit.options.persona;
  switch (line.split(/[ :]/, 1)[0]!.toUpperCase()) {
    case "HELO":
    case "EHLO":
    case "LHLO":
      return await answer(visit, hello(visit, line));
    case "STARTTLS":
      return await startTls(visit);
    case "AUTH":
      return await logIn(visit, line);
    case "MAIL":
      return await answer(visit, mail(visit, line));
    case "RCPT":
      return await answer(visit, recipient(visit, line));
    case "DATA":
      return await data(visit);
    case "BDAT":
      return await chunk(visit, line);
    case "RSET":
      forget(visit);
      return await answer(visit, "250 2.0.0 Forgotten");
    case "NOOP":
      return await answer(visit, "250 2.0.0 Still here");
    case "QUIT":
      await answer(visit, "221 2.0.0 Goodbye");
      return false;
    default:
      return await answer(visit, takes === "anybody" ? "250 2.0.0 Yes" : "500 5.5.1 What?");
  }
}

function hello(visit: Visit, line: string): string {
  const { name, persona } = visit.options;
  const [verb, client = ""] = line.split(" ");
  forget(visit);
  visit.client = client;
  if (/^L/i.test(verb!) !== (persona.protocol === "lmtp")) return "500 5.5.1 What?";
  if (/^HELO/i.test(verb!)) return `250 ${name}`;
  const offersTls = persona.startTls !== "absent" && !visit.encrypted;
  const offersLogin = visit.options.login !== undefined && visit.encrypted;
  const lines = [
    name,
    ...persona.extensions,
    ...(offersTls ? ["STARTTLS"] : []),
    ...(offersLogin ? ["AUTH PLAIN"] : []),
  ];
  return lines.map((each, at) => `250${at === lines.length - 1 ? " " : "-"}${each}`).join("\r\n");
}

async function startTls(visit: Visit): Promise<boolean> {
  const { persona } = visit.options;
  if (persona.startTls !== "works") return await answer(visit, "454 4.7.0 Not now");
  if (!await answer(visit, "220 2.0.0 Come")) return false;
  visit.talk.forget();
  try {
    await visit.talk.transport.startTls({ side: "server", identity: visit.identity });
  } catch {
    return false;
  }
  visit.encrypted = true;
  forget(visit);
  return true;
}

/** RFC 4954 §4: PLAIN, whose response may come with the command, or when it is asked for. */
async function logIn(visit: Visit, line: string): Promise<boolean> {
  const { login, prng } = visit.options;
  const [, mechanism = "", initial] = line.split(" ");
  if (login === undefined || !visit.encrypted || mechanism.toUpperCase() !== "PLAIN") {
    return await answer(visit, "504 5.5.4 Not like that");
  }
  if (initial === undefined && !await answer(visit, "334 ")) return false;
  const response = initial ?? await visit.talk.line();
  if (response === null) return false;
  const isRight = response === btoa(`\0${login.user}\0${login.password}`);
  visit.loggedIn = isRight && !prng.chance(whimsOf(visit).deny);
  return await answer(visit, visit.loggedIn ? "235 2.7.0 Come in" : "535 5.7.8 Who are you?");
}

function mail(visit: Visit, line: string): string {
  const { persona, login } = visit.options;
  forget(visit);
  if (login !== undefined && !visit.loggedIn) return "530 5.7.0 Log in first";
  if (isMisled(persona, line)) return "555 5.5.4 Who said that I know this?";
  visit.sender = pathOf(line);
  return "250 2.1.0 From whom";
}

/** Whether somebody uses what was announced, and it was a lie. */
function isMisled({ lies }: Persona, line: string): boolean {
  return lies && /> .*\b(BODY|RET|ENVID|NOTIFY|SMTPUTF8)\b/i.test(line);
}

function recipient(visit: Visit, line: string): string {
  const { persona, isUser } = visit.options;
  const address = pathOf(line) ?? "";
  if (isMisled(persona, line)) return "555 5.5.4 Who said that I know this?";
  if (persona.takes === "nobody") return "550 5.7.1 I take nothing";
  if (persona.takes === "users" && !isUser(address)) return "550 5.1.1 Nobody of this name";
  const key = `${visit.sender} ${address}`;
  const now = visit.options.now();
  const first = visit.seen.get(key) ?? now;
  visit.seen.set(key, first);
  if (now < first + persona.greylistMs) return "451 4.7.1 Come again";
  visit.recipients.push(address);
  return "250 2.1.5 To whom";
}

async function data(visit: Visit): Promise<boolean> {
  if (visit.recipients.length === 0) return await answer(visit, "554 5.5.1 For whom?");
  if (!await answer(visit, "354 Go on")) return false;
  const content = await dottedText(visit.talk);
  return content !== null && await take(visit, content);
}

async function chunk(visit: Visit, line: string): Promise<boolean> {
  const { persona } = visit.options;
  const [, size = "0", last] = line.split(" ");
  const content = await visit.talk.octets(Number(size));
  if (content === null) return false;
  if (persona.lies || !persona.extensions.includes("CHUNKING")) {
    return await answer(visit, "502 5.5.1 What?");
  }
  if (visit.recipients.length === 0) return await answer(visit, "554 5.5.1 For whom?");
  visit.chunks += content;
  if (last === undefined) return await answer(visit, "250 2.0.0 And then");
  return await take(visit, visit.chunks);
}

/** The content is here; what becomes of it is written down before anything is said. */
async function take(visit: Visit, content: string): Promise<boolean> {
  const { world, prng, persona, ledger } = visit.options;
  const whims = whimsOf(visit);
  if (prng.chance(whims.drop)) return false;
  const keepsSilently = prng.chance(whims.keepAndDrop);
  const verdict = keepsSilently ? "kept" : verdictOf(visit, whims);
  const taking = takingOf(visit, content, verdict);
  ledger.takings.push(taking);
  if (keepsSilently) return false;
  if (prng.chance(whims.late)) await world.clock.sleep(whims.lateMs);
  const replies = persona.protocol === "lmtp" ? visit.recipients.length : 1;
  forget(visit);
  for (let count = 0; count < replies; count++) {
    if (!await answer(visit, WORDS[verdict])) return false;
  }
  visit.unheard = [taking];
  return true;
}

const WORDS: Readonly<Record<Taking["verdict"], string>> = {
  kept: "250 2.0.0 Kept",
  refused: "554 5.6.0 I do not like it",
  deferred: "452 4.3.1 No room now",
};

function verdictOf(visit: Visit, whims: Whims): Taking["verdict"] {
  const { prng } = visit.options;
  if (prng.chance(whims.refuse)) return "refused";
  return prng.chance(whims.defer) ? "deferred" : "kept";
}

function takingOf(visit: Visit, content: string, verdict: Taking["verdict"]): Taking {
  const { name, persona, now } = visit.options;
  return {
    mark: markIn(content),
    server: name,
    client: visit.client,
    sender: visit.sender,
    recipients: [...visit.recipients],
    content,
    eightBit: persona.extensions.includes("8BITMIME"),
    verdict,
    atMs: now(),
    heard: false,
  };
}

function forget(visit: Visit): void {
  visit.sender = null;
  visit.recipients = [];
  visit.chunks = "";
}

function whimsOf({ options: { persona, isCalm } }: Visit): Whims {
  return isCalm() ? CALM : persona.whims;
}

/** Says a reply in the manner of the persona; false when the connection is lost. */
async function answer(visit: Visit, reply: string): Promise<boolean> {
  const { persona, world } = visit.options;
  if (persona.tarpitMs > 0) await world.clock.sleep(persona.tarpitMs);
  for (const piece of piecesOf(persona, reply)) {
    if (!await visit.talk.say(piece)) return false;
  }
  return true;
}

function piecesOf({ cut, wordy }: Persona, reply: string): readonly string[] {
  const spoken = wordy && !reply.includes("\r\n")
    ? `${reply.slice(0, 3)}-Well\r\n${reply}\r\n`
    : `${reply}\r\n`;
  if (cut === "whole") return [spoken];
  return cut === "bytes" ? [...spoken] : spoken.split(/(?<=\r\n)/);
}

/** What stands between the angle brackets; `null` for the null sender. */
function pathOf(line: string): string | null {
  const path = /<([^>]*)>/.exec(line)?.[1] ?? "";
  return path === "" ? null : path;
}
