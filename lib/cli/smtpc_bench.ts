/** `smtpc bench`: sends mail as fast as a server takes it, and says how fast that was. */
import { isLoopback } from "../endpoint.ts";
import type { Transport } from "../net/world.ts";
import { isIn, parseNetwork } from "../policy/networks.ts";
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

const SECONDS = 10;

/**
 * Puts a load on a server and reports on standard output.
 * @throws {Failure} when it could not begin, or some messages were not accepted
 */
export async function bench(flags: BenchFlags, context: SmtpcContext): Promise<ExitStatus> {
  const { world, streams } = context;
  const outgoing = loadMessages(await messagesOf(flags, context), world);
  // A load has an end, or a person who is there to end it.
  const forMs = flags.seconds === undefined && flags.messages !== undefined
    ? null
    : (flags.seconds ?? SECONDS) * 1000;
  const access = {
    ...await accessOf(flags, context),
    login: flags.user === undefined ? null : await optionalLogin(flags, context),
  };
  const enough = new AbortController();
  void context.stopRequested?.().then(() => enough.abort());
  const line = rateLine(streams.errors, "accepted");
  const result = await runLoad(access, {
    connections: flags.connections,
    perConnection: flags.perConnection ?? null,
    rate: flags.rate ?? null,
    messages: flags.messages ?? null,
    forMs,
    outgoing,
    connected: flags.yes ? () => {} : demandPrivate,
    progress: ({ accepted, failed }, elapsedMs) => line.show({ done: accepted, failed, elapsedMs }),
    enough: enough.signal,
  }).finally(line.hide);
  streams.output.write(
    flags.json ? jsonLine(benchJson(result, flags)) : benchText(result, flags),
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

/** Where one's own servers are. */
const PRIVATE = [
  ...["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"], // RFC 1918 §3
  "169.254.0.0/16", // RFC 3927 §1.2
  "fc00::/7", // RFC 4193 §3.1
  "fe80::/10", // RFC 4291 §2.5.6
].map(parseNetwork);

/** A slip of the finger must not flood a stranger. */
function demandPrivate({ remote }: Transport): void {
  if (isLoopback(remote.host) || isIn(PRIVATE, remote.host)) return;
  throw new Failure(
    EXIT.usage,
    `${remote.host} is neither this machine nor in a private network, and nothing was sent: ` +
      "whoever floods a stranger's server does harm (--yes says that it is yours)",
  );
}

/** @throws {Failure} so that a script hears of what the report says */
function demandAccepted({ tally: { accepted, failed } }: LoadResult): void {
  if (failed === 0) return;
  throw new Failure(
    accepted === 0 ? EXIT.unavailable : EXIT.tryAgainLater,
    `${failed} of ${accepted + failed} messages were not accepted`,
  );
}
