/** Jobs and servers' scripts for the tests of the SMTP client. */
import assert from "$assert";
import { formatAddress } from "../lib/mail/address.ts";
import { bodyOf } from "../lib/mail/body.ts";
import {
  type Attempt,
  DEFAULT_CLIENT_TIMEOUTS,
  smtpClient,
  type SmtpClientEnd,
  type SmtpClientOptions,
  type SmtpJob,
  type SmtpJobs,
} from "../lib/smtp/client.ts";
import type { Extensions } from "../lib/smtp/ehlo.ts";
import { textOf } from "../lib/smtp/reply.ts";
import { decodeLatin1 } from "../lib/wire/bytes.ts";
import type { Session } from "../lib/wire/session.ts";
import { IN_CLEAR } from "../lib/wire/upgrade.ts";
import { play, type PlayOptions } from "./play.ts";
import { bytewise, latin1 } from "./smtp_support.ts";

export const GREETING = "220 mx.xyz.com ESMTP\r\n";
export const EHLO = "250-mx.xyz.com\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SIZE 1000\r\n" +
  "250-AUTH PLAIN LOGIN\r\n250 ENHANCEDSTATUSCODES\r\n";
export const PLAIN_EHLO = "250 mx.xyz.com\r\n";
export const SENDER_OK = "250 2.1.0 Sender OK\r\n";
export const RECIPIENT_OK = "250 2.1.5 Recipient OK\r\n";
export const GO_AHEAD = "354 Go ahead\r\n";
export const TAKEN = "250 2.0.0 Taken\r\n";
export const BYE = "221 2.0.0 Bye\r\n";

/** The whole script of one message for bob and carol. */
export const SCRIPT = [SENDER_OK, RECIPIENT_OK, RECIPIENT_OK, GO_AHEAD, TAKEN, BYE];

/** A message from alice, by default for bob and carol. */
export function sendJob(content = "Hello\r\n", ...locals: readonly string[]): SmtpJob {
  const to = locals.length === 0 ? ["bob", "carol"] : locals;
  return { do: "send", content: bodyOf(latin1(content)), ...envelopeOf(...to) };
}

/** A question whether these are taken. */
export function verifyJob(contentBytes: number | null, ...locals: readonly string[]): SmtpJob {
  return { do: "verify", contentBytes, ...envelopeOf(...locals) };
}

/** Lets the client hear a server's script, reply by reply and byte by byte. */
export function hear(
  script: readonly string[],
  jobs: readonly SmtpJob[],
  options: Partial<SmtpClientOptions> & { readonly end?: PlayOptions["end"] } = {},
) {
  const { end = "close", ...clientOptions } = options;
  const backend = fakeJobs(...jobs);
  const heard = latin1(script.join(""));
  const played = play(clientSession(clientOptions), replywise(heard), backend, { end });
  const cut = play(clientSession(clientOptions), bytewise(heard), fakeJobs(...jobs), { end });
  assert.deepEqual(cut.output, played.output);
  assert.deepEqual(cut.outcome, played.outcome);
  return {
    end: played.outcome!,
    said: decodeLatin1(played.output).split("\r\n").slice(0, -1),
    results: backend.results,
    backend,
    played,
  };
}

/**
 * One chunk for each reply, as a server sends them that waits to be asked. What is no reply is cut
 * at its line feeds.
 */
export function replywise(bytes: Uint8Array): readonly Uint8Array[] {
  const replies = decodeLatin1(bytes).match(/(?:\d{3}-[^\n]*\n)*[^\n]*(?:\n|$)/g) ?? [];
  return replies.filter((each) => each !== "").map(latin1);
}

export interface FakeJobs extends SmtpJobs {
  /** For each job that was done, its attempts as {@linkcode attemptText} writes them. */
  readonly results: readonly (readonly string[])[];
  /** How many jobs were taken. */
  taken(): number;
  /** What `ready` was told. */
  offered(): Extensions | null;
}

/** What time it is for the client. */
export const NOW = 1_800_000_000_000;

/** Hands out these jobs one after the other. */
export function fakeJobs(...jobs: readonly SmtpJob[]): FakeJobs {
  const results: (readonly string[])[] = [];
  let taken = 0;
  let offered: Extensions | null = null;
  return {
    results,
    taken: () => taken,
    offered: () => offered,
    now: () => NOW,
    next: () => jobs[taken++] ?? null,
    done: (_, attempts) => void results.push(attempts.map(attemptText)),
    ready: (extensions) => void (offered = extensions),
  };
}

/** `bob@xyz.com: delivered at data, 250 2.0.0 OK` */
export function attemptText({ recipient, result, at, reply }: Attempt): string {
  const words = reply === null ? "no reply" : textOf(reply);
  return `${formatAddress(recipient.address)}: ${result} at ${at}, ${words}`;
}

/** From alice@abc.com to these local parts at xyz.com. */
export function envelopeOf(...locals: readonly string[]) {
  return {
    envelope: { sender: { local: "alice", domain: "abc.com" }, body: "7BIT" },
    recipients: locals.map((local) => ({ address: { local, domain: "xyz.com" } })),
  } as const;
}

/** A session of the client as most tests want it. */
export function clientSession(
  options: Partial<SmtpClientOptions> = {},
): Session<FakeJobs, SmtpClientEnd> {
  return smtpClient({
    helloName: "client.example",
    login: null,
    tls: IN_CLEAR,
    timeouts: DEFAULT_CLIENT_TIMEOUTS,
    ...options,
  });
}
