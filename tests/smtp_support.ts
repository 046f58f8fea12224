/** A mail server in memory for the tests of SMTP, and ways to cut what it hears. */
import { type Address, formatAddress } from "../lib/mail/address.ts";
import type { SmtpBackend, SmtpConversation, SmtpHello, SmtpPeer } from "../lib/smtp/backend.ts";
import type { MailCommand, RcptCommand } from "../lib/smtp/command.ts";
import {
  DEFAULT_SMTP_LIMITS,
  type SmtpLimits,
  type SmtpServerOptions,
} from "../lib/smtp/connection.ts";
import { isPositive, type Reply, reply } from "../lib/smtp/reply.ts";
import { createRoom } from "../lib/wire/room.ts";
import { type SmtpEnd, smtpServer } from "../lib/smtp/server.ts";
import { decodeLatin1 } from "../lib/wire/bytes.ts";
import type { Session } from "../lib/wire/session.ts";
import { rfc7677Start } from "./scram_support.ts";
import { play, type Played, type PlayOptions } from "./play.ts";

/** What was accepted; content as one character a byte. */
export interface FakeMessage {
  readonly user: string | null;
  /** `<>` for the null sender. */
  readonly from: string;
  readonly to: readonly string[];
  readonly body: "7BIT" | "8BITMIME";
  readonly content: string;
}

export interface FakeSmtp extends SmtpBackend {
  readonly messages: readonly FakeMessage[];
  /** What was known about the client at each MAIL. */
  readonly hellos: readonly (SmtpHello & { readonly peer: SmtpPeer })[];
  /** MAIL and RCPT as they were read, refused ones among them. */
  readonly commands: readonly (MailCommand | RcptCommand)[];
  /** How large each group of recipients was that was asked about. */
  readonly groups: readonly number[];
  counts(): { readonly opened: number; readonly closed: number; readonly messageCalls: number };
}

export interface FakeSmtpOptions {
  /** What `open` does instead of opening. */
  readonly open?: "throws" | Reply;
}

/** The one account. */
const USER = "alice";
export const PASSWORD = "correct horse";
/** Who is on which list. */
const LISTS: Readonly<Record<string, readonly Address[]>> = {
  staff: [{ local: "alice", domain: "abc.com" }, { local: "two words", domain: "xyz.com" }],
  "stäff": [{ local: "alice", domain: "abc.com" }, { local: "jörg", domain: "xyz.com" }],
};

/**
 * Makes a server for which the local part of an address says what happens to it: `nobody` is
 * refused, `later` is put off, `leave` has to go (421), `broken` makes the call throw, and the
 * message of a sender `full` makes `message` throw. With LMTP, `quota` has a mailbox that is full.
 */
export function fakeSmtp(options: FakeSmtpOptions = {}): FakeSmtp {
  const messages: FakeMessage[] = [];
  const commands: (MailCommand | RcptCommand)[] = [];
  const groups: number[] = [];
  const hellos: (SmtpHello & { readonly peer: SmtpPeer })[] = [];
  const counts = { opened: 0, closed: 0, messageCalls: 0 };
  return {
    messages,
    commands,
    groups,
    hellos,
    counts: () => ({ ...counts }),
    open(peer) {
      if (options.open === "throws") throw new Error("open is broken");
      if (options.open !== undefined) return options.open;
      counts.opened++;
      return fakeConversation({ peer, messages, commands, groups, hellos, counts });
    },
  };
}

function fakeConversation({ peer, messages, commands, groups, hellos, counts }: {
  readonly messages: FakeMessage[];
  readonly commands: (MailCommand | RcptCommand)[];
  readonly groups: number[];
  readonly peer: SmtpPeer;
  readonly hellos: (SmtpHello & { readonly peer: SmtpPeer })[];
  readonly counts: { closed: number; messageCalls: number };
}): SmtpConversation {
  let envelope: Omit<FakeMessage, "to" | "content"> | null = null;
  let to: string[] = [];
  return {
    login(user, password) {
      if (user === "broken") throw new Error("login is broken");
      if (user === "slowed") return "later";
      return user === USER && password === PASSWORD ? { account: "alice@abc.com" } : "refused";
    },
    secret(user) {
      if (user === "broken") throw new Error("secret is broken");
      return user === "slowed" ? "later" : rfc7677Start(user, { [USER]: PASSWORD });
    },
    proven: (user, right) => right ? { account: `${user}@abc.com` } : "refused",
    vouched: (user) => user === USER ? "alice@abc.com" : null,
    futureRelease: () => ({ secondsMax: 86_400, untilMax: Date.UTC(2030, 0, 31, 12) }),
    members(name) {
      if (name === "broken") throw new Error("members is broken");
      return LISTS[name] ?? null;
    },
    mail(command, hello) {
      hellos.push({ ...hello, peer });
      commands.push(command);
      const { from, body } = command;
      const result = verdict(from, "Sender");
      if (isPositive(result)) {
        envelope = { user: hello.user, from: from === null ? "<>" : formatAddress(from), body };
      }
      return result;
    },
    recipients(group) {
      commands.push(...group);
      groups.push(group.length);
      return group.map(({ to: address }) => {
        const result = verdict(address, "Recipient");
        if (isPositive(result)) to.push(formatAddress(address));
        return result;
      });
    },
    expect() {},
    message(content) {
      counts.messageCalls++;
      if (envelope!.from.startsWith("full@")) throw new Error("message is broken");
      const bytes = content.slice(0, content.size) as Uint8Array;
      messages.push({ ...envelope!, to, content: decodeLatin1(bytes) });
      return reply(250, "2.0.0", `Taken, ${content.size} bytes`);
    },
    deliver(content) {
      counts.messageCalls++;
      if (envelope!.from.startsWith("full@")) throw new Error("message is broken");
      const bytes = content.slice(0, content.size) as Uint8Array;
      messages.push({ ...envelope!, to, content: decodeLatin1(bytes) });
      return to.map((address) =>
        address.startsWith("quota@")
          ? reply(452, "4.2.2", `<${address}> is over its quota`)
          : reply(250, "2.0.0", `Delivered to <${address}>`)
      );
    },
    reset() {
      envelope = null;
      to = [];
    },
    close: () => void counts.closed++,
  };
}

function verdict(address: Address | null, who: string): Reply {
  switch (address?.local) {
    case "broken":
      throw new Error("broken");
    case "nobody":
      return reply(550, "5.1.1", `${who} refused`);
    case "leave":
      return reply(421, "4.7.0", `${who} is the last one`);
    case "later":
      return reply(450, "4.2.1", `${who} put off`);
    default:
      return reply(250, "2.1.0", `${who} OK`);
  }
}

/** Small limits, so that tests reach them. */
export const SMALL_LIMITS: SmtpLimits = {
  ...DEFAULT_SMTP_LIMITS,
  messageBytesMax: 200,
  recipientsMax: 3,
};

/** A session of the server as most tests want it. */
export function serverSession(
  options: Partial<SmtpServerOptions> = {},
): Session<SmtpBackend, SmtpEnd> {
  return smtpServer({
    hostname: "abc.com",
    peer: { address: "127.0.0.1", port: 40_000 },
    service: "smtp",
    plainAuth: true,
    forward: null,
    identity: null,
    tls: null,
    pop3: true,
    limits: SMALL_LIMITS,
    room: createRoom(Infinity),
    ...options,
  });
}

export interface Talk {
  readonly backend: FakeSmtp;
  readonly played: Played<SmtpEnd>;
  /** What the server said, without CRLF. */
  readonly lines: readonly string[];
}

/** Lets the server hear `chunks`, each one character a byte. */
export function talk(
  chunks: string | readonly string[],
  options: Partial<SmtpServerOptions> & FakeSmtpOptions & { readonly end?: PlayOptions["end"] } =
    {},
): Talk {
  const { open, end, ...serverOptions } = options;
  const backend = fakeSmtp(open === undefined ? {} : { open });
  const heard = (typeof chunks === "string" ? [chunks] : chunks).map(latin1);
  const played = play(
    serverSession(serverOptions),
    heard,
    backend,
    end === undefined ? {} : { end },
  );
  return { backend, played, lines: decodeLatin1(played.output).split("\r\n").slice(0, -1) };
}

/** Text as bytes, one character a byte. */
export function latin1(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at);
  return bytes;
}

/** One chunk for each byte. */
export function bytewise(bytes: Uint8Array): readonly Uint8Array[] {
  return pieces(bytes, 1);
}

/** Cuts at each place, taken modulo the length; chunks may be empty. */
export function cutAt(bytes: Uint8Array, places: readonly number[]): readonly Uint8Array[] {
  const cuts = places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b);
  return [...cuts, bytes.length].map((cut, at) => bytes.subarray(cuts[at - 1] ?? 0, cut));
}

/** Pieces of this size, and a last one that may be smaller. */
export function pieces(bytes: Uint8Array, size: number): readonly Uint8Array[] {
  return Array.from(
    { length: Math.ceil(bytes.length / size) },
    (_, at) => bytes.subarray(at * size, (at + 1) * size),
  );
}
