/** What the SMTP server offers on a connection. */
import { mechanismsOver, UNBOUND } from "../sasl/server.ts";
import type { Connection } from "./connection.ts";
import type { Extensions } from "./ehlo.ts";
import { isExpnOffered } from "./expn.ts";
import { mayLogIn } from "./start_tls.ts";
import { BY_SECONDS_MIN } from "./timing.ts";

/** What EHLO offers as things stand, besides what the application has to be asked about. */
export function offersOf(connection: Connection): Omit<Extensions, "futureRelease"> {
  const { options } = connection;
  return {
    pipelining: true,
    chunking: true,
    eightBitMime: true,
    enhancedStatusCodes: true,
    // RFC 3207 §4.2: not again where TLS is active.
    startTls: options.identity !== null && connection.tls === null,
    smtpUtf8: true,
    requireTls: connection.tls !== null,
    dsn: true,
    deliverBy: { secondsMin: BY_SECONDS_MIN },
    priorities: true,
    expn: isExpnOffered(connection),
    pop3: options.pop3,
    xclient: connection.forward !== null,
    size: { bytesMax: options.limits.messageBytesMax },
    limits: {
      recipientsMax: options.limits.recipientsMax,
      mailsMax: options.limits.mailsMax,
      recipientDomainsMax: null,
    },
    auth: mechanismsOffered(connection),
  };
}

function mechanismsOffered(connection: Connection): readonly string[] {
  if (connection.options.service === "lmtp" || connection.user !== null) return [];
  return mayLogIn(connection) ? mechanismsOver(UNBOUND) : [];
}
