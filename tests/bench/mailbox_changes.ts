/**
 * `deno task bench --only changes`: one client of IMAP flags, copies, moves and removes ten
 * thousand messages; how long that takes, and how long everybody else waits for their turn
 * meanwhile.
 */
import { openSqliteStore } from "../../lib/store/sqlite.ts";
import { startWithImap, talkImap } from "../app_imap_support.ts";
import { letter, REAL } from "../app_support.ts";

const MESSAGES = 10_000;
const AT_ONCE = 500;
const COMMANDS = [
  "STORE 1:* +FLAGS.SILENT (\\Seen)",
  "COPY 1:* Archive",
  "MOVE 1:* Trash",
  "SELECT Trash",
  "STORE 1:* +FLAGS.SILENT (\\Deleted)",
  "EXPUNGE",
];

const store = await openSqliteStore({ directory: null, turn: REAL.clock.turn });
await using server = await startWithImap({ store });
const alice = await talkImap(server, { user: "alice" });
const content = letter("One");
const piece = Array(AT_ONCE).fill(`{${content.length}+}\r\n${content}`).join(" ");
for (let at = 0; at < MESSAGES; at += AT_ONCE) await alice.say(`APPEND INBOX ${piece}`);
await alice.say("SELECT INBOX");

/** Somebody who has something to do all the time; gives the longest that they had to wait. */
function watch(): () => number {
  let longestMs = 0;
  let lastMs = performance.now();
  const timer = setInterval(() => {
    longestMs = Math.max(longestMs, performance.now() - lastMs);
    lastMs = performance.now();
  }, 1);
  return () => {
    clearInterval(timer);
    return Math.round(longestMs);
  };
}

for (const command of COMMANDS) {
  const startedMs = performance.now();
  const stop = watch();
  const said = await alice.say(command);
  if (!/^OK /.test(said.split("\n").at(-1)!)) throw new Error(`${command}: ${said.slice(-200)}`);
  const wholeMs = Math.round(performance.now() - startedMs);
  console.log(`${command}: ${wholeMs} ms, others waited at most ${stop()} ms`);
}
alice.close();
