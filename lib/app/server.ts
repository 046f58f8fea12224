/** One running server: listeners, a task for each connection, the queue's worker, and their end. */
import type { ServerConfig, Service } from "../config.ts";
import { isImplicitTls, SERVICES } from "../config.ts";
import { isLoopback } from "../endpoint.ts";
import { describeError, type Log } from "../log.ts";
import { canonicalAddress } from "../mail/literal.ts";
import { drive } from "../net/drive.ts";
import { heldConnections } from "../net/socket.ts";
import type { Endpoint, Listener, Transport, World } from "../net/world.ts";
import { isIn, parseNetwork } from "../policy/networks.ts";
import { parseAllowedSenders } from "../policy/senders.ts";
import { createMetrics } from "../metrics.ts";
import { createVisitors } from "../policy/visitors.ts";
import { scheduleOf } from "../queue/schedule.ts";
import { startWorker, type Worker } from "../queue/worker.ts";
import { type Reply, reply } from "../smtp/reply.ts";
import { createRoom, type Room } from "../wire/room.ts";
import type { Store } from "../store/store.ts";
import type { TextIndex } from "../store/text_index.ts";
import type { Session, TlsIdentity } from "../wire/session.ts";
import { createAccounts } from "./accounts.ts";
import { type Backends, conversation, turnAway } from "./conversation.ts";
import { releaseOf } from "./release.ts";
import { createOnward } from "./onward.ts";
import { createImapBackend } from "./imap_backend.ts";
import { createPop3Backend } from "./pop3_backend.ts";
import { startHistoryKeeper } from "./history_keeper.ts";
import type { Keeper } from "./keeper.ts";
import { startMailKeeper } from "./mail_keeper.ts";
import { createMaildrops } from "./maildrops.ts";
import { startPolicyKeeper } from "./policy_keeper.ts";
import { introduce } from "./proxied.ts";
import { type QuietLog, quietLog } from "./quiet_log.ts";
import { makeQueueReport } from "./report.ts";
import { NO_SEARCH_KEEPER, startSearchKeeper } from "./search_keeper.ts";
import type { Site } from "./site.ts";
import { createSmtpBackend } from "./smtp_backend.ts";
import { createSpace } from "./space.ts";
import { tooMuch, visit } from "./visit.ts";
import { watchTls } from "./watch_tls.ts";

export interface ServerParts {
  readonly config: ServerConfig;
  readonly world: World;
  readonly store: Store;
  readonly log: Log;
  /** What the server shows to clients; `null`: it has no TLS. */
  readonly identity: TlsIdentity | null;
  /** Of the texts in the store; without it, searches read them all. */
  readonly index?: TextIndex | null;
}

export interface RunningServer {
  readonly site: Site;
  /** One for each address and service, in the order of the configuration. */
  readonly listening: readonly Listening[];
  /** Bytes of content that are in memory and not stored yet; 0 while nobody sends a message. */
  contentBytes(): number;
  /**
   * Listens no more, lets commands and deliveries that are under way come to their end, and says
   * 421 to the others. The store is left open.
   */
  stop(): Promise<void>;
}

export interface Listening {
  readonly service: Service;
  readonly host: string;
  readonly port: number;
}

/** What is still open this long after the stop is cut off. */
const STOP_GRACE_MS = 5_000;
/** So many connections hear at once that there are too many; others are closed without a word. */
const TURNED_AWAY_MAX = 100;
const TOO_MANY = reply(421, "4.3.2", "Too many connections, try again later");
/**
 * Of all connections, those by which mail is read: mail programs keep theirs open for days, one for
 * each mailbox, and must not keep mail from coming in.
 */
export const READERS_PERCENT_MAX = 75;
/** Content that is in memory at once, on all connections together, before it is stored. */
const CONTENT_BYTES_MAX = 512 * 1024 * 1024;

/**
 * Starts a server.
 * @throws {NetError} when an address cannot be listened on; then nothing is left open.
 * @throws {RangeError} when a port is for TLS and there is no identity, or an allowed sender or a
 * trusted network is none.
 */
export function startServer(parts: ServerParts): RunningServer {
  const { config, world, store, identity } = parts;
  const quiet = quietLog(parts.log, world.clock);
  const { log } = quiet;
  const { domains, limitLoopback, mxPort } = config;
  const accounts = createAccounts({
    world,
    users: store.users,
    aliases: store.aliases,
    domains,
    allowedSenders: parseAllowedSenders(config.allowedSenders, domains[0]!),
    limitLoopback,
  });
  const trusted = config.trusted.map(parseNetwork);
  const isProxy = (address: string) => isIn(trusted, address);
  const visitors = createVisitors({
    isProxy,
    connectionsMax: config.connectionsPerAddressMax,
    messagesPerMinuteMax: config.messagesPerMinuteMax,
    limitLoopback,
  });
  const onward = createOnward({
    config,
    world,
    store,
    log,
    isOwn: (address) => listeners.some(([, { local }]) => isAt(local, address, mxPort)),
  });
  const metrics = createMetrics();
  const space = createSpace({ world, store, log, freeBytesMin: config.freeBytesMin });
  const listeners = listen({ config, world }, identity);
  const asked = { accounts, visitors, space, metrics, maildrops: createMaildrops() };
  const shared = { config, world, store, log, ...asked, ...onward };
  const searches = parts.index ? startSearchKeeper(shared, parts.index) : NO_SEARCH_KEEPER;
  const site: Site = { ...shared, searches };
  const connections = new Connections(site, identity, isProxy);
  const accepting = listeners.map(([service, listener]) => connections.accept(service, listener));
  const worker = startWorker({
    world,
    store,
    links: onward.links,
    targets: onward.targets,
    schedule: scheduleOf(config),
    log,
    report: (outcomes) => makeQueueReport(site, outcomes),
    release: (group) => releaseOf(site, group),
  });
  const keepers = [site.searches, ...startKeepers(site)];
  return {
    site,
    listening: listeners.map(([service, { local }]) => ({ service, ...local })),
    contentBytes: () => connections.contentBytes(),
    stop: () => stop(site, { listeners, accepting, connections, worker, quiet, keepers }),
  };
}

function startKeepers(site: Site): readonly Keeper[] {
  return [startHistoryKeeper(site), startPolicyKeeper(site), startMailKeeper(site)];
}

/** Whether who connects to this address comes to this listener. */
function isAt(local: Endpoint, address: string, port: number | null): boolean {
  if (local.port !== port) return false;
  const everywhere = local.host === "0.0.0.0" || local.host === "::";
  return everywhere ? isLoopback(address) : canonicalAddress(local.host) === address;
}

interface Running {
  readonly listeners: readonly (readonly [Service, Listener])[];
  readonly accepting: readonly Promise<void>[];
  readonly connections: Connections;
  readonly worker: Worker;
  readonly quiet: QuietLog;
  readonly keepers: readonly Keeper[];
}

async function stop(site: Site, running: Running): Promise<void> {
  for (const [, listener] of running.listeners) listener.close();
  await Promise.all(running.accepting);
  // Kept connections go as soon as no delivery needs them: their servers may be stopping as well,
  // and would wait for us as we wait for them.
  const delivered = running.worker.stop().then(() => site.links.close());
  const kept = running.keepers.map((keeper) => keeper.stop());
  await Promise.all([running.connections.end(), delivered, ...kept]);
  // A recipient may have been asked about meanwhile, over a new connection.
  await site.links.close();
  site.policies.close();
  running.quiet.close();
}

function listen(
  { config, world }: Pick<Site, "config" | "world">,
  identity: TlsIdentity | null,
): readonly (readonly [Service, Listener])[] {
  const listeners: (readonly [Service, Listener])[] = [];
  try {
    for (const service of SERVICES) {
      const port = config.ports[service];
      if (port === null) continue;
      if (isImplicitTls(service) && identity === null) {
        throw new RangeError(`the ${service} port needs a certificate`);
      }
      for (const host of config.hosts) {
        listeners.push([service, world.net.listen({ host, port })]);
      }
    }
  } catch (error) {
    for (const [, listener] of listeners) listener.close();
    throw error;
  }
  return listeners;
}

/** Whether mail is read there, and none comes in. */
function isForReading(service: Service): boolean {
  return ["imap", "imaps", "pop3", "pop3s"].includes(service);
}

/** The connections that are open, each a task of its own. */
class Connections {
  readonly #site: Site;
  readonly #identity: TlsIdentity | null;
  readonly #isProxy: (address: string) => boolean;
  readonly #backends: Backends;
  readonly #room: Room;
  readonly #stop = new AbortController();
  readonly #open = new Map<Promise<void>, Transport>();
  /** Those of the open ones that are served, */
  #served = 0;
  /** those of these by which mail is read, */
  #readers = 0;
  /** and those that only hear why they are not. */
  #turnedAway = 0;

  constructor(
    site: Site,
    identity: TlsIdentity | null,
    isProxy: (address: string) => boolean,
  ) {
    this.#site = site;
    this.#identity = identity;
    this.#isProxy = isProxy;
    // Where messages may be large, a few of them still find room at once.
    this.#room = createRoom(Math.max(CONTENT_BYTES_MAX, 4 * site.config.messageBytesMax));
    this.#backends = {
      ...createSmtpBackend(site),
      pop3: createPop3Backend(site),
      imap: createImapBackend(site),
    };
  }

  contentBytes(): number {
    return this.#room.heldBytes();
  }

  /** Resolves when the listener is closed. */
  async accept(service: Service, listener: Listener): Promise<void> {
    for await (const transport of listener) {
      const task = this.#serve(service, transport).finally(() => this.#open.delete(task));
      this.#open.set(task, transport);
    }
  }

  async end(): Promise<void> {
    this.#stop.abort();
    const alarm = this.#site.world.clock.alarm(() => {
      for (const transport of this.#open.values()) transport.close();
    });
    alarm.set(STOP_GRACE_MS);
    await Promise.all(this.#open.keys());
    alarm.cancel();
  }

  async #serve(service: Service, transport: Transport): Promise<void> {
    const reader = isForReading(service) ? 1 : 0;
    let refusal: Reply | null = TOO_MANY;
    if (!this.#isFull(service)) {
      this.#served++;
      this.#readers += reader;
      refusal = await this.#converse(service, transport);
      this.#readers -= reader;
      this.#served--;
    }
    // Not in the time of its place: whoever has too many connections must not keep others out.
    if (refusal !== null) await this.#turnAway(service, transport, refusal);
  }

  #isFull(service: Service): boolean {
    const { connectionsMax } = this.#site.config;
    if (this.#served + heldConnections() >= connectionsMax) return true;
    const readersMax = Math.max(1, Math.floor(connectionsMax * READERS_PERCENT_MAX / 100));
    return isForReading(service) && this.#readers >= readersMax;
  }

  /** With the peer, or with the one that a proxy speaks for; gives why not, where it may not be. */
  async #converse(service: Service, transport: Transport): Promise<Reply | null> {
    const { config, world, log } = this.#site;
    const isProxy = this.#isProxy;
    const options = { service, isProxy, clock: world.clock, log };
    // A connection that is lost meanwhile needs no words.
    const introduction = await introduce(transport, options).catch(() => null);
    if (introduction === null) {
      transport.close();
      return null;
    }
    const { peer, direct } = introduction;
    // Whoever may reach the port for LMTP is a mail server of our own, and brings everybody's mail.
    const visiting = service === "lmtp" ? null : visit(this.#site, peer.host);
    if (typeof visiting === "string") {
      log.info("turned-away", { service, peer: peer.host, reason: visiting });
      return tooMuch(visiting);
    }
    const address = { address: peer.host, port: peer.port, local: transport.local.host };
    const [room, identity] = [this.#room, this.#identity];
    const backends = visiting?.backends(this.#backends) ?? this.#backends;
    const session = conversation(service, address, { config, room, identity, isProxy, direct });
    await this.#drive(service, introduction.transport, { session, backends, peer });
    visiting?.leave();
    return null;
  }

  /** With a few words, unless there is a crowd. */
  async #turnAway(service: Service, transport: Transport, refusal: Reply): Promise<void> {
    if (this.#turnedAway >= TURNED_AWAY_MAX || isImplicitTls(service)) return transport.close();
    this.#turnedAway++;
    const session = turnAway(service, this.#site.config.hostname, refusal);
    const peer = transport.remote;
    await this.#drive(service, transport, { session, backends: this.#backends, peer });
    this.#turnedAway--;
  }

  async #drive(
    service: Service,
    transport: Transport,
    { session, backends, peer: { host: peer, port } }: {
      readonly session: Session<Backends>;
      readonly backends: Backends;
      readonly peer: Endpoint;
    },
  ): Promise<void> {
    const { world, log } = this.#site;
    log.debug("connected", { service, peer, port });
    try {
      const { signal } = this.#stop;
      const watched = watchTls(transport, log, { service, peer: { host: peer, port } });
      await drive(session, watched, backends, { clock: world.clock, signal });
    } catch (error) {
      log.error("session-failed", { service, peer, reason: describeError(error) });
    }
    log.debug("disconnected", { service, peer, port });
  }
}
