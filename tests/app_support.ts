/** What tests of whole servers share: starting one, and talking to it line by line. */
import { administer } from "../lib/app/admin.ts";
import { type RunningServer, startServer } from "../lib/app/server.ts";
import { makeConfig, type ServerOptions, type Service } from "../lib/config.ts";
import type { Log, LogFields } from "../lib/log.ts";
import { denoWorld } from "../lib/net/deno.ts";
import type { KeyPair, World } from "../lib/net/world.ts";
import { openMemoryStore } from "../lib/store/memory.ts";
import type { Store } from "../lib/store/store.ts";
import type { TextIndex } from "../lib/store/text_index.ts";
import { decodeLatin1 } from "../lib/wire/bytes.ts";
import type { TlsIdentity } from "../lib/wire/session.ts";
import type { FakeClock } from "./fake_transport.ts";
import { type FakeWorld, fakeWorld } from "./fake_world.ts";
import { lineReader } from "./line_reader.ts";
import { type NextHop, type NextHopOptions, startNextHop } from "./next_hop.ts";
import { until } from "./support.ts";

/** The real world, for tests over loopback sockets. */
export const REAL = denoWorld();

export interface TestServer extends AsyncDisposable {
  readonly world: World;
  readonly server: RunningServer;
  readonly store: Store;
  /** What was logged, by event. */
  logged(event: string): readonly LogFields[];
  port(service: Service): number;
  /** A connection that has heard the greeting. */
  connect(service?: Service): Promise<Talker>;
  /** Like `connect`, then EHLO and, with a user, AUTH. */
  smtp(user?: string): Promise<Talker>;
  /** Every message in a user's mailbox, oldest first, each byte a character. */
  mailbox(user: string): Promise<readonly string[]>;
}

export interface TestServerOptions extends Partial<ServerOptions> {
  readonly world?: World;
  /** Names of accounts; the password of each is `secret`. */
  readonly users?: readonly string[];
  readonly store?: Store;
  /** For searches; the caller closes it. */
  readonly index?: TextIndex;
  /** What it shows to clients that ask for TLS; without, it offers none. */
  readonly tls?: readonly KeyPair[];
  /** The same, in the hands of the test. */
  readonly identity?: TlsIdentity;
}

/** A server with POP3 for `abc.com` (or `domains`), on free ports and in memory. */
export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const { world = REAL, users = [], tls, identity: _, index = null, ...rest } = options;
  const store = options.store ?? openMemoryStore({ turn: world.clock.turn });
  const config = makeConfig({
    domains: ["abc.com"],
    ports: { smtp: 0, pop3: 0 },
    ...rest,
  });
  for (const name of users) {
    const added = await administer(
      { world, store, domain: config.domains[0]! },
      { do: "user add", name, password: "secret" },
    );
    if (!added.ok) throw new Error(added.message);
  }
  const { log, logged } = recordingLog();
  const identity = options.identity ??
    (tls === undefined ? null : world.net.tlsIdentity(tls));
  const server = startServer({ config, world, store, log, identity, index });
  const port = (service: Service) =>
    server.listening.find((each) => each.service === service)!.port;
  const connect = (service: Service = "smtp") => talkTo(world, port(service));
  return {
    world,
    server,
    store,
    logged,
    port,
    connect,
    async smtp(user) {
      const talker = await connect();
      await talker.say("EHLO client.test");
      if (user !== undefined) await logIn(talker, user);
      return talker;
    },
    mailbox: (user) => mailboxOf(store, user),
    async [Symbol.asyncDispose]() {
      const stopped = server.stop();
      // Whoever does not close is waited for, so time has to pass where a test has it in hand.
      if ("pass" in world.clock) await (world.clock as FakeClock).pass(STOP_MS);
      await stopped;
      await store[Symbol.asyncDispose]();
    },
  };
}

/** More than a stop ever takes. */
const STOP_MS = 30_000;

/** A server in a world of its own, and the next hop that it has a route to. */
export interface TestServerWithHop extends AsyncDisposable {
  readonly world: FakeWorld;
  readonly hop: NextHop;
  readonly server: TestServer;
}

/** abc.com with alice, and routes for xyz.com and other.test to a hop that says as it is told. */
export async function startWithHop(
  answer?: NextHopOptions["answer"],
  options: TestServerOptions = {},
): Promise<TestServerWithHop> {
  const world = fakeWorld();
  const hop = startNextHop(world, answer === undefined ? {} : { answer });
  const server = await startTestServer({
    world,
    users: ["alice"],
    routes: { "xyz.com": hop.endpoint, "other.test": hop.endpoint },
    ...options,
  });
  return {
    world,
    hop,
    server,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      hop.stop();
    },
  };
}

/** Logs in with AUTH PLAIN. */
export async function logIn(talker: Talker, user: string, password = "secret"): Promise<string> {
  return await talker.say(`AUTH PLAIN ${btoa(`\0${user}\0${password}`)}`);
}

/** One connection in the hands of a test. */
export interface Talker {
  /** The greeting. */
  readonly greeting: string;
  /** Says a line and hears one reply. */
  say(line: string): Promise<string>;
  /** Sends text as it is, each character a byte. */
  send(text: string): Promise<void>;
  /** The next reply, with all its lines; empty when the other side has closed. */
  hear(): Promise<string>;
  /** What follows up to a line with a single dot, dots undone: POP3's long answers. */
  hearLong(): Promise<string>;
  close(): void;
}

export async function talkTo(world: World, port: number): Promise<Talker> {
  const transport = await world.net.connect({ host: "127.0.0.1", port }, { timeoutMs: 5_000 });
  const next = lineReader(transport);
  const hear = async () => {
    let reply = "";
    for (;;) {
      const line = await next();
      if (line === null) return reply;
      reply += reply === "" ? line : `\n${line}`;
      if (!/^\d{3}-/.test(line)) return reply;
    }
  };
  const send = (text: string) =>
    transport.write(Uint8Array.from(text, (character) => character.charCodeAt(0)));
  return {
    greeting: await hear(),
    hear,
    send,
    async say(line) {
      await send(`${line}\r\n`);
      return await hear();
    },
    async hearLong() {
      let text = "";
      for (;;) {
        const line = await next();
        if (line === null || line === ".") return text;
        text += `${line.replace(/^\./, "")}\r\n`;
      }
    },
    close: () => transport.close(),
  };
}

/** Sends one message, and gives the reply to each command from MAIL to the final dot. */
export async function sendMessage(
  talker: Talker,
  message: {
    readonly from: string;
    readonly to: readonly string[];
    /** Dots are stuffed here; each character is a byte. */
    readonly content: string;
  },
): Promise<readonly string[]> {
  const replies = [await talker.say(`MAIL FROM:<${message.from}>`)];
  for (const to of message.to) replies.push(await talker.say(`RCPT TO:<${to}>`));
  replies.push(await talker.say("DATA"));
  if (!replies.at(-1)!.startsWith("354")) return replies;
  await talker.send(`${message.content.replace(/^\./gm, "..")}.\r\n`);
  replies.push(await talker.hear());
  return replies;
}

/** A short message whose subject tells it from others. */
export function letter(subject: string): string {
  return `From: alice@abc.com\r\nTo: bob@xyz.com\r\nSubject: ${subject}\r\n\r\nHello Bob!\r\n`;
}

/** Waits until a mailbox has so many messages, and gives them. */
export function arrived(server: TestServer, user: string, count = 1): Promise<readonly string[]> {
  return until(`${count} in the mailbox of ${user}`, async () => {
    const messages = await server.mailbox(user);
    return messages.length >= count ? messages : null;
  });
}

async function mailboxOf(store: Store, user: string): Promise<readonly string[]> {
  const account = store.users.find(user)!;
  const mailbox = await store.mail.mailbox(account.id, "INBOX");
  const messages: string[] = [];
  for (const { uid } of await store.mail.list(mailbox!.id, 0, 1000)) {
    const body = await store.mail.body(mailbox!.id, uid);
    messages.push(decodeLatin1(await body!.slice(0, body!.size)));
  }
  return messages;
}

/** A log that a test can read. */
export function recordingLog(): { log: Log; logged: TestServer["logged"] } {
  const lines: (readonly [string, LogFields])[] = [];
  const keep = (event: string, fields: LogFields = {}) => void lines.push([event, fields]);
  return {
    log: { debug: keep, info: keep, warn: keep, error: keep },
    logged: (event) => lines.filter(([each]) => each === event).map(([, fields]) => fields),
  };
}
