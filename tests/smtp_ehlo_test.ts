import assert from "$assert";
import * as check from "$check";
import { type Extensions, formatEhlo, NO_EXTENSIONS, parseEhlo } from "../lib/smtp/ehlo.ts";
import { reply } from "../lib/smtp/reply.ts";

Deno.test("formatEhlo names the extensions, one a line, behind the host name", () => {
  assert.deepEqual(
    formatEhlo("abc.com", {
      pipelining: true,
      chunking: true,
      eightBitMime: true,
      enhancedStatusCodes: true,
      startTls: true,
      smtpUtf8: true,
      requireTls: true,
      dsn: true,
      deliverBy: { secondsMin: 10 },
      priorities: true,
      futureRelease: { secondsMax: 3600, untilMax: Date.UTC(2030, 0, 31, 12, 30, 5, 999) },
      expn: true,
      pop3: true,
      xclient: true,
      size: { bytesMax: 1000 },
      auth: ["PLAIN", "LOGIN"],
      limits: { recipientsMax: 1000, mailsMax: 9_999_999, recipientDomainsMax: null },
    }),
    reply(
      250,
      "",
      "abc.com at your service",
      "PIPELINING",
      "SIZE 1000",
      "CHUNKING",
      "8BITMIME",
      "SMTPUTF8",
      "ENHANCEDSTATUSCODES",
      "STARTTLS",
      "REQUIRETLS",
      "DSN",
      "DELIVERBY 10",
      "MT-PRIORITY",
      "FUTURERELEASE 3600 2030-01-31T12:30:05Z",
      "AUTH PLAIN LOGIN",
      "LIMITS RCPTMAX=1000 MAILMAX=999999",
      "EXPN",
      "XCLIENT NAME ADDR PORT PROTO HELO LOGIN",
      "XPOP3",
      "HELP",
    ),
  );
  assert.deepEqual(formatEhlo("abc.com", NO_EXTENSIONS).lines, ["abc.com at your service", "HELP"]);
});

Deno.test("parseEhlo reads back what formatEhlo wrote", () => {
  const bytesMax = check.option(check.integer({ min: 1 }), { nil: null });
  const limit = check.option(check.integer({ min: 1, max: 999_999 }), { nil: null });
  const plain = { noNullPrototype: true };
  const extensions: check.Arbitrary<Extensions> = check.record({
    pipelining: check.boolean(),
    chunking: check.boolean(),
    eightBitMime: check.boolean(),
    enhancedStatusCodes: check.boolean(),
    startTls: check.boolean(),
    smtpUtf8: check.boolean(),
    requireTls: check.boolean(),
    dsn: check.boolean(),
    deliverBy: check.option(
      check.record({ secondsMin: check.integer({ min: 0, max: 999_999_999 }) }, plain),
      { nil: null },
    ),
    priorities: check.boolean(),
    futureRelease: check.option(
      check.record({
        secondsMax: check.integer({ min: 1, max: 999_999_999 }),
        untilMax: check.integer({ min: 0, max: 4_000_000_000 }).map((second) => second * 1000),
      }, plain),
      { nil: null },
    ),
    expn: check.boolean(),
    pop3: check.boolean(),
    xclient: check.boolean(),
    size: check.option(check.record({ bytesMax }, plain), { nil: null }),
    auth: check.subarray(["PLAIN", "LOGIN", "SCRAM-SHA-256"]),
    limits: check.record({
      recipientsMax: limit,
      mailsMax: limit,
      recipientDomainsMax: limit,
    }, plain),
  }, plain);
  check.assert(check.property(extensions, (extensions) => {
    assert.deepEqual(parseEhlo(formatEhlo("abc.com", extensions)), extensions);
  }));
});

Deno.test("parseEhlo reads what other servers write", () => {
  const table: readonly (readonly [lines: readonly string[], found: Partial<Extensions>])[] = [
    [[], {}],
    [["pipelining", "8bitmime"], { pipelining: true, eightBitMime: true }],
    [["SIZE"], { size: { bytesMax: null } }],
    [["SIZE 0"], { size: { bytesMax: null } }],
    [["SIZE lots"], { size: { bytesMax: null } }],
    [["SIZE -5"], { size: { bytesMax: null } }],
    [["size 35882577"], { size: { bytesMax: 35882577 } }],
    [["AUTH"], {}],
    [["AUTH=LOGIN PLAIN"], { auth: ["LOGIN", "PLAIN"] }],
    [["auth plain", "AUTH=LOGIN"], { auth: ["PLAIN", "LOGIN"] }],
    [["AUTHX PLAIN"], {}],
    [["smtputf8 anything", "Dsn"], { smtpUtf8: true, dsn: true }],
    [["AUTH  PLAIN   LOGIN "], { auth: ["PLAIN", "LOGIN"] }],
    [["starttls"], { startTls: true }],
    [["STARTTLSX", "BINARYMIME", "", "X-ODD thing"], {}],
    [["chunking"], { chunking: true }],
    [["LIMITS"], {}],
    [["limits mailmax=5 RcptMax=100"], { limits: limits({ mailsMax: 5, recipientsMax: 100 }) }],
    [["LIMITS RCPTDOMAINMAX=1"], { limits: limits({ recipientDomainsMax: 1 }) }],
    [["LIMITS RCPTMAX=999999"], { limits: limits({ recipientsMax: 999_999 }) }],
    [["LIMITS RCPTMAX=0 MAILMAX=01 RCPTDOMAINMAX=1000000 NEWMAX=5 RCPTMAX RCPTMAX=x"], {}],
    [["deliverby"], { deliverBy: { secondsMin: 0 } }],
    [["DELIVERBY 240"], { deliverBy: { secondsMin: 240 } }],
    [["DELIVERBY 30,new=1"], { deliverBy: { secondsMin: 30 } }],
    [["DELIVERBY ,new"], { deliverBy: { secondsMin: 0 } }],
    [["DELIVERBY 1234567890"], { deliverBy: { secondsMin: 0 } }],
    [["MT-PRIORITY MIXER"], { priorities: true }],
    [["futurerelease 86400 2030-01-31t12:00:00z"], {
      futureRelease: { secondsMax: 86_400, untilMax: Date.UTC(2030, 0, 31, 12) },
    }],
    [["FUTURERELEASE"], {}],
    [["FUTURERELEASE 86400"], {}],
    [["FUTURERELEASE 0 2030-01-31T12:00:00Z"], {}],
    [["FUTURERELEASE 5 2030-02-31T12:00:00Z"], {}],
    [["__proto__ x", "constructor"], {}],
  ];
  for (const [lines, found] of table) {
    const read = parseEhlo(reply(250, "", "mx.example greets you", ...lines));
    assert.deepEqual(read, { ...NO_EXTENSIONS, ...found }, lines.join());
  }
});

function limits(some: Partial<Extensions["limits"]>): Extensions["limits"] {
  return { ...NO_EXTENSIONS.limits, ...some };
}

Deno.test("parseEhlo takes the host name for nothing else", () => {
  assert.deepEqual(parseEhlo(reply(250, "", "PIPELINING")), NO_EXTENSIONS);
});
