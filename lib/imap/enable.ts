/** ENABLE (RFC 5161, RFC 9051 §6.3.1): what a client has to ask for before it gets it. */
import type { Step } from "../wire/session.ts";
import type { ImapBackend } from "./backend.ts";
import { countChanges } from "./news.ts";
import { accountOf, done, type Enabled, type Reply, say, type Serving } from "./serving.ts";

const NAMES: ReadonlyMap<string, { readonly name: string; readonly enables: Enabled }> = new Map([
  ["CONDSTORE", { name: "CONDSTORE", enables: "CONDSTORE" }],
  ["IMAP4REV2", { name: "IMAP4rev2", enables: "IMAP4REV2" }],
  ["QRESYNC", { name: "QRESYNC", enables: "QRESYNC" }],
  ["UTF8=ACCEPT", { name: "UTF8=ACCEPT", enables: "UTF8=ACCEPT" }],
]);

const CONDSTORE: ReadonlySet<Enabled> = new Set<Enabled>(["CONDSTORE", "QRESYNC"]);

/** RFC 5161 §3.1: what is not known here is passed over. */
export function* enable(
  serving: Serving,
  capabilities: readonly string[],
): Step<ImapBackend, Reply> {
  accountOf(serving);
  const fresh: string[] = [];
  for (const each of capabilities) {
    const found = NAMES.get(each);
    if (found === undefined || serving.enabled.has(found.enables)) continue;
    // RFC 7162 §3.2.3: QRESYNC brings CONDSTORE with it.
    if (CONDSTORE.has(found.enables)) yield* countChanges(serving);
    serving.enabled.add(found.enables);
    fresh.push(found.name);
  }
  yield* say(serving, ["ENABLED", ...fresh].join(" "));
  return done("enabled");
}
