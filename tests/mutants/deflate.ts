/** IMAP's COMPRESS, and the compressing transport. */
import type { Mutant } from "./mutant.ts";

const DEFLATE = "tests/net_deflate_test.ts";

export const DEFLATE_MUTANTS: readonly Mutant[] = [
  {
    name: "deflate: the end of what is said stays in the compressor",
    file: "lib/net/deflate.ts",
    find: "    deflate.flush();\n",
    replace: "",
    test: {
      file: DEFLATE,
      name: "deflated says all of what is written, in its order, and in fewer bytes",
    },
    why: "the client would wait for a reply that waits for the client",
  },
  {
    name: "deflate: a client that does not compress is heard as if it had left",
    file: "lib/net/deflate.ts",
    find: "        if (broken !== null) {",
    replace: '        if (broken !== null && broken.message === "") {',
    test: {
      file: DEFLATE,
      name: "deflated is lost where what comes is not compressed, and ends in the middle",
    },
    why: "what it says would be passed over without a word",
  },
  {
    name: "imap: compression begins twice",
    file: "lib/imap/compress.ts",
    find: "if (serving.compressed) throw refused(",
    replace: "if (serving.compressed && serving.traced) throw refused(",
    test: {
      file: "tests/imap_server_test.ts",
      name: "imapServer follows the transcript: RFC 4978 §3: COMPRESS, once",
    },
    why: "RFC 4978 §3: the client would not understand what is compressed twice",
  },
];
