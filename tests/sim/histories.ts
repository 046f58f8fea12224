/** What our servers say at the end became of each message. */
import { formatAddress } from "../../lib/mail/address.ts";
import type { Ledger } from "./ledger.ts";
import type { ServerNode } from "./sim.ts";

export interface HistoriesOptions {
  readonly homes: ReadonlyMap<string, ServerNode>;
  readonly ledger: Ledger;
}

/** Writes it down for every message that was answered with an id. */
export async function readHistory({ homes, ledger }: HistoriesOptions): Promise<void> {
  for (const { server, id } of ledger.submissions) {
    if (id !== null) await readHistoryOf({ homes, ledger }, { server, submitted: id, id });
  }
}

/** Of a message, and of what it became on the other servers of ours to which it went. */
async function readHistoryOf(
  { homes, ledger }: HistoriesOptions,
  message: { readonly server: string; readonly submitted: string; readonly id: string },
): Promise<void> {
  const { server, submitted: id } = message;
  for (const { running } of homes.values()) {
    const [found] = await running!.store.history.find(message.id, 1);
    for (const happening of found?.happenings ?? []) {
      if (happening.what !== "attempt" && happening.what !== "drop") continue;
      for (const { recipients, outcome, report, reply } of happening.outcomes) {
        const end = { server, id, message: found!.message, outcome, isReported: report !== null };
        for (const each of recipients) {
          ledger.records.push({ ...end, recipient: formatAddress(each) });
        }
        const next = /^Accepted as (\S+)/.exec(reply?.lines[0] ?? "")?.[1];
        if (next !== undefined) await readHistoryOf({ homes, ledger }, { ...message, id: next });
      }
    }
  }
}
