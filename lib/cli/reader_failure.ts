/** Why a mailbox could not be read, in a line for people. */
import { endpointText } from "../endpoint.ts";
import type { ImapOutcome } from "../imap/client.ts";
import type { Pop3Outcome } from "../pop3/client.ts";
import { type Reply, textOf } from "../smtp/reply.ts";
import { exposedFailure, noTlsFailure, tlsFailure } from "./client_tls.ts";
import { EXIT, Failure } from "./fail.ts";
import { type Access, faultyLoginFailure, lostFailure } from "./transfer.ts";

/** How reading ended. */
export type ReadOutcome =
  | Pop3Outcome
  | ImapOutcome
  /** SMTP answered, and does not want to talk. */
  | { readonly result: "unwelcome"; readonly reply: Reply }
  /** Something answers that cannot be read from. */
  | { readonly result: "smtpOnly" | "other" };

/** What to say about it, and which status to end with. */
export function failureOf(
  outcome: Exclude<ReadOutcome, { readonly result: "done" }>,
  access: Access,
): Failure {
  const where = endpointText(access.to);
  switch (outcome.result) {
    case "loginRefused":
      return loginFailure(outcome, where);
    case "unwelcome": {
      const { reply } = outcome;
      const status = reply.code < 500 ? EXIT.tryAgainLater : EXIT.unavailable;
      return new Failure(status, `${where} does not want to talk: ${textOf(reply)}`);
    }
    case "refused":
      return new Failure(EXIT.tryAgainLater, `${where} refused: ${wordsOf(outcome.refusal)}`);
    case "noTls":
      return noTlsFailure(access);
    case "tlsFailed":
      return tlsFailure(outcome.why, access);
    case "exposed":
      return exposedFailure(access);
    case "smtpOnly":
      return new Failure(
        EXIT.unavailable,
        `${where} serves SMTP only, without XPOP3: give the port of its IMAP (often 143) or POP3 ` +
          "(110)",
      );
    case "other":
      return new Failure(EXIT.protocol, `neither IMAP, POP3 nor SMTP answers at ${where}`);
    case "protocol":
      return new Failure(EXIT.protocol, `${where} breaks the protocol: ${outcome.text}`);
    case "interrupted":
      return lostFailure(outcome.reason, where, access.timeoutMs);
  }
}

function loginFailure(
  { reason, text }: Extract<ReadOutcome, { readonly result: "loginRefused" }>,
  where: string,
): Failure {
  switch (reason) {
    case "credentials":
      return new Failure(
        EXIT.loginRefused,
        `the login was refused by ${where}: ${text} (check --user and the password)`,
      );
    case "inUse":
      return new Failure(
        EXIT.tryAgainLater,
        `somebody else reads this mailbox at ${where} just now: ${text} (try again later)`,
      );
    case "temporary":
      return new Failure(EXIT.tryAgainLater, `no login at ${where} just now: ${text}`);
    case "mechanism":
      return new Failure(
        EXIT.loginRefused,
        `no login at ${where}: ${text} (--auth chooses another)`,
      );
    default:
      return faultyLoginFailure({ fault: reason, text }, where);
  }
}

interface Words {
  readonly code: string | null;
  readonly text: string;
}

function wordsOf({ code, text }: Words): string {
  return code === null ? text : `[${code}] ${text}`;
}
