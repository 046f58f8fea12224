/** Full, broken and emptied disks, and clocks that are set. */
import type { Mutant } from "./mutant.ts";

const SPACE = "tests/app_space_test.ts";
const GROUP = "tests/store_group_test.ts";
const CLOCK = "tests/queue_clock_test.ts";

export const DISK_MUTANTS: readonly Mutant[] = [
  {
    name: "disk: mail is taken to the last byte",
    file: "lib/app/space.ts",
    find: "    if (free - WRITTEN * bytes < freeBytesMin) {",
    replace: "    if (free < 0) {",
    test: {
      file: SPACE,
      name: "mail is put off at MAIL while the disk has too little left, and taken again",
    },
    why: "strangers could fill the disk, and nobody could delete anything any more",
  },
  {
    name: "disk: only what a client says about its size counts",
    file: "lib/app/smtp_backend.ts",
    find: "this.#site.space.refusal(content.size)",
    replace: "this.#site.space.refusal(0)",
    test: {
      file: SPACE,
      name: "a message is put off whose size would leave too little, said or not",
    },
    why: "clients that say nothing about sizes could use the reserve",
  },
  {
    name: "disk: what was let in since the last look is forgotten",
    file: "lib/app/space.ts",
    find: "    freeBytes = free - WRITTEN * bytes;\n",
    replace: "",
    test: { file: SPACE, name: "many messages at once do not use what is to stay free" },
    why: "a burst of mail could use the reserve between two looks",
  },
  {
    name: "disk: space is given back with every refusal",
    file: "lib/app/space.ts",
    find: "    gaveAtMs = clock.monotonicMs();\n",
    replace: "",
    test: {
      file: SPACE,
      name: "while the disk is low the store gives back what it can, once a second",
    },
    why: "whoever sends MAIL quickly could keep the server busy with moving pages",
  },
  {
    name: "disk: full is an error like any other",
    file: "lib/app/smtp_backend.ts",
    find: '  if (error instanceof StoreError && error.kind === "full") return NO_SPACE;\n',
    replace: "",
    test: {
      file: SPACE,
      name: "what a full disk refuses is put off with 452, and nothing is half done",
    },
    why: "the other side would not learn what is the matter",
  },
  {
    name: "disk: each sufferer of a broken disk gets a line in the log",
    file: "lib/app/quiet_log.ts",
    find: "    if (nowMs - fault.toldAtMs < WINDOW_MS) return void fault.more++;\n",
    replace: "",
    test: {
      file: "tests/app_quiet_log_test.ts",
      name: "what is our own fault is told once a minute for each reason, whoever suffers",
    },
    why: "the log would fill the disk that is full already",
  },
  {
    name: "disk: a transaction that could not be undone is gone on with",
    file: "lib/store/sqlite.ts",
    find: "      if (database.isTransaction) rollback.run();\n      begin.run();\n",
    replace: "      if (!database.isTransaction) begin.run();\n",
    test: {
      file: "tests/store_faults_test.ts",
      name: "the SQLite store ends what an earlier rollback could not",
    },
    why: "what clients were told is not there would be committed with the next message",
  },
  {
    name: "disk: a commit is as large as what waits",
    file: "lib/store/group.ts",
    find: "(at > 0 && bytes > GROUP_BYTES_MAX)",
    replace: "false",
    test: {
      file: GROUP,
      name: "group commits at most so many bytes at once, and one item however large",
    },
    why: "a few large messages at once would hold up everybody for seconds",
  },
  {
    name: "disk: what was committed counts on",
    file: "lib/store/group.ts",
    find: "      heldBytes -= bytesOf(items);\n",
    replace: "",
    test: {
      file: GROUP,
      name: "group refuses what is too much for the memory, until some is committed",
    },
    why: "after so many bytes no more mail would be taken until a restart",
  },
  {
    name: "disk: an emptied database is a new one",
    file: "lib/store/directory.ts",
    find: "    if (held && !isNew && header.length === 0) throw emptied(databasePath);\n",
    replace: "",
    test: {
      file: "tests/store_damage_test.ts",
      name: "a database that is empty now is refused with what is wrong and what to do",
    },
    why: "users and mail would seem never to have been there, and their mail be refused",
  },
  {
    name: "disk: space is given back in the middle of a backup",
    file: "lib/store/sqlite.ts",
    find: "if (!isCopied(database)) checkpoint.all();",
    replace: "checkpoint.all();",
    test: {
      file: "tests/store_backup_test.ts",
      name: "the log is not moved into the file while that is copied",
    },
    why: "a backup onto the same disk makes it short of space, and would itself be damaged",
  },
  {
    name: "clock: nobody notices that it was set back",
    file: "lib/queue/worker.ts",
    find: "if (this.#clock.wasSetBack()) {",
    replace: "if (this.#stopping) {",
    test: {
      file: CLOCK,
      name: "mail does not wait for a clock that was set back by days (memory)",
    },
    why: "mail would wait for as long as the clock was ahead",
  },
  {
    name: "clock: timers alone say when mail is due",
    file: "lib/queue/worker.ts",
    find: "Math.min(pauseMs, CLOCK_LOOK_MS)",
    replace: "pauseMs",
    test: {
      file: CLOCK,
      name: "mail is tried when its time has come by a clock that was set forward",
    },
    why: "after a machine has slept, mail would wait for the night once more",
  },
];
