/** `smtpc send … FILE…`: many messages, each of them a file, over a few connections. */
import { formatAddress } from "../mail/address.ts";
import type { Attempt } from "../smtp/client.ts";
import { type Contacts, loadContacts } from "./contacts.ts";
import { EXIT, type ExitStatus, Failure, oneLine } from "./fail.ts";
import { jsonLine, paint, type Streams } from "./io.ts";
import { gatherLetter, writeLetter } from "./letter.ts";
import { type LoadMessage, runLoad } from "./load.ts";
import { messageFiles } from "./message_files.ts";
import { rateLine } from "./progress.ts";
import { failureOf, outcomeOf, outcomeText } from "./send_outcome.ts";
import { demandComplete, demandOffered, sendAccess, senderOf } from "./send_ready.ts";
import type { SmtpcContext } from "./smtpc_access.ts";
import type { SendFlags } from "./smtpc_arguments.ts";
import type { SmtpAccess } from "./transfer.ts";

/** As many as servers like to see from one client. */
const CONNECTIONS = 4;

/**
 * Sends each file as a message of its own, and says at the end how many were sent. What is wrong
 * with one of them, or refused, stops none of the others.
 * @throws {Failure} with the status of the first file that was not sent, or when there is no server
 */
export async function sendFiles(
  flags: SendFlags,
  named: readonly string[],
  context: SmtpcContext,
): Promise<ExitStatus> {
  demandFilesAlone(flags);
  const contacts = await loadContacts(context.streams);
  const paths = await messageFiles(named);
  const access = await sendAccess(flags, context);
  const ledger = openLedger(paths, { flags, access, streams: context.streams });
  const enough = new AbortController();
  void context.stopRequested?.().then(() => enough.abort());
  let serverName = "";
  try {
    await runLoad(access, {
      connections: Math.min(flags.connections ?? CONNECTIONS, paths.length),
      perConnection: null,
      rate: null,
      messages: paths.length,
      forMs: null,
      outgoing: async (number) => {
        try {
          const sending = { flags, access, context, contacts, serverName };
          return await messageOf(paths[number - 1]!, sending);
        } catch (error) {
          if (!(error instanceof Failure)) throw error;
          ledger.unreadable(number, error);
          return null;
        }
      },
      connected: () => {},
      welcomed(extensions, name) {
        demandOffered(flags, extensions, access.to);
        serverName = name;
      },
      answered: ledger.answered,
      progress: ledger.progress,
      enough: enough.signal,
    });
  } finally {
    ledger.close();
  }
  ledger.demandAllSent();
  return EXIT.done;
}

/** @throws {Failure} for a flag that is about one message */
function demandFilesAlone(flags: SendFlags): void {
  const { file, dataFrom, body, subject, attach, quitAfter, dropAfter } = flags;
  const wrong = Object.entries({
    "--file": file,
    "--data-from": dataFrom,
    "--body": body,
    "--subject": subject,
    "--attach": attach[0],
    "--quit-after": quitAfter,
    "--drop-after": dropAfter,
  }).find(([_, value]) => value !== undefined);
  if (wrong === undefined) return;
  throw new Failure(EXIT.usage, `${wrong[0]} does not go with FILEs: each is a message already`);
}

interface Sending {
  readonly flags: SendFlags;
  readonly access: SmtpAccess;
  readonly context: SmtpcContext;
  readonly contacts: Contacts;
  /** What the server calls itself. */
  readonly serverName: string;
}

/** Read when its turn comes, so memory holds as many messages as there are connections. */
async function messageOf(path: string, sending: Sending): Promise<LoadMessage> {
  const { flags, access, context, contacts, serverName } = sending;
  const letter = await gatherLetter({ ...flags, file: path }, contacts, context.streams);
  demandComplete(letter, { loggedIn: access.login !== null });
  // Nobody is asked in the middle of many.
  const from = letter.from ?? await senderOf(access.login!, serverName, null);
  const outgoing = await writeLetter(letter, from, context.world, flags);
  return { ...outgoing, allOrNothing: access.partial !== true };
}

interface LedgerOptions {
  readonly flags: SendFlags;
  readonly access: SmtpAccess;
  readonly streams: Streams;
}

/** What became of the files, told as it becomes known. */
function openLedger(paths: readonly string[], { flags, access, streams }: LedgerOptions) {
  const { world: { clock } } = access;
  const startedMs = clock.monotonicMs();
  const counts = { sent: 0, failed: 0, bytes: 0 };
  let first: { readonly number: number; readonly failure: Failure } | null = null;
  const line = rateLine(flags.verbose ? QUIET : streams.errors, `of ${paths.length} sent`);

  function say(text: string): void {
    line.hide();
    streams.errors.write(`${text}\n`);
  }

  function note(number: number, failure: Failure): void {
    counts.failed++;
    if (first === null || number < first.number) first = { number, failure };
  }

  return {
    /** It could not be made a message. */
    unreadable(number: number, failure: Failure): void {
      note(number, failure);
      const file = paths[number - 1]!;
      const text = oneLine(failure.message);
      if (flags.json) streams.output.write(jsonLine({ file, ...UNREAD, text }));
      else say(`${oneLine(file)}: ${paint(streams.errors, "red", "not sent")} (${text})`);
    },
    answered(number: number, attempts: readonly Attempt[]): void {
      const failure = failureOf(attempts, access);
      if (failure === null) counts.sent++;
      else note(number, failure);
      const file = paths[number - 1]!;
      for (const attempt of attempts) {
        const recipient = formatAddress(attempt.recipient.address);
        if (flags.json) streams.output.write(jsonLine({ file, recipient, ...outcomeOf(attempt) }));
        else if (attempt.result !== "delivered") {
          say(`${oneLine(file)}: ${recipient}: ${outcomeText(attempt, streams.errors)}`);
        }
      }
    },
    progress({ bytes }: { readonly bytes: number }, elapsedMs: number): void {
      counts.bytes = bytes;
      line.show({ done: counts.sent, failed: counts.failed, elapsedMs });
    },
    /** The counts, whatever the end was. */
    close(): void {
      line.hide();
      const { sent, failed, bytes } = counts;
      const seconds = (clock.monotonicMs() - startedMs) / 1000;
      const messagesPerSecond = sent / seconds;
      const bytesPerSecond = bytes / seconds;
      const notBegun = paths.length - sent - failed;
      if (flags.json) {
        const sums = { sent, failed, notBegun, seconds, messagesPerSecond, bytesPerSecond };
        return streams.output.write(jsonLine(sums));
      }
      const others = failed === 0 ? "" : `, ${failed} not`;
      const rate = `${seconds.toFixed(1)} s, ${Math.round(messagesPerSecond)} a second`;
      say(`${sent} of ${paths.length} sent${others} (${rate})`);
    },
    /** @throws {Failure} where something was not sent */
    demandAllSent(): void {
      const { sent, failed } = counts;
      const missing = paths.length - sent;
      if (missing === 0) return;
      const status = first?.failure.status ?? EXIT.cancelled;
      const why = failed < missing ? `, ${missing - failed} of them because it was ended` : "";
      throw new Failure(status, `${missing} of ${paths.length} messages were not sent${why}`);
    },
  };
}

/** What the objects of `--json` say about a file that is no message. */
const UNREAD = {
  recipient: null,
  result: "refused",
  at: "file",
  code: null,
  status: null,
} as const;

/** The dialogue is shown, and a line of progress would be lost in it. */
const QUIET = { isTerminal: false, hasColours: false, write: () => {} } as const;
