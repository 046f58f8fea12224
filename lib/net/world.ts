/**
 * The one door to everything that is not deterministic: clock, randomness, names, network, heavy
 * work and the state of the disk. Swap the world, and the whole system runs in a simulation, from
 * one seed, in virtual time. `net/deno.ts` is the real one.
 */
import type { Endpoint } from "../endpoint.ts";
import type { MaybePromise, TlsIdentity, TlsInfo, TlsRequest } from "../wire/session.ts";
import type { Dns } from "./dns.ts";

export type { Endpoint };

export interface World {
  readonly clock: Clock;
  readonly random: Random;
  readonly net: Net;
  readonly dns: Dns;
  readonly https: Https;
  readonly work: Work;
  readonly disk: Disk;
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
  /**
   * Makes what a server shows to its clients from one pair or several; each client gets the first
   * pair whose certificate has the name that it asked for, else the first pair.
   * @throws {NetError} `unusable` with what is wrong about a pair, or when there is none.
   */
  tlsIdentity(pairs: readonly KeyPair[]): TlsServerIdentity;
}

/** A certificate and its private key, both PEM. */
export interface KeyPair {
  /** The server's own certificate first, then those that lead to an authority. */
  readonly certificate: string;
  /** Not encrypted. */
  readonly key: string;
}

/** A TLS identity in the hands of its owner. It holds nothing that would have to be closed. */
export interface TlsServerIdentity extends TlsIdentity {
  /**
   * Shows other certificates from the next handshake on; connections live on with what they have.
   * @throws {NetError} `unusable` like `tlsIdentity`; then the old ones stay.
   */
  reload(pairs: readonly KeyPair[]): void;
}

export interface ConnectOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
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
   * Gives bytes back: the next read gives these.
   * @throws {Error} when a read is pending.
   */
  unread(bytes: Uint8Array): void;
  /**
   * Resolves when all bytes are handed to the system; a peer that never reads holds it up.
   * @throws {NetError} when the connection is lost.
   */
  write(bytes: Uint8Array): Promise<void>;
  /**
   * Upgrades in place. There is no way back: when it fails, or `close` is called meanwhile, the
   * connection is closed.
   * @throws {NetError} `untrusted` when the server's certificate will not do, `handshake` when the
   * two could not agree, `lost` when the connection broke.
   * @throws {Error} when a read is pending, or TLS was started before.
   */
  startTls(request: TlsRequest): Promise<TlsInfo>;
  /** Says that no more will be written; reading goes on. */
  closeWrite(): Promise<void>;
  /** Ends everything that is pending. Calling it twice is harmless. */
  close(): void;
}

export interface Https {
  /**
   * GET, once: redirections are not followed, nothing is cached, and the certificate is verified.
   * Any status is an answer.
   * @throws {NetError} `untrusted`, `timeout`, or `other`, also when the body is too long
   */
  get(url: string, options: HttpsOptions): Promise<HttpsAnswer>;
}

export interface HttpsOptions {
  /** For the whole answer. */
  readonly timeoutMs: number;
  readonly bytesMax: number;
  /** PEM certificates that are trusted beside the well-known authorities. */
  readonly authorities?: readonly string[];
  readonly signal?: AbortSignal;
}

export interface HttpsAnswer {
  readonly status: number;
  /** The field Content-Type as it came; empty without one. */
  readonly type: string;
  readonly body: Uint8Array;
}

/** Work that would hold up everybody else if it were done in place. */
export interface Work {
  /** PBKDF2 with SHA-256, 32 bytes; at most two at once, others wait their turn. */
  pbkdf2(password: string, salt: Uint8Array, iterations: number): Promise<Uint8Array>;
}

/** The disk that holds the data. */
export interface Disk {
  /** Bytes that are free; `null` where it cannot be told. */
  freeBytes(): MaybePromise<number | null>;
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
  | "handshake" // the two sides found no common TLS, or one of them does not speak it
  | "untrusted" // the other side's certificate does not show that it is who it should be
  | "unusable" // a certificate or key of ours cannot be used
  | "other";
