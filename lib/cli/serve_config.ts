/** From settings to what a server is made of: everything is checked before anything is opened. */
import { makeConfig, type ServerConfig } from "../config.ts";
import { accountName } from "../mail/address.ts";
import type { Endpoint } from "../net/world.ts";
import { ProtocolError } from "../wire/error.ts";
import { EXIT, Failure } from "./fail.ts";
import type { Settings, UserSetting } from "./settings.ts";

export interface ServePlan {
  readonly config: ServerConfig;
  readonly users: readonly WantedUser[];
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
    return { config, users: (settings.user ?? []).map((user) => wanted(user, config.domains)) };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const cause = { cause: error };
    if (file === null) throw new Failure(EXIT.usage, error.message, cause);
    throw new Failure(EXIT.badConfiguration, `${file}: ${error.message}`, cause);
  }
}

function configOf(settings: Settings): ServerConfig {
  return makeConfig({
    domains: settings.domain ?? [],
    routes: routesOf(settings.route ?? []),
    ports: {
      ...given("smtp", settings.port),
      ...given("submission", settings["submission-port"]),
      ...given("pop3", settings["pop3-port"]),
    },
    ...given("hosts", settings.host),
    ...given("hostname", settings.hostname),
    ...given("messageBytesMax", settings["max-message-bytes"]),
    ...given("recipientsMax", settings["max-recipients"]),
    ...given("connectionsMax", settings["max-connections"]),
    ...given("verifyRecipients", settings["verify-recipients"]),
    ...given("plainAuth", settings["allow-plain-auth"]),
    ...given("limitLoopback", settings["limit-loopback"]),
  });
}

/** A property that is there only when it was said, so that defaults stand in one place. */
function given<Name extends string, Value>(
  name: Name,
  value: Value | undefined,
): Partial<Record<Name, Value>> {
  return value === undefined ? {} : { [name]: value } as Record<Name, Value>;
}

function routesOf(routes: NonNullable<Settings["route"]>): ServerConfig["routes"] {
  const byDomain = new Map<string, Endpoint>();
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
