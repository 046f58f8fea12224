/** Every promise of `lib/store/store.ts`, for whatever claims to keep them. */
import { aliasesConformance } from "./store_aliases.ts";
import { messageConformance } from "./store_accept.ts";
import { historyConformance } from "./store_history.ts";
import { holdConformance } from "./store_hold.ts";
import { mailConformance } from "./store_mail.ts";
import { policiesConformance } from "./store_policies.ts";
import { queueConformance } from "./store_queue.ts";
import type { OpenStore } from "./store_support.ts";
import { timesConformance } from "./store_times.ts";
import { turnsConformance } from "./store_turns.ts";
import { usersConformance } from "./store_users.ts";

/** Registers the suite under a name; `open` gives a new, empty store each time. */
export function storeConformance(name: string, open: OpenStore): void {
  usersConformance(name, open);
  aliasesConformance(name, open);
  messageConformance(name, open);
  mailConformance(name, open);
  queueConformance(name, open);
  timesConformance(name, open);
  policiesConformance(name, open);
  historyConformance(name, open);
  holdConformance(name, open);
  turnsConformance(name, open);
}
