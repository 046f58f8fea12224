/** What a server can be told: one table for its flags and for its configuration file. */
import { type AllowedSender, parseDomain } from "../config.ts";
import { parseDuration } from "../duration.ts";
import { LOG_LEVELS } from "../log.ts";
import type { Endpoint, Relay } from "../endpoint.ts";
import { canonicalAddress } from "../mail/literal.ts";
import { parseNetwork } from "../policy/networks.ts";
import { parsePort, parseRelay } from "./relay_text.ts";

export { parsePort };

/** Everything that can be said; names are those of the flags and of the keys in the file. */
export interface SettingValues {
  readonly "port": number;
  readonly "host": readonly string[];
  readonly "domain": readonly string[];
  readonly "hostname": string;
  readonly "user": readonly UserSetting[];
  readonly "route": readonly RouteSetting[];
  readonly "smarthost": Relay;
  readonly "smarthost-user": string;
  readonly "smarthost-password-file": string;
  readonly "dns": DnsSetting;
  readonly "mx-port": number;
  readonly "submission-port": number;
  readonly "smtps-port": number;
  readonly "lmtp-port": number;
  readonly "pop3-port": number;
  readonly "pop3s-port": number;
  readonly "imap-port": number;
  readonly "imaps-port": number;
  readonly "tls": (typeof TLS)[number];
  readonly "tls-cert": readonly string[];
  readonly "tls-key": readonly string[];
  readonly "tls-ca": readonly string[];
  readonly "data": string;
  readonly "max-message-bytes": number;
  readonly "min-free-bytes": number;
  readonly "max-recipients": number;
  readonly "quota-bytes": number;
  readonly "quota-messages": number;
  readonly "keep-days": number;
  readonly "keep-messages": number;
  readonly "max-connections": number;
  readonly "max-connections-per-address": number;
  readonly "max-messages-per-minute": number;
  readonly "keep-history-days": number;
  readonly "retry-schedule": readonly number[];
  readonly "queue-lifetime": number;
  /** In milliseconds; `null`: never. */
  readonly "delay-warning": number | null;
  readonly "max-queue": number;
  readonly "verify-recipients": (typeof VERIFY)[number];
  readonly "trust": readonly string[];
  readonly "pop3-login-delay": number;
  readonly "allow-plain-auth": boolean;
  readonly "allow-sender": readonly AllowedSender[];
  readonly "limit-loopback": boolean;
  readonly "log-level": (typeof LOG_LEVELS)[number];
  readonly "log-format": (typeof LOG_FORMATS)[number];
  readonly "unsafe-no-sync": boolean;
}

/** What was said. */
export type Settings = Partial<SettingValues>;

export type SettingName = keyof SettingValues;

export interface UserSetting {
  /** May leave out the first domain. */
  readonly name: string;
  readonly password: string | null;
}

export interface RouteSetting {
  /** Lower case, or `*`. */
  readonly domain: string;
  /** `null`: the domain takes no mail. */
  readonly to: Relay | null;
}

/** Whom to ask; `none`: nobody. */
export type DnsSetting = Endpoint | "none";

export interface Setting<Value> {
  /** What stands for its value in the help; `null`: a switch. */
  readonly argument: string | null;
  /** `null`: not for everybody's eyes. */
  readonly help: string | null;
  /** The type of its value (of each, where it is repeatable) in TOML. */
  readonly toml: "number" | "string" | "boolean";
  readonly repeatable: boolean;
  /**
   * Its value from one more text.
   * @throws {RangeError} that says what it may be
   */
  readonly parse: (text: string, before: Value | undefined) => Value;
}

const TLS = ["self-signed"] as const;
const VERIFY = ["routes", "always", "never"] as const;
const LOG_FORMATS = ["pretty", "json"] as const;

/** In the order of the help. */
export const SETTINGS: { readonly [Name in SettingName]: Setting<SettingValues[Name]> } = {
  "port": once("number", "N", parsePort, "SMTP port, default 2525; 0 picks a free one"),
  "host": often("ADDR", parseText, "address to listen on, default 127.0.0.1; repeatable"),
  "domain": often("D", parseDomain, "local domain; repeatable, the first names the server"),
  "hostname": once("string", "NAME", parseDomain, "name in the greeting, default the first domain"),
  "user": often(
    "NAME[:PASSWORD]",
    parseUser,
    "make sure that this account exists; NAME may leave out the first domain; repeatable",
  ),
  "route": often(
    "D=HOST[:PORT]",
    parseRoute,
    "next hop for a domain, or for * (all others), default port 25; repeatable; " +
      "D=lmtp://HOST[:PORT] for one that speaks LMTP, D=. for a domain that takes no mail",
  ),
  "smarthost": once(
    "string",
    "HOST[:PORT]",
    parseSmarthost,
    "takes all other mail, default port 587; smtp://HOST (25) and smtps://HOST (465) work too",
  ),
  "smarthost-user": once("string", "NAME", parseText, "logs in there, under verified TLS"),
  "smarthost-password-file": once(
    "string",
    "FILE",
    parseText,
    "its first line is the password; or the variable SMTPD_SMARTHOST_PASSWORD",
  ),
  "dns": once(
    "string",
    "ADDR[:PORT]",
    parseDns,
    "resolver that is asked for the hosts of domains without a route, default the system's; " +
      "none: there is no way to such domains",
  ),
  // For tests, whose hosts are on ports that everybody may listen on.
  "mx-port": { ...once("number", "N", parsePort, ""), help: null },
  "submission-port": once("number", "N", parsePort, "SMTP that takes nothing before a login"),
  "smtps-port": once("number", "N", parsePort, "the same with TLS from the first byte (465)"),
  "lmtp-port": once("number", "N", parsePort, "LMTP, final delivery for another mail server"),
  "pop3-port": once("number", "N", parsePort, "POP3; the SMTP port offers it too (XPOP3)"),
  "pop3s-port": once("number", "N", parsePort, "POP3 with TLS from the first byte (995)"),
  "imap-port": once("number", "N", parsePort, "IMAP (143)"),
  "imaps-port": once("number", "N", parsePort, "IMAP with TLS from the first byte (993)"),
  "tls-cert": often(
    "FILE",
    parseText,
    "certificate and its chain, PEM; repeatable, chosen by the name that a client asks for",
  ),
  "tls-key": often("FILE", parseText, "its private key, PEM; one for each --tls-cert, in order"),
  "tls-ca": often(
    "FILE",
    parseText,
    "authorities to trust, too, for mail that may only go on encrypted (REQUIRETLS); repeatable",
  ),
  "tls": once("string", "HOW", choice(TLS), "self-signed: a certificate made once and kept in DIR"),
  "data": once(
    "string",
    "DIR",
    parseText,
    "where all is kept, default ./data/<first domain>; memory:",
  ),
  "max-message-bytes": once("number", "N", parseCount, "largest message, default 26214400"),
  "min-free-bytes": once(
    "number",
    "N",
    parseCount,
    "put mail off (452) before the disk has less left, default 67108864; 0: never",
  ),
  "max-recipients": once("number", "N", parseCount, "recipients of a message, default 1000"),
  "quota-bytes": once("number", "N", parseCount, "what one account may keep, default no limit"),
  "quota-messages": once("number", "N", parseCount, "the same in messages"),
  "keep-days": once(
    "number",
    "N",
    parseCount,
    "remove mail so many days after it came into its mailbox, whichever that is; default never",
  ),
  "keep-messages": once(
    "number",
    "N",
    parseCount,
    "keep only the newest so many messages of each mailbox, default all",
  ),
  "max-connections": once("number", "N", parseCount, "connections at once, default 1000"),
  "max-connections-per-address": once(
    "number",
    "N",
    parseCount,
    "of them from one address, default 50",
  ),
  "max-messages-per-minute": once(
    "number",
    "N",
    parseCount,
    "messages from one address, and of one account, default 300",
  ),
  "keep-history-days": once(
    "number",
    "N",
    parseCount,
    "days for which smtpd trace knows a message after its end, default 30",
  ),
  "retry-schedule": once(
    "string",
    "T,T,…",
    parseSchedule,
    "waits until mail is tried again, the last repeats; default 30s,1m,2m,5m,10m,20m,30m,1h",
  ),
  "queue-lifetime": once("string", "T", parseDuration, "when mail is given up, default 5d"),
  "delay-warning": once(
    "string",
    "T",
    (text) => text === "never" ? null : parseDuration(text),
    "when its sender hears that it is late, default 4h; never",
  ),
  "max-queue": once(
    "number",
    "N",
    parseCount,
    "recipients that may wait for other servers, default 1000000",
  ),
  "verify-recipients": once(
    "string",
    "WHEN",
    choice(VERIFY),
    "ask the next hop while the client waits: routes (default), always, never",
  ),
  "pop3-login-delay": once(
    "string",
    "T",
    parseDuration,
    "how long a user has to wait between two POP3 logins, default not at all",
  ),
  "allow-plain-auth": onOff("passwords may cross the network without TLS"),
  "allow-sender": often(
    "USER=ADDRESS",
    parseAllowedSender,
    "this user may send under this address, too; @D for a whole domain, * for any; repeatable",
  ),
  "trust": often(
    "ADDR/BITS",
    parseTrusted,
    "a proxy there may say for whom it speaks, by PROXY or XCLIENT; repeatable",
  ),
  "limit-loopback": onOff("limits for one address hold for this machine itself, too"),
  "log-level": once("string", "L", choice(LOG_LEVELS), `${LOG_LEVELS.join(", ")}; default info`),
  "log-format": once("string", "F", choice(LOG_FORMATS), "pretty (default) or json"),
  // For the test which shows that the test of durability would notice.
  "unsafe-no-sync": onOff(null),
};

/** Parts that are still to come: who asks for one is told so, for what is ignored is relied on. */
export const UNBUILT: Readonly<Record<string, string>> = {
  "http-port": "the inbox in the browser is not built yet",
};

/** These settings and one more value. @throws {RangeError} */
export function withSetting<Name extends SettingName>(
  settings: Settings,
  name: Name,
  text: string,
): Settings {
  return { ...settings, [name]: SETTINGS[name].parse(text, settings[name]) };
}

/** Whether there is a setting of this name. */
export function isSetting(name: string): name is SettingName {
  return Object.hasOwn(SETTINGS, name);
}

function once<Value>(
  toml: "number" | "string",
  argument: string,
  parse: (text: string) => Value,
  help: string,
): Setting<Value> {
  return { argument, help, toml, repeatable: false, parse: (text) => parse(text) };
}

function often<Value>(
  argument: string,
  parse: (text: string) => Value,
  help: string,
): Setting<readonly Value[]> {
  return {
    argument,
    help,
    toml: "string",
    repeatable: true,
    parse: (text, before = []) => [...before, parse(text)],
  };
}

function onOff(help: string | null): Setting<boolean> {
  const parse = (text: string) => text === "true";
  return { argument: null, help, toml: "boolean", repeatable: false, parse };
}

function choice<Word extends string>(words: readonly Word[]): (text: string) => Word {
  return (text) => {
    const found = words.find((word) => word === text);
    if (found !== undefined) return found;
    throw new RangeError(`${JSON.stringify(text)} is not one of ${words.join(", ")}`);
  };
}

function parseText(text: string): string {
  if (text === "") throw new RangeError("it is empty");
  return text;
}

function parseCount(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new RangeError(`${JSON.stringify(text)} is not a whole number`);
}

function parseSchedule(text: string): readonly number[] {
  return text.split(",").map(parseDuration);
}

/** A password may hold colons, a name does not. The message leaves out what may be a password. */
function parseUser(text: string): UserSetting {
  const [, name, password] = /^([^:]+)(?::(.+))?$/s.exec(text) ?? [];
  if (name === undefined) {
    throw new RangeError("a user is NAME, or NAME:PASSWORD with a password that is not empty");
  }
  return { name, password: password ?? null };
}

function parseAllowedSender(text: string): AllowedSender {
  const [, user, sender] = /^([^=]+)=(.+)$/.exec(text) ?? [];
  if (user !== undefined && sender !== undefined) return { user, sender };
  throw new RangeError(
    `${JSON.stringify(text)} is not USER=ADDRESS (alice=sales@abc.com, alice=@abc.com, alice=*)`,
  );
}

function parseTrusted(text: string): string {
  parseNetwork(text);
  return text;
}

/** RFC 1035 §4.2: a resolver's port is 53. */
function parseDns(text: string): DnsSetting {
  if (text === "none") return text;
  const [, bracketed, plain, port = "53"] =
    /^(?:\[([^[\]]+)\]|([\d.]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const host = canonicalAddress(bracketed ?? plain ?? text);
  if (host === null) {
    throw new RangeError(
      `${JSON.stringify(text)} is not ADDR[:PORT] (192.0.2.1, 127.0.0.1:5353, [2001:db8::1]:53)`,
    );
  }
  return { host, port: parsePort(port) };
}

function parseRoute(text: string): RouteSetting {
  // RFC 7505 §3: a host that is only a dot says that there is none.
  const closed = /^([^=*]+)=\.$/.exec(text)?.[1];
  if (closed !== undefined) return { domain: parseDomain(closed), to: null };
  const [, domain, relay = ""] = /^([^=]+)=(.+)$/s.exec(text) ?? [];
  const to = parseRelay(relay, ["smtp", "smtps", "lmtp"]);
  if (domain === undefined || to === null) {
    throw new RangeError(
      `${JSON.stringify(text)} is not D=HOST[:PORT] ` +
        "(xyz.com=127.0.0.1:2526, *=relay.example, xyz.com=[::1]:2526, xyz.com=lmtp://host)",
    );
  }
  return { domain: domain === "*" ? "*" : parseDomain(domain), to };
}

/** RFC 6409 §3.1: whoever sends on behalf of users submits, unless another scheme is named. */
function parseSmarthost(text: string): Relay {
  const relay = parseRelay(text, ["submission", "smtp", "smtps"]);
  if (relay !== null) return relay;
  throw new RangeError(
    `${JSON.stringify(text)} is not HOST[:PORT] (mail.provider.example, smtps://[::1]:465)`,
  );
}
