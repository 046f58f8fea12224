/** What a server is told: one value, made from flags, a file or a program, checked in one place. */
import { asciiDomain } from "./idna.ts";
import type { Relay } from "./endpoint.ts";

export interface ServerConfig {
  /** Addresses to listen on. */
  readonly hosts: readonly string[];
  /** Local domains, lower case; the first names the server. At least one. */
  readonly domains: readonly string[];
  /** The name in the greeting and in trace fields. */
  readonly hostname: string;
  /**
   * Next hops by domain, lower case; `*` for all that are not named. `null`: a domain that takes no
   * mail.
   */
  readonly routes: ReadonlyMap<string, Relay | null>;
  /** Takes all mail for other domains that have no route; `null`: there is none. */
  readonly smarthost: Relay | null;
  /**
   * The port at which servers are spoken to that the DNS names for domains without a route; `null`:
   * the DNS is not asked, and there is no way to such a domain.
   */
  readonly mxPort: number | null;
  /** 0 picks a free port; `null` is off. */
  readonly ports: Readonly<Record<Service, number | null>>;
  readonly messageBytesMax: number;
  /** Mail is put off while the disk would have less than this left; 0: it is used to its end. */
  readonly freeBytesMin: number;
  readonly recipientsMax: number;
  /** What one account may keep, in bytes; `null`: as much as there is room for. */
  readonly quotaBytes: number | null;
  /** The same in messages. */
  readonly quotaMessages: number | null;
  /** Mail is removed so many days after it came into its mailbox; `null`: never. */
  readonly keepDays: number | null;
  /** Of each mailbox only the newest so many messages are kept; `null`: all. */
  readonly keepMessages: number | null;
  readonly connectionsMax: number;
  /** Connections at once from one address (of IPv6: from one /64). */
  readonly connectionsPerAddressMax: number;
  /** Messages in a minute from one such address, and of one account. */
  readonly messagesPerMinuteMax: number;
  /** Whether the next hop is asked about a recipient while the client waits. */
  readonly verifyRecipients: "routes" | "always" | "never";
  /** How long a user has to wait between two logins by POP3 (RFC 2449 §6.5); 0: not at all. */
  readonly pop3LoginDelayMs: number;
  /** Whether a password may cross the network without TLS; on loopback it always may. */
  readonly plainAuth: boolean;
  /** Addresses that users may send under besides their own; read by `policy/senders.ts`. */
  readonly allowedSenders: readonly AllowedSender[];
  /**
   * Networks whose connections may say for whom they speak (PROXY, XCLIENT): `10.0.0.0/8`, or one
   * address; read by `policy/networks.ts`.
   */
  readonly trusted: readonly string[];
  /**
   * PEM certificates of authorities that are trusted beside the well-known ones, where mail may go
   * on only under verified TLS (RFC 8689).
   */
  readonly authorities: readonly string[];
  /** For how long the history of a message is kept after its end. */
  readonly historyDaysKept: number;
  /** Whether limits for one address hold for this machine's own addresses, too. */
  readonly limitLoopback: boolean;
  /** The waits after a recipient was put off, in milliseconds; the last one repeats. */
  readonly retryAfterMs: readonly number[];
  /** When the sender hears that a message is late, once, in milliseconds; `null`: never. */
  readonly delayWarningMs: number | null;
  /** When a message that cannot be delivered is given up, in milliseconds. */
  readonly queueLifetimeMs: number;
  /** Recipients that may wait for other servers; beyond, no more are taken. */
  readonly queuedMax: number;
}

/** `sales@abc.com`, `@abc.com` for a whole domain, `*` for any address. */
export interface AllowedSender {
  /** The account; may leave out the first domain. */
  readonly user: string;
  readonly sender: string;
}

/** What can be listened for; `smtps` is submission with TLS from the first byte (RFC 8314 §3.3). */
export const SERVICES = [
  "smtp",
  "submission",
  "smtps",
  "lmtp",
  "pop3",
  "pop3s",
  "imap",
  "imaps",
] as const;
export type Service = (typeof SERVICES)[number];

/** Whether TLS begins with the first byte. */
export function isImplicitTls(service: Service): boolean {
  return service === "smtps" || service === "pop3s" || service === "imaps";
}

export const DEFAULT_PORT = 2525;
/** Room for the log of the store, which may be as large, while mail is deleted. */
export const DEFAULT_FREE_BYTES = 64 * 1024 * 1024;

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/**
 * RFC 5321 §4.5.4.1 asks for half an hour after the first failure; servers that put off the first
 * try of every stranger are common, so the first ones come sooner, as with others' queues.
 */
const RETRY_AFTER_MS = [30_000, ...[1, 2, 5, 10, 20, 30, 60].map((each) => each * MINUTE_MS)];
/** RFC 5321 §4.5.4.1: giving up takes at least four to five days. */
export const QUEUE_LIFETIME_MS = 5 * DAY_MS;
/** A typing error in a schedule is not to become a flood of attempts, or none at all. */
const RETRY_LEAST_MS = 1_000;
const RETRIES_MAX = 100;

/** What a caller has to say; everything else has a default. */
export type ServerOptions = Partial<Omit<ServerConfig, "ports" | "routes">> & {
  readonly domains: readonly string[];
  readonly ports?: Partial<ServerConfig["ports"]>;
  readonly routes?:
    | ReadonlyMap<string, Relay | null>
    | Readonly<Record<string, Relay | null>>;
};

/**
 * Fills in the defaults and checks the whole.
 * @throws {RangeError} naming the option and what it may be.
 */
export function makeConfig(options: ServerOptions): ServerConfig {
  const domains = options.domains.map(parseDomain);
  const [first] = domains;
  if (first === undefined) throw new RangeError("a server needs a domain (--domain example.org)");
  const config: ServerConfig = {
    hosts: [...new Set(options.hosts ?? ["127.0.0.1"])], // an address can be listened on once
    domains,
    hostname: options.hostname === undefined ? first : parseDomain(options.hostname),
    routes: parseRoutes(options.routes ?? {}),
    smarthost: options.smarthost ?? null,
    // A server in a test or a program sends nothing to the world unless it is told to.
    mxPort: options.mxPort ?? null,
    ports: {
      smtp: DEFAULT_PORT,
      submission: null,
      smtps: null,
      lmtp: null,
      pop3: null,
      pop3s: null,
      imap: null,
      imaps: null,
      ...options.ports,
    },
    messageBytesMax: options.messageBytesMax ?? 25 * 1024 * 1024,
    freeBytesMin: options.freeBytesMin ?? DEFAULT_FREE_BYTES,
    recipientsMax: options.recipientsMax ?? 1000,
    quotaBytes: options.quotaBytes ?? null,
    quotaMessages: options.quotaMessages ?? null,
    keepDays: options.keepDays ?? null,
    keepMessages: options.keepMessages ?? null,
    connectionsMax: options.connectionsMax ?? 1000,
    connectionsPerAddressMax: options.connectionsPerAddressMax ?? 50,
    messagesPerMinuteMax: options.messagesPerMinuteMax ?? 300,
    verifyRecipients: options.verifyRecipients ?? "routes",
    pop3LoginDelayMs: options.pop3LoginDelayMs ?? 0,
    plainAuth: options.plainAuth ?? false,
    allowedSenders: options.allowedSenders ?? [],
    trusted: options.trusted ?? [],
    authorities: options.authorities ?? [],
    historyDaysKept: options.historyDaysKept ?? 30,
    limitLoopback: options.limitLoopback ?? false,
    retryAfterMs: options.retryAfterMs ?? RETRY_AFTER_MS,
    // Null means something, so that it must not become the default.
    delayWarningMs: options.delayWarningMs === undefined ? 4 * HOUR_MS : options.delayWarningMs,
    queueLifetimeMs: options.queueLifetimeMs ?? QUEUE_LIFETIME_MS,
    queuedMax: options.queuedMax ?? 1_000_000,
  };
  check(config);
  return config;
}

function check(config: ServerConfig): void {
  const both = config.domains.find((domain) => config.routes.has(domain));
  if (both !== undefined) {
    throw new RangeError(
      `${both} is local here and has a route elsewhere (leave out --domain or --route)`,
    );
  }
  if (config.smarthost !== null && config.routes.has("*")) {
    throw new RangeError("--smarthost and --route *=… name two servers for all other mail");
  }
  atLeast("max-message-bytes", config.messageBytesMax, 1024);
  atLeast("min-free-bytes", config.freeBytesMin, 0);
  atLeast("max-recipients", config.recipientsMax, 100); // RFC 5321 §4.5.3.1.8
  if (config.quotaBytes !== null) atLeast("quota-bytes", config.quotaBytes, 1);
  if (config.quotaMessages !== null) atLeast("quota-messages", config.quotaMessages, 1);
  if (config.keepDays !== null) atLeast("keep-days", config.keepDays, 1);
  if (config.keepMessages !== null) atLeast("keep-messages", config.keepMessages, 1);
  atLeast("max-connections", config.connectionsMax, 1);
  atLeast("max-connections-per-address", config.connectionsPerAddressMax, 1);
  atLeast("max-messages-per-minute", config.messagesPerMinuteMax, 1);
  atLeast("keep-history-days", config.historyDaysKept, 1);
  atLeast("max-queue", config.queuedMax, 1);
  checkSchedule(config.retryAfterMs);
  for (const service of SERVICES) {
    const port = config.ports[service];
    if (port !== null) checkPort(`${service} port`, port);
  }
  if (config.mxPort !== null) checkPort("mx port", config.mxPort);
  if (config.ports.lmtp === 25) {
    throw new RangeError("the lmtp port is 25, which is for SMTP (RFC 2033 §5)");
  }
  for (const [domain, to] of config.routes) {
    if (to !== null) checkPort(`port of the route to ${domain}`, to.port);
    // RFC 2033 §5: whoever speaks SMTP there would be asked for something that it does not know.
    if (to?.protocol === "lmtp" && to.port === 25) {
      throw new RangeError(`the route to ${domain} is LMTP on port 25, which is for SMTP`);
    }
  }
  if (config.smarthost !== null) checkPort("port of the smarthost", config.smarthost.port);
}

function atLeast(name: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least) return;
  throw new RangeError(`--${name} is ${value}; it must be a whole number from ${least} up`);
}

function checkSchedule(waits: readonly number[]): void {
  const fits = waits.length > 0 && waits.length <= RETRIES_MAX &&
    waits.every((ms) => ms >= RETRY_LEAST_MS);
  if (fits) return;
  throw new RangeError(`the retry schedule has from 1 to ${RETRIES_MAX} waits of 1s or more`);
}

function checkPort(name: string, port: number): void {
  if (Number.isInteger(port) && port >= 0 && port <= 65535) return;
  throw new RangeError(`the ${name} is ${port}; ports go from 0 to 65535`);
}

function parseRoutes(routes: NonNullable<ServerOptions["routes"]>): ServerConfig["routes"] {
  const entries = routes instanceof Map ? [...routes] : Object.entries(routes);
  return new Map(entries.map(([domain, to]) => [domain === "*" ? "*" : parseDomain(domain), to]));
}

/** A domain in lower case and in ASCII, as addresses have it. @throws {RangeError} for another. */
export function parseDomain(text: string): string {
  const domain = asciiDomain(text.replace(/\.$/, "")) ?? "";
  const label = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/;
  if (domain.length <= 253 && domain.split(".").every((part) => label.test(part))) return domain;
  throw new RangeError(`${JSON.stringify(text)} is not a domain name`);
}
