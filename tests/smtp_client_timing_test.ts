/** Deadlines and priorities on their way to the next server. */
import assert from "$assert";
import { bodyOf } from "../lib/mail/body.ts";
import type { DeliverBy, Envelope, Recipient } from "../lib/mail/envelope.ts";
import type { SmtpJob } from "../lib/smtp/client.ts";
import { encode } from "../lib/wire/bytes.ts";
import {
  BYE,
  GO_AHEAD,
  GREETING,
  hear,
  NOW,
  RECIPIENT_OK,
  SENDER_OK,
  TAKEN,
} from "./smtp_client_support.ts";

const BOB = { address: { local: "bob", domain: "xyz.com" } };
const SENT = [SENDER_OK, RECIPIENT_OK, GO_AHEAD, TAKEN];

function job(envelope: Partial<Envelope>, recipient: Recipient = BOB): SmtpJob {
  const sender = { local: "alice", domain: "abc.com" };
  return {
    do: "send",
    envelope: { sender, body: "7BIT", ...envelope },
    recipients: [recipient],
    content: bodyOf(encode("Hi\r\n")),
  };
}

function by(seconds: number, mode: DeliverBy["mode"], trace = false): Partial<Envelope> {
  return { by: { at: NOW + seconds * 1000, mode, trace } };
}

/** What is said between EHLO and QUIT, and what became of it. */
function said(keywords: readonly string[], asked: SmtpJob, ...answers: readonly string[]) {
  const lines = ["mx.xyz.com", ...keywords];
  const ehlo = lines.map((line, at) => `250${at === lines.length - 1 ? " " : "-"}${line}\r\n`);
  const heard = hear([GREETING, ...ehlo, ...answers, BYE], [asked]);
  assert.deepEqual(heard.end, { end: "done" });
  return { lines: heard.said.slice(1, -1), result: heard.results[0]![0]! };
}

const BY: readonly (readonly [what: string, asked: Partial<Envelope>, value: string])[] = [
  ["what is left", by(98, "return"), "BY=98;R"],
  ["the whole seconds of it", by(97.9, "return", true), "BY=97;RT"],
  ["mode N", by(3600, "notify"), "BY=3600;N"],
  ["how long it is over", by(-30, "notify", true), "BY=-30;NT"],
  ["nine digits at most", by(-2e9, "notify"), "BY=-999999999;N"],
];

for (const [what, asked, value] of BY) {
  Deno.test(`RFC 2852 §4.1.4: the next server is told ${what}`, () => {
    const { lines } = said(["DELIVERBY 30"], job(asked), ...SENT);
    assert.equal(lines[0], `MAIL FROM:<alice@abc.com> ${value}`);
  });
}

const UNABLE: readonly (readonly [string, readonly string[], number, string])[] = [
  ["does not know DELIVERBY", ["DSN"], 120, "550 5.3.3"],
  ["needs more time than is left", ["DELIVERBY 240"], 120, "550 5.3.3"],
  ["is reached too late", ["DELIVERBY"], 0.5, "550 5.4.7"],
];

for (const [what, keywords, seconds, status] of UNABLE) {
  Deno.test(`RFC 2852 §4.1.4.1: with mode R nothing goes to a server that ${what}`, () => {
    const { lines, result } = said(keywords, job(by(seconds, "return")));
    assert.deepEqual(lines, []);
    assert.ok(result.startsWith(`bob@xyz.com: refused at hello, ${status} `), result);
  });
}

Deno.test("RFC 2852 §4.1.4.1: a minimum that is just kept is no obstacle", () => {
  const { lines } = said(["DELIVERBY 240"], job(by(240, "return")), ...SENT);
  assert.equal(lines[0], "MAIL FROM:<alice@abc.com> BY=240;R");
});

const NOTIFY: readonly (readonly [Recipient["notify"], number, string])[] = [
  [undefined, 60, " NOTIFY=FAILURE,DELAY"],
  [["SUCCESS"], 60, " NOTIFY=SUCCESS,DELAY"],
  [["FAILURE", "DELAY"], 60, " NOTIFY=FAILURE,DELAY"],
  [[], 60, " NOTIFY=NEVER"],
  [undefined, -1, ""],
];

Deno.test("RFC 2852 §4.1.4.2: who knows only DSN is asked to report delays in place of BY", () => {
  for (const [notify, seconds, expected] of NOTIFY) {
    const recipient = notify === undefined ? BOB : { ...BOB, notify };
    const { lines } = said(["DSN"], job(by(seconds, "notify"), recipient), ...SENT);
    assert.deepEqual(lines.slice(0, 2), [
      "MAIL FROM:<alice@abc.com>",
      `RCPT TO:<bob@xyz.com>${expected}`,
    ]);
  }
  const known = said(["DSN", "DELIVERBY"], job(by(60, "notify")), ...SENT);
  assert.equal(known.lines[1], "RCPT TO:<bob@xyz.com>");
});

Deno.test("RFC 6710 §4.2: the priority goes on to who knows it, and to nobody else", () => {
  for (const priority of [-9, 0, 5]) {
    const { lines } = said(["MT-PRIORITY MIXER"], job({ priority }), ...SENT);
    assert.equal(lines[0], `MAIL FROM:<alice@abc.com> MT-PRIORITY=${priority}`);
  }
  assert.equal(said([], job({ priority: 5 }), ...SENT).lines[0], "MAIL FROM:<alice@abc.com>");
  assert.equal(said(["MT-PRIORITY"], job({}), ...SENT).lines[0], "MAIL FROM:<alice@abc.com>");
});
