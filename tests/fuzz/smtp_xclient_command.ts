import assert from "$assert";
import { canonicalLiteral } from "../../lib/mail/literal.ts";
import { parseXclient } from "../../lib/smtp/xclient_command.ts";
import { decodeLatin1, encode } from "../../lib/wire/bytes.ts";
import { ProtocolError } from "../../lib/wire/error.ts";
import type { FuzzTarget } from "./target.ts";

export const target: FuzzTarget = {
  name: "smtp_xclient_command",
  invariant:
    "what stands behind XCLIENT is a ProtocolError with a reply for it, or attributes whose " +
    "addresses are addresses, whose ports are ports and whose names have no blank or control",
  seeds: [
    "ADDR=192.0.2.9 NAME=client.example PORT=1 PROTO=ESMTP HELO=x LOGIN=alice+40abc.com",
    "ADDR=IPv6:2001:db8::9 NAME=[UNAVAILABLE] HELO=[TEMPUNAVAIL] PROTO=smtp",
    "NAME=a+20b",
    "LOGIN=+00",
  ].map(encode),
  run(input) {
    try {
      const { name, address, port, helo, login } = parseXclient(decodeLatin1(input));
      assert.match(`${name}${helo}`, /^[!-~]*$/);
      assert.match(login ?? "", /^[\t -~]{0,255}$/);
      const literal = address?.includes(":") ? `[IPv6:${address}]` : `[${address}]`;
      if (typeof address === "string") assert.equal(canonicalLiteral(literal), literal);
      if (typeof port === "number") assert.ok(port >= 0 && port <= 65535);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      assert.equal(error.code, 501);
      assert.match(error.message, /^[ -~]+$/);
    }
  },
};
