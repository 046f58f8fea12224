/** The history of messages, the operator's hold, and copies of everything. */
import type { Mutant } from "./mutant.ts";

const SQLITE = "tests/store_sqlite_test.ts";
const MEMORY = "tests/store_memory_test.ts";
const HISTORY = "tests/app_history_test.ts";
const BACKUP = "tests/store_backup_test.ts";

export const HISTORY_MUTANTS: readonly Mutant[] = [
  {
    name: "history: a settlement is not written down",
    file: "lib/store/sqlite_settle.ts",
    find: "for (const attempt of attemptsOf(recipients)) histories.append(message, attempt);",
    replace: "if (recipients.length > 1000) histories.append(message, attemptsOf(recipients)[0]!);",
    test: { file: SQLITE },
    why: "nobody could tell what became of a message",
  },
  {
    name: "history: attempts are kept without end",
    file: "lib/store/sqlite_history.ts",
    find: "if (goes && number > ATTEMPTS_KEPT) deleteOldest",
    replace: "if (goes && number < 0) deleteOldest",
    test: { file: SQLITE, name: "the SQLite store: history keeps 200 attempts, and every end" },
    why: "a server that always says later fills the disk",
  },
  {
    name: "history: an end goes with the attempts",
    file: "lib/store/happenings.ts",
    find: 'return !("outcomes" in happening) || !happening.outcomes.some(isEnd);',
    replace: 'return !("outcomes" in happening) || happening.outcomes.length > 0;',
    test: { file: MEMORY, name: "the memory store: history keeps 200 attempts, and every end" },
    why: "a recipient whose end nobody knows any more",
  },
  {
    name: "history: it is forgotten while somebody waits",
    file: "lib/store/sqlite_history.ts",
    find: "AND NOT EXISTS (SELECT 1 FROM queue WHERE message = ?1)\n",
    replace: "\n",
    test: {
      file: SQLITE,
      name: "the SQLite store: history forgets what has ended long ago, step by step",
    },
    why: "promise 2: what became of it could not be recorded",
  },
  {
    name: "history: what may arrive twice is not marked",
    file: "lib/queue/settlement.ts",
    find: "uncertain: outcome.uncertain ?? false,",
    replace: "uncertain: false,",
    test: {
      file: HISTORY,
      name: "what may have been taken before the connection was lost is marked",
    },
    why: "a duplicate would look like a bug",
  },
  {
    name: "history: why nobody was told is not said",
    file: "lib/queue/settlement.ts",
    find: "unreported: isFailure(outcome.verdict) ? whyUnreported(outcome, report) : null,",
    replace: "unreported: null,",
    test: { file: HISTORY, name: "a failure of the null sender says so in the trace" },
    why: "promise 2: an outcome that is not reported is recorded as such",
  },
  {
    name: "check: an end without a trace is no fault",
    file: "lib/store/sqlite_check.ts",
    find: "WHERE q.count <> ifnull(w.count, 0) + ifnull(e.count, 0)`,",
    replace: "WHERE q.count < ifnull(e.count, 0)`,",
    test: {
      file: "tests/store_history_check_test.ts",
      name: "check finds a queued recipient that is gone without an end",
    },
    why: "a lost recipient would be found by nobody",
  },
  {
    name: "hold: it is tried all the same",
    file: "lib/store/sqlite_schedule.ts",
    find: "export const IS_FREE = `q.held = 0 AND ${NOT_TAKEN}`;",
    replace: "export const IS_FREE = NOT_TAKEN;",
    test: {
      file: SQLITE,
      name: "the SQLite store: what is held is neither tried nor overdue until it is released",
    },
    why: "the operator said no",
  },
  {
    name: "backup: what is in the log alone is left out",
    file: "lib/store/backup.ts",
    find: "  emptyLog(database);\n",
    replace: "  if (from === copy) emptyLog(database);\n",
    test: {
      file: BACKUP,
      name: "a backup of a store in use is all of it, in one file and closed to others",
    },
    why: "the newest mail would be missing, and the rest half there",
  },
  {
    name: "backup: it goes on when the store was closed",
    file: "lib/store/backup.ts",
    find: "    // Closing moves the log into the file, in the middle of the copy perhaps.\n" +
      "    mustBeOpen(database);\n",
    replace: "",
    test: { file: BACKUP, name: "a backup that is overtaken by the end of the store is none" },
    why: "a copy that is not of one moment",
  },
  {
    name: "history: what a clock ahead has accepted ends the round",
    file: "lib/store/happenings.ts",
    find: "last.acceptedAt >= before && last.acceptedAt <= now",
    replace: "last.acceptedAt >= before",
    test: {
      file: SQLITE,
      name: "the SQLite store: history of a clock that was ahead hides nothing old",
    },
    why: "after an hour of a wrong clock, nothing would be forgotten until that time comes",
  },
  {
    name: "restore: a server goes on writing what is copied",
    file: "lib/store/restore.ts",
    find: "    using _lock = lockForReading(from);\n",
    replace: "",
    test: { file: BACKUP, name: "what a server still writes is no backup" },
    why: "half of a change would be taken for all of it, or mail be sent by two servers",
  },
  {
    name: "restore: what waited is sent at once",
    file: "lib/store/restore.ts",
    find: "held: await store.queue.hold({ reason, at: now }),",
    replace: "held: 0,",
    test: { file: BACKUP, name: "what is restored holds what waited, and has new UIDVALIDITYs" },
    why: "everything that was delivered since the backup would arrive twice",
  },
  {
    name: "restore: the uids stay valid",
    file: "lib/store/restore.ts",
    find: "  renewUidValidity(database, now);\n",
    replace: "  if (now < 0) renewUidValidity(database, now);\n",
    test: { file: BACKUP, name: "what is restored holds what waited, and has new UIDVALIDITYs" },
    why: "mail programs would show old mail under new numbers",
  },
];
