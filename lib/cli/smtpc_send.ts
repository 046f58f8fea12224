/** `smtpc send`: asks for what is missing, sends, and says what became of each recipient. */
import { type Endpoint, endpointText } from "../endpoint.ts";
import { formatAddress, parseMailbox } from "../mail/address.ts";
import type { Mailbox } from "../mail/field.ts";
import { addressesIn } from "../mail/header.ts";
import type { Login } from "../sasl/client.ts";
import type { Attempt } from "../smtp/client.ts";
import type { Extensions } from "../smtp/ehlo.ts";
import { isPositive, textOf } from "../smtp/reply.ts";
import { ProtocolError } from "../wire/error.ts";
import { type Ask, OPTIONAL } from "./ask.ts";
import { type Contacts, loadContacts } from "./contacts.ts";
import { EXIT, type ExitStatus, Failure, oneLine } from "./fail.ts";
import { jsonLine, paint, type Streams } from "./io.ts";
import { gatherLetter, type Letter, mailboxesOf, recipientsOf, writeLetter } from "./letter.ts";
import { SHOWN_FROM_BYTES, showProgress, watchBody } from "./progress.ts";
import { accessOf, optionalLogin, type SmtpcContext } from "./smtpc_access.ts";
import type { SendFlags } from "./smtpc_arguments.ts";
import { sendPrepared, type SmtpAccess, visitSmtp } from "./transfer.ts";

/** RFC 5321 §4.5.3.2.6: whoever gives up earlier on the final answer may send a message twice. */
const FINAL_TIMEOUT_MS = 10 * 60_000;

/** @throws {Failure} when a recipient got nothing; with `partial`, when all of them got nothing. */
export async function send(flags: SendFlags, context: SmtpcContext): Promise<ExitStatus> {
  const { world, streams, ask } = context;
  const contacts = await loadContacts(streams);
  const gathered = await gatherLetter(flags, contacts, streams);
  if (ask === null) demandComplete(gathered, flags);
  const { tls, ...reached } = await accessOf(flags, context);
  if (flags.requireTls && tls.mode === "none") {
    throw new Failure(EXIT.usage, "--require-tls: with --tls none nothing is encrypted");
  }
  const access: SmtpAccess = {
    ...reached,
    tls: { ...tls, strict: flags.requireTls ?? false },
    login: await optionalLogin(flags, context),
    finalTimeoutMs: flags.timeoutMs ?? FINAL_TIMEOUT_MS,
    partial: flags.partial ?? false,
    ...(flags.ehlo === undefined ? {} : { helloName: flags.ehlo }),
    ...(flags.proto === undefined ? {} : { protocol: flags.proto }),
    ...stopAfterOf(flags),
  };
  const letter = ask === null ? gathered : await complete(gathered, { ask, contacts, access });
  const shownFrom = flags.verbose ? Infinity : SHOWN_FROM_BYTES;
  const progress = showProgress(streams.errors, { doing: "Sending", shownFrom });
  const { attempts, stopped } = await sendPrepared(access, async (serverName, extensions) => {
    demandDsn(flags, extensions, access.to);
    demandRequireTls(flags, extensions, access.to);
    const from = letter.from ?? await senderOf(access.login!, serverName, ask);
    const outgoing = await writeLetter(letter, from, world, flags);
    return { ...outgoing, content: watchBody(outgoing.content, progress) };
  }).finally(() => progress.hide());
  report(attempts, flags, streams);
  if (stopped !== null) streams.errors.write(`stopped after ${stopped}\n`);
  // What was not answered because of the stop is no failure.
  const answered = stopped === null ? attempts : attempts.filter(isNegative);
  const failure = failureOf(answered, access);
  if (failure !== null) throw failure;
  return EXIT.done;
}

/** @throws {Failure} `usage` that names the flag, where nobody can be asked. */
function demandComplete(letter: Letter, flags: SendFlags): void {
  const { content } = letter;
  if (recipientsOf(letter).length === 0) {
    throw new Failure(EXIT.usage, "a recipient is missing: --to ADDRESS says it");
  }
  if (letter.from === null && flags.user === undefined) {
    throw new Failure(
      EXIT.usage,
      "a sender is missing: --from ADDRESS says it, or --user NAME, who then logs in",
    );
  }
  const empty = content.is === "text" && content.text === null && content.subject === null &&
    content.attachments.length === 0;
  if (empty) {
    throw new Failure(
      EXIT.usage,
      "a text is missing: --body TEXT says it, or standard input, or --file FILE",
    );
  }
}

/** @throws {Failure} where reports were asked for, and the server knows nothing of them. */
function demandDsn({ dsn, ret, envid }: SendFlags, extensions: Extensions, to: Endpoint): void {
  const flag = dsn ? "--dsn" : ret ? "--ret" : envid ? "--envid" : null;
  if (flag === null || extensions.dsn) return;
  throw new Failure(
    EXIT.unavailable,
    `${endpointText(to)} does not offer DSN, which ${flag} needs: nothing was sent`,
  );
}

/** @throws {Failure} where the server does not promise what RFC 8689 §4.3 wants of it. */
function demandRequireTls({ requireTls }: SendFlags, offered: Extensions, to: Endpoint): void {
  if (!requireTls || offered.requireTls) return;
  throw new Failure(
    EXIT.unavailable,
    `${endpointText(to)} does not offer REQUIRETLS, which --require-tls needs: nothing was sent`,
  );
}

interface Completion {
  readonly ask: Ask;
  readonly contacts: Contacts;
  readonly access: SmtpAccess;
}

async function complete(letter: Letter, completion: Completion): Promise<Letter> {
  const { ask, contacts, access } = completion;
  const needsRecipients = recipientsOf(letter).length === 0;
  const needsText = letter.content.is === "text" && letter.content.text === null;
  // Better to hear of a wrong password before one has written a letter. A connection of its own,
  // because servers do not wait until a letter is written.
  if (needsRecipients || needsText) await visitSmtp(access);
  const needsSender = letter.from === null && access.login === null;
  return {
    ...letter,
    from: needsSender ? await askSender(ask) : letter.from,
    to: needsRecipients ? await askRecipients(ask, contacts) : letter.to,
    content: await completeContent(letter.content, ask),
  };
}

async function completeContent(
  content: Letter["content"],
  ask: Ask,
): Promise<Letter["content"]> {
  if (content.is === "ready" || content.text !== null) return content;
  const subject = content.subject ?? await ask.text("Subject", OPTIONAL);
  const text = await ask.lines("Text (a line with a single dot ends it):");
  return { ...content, subject, text };
}

async function askRecipients(ask: Ask, contacts: Contacts): Promise<readonly Mailbox[]> {
  const offered = [...contacts].map(([name, address]) => ({
    value: name,
    label: name,
    hint: address,
  }));
  const names = offered.length === 0 ? [] : await ask.chooseAny("To (nobody: type it)", offered);
  const chosen = names.flatMap((name) => mailboxesOf(contacts.get(name)!, contacts, "contacts"));
  if (chosen.length > 0) return chosen;
  const typed = await ask.text("To", { fault: (text) => faultOf(text, contacts) });
  return mailboxesOf(typed, contacts, "To");
}

function faultOf(text: string, contacts: Contacts): string | null {
  try {
    mailboxesOf(text, contacts, "To");
    return null;
  } catch (error) {
    if (error instanceof Failure) return error.message;
    throw error;
  }
}

async function askSender(ask: Ask): Promise<Mailbox> {
  const isAddress = (text: string) =>
    addressesIn(text).length === 1 && addressesIn(text)[0]!.address;
  const from = await ask.text("From", {
    fault: (text) => isAddress(text) ? null : "Like alice@abc.com",
  });
  const [sender] = addressesIn(from);
  return { name: sender!.name, address: sender!.address! };
}

/** A user without a domain is taken for one of the server's own. */
async function senderOf(
  { user }: Login,
  serverName: string,
  ask: Ask | null,
): Promise<Mailbox> {
  const name = user.includes("@") ? user : `${user}@${serverName}`;
  // A name without a dot, `localhost` above all, is nobody's mail domain.
  if (user.includes("@") || serverName.includes(".")) {
    try {
      return { name: "", address: parseMailbox(name, { utf8: true }) };
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
    }
  }
  if (ask !== null) return await askSender(ask);
  throw new Failure(
    EXIT.usage,
    `the address of ${user} cannot be guessed: --from ADDRESS says it (the server calls itself ` +
      `${serverName || "nothing"})`,
  );
}

/** A line or an object for each recipient; if there is only one, its failure tells enough. */
function report(attempts: readonly Attempt[], { json }: SendFlags, streams: Streams): void {
  const { output, errors } = streams;
  for (const attempt of attempts) {
    const recipient = formatAddress(attempt.recipient.address);
    const result = resultOf(attempt);
    if (json) {
      const { code = null, status = null, lines = null } = attempt.reply ?? {};
      const text = lines === null ? null : oneLine(lines.join(" "));
      output.write(jsonLine({ recipient, result, at: attempt.at, code, status, text }));
    } else if (result === "delivered" || attempts.length > 1) {
      const style = result === "delivered" ? "green" : result === "refused" ? "red" : "yellow";
      const words = attempt.reply === null ? "no answer" : oneLine(textOf(attempt.reply));
      errors.write(`${recipient}: ${paint(errors, style, SHOWN[result])} (${words})\n`);
    }
  }
}

type ShownResult = Attempt["result"] | "withheld";

const SHOWN: Readonly<Record<ShownResult, string>> = {
  delivered: "sent",
  deferred: "not now",
  refused: "refused",
  unknown: "perhaps sent",
  withheld: "not sent",
};

function isNegative({ reply }: Attempt): boolean {
  return reply !== null && !isPositive(reply);
}

function stopAfterOf({ quitAfter, dropAfter }: SendFlags): Pick<SmtpAccess, "stopAfter"> {
  if (quitAfter !== undefined) return { stopAfter: { stage: quitAfter, how: "quit" } };
  if (dropAfter !== undefined) return { stopAfter: { stage: dropAfter, how: "drop" } };
  return {};
}

/** A recipient that was taken, and got nothing because of another one, was withheld. */
function resultOf({ result, reply }: Attempt): ShownResult {
  return result === "deferred" && reply !== null && isPositive(reply) ? "withheld" : result;
}

/** `null` when everything went as it was asked for. */
function failureOf(
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
