/** The EHLO reply, RFC 5321 §4.1.1.1, on both sides: which extensions there are. */
import { type Reply, reply } from "./reply.ts";

/** What a server offers. */
export interface Extensions {
  readonly pipelining: boolean;
  readonly eightBitMime: boolean;
  readonly enhancedStatusCodes: boolean;
  readonly startTls: boolean;
  readonly smtpUtf8: boolean;
  readonly dsn: boolean;
  /** Whether the connection can go on as POP3. */
  readonly pop3: boolean;
  /** SIZE of RFC 1870, with the largest message in bytes (`null`: no fixed limit). */
  readonly size: { readonly bytesMax: number | null } | null;
  /** Mechanism names, upper case. */
  readonly auth: readonly string[];
}

/** What a server offers that knows only HELO. */
export const NO_EXTENSIONS: Extensions = {
  pipelining: false,
  eightBitMime: false,
  enhancedStatusCodes: false,
  startTls: false,
  smtpUtf8: false,
  dsn: false,
  pop3: false,
  size: null,
  auth: [],
};

export function formatEhlo(hostname: string, extensions: Extensions): Reply {
  const lines = [`${hostname} at your service`];
  if (extensions.pipelining) lines.push("PIPELINING"); // RFC 2920
  if (extensions.size !== null) lines.push(`SIZE ${extensions.size.bytesMax ?? 0}`); // RFC 1870 §4
  if (extensions.eightBitMime) lines.push("8BITMIME"); // RFC 6152
  if (extensions.smtpUtf8) lines.push("SMTPUTF8"); // RFC 6531 §3.1
  if (extensions.enhancedStatusCodes) lines.push("ENHANCEDSTATUSCODES"); // RFC 2034
  if (extensions.startTls) lines.push("STARTTLS"); // RFC 3207
  if (extensions.dsn) lines.push("DSN"); // RFC 3461 §3
  if (extensions.auth.length > 0) lines.push(`AUTH ${extensions.auth.join(" ")}`); // RFC 4954
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
    eightBitMime: offered.has("8BITMIME"),
    enhancedStatusCodes: offered.has("ENHANCEDSTATUSCODES"),
    startTls: offered.has("STARTTLS"),
    smtpUtf8: offered.has("SMTPUTF8"),
    dsn: offered.has("DSN"),
    pop3: offered.has("XPOP3"),
    size: size === undefined ? null : { bytesMax: parseSizeMax(size[0]) },
    auth: offered.get("AUTH") ?? [],
  };
}

/** RFC 1870 §4: no figure, or zero, means that there is no fixed limit. */
function parseSizeMax(text: string | undefined): number | null {
  return text !== undefined && /^[1-9]\d{0,19}$/.test(text) ? Number(text) : null;
}
