import assert from "$assert";
import fc from "$check";
import { parseCommand, type Pop3Command, visibleCommand } from "../lib/pop3/command.ts";
import { encode } from "../lib/wire/bytes.ts";
import { ProtocolError } from "../lib/wire/error.ts";

const COMMANDS: readonly (readonly [line: string, command: Pop3Command])[] = [
  ["USER alice", { verb: "USER", name: "alice" }],
  ["user alice@abc.com ", { verb: "USER", name: "alice@abc.com" }],
  ["USER jürgen", { verb: "USER", name: "jürgen" }],
  ["PASS secret", { verb: "PASS", password: "secret" }],
  ["pass  a  b ", { verb: "PASS", password: " a  b " }],
  ["STAT", { verb: "STAT" }],
  ["stat  ", { verb: "STAT" }],
  ["LIST", { verb: "LIST", message: null }],
  ["LIST 1", { verb: "LIST", message: 1 }],
  ["RETR 0012", { verb: "RETR", message: 12 }],
  ["DELE 9999999999", { verb: "DELE", message: 9_999_999_999 }],
  ["NOOP", { verb: "NOOP" }],
  ["RSET", { verb: "RSET" }],
  ["QUIT", { verb: "QUIT" }],
  ["TOP 1 0", { verb: "TOP", message: 1, lines: 0 }],
  ["UIDL", { verb: "UIDL", message: null }],
  ["UIDL 7", { verb: "UIDL", message: 7 }],
  ["CAPA", { verb: "CAPA" }],
  ["utf8", { verb: "UTF8" }],
  ["LANG", { verb: "LANG", range: null }],
  ["LANG *", { verb: "LANG", range: "*" }],
  ["lang en-GB", { verb: "LANG", range: "en-GB" }],
  ["AUTH", { verb: "AUTH", mechanism: null, initial: null }],
  ["AUTH PLAIN", { verb: "AUTH", mechanism: "PLAIN", initial: null }],
  ["AUTH plain =", { verb: "AUTH", mechanism: "plain", initial: new Uint8Array(0) }],
  ["AUTH PLAIN YWI=", { verb: "AUTH", mechanism: "PLAIN", initial: encode("ab") }],
];

Deno.test("parseCommand reads every command that there is", () => {
  for (const [line, command] of COMMANDS) assert.deepEqual(parseCommand(encode(line)), command);
});

const MALFORMED: readonly (readonly [line: string, message: string])[] = [
  ["", "unknown command"],
  [" STAT", "unknown command"],
  ["APOP a b", "unknown command"],
  ["STATS", "unknown command"],
  ["U\u017fER alice", "unknown command"], // the long s, whose upper case is S
  ["USER", "an argument is missing"],
  ["USER a b", "too many arguments"],
  ["PASS", "the argument is missing"],
  ["PASS ", "the argument is missing"],
  ["STAT 1", "too many arguments"],
  ["LIST  1", "too many arguments"],
  ["LIST x", "that is not a number"],
  ["LIST 1e3", "that is not a number"],
  ["LIST 12345678901", "that is not a number"],
  ["RETR", "an argument is missing"],
  ["TOP 1", "an argument is missing"],
  ["TOP 1 -1", "that is not a number"],
  ["TOP 1 2 3", "too many arguments"],
  ["AUTH PLAIN YWI", "the initial response is not base64"],
  ["AUTH PLAIN a===", "the initial response is not base64"],
  ["AUTH PLAIN YWI= YWI=", "too many arguments"],
  ["UTF8 USER", "too many arguments"],
  ["LANG en de", "too many arguments"],
  ["LANG *-GB", "that is not a language"],
  ["LANG e1", "that is not a language"],
  ["LANG englishes", "that is not a language"],
  ["NOOP\t", "control characters are not allowed"],
  ["PASS a\0b", "control characters are not allowed"],
];

Deno.test("parseCommand says what is wrong with a command", () => {
  for (const [line, message] of MALFORMED) {
    assert.throws(() => parseCommand(encode(line)), { name: "ProtocolError", message }, line);
  }
  assert.throws(() => parseCommand(Uint8Array.of(0x50, 0x41, 0x53, 0x53, 0x20, 0xff)), {
    message: "that is not UTF-8",
  });
});

Deno.test("parseCommand throws ProtocolError and nothing else, for any bytes", () => {
  const verbs = fc.constantFrom("USER ", "PASS ", "AUTH ", "TOP ", "LIST ", "RETR ", "UIDL ", "");
  fc.assert(fc.property(verbs, fc.uint8Array({ maxLength: 40 }), (verb, rest) => {
    try {
      parseCommand(Uint8Array.of(...encode(verb), ...rest));
    } catch (error) {
      assert.ok(error instanceof ProtocolError);
    }
  }));
});

Deno.test("visibleCommand masks whatever may be a secret", () => {
  const shown: readonly (readonly [line: string, visible: string])[] = [
    ["USER alice", "USER alice"],
    ["USER alice hunter2", "USER ****"],
    ["PASS hunter2", "PASS ****"],
    ["pass hunter2", "PASS ****"],
    ["PASS", "PASS ****"],
    ["PAS hunter2", "****"],
    ["hunter2", "****"],
    ["AUTH", "AUTH"],
    ["AUTH PLAIN", "AUTH PLAIN"],
    ["AUTH PLAIN aHVudGVyMg==", "AUTH PLAIN ****"],
    ["AUTH PLAIN aHVudGVyMg== more", "AUTH PLAIN ****"],
    ["AUTH aHVudGVyMg==", "AUTH ****"],
    ["RETR 1", "RETR 1"],
    ["RETR hunter2", "RETR ****"],
  ];
  for (const [line, visible] of shown) assert.equal(visibleCommand(encode(line)), visible, line);
});
