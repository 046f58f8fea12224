/** A mailbox in memory for the tests of POP3; it answers at once. */
import { bodyOf } from "../lib/mail/body.ts";
import type { Pop3Backend, Pop3Snapshot } from "../lib/pop3/backend.ts";
import { pop3Server, type Pop3ServerOptions } from "../lib/pop3/server.ts";
import { decode, encode } from "../lib/wire/bytes.ts";
import { play } from "./play.ts";
import { rfc7677Start } from "./scram_support.ts";
import type { Session } from "../lib/wire/session.ts";

export interface FakePop3 extends Pop3Backend {
  /** The unique-ids of what is in the mailbox now. */
  left(): readonly string[];
  /** How many conversations were opened, and how many of them closed. */
  counts(): { readonly opened: number; readonly closed: number };
  /** How many messages each call has removed. */
  removals(): readonly number[];
  /** How often others had a turn. */
  turns(): number;
}

export interface FakePop3Options {
  /** What lies in the mailbox; the unique-ids are `m1`, `m2`, and so on. */
  readonly contents?: readonly (string | Uint8Array)[];
  /** Another session holds the lock, or the last one was a moment ago. */
  readonly obstacle?: "inUse" | "tooSoon";
  /** What throws; `slice` is every one but the first. */
  readonly broken?: readonly ("open" | "login" | "message" | "slice" | "remove")[];
  /** These unique-ids are listed, but gone when they are asked for. */
  readonly gone?: readonly string[];
}

/** The two accounts share the mailbox. */
const PASSWORDS: Readonly<Record<string, string>> = { alice: "secret", bob: " two  words " };

export const TWO_MESSAGES = ["Subject: one\r\n\r\nHello\r\n", "Subject: two\r\n\r\n.dot\r\nend"];

/** Makes a mailbox. */
export function fakePop3(options: FakePop3Options = {}): FakePop3 {
  const { contents = TWO_MESSAGES, obstacle, broken = [], gone = [] } = options;
  const bodies = new Map(contents.map((content, at) => {
    return [`m${at + 1}`, bodyOf(typeof content === "string" ? encode(content) : content)];
  }));
  let opened = 0;
  let closed = 0;
  let turns = 0;
  const removals: number[] = [];

  function breakIf(what: (typeof broken)[number]): void {
    if (broken.includes(what)) throw new Error(`${what} is broken`);
  }

  return {
    left: () => [...bodies.keys()],
    counts: () => ({ opened, closed }),
    removals: () => removals,
    turns: () => turns,
    open() {
      breakIf("open");
      opened++;
      return {
        login(user, password) {
          breakIf("login");
          if (user === "slowed") return "later";
          if (PASSWORDS[user] !== password) return "refused";
          return obstacle ?? snapshot(bodies);
        },
        secret: (user) => user === "slowed" ? "later" : rfc7677Start(user, PASSWORDS),
        proven(_user, right) {
          if (!right) return "refused";
          return obstacle ?? snapshot(bodies);
        },
        message({ uniqueId }) {
          breakIf("message");
          const body = bodies.get(uniqueId);
          if (body === undefined || gone.includes(uniqueId)) return null;
          const slice = (from: number, to: number) => {
            if (from > 0) breakIf("slice");
            return body.slice(from, to);
          };
          return { size: body.size, slice };
        },
        remove(messages) {
          breakIf("remove");
          removals.push(messages.length);
          for (const { uniqueId } of messages) bodies.delete(uniqueId);
        },
        turn: () => void turns++,
        close: () => void closed++,
      };
    },
  };
}

function snapshot(bodies: ReadonlyMap<string, { readonly size: number }>): Pop3Snapshot {
  const messages = [...bodies].map(([uniqueId, { size }]) => ({ uniqueId, size }));
  return {
    count: messages.length,
    size: messages.reduce((sum, { size }) => sum + size, 0),
    message: (number) => messages[number - 1]!,
  };
}

/** A session of the server as most tests want it. */
export function serverSession(options: Partial<Pop3ServerOptions> = {}): Session<Pop3Backend> {
  return pop3Server({
    peer: { address: "192.0.2.1", port: 50000 },
    hostname: "abc.com",
    plainAuth: true,
    identity: null,
    tls: null,
    ...options,
  });
}

export const GREETING = "+OK abc.com POP3 server ready";
export const LOGIN = "USER alice\r\nPASS secret\r\n";

/** Says all of the input to the server, and gives the lines of its answers. */
export function talk(
  input: string,
  mailbox: FakePop3Options = {},
  options: Partial<Pop3ServerOptions> = {},
) {
  const backend = fakePop3(mailbox);
  const played = play(serverSession(options), [encode(input)], backend);
  return { played, backend, lines: linesOf(played.output) };
}

export function linesOf(output: Uint8Array): readonly string[] {
  return decode(output).replace(/\r\n$/, "").split("\r\n");
}
