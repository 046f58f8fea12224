/** The EHLO reply, RFC 5321 §4.1.1.1, on both sides: which extensions there are. */
import { formatTimestamp, parseTimestamp } from "../mail/timestamp.ts";
import { type Reply, reply } from "./reply.ts";
import { XCLIENT_ATTRIBUTES } from "./xclient_command.ts";

/** What a server offers. */
export interface Extensions {
  readonly pipelining: boolean;
  /** Whether content may come by BDAT. */
  readonly chunking: boolean;
  readonly eightBitMime: boolean;
  readonly enhancedStatusCodes: boolean;
  readonly startTls: boolean;
  readonly smtpUtf8: boolean;
  readonly requireTls: boolean;
  readonly dsn: boolean;
  /** DELIVERBY of RFC 2852, with the least by-time of mode R in seconds; 0 where it is not said. */
  readonly deliverBy: { readonly secondsMin: number } | null;
  /** MT-PRIORITY of RFC 6710. */
  readonly priorities: boolean;
  readonly futureRelease: FutureRelease | null;
  /** Whether EXPN tells who is on a list. */
  readonly expn: boolean;
  /** Whether the connection can go on as POP3. */
  readonly pop3: boolean;
  /** Whether a proxy may say for whom it speaks. */
  readonly xclient: boolean;
  /** SIZE of RFC 1870, with the largest message in bytes (`null`: no fixed limit). */
  readonly size: { readonly bytesMax: number | null } | null;
  /** Mechanism names, upper case. */
  readonly auth: readonly string[];
  readonly limits: AnnouncedLimits;
}

/** FUTURERELEASE of RFC 4865 §3: how long, and until when, messages are held at most. */
export interface FutureRelease {
  readonly secondsMax: number;
  /** Milliseconds since 1970. */
  readonly untilMax: number;
}

/** LIMITS of RFC 9422; `null` where nothing was announced. */
export interface AnnouncedLimits {
  /** RCPTMAX: recipients of one transaction. */
  readonly recipientsMax: number | null;
  /** MAILMAX: transactions of one connection. */
  readonly mailsMax: number | null;
  /** RCPTDOMAINMAX: different domains of recipients on one connection. */
  readonly recipientDomainsMax: number | null;
}

const NO_LIMITS: AnnouncedLimits = {
  recipientsMax: null,
  mailsMax: null,
  recipientDomainsMax: null,
};

/** What a server offers that knows only HELO. */
export const NO_EXTENSIONS: Extensions = {
  pipelining: false,
  chunking: false,
  eightBitMime: false,
  enhancedStatusCodes: false,
  startTls: false,
  smtpUtf8: false,
  requireTls: false,
  dsn: false,
  deliverBy: null,
  priorities: false,
  futureRelease: null,
  expn: false,
  pop3: false,
  xclient: false,
  size: null,
  auth: [],
  limits: NO_LIMITS,
};

export function formatEhlo(hostname: string, extensions: Extensions): Reply {
  const lines = [`${hostname} at your service`];
  if (extensions.pipelining) lines.push("PIPELINING"); // RFC 2920
  if (extensions.size !== null) lines.push(`SIZE ${extensions.size.bytesMax ?? 0}`); // RFC 1870 §4
  if (extensions.chunking) lines.push("CHUNKING"); // RFC 3030 §2
  if (extensions.eightBitMime) lines.push("8BITMIME"); // RFC 6152
  if (extensions.smtpUtf8) lines.push("SMTPUTF8"); // RFC 6531 §3.1
  if (extensions.enhancedStatusCodes) lines.push("ENHANCEDSTATUSCODES"); // RFC 2034
  if (extensions.startTls) lines.push("STARTTLS"); // RFC 3207
  if (extensions.requireTls) lines.push("REQUIRETLS"); // RFC 8689 §2
  if (extensions.dsn) lines.push("DSN"); // RFC 3461 §3
  // RFC 2852 §2 (3)
  if (extensions.deliverBy !== null) lines.push(`DELIVERBY ${extensions.deliverBy.secondsMin}`);
  // RFC 6710 §3 (3): without a name; the policy is that of its Appendix B.
  if (extensions.priorities) lines.push("MT-PRIORITY");
  if (extensions.futureRelease !== null) {
    const { secondsMax, untilMax } = extensions.futureRelease;
    lines.push(`FUTURERELEASE ${secondsMax} ${formatTimestamp(untilMax)}`); // RFC 4865 §3 (3)
  }
  if (extensions.auth.length > 0) lines.push(`AUTH ${extensions.auth.join(" ")}`); // RFC 4954
  const limits = formatLimits(extensions.limits);
  if (limits !== "") lines.push(`LIMITS${limits}`); // RFC 9422
  if (extensions.expn) lines.push("EXPN"); // RFC 5321 §3.5.2
  if (extensions.xclient) lines.push(`XCLIENT ${XCLIENT_ATTRIBUTES.join(" ")}`);
  if (extensions.pop3) lines.push("XPOP3");
  lines.push("HELP");
  // RFC 2034 §4: the reply to EHLO has no enhanced status code.
  return reply(250, "", ...lines);
}

/** Reads a server's reply; what is unknown or malformed is passed over. */
export function parseEhlo(ehlo: Reply): Extensions {
  const offered = new Map<string, readonly string[]>();
  for (const line of ehlo.lines.slice(1)) {
    // Old servers write "AUTH=LOGIN"; it means the same.
    const [keyword, ...parameters] = line.trim().toUpperCase().replace(/^AUTH=/, "AUTH ").split(
      / +/,
    );
    offered.set(keyword!, [...(offered.get(keyword!) ?? []), ...parameters]);
  }
  const size = offered.get("SIZE");
  return {
    pipelining: offered.has("PIPELINING"),
    chunking: offered.has("CHUNKING"),
    eightBitMime: offered.has("8BITMIME"),
    enhancedStatusCodes: offered.has("ENHANCEDSTATUSCODES"),
    startTls: offered.has("STARTTLS"),
    smtpUtf8: offered.has("SMTPUTF8"),
    requireTls: offered.has("REQUIRETLS"),
    dsn: offered.has("DSN"),
    deliverBy: parseDeliverBy(offered.get("DELIVERBY")),
    priorities: offered.has("MT-PRIORITY"),
    futureRelease: parseFutureRelease(offered.get("FUTURERELEASE") ?? []),
    expn: offered.has("EXPN"),
    pop3: offered.has("XPOP3"),
    xclient: offered.has("XCLIENT"),
    size: size === undefined ? null : { bytesMax: parseSizeMax(size[0]) },
    auth: offered.get("AUTH") ?? [],
    limits: parseLimits(offered.get("LIMITS") ?? []),
  };
}

/** RFC 9422: a figure has up to six digits, and does not begin with a zero. */
const SIX_DIGITS = 999_999;

const LIMIT_NAMES: readonly (readonly [keyof AnnouncedLimits, name: string])[] = [
  ["recipientsMax", "RCPTMAX"],
  ["mailsMax", "MAILMAX"],
  ["recipientDomainsMax", "RCPTDOMAINMAX"],
];

function formatLimits(limits: AnnouncedLimits): string {
  return LIMIT_NAMES.map(([key, name]) => {
    const value = limits[key];
    return value === null ? "" : ` ${name}=${Math.min(value, SIX_DIGITS)}`;
  }).join("");
}

function parseLimits(parameters: readonly string[]): AnnouncedLimits {
  const limits: Record<keyof AnnouncedLimits, number | null> = { ...NO_LIMITS };
  for (const parameter of parameters) {
    const [, name, figure] = /^([A-Z]+)=([1-9]\d{0,5})$/.exec(parameter) ?? [];
    const key = LIMIT_NAMES.find((each) => each[1] === name)?.[0];
    if (key !== undefined) limits[key] = Number(figure);
  }
  return limits;
}

/** RFC 2852 §2 (3): a list, of which the first is known; it may be empty. */
function parseDeliverBy(parameters: readonly string[] | undefined): Extensions["deliverBy"] {
  if (parameters === undefined) return null;
  const [secondsMin = ""] = parameters[0]?.split(",") ?? [];
  return { secondsMin: /^\d{1,9}$/.test(secondsMin) ? Number(secondsMin) : 0 };
}

function parseFutureRelease(parameters: readonly string[]): FutureRelease | null {
  const [seconds = "", time = ""] = parameters;
  const untilMax = parseTimestamp(time);
  if (!/^[1-9]\d{0,8}$/.test(seconds) || untilMax === null) return null;
  return { secondsMax: Number(seconds), untilMax };
}

/** RFC 1870 §4: no figure, or zero, means that there is no fixed limit. */
function parseSizeMax(text: string | undefined): number | null {
  return text !== undefined && /^[1-9]\d{0,19}$/.test(text) ? Number(text) : null;
}
