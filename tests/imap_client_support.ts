/** What tests of the IMAP client share: a session with its jobs. */
import {
  imapClient,
  type ImapClientOptions,
  type ImapJob,
  type ImapJobs,
  type ImapOutcome,
  type ImapResult,
} from "../lib/imap/client.ts";
import { decode, encode } from "../lib/wire/bytes.ts";
import { IN_CLEAR } from "../lib/wire/upgrade.ts";
import { play, type PlayOptions } from "./play.ts";

const ALICE = { user: "alice", password: "secret" };

/** The greeting of a server that wants no login. */
export const KNOWN = "* PREAUTH [CAPABILITY IMAP4rev1 IDLE UIDPLUS] hi\r\n";

/** A session that logs in as Alice, whose password is `secret`. */
export function client(options: Partial<ImapClientOptions> = {}) {
  return imapClient({ login: ALICE, tls: IN_CLEAR, active: null, ...options });
}

/** Jobs that are known beforehand, and how they went. */
export function jobsOf(script: readonly ImapJob[]): ImapJobs & { readonly results: ImapResult[] } {
  const rest = [...script];
  const results: ImapResult[] = [];
  return {
    results,
    next(previous) {
      if (previous !== null) results.push(previous);
      return rest.shift() ?? null;
    },
  };
}

/** Plays a conversation with a server that says this. */
export function talk(
  server: string,
  script: readonly ImapJob[] = [],
  options: Partial<ImapClientOptions> = {},
  end: PlayOptions = {},
) {
  const jobs = jobsOf(script);
  const played = play(client(options), server === "" ? [] : [encode(server)], jobs, end);
  return {
    outcome: played.outcome as ImapOutcome | undefined,
    results: jobs.results,
    said: decode(played.output).split("\r\n").slice(0, -1),
    trace: played.trace.map(([from, line]) => `${from === "self" ? "C" : "S"}: ${decode(line)}`),
    deadlinesMs: played.deadlinesMs,
  };
}
