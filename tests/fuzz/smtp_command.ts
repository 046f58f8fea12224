import assert from "$assert";
import { type Address, formatAddress, parseMailbox } from "../../lib/mail/address.ts";
import { parseCommand, type Said, type SmtpCommand } from "../../lib/smtp/command.ts";
import { encode } from "../../lib/wire/bytes.ts";
import { ProtocolError } from "../../lib/wire/error.ts";
import type { FuzzTarget } from "./target.ts";

export const target: FuzzTarget = {
  name: "smtp_command",
  invariant:
    "a line is a command or a ProtocolError with a reply for it, no text of a command holds a " +
    "control character, and its address can be written and read again",
  seeds: [
    "EHLO client.example",
    "MAIL FROM:<alice@abc.com> SIZE=1000 BODY=8BITMIME AUTH=<>",
    'MAIL FROM:<"a b\\""@[IPv6:2001:db8::1]>',
    "RCPT TO:<@one.example,@two.example:bob@xyz.com>",
    "RCPT TO:<Postmaster>",
    "AUTH PLAIN AGFsaWNlAHNlY3JldA==",
    "AUTH LOGIN =",
    "MAIL FROM:<älice@bücher.example> SMTPUTF8 RET=FULL ENVID=QQ+3D1",
    "RCPT TO:<böb@xyz.com> NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=utf-8;b\\x{F6}b@xyz.com",
    "MAIL FROM:<alice@abc.com> REQUIRETLS",
    "RCPT TO:<bob@xyz.com> NOTIFY=NEVER ORCPT=rfc822;Bob+2Btag@xyz.com",
    "VRFY bob SMTPUTF8",
    "NOOP anything",
  ].map(encode),
  run(input) {
    for (const extended of [true, false]) {
      for (const utf8 of [true, false]) check(input, { extended, utf8 });
    }
  },
};

function check(line: Uint8Array, said: Said): void {
  let command: SmtpCommand;
  try {
    command = parseCommand(line, said);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    assert.ok([500, 501, 550, 553, 555].includes(error.code));
    assert.match(error.status, /^5\.\d\.\d$/);
    assert.match(error.message, /^[ -~]+$/);
    return;
  }
  assert.doesNotMatch(JSON.stringify(command), /\\u00[01]/);
  if (command.verb === "MAIL" && command.from !== null) checkAddress(command.from);
  if (command.verb === "RCPT" && command.to.domain !== "") checkAddress(command.to);
}

function checkAddress(address: Address): void {
  assert.deepEqual(parseMailbox(formatAddress(address), { utf8: true }), address);
}
