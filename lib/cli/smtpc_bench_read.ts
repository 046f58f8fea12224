/** `smtpc bench --pop3` and `--imap`: reads a mailbox as fast as a server gives it. */
import { demandPrivate, durationOf } from "./bench_bounds.ts";
import { readJson, readText } from "./bench_report.ts";
import { EXIT, type ExitStatus, Failure } from "./fail.ts";
import { jsonLine } from "./io.ts";
import { rateLine } from "./progress.ts";
import { type ReadProtocol, runReadLoad } from "./read_load.ts";
import { accessOf, requiredLogin, type SmtpcContext } from "./smtpc_access.ts";
import type { BenchFlags } from "./smtpc_arguments.ts";

/** RFC 1939 §4: a server locks a maildrop for the session that has it. */
const CONNECTIONS: Readonly<Record<ReadProtocol, number>> = { pop3: 1, imap: 10 };

/**
 * Puts a load of readers on a server and reports on standard output.
 * @throws {Failure} when it could not begin, or some rounds failed
 */
export async function benchReading(
  protocol: ReadProtocol,
  flags: BenchFlags,
  context: SmtpcContext,
): Promise<ExitStatus> {
  const { streams } = context;
  const { connections = CONNECTIONS[protocol] } = flags;
  const access = {
    ...await accessOf(flags, context),
    login: await requiredLogin(flags, context),
  };
  const enough = new AbortController();
  void context.stopRequested?.().then(() => enough.abort());
  const line = rateLine(streams.errors, "downloaded");
  const result = await runReadLoad(access, {
    protocol,
    connections,
    rounds: flags.rounds ?? null,
    forMs: durationOf(flags, flags.rounds),
    connected: flags.yes ? () => {} : demandPrivate,
    progress: ({ messages: done, failed }, elapsedMs) => line.show({ done, failed, elapsedMs }),
    enough: enough.signal,
  }).finally(line.hide);
  streams.output.write(
    flags.json ? jsonLine(readJson(result, connections)) : readText(result, connections),
  );
  const { rounds, failed } = result.tally;
  if (failed === 0) return EXIT.done;
  throw new Failure(
    rounds === 0 ? EXIT.unavailable : EXIT.tryAgainLater,
    `${failed} of ${rounds + failed} rounds failed`,
  );
}
