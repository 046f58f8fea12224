/** Reading and writing bytes: lines, dots, the content of DATA. */
import type { Mutant } from "./mutant.ts";

export const WIRE_MUTANTS: readonly Mutant[] = [
  {
    name: "data: a bare LF ends a line",
    file: "lib/smtp/data.ts",
    find: '  if (lineFeed === start || bytes[lineFeed - 1] !== CR) return "bareLf";\n',
    replace: "",
    test: {
      file: "tests/smtp_data_test.ts",
      name: "readData refuses whatever another server could take for the end, and reads on",
    },
    why: "SMTP smuggling: the next server would see another end of the content",
  },
  {
    name: "data: LF.CRLF ends the content",
    file: "lib/smtp/data.ts",
    find: "bytes[last] === LF && behindCr ? 2 : 0",
    replace: "bytes[last] === LF ? 2 : 0",
    test: {
      file: "tests/smtp_data_test.ts",
      name: "readData refuses whatever another server could take for the end, and reads on",
    },
    why: "SMTP smuggling: what follows would be obeyed as commands",
  },
  {
    name: "data: a bare CR is content",
    file: "lib/smtp/data.ts",
    find: '  if (bytes.indexOf(CR, start) < lineFeed - 1) return "bareCr";\n',
    replace: "",
    test: {
      file: "tests/smtp_data_test.ts",
      name: "readData refuses whatever another server could take for the end, and reads on",
    },
    why: "SMTP smuggling: some servers end a line at it",
  },
  {
    name: "data: a stuffed dot ends the content",
    file: "lib/smtp/data.ts",
    find: "lineFeed - lineStart === 2",
    replace: "lineFeed - lineStart <= 3",
    test: {
      file: "tests/smtp_data_test.ts",
      name: "readData ends content at CRLF.CRLF and takes stuffed dots out, at every cut",
    },
    why: "a sender's line with a dot would cut the message in two",
  },
  {
    name: "data: a stuffed dot stays",
    file: "lib/smtp/data.ts",
    find: "runStart = lineStart + 1;",
    replace: "runStart = lineStart;",
    test: {
      file: "tests/smtp_data_test.ts",
      name: "readData ends content at CRLF.CRLF and takes stuffed dots out, at every cut",
    },
    why: "bytes are sacred",
  },
  {
    name: "data: a flood is heard to its end",
    file: "lib/smtp/data.ts",
    find: "return this.#fault !== null && this.#received > 2 * this.#bytesMax;",
    replace: "return false;",
    test: {
      file: "tests/smtp_data_test.ts",
      name: "readData gives up content of more than twice its limit, with its end or without",
    },
    why: "a connection could be held for ever",
  },
  {
    name: "data: size is not looked at",
    file: "lib/smtp/data.ts",
    find: "if (this.#content.size + lineFeed + 1 - runStart > this.#bytesMax) {",
    replace: "if (this.#content.size < 0) {",
    test: {
      file: "tests/smtp_data_test.ts",
      name: "readData takes content up to its limit, and throws more away up to its end",
    },
    why: "memory would be the stranger's",
  },
  {
    name: "data: a byte buys a whole block's time",
    file: "lib/smtp/data.ts",
    find: "if (progress >= PROGRESS_BYTES) {",
    replace: "if (progress > 0) {",
    test: {
      file: "tests/smtp_data_test.ts",
      name: "readData gives the peer more time for each 16 KiB, and for nothing less",
    },
    why: "slow-loris in DATA",
  },
  {
    name: "lines: a bare LF ends a line",
    file: "lib/wire/lines.ts",
    find: '  if (line[end] !== CR || line[end + 1] !== LF) return "bareLf";\n',
    replace: "",
    test: {
      file: "tests/wire_lines_test.ts",
      name: 'readLine reads "NOOP\\nQUIT\\r\\n" at every cut',
    },
    why: "two servers would see different lines",
  },
  {
    name: "lines: a bare CR is part of a line",
    file: "lib/wire/lines.ts",
    find: 'return text.includes(CR) ? "bareCr" : text;',
    replace: "return text;",
    test: {
      file: "tests/wire_lines_test.ts",
      name: 'readLine reads "NO\\rOP\\r\\nQUIT\\r\\n" at every cut',
    },
    why: "two servers would see different lines",
  },
  {
    name: "lines: a line without end is read on",
    file: "lib/wire/lines.ts",
    find: '      if (discarded > DISCARD_BYTES_MAX) return "endless";\n',
    replace: "",
    test: {
      file: "tests/wire_lines_test.ts",
      name: "readLine gives up a line without an end, and holds no more than one chunk of it",
    },
    why: "a connection could be held for ever",
  },
  {
    name: "dots: a dot is sent as it is",
    file: "lib/wire/dots.ts",
    find: "parts.push(chunk.subarray(copied, at), DOT_BYTES);",
    replace: "parts.push(chunk.subarray(copied, at));",
    test: {
      file: "tests/wire_dots_test.ts",
      name: "dotStuffer doubles the dot of a line and of nothing else, wherever the content is cut",
    },
    why: "a line with a dot would end the message at the next server",
  },
  {
    name: "dots: a stuffed dot is kept",
    file: "lib/wire/dots.ts",
    find: "copied = at + 1;",
    replace: "copied = at;",
    test: {
      file: "tests/wire_dots_test.ts",
      name: "dotUnstuffer gives the content and leaves what follows, wherever the wire is cut",
    },
    why: "bytes are sacred",
  },
  {
    name: "dots: a line begins behind a bare LF",
    file: "lib/wire/dots.ts",
    find: 'return at === 1 ? before === "behindCr" : chunk[at - 2] === CR;',
    replace: "return true;",
    test: {
      file: "tests/wire_dots_test.ts",
      name: "dotUnstuffer gives the content and leaves what follows, wherever the wire is cut",
    },
    why: "a dot behind a bare LF is content, and LF.LF would be an end",
  },
];
