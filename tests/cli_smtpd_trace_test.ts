/** How one message's way is told to people. */
import assert from "$assert";
import type { OutcomeView, TraceView } from "../lib/app/admin_trace.ts";
import { textOfTrace } from "../lib/cli/smtpd_trace.ts";

const NOTHING: TraceView = {
  id: "m1",
  messageId: null,
  accepted: "2027-01-15T08:00:00.000Z",
  from: "<>",
  bytes: 10,
  origin: null,
  mailboxes: [],
  queued: [],
  reports: [],
  happenings: [],
  forgotten: 0,
  waiting: [],
};

function outcome(what: OutcomeView["outcome"], more: Partial<OutcomeView> = {}): OutcomeView {
  return {
    recipients: ["bob@xyz.com"],
    outcome: what,
    queued: [],
    reply: null,
    due: null,
    report: null,
    unreported: null,
    uncertain: false,
    ...more,
  };
}

const WAITING = {
  id: "m1",
  mark: 1,
  accepted: NOTHING.accepted,
  due: "2027-01-15T08:01:07.000Z",
  expires: "2027-01-20T08:00:00.000Z",
  from: "alice@abc.com",
  to: "bob@xyz.com",
  hop: "xyz.com",
  bytes: 321,
  attempts: 1,
  unreached: 1,
  taken: false,
  held: null,
  reply: null,
};

const WHOLE: TraceView = {
  ...NOTHING,
  messageId: "letter@abc.com",
  from: "alice@abc.com",
  bytes: 321,
  origin: {
    from: "peer",
    peer: "127.0.0.1",
    hello: "laptop",
    user: "alice@abc.com",
    protocol: "ESMTPSA",
    tls: "TLSv1.3 TLS_AES_256_GCM_SHA384",
    recipients: ["bob@xyz.com", "dave@xyz.com", "carol@abc.com"],
  },
  mailboxes: ["carol@abc.com"],
  queued: ["bob@xyz.com", "dave@xyz.com"],
  reports: ["m2"],
  happenings: [
    {
      what: "unreached",
      at: "2027-01-15T08:00:01.000Z",
      hop: "xyz.com",
      until: "2027-01-15T08:00:06.000Z",
      reply: "450 4.4.1 127.0.0.1:2526: nobody listens",
    },
    {
      what: "attempt",
      at: "2027-01-15T08:00:07.000Z",
      via: "127.0.0.1:2526",
      tls: null,
      outcomes: [
        outcome("deferred", {
          due: "2027-01-15T08:00:37.000Z",
          reply: "450 4.4.2 The connection was lost",
          uncertain: true,
        }),
        outcome("failed", {
          recipients: ["dave@xyz.com"],
          reply: "550 5.1.1 No such user",
          report: "m2",
        }),
      ],
    },
    { what: "hold", at: "2027-01-15T08:00:10.000Z", reason: "looks odd" },
    { what: "release", at: "2027-01-15T08:00:20.000Z" },
  ],
  waiting: [
    WAITING,
    { ...WAITING, to: "eve@xyz.com", held: "looks odd" },
    { ...WAITING, to: "frank@xyz.com", taken: true },
  ],
};

/** What is printed about it. */
const TOLD = `\
Message m1, Message-ID <letter@abc.com>
2027-01-15 08:00:00Z  accepted from alice@abc.com, 321 bytes
                      sent by laptop (127.0.0.1), logged in as alice@abc.com
                      by ESMTPSA, under TLSv1.3 TLS_AES_256_GCM_SHA384
                      for bob@xyz.com, dave@xyz.com, carol@abc.com
                      put into the mailbox of carol@abc.com
                      queued for bob@xyz.com, dave@xyz.com
2027-01-15 08:00:01Z  no server for xyz.com could be reached, so nobody there was asked
                        because: 450 4.4.1 127.0.0.1:2526: nobody listens
                        all mail for xyz.com waits until 2027-01-15 08:00:06Z
2027-01-15 08:00:07Z  sent to 127.0.0.1:2526, without TLS
                      not yet, next try at 2027-01-15 08:00:37Z: bob@xyz.com
                        its words: 450 4.4.2 The connection was lost
                        it may have been taken before the answer was lost: then it comes twice
                      refused for good: dave@xyz.com
                        its words: 550 5.1.1 No such user
                        the sender was told in message m2
2027-01-15 08:00:10Z  held: looks odd
2027-01-15 08:00:20Z  released by the operator
Reports about it: m2
Still waiting:
  bob@xyz.com: next try at 2027-01-15 08:01:07Z, given up at 2027-01-20 08:00:00Z
  eve@xyz.com: held (looks odd), until smtpd queue release m1
  frank@xyz.com: being delivered now
`;

Deno.test("a trace tells all of a message's way, so that it can be followed", () => {
  assert.equal(textOfTrace(WHOLE), TOLD);
});

const ENDS: readonly (readonly [outcome: OutcomeView, via: string | null, text: RegExp])[] = [
  [outcome("relayed", { reply: "250 2.0.0 Ok" }), "h:25", /taken for: bob@xyz\.com\n.*words: 250/],
  [outcome("delivered"), null, /put into the mailbox of: bob@xyz\.com\n/],
  [outcome("failed", { reply: "550 5.4.7 x" }), null, /given up: bob@xyz\.com\n.*because: 550 5/],
  [outcome("failed", { unreported: "the sender is null" }), null, /nobody was told: the sender is/],
  [outcome("delayed"), null, /past its deadline, and still waiting: bob@xyz\.com\n/],
  [outcome("expanded", { queued: ["d@e.f"] }), null, /led to other.*: bob.*\n.*instead: d@e\.f\n/],
];

for (const [view, via, expected] of ENDS) {
  Deno.test(`a trace tells of ${view.outcome} as ${expected.source.slice(0, 30)}`, () => {
    const attempt = { what: "attempt", at: null, via, tls: null, outcomes: [view] } as const;
    assert.match(
      textOfTrace({ ...NOTHING, queued: ["bob@xyz.com"], happenings: [attempt] }),
      new RegExp(`${expected.source}[^]*Nobody waits for it any more\\.\\n$`),
    );
  });
}

Deno.test("a trace tells of what the operator dropped, and of what is not kept", () => {
  const drop = { what: "drop", at: null, outcomes: [outcome("dropped")] } as const;
  const text = textOfTrace({ ...NOTHING, forgotten: 3, happenings: [drop] });
  assert.match(text, /3 earlier attempts in vain are not kept any more\n/);
  assert.match(text, /dropped by the operator: bob@xyz\.com\n/);
});

Deno.test("a trace tells what a report and a list's message are about", () => {
  const report = textOfTrace({ ...NOTHING, origin: { from: "report", about: "m0" } });
  assert.match(report, /this server's report about message m0\n/);
  const list = textOfTrace({ ...NOTHING, origin: { from: "list", message: "m0" } });
  assert.match(list, /what a list here makes of message m0\n/);
  const origin = { ...WHOLE.origin, from: "peer", sender: "carol@xyz.com" } as typeof WHOLE.origin;
  const only = textOfTrace({ ...WHOLE, origin });
  assert.match(
    only,
    /its sender was carol@xyz\.com; a list has put its owner, alice@abc\.com, there/,
  );
  const gone = textOfTrace({ ...NOTHING, mailboxes: [null] });
  assert.match(gone, /put into the mailbox of an account that was removed since\n/);
});
