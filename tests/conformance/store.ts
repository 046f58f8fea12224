/** Every promise of `lib/store/store.ts`, for whatever claims to keep them. */
import { aliasesConformance } from "./store_aliases.ts";
import { messageConformance } from "./store_accept.ts";
import { copiesConformance } from "./store_copies.ts";
import { flagsConformance } from "./store_flags.ts";
import { historyConformance } from "./store_history.ts";
import { holdConformance } from "./store_hold.ts";
import { importedConformance } from "./store_imported.ts";
import { mailConformance } from "./store_mail.ts";
import { mailboxesConformance } from "./store_mailboxes.ts";
import { metadataConformance } from "./store_metadata.ts";
import { policiesConformance } from "./store_policies.ts";
import { queueConformance } from "./store_queue.ts";
import type { OpenStore } from "./store_support.ts";
import { timesConformance } from "./store_times.ts";
import { turnsConformance } from "./store_turns.ts";
import { usersConformance } from "./store_users.ts";
import { waysConformance } from "./store_ways.ts";

/** Registers the suite under a name; `open` gives a new, empty store each time. */
export function storeConformance(name: string, open: OpenStore): void {
  usersConformance(name, open);
  aliasesConformance(name, open);
  messageConformance(name, open);
  mailConformance(name, open);
  mailboxesConformance(name, open);
  metadataConformance(name, open);
  flagsConformance(name, open);
  copiesConformance(name, open);
  importedConformance(name, open);
  queueConformance(name, open);
  timesConformance(name, open);
  policiesConformance(name, open);
  historyConformance(name, open);
  holdConformance(name, open);
  turnsConformance(name, open);
  waysConformance(name, open);
}
