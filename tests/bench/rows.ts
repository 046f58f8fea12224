/** All that can be measured. */
import { APART } from "./apart.ts";
import { CLIENT } from "./client.ts";
import type { Row } from "./contest.ts";
import { GROWTH } from "./growth.ts";
import { IDLE } from "./idle.ts";
import { KEPT } from "./kept.ts";
import { LARGE } from "./large.ts";
import { LATENCY } from "./latency.ts";
import { MANY_RECIPIENTS } from "./recipients.ts";
import { RELAY } from "./relay.ts";
import { START } from "./start.ts";
import { TLS } from "./tls.ts";

export const ROWS: readonly Row[] = [
  KEPT,
  APART,
  RELAY,
  LARGE,
  MANY_RECIPIENTS,
  IDLE,
  LATENCY,
  TLS,
  START,
  GROWTH,
  CLIENT,
];

/** Programs of their own, which run where they are named and print what they find. */
export const SCRIPTS: readonly { readonly names: readonly string[]; readonly file: string }[] = [
  { names: ["8", "imap"], file: "imap.ts" },
  { names: ["8", "search"], file: "search.ts" },
  { names: ["handshakes"], file: "handshakes.ts" },
  { names: ["queue"], file: "queue.ts" },
  { names: ["changes"], file: "mailbox_changes.ts" },
];
