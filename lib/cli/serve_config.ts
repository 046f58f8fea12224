/** From settings to what a server is made of: everything is checked before anything is opened. */
import { isImplicitTls, makeConfig, type ServerConfig, SERVICES } from "../config.ts";
import { accountName } from "../mail/address.ts";
import { literalOf } from "../mail/literal.ts";
import type { Relay } from "../endpoint.ts";
import { parseAllowedSenders } from "../policy/senders.ts";
import { ProtocolError } from "../wire/error.ts";
import { EXIT, Failure } from "./fail.ts";
import type { TlsPlan } from "./serve_tls.ts";
import type { Settings, UserSetting } from "./settings.ts";

export interface ServePlan {
  readonly config: ServerConfig;
  readonly users: readonly WantedUser[];
  /** `null`: without TLS. */
  readonly tls: TlsPlan | null;
}

/** An account that is to exist. */
export interface WantedUser {
  /** Its whole name, in the form of `accountName`. */
  readonly name: string;
  readonly password: string | null;
}

/**
 * Checks the settings as a whole; `file` is the configuration that took part, for messages.
 * @throws {Failure} `usage`, or with a file, `badConfiguration`
 */
export function planOf(settings: Settings, file: string | null): ServePlan {
  try {
    const config = configOf(settings);
    parseAllowedSenders(config.allowedSenders, config.domains[0]!);
    const users = (settings.user ?? []).map((user) => wanted(user, config.domains));
    return { config, users, tls: tlsOf(settings, config) };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const cause = { cause: error };
    if (file === null) throw new Failure(EXIT.usage, error.message, cause);
    throw new Failure(EXIT.badConfiguration, `${file}: ${error.message}`, cause);
  }
}

/** RFC 5321 §4.5.4.2 and IANA: where SMTP is when nobody says otherwise. */
const MX_PORT = 25;

function configOf(settings: Settings): ServerConfig {
  return makeConfig({
    domains: settings.domain ?? [],
    routes: routesOf(settings.route ?? []),
    ...given("smarthost", settings.smarthost),
    mxPort: settings.dns === "none" ? null : settings["mx-port"] ?? MX_PORT,
    ports: {
      ...given("smtp", settings.port),
      ...given("submission", settings["submission-port"]),
      ...given("smtps", settings["smtps-port"]),
      ...given("lmtp", settings["lmtp-port"]),
      ...given("pop3", settings["pop3-port"]),
      ...given("pop3s", settings["pop3s-port"]),
      ...given("imap", settings["imap-port"]),
      ...given("imaps", settings["imaps-port"]),
    },
    ...given("hosts", settings.host),
    ...given("hostname", settings.hostname),
    ...given("messageBytesMax", settings["max-message-bytes"]),
    ...given("freeBytesMin", settings["min-free-bytes"]),
    ...given("recipientsMax", settings["max-recipients"]),
    ...given("quotaBytes", settings["quota-bytes"]),
    ...given("quotaMessages", settings["quota-messages"]),
    ...given("keepDays", settings["keep-days"]),
    ...given("keepMessages", settings["keep-messages"]),
    ...given("connectionsMax", settings["max-connections"]),
    ...given("connectionsPerAddressMax", settings["max-connections-per-address"]),
    ...given("messagesPerMinuteMax", settings["max-messages-per-minute"]),
    ...given("historyDaysKept", settings["keep-history-days"]),
    ...given("verifyRecipients", settings["verify-recipients"]),
    ...given("pop3LoginDelayMs", settings["pop3-login-delay"]),
    ...given("plainAuth", settings["allow-plain-auth"]),
    ...given("allowedSenders", settings["allow-sender"]),
    ...given("trusted", settings.trust),
    ...given("limitLoopback", settings["limit-loopback"]),
    ...given("retryAfterMs", settings["retry-schedule"]),
    ...given("queueLifetimeMs", settings["queue-lifetime"]),
    ...given("delayWarningMs", settings["delay-warning"]),
    ...given("queuedMax", settings["max-queue"]),
  });
}

function tlsOf(settings: Settings, { hostname, domains, hosts, ports }: ServerConfig) {
  const { tls, "tls-cert": certificates = [], "tls-key": keys = [] } = settings;
  if (tls !== undefined && certificates.length + keys.length > 0) {
    throw new RangeError("--tls self-signed and --tls-cert are two ways: choose one");
  }
  if (certificates.length !== keys.length) {
    throw new RangeError("each --tls-cert needs its --tls-key, in the same order");
  }
  if (tls !== undefined) {
    // Also the ways in which people of this machine call it.
    const names = [
      hostname,
      ...domains,
      "localhost",
      "127.0.0.1",
      "::1",
      ...hosts.filter(isAddress),
    ];
    return { from: "selfSigned", names: [...new Set(names)] } as const;
  }
  if (certificates.length > 0) {
    const pairs = certificates.map((certificate, at) => ({ certificate, key: keys[at]! }));
    return { from: "files", pairs } as const;
  }
  const needy = SERVICES.find((service) => isImplicitTls(service) && ports[service] !== null);
  if (needy === undefined) return null;
  throw new RangeError(
    `--${needy}-port needs a certificate: --tls-cert FILE --tls-key FILE, or --tls self-signed`,
  );
}

/** Not one that stands for all of them. */
function isAddress(host: string): boolean {
  return literalOf(host) !== null && host !== "0.0.0.0" && host !== "::";
}

/** A property that is there only when it was said, so that defaults stand in one place. */
function given<Name extends string, Value>(
  name: Name,
  value: Value | undefined,
): Partial<Record<Name, Value>> {
  return value === undefined ? {} : { [name]: value } as Record<Name, Value>;
}

function routesOf(routes: NonNullable<Settings["route"]>): ServerConfig["routes"] {
  const byDomain = new Map<string, Relay | null>();
  for (const { domain, to } of routes) {
    if (byDomain.has(domain)) throw new RangeError(`--route: ${domain} is there twice`);
    byDomain.set(domain, to);
  }
  return byDomain;
}

function wanted(
  { name, password }: UserSetting,
  domains: readonly string[],
): WantedUser {
  const full = fullName(name, domains[0]!);
  const domain = full.slice(full.lastIndexOf("@") + 1);
  if (domains.includes(domain)) return { name: full, password };
  throw new RangeError(`--user ${full}: ${domain} is not local here (--domain ${domain} makes it)`);
}

function fullName(name: string, domain: string): string {
  try {
    return accountName(name, domain);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    throw new RangeError(`--user ${JSON.stringify(name)}: ${error.message}`, { cause: error });
  }
}
