/** `smtpc read`: lists, shows, follows, moves and deletes the messages of a mailbox. */
import { INBOX } from "../imap/mailbox_name.ts";
import { EXIT, type ExitStatus, Failure } from "./fail.ts";
import { jsonLine, type Output } from "./io.ts";
import type { ImapMailbox, Listing, Mailbox } from "./mailbox.ts";
import { type Progress, SHOWN_FROM_BYTES, SHOWN_FROM_MESSAGES, showProgress } from "./progress.ts";
import { readMailbox } from "./reader.ts";
import { accessOf, requiredLogin, type SmtpcContext } from "./smtpc_access.ts";
import type { ReadChoice, ReadFlags } from "./smtpc_arguments.ts";
import { browse, gone } from "./smtpc_menu.ts";
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
    flags,
    streams,
    raw: flags.raw ?? false,
    json: flags.json ?? false,
    saveTo: flags.save ?? null,
    incoming: watchIncoming(streams.errors, flags),
  };
  const access = await accessOf(flags, context);
  const login = await requiredLogin(flags, context);
  const menu = flags.choice === null && ask !== null && streams.output.isTerminal &&
    !options.json && !flags.follow && flags.move === undefined;
  const opening = {
    mailbox: flags.mailbox ?? INBOX,
    readOnly: !menu && !flags.delete && !flags.markSeen && flags.move === undefined,
    received: options.incoming.received,
  };
  await readMailbox({ ...access, login, ...opening }, async (mailbox) => {
    requireImap(mailbox, flags);
    if (menu) {
      const summaries = await summariesOf(mailbox, await found(mailbox, options), options);
      if (summaries.size === 0) streams.errors.write(NOTHING);
      const shown = (listing: Listing) => settle(mailbox, [listing], options, { moves: false });
      return await browse(mailbox, summaries, {
        ...options,
        ask,
        deleteShown: flags.delete ?? false,
        shown,
      });
    }
    const choice = flags.choice ?? (flags.follow ? null : { what: "all" } as const);
    if (choice !== null) {
      const messages = choose(await found(mailbox, options), choice);
      if (messages.length === 0) streams.errors.write(NOTHING);
      await put(mailbox, messages, options);
    }
    if (flags.follow) await follow(mailbox.more!, mailbox, options, context);
  }).finally(() => options.incoming.progress.hide());
  return EXIT.done;
}

interface ReadOptions extends ShowOptions {
  readonly flags: ReadFlags;
  readonly incoming: Incoming;
}

const NOTHING = "There are no messages.\n";

/** @throws {Failure} `unavailable` where something was asked for that POP3 cannot do */
function requireImap({ more }: Mailbox, flags: ReadFlags): void {
  if (more !== null) return;
  const wanted = [
    ["--mailbox", flags.mailbox !== undefined && flags.mailbox.toUpperCase() !== INBOX],
    ["--search", flags.search],
    ["--follow", flags.follow],
    ["--mark-seen", flags.markSeen],
    ["--move", flags.move !== undefined],
  ].find(([_flag, isWanted]) => isWanted);
  if (wanted === undefined) return;
  throw new Failure(
    EXIT.unavailable,
    `${wanted[0]} needs IMAP, and POP3 answers: give the port of its IMAP (often 143 or 993)`,
  );
}

/** The messages among which is chosen. */
async function found(mailbox: Mailbox, { flags }: ReadOptions): Promise<readonly Listing[]> {
  return flags.search === undefined
    ? await mailbox.list()
    : await mailbox.more!.search(flags.search);
}

/** Lists them, or shows them and does with them what is to be done. */
async function put(
  mailbox: Mailbox,
  messages: readonly Listing[],
  options: ReadOptions,
): Promise<void> {
  const { streams: { output }, json, flags } = options;
  if (flags.choice?.what !== "list") {
    await show(mailbox, messages, options);
    return await settle(mailbox, messages, options, { moves: true });
  }
  for (const summary of (await summariesOf(mailbox, messages, options)).values()) {
    output.write(json ? jsonLine(summary) : `${summaryLine(summary)}\n`);
  }
}

async function show(
  mailbox: Mailbox,
  messages: readonly Listing[],
  options: ReadOptions,
): Promise<void> {
  const { streams: { output, errors }, raw, json, incoming } = options;
  incoming.expect(messages.reduce((sum, { size }) => sum + size, 0));
  for (const [at, listing] of messages.entries()) {
    const content = await mailbox.retrieve(listing);
    incoming.progress.hide();
    // Another program of the same user may have moved it: no reason to stop.
    if (content === null) {
      errors.write(`${gone(listing)}\n`);
      continue;
    }
    if (at > 0 && !raw && !json) output.write(`--- ${at + 1} of ${messages.length} ---\n`);
    await showMessage(content, listing, options);
  }
}

/** What was shown is marked, moved and removed: behind all of it, in case that it goes wrong. */
async function settle(
  mailbox: Mailbox,
  messages: readonly Listing[],
  { flags }: ReadOptions,
  { moves }: { readonly moves: boolean },
): Promise<void> {
  if (flags.markSeen) await mailbox.more!.markSeen(messages);
  if (!moves) return;
  if (flags.move !== undefined) await mailbox.more!.move(messages, flags.move);
  if (flags.delete) await mailbox.remove(messages);
}

/** Until a person has enough of it, or the connection is lost. */
async function follow(
  imap: ImapMailbox,
  mailbox: Mailbox,
  options: ReadOptions,
  { stopRequested }: SmtpcContext,
): Promise<void> {
  const stop = new AbortController();
  void stopRequested?.().then(() => stop.abort());
  let followed = 0;
  for await (const arrived of imap.arrivals(stop.signal)) {
    const { flags: { search }, raw, json, streams: { output }, flags } = options;
    const messages = search === undefined ? arrived : among(arrived, await imap.search(search));
    for (const message of messages) {
      const separate = followed++ > 0 && !raw && !json && flags.choice?.what !== "list";
      if (separate) output.write("--- new ---\n");
      await put(mailbox, [message], options);
    }
  }
}

function among(some: readonly Listing[], others: readonly Listing[]): readonly Listing[] {
  const keys = new Set(others.map(({ key }) => key));
  return some.filter(({ key }) => keys.has(key));
}

/** @throws {Failure} `noInput` when it is not there. */
function choose(messages: readonly Listing[], choice: ReadChoice): readonly Listing[] {
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
  messages: readonly Listing[],
  { incoming: { headers } }: ReadOptions,
): Promise<ReadonlyMap<Listing, Summary>> {
  const summaries = new Map<Listing, Summary>();
  for await (const [listing, header] of mailbox.headers(messages)) {
    headers.at(summaries.size, messages.length);
    summaries.set(listing, await summarise(header, listing));
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
