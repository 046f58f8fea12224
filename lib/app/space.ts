/**
 * Whether the disk has room for more mail. Mail is put off while something is still left: for what
 * was accepted already, its deliveries and reports, and for users who delete their mail.
 */
import type { Log } from "../log.ts";
import type { World } from "../net/world.ts";
import { type Reply, reply, textOf } from "../smtp/reply.ts";
import type { Store } from "../store/store.ts";
import type { MaybePromise } from "../wire/session.ts";

export interface Space {
  /** The answer to mail of so many bytes that has no room; `null`: it has. */
  refusal(bytes: number): MaybePromise<Reply | null>;
}

export interface SpaceOptions {
  readonly world: World;
  readonly store: Pick<Store, "giveBack">;
  readonly log: Log;
  /** What has to stay free; 0: whatever there is may be used. */
  readonly freeBytesMin: number;
}

/** RFC 5321 §4.2.3, and RFC 1870 §6.1 (2) for a size that was announced. */
export const NO_SPACE = reply(452, "4.3.1", "Insufficient system storage, try again later");
/** Asking the system costs more than the rest of a small message's way; so it is asked so often. */
const LOOK_AGAIN_MS = 100;
/** While there is too little, the store gives back what it has left so often. */
const GIVE_BACK_MS = 1_000;
/** The store writes a message twice: into its log, and from there to its place. */
const WRITTEN = 2;

export function createSpace({ world, store, log, freeBytesMin }: SpaceOptions): Space {
  const { clock, disk } = world;
  /** What was free when we last looked, less what was let in since; `null`: nobody knows. */
  let freeBytes: number | null = null;
  let lookedAtMs = -Infinity;
  let gaveAtMs = -Infinity;
  let isLow = false;

  function decide(free: number | null, bytes: number): Reply | null {
    notice(free);
    if (free === null) return null;
    if (free - WRITTEN * bytes < freeBytesMin) {
      giveBack();
      return NO_SPACE;
    }
    freeBytes = free - WRITTEN * bytes;
    return null;
  }

  function notice(free: number | null): void {
    const wasLow = isLow;
    isLow = free !== null && free < freeBytesMin;
    if (isLow) log.warn("disk-low", { freeBytes: free, freeBytesMin, reply: textOf(NO_SPACE) });
    else if (wasLow) log.info("disk-recovered", { freeBytes: free });
  }

  /** It may be that the disk is full of what our users have deleted. */
  function giveBack(): void {
    if (clock.monotonicMs() - gaveAtMs < GIVE_BACK_MS) return;
    gaveAtMs = clock.monotonicMs();
    store.giveBack().catch((error) => log.warn("give-back-failed", { reason: String(error) }));
  }

  return {
    refusal(bytes) {
      if (freeBytesMin === 0) return null;
      const nowMs = clock.monotonicMs();
      if (nowMs - lookedAtMs < LOOK_AGAIN_MS) return decide(freeBytes, bytes);
      lookedAtMs = nowMs;
      const found = disk.freeBytes();
      const look = (free: number | null) => decide(freeBytes = free, bytes);
      return found instanceof Promise ? found.then(look) : look(found);
    },
  };
}
