/** A load that is put on a server (`smtpc bench`), what is counted, and what mail may cost. */
import type { Mutant } from "./mutant.ts";

const BENCH = "tests/cli_smtpc_bench_test.ts";
const READ = "tests/cli_smtpc_bench_read_test.ts";
const SEND_FILES = "tests/cli_smtpc_send_files_test.ts";
const SEND_SERVERS = "tests/cli_smtpc_send_servers_test.ts";
const EFFORT = "tests/app_effort_test.ts";

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
    find: "(isParting(attempts) && this.#begun > 1)",
    replace: "(isParting(attempts) && this.#begun < 0)",
    test: {
      file: BENCH,
      name: "bench sends what was answered with goodbye over another connection",
    },
    why: "a server with a limit for each connection would look as if it refused mail",
  },
  {
    name: "send: who leaves without a word between two messages fails one",
    file: "lib/cli/load.ts",
    find: "(reply === null || reply.code === 421)",
    replace: "reply?.code === 421",
    test: { file: SEND_SERVERS, name: "send goes on where a server leaves without a word" },
    why: "a file would be reported as not sent, although nobody has refused it",
  },
  {
    name: "send: a server that does not know its BDAT fails messages",
    file: "lib/cli/load.ts",
    find: " || isMisled(attempts)) {",
    replace: ") {",
    test: { file: SEND_SERVERS, name: "send uses DATA where BDAT is offered and not known" },
    why: "DATA, which it knows, would not be tried",
  },
  {
    name: "send: the status is that of any file",
    file: "lib/cli/smtpc_send_files.ts",
    find: "first === null || number < first.number",
    replace: "true",
    test: { file: SEND_FILES, name: "the status is that of the first file that was not sent" },
    why: "the same files would end with another status each time",
  },
  {
    name: "send: a recipient of a file that is refused is dropped",
    file: "lib/cli/smtpc_send_files.ts",
    find: "allOrNothing: access.partial !== true",
    replace: "allOrNothing: false",
    test: { file: SEND_FILES, name: "send names file, recipient and words of each refusal" },
    why: "without --partial, all of them get a message or nobody",
  },
  {
    name: "bench: a stranger's mailbox is read over and over",
    file: "lib/cli/smtpc_bench_read.ts",
    find: "connected: flags.yes ? () => {} : demandPrivate,",
    replace: "connected: () => {},",
    test: { file: BENCH, name: "bench does not read from a stranger's server either" },
    why: "a typing error keeps somebody's mail server busy",
  },
  {
    name: "bench: a mailbox that nobody gets is asked for without end",
    file: "lib/cli/read_load.ts",
    find: "++state.fruitless >= FRUITLESS_ROUNDS_MAX",
    replace: "++state.fruitless >= 2 * FRUITLESS_ROUNDS_MAX",
    test: { file: READ, name: "bench --pop3 gives up when no round comes to its end" },
    why: "it would knock for as long as --seconds says",
  },
  {
    name: "bench: POP3 is measured where IMAP was meant",
    file: "lib/cli/read_load.ts",
    find: "if (spoken === wanted) return;",
    replace: "if (spoken !== null) return;",
    test: {
      file: READ,
      name: "bench gives no figures of one protocol under the name of the other",
    },
    why: "figures would be compared that have nothing to do with each other",
  },
  {
    name: "bench: each round tells again that a server is not verified",
    file: "lib/cli/read_load.ts",
    find: "verifies: state.verifies,",
    replace: "verifies: true,",
    test: { file: READ, name: "bench --imap tells once that a server is not verified" },
    why: "each round would begin with a handshake that fails, and the time for it be the server's",
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
    find: "(this.#handedOut * 1000) / rate",
    replace: "0",
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
  {
    name: "effort: each message has a commit of its own",
    file: "lib/store/group.ts",
    find: "return tooMany === -1 ? items.length : tooMany;",
    replace: "return Math.min(1, items.length, Math.abs(tooMany));",
    test: {
      file: EFFORT,
      name: "ten messages that end together share one commit, and cost eight statements each",
    },
    why: "a tenth of the speed on a disk that syncs",
  },
  {
    name: "effort: content moves with each piece",
    file: "lib/smtp/content.ts",
    find: "Math.max(size, 2 * length)",
    replace: "size",
    test: {
      file: EFFORT,
      name: "a message of 1000000 bytes is copied at most 4.1 times on its way",
    },
    why: "the time for a message would grow with the square of its size",
  },
  {
    name: "effort: each reply is a write",
    file: "lib/net/drive.ts",
    find: "if (effect.flush !== true && this.#gatheredBytes <= GATHER_BYTES_MAX) return DONE;",
    replace: "",
    test: {
      file: EFFORT,
      name: "replies to what came together are one write, however many they are",
    },
    why: "a system call for each recipient",
  },
];
