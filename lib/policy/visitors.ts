/**
 * How much one network or account may ask of the server, over all its connections: connections at
 * once, and how many connections, messages and recipients in a time. Pure: it is told the time.
 */
import { LOOPBACK, networkOf, Recent } from "./recent.ts";

export interface Visitors {
  /** A connection has come; one that is `welcome` has to `leave`. */
  enter(address: string, nowMs: number): "welcome" | TooMuch;
  leave(address: string): void;
  /** Whether one more message is taken now from a network, or from whoever is logged in. */
  mayMail(address: string, account: string | null, nowMs: number): boolean;
  /** Whether so many recipients more are taken now. */
  mayName(address: string, account: string | null, count: number, nowMs: number): boolean;
  /**
   * Somebody was named who is not here; gives how long the answer is to wait, or that there were
   * too many of these.
   */
  missed(address: string, nowMs: number): number | "unwelcome";
}

/** What there was too much of: connections at once, in a short time, or names that are not here. */
export type TooMuch = "tooMany" | "tooFast" | "unwelcome";

export interface VisitorsOptions {
  /** Connections of one network at once. */
  readonly connectionsMax: number;
  /** Messages that one network, or one account, hands over in a minute. */
  readonly messagesPerMinuteMax: number;
  /** Whether this machine's own addresses are limited, too. */
  readonly limitLoopback: boolean;
  /** Whose addresses stand for many others, so that no limit for one of them fits. */
  readonly isProxy: (address: string) => boolean;
}

/** A server with a full queue opens dozens at once, and closes each when it has said all. */
export const CONNECTIONS_PER_MINUTE_MAX = 300;
/** A list with many members here is one message each; more in a minute is no letter. */
export const RECIPIENTS_PER_MINUTE_MAX = 3_000;
/** Lists hold old names; who gropes for addresses has hundreds. One is forgotten in 30 s. */
export const MISSES_MAX = 100;
/** A list's old names are answered at once. */
export const MISSES_UNSLOWED = 20;
/** Beyond, the first ones wait so long; each ten more, twice as long. */
const MISS_WAIT_MS_MIN = 1_000;
/** RFC 5321 §4.5.3.2.3: clients wait five minutes for the answer. */
const MISS_WAIT_MS_MAX = 30_000;
const MISS_FORGOTTEN_MS = 30_000;
/** Networks, and accounts; each takes about 300 bytes. */
const REMEMBERED_MAX = 10_000;
const MINUTE_MS = 60_000;

export function createVisitors(options: VisitorsOptions): Visitors {
  const { connectionsMax, messagesPerMinuteMax, limitLoopback, isProxy } = options;
  const present = new Map<string, number>();
  const networks = new Recent<Visitor>(REMEMBERED_MAX);
  const accounts = new Recent<Visitor>(REMEMBERED_MAX);

  /** `null`: nobody is to be limited. Labs, tests and programs in front of this one live there. */
  function network(address: string, nowMs: number): Visitor | null {
    const name = networkOf(address);
    if ((name === LOOPBACK && !limitLoopback) || isProxy(address)) return null;
    return networks.getOrAdd(name, () => newVisitor(nowMs));
  }

  /** Whoever is logged in is one, wherever they are; a network may hold many of them. */
  function sender(address: string, account: string | null, nowMs: number): Visitor | null {
    const from = network(address, nowMs);
    if (from === null || account === null) return from;
    return accounts.getOrAdd(account, () => newVisitor(nowMs));
  }

  return {
    enter(address, nowMs) {
      const name = networkOf(address);
      const visitor = network(address, nowMs);
      const count = present.get(name) ?? 0;
      if (visitor !== null) {
        if (levelOf(visitor.misses, MISS_FORGOTTEN_MS, nowMs) >= MISSES_MAX) return "unwelcome";
        if (count >= connectionsMax) return "tooMany";
        if (!take(visitor.connections, 1, CONNECTIONS_PER_MINUTE_MAX, nowMs)) return "tooFast";
      }
      present.set(name, count + 1);
      return "welcome";
    },
    leave(address) {
      const name = networkOf(address);
      const count = (present.get(name) ?? 1) - 1;
      if (count === 0) present.delete(name);
      else present.set(name, count);
    },
    mayMail(address, account, nowMs) {
      const visitor = sender(address, account, nowMs);
      return visitor === null || take(visitor.messages, 1, messagesPerMinuteMax, nowMs);
    },
    mayName(address, account, count, nowMs) {
      const visitor = sender(address, account, nowMs);
      return visitor === null || take(visitor.recipients, count, RECIPIENTS_PER_MINUTE_MAX, nowMs);
    },
    missed(address, nowMs) {
      const visitor = network(address, nowMs);
      if (visitor === null) return 0;
      const level = levelOf(visitor.misses, MISS_FORGOTTEN_MS, nowMs);
      visitor.misses.level = Math.min(level + 1, 2 * MISSES_MAX);
      return level >= MISSES_MAX ? "unwelcome" : waitOf(level);
    },
  };
}

interface Visitor {
  readonly connections: Meter;
  readonly messages: Meter;
  readonly recipients: Meter;
  readonly misses: Meter;
}

/** Whoever gropes from many connections at once gains nothing by them. */
function waitOf(misses: number): number {
  if (misses < MISSES_UNSLOWED) return 0;
  const doublings = Math.floor((misses - MISSES_UNSLOWED) / 10);
  return Math.min(MISS_WAIT_MS_MAX, MISS_WAIT_MS_MIN * 2 ** doublings);
}

/** What was taken, of which some runs out with the time. */
interface Meter {
  level: number;
  atMs: number;
}

function newVisitor(nowMs: number): Visitor {
  const meter = () => ({ level: 0, atMs: nowMs });
  return { connections: meter(), messages: meter(), recipients: meter(), misses: meter() };
}

/** Takes so much, unless that were more than may be taken in a minute. */
function take(meter: Meter, count: number, perMinuteMax: number, nowMs: number): boolean {
  const level = levelOf(meter, MINUTE_MS / perMinuteMax, nowMs);
  // What is more than all at once is let through by itself: nobody could ever take it else.
  if (level > 0 && level + count > perMinuteMax) return false;
  meter.level = level + count;
  return true;
}

/** The level now; one of it runs out in `eachMs`. */
function levelOf(meter: Meter, eachMs: number, nowMs: number): number {
  meter.level = Math.max(0, meter.level - (nowMs - meter.atMs) / eachMs);
  meter.atMs = nowMs;
  return meter.level;
}
