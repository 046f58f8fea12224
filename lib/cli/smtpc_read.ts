/** `smtpc read`: lists, shows and deletes the messages of a mailbox. */
import type { Pop3Listing } from "../pop3/listing.ts";
import { EXIT, type ExitStatus, Failure } from "./fail.ts";
import { jsonLine, type Output } from "./io.ts";
import { type Progress, SHOWN_FROM_BYTES, SHOWN_FROM_MESSAGES, showProgress } from "./progress.ts";
import { type Mailbox, readOverPop3 } from "./reader.ts";
import { accessOf, requiredLogin, type SmtpcContext } from "./smtpc_access.ts";
import type { ReadChoice, ReadFlags } from "./smtpc_arguments.ts";
import { browse } from "./smtpc_menu.ts";
import {
  showMessage,
  type ShowOptions,
  summarise,
  type Summary,
  summaryLine,
} from "./smtpc_show.ts";

/** @throws {Failure} when the mailbox cannot be read, or has no message that was asked for. */
export async function read(flags: ReadFlags, context: SmtpcContext): Promise<ExitStatus> {
  const { streams, ask } = context;
  const options: ReadOptions = {
    streams,
    raw: flags.raw ?? false,
    json: flags.json ?? false,
    deleteShown: flags.delete ?? false,
    incoming: watchIncoming(streams.errors, flags),
  };
  const access = await accessOf(flags, context);
  const login = await requiredLogin(flags, context);
  const { received } = options.incoming;
  await readOverPop3({ ...access, login, received }, async (mailbox) => {
    const messages = await mailbox.list();
    if (flags.choice === null && ask !== null && streams.output.isTerminal && !options.json) {
      if (messages.length === 0) streams.errors.write(NOTHING);
      const summaries = await summariesOf(mailbox, messages, options);
      return await browse(mailbox, summaries, { ...options, ask });
    }
    const choice = flags.choice ?? { what: "all" };
    if (choice.what === "list") return await list(mailbox, messages, options);
    await show(mailbox, choose(messages, choice), options);
  }).finally(() => options.incoming.progress.hide());
  return EXIT.done;
}

interface ReadOptions extends ShowOptions {
  readonly deleteShown: boolean;
  readonly incoming: Incoming;
}

const NOTHING = "There are no messages.\n";

async function list(
  mailbox: Mailbox,
  messages: readonly Pop3Listing[],
  options: ReadOptions,
): Promise<void> {
  const { streams: { output, errors }, json } = options;
  if (messages.length === 0) errors.write(NOTHING);
  for (const summary of (await summariesOf(mailbox, messages, options)).values()) {
    output.write(json ? jsonLine(summary) : `${summaryLine(summary)}\n`);
  }
}

async function show(
  mailbox: Mailbox,
  messages: readonly Pop3Listing[],
  options: ReadOptions,
): Promise<void> {
  const { streams: { output, errors }, raw, json, deleteShown, incoming } = options;
  if (messages.length === 0) errors.write(NOTHING);
  incoming.expect(messages.reduce((sum, { size }) => sum + size, 0));
  for (const [at, listing] of messages.entries()) {
    const content = await mailbox.retrieve(listing.number);
    incoming.progress.hide();
    if (at > 0 && !raw && !json) output.write(`--- ${at + 1} of ${messages.length} ---\n`);
    await showMessage(content, listing, options);
    if (deleteShown) await mailbox.remove(listing.number);
  }
}

/** @throws {Failure} `noInput` when it is not there. */
function choose(
  messages: readonly Pop3Listing[],
  choice: ReadChoice,
): readonly Pop3Listing[] {
  if (choice.what === "all" || choice.what === "list") return messages;
  const wanted = choice.what === "message" ? choice.number : messages.at(-1)?.number;
  const found = messages.find(({ number }) => number === wanted);
  if (found !== undefined) return [found];
  const which = choice.what === "message" ? ` ${choice.number}` : "";
  throw new Failure(
    EXIT.noInput,
    `there is no message${which}: the mailbox holds ${messages.length} (--list shows them)`,
  );
}

async function summariesOf(
  mailbox: Mailbox,
  messages: readonly Pop3Listing[],
  { incoming: { headers } }: ReadOptions,
): Promise<ReadonlyMap<Pop3Listing, Summary>> {
  const summaries = new Map<Pop3Listing, Summary>();
  for (const listing of messages) {
    headers.at(summaries.size, messages.length);
    summaries.set(listing, await summarise(await mailbox.header(listing.number), listing));
  }
  headers.hide();
  return summaries;
}

/** Shows how much of what is awaited has come. */
interface Incoming {
  readonly headers: Progress;
  readonly progress: Progress;
  received(bytes: number): void;
  /** From here on, so many bytes are to come. */
  expect(bytes: number): void;
}

function watchIncoming(errors: Output, { verbose }: ReadFlags): Incoming {
  const never = verbose ? Infinity : 0;
  const progress = showProgress(errors, {
    doing: "Receiving",
    shownFrom: Math.max(never, SHOWN_FROM_BYTES),
  });
  let total = 0;
  let done = 0;
  return {
    progress,
    headers: showProgress(errors, {
      doing: "Listing",
      shownFrom: Math.max(never, SHOWN_FROM_MESSAGES),
    }),
    received(bytes) {
      done += bytes;
      if (total > 0) progress.at(done, total);
    },
    expect(bytes) {
      total = bytes;
      done = 0;
    },
  };
}
