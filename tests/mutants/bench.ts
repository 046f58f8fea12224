/** A load that is put on a server (`smtpc bench`), and what is counted of it. */
import type { Mutant } from "./mutant.ts";

const BENCH = "tests/cli_smtpc_bench_test.ts";

export const BENCH_MUTANTS: readonly Mutant[] = [
  {
    name: "bench: anybody is flooded",
    file: "lib/cli/smtpc_bench.ts",
    find: "connected: flags.yes ? () => {} : demandPrivate,",
    replace: "connected: () => {},",
    test: {
      file: BENCH,
      name: "bench sends nothing to a stranger's server, unless it is told that it may",
    },
    why: "a typing error floods somebody's mail server",
  },
  {
    name: "bench: a goodbye fails the message",
    file: "lib/cli/load.ts",
    find: "if (isGoodbye && this.#begun > 1)",
    replace: "if (isGoodbye && this.#begun < 0)",
    test: {
      file: BENCH,
      name: "bench sends what was answered with goodbye over another connection",
    },
    why: "a server with a limit for each connection would look as if it refused mail",
  },
  {
    name: "bench: a server that lets nobody in is asked for ever",
    file: "lib/cli/load.ts",
    find: "++desk.fruitless >= FRUITLESS_CONNECTIONS_MAX",
    replace: "++desk.fruitless >= Infinity",
    test: { file: BENCH, name: "bench ends soon where nobody listens, or nobody is let in" },
    why: "it would knock for as long as --seconds says, or for ever with --messages",
  },
  {
    name: "bench: a message counts from when it was begun",
    file: "lib/cli/load.ts",
    find: "this.#startedMs + (this.#handedOut * 1000) / rate",
    replace: "this.#startedMs",
    test: { file: BENCH, name: "bench keeps to a rate, and counts a message from when it was due" },
    why: "there would be no rate, and a server that falls behind would look fast",
  },
  {
    name: "bench: kinds of errors grow without end",
    file: "lib/cli/load_tally.ts",
    find: "kinds.has(key) || kinds.size < ERROR_KINDS_MAX",
    replace: "kinds.has(key) || kinds.size < Infinity",
    test: {
      file: "tests/cli_load_test.ts",
      name: "a server with a new answer for everybody does not make the count grow without end",
    },
    why: "memory would be the server's",
  },
];
