import assert from "$assert";
import { type Address, parseMailbox, sameAddress } from "../../lib/mail/address.ts";
import { bodyOf, bytesOf } from "../../lib/mail/body.ts";
import { countFields, parseHeader } from "../../lib/mail/header.ts";
import { prepareSubmission } from "../../lib/mail/submission.ts";
import { concat, encode } from "../../lib/wire/bytes.ts";
import { ProtocolError } from "../../lib/wire/error.ts";
import type { FuzzTarget } from "./target.ts";

/** What is put in front of every message. */
const TRACE = encode("Received: x\r\n");
const ALICE = parseMailbox("alice@abc.com");
const SUBMISSION = {
  now: 0,
  id: "1",
  hostname: "abc.com",
  submitter: { address: ALICE, owns: (address: Address) => sameAddress(address, ALICE) },
};

export const target: FuzzTarget = {
  name: "mail_submission",
  invariant:
    "what is submitted gets a Date and a Message-ID where it has none, never keeps a Bcc or a " +
    "Return-Path, keeps its body to the byte, and is not changed when it is submitted again",
  seeds: [
    "From: alice@abc.com\r\nTo: bob@xyz.com\r\nBcc: eve@x\r\nBcc :\r\n x\r\n\r\nHello\r\n",
    "From: eve@x, alice@abc.com\r\nSender: eve@x\r\nSender: alice@abc.com\r\n\r\n",
    "Date: x\r\nMessage-ID: <a@b>\r\nReturn-Path: <a@b>\r\nResent-Bcc: c\r\n\r\nBcc: body\r\n",
    "Hello without a header\r\n",
    "Bcc: a\r\nstray\r\nBcc: b\r\n",
    "\r\n",
    "From alice Mon\r\nBcc: a\r\n\r\n",
  ].map(encode),
  async run(input) {
    const once = await submit(input);
    if (once === null) return;
    const before = parseHeader(input);
    // As it goes on: a line that is no field is one of the header, except where it comes first.
    const traced = concat([TRACE, once]);
    const header = parseHeader(traced);
    assert.ok(countFields(header, "Date") >= 1 && countFields(header, "Message-ID") >= 1);
    for (const name of ["Bcc", "Resent-Bcc", "Return-Path"]) {
      assert.equal(countFields(header, name), 0);
    }
    assert.deepEqual(traced.subarray(header.bodyStart), input.subarray(before.bodyStart));
    assert.deepEqual(await submit(traced), traced);
  },
};

/** `null` where the header is too long. */
async function submit(message: Uint8Array): Promise<Uint8Array | null> {
  try {
    return await bytesOf(await prepareSubmission(bodyOf(message), SUBMISSION));
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    assert.equal(error.code, 552);
    return null;
  }
}
