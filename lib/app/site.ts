/** What the parts of one running server share. */
import type { ServerConfig } from "../config.ts";
import type { Log } from "../log.ts";
import type { World } from "../net/world.ts";
import type { Metrics } from "../metrics.ts";
import type { Visitors } from "../policy/visitors.ts";
import type { MessageId, Store } from "../store/store.ts";
import type { Accounts } from "./accounts.ts";
import type { Maildrops } from "./maildrops.ts";
import type { Onward } from "./onward.ts";
import type { SearchKeeper } from "./search_keeper.ts";
import type { Space } from "./space.ts";

export interface Site extends Onward {
  readonly config: ServerConfig;
  readonly world: World;
  readonly store: Store;
  readonly log: Log;
  readonly accounts: Accounts;
  readonly visitors: Visitors;
  readonly metrics: Metrics;
  readonly space: Space;
  readonly searches: SearchKeeper;
  readonly maildrops: Maildrops;
}

/**
 * Sorts by time and is unique for ever: milliseconds since 1970, then 60 random bits, in base 36.
 */
export function newMessageId(world: World): MessageId {
  const time = world.clock.now().toString(36).padStart(9, "0");
  const random = [...world.random.bytes(12)].map((byte) => (byte % 36).toString(36)).join("");
  return `${time}${random}`;
}
