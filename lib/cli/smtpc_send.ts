/** `smtpc send`: asks for what is missing, sends, and says what became of each recipient. */
import { formatAddress } from "../mail/address.ts";
import type { Mailbox } from "../mail/field.ts";
import type { Attempt } from "../smtp/client.ts";
import { isPositive } from "../smtp/reply.ts";
import { type Ask, OPTIONAL } from "./ask.ts";
import { type Contacts, loadContacts } from "./contacts.ts";
import { EXIT, type ExitStatus, Failure } from "./fail.ts";
import { jsonLine, type Streams } from "./io.ts";
import { gatherLetter, type Letter, mailboxesOf, recipientsOf, writeLetter } from "./letter.ts";
import { SHOWN_FROM_BYTES, showProgress, watchBody } from "./progress.ts";
import { failureOf, outcomeOf, outcomeText } from "./send_outcome.ts";
import { askSender, demandComplete, demandOffered, sendAccess, senderOf } from "./send_ready.ts";
import type { SmtpcContext } from "./smtpc_access.ts";
import type { SendFlags } from "./smtpc_arguments.ts";
import { sendFiles } from "./smtpc_send_files.ts";
import { sendPrepared, type SmtpAccess, visitSmtp } from "./transfer.ts";

/** @throws {Failure} when a recipient got nothing; with `partial`, when all of them got nothing. */
export async function send(flags: SendFlags, context: SmtpcContext): Promise<ExitStatus> {
  if (flags.files !== undefined) return await sendFiles(flags, flags.files, context);
  if (flags.connections !== undefined) {
    throw new Failure(EXIT.usage, "--connections is for several messages: name their FILEs");
  }
  const { world, streams, ask } = context;
  const contacts = await loadContacts(streams);
  const gathered = await gatherLetter(flags, contacts, streams);
  if (ask === null) demandComplete(gathered, { loggedIn: flags.user !== undefined });
  const access = await sendAccess(flags, context);
  const letter = ask === null ? gathered : await complete(gathered, { ask, contacts, access });
  const shownFrom = flags.verbose ? Infinity : SHOWN_FROM_BYTES;
  const progress = showProgress(streams.errors, { doing: "Sending", shownFrom });
  const { attempts, stopped } = await sendPrepared(access, async (serverName, extensions) => {
    demandOffered(flags, extensions, access.to);
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

/** A line or an object for each recipient; if there is only one, its failure tells enough. */
function report(attempts: readonly Attempt[], { json }: SendFlags, streams: Streams): void {
  const { output, errors } = streams;
  for (const attempt of attempts) {
    const recipient = formatAddress(attempt.recipient.address);
    if (json) output.write(jsonLine({ recipient, ...outcomeOf(attempt) }));
    else if (attempt.result === "delivered" || attempts.length > 1) {
      errors.write(`${recipient}: ${outcomeText(attempt, errors)}\n`);
    }
  }
}

function isNegative({ reply }: Attempt): boolean {
  return reply !== null && !isPositive(reply);
}
