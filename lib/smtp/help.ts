/** HELP, RFC 5321 §4.1.1.8: what can be said here, for people who type. */
import type { Extensions } from "./ehlo.ts";
import { type Reply, reply } from "./reply.ts";

/** The commands and how they are written. */
const COMMANDS: ReadonlyMap<string, string> = new Map([
  ["LHLO", "LHLO your.host.name: says who you are, and asks what is offered"],
  ["EHLO", "EHLO your.host.name: says who you are, and asks what is offered"],
  ["HELO", "HELO your.host.name: as EHLO, without extensions"],
  ["MAIL", "MAIL FROM:<you@your.domain> [SIZE=bytes] [BODY=7BIT|8BITMIME]: begins a message"],
  ["RCPT", "RCPT TO:<them@their.domain>: names a recipient; once for each"],
  ["DATA", "DATA: then the message, and a dot on a line of its own"],
  ["BDAT", "BDAT bytes [LAST]: then exactly so many bytes of the message"],
  ["RSET", "RSET: forgets the message that was begun"],
  ["NOOP", "NOOP: does nothing"],
  ["QUIT", "QUIT: ends the conversation"],
  ["VRFY", "VRFY name: is not answered with names here"],
  ["EXPN", "EXPN name: tells who is on a list"],
  ["STARTTLS", "STARTTLS: goes on under TLS"],
  ["AUTH", "AUTH mechanism [base64]: logs in"],
  ["XCLIENT", "XCLIENT NAME=value: a proxy says for whom it speaks"],
  ["XPOP3", "XPOP3: goes on as POP3, to read mail"],
  ["HELP", "HELP [command]: says this"],
]);

/** What is said by one of the protocols only (RFC 2033 §4.1). */
const SMTP_ONLY = ["EHLO", "HELO"];
const LMTP_ONLY = ["LHLO"];

/** What can be said on a connection besides what always can. */
export interface Sayable {
  readonly lmtp: boolean;
  /** What EHLO offers there just now. */
  readonly offers: Pick<Extensions, "startTls" | "auth" | "expn" | "xclient" | "pop3">;
}

/** The reply to HELP: only what would work just now; `topic` is what stood behind it. */
export function help(topic: string, { lmtp, offers }: Sayable): Reply {
  const unsaid = new Set([
    ...(lmtp ? SMTP_ONLY : LMTP_ONLY),
    ...(offers.startTls ? [] : ["STARTTLS"]),
    ...(offers.auth.length > 0 ? [] : ["AUTH"]),
    ...(offers.expn ? [] : ["EXPN"]),
    ...(offers.xclient ? [] : ["XCLIENT"]),
    ...(offers.pop3 ? [] : ["XPOP3"]),
  ]);
  const name = topic.toUpperCase();
  if (topic === "") {
    const names = [...COMMANDS.keys()].filter((each) => !unsaid.has(each));
    return reply(214, "2.0.0", `Commands: ${names.join(" ")}`);
  }
  const text = unsaid.has(name) ? undefined : COMMANDS.get(name);
  // RFC 5321 §4.2.2: 504 for a parameter that is not implemented.
  return text === undefined
    ? reply(504, "5.5.4", "There is no such command here; HELP lists them")
    : reply(214, "2.0.0", text);
}
