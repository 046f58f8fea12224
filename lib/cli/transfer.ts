/**
 * Handing a message to a server, as `smtpc` and the library do it: over a connection of its own.
 * Where no transaction comes about, a {@linkcode Failure} says why.
 */
import { type Endpoint, endpointText } from "../endpoint.ts";
import type { Body } from "../mail/body.ts";
import type { Envelope, Recipient } from "../mail/envelope.ts";
import { literalOf } from "../mail/literal.ts";
import { drive, type DriveOptions } from "../net/drive.ts";
import { NetError, type Transport, type World } from "../net/world.ts";
import { scramWork } from "../net/scram_work.ts";
import type { Login, SaslFault } from "../sasl/client.ts";
import {
  type Attempt,
  smtpClient,
  type SmtpClientEnd,
  type SmtpClientTimeouts,
  type SmtpJob,
} from "../smtp/client.ts";
import { type Extensions, NO_EXTENSIONS } from "../smtp/ehlo.ts";
import type { Stage, StopAfter } from "../smtp/client_stage.ts";
import { textOf } from "../smtp/reply.ts";
import type { MaybePromise, TraceFrom } from "../wire/session.ts";
import {
  clientTls,
  exposedFailure,
  goesOnUnverified,
  noTlsFailure,
  type TlsChoice,
  tlsFailure,
} from "./client_tls.ts";
import { EXIT, Failure } from "./fail.ts";

/** How a server is reached. */
export interface Access {
  readonly world: World;
  readonly to: Endpoint;
  /** What we call ourselves in EHLO; `null`: the address that we have on the connection. */
  readonly helloName: string | null;
  /** For connecting, and for each answer of the server. */
  readonly timeoutMs: number;
  readonly tls: TlsChoice;
  /** Gives up early: the connection is cut off. */
  readonly signal?: AbortSignal;
  /** Is shown the dialogue, line by line, with everything secret masked. */
  readonly trace?: (from: TraceFrom, bytes: Uint8Array) => void;
}

export interface SmtpAccess extends Access {
  /** `null`: without logging in. */
  readonly login: Login | null;
  /**
   * For the answer to the end of the message, by default `timeoutMs`. RFC 5321 §4.5.3.2.6 asks for
   * ten minutes: whoever gives up early may send a message twice.
   */
  readonly finalTimeoutMs?: number;
  /** Default `smtp`. */
  readonly protocol?: "smtp" | "lmtp";
  /** Ends the conversation early, on purpose. */
  readonly stopAfter?: StopAfter;
  /** Whether to send to the others when a recipient is refused; by default nothing is sent then. */
  readonly partial?: boolean;
}

/** One message on its way. */
export interface Outgoing {
  readonly envelope: Envelope;
  /** At least one. */
  readonly recipients: readonly Recipient[];
  /** With CRLF line ends. */
  readonly content: Body;
}

export interface SendResult {
  /** What became of each recipient, in their order. */
  readonly attempts: readonly Attempt[];
  /** Behind what it ended because of `stopAfter`; `null` where it did not. */
  readonly stopped: Stage | null;
}

/**
 * Sends one message.
 * @throws {Failure} when there is no connection, no login, or no SMTP on the other side.
 */
export function sendOverSmtp(options: SmtpAccess & Outgoing): Promise<SendResult> {
  return sendPrepared(options, () => options);
}

/**
 * Like {@linkcode sendOverSmtp}, for a message that can only be written once it is known what the
 * server calls itself and what it offers. What `prepare` throws is thrown here, after the
 * connection was closed.
 */
export async function sendPrepared(
  access: SmtpAccess,
  prepare: (serverName: string, extensions: Extensions) => MaybePromise<Outgoing>,
): Promise<SendResult> {
  const { attempts, stopped } = await converse(access, prepare);
  return { attempts, stopped };
}

/**
 * Connects, logs in and leaves, to find out whether that works. Gives what the server calls itself.
 * @throws {Failure} as {@linkcode sendOverSmtp}
 */
export async function visitSmtp(access: SmtpAccess): Promise<string> {
  return (await converse(access, null)).serverName;
}

/**
 * Connects.
 * @throws {Failure} that says what to check.
 */
export async function connectTo({ world, to, timeoutMs, signal }: Access): Promise<Transport> {
  try {
    return await world.net.connect(to, { timeoutMs, ...(signal === undefined ? {} : { signal }) });
  } catch (error) {
    if (!(error instanceof NetError)) throw error;
    throw connectFailure(error, to);
  }
}

/** What to call oneself on a connection, where nothing better is known (RFC 5321 §4.1.4). */
export function helloNameOf({ helloName }: Access, transport: Transport): string {
  return helloName ?? literalOf(transport.local.host) ?? "localhost";
}

/** All waits of a session with the same limit. */
export function timeoutsOf(timeoutMs: number, finalMs = timeoutMs): SmtpClientTimeouts {
  return {
    greetingMs: timeoutMs,
    commandMs: timeoutMs,
    dataMs: timeoutMs,
    blockMs: timeoutMs,
    finalMs,
  };
}

/** A driver's signal for when nobody gives up early. */
const NEVER = new AbortController().signal;

async function converse(
  access: SmtpAccess,
  prepare: ((serverName: string, extensions: Extensions) => MaybePromise<Outgoing>) | null,
): Promise<SendResult & { readonly serverName: string }> {
  let attempts: readonly Attempt[] | null = null;
  let serverName: string | null = null;
  let extensions = NO_EXTENSIONS;
  let handedOut = false;
  const jobs = {
    ready(offered: Extensions, name: string) {
      extensions = offered;
      serverName = name;
    },
    async next(): Promise<SmtpJob | null> {
      if (prepare === null || handedOut) return null;
      handedOut = true;
      const { envelope, recipients, content } = await prepare(serverName ?? "", extensions);
      const allOrNothing = access.partial !== true;
      return { do: "send", envelope, recipients, content, allOrNothing };
    },
    now: () => access.world.clock.now(),
    done(_: SmtpJob, learnt: readonly Attempt[]) {
      attempts = learnt;
    },
  };
  const talk = async (verify: boolean, withoutChunking = false) => {
    handedOut = false;
    const transport = await connectTo(access);
    const session = smtpClient<typeof jobs>({
      helloName: helloNameOf(access, transport),
      login: access.login === null ? null : { ...access.login, work: scramWork(access.world) },
      tls: clientTls(access, transport, verify),
      timeouts: timeoutsOf(access.timeoutMs, access.finalTimeoutMs),
      protocol: access.protocol ?? "smtp",
      withoutChunking,
      stopAfter: access.stopAfter ?? null,
      traced: access.trace !== undefined,
    });
    return { transport, end: await drive(session, transport, jobs, driveOptionsOf(access)) };
  };
  const { transport, end: first } = await talk(true);
  const again = first.end === "tlsFailed" &&
    goesOnUnverified(access, transport, { why: first.why, hasLogin: access.login !== null });
  const second = again ? (await talk(false)).end : first;
  const end = second.end === "noChunking" ? (await talk(!again, true)).end : second;
  const stopped = end.end === "stopped" ? end.stop.stage : null;
  const visited = prepare === null && serverName !== null;
  if (attempts === null && !visited && stopped === null) throw endFailure(end, access);
  return { attempts: attempts ?? [], serverName: serverName ?? "", stopped };
}

/** What drives the sessions of a client. */
export function driveOptionsOf({ world, signal, trace }: Access): DriveOptions {
  return {
    clock: world.clock,
    signal: signal ?? NEVER,
    ...(trace === undefined ? {} : { trace }),
  };
}

function connectFailure(error: NetError, to: Endpoint): Failure {
  const cause = { cause: error };
  switch (error.kind) {
    case "refused":
      return new Failure(
        EXIT.unavailable,
        `nothing listens on ${
          endpointText(to)
        }: check that the server runs and that host and port ` +
          "are right (one port is enough: a server serves reading on its SMTP --port too)",
        cause,
      );
    case "unknownHost":
      return new Failure(EXIT.noSuchHost, `${error.message}: check the spelling`, cause);
    case "timeout":
      return new Failure(
        EXIT.tryAgainLater,
        `${error.message} (--timeout sets how long to wait; a firewall may be in between)`,
        cause,
      );
    case "lost":
    case "other":
      return new Failure(EXIT.tryAgainLater, error.message, cause);
    default:
      return new Failure(EXIT.unavailable, error.message, cause);
  }
}

/** Why no transaction came about. */
export function endFailure(end: SmtpClientEnd, access: SmtpAccess): Failure {
  const { to, timeoutMs, login } = access;
  const where = endpointText(to);
  switch (end.end) {
    case "refused": {
      const words = textOf(end.reply);
      const later = end.reply.code < 500;
      if (end.at === "login") {
        return later
          ? new Failure(EXIT.tryAgainLater, `${where} cannot check logins just now: ${words}`)
          : new Failure(
            EXIT.loginRefused,
            `the login was refused by ${where}: ${words} (check --user and the password)`,
          );
      }
      const status = later || end.reply.code === 421 ? EXIT.tryAgainLater : EXIT.unavailable;
      return new Failure(status, `${where} does not want to talk: ${words}`);
    }
    case "noLogin":
      return new Failure(
        EXIT.loginRefused,
        login?.mechanism === undefined
          ? `${where} offers no login that works here (without --user, nobody logs in)`
          : `${where} does not offer ${login.mechanism} (--auth chooses another)`,
      );
    case "noTls":
      return noTlsFailure(access);
    case "tlsFailed":
      return tlsFailure(end.why, access);
    case "exposed":
      return exposedFailure(access);
    case "faultyLogin":
      return faultyLoginFailure(end.fault, where);
    case "protocol":
      return new Failure(EXIT.protocol, `what answers at ${where} is not SMTP: ${end.detail}`);
    case "lost":
      return lostFailure(end.reason, where, timeoutMs);
    case "done":
    case "noChunking":
    case "stopped":
      throw new Error("a conversation that is done has made its transaction");
  }
}

/** We did not log in, whatever the server said. */
export function faultyLoginFailure({ fault, text }: SaslFault, where: string): Failure {
  switch (fault) {
    case "unsendable":
      return new Failure(EXIT.usage, `${text} (--auth plain sends it as it is)`);
    case "protocol":
      return new Failure(EXIT.protocol, `the login at ${where} makes no sense: ${text}`);
    case "untrusted":
      return new Failure(EXIT.loginRefused, `no login at ${where}: ${text}`);
  }
}

/** The connection came to its end early. */
export function lostFailure(
  reason: Extract<SmtpClientEnd, { readonly end: "lost" }>["reason"],
  where: string,
  timeoutMs: number,
): Failure {
  switch (reason) {
    case "deadline":
      return new Failure(
        EXIT.tryAgainLater,
        `no answer from ${where} within ${timeoutMs / 1000} s (--timeout sets how long to wait)`,
      );
    case "closed":
    case "lost":
      return new Failure(EXIT.tryAgainLater, `${where} closed the connection`);
    case "shutdown":
      return new Failure(EXIT.cancelled, "cancelled");
  }
}
