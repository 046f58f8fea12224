/** A transport and a clock in the hands of a test: nothing happens but what the test says. */
import { setImmediate } from "node:timers";
import { decodeLatin1, encode } from "../lib/wire/bytes.ts";
import { type Clock, NetError, type Transport } from "../lib/net/world.ts";
import { FAKE_TLS } from "./fake_tls.ts";

export interface FakeTransport extends Transport {
  /** What was written, one entry a write. */
  readonly writes: readonly string[];
  /** `open`, `half` after closeWrite, `closed`. */
  readonly state: "open" | "half" | "closed";
  /** Whether a read waits for bytes. */
  readonly reading: boolean;
  /** The peer sends bytes; `null`: it closes its side. */
  feed(text: string | null): void;
  /** The connection breaks under the pending read. */
  lose(): void;
  /** From now on the peer does not read: writes wait until the transport is closed. */
  stall(): void;
}

export function fakeTransport(...fed: (string | null)[]): FakeTransport {
  const waiting: (string | null)[] = [...fed];
  const writes: string[] = [];
  let state: FakeTransport["state"] = "open";
  let stalled = false;
  let reading: PromiseWithResolvers<Uint8Array | null> | null = null;
  const stuck: PromiseWithResolvers<void>[] = [];
  const lost = () => new NetError("lost", "the connection broke");

  return {
    local: { host: "127.0.0.1", port: 25 },
    remote: { host: "127.0.0.1", port: 40_000 },
    tls: null,
    writes,
    get state() {
      return state;
    },
    get reading() {
      return reading !== null;
    },
    read() {
      if (state === "closed") return Promise.reject(lost());
      if (reading !== null) return reading.promise;
      const text = waiting.shift();
      if (text !== undefined) return Promise.resolve(text === null ? null : encode(text));
      reading = Promise.withResolvers();
      return reading.promise;
    },
    write(bytes) {
      if (state !== "open") return Promise.reject(lost());
      writes.push(decodeLatin1(bytes));
      if (!stalled) return Promise.resolve();
      const write = Promise.withResolvers<void>();
      stuck.push(write);
      return write.promise;
    },
    unread: (bytes) => void waiting.unshift(decodeLatin1(bytes)),
    startTls: () => Promise.resolve(FAKE_TLS),
    closeWrite() {
      state = "half";
      return Promise.resolve();
    },
    close() {
      state = "closed";
      reading?.reject(lost());
      reading = null;
      for (const write of stuck.splice(0)) write.reject(lost());
    },
    feed(text) {
      if (reading === null) return void waiting.push(text);
      reading.resolve(text === null ? null : encode(text));
      reading = null;
    },
    lose() {
      reading?.reject(lost());
      reading = null;
    },
    stall() {
      stalled = true;
    },
  };
}

export interface FakeClock extends Clock {
  /**
   * Lets time pass: alarms and sleeps that are due happen, in their order, and each has all its
   * consequences before the next. 0 waits for what can happen now.
   */
  pass(ms: number): Promise<void>;
  /** How many alarms and sleeps are pending. */
  pending(): number;
}

interface Timer {
  readonly dueMs: number;
  readonly fire: () => void;
}

export function fakeClock(): FakeClock {
  let nowMs = 0;
  let turnsAwaited = 0;
  const timers = new Set<Timer>();
  const start = (ms: number, callback: () => void): Timer => {
    const timer: Timer = {
      dueMs: nowMs + ms,
      fire: () => {
        timers.delete(timer);
        callback();
      },
    };
    timers.add(timer);
    return timer;
  };
  /** Until nothing more happens by itself: whoever awaits a turn has something left to do. */
  const quiet = async () => {
    for (let turns = 0; turns < 2;) {
      await settle();
      turns = turnsAwaited > 0 ? 0 : turns + 1;
    }
  };
  return {
    now: () => 1_800_000_000_000 + nowMs,
    monotonicMs: () => nowMs,
    sleep(ms, signal) {
      if (signal?.aborted) return Promise.reject(signal.reason);
      return new Promise((resolve, reject) => {
        const timer = start(ms, resolve);
        signal?.addEventListener("abort", () => {
          timers.delete(timer);
          reject(signal.reason);
        });
      });
    },
    async turn() {
      turnsAwaited++;
      await settle();
      turnsAwaited--;
    },
    alarm(fire) {
      let timer: Timer | null = null;
      const cancel = () => {
        if (timer !== null) timers.delete(timer);
        timer = null;
      };
      const set = (ms: number) => {
        cancel();
        timer = start(ms, fire);
      };
      return { set, cancel };
    },
    async pass(ms) {
      const endMs = nowMs + ms;
      for (;;) {
        await quiet();
        const next = [...timers].toSorted((a, b) => a.dueMs - b.dueMs)[0];
        if (next === undefined || next.dueMs > endMs) break;
        nowMs = Math.max(nowMs, next.dueMs);
        next.fire();
      }
      nowMs = endMs;
      await quiet();
    },
    pending: () => timers.size,
  };
}

/** Lets everything that can happen now happen: a chain of promises is done after one turn. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
