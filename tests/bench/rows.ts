/** All that can be measured. */
import { APART } from "./apart.ts";
import type { Row } from "./contest.ts";
import { KEPT } from "./kept.ts";

export const ROWS: readonly Row[] = [KEPT, APART];

/** Programs of their own, which run where they are named and print what they find. */
export const SCRIPTS: readonly { readonly names: readonly string[]; readonly file: string }[] = [
  { names: ["8", "search"], file: "search.ts" },
  { names: ["9", "handshakes"], file: "handshakes.ts" },
  { names: ["queue"], file: "queue.ts" },
];
