/**
 * The one door to everything that is not deterministic: clock, randomness, names, network, heavy
 * work and the state of the disk. Swap the world, and the whole system runs in a simulation, from
 * one seed, in virtual time. `net/deno.ts` is the real one.
 */
import type { TlsInfo, TlsRequest } from "../wire/session.ts";

export interface World {
  readonly clock: Clock;
  readonly random: Random;
  readonly net: Net;
  readonly work: Work;
}

export interface Clock {
  /** Milliseconds since 1970, as the machine believes; may jump. */
  now(): number;
  /**
   * Milliseconds since some fixed point; never goes back. For measuring how long something took.
   */
  monotonicMs(): number;
  /** Resolves after `ms`; rejects with the signal's reason when it is aborted before. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Resolves once everything that is ready now has had its turn; what group commit waits for. */
  turn(): Promise<void>;
  /** A coarse alarm that is cheap to set again and again (one wheel for all). */
  alarm(fire: () => void): Alarm;
}

/** Fires once, never early and up to 0.1 s late; setting it again replaces the time. */
export interface Alarm {
  set(ms: number): void;
  cancel(): void;
}

export interface Random {
  bytes(count: number): Uint8Array;
  /** A number in [0, 1), for jitter and choices. */
  fraction(): number;
}

export interface Net {
  /**
   * Listens; port 0 picks a free one.
   * @throws {NetError} with what to do when the address is taken, forbidden or not ours.
   */
  listen(at: Endpoint): Listener;
  /**
   * Connects to the first address of `host` that answers, trying each. A person named this host, so
   * the system resolves it (`localhost`, /etc/hosts).
   * @throws {NetError} when none answers, or after `timeoutMs` in all.
   */
  connect(to: Endpoint, options: ConnectOptions): Promise<Transport>;
  /**
   * Listens on a Unix socket that only its owner may use (mode 0600).
   * @throws {NetError} `inUse` when something lies at the path already.
   */
  listenPath(path: string): Listener;
  connectPath(path: string): Promise<Transport>;
}

export interface ConnectOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

export interface Endpoint {
  /** An IP address, or where a person may name it, a host name. */
  readonly host: string;
  readonly port: number;
}

export interface Listener extends AsyncIterable<Transport> {
  readonly local: Endpoint;
  /** Accepts no more; what was accepted lives on. */
  close(): void;
}

/** One connection, as the driver sees it. */
export interface Transport {
  readonly local: Endpoint;
  readonly remote: Endpoint;
  readonly tls: TlsInfo | null;
  /**
   * The next bytes, lent until the next read; `null` when the peer has closed its side. Called
   * while a read is pending, it gives that one; whoever gives up waiting keeps the promise, or
   * loses bytes.
   * @throws {NetError} when the connection is lost.
   */
  read(): Promise<Uint8Array | null>;
  /**
   * Resolves when all bytes are handed to the system; a peer that never reads holds it up.
   * @throws {NetError} when the connection is lost.
   */
  write(bytes: Uint8Array): Promise<void>;
  /** Upgrades in place; refused while a read is pending. */
  startTls(request: TlsRequest): Promise<TlsInfo>;
  /** Says that no more will be written; reading goes on. */
  closeWrite(): Promise<void>;
  /** Ends everything that is pending. Calling it twice is harmless. */
  close(): void;
}

/** Work that would hold up everybody else if it were done in place. */
export interface Work {
  /** PBKDF2 with SHA-256, 32 bytes; at most two at once, others wait their turn. */
  pbkdf2(password: string, salt: Uint8Array, iterations: number): Promise<Uint8Array>;
}

/** What went wrong on the network, in a person's words and in a machine's. */
export class NetError extends Error {
  override readonly name = "NetError";
  readonly kind: NetErrorKind;
  constructor(kind: NetErrorKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}

export type NetErrorKind =
  | "refused" // nobody listens there
  | "timeout"
  | "unreachable"
  | "unknownHost"
  | "inUse"
  | "forbidden"
  | "notOurs" // the address does not belong to this machine
  | "lost" // the connection broke
  | "other";
