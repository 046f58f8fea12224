/** The real world: Deno's sockets, the system's clock, resolver and randomness. */
import { pbkdf2 } from "node:crypto";
import { lookup } from "node:dns";
import { setImmediate } from "node:timers";
import { NO_DISK } from "./disk.ts";
import { systemDns } from "./dns_client.ts";
import { denoHttps } from "./https.ts";
import { netErrorOf } from "./socket.ts";
import { createTlsIdentity } from "./tls_server.ts";
import { endpointText } from "../endpoint.ts";
import { connTransport } from "./transport.ts";
import { createWheel } from "./wheel.ts";
import { within } from "./within.ts";
import {
  type Clock,
  type ConnectOptions,
  type Endpoint,
  type Listener,
  type Net,
  NetError,
  type Random,
  type Transport,
  type Work,
  type World,
} from "./world.ts";

/**
 * The world as it is. Listening, connecting and asking the DNS need `--allow-net`, and the DNS
 * `--allow-read`, too, to find the system's resolvers; nothing else needs a permission. Where the
 * data is, only its owner knows: `diskAt` gives that disk.
 */
export function denoWorld(): World {
  return {
    clock: denoClock(),
    random: denoRandom(),
    net: denoNet(),
    dns: systemDns(),
    https: denoHttps(),
    work: denoWork(),
    disk: NO_DISK,
  };
}

function denoClock(): Clock {
  const monotonicMs = () => performance.now();
  const wheel = createWheel(monotonicMs, (ms, callback) => {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  });
  return {
    now: () => Date.now(),
    monotonicMs,
    sleep,
    turn: () => new Promise((resolve) => setImmediate(resolve)),
    alarm: wheel.alarm,
  };
}

function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const onAbort = () => {
      clearTimeout(timer);
      reject(signal!.reason);
    };
    // setTimeout takes at most 2^31-1 ms and would fire at once beyond.
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    }, Math.min(ms, 2 ** 31 - 1));
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}

function denoRandom(): Random {
  return {
    bytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
    fraction: () => Math.random(),
  };
}

/** PBKDF2 takes about 10 ms of a core; with more than two at once logins would starve the rest. */
const PBKDF2_AT_ONCE_MAX = 2;

function denoWork(): Work {
  let running = 0;
  const waiting: (() => void)[] = [];
  return {
    async pbkdf2(password, salt, iterations) {
      // Whoever ends hands its place over, so that nobody slips in between.
      if (running >= PBKDF2_AT_ONCE_MAX) await new Promise<void>((go) => waiting.push(go));
      else running++;
      try {
        return await new Promise<Uint8Array>((resolve, reject) => {
          pbkdf2(password, salt, iterations, 32, "sha256", (error, key) => {
            if (error) reject(error);
            else resolve(new Uint8Array(key));
          });
        });
      } finally {
        const next = waiting.shift();
        if (next === undefined) running--;
        else next();
      }
    },
  };
}

function denoNet(): Net {
  return {
    listen(at) {
      try {
        const listener = Deno.listen({ hostname: at.host, port: at.port });
        const { hostname, port } = listener.addr as Deno.NetAddr;
        return acceptFrom(listener, { host: hostname, port });
      } catch (error) {
        throw listenError(at, error);
      }
    },
    connect,
    listenPath(path) {
      try {
        const listener = Deno.listen({ transport: "unix", path });
        // The folder is closed to others already (0700), so there is no moment at which they get
        // in.
        Deno.chmodSync(path, 0o600);
        return acceptFrom(listener, { host: path, port: 0 });
      } catch (error) {
        throw listenError(path, error);
      }
    },
    async connectPath(path) {
      try {
        return connTransport(await Deno.connect({ transport: "unix", path }));
      } catch (error) {
        throw netErrorOf(error, `cannot connect to ${path}`);
      }
    },
    tlsIdentity: createTlsIdentity,
  };
}

function acceptFrom(listener: Deno.Listener, local: Endpoint): Listener {
  let closed = false;
  return {
    local,
    close() {
      if (closed) return;
      closed = true;
      listener.close();
    },
    async *[Symbol.asyncIterator]() {
      while (!closed) {
        try {
          yield connTransport(await listener.accept());
        } catch (error) {
          if (closed) return;
          // Out of file descriptors, or a client that left before it was accepted: neither may end
          // the server, and neither may keep it busy.
          await sleep(error instanceof Deno.errors.ConnectionAborted ? 0 : 100);
        }
      }
    },
  };
}

/** `at` is an endpoint, or the path of a Unix socket. */
function listenError(at: Endpoint | string, error: unknown): NetError {
  const where = `cannot listen on ${typeof at === "string" ? at : endpointText(at)}`;
  if (error instanceof Deno.errors.AddrInUse) {
    const hint = typeof at === "string"
      ? "it exists already"
      : "another program uses this port (stop it, or choose another port; 0 picks a free one)";
    return new NetError("inUse", `${where}: ${hint}`, { cause: error });
  }
  if (error instanceof Deno.errors.PermissionDenied) {
    const low = typeof at !== "string" && at.port < 1024;
    const hint = low ? " (ports below 1024 need root; try 2525)" : "";
    return new NetError("forbidden", `${where}: permission denied${hint}`, { cause: error });
  }
  if (error instanceof Deno.errors.AddrNotAvailable) {
    return new NetError("notOurs", `${where}: this machine does not have that address`, {
      cause: error,
    });
  }
  // Deno has no class for this; the words are its own, whatever the system says behind them.
  if (typeof at !== "string" && /^failed to lookup address/.test(messageOf(error))) {
    return new NetError("unknownHost", `${where}: there is no host ${at.host}`, { cause: error });
  }
  return new NetError("other", `${where}: ${messageOf(error)}`, { cause: error });
}

/**
 * Every address of the host gets its turn, and an even share of the time that is left: one that
 * never answers must not use up what the others need. The last failure is the one that is reported.
 */
async function connect(to: Endpoint, options: ConnectOptions): Promise<Transport> {
  const { timeoutMs, signal } = options;
  const endMs = performance.now() + timeoutMs;
  const seconds = Math.max(1, Math.round(timeoutMs / 1000));
  const late = new NetError("timeout", `no answer from ${endpointText(to)} within ${seconds} s`);
  const addresses = await within(timeoutMs, late, signal, (stop) => addressesOf(to.host, stop));
  let last: unknown = new NetError("unknownHost", `there is no host ${to.host}`);
  for (const [tried, hostname] of addresses.entries()) {
    const leftMs = Math.max(0, endMs - performance.now());
    const shareMs = leftMs / (addresses.length - tried);
    try {
      return connTransport(
        await within(
          shareMs,
          late,
          signal,
          (stop) => Deno.connect({ hostname, port: to.port, signal: stop }),
        ),
      );
    } catch (error) {
      signal?.throwIfAborted();
      last = error;
    }
  }
  throw netErrorOf(last, `cannot connect to ${endpointText(to)}`);
}

/** The system's resolver cannot be stopped; what it says after `stop` is not waited for. */
function addressesOf(host: string, stop: AbortSignal): Promise<readonly string[]> {
  if (host === "") return Promise.resolve([]);
  return new Promise((resolve, reject) => {
    stop.addEventListener("abort", () => reject(stop.reason), { once: true });
    lookup(host, { all: true }, (error, addresses) => {
      if (error === null) resolve(addresses.map((each) => each.address));
      else if (error.code === "EAI_AGAIN") {
        reject(new NetError("other", `cannot look up ${host} just now`, { cause: error }));
      } else reject(new NetError("unknownHost", `there is no host ${host}`, { cause: error }));
    });
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
