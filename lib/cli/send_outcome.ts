/** What became of a message, in words and as an exit status. */
import { type Endpoint, endpointText } from "../endpoint.ts";
import { formatAddress } from "../mail/address.ts";
import type { Attempt } from "../smtp/client.ts";
import { isPositive, textOf } from "../smtp/reply.ts";
import { EXIT, type ExitStatus, Failure, oneLine } from "./fail.ts";
import { type Output, paint } from "./io.ts";
import type { SmtpAccess } from "./transfer.ts";

/** What became of one recipient, for programs; `null` where the server did not answer. */
export function outcomeOf(attempt: Attempt): Readonly<Record<string, unknown>> {
  const { code = null, status = null, lines = null } = attempt.reply ?? {};
  const text = lines === null ? null : oneLine(lines.join(" "));
  return { result: resultOf(attempt), at: attempt.at, code, status, text };
}

/** The same for people, with the server's words. */
export function outcomeText(attempt: Attempt, errors: Output): string {
  const result = resultOf(attempt);
  const style = result === "delivered" ? "green" : result === "refused" ? "red" : "yellow";
  const words = attempt.reply === null ? "no answer" : oneLine(textOf(attempt.reply));
  return `${paint(errors, style, SHOWN[result])} (${words})`;
}

/** `null` when everything went as it was asked for. */
export function failureOf(
  attempts: readonly Attempt[],
  { to, partial }: SmtpAccess,
): Failure | null {
  const failed = attempts.filter((attempt) => attempt.result !== "delivered");
  if (failed.length === 0 || (partial && failed.length < attempts.length)) return null;
  const decisive = failed.find(({ result }) => result === "refused") ??
    failed.find(({ result }) => result === "unknown") ??
    failed.find((attempt) => resultOf(attempt) !== "withheld")!;
  const others = attempts.length > 1 && decisive.at === "rcpt" && !partial
    ? "; nothing was sent (--partial sends to those that are not refused)"
    : "";
  return new Failure(statusOf(decisive), `${sentenceOf(decisive, to)}${others}`);
}

type ShownResult = Attempt["result"] | "withheld";

const SHOWN: Readonly<Record<ShownResult, string>> = {
  delivered: "sent",
  deferred: "not now",
  refused: "refused",
  unknown: "perhaps sent",
  withheld: "not sent",
};

/** A recipient that was taken, and got nothing because of another one, was withheld. */
function resultOf({ result, reply }: Attempt): ShownResult {
  return result === "deferred" && reply !== null && isPositive(reply) ? "withheld" : result;
}

function sentenceOf({ at, recipient, reply, result }: Attempt, to: Endpoint): string {
  const where = endpointText(to);
  if (result === "unknown") {
    return `${where} got the message and never said whether it keeps it: the recipients may get ` +
      "it, and if it is sent again, may get it twice";
  }
  if (reply === null) return `${where} closed the connection, or was silent: nothing was sent`;
  const what = at === "rcpt"
    ? formatAddress(recipient.address)
    : at === "mail"
    ? "the sender"
    : "the message";
  const later = result === "deferred" ? " for now (try again later)" : "";
  const advice = at === "mail" && result === "refused" ? " (--from says another)" : "";
  return `${what} was refused by ${where}${later}: ${textOf(reply)}${advice}`;
}

function statusOf({ at, reply, result }: Attempt): ExitStatus {
  if (result !== "refused" || reply === null) return EXIT.tryAgainLater;
  if (reply.code === 530) return EXIT.loginRefused; // RFC 4954 §6: a login is needed first
  switch (at) {
    case "rcpt":
      return EXIT.noSuchRecipient;
    case "mail":
      // RFC 3463 §3.8: not allowed; the sender is somebody else's address.
      return reply.status.startsWith("5.7.") ? EXIT.loginRefused : EXIT.badData;
    case "hello":
      return EXIT.badData;
    case "greeting":
      return EXIT.unavailable;
    case "data":
      // RFC 5321 §4.2.2: 552 is too much of it; RFC 3463 §3.7: 5.6 is its form.
      return reply.code === 552 || reply.status.startsWith("5.6.")
        ? EXIT.badData
        : EXIT.unavailable;
  }
}
