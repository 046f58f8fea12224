/** `smtpc bench`: sends mail as fast as a server takes it, and says how fast that was. */
import { demandPrivate, durationOf } from "./bench_bounds.ts";
import { benchJson, benchText } from "./bench_report.ts";
import { EXIT, type ExitStatus, Failure } from "./fail.ts";
import { jsonLine } from "./io.ts";
import { mailboxesOf } from "./letter.ts";
import { type LoadResult, runLoad } from "./load.ts";
import { loadMessages } from "./load_message.ts";
import { loadContacts } from "./contacts.ts";
import { rateLine } from "./progress.ts";
import { accessOf, optionalLogin, type SmtpcContext } from "./smtpc_access.ts";
import type { BenchFlags } from "./smtpc_arguments.ts";
import { benchReading } from "./smtpc_bench_read.ts";

const CONNECTIONS = 10;

/**
 * Puts a load on a server and reports on standard output.
 * @throws {Failure} when it could not begin, or some messages were not accepted
 */
export async function bench(flags: BenchFlags, context: SmtpcContext): Promise<ExitStatus> {
  const protocol = flags.pop3 ? "pop3" : flags.imap ? "imap" : null;
  if (protocol !== null) return await benchReading(protocol, flags, context);
  if (flags.rounds !== undefined) {
    throw new Failure(EXIT.usage, "--rounds is for reading: --pop3 or --imap says how");
  }
  const { world, streams } = context;
  const { connections = CONNECTIONS } = flags;
  const outgoing = loadMessages(await messagesOf(flags, context), world);
  const access = {
    ...await accessOf(flags, context),
    login: flags.user === undefined ? null : await optionalLogin(flags, context),
  };
  const enough = new AbortController();
  void context.stopRequested?.().then(() => enough.abort());
  const line = rateLine(streams.errors, "accepted");
  const result = await runLoad(access, {
    connections,
    perConnection: flags.perConnection ?? null,
    rate: flags.rate ?? null,
    messages: flags.messages ?? null,
    forMs: durationOf(flags, flags.messages),
    outgoing,
    connected: flags.yes ? () => {} : demandPrivate,
    progress: ({ accepted, failed }, elapsedMs) => line.show({ done: accepted, failed, elapsedMs }),
    enough: enough.signal,
  }).finally(line.hide);
  streams.output.write(
    flags.json ? jsonLine(benchJson(result, { connections })) : benchText(result, { connections }),
  );
  demandAccepted(result);
  return EXIT.done;
}

async function messagesOf(flags: BenchFlags, { streams }: SmtpcContext) {
  const contacts = await loadContacts(streams);
  const to = flags.to.flatMap((value) => mailboxesOf(value, contacts, "--to"))
    .map(({ address }) => address);
  if (to.length === 0) {
    throw new Failure(EXIT.usage, "a recipient is missing: --to ADDRESS says it");
  }
  if (flags.recipients > to.length) {
    throw new Failure(
      EXIT.usage,
      `--recipients ${flags.recipients}: --to names ${to.length} (it may be repeated)`,
    );
  }
  const user = flags.user?.includes("@") ? flags.user : undefined;
  const sender = flags.from ?? user;
  const from = sender === undefined
    ? to[0]!
    : mailboxesOf(sender, contacts, flags.from === undefined ? "--user" : "--from")[0]!.address;
  const { recipients, size: sizeBytes, eightBit = false } = flags;
  return { from, to, recipients, sizeBytes, eightBit };
}

/** @throws {Failure} so that a script hears of what the report says */
function demandAccepted({ tally: { accepted, failed } }: LoadResult): void {
  if (failed === 0) return;
  throw new Failure(
    accepted === 0 ? EXIT.unavailable : EXIT.tryAgainLater,
    `${failed} of ${accepted + failed} messages were not accepted`,
  );
}
