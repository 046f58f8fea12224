/** The simulation has to notice when its own world, or what it watches over, is not sound. */
import type { Mutant } from "./mutant.ts";

const SIM = "tests/sim_run_test.ts";
const BACKUP = "tests/sim_backup_test.ts";
const TWO_SERVERS = "the simulation of two servers passes with the first seeds";

export const SIM_WORLD_MUTANTS: readonly Mutant[] = [
  {
    name: "a simulated process that is dead still writes to the disk",
    file: "tests/sim/disk.ts",
    find: '    if (!life.act()) throw new Gone("the process is dead");\n',
    replace: "    life.act();\n",
    why: "what happens after a crash would change what the crash has left",
    test: {
      file: "tests/sim_disk_test.ts",
      name: "a simulated disk keeps a transaction whole or not at all, whenever its process dies",
    },
  },
  {
    name: "a simulated crash keeps what was not committed",
    file: "tests/sim/disk.ts",
    find: '      if (database.isTransaction) database.exec("ROLLBACK");\n      for',
    replace: '      if (database.isTransaction) database.exec("COMMIT");\n      for',
    why: "a disk has a transaction whole or not at all",
    test: {
      file: "tests/sim_disk_test.ts",
      name: "a simulated disk keeps a transaction whole or not at all, whenever its process dies",
    },
  },
  {
    name: "a simulation passes over what is left open",
    file: "tests/sim/simulate.ts",
    find: "for (const open of network.open()) complain(`left open: ${open}`);",
    replace: "",
    why: "every session ends, and every transport is closed",
    test: { file: SIM, name: "the simulation fails with a scenario that leaves a connection open" },
  },
  {
    name: "chance in the simulation depends on what was simulated before",
    file: "tests/sim/network.ts",
    find: "  let lastPort = 40_000;\n",
    replace: "  let lastPort = 40_000 + Math.floor(performance.now()) % 9999;\n",
    why: "a seed is worth nothing when it does not tell the same story again",
    test: {
      file: SIM,
      name: "the simulation tells the same seed the same way, line by line, and others otherwise",
    },
  },
  {
    name: "the worker leaves its watcher behind",
    file: "lib/queue/worker.ts",
    find: "store.queue.changed(version, woken.signal)",
    replace: "store.queue.changed(version, new AbortController().signal)",
    why: "each sleep of the worker would keep one more, for ever",
    test: { file: SIM, name: TWO_SERVERS },
  },
  {
    name: "content that was stored still counts as being in memory",
    file: "lib/wire/room.ts",
    find: "          held -= mine;\n",
    replace: "",
    why: "after a while no message would find room",
    test: { file: SIM, name: TWO_SERVERS },
  },
  {
    name: "a simulated backup forgets the ids that were given out",
    file: "tests/sim/copy_database.ts",
    find: '  copyRows(from, to, "sqlite_sequence");\n',
    replace: "",
    why: "an account would get the id of one that was removed, as no real copy does",
    test: {
      file: BACKUP,
      name: "a copy of a database has its rows, indexes, settings and counters",
    },
  },
  {
    name: "a simulated backup counts before it is whole",
    file: "tests/sim/server_node.ts",
    find: "  if (life.isAlive()) return disk.keep({ database, atMs });\n",
    replace: "  if (life.isAlive() || atMs > 0) return disk.keep({ database, atMs });\n",
    why: "a copy has its name only when it is complete",
    test: { file: BACKUP, name: "a simulated backup that is not made to its end is none" },
  },
  {
    name: "a simulated disk that is lost is there again",
    file: "tests/sim/server_node.ts",
    find: "  disk.restore();\n",
    replace: "",
    why: "nothing would be lost, and nothing of what waits would come twice",
    test: {
      file: BACKUP,
      name: "a simulated server whose disk is lost goes on with its last backup, " +
        "and with nothing that came later",
    },
  },
];
