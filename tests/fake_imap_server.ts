/** An IMAP server of a few lines, which knows what our client says, and one user. */
import type { Transport } from "../lib/net/world.ts";
import type { TlsIdentity } from "../lib/wire/session.ts";
import { decodeLatin1, encode } from "../lib/wire/bytes.ts";
import { listen, type TestServer } from "./cli_support.ts";

export interface FakeMessage {
  readonly uid: number;
  readonly content: string;
  readonly flags: Set<string>;
}

export interface FakeImap extends TestServer {
  /** What the mailboxes hold. */
  readonly mailboxes: ReadonlyMap<string, FakeMessage[]>;
  /** Puts a message into INBOX, and tells whoever waits there. */
  deliver(content: string): void;
  /** How many sessions wait just now. */
  idling(): number;
  /** Says BYE to those. */
  leave(): Promise<void>;
  /** All commands that were heard, without their tags. */
  readonly heard: readonly string[];
}

export interface FakeImapOptions {
  /** What it shows under TLS; default: it offers none. */
  readonly identity?: TlsIdentity;
  /** When TLS begins; by default at STARTTLS. */
  readonly begins?: "first";
}

/** Alice's password is `secret`; `Archive` is there and empty. */
export function startFakeImap(
  contents: readonly string[],
  options: FakeImapOptions = {},
): FakeImap {
  const inbox = contents.map((content, at) => message(at + 1, content));
  const mailboxes = new Map<string, FakeMessage[]>([["INBOX", inbox], ["Archive", []]]);
  const idlers = new Set<Transport>();
  const heard: string[] = [];
  let uids = inbox.length;
  const server = listen((transport) => serve(transport, { mailboxes, idlers, heard, options }));
  return {
    ...server,
    mailboxes,
    heard,
    idling: () => idlers.size,
    async leave() {
      for (const each of idlers) await each.write(encode("* BYE [UNAVAILABLE] going down\r\n"));
    },
    deliver(content) {
      inbox.push(message(++uids, content));
      for (const each of idlers) void each.write(encode(`* ${inbox.length} EXISTS\r\n`));
    },
  };
}

interface Shared {
  readonly mailboxes: Map<string, FakeMessage[]>;
  readonly idlers: Set<Transport>;
  readonly heard: string[];
  readonly options: FakeImapOptions;
}

function message(uid: number, content: string): FakeMessage {
  return { uid, content, flags: new Set() };
}

const CAPABILITIES = "IMAP4rev1 SASL-IR AUTH=PLAIN IDLE MOVE UIDPLUS";

/** What one session has open, and the tag of the IDLE that it waits in. */
interface Session {
  open: FakeMessage[];
  idleTag: string;
}

async function serve(transport: Transport, shared: Shared): Promise<void> {
  const session: Session = { open: [], idleTag: "" };
  const say = (...lines: readonly string[]) =>
    transport.write(latin1(lines.map((line) => `${line}\r\n`).join("")));
  const { identity, begins } = shared.options;
  if (begins === "first") await transport.startTls({ side: "server", identity: identity! });
  const offer = identity === undefined || begins === "first" ? "" : " STARTTLS";
  await say(`* OK [CAPABILITY ${CAPABILITIES}${offer}] ready`);
  for await (const line of linesOf(transport)) {
    if (line === "DONE") {
      shared.idlers.delete(transport);
      await say(`${session.idleTag} OK done`);
      continue;
    }
    const [tag, command] = [line.split(" ", 1)[0]!, line.slice(line.indexOf(" ") + 1)];
    shared.heard.push(command);
    if (command === "STARTTLS") {
      await say(`${tag} OK begin`);
      await transport.startTls({ side: "server", identity: identity! });
    } else if (command === "IDLE") {
      session.idleTag = tag;
      await say("+ idling");
      shared.idlers.add(transport);
    } else await say(...answerTo(tag, command, session, shared));
  }
  shared.idlers.delete(transport);
}

async function* linesOf(transport: Transport): AsyncGenerator<string> {
  let text = "";
  for (;;) {
    const chunk = await transport.read();
    if (chunk === null) return;
    const lines = (text + decodeLatin1(chunk)).split("\r\n");
    text = lines.pop()!;
    yield* lines;
  }
}

function answerTo(
  tag: string,
  command: string,
  session: Session,
  { mailboxes }: Shared,
): readonly string[] {
  const words = command.split(" ");
  const [verb, ...rest] = words[0] === "UID" ? [`UID ${words[1]}`, ...words.slice(2)] : words;
  const { open } = session;
  const chosen = () => open.filter(({ uid }) => within(rest[0]!, uid));
  switch (verb) {
    case "AUTHENTICATE":
      if (rest[1] === "AGFsaWNlAHNlY3JldA==") break;
      return [`${tag} NO [AUTHENTICATIONFAILED] no`];
    case "SELECT":
    case "EXAMINE": {
      const mailbox = mailboxes.get(JSON.parse(rest[0]!));
      if (mailbox === undefined) return [`${tag} NO [NONEXISTENT] no such mailbox`];
      session.open = mailbox;
      const next = Math.max(0, ...mailbox.map(({ uid }) => uid)) + 1;
      const told = [`* ${mailbox.length} EXISTS`, "* OK [UIDVALIDITY 9] valid"];
      return [...told, `* OK [UIDNEXT ${next}] next`, `${tag} OK done`];
    }
    case "CAPABILITY":
      return [`* CAPABILITY ${CAPABILITIES}`, `${tag} OK done`];
    case "LIST":
      return [...mailboxes.keys()].map((name) => `* LIST () "/" "${name}"`).concat(
        `${tag} OK done`,
      );
    case "FETCH":
      return [...open.map((_, at) => fetched(open, at, command)), `${tag} OK done`];
    case "UID FETCH":
      return [
        ...chosen().map((each) => fetched(open, open.indexOf(each), command)),
        `${tag} OK done`,
      ];
    case "UID SEARCH": {
      const text = /^TEXT "(.*)"$/.exec(rest.join(" "))?.[1] ?? "";
      const found = open.filter(({ content }) => content.includes(text));
      return [`* SEARCH ${found.map(({ uid }) => uid).join(" ")}`.trimEnd(), `${tag} OK done`];
    }
    case "UID STORE":
      for (const { flags } of chosen()) flags.add(rest[2]!.slice(1, -1));
      break;
    case "UID MOVE": {
      const to = mailboxes.get(JSON.parse(rest[1]!));
      if (to === undefined) return [`${tag} NO [TRYCREATE] no such mailbox`];
      to.push(...chosen());
      return [...removed(open, chosen()), `${tag} OK done`];
    }
    case "UID EXPUNGE":
      return [...removed(open, chosen()), `${tag} OK done`];
  }
  return [`${tag} OK done`];
}

function fetched(open: readonly FakeMessage[], at: number, command: string): string {
  const { uid, content, flags } = open[at]!;
  const [section, value] = command.includes("HEADER.FIELDS")
    ? [
      "BODY[HEADER.FIELDS (FROM TO CC SUBJECT DATE)]<0>",
      content.split("\r\n\r\n")[0]! + "\r\n\r\n",
    ]
    : ["BODY[]<0>", content];
  const told = command.includes("BODY")
    ? `${section} {${value.length}}\r\n${value}`
    : `RFC822.SIZE ${content.length} FLAGS (${[...flags].join(" ")})`;
  return `* ${at + 1} FETCH (UID ${uid} ${told})`;
}

function removed(open: FakeMessage[], gone: readonly FakeMessage[]): readonly string[] {
  return gone.map((each) => {
    const at = open.indexOf(each);
    open.splice(at, 1);
    return `* ${at + 1} EXPUNGE`;
  });
}

function within(set: string, uid: number): boolean {
  return set.split(",").some((range) => {
    const [from, to = from] = range.split(":");
    return Number(from) <= uid && (to === "*" || uid <= Number(to));
  });
}

function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
