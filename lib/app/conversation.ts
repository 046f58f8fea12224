/** Which protocol is spoken on a connection, and how one goes over into another. */
import { isImplicitTls, type ServerConfig, type Service } from "../config.ts";
import { isLoopback } from "../endpoint.ts";
import type { ImapBackend } from "../imap/backend.ts";
import { imapServer } from "../imap/server.ts";
import type { Pop3Backend } from "../pop3/backend.ts";
import { pop3Server } from "../pop3/server.ts";
import type { Expire } from "../pop3/serving.ts";
import type { SmtpBackend, SmtpPeer } from "../smtp/backend.ts";
import { DEFAULT_SMTP_LIMITS } from "../smtp/connection.ts";
import type { Room } from "../wire/room.ts";
import { smtpServer } from "../smtp/server.ts";
import { formatReply, type Reply, reply } from "../smtp/reply.ts";
import { ByteQueue, encode } from "../wire/bytes.ts";
import {
  deadline,
  Interrupted,
  type Session,
  type TlsIdentity,
  type TlsInfo,
  using,
  writeNow,
} from "../wire/session.ts";
import { upgrade } from "../wire/upgrade.ts";

export interface Backends extends SmtpBackend {
  readonly pop3: Pop3Backend;
  readonly imap: ImapBackend;
}

/** What all conversations of a server have in common. */
export interface Shared {
  readonly config: ServerConfig;
  readonly room: Room;
  /** What is shown to clients that begin with TLS; `null`: none is offered. */
  readonly identity: TlsIdentity | null;
  /** Whether the one with this address may say for whom they speak. */
  isProxy(address: string): boolean;
}

/**
 * The whole conversation with one peer of a service; those with implicit TLS need an identity.
 * `direct`: the peer is the other end of the connection, and not behind a proxy.
 */
export function* conversation(
  service: Service,
  peer: SmtpPeer,
  { config, room, identity, isProxy, direct }: Shared & { readonly direct: boolean },
): Session<Backends> {
  const { hostname } = config;
  // Whoever has come through a proxy has crossed a network, whatever address it names.
  const plainAuth = config.plainAuth || (direct && isLoopback(peer.address));
  let tls: TlsInfo | null = null;
  if (isImplicitTls(service)) {
    const info = yield* upgrade<Backends>(new ByteQueue(), { side: "server", identity: identity! });
    if (!("version" in info)) return;
    tls = info;
  }
  const common = { peer, hostname, plainAuth, identity };
  const pop3 = (backends: Backends) => backends.pop3;
  const reading = {
    loginDelaySeconds: Math.ceil(config.pop3LoginDelayMs / 1000),
    expire: expireOf(config),
  };
  if (service === "pop3" || service === "pop3s") {
    return yield* using(pop3Server({ ...common, ...reading, tls }), pop3);
  }
  if (service === "imap" || service === "imaps") {
    const { messageBytesMax } = config;
    return yield* using(imapServer({ ...common, tls, messageBytesMax, room }), ({ imap }) => imap);
  }
  const end = yield* smtpServer<Backends>({
    ...common,
    tls,
    service: service === "smtps" ? "submission" : service,
    forward: direct && isProxy(peer.address)
      ? { plainAuth: config.plainAuth, mayForward: isProxy }
      : null,
    pop3: service !== "lmtp",
    limits: {
      ...DEFAULT_SMTP_LIMITS,
      messageBytesMax: config.messageBytesMax,
      recipientsMax: config.recipientsMax,
    },
    room,
  });
  if (end.next === "close") return;
  const { queue } = end;
  const now = { peer: end.peer, plainAuth: end.plainAuth, tls: end.tls };
  yield* using(pop3Server({ ...common, ...reading, ...now, queue }), pop3);
}

/** RFC 2449 §6.7: the shortest time for which a message may be here. */
function expireOf({ keepDays, keepMessages }: ServerConfig): Expire {
  return keepMessages !== null ? "unknown" : keepDays ?? "never";
}

/** What one connection too many hears; `refusal` says too many of what. */
export function* turnAway(
  service: Service,
  hostname: string,
  { code, status, lines }: Reply,
): Session<Backends> {
  const words = lines.join(" ");
  const refusal = () => {
    switch (service) {
      case "pop3":
        return encode(`-ERR [SYS/TEMP] ${words}\r\n`); // RFC 3206 §4
      case "imap":
        return encode(`* BYE [UNAVAILABLE] ${words}\r\n`); // RFC 9051 §7.1.5, RFC 5530 §3
      default:
        return formatReply(reply(code, status, `${hostname} ${words}`)); // RFC 5321 §3.8
    }
  };
  try {
    yield* deadline(TURN_AWAY_MS);
    yield* writeNow(refusal());
  } catch (error) {
    // Whoever has left by now needs no words.
    if (!(error instanceof Interrupted)) throw error;
  }
}

const TURN_AWAY_MS = 5_000;
