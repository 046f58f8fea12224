/** The world of one process on a simulated machine. */
import { pbkdf2Sync } from "node:crypto";
import type { World } from "../../lib/net/world.ts";
import { simClock } from "./clock.ts";
import { simDns, type Zones } from "./dns.ts";
import type { Faults } from "./faults.ts";
import { type Life, never } from "./life.ts";
import type { Machine, Network } from "./network.ts";
import type { Prng } from "./prng.ts";
import type { Timeline } from "./timeline.ts";
import { type Pages, simHttps } from "./web.ts";

export interface WorldParts {
  readonly machine: Machine;
  readonly life: Life;
  readonly timeline: Timeline;
  readonly network: Network;
  readonly prng: Prng;
  readonly faults: Faults;
  readonly zones: Zones;
  readonly pages: Pages;
  /** See `Disk.freeBytes`. */
  readonly freeBytes: () => number | null;
  /** `line` about the machine, for the trace. */
  readonly tell: (line: string) => void;
  readonly clockErrorMs: () => number;
}

export function simWorld(parts: WorldParts): World {
  const { machine, life, timeline, network, prng, tell } = parts;
  const clock = simClock({ timeline, life, prng, errorMs: parts.clockErrorMs });
  return {
    clock,
    random: { bytes: prng.bytes, fraction: prng.fraction },
    net: network.netOf(machine, life),
    dns: simDns({ ...parts, tell: (line) => tell(`dns ${line}`) }),
    https: simHttps({ ...parts, tell: (line) => tell(`https ${line}`) }),
    disk: { freeBytes: parts.freeBytes },
    work: {
      async pbkdf2(password, salt) {
        await clock.sleep(5 + 10 * prng.fraction());
        if (!life.isAlive()) return await never();
        // One round instead of thousands: nobody guesses passwords here.
        return new Uint8Array(pbkdf2Sync(password, salt, 1, 32, "sha256"));
      },
    },
  };
}
