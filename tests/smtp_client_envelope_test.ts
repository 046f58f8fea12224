/** The client with and without DSN and SMTPUTF8 on the other side. */
import assert from "$assert";
import { bodyOf } from "../lib/mail/body.ts";
import type { Envelope, Recipient } from "../lib/mail/envelope.ts";
import type { SmtpJob } from "../lib/smtp/client.ts";
import { encode } from "../lib/wire/bytes.ts";
import {
  BYE,
  GO_AHEAD,
  GREETING,
  hear,
  RECIPIENT_OK,
  SENDER_OK,
  TAKEN,
} from "./smtp_client_support.ts";

const ALICE = { local: "alice", domain: "abc.com" };
const BOB = { address: { local: "bob", domain: "xyz.com" } };
const CAROL = { address: { local: "carol", domain: "xyz.com" } };
const BOEB = { address: { local: "böb", domain: "xyz.com" } };
const RSET_OK = "250 2.0.0 OK\r\n";

function ehlo(...keywords: readonly string[]): string {
  const lines = ["mx.xyz.com", "8BITMIME", ...keywords];
  return lines.map((line, at) => `250${at === lines.length - 1 ? " " : "-"}${line}\r\n`).join("");
}

function job(
  options: Partial<Envelope>,
  recipients: readonly Recipient[],
  more: { readonly do?: "verify"; readonly allOrNothing?: boolean } = {},
): SmtpJob {
  const envelope: Envelope = { sender: ALICE, body: "7BIT", ...options };
  const { allOrNothing = false } = more;
  return more.do === "verify"
    ? { do: "verify", envelope, recipients, contentBytes: null }
    : { do: "send", envelope, recipients, content: bodyOf(encode("Hi\r\n")), allOrNothing };
}

/** What is said between EHLO and QUIT; UTF-8 is decoded. */
function said(keywords: readonly string[], asked: SmtpJob, ...answers: readonly string[]) {
  const heard = hear([GREETING, ehlo(...keywords), ...answers, BYE], [asked]);
  assert.deepEqual(heard.end, { end: "done" });
  const utf8 = heard.said.map((line) =>
    new TextDecoder().decode(Uint8Array.from(line, (each) => each.charCodeAt(0)))
  );
  return { lines: utf8.slice(1, -1), results: heard.results[0]! };
}

const ASKED = [
  { ...BOB, notify: ["SUCCESS", "DELAY"], orcpt: "RFC822;Bob+2Bx@XYZ.com" },
  { ...CAROL, notify: [] },
] as const;
const WISHES = { ret: "HDRS", envid: "QQ+2B1" } as const;
const SENT = [SENDER_OK, RECIPIENT_OK, RECIPIENT_OK, GO_AHEAD, TAKEN];

Deno.test("the client passes the wishes for reports on as they were given", () => {
  const { lines, results } = said(["DSN"], job(WISHES, ASKED), ...SENT);
  assert.deepEqual(lines.slice(0, 3), [
    "MAIL FROM:<alice@abc.com> RET=HDRS ENVID=QQ+2B1",
    "RCPT TO:<bob@xyz.com> NOTIFY=SUCCESS,DELAY ORCPT=RFC822;Bob+2Bx@XYZ.com",
    "RCPT TO:<carol@xyz.com> NOTIFY=NEVER",
  ]);
  assert.match(results[0]!, /^bob@xyz\.com: delivered/);
});

Deno.test("the client adds no wish for reports that nobody had", () => {
  const { lines } = said(["DSN"], job({}, [BOB, CAROL]), ...SENT);
  assert.deepEqual(lines.slice(0, 2), ["MAIL FROM:<alice@abc.com>", "RCPT TO:<bob@xyz.com>"]);
});

Deno.test("a server without DSN hears no wish for reports, and gets the message", () => {
  const { lines, results } = said([], job(WISHES, ASKED), ...SENT);
  assert.deepEqual(lines.slice(0, 3), [
    "MAIL FROM:<alice@abc.com>",
    "RCPT TO:<bob@xyz.com>",
    "RCPT TO:<carol@xyz.com>",
  ]);
  assert.match(results[1]!, /^carol@xyz\.com: delivered/);
});

/** What makes SMTPUTF8 necessary, and the words where the server has it not. */
const NEEDS: readonly (readonly [name: string, asked: SmtpJob, words: string])[] = [
  [
    "a sender",
    job({ sender: { local: "älice", domain: "abc.com" } }, [BOB]),
    "550 5.6.7 The next server takes no SMTPUTF8, which the sender needs",
  ],
  [
    "a recipient",
    job({}, [BOEB]),
    "553 5.6.7 The next server takes no SMTPUTF8, which this address needs",
  ],
  [
    "a header",
    job({ utf8: true }, [BOB]),
    "554 5.6.9 The next server takes no SMTPUTF8, which the header needs",
  ],
];

for (const [name, asked, words] of NEEDS) {
  Deno.test(`${name} in UTF-8 makes the client say SMTPUTF8`, () => {
    const [mail] = said(["SMTPUTF8"], asked, SENDER_OK, RECIPIENT_OK, GO_AHEAD, TAKEN).lines;
    assert.match(mail!, /^MAIL FROM:<[^>]+> SMTPUTF8$/);
  });

  Deno.test(`${name} in UTF-8 is not sent to a server without SMTPUTF8`, () => {
    const { lines, results } = said([], asked);
    assert.deepEqual(lines, []);
    assert.match(results[0]!, /: refused at hello, /);
    assert.ok(results[0]!.endsWith(words), results[0]);
  });
}

Deno.test("what is ASCII is sent without SMTPUTF8 to a server that has it", () => {
  const { lines } = said(["SMTPUTF8"], job({}, [BOB]), SENDER_OK, RECIPIENT_OK, GO_AHEAD, TAKEN);
  assert.equal(lines[0], "MAIL FROM:<alice@abc.com>");
});

Deno.test("one recipient in UTF-8 does not keep the others from the message", () => {
  const { lines, results } = said([], job({}, [BOEB, BOB]), ...SENT.toSpliced(1, 1));
  assert.deepEqual(lines.slice(0, 2), ["MAIL FROM:<alice@abc.com>", "RCPT TO:<bob@xyz.com>"]);
  assert.match(results[0]!, /^böb@xyz\.com: refused at hello, 553 5\.6\.7/);
  assert.match(results[1]!, /^bob@xyz\.com: delivered/);
});

Deno.test("where all or nobody is to get it, one recipient in UTF-8 keeps it back", () => {
  const { lines, results } = said([], job({}, [BOB, BOEB], { allOrNothing: true }));
  assert.deepEqual(lines, []);
  assert.match(results[0]!, /^bob@xyz\.com: deferred/);
  assert.match(results[1]!, /refused at hello, 553 5\.6\.7/);
});

Deno.test("who only asks about recipients does not know yet what the header needs", () => {
  const asked = job({ utf8: true }, [BOB], { do: "verify" });
  const { lines } = said([], asked, SENDER_OK, RECIPIENT_OK, RSET_OK);
  assert.equal(lines[0], "MAIL FROM:<alice@abc.com>");
});

Deno.test("an original recipient in UTF-8 goes as it is only where SMTPUTF8 is said", () => {
  const orcpt = "utf-8;böb@xyz.com";
  const asked = (recipient: Recipient) => job({}, [{ ...recipient, orcpt }]);
  const answers = [SENDER_OK, RECIPIENT_OK, GO_AHEAD, TAKEN];
  const both = ["SMTPUTF8", "DSN"];
  assert.equal(
    said(both, asked(BOEB), ...answers).lines[1],
    "RCPT TO:<böb@xyz.com> ORCPT=utf-8;böb@xyz.com",
  );
  // RFC 6533 §3
  assert.equal(
    said(both, asked(BOB), ...answers).lines[1],
    "RCPT TO:<bob@xyz.com> ORCPT=utf-8;b\\x{F6}b@xyz.com",
  );
});
