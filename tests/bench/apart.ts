/** Row 2: the same as row 1, with a connection for each message. */
import type { Row } from "./contest.ts";
import { delivered } from "./delivered.ts";

export const APART: Row = {
  number: 2,
  title: "4 KiB delivered, a connection for each",
  contests: [
    delivered({ kept: false, connections: 10, ofSink: 0.5 }),
    delivered({ kept: false, connections: 50, ofSink: 0.65 }),
  ],
};
