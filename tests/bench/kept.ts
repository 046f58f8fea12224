/** Row 1: delivered into mailboxes and synced, over kept connections. */
import type { Row } from "./contest.ts";
import { delivered } from "./delivered.ts";

export const KEPT: Row = {
  number: 1,
  title: "4 KiB delivered, kept connections",
  contests: [
    delivered({ kept: true, connections: 10, ofSink: 0.5, ofPostfix: 20 }),
    delivered({ kept: true, connections: 50, ofSink: 0.65 }),
  ],
};
