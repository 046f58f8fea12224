import assert from "$assert";
import { parseCommand, type Pop3Command, visibleCommand } from "../../lib/pop3/command.ts";
import { decode, encode } from "../../lib/wire/bytes.ts";
import { ProtocolError } from "../../lib/wire/error.ts";
import type { FuzzTarget } from "./target.ts";

export const target: FuzzTarget = {
  name: "pop3_command",
  invariant:
    "any line is a command whose numbers are safe integers, or a ProtocolError with a printable " +
    "message, and what a trace may show of it holds no argument of PASS and no initial response",
  seeds: [
    "USER alice",
    "PASS two  words",
    "AUTH PLAIN AGFsaWNlAHNlY3JldA==",
    "AUTH LOGIN =",
    "LIST 12",
    "TOP 1 4294967295",
    "UIDL",
    "CAPA",
  ].map(encode),
  run(input) {
    const visible = visibleCommand(input);
    const command = parsed(input);
    if (command === null) return;
    for (const value of Object.values(command)) {
      if (typeof value === "number") assert.ok(Number.isSafeInteger(value) && value >= 0);
    }
    if (command.verb === "PASS") assert.equal(visible, "PASS ****");
    else if (command.verb === "AUTH" && command.initial !== null) assert.match(visible, / \*{4}$/);
    else if (command.verb !== "AUTH") assert.equal(visible, decode(input));
  },
};

function parsed(input: Uint8Array): Pop3Command | null {
  try {
    return parseCommand(input);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    assert.match(error.message, /^[\x20-\x7e]+$/);
    return null;
  }
}
