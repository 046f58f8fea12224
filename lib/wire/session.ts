/**
 * The whole contract between a protocol and the world.
 *
 * A session is a generator that holds one conversation. It yields effects (read, write, call the
 * backend, …) and is resumed with their results. There is no socket, clock, randomness or promise
 * inside, so the same session runs on sockets, in a simulator and synchronously under a fuzzer.
 *
 * Steps compose with `yield*`. A bare `yield` stands only in this file, so that the type of each
 * resumed value is asserted in one place.
 */

/** A result that may be there at once; the driver awaits only where it has to. */
export type MaybePromise<T> = T | Promise<T>;

/** What a session asks of its driver. `B` is the backend that `call` reaches. */
export type Effect<B> =
  | { readonly do: "read"; readonly wake?: Wake<B> }
  | { readonly do: "write"; readonly bytes: Uint8Array; readonly flush?: true }
  | { readonly do: "deadline"; readonly ms: number }
  | { readonly do: "pause"; readonly ms: number }
  | { readonly do: "startTls"; readonly request: TlsRequest }
  | { readonly do: "compress"; readonly heard: Uint8Array }
  | { readonly do: "call"; readonly run: Call<B, unknown> }
  | { readonly do: "trace"; readonly from: TraceFrom; readonly bytes: Uint8Array };

export type Call<B, T> = (backend: B, signal: AbortSignal) => MaybePromise<T>;
export type Wake<B> = (backend: B, signal: AbortSignal) => Promise<void>;
export type TraceFrom = "peer" | "self";

/** A conversation that ends with an outcome. */
export type Session<B, Outcome = void> = Generator<Effect<B>, Outcome, unknown>;
/** A part of a conversation: the same thing, read as "does something and gives a `T`". */
export type Step<B, T> = Generator<Effect<B>, T, unknown>;

/** What is asked of a TLS upgrade, on either side. */
export type TlsRequest =
  | { readonly side: "server"; readonly identity: TlsIdentity }
  | {
    readonly side: "client";
    /** The name or IP address that the certificate has to be for. A name is sent as SNI. */
    readonly hostname: string;
    /** `false`: whoever answers will do, so this keeps off listeners, not impostors (RFC 7435). */
    readonly verify: boolean;
    /** PEM certificates trusted beside the well-known authorities, where `verify` is true. */
    readonly authorities?: readonly string[];
  };

/** The certificates a server shows: made by `Net.tlsIdentity`, and only handed on by a session. */
export interface TlsIdentity {
  /** The first is shown to clients that ask for no name, or for one that is not here. */
  readonly certificates: readonly TlsCertificate[];
}

export interface TlsCertificate {
  /** DNS names, perhaps with `*` as the first label, and IP addresses. */
  readonly names: readonly string[];
  /** SHA-256 of the certificate as people compare it: `AB:CD:…`. */
  readonly fingerprint: string;
  /** Milliseconds since 1970. */
  readonly validFromMs: number;
  readonly validUntilMs: number;
}

/** What a TLS upgrade gave. */
export interface TlsInfo {
  /** For example `TLSv1.3`. */
  readonly version: string;
  /** For example `TLS_AES_256_GCM_SHA384`. */
  readonly cipher: string;
  /**
   * The channel binding `tls-server-end-point` (RFC 5929 §4.1), for SCRAM-SHA-256-PLUS. `null`
   * where the runtime does not show the server's certificate (a client that verified it), or where
   * its signature has no hash (Ed25519).
   */
  readonly binding: Uint8Array | null;
  /** SHA-256 of the server's certificate, `AB:CD:…`; `null` where it cannot be seen. */
  readonly fingerprint: string | null;
}

/** Why a session is interrupted at the point where it waits. */
export type InterruptReason = "deadline" | "lost" | "shutdown";

/**
 * Thrown into a session where it waits. After `deadline` and `shutdown` it may still write a last
 * reply; after `lost` nobody is there to read one.
 */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
  readonly reason: InterruptReason;
  constructor(reason: InterruptReason, cause?: unknown) {
    super(`the conversation was interrupted: ${reason}`, { cause });
    this.reason = reason;
  }
}

/** The next bytes, borrowed until the next read; `null` when the peer has closed its side. */
export function* read<B>(): Step<B, Uint8Array | null> {
  return (yield { do: "read" }) as Uint8Array | null;
}

/** Like {@linkcode read}, but gives `"wake"` when `wake` resolves first. */
export function* readOrWake<B>(wake: Wake<B>): Step<B, Uint8Array | null | "wake"> {
  return (yield { do: "read", wake }) as Uint8Array | null | "wake";
}

/** Gives bytes to the peer. They are gathered and sent at the next read that waits. */
export function* write<B>(bytes: Uint8Array): Step<B, void> {
  yield { do: "write", bytes };
}

/** Gives bytes to the peer and sends all that was gathered (RFC 2920 §3.2). */
export function* writeNow<B>(bytes: Uint8Array): Step<B, void> {
  yield { do: "write", bytes, flush: true };
}

/** From here, reads and flushes together may take `ms`, until the next deadline is set. */
export function* deadline<B>(ms: number): Step<B, void> {
  yield { do: "deadline", ms };
}

/** Sends what was gathered, then waits: a tarpit. */
export function* pause<B>(ms: number): Step<B, void> {
  yield { do: "pause", ms };
}

/** Upgrades to TLS in place. No read may be pending. */
export function* startTls<B>(request: TlsRequest): Step<B, TlsInfo> {
  return (yield { do: "startTls", request }) as TlsInfo;
}

/**
 * Compresses with DEFLATE from here on, both ways (RFC 4978). `heard` is what was read already and
 * came behind the agreement to do so, which makes it the beginning of what the peer compresses.
 */
export function* compress<B>(heard: Uint8Array): Step<B, void> {
  yield { do: "compress", heard };
}

/** Asks the backend. What it throws is thrown here. */
export function* call<B, T>(run: Call<B, T>): Step<B, T> {
  return (yield { do: "call", run }) as T;
}

/** Shows a line, as it may be seen: the session has masked what is secret. */
export function* trace<B>(from: TraceFrom, bytes: Uint8Array): Step<B, void> {
  yield { do: "trace", from, bytes };
}

/**
 * Runs a session inside of another whose backend is larger: its calls reach the part that `select`
 * gives. This is how one connection goes on in another protocol.
 */
export function* using<B, Part, T>(
  session: Generator<Effect<Part>, T, unknown>,
  select: (backend: B) => Part,
): Step<B, T> {
  try {
    let step = session.next();
    while (!step.done) {
      try {
        const resumed: unknown = yield widen(step.value, select);
        step = session.next(resumed);
      } catch (thrown) {
        step = session.throw(thrown);
      }
    }
    return step.value;
  } finally {
    session.return(undefined as T);
  }
}

function widen<B, Part>(effect: Effect<Part>, select: (backend: B) => Part): Effect<B> {
  if (effect.do === "call") {
    return { do: "call", run: (backend, signal) => effect.run(select(backend), signal) };
  }
  if (effect.do === "read" && effect.wake !== undefined) {
    const wake = effect.wake;
    return { do: "read", wake: (backend, signal) => wake(select(backend), signal) };
  }
  return effect as Effect<B>;
}
