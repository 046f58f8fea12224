/**
 * The server's side of TLS, on every version of Deno that we support: the only TLS server that all
 * of them have is `Deno.listenTls`, so the client's bytes go through a loopback connection to one.
 * STARTTLS and implicit TLS are the same here: either way the client's hello comes next.
 */
import { ByteQueue } from "../wire/bytes.ts";
import type { TlsIdentity } from "../wire/session.ts";
import { type CheckedPair, checkPair, covers } from "./certificate.ts";
import { dialDeno, LOOPBACK, loopback } from "./loopback.ts";
import { type Connection, socketConnection } from "./socket.ts";
import { type Pass, type Splice, splice } from "./splice.ts";
import {
  createFinishedFinder,
  HELLO_BYTES_MAX,
  looksLikeTls,
  type ServerHelloWatch,
  serverNameIn,
  TLS_1_3,
  watchServerHello,
} from "./tls_hello.ts";
import { finishHandshake, spliced, type Upgraded } from "./tls_upgrade.ts";
import { type KeyPair, NetError, type TlsServerIdentity } from "./world.ts";

/** What each identity shows at present; nobody outside can make one, or reach the keys in it. */
const pairsOf = new WeakMap<TlsIdentity, readonly CheckedPair[]>();

/** See `Net.tlsIdentity`. */
export function createTlsIdentity(pairs: readonly KeyPair[]): TlsServerIdentity {
  const identity: TlsServerIdentity = {
    get certificates() {
      return pairsOf.get(identity)!.map(({ facts }) => facts);
    },
    reload(pairs) {
      if (pairs.length === 0) throw new NetError("unusable", "TLS needs a certificate and its key");
      const checked = pairs.map(checkPair);
      // What TLS itself does not take is found now as well, and not by the first client.
      for (const { pair } of checked) listenerOf(pair).close();
      pairsOf.set(identity, checked);
    },
  };
  identity.reload(pairs);
  return identity;
}

/**
 * Upgrades a connection whose client is about to say its hello. Until that is there as a whole,
 * the client costs nothing but its own connection.
 *
 * @param signal ends it: whatever was opened is closed again.
 * @throws {NetError} `handshake` or `lost`.
 */
export async function upgradeServer(
  outer: Connection,
  identity: TlsIdentity,
  signal: AbortSignal,
): Promise<Upgraded> {
  const { hello, serverName } = await readClientHello(outer);
  const { pair, marks } = pairFor(identity, serverName);
  const { near, far } = await loopback(listenerOf(pair), dialDeno);
  const inner = socketConnection(far);
  const watch = watchServerHello();
  const joined = join(outer, socketConnection(near), hello, watch);
  const handshake = () => far.handshake();
  const chosen = await finishHandshake(handshake, { inner, joined, watch, signal });
  return { connection: spliced(outer, inner, joined), info: { ...chosen, ...marks } };
}

function pairFor(identity: TlsIdentity, serverName: string | null): CheckedPair {
  const pairs = pairsOf.get(identity);
  if (pairs === undefined) throw new Error("This TLS identity was made by another world");
  const named = serverName === null
    ? undefined
    : pairs.find(({ facts }) => covers(facts.names, serverName));
  // RFC 6066 §3 allows to go on where the name is not known: many clients ask for the name that
  // DNS gave them, whatever the certificate says, and do not check it.
  return named ?? pairs[0]!;
}

/**
 * A listener for one handshake. It costs 0.1 ms (1 ms with an RSA key), but there is no port that
 * other programs could find, and nothing to replace when the certificates change.
 */
function listenerOf({ certificate, key }: KeyPair): Deno.TlsListener {
  try {
    return Deno.listenTls({ hostname: LOOPBACK, port: 0, cert: certificate, key });
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new NetError("unusable", `TLS cannot use the certificate or its key: ${message}`, {
      cause,
    });
  }
}

interface ClientHello {
  /** All bytes that came; there may be more than the hello. */
  readonly hello: Uint8Array;
  /** In lower case; `null` where the client asked for none. */
  readonly serverName: string | null;
}

async function readClientHello(outer: Connection): Promise<ClientHello> {
  const queue = new ByteQueue();
  for (;;) {
    const chunk = await outer.read();
    if (chunk === null) throw new NetError("lost", "the client left before it began with TLS");
    queue.push(chunk);
    const records = queue.peek();
    if (!looksLikeTls(records)) {
      throw new NetError("handshake", "what the client sent is not TLS");
    }
    const serverName = serverNameIn(records);
    if (serverName !== "more") return { hello: records.slice(), serverName };
    if (records.length > HELLO_BYTES_MAX) {
      throw new NetError("handshake", "the client's hello does not end");
    }
    queue.keep();
  }
}

/** Passes the hello on, and everything that follows. */
function join(
  outer: Connection,
  near: Connection,
  hello: Uint8Array,
  watch: ServerHelloWatch,
): Splice {
  const answer = { came: () => {} };
  const joined = splice(outer, near, {
    first: hello,
    onward: holdBehindFinished(near, watch, answer),
    back(chunk) {
      watch.see(chunk);
      answer.came();
      return outer.write(chunk);
    },
  });
  void joined.back.then(() => answer.came());
  return joined;
}

/** How long the server's answer to the client's Finished is waited for. */
const ANSWER_MS = 20;

/**
 * What a client of TLS 1.3 says right behind its Finished is held until the server has answered
 * with its session tickets. For the system gathers the small writes of Deno's TLS (Nagle), and
 * sends the next one only when the tickets are acknowledged: by what was held at once, but
 * otherwise after 40 ms.
 */
function holdBehindFinished(
  near: Connection,
  watch: ServerHelloWatch,
  answer: { came: () => void },
): Pass {
  const findFinished = createFinishedFinder();
  let passed = false;
  return async (chunk) => {
    // Before TLS 1.3 the server has the last word of the handshake, and nothing can be held for it.
    const { hello } = watch;
    if (typeof hello !== "string" && hello.version !== TLS_1_3) passed = true;
    const end = passed ? null : findFinished(chunk);
    if (end === null) return near.write(chunk);
    passed = true;
    const answered = new Promise<void>((resolve) => answer.came = resolve);
    await near.write(chunk.subarray(0, end));
    await atMost(ANSWER_MS, answered);
    if (end < chunk.length) await near.write(chunk.subarray(end));
  };
}

async function atMost(ms: number, work: Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  await Promise.race([work, new Promise<void>((resolve) => timer = setTimeout(resolve, ms))]);
  clearTimeout(timer);
}
