/** A mail server inside of a program or a test: it lives in memory, and hands out what arrived. */
import { makeConfig, type ServerConfig } from "../config.ts";
import type { Endpoint } from "../endpoint.ts";
import { INBOX } from "../imap/mailbox_name.ts";
import { SILENT } from "../log.ts";
import { parseMailbox } from "../mail/address.ts";
import type { ReceivedMail } from "../mail/received.ts";
import { MailError } from "../mail_error.ts";
import { selfSigned } from "../net/self_signed.ts";
import { type KeyPair, NetError, type World } from "../net/world.ts";
import { openMemoryStore } from "../store/memory.ts";
import { type Account, type Store, StoreError } from "../store/store.ts";
import { ProtocolError } from "../wire/error.ts";
import { administer, type AdminRequest } from "./admin.ts";
import {
  createMailbox,
  fits,
  mailboxNames,
  type StoredMail,
  storedMail,
  type UserMailbox,
  userMailbox,
} from "./embedded_mailbox.ts";
import { type RunningServer, startServer } from "./server.ts";

/** What a server is to be like; everything has a default. */
export interface MailServerOptions {
  /**
   * Domains that are local here; the first one names the server and completes names without a
   * domain. Default `["example.test"]`, a name that is nobody's for ever (RFC 6761 §6.2).
   */
  readonly domains?: readonly string[];
  /** Passwords by user name: `{ alice: "secret", "bob@other.test": "hunter2" }`. Default none. */
  readonly users?: Readonly<Record<string, string>>;
  /**
   * Names that lead to other addresses, here or elsewhere: `{ sales: ["alice", "bob@xyz.test"] }`;
   * `@example.test` is for every name of that domain that nobody has. Default none.
   */
  readonly aliases?: Readonly<Record<string, readonly string[]>>;
  /**
   * Where mail for other domains goes, by domain; `*` is for all that are not named. Only users
   * who are logged in can send there. Default none.
   */
  readonly routes?: Readonly<Record<string, Endpoint>>;
  /** The address to listen on. Default `127.0.0.1`: nobody else can connect. */
  readonly host?: string;
  /** Ports to listen on; 0, the default, picks free ones. `submission` is off unless given. */
  readonly ports?: {
    /** SMTP, RFC 5321; after `XPOP3` it serves POP3 as well. */
    readonly smtp?: number;
    /** POP3, RFC 1939. */
    readonly pop3?: number;
    /** SMTP where nothing is accepted before a login, RFC 6409. */
    readonly submission?: number;
    /** The same with TLS from the first byte, RFC 8314; with `tls` only. */
    readonly smtps?: number;
    /** POP3 with TLS from the first byte; with `tls` only. */
    readonly pop3s?: number;
    /** IMAP, RFC 9051 and RFC 3501; off unless given. */
    readonly imap?: number;
    /** IMAP with TLS from the first byte; with `tls` only. */
    readonly imaps?: number;
  };
  /**
   * Whether it has TLS (STARTTLS of RFC 3207, STLS of RFC 2595), with a certificate that it makes
   * for itself: for its domains, `localhost`, and the address that it listens on. Default `false`.
   */
  readonly tls?: boolean;
  /** The largest message that is taken, in bytes. Default 25 MiB. */
  readonly messageBytesMax?: number;
}

/** The ports of a running server. */
export interface MailServerPorts {
  /** SMTP. */
  readonly smtp: number;
  /** POP3. */
  readonly pop3: number;
  /** `null` when there is no submission port. */
  readonly submission: number | null;
  /** `null` unless it was asked for, like those below. */
  readonly smtps: number | null;
  /** POP3 with TLS from the first byte. */
  readonly pop3s: number | null;
  /** IMAP. */
  readonly imap: number | null;
  /** IMAP with TLS from the first byte. */
  readonly imaps: number | null;
}

/** Which mail is waited for. Everything that is given must fit. */
export interface ExpectedMail {
  /** An address of a user here: whose mailbox it is. */
  readonly to: string;
  /** In the field From: a part of it in any case, or a pattern. */
  readonly from?: string | RegExp;
  /** In the subject: a part of it in any case, or a pattern. */
  readonly subject?: string | RegExp;
  /** In the text: a part of it in any case, or a pattern. */
  readonly text?: string | RegExp;
  /** How long to wait, in milliseconds. Default 5000. */
  readonly timeoutMs?: number;
}

/** A running server. `await using` stops it at the end of the block. */
export interface MailServer extends AsyncDisposable {
  /** The address that it listens on. */
  readonly host: string;
  /** The ports that it listens on. */
  readonly ports: MailServerPorts;
  /** Its certificate (PEM), for clients that are to trust it; `null` without `tls`. */
  readonly certificate: string | null;
  /**
   * Adds a user; a name without a domain gets the first one.
   * @throws {RangeError} when the name is taken or cannot be one, or the password is empty or
   * longer than 255 characters
   */
  addUser(name: string, password: string): Promise<void>;
  /**
   * The mail of the user who has this address, the oldest first. `bob+tag@…` is Bob's as well, and
   * so is an alias that leads to Bob alone.
   * @throws {RangeError} when nobody here has this address, or several have
   */
  inbox(address: string): Promise<readonly ReceivedMail[]>;
  /**
   * A mailbox of the user who has this address, INBOX by default, to look through and to change.
   * Whether it is there shows when it is used.
   * @throws {RangeError} when nobody here has this address, or several have
   */
  mailbox(address: string, name?: string): UserMailbox;
  /**
   * The names of this user's mailboxes, by name: `INBOX`, and `Archive`, `Drafts`, `Junk`, `Sent`
   * and `Trash`, which everybody has at first (RFC 6154 §2); levels have `/` between them.
   * @throws {RangeError} when nobody here has this address, or several have
   */
  mailboxes(address: string): Promise<readonly string[]>;
  /**
   * Makes a mailbox for this user, and those above it: `Work/Plans` makes `Work` too.
   * @throws {RangeError} when it is there already, or cannot have that name
   */
  createMailbox(address: string, name: string): Promise<void>;
  /**
   * The oldest mail that fits: at once when it is there already, else as soon as it arrives.
   * @throws {MailError} `missing` after `timeoutMs`; its message lists what did arrive.
   * `unavailable` when the server is stopped meanwhile
   * @throws {RangeError} when nobody here has the address `to`
   */
  waitFor(expected: ExpectedMail): Promise<ReceivedMail>;
  /**
   * Stops the server and forgets its mail. Calling it twice is harmless; the other methods throw a
   * {@linkcode MailError} `unavailable` from then on.
   */
  stop(): Promise<void>;
}

/**
 * Starts a server in this world.
 * @throws {RangeError} when an option is wrong
 * @throws {MailError} `unavailable` when a port cannot be had
 */
export async function startEmbedded(
  world: World,
  options: MailServerOptions,
): Promise<MailServer> {
  const { host = "127.0.0.1", ports, users = {}, aliases = {}, routes = {} } = options;
  const { messageBytesMax } = options;
  const config = makeConfig({
    domains: options.domains ?? ["example.test"],
    hosts: [host],
    routes,
    ports: { smtp: 0, pop3: 0, ...ports },
    ...(messageBytesMax === undefined ? {} : { messageBytesMax }),
  });
  const store = openMemoryStore({ turn: world.clock.turn });
  const ask = async (request: AdminRequest) => {
    const parts = { world, store, domain: config.domains[0]! };
    const answer = await administer(parts, request);
    if (!answer.ok) throw new RangeError(answer.message);
  };
  const add = (name: string, password: string) => ask({ do: "user add", name, password });
  // Before it listens: nobody is refused who will be there, and a mistake leaves nothing open.
  for (const [name, password] of Object.entries(users)) await add(name, password);
  for (const [name, targets] of Object.entries(aliases)) {
    await ask({ do: "alias add", name, targets });
  }
  const pair = options.tls === true ? await ownPair(config, world) : null;
  const identity = pair === null ? null : world.net.tlsIdentity([pair]);
  const server = listening(() => startServer({ config, world, store, log: SILENT, identity }));
  let stopped: Promise<void> | null = null;
  const stop = () => stopped ??= stopAll(server, store);
  const running = () => {
    if (stopped === null) return server;
    throw new MailError("unavailable", "the server is stopped");
  };
  return {
    host,
    ports: portsOf(server),
    certificate: pair?.certificate ?? null,
    async addUser(name, password) {
      running();
      await add(name, password);
    },
    async inbox(address) {
      const arrivals = await arrivalsOf(running(), accountOf(server, address), 0);
      return arrivals.map(receivedOf);
    },
    mailbox(address, name = INBOX) {
      return userMailbox(() => running().site, accountOf(running(), address), name);
    },
    mailboxes: async (address) => await mailboxNames(running().site, accountOf(running(), address)),
    createMailbox: async (address, name) =>
      await createMailbox(running().site, accountOf(running(), address), name),
    waitFor: async (expected) => await waitFor(running(), expected),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

const TIMEOUT_MS = 5_000;
/** In the message of an error. */
const LISTED_MAX = 10;

function listening(begin: () => RunningServer): RunningServer {
  try {
    return begin();
  } catch (error) {
    if (!(error instanceof NetError)) throw error;
    throw new MailError("unavailable", error.message, { cause: error });
  }
}

async function stopAll(server: RunningServer, store: Store): Promise<void> {
  await server.stop();
  await store[Symbol.asyncDispose]();
}

function portsOf({ listening }: RunningServer): MailServerPorts {
  const portOf = (service: string) => listening.find((each) => each.service === service)?.port;
  return {
    smtp: portOf("smtp")!,
    pop3: portOf("pop3")!,
    submission: portOf("submission") ?? null,
    smtps: portOf("smtps") ?? null,
    pop3s: portOf("pop3s") ?? null,
    imap: portOf("imap") ?? null,
    imaps: portOf("imaps") ?? null,
  };
}

function ownPair({ hosts, domains }: ServerConfig, world: World): Promise<KeyPair> {
  const names = [...new Set([...domains, "localhost", ...hosts])];
  return selfSigned({ names, nowMs: world.clock.now(), serial: world.random.bytes(16) });
}

function accountOf({ site }: RunningServer, address: string): Account {
  const account = site.accounts.ofAddress(addressOf(address));
  if (account !== null) return account;
  const names = site.store.users.list().map(({ name }) => name).join(", ") || "nobody";
  throw new RangeError(`there is no user ${address} here, only ${names}`);
}

function addressOf(text: string) {
  try {
    return parseMailbox(text, { utf8: true });
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    throw new RangeError(`${JSON.stringify(text)} is not an address: ${error.message}`);
  }
}

/** The mail of an account that came behind the uid `after`. */
async function arrivalsOf(
  { site: { store } }: RunningServer,
  account: Account,
  after: number,
): Promise<readonly StoredMail[]> {
  const mailbox = await store.mail.mailbox(account.id, INBOX);
  return mailbox === null ? [] : await storedMail(store, mailbox.id, after);
}

/** The message alone, as it came. */
function receivedOf({ uid: _, flags: __, receivedAt: ___, ...received }: StoredMail): ReceivedMail {
  return received;
}

async function waitFor(server: RunningServer, expected: ExpectedMail): Promise<ReceivedMail> {
  const { world: { clock }, store: { mail } } = server.site;
  const { timeoutMs = TIMEOUT_MS } = expected;
  const account = accountOf(server, expected.to);
  const seen: ReceivedMail[] = [];
  const late = new AbortController();
  const waited = new AbortController();
  clock.sleep(timeoutMs, waited.signal).then(() => late.abort(), () => {});
  try {
    for (let after = 0;;) {
      // Read before the mailbox is looked at: what comes after is seen as a change.
      const mark = mail.modSeq(account.id);
      for (const arrival of await arrivalsOf(server, account, after)) {
        if (isExpected(arrival, expected)) return receivedOf(arrival);
        seen.push(arrival);
        after = arrival.uid;
      }
      await mail.changed(account.id, mark, late.signal);
    }
  } catch (error) {
    const what = describe(expected);
    if (late.signal.aborted) {
      throw new MailError("missing", `no mail ${what} within ${timeoutMs} ms; ${listed(seen)}`);
    }
    if (!(error instanceof StoreError)) throw error;
    // The store tells its watchers when it closes, and when their account is removed.
    const message = `the server was stopped while mail ${what} was waited for`;
    throw new MailError("unavailable", message, { cause: error });
  } finally {
    waited.abort();
  }
}

function isExpected(mail: ReceivedMail, { from, subject, text }: ExpectedMail): boolean {
  return fits(mail.from, from) && fits(mail.subject, subject) && fits(mail.text, text);
}

/** `for bob@abc.com with subject "Hi"` */
function describe({ to, from, subject, text }: ExpectedMail): string {
  const wanted = Object.entries({ from, subject, text })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name} ${value instanceof RegExp ? value : JSON.stringify(value)}`);
  return `for ${to}${wanted.length === 0 ? "" : ` with ${wanted.join(" and ")}`}`;
}

function listed(seen: readonly ReceivedMail[]): string {
  if (seen.length === 0) return "nothing arrived";
  const shown = seen.slice(-LISTED_MAX).map(({ subject, from }) =>
    `${JSON.stringify(subject)} from ${from === "" ? "nobody" : from}`
  );
  const rest = seen.length > shown.length ? `, and ${seen.length - shown.length} before` : "";
  return `what arrived is ${shown.join(", ")}${rest}`;
}
