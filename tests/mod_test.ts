/** The library, used as its users do: everything comes from mod.ts. */
import assert from "$assert";
import {
  MailError,
  type MailServer,
  readMail,
  sendMail,
  type SendOptions,
  startMailServer,
} from "../mod.ts";
import { decodeLatin1 } from "../lib/wire/bytes.ts";
import { REAL, talkTo } from "./app_support.ts";
import { startNextHop } from "./next_hop.ts";

const USERS = { alice: "secret", bob: "hunter2" };

/** Alice writes to Bob. */
function letter(server: MailServer, more: Partial<SendOptions> = {}): SendOptions {
  return {
    port: server.ports.smtp,
    user: "alice",
    password: "secret",
    from: "alice@example.test",
    to: "bob@example.test",
    subject: "Hello",
    text: "Hello Bob!",
    ...more,
  };
}

/** For `assert.rejects`: a MailError of this kind, with these words in its message. */
function mailError(kind: MailError["kind"], words: RegExp) {
  return (error: unknown) => {
    if (!(error instanceof MailError)) throw error;
    assert.equal(error.kind, kind);
    assert.match(error.message, words);
    assert.doesNotMatch(error.message, /--/, "advice for the command line has no place here");
    return true;
  };
}

Deno.test("mail is sent, waited for, read from the inbox and by POP3 and XPOP3", async () => {
  await using server = await startMailServer({ users: USERS });
  const { messageId, recipients } = await sendMail(letter(server, {
    from: "Alice Ängström <alice@example.test>",
    to: ["Bob <bob@example.test>", "alice@example.test"],
    cc: "bob+cc@example.test",
    bcc: "bob+bcc@example.test",
    subject: "Grüße",
    text: "Zeile eins\nZeile zwei, größer\n",
    attachments: [
      { filename: "a.txt", content: "text" },
      { filename: "b.bin", content: Uint8Array.of(0, 255, 13, 10), contentType: "image/x-test" },
    ],
  }));
  assert.deepEqual(recipients.map(({ address, result }) => [address, result]), [
    ["bob@example.test", "accepted"],
    ["alice@example.test", "accepted"],
    ["bob+cc@example.test", "accepted"],
    ["bob+bcc@example.test", "accepted"],
  ]);
  assert.match(recipients[0]!.reply!, /^250 2\.0\.0 /);

  const mail = await server.waitFor({ to: "bob@example.test", subject: "grüße", timeoutMs: 2000 });
  const { raw, date, attachments, ...rest } = mail;
  assert.deepEqual(rest, {
    returnPath: "alice@example.test",
    from: "Alice Ängström <alice@example.test>",
    to: "Bob <bob@example.test>, alice@example.test",
    cc: "bob+cc@example.test",
    subject: "Grüße",
    messageId,
    text: "Zeile eins\nZeile zwei, größer\n",
    html: null,
  });
  assert.ok(Math.abs(date!.getTime() - REAL.clock.now()) < 60_000);
  assert.deepEqual(attachments.map(({ name, type, size }) => [name, type, size]), [
    ["a.txt", "text/plain", 4],
    ["b.bin", "image/x-test", 4],
  ]);
  assert.deepEqual([...attachments[1]!.content], [0, 255, 13, 10]);
  assert.match(decodeLatin1(raw), /^Return-Path: <alice@example\.test>\r\nReceived: /);
  assert.doesNotMatch(decodeLatin1(raw), /^bcc:/im);

  const inbox = await server.inbox("bob@example.test");
  assert.equal(inbox.length, 1, "three names of one account are one copy");
  for (const port of [server.ports.pop3, server.ports.smtp]) {
    const [read, ...others] = await readMail({ port, user: "bob", password: "hunter2" });
    assert.deepEqual(read, mail);
    assert.deepEqual(others, []);
  }
});

Deno.test("mail that was read stays, unless it is to be deleted", async () => {
  await using server = await startMailServer({ users: USERS });
  for (const subject of ["One", "Two"]) await sendMail(letter(server, { subject }));
  const bob = { port: server.ports.pop3, user: "bob@example.test", password: "hunter2" };
  assert.deepEqual((await readMail(bob)).map(({ subject }) => subject), ["One", "Two"]);
  assert.equal((await readMail({ ...bob, delete: true })).length, 2);
  assert.deepEqual(await readMail(bob), []);
  assert.deepEqual(await server.inbox("bob@example.test"), []);
});

Deno.test("waitFor resolves on arrival, and passes over what does not fit", async () => {
  await using server = await startMailServer({ users: USERS });
  const waits = [
    server.waitFor({ to: "bob@example.test", subject: "two", timeoutMs: 5000 }),
    server.waitFor({ to: "bob@example.test", text: /code: \d{4}$/m, timeoutMs: 5000 }),
    server.waitFor({ to: "bob@example.test", from: "ALICE@", subject: /^One$/, timeoutMs: 5000 }),
    server.waitFor({ to: "bob@example.test" }),
  ];
  await sendMail(letter(server, { subject: "One" }));
  await sendMail(letter(server, { subject: "Two" }));
  await sendMail(letter(server, { subject: "Three", text: "Your code: 1234" }));
  const found = await Promise.all(waits);
  assert.deepEqual(found.map(({ subject }) => subject), ["Two", "Three", "One", "One"]);
});

Deno.test("waitFor finds what is there already, with a pattern that has a memory too", async () => {
  await using server = await startMailServer({ users: USERS });
  await sendMail(letter(server));
  const pattern = /hello/gi;
  for (let n = 0; n < 2; n++) {
    const mail = await server.waitFor({
      to: "bob@example.test",
      subject: pattern,
      timeoutMs: 1000,
    });
    assert.equal(mail.text, "Hello Bob!\n");
  }
});

Deno.test("waitFor says what did arrive when the time is up", async () => {
  await using server = await startMailServer({ users: USERS });
  await assert.rejects(
    server.waitFor({ to: "bob@example.test", timeoutMs: 50 }),
    mailError("missing", /^no mail for bob@example\.test within 50 ms; nothing arrived$/),
  );
  for (let n = 1; n <= 12; n++) await sendMail(letter(server, { subject: `No. ${n}` }));
  await assert.rejects(
    server.waitFor({
      to: "bob@example.test",
      subject: "Invoice",
      text: /\d+ €/,
      timeoutMs: 50,
    }),
    (error: unknown) =>
      mailError("missing", /with subject "Invoice" and text \/\\d\+ €\/ within 50 ms/)(error) &&
      /"No\. 12" from alice@example\.test, and 2 before$/.test((error as Error).message),
  );
});

Deno.test("whoever is waited for has to be here", async () => {
  await using server = await startMailServer({ users: USERS });
  const words = /there is no user eve@example\.test here, only alice@example\.test, bob@example/;
  await assert.rejects(server.waitFor({ to: "eve@example.test" }), words);
  await assert.rejects(server.inbox("eve@example.test"), RangeError);
  await assert.rejects(server.inbox("no address"), RangeError);
});

Deno.test("a stop ends what waits, and afterwards nothing works", async () => {
  const server = await startMailServer({ users: USERS });
  const waiting = assert.rejects(
    server.waitFor({ to: "bob@example.test", timeoutMs: 60_000 }),
    mailError("unavailable", /^the server was stopped while mail for bob@example\.test was/),
  );
  await Promise.all([server.stop(), server.stop()]);
  await waiting;
  await server.stop();
  const stopped = mailError("unavailable", /^the server is stopped$/);
  await assert.rejects(server.inbox("bob@example.test"), stopped);
  await assert.rejects(server.addUser("carol", "x"), stopped);
  await assert.rejects(
    sendMail(letter(server)),
    mailError("unavailable", /^nothing listens on 127\.0\.0\.1:\d+/),
  );
});

Deno.test("users can be added, and a name or password that will not do is an error", async () => {
  await using server = await startMailServer({ domains: ["abc.com", "second.test"] });
  await server.addUser("carol", "secret");
  await server.addUser("dave@second.test", "secret");
  await sendMail({
    port: server.ports.smtp,
    from: "shop@example.com",
    to: ["carol@abc.com", "dave@second.test"],
    text: "For both",
  });
  assert.equal((await server.inbox("carol@abc.com")).length, 1);
  assert.equal((await server.inbox("dave@second.test")).length, 1);
  for (
    const [name, password, words] of [
      ["Carol", "other", /carol@abc\.com exists already/],
      ["eve", "", /the password is empty/],
      ["e ve", "x", /is not a user name/],
    ] as const
  ) {
    await assert.rejects(
      server.addUser(name, password),
      (error: unknown) => error instanceof RangeError && words.test(error.message),
    );
  }
});

Deno.test("an option that is out of range, or a port that is taken, is an error", async () => {
  const wrong = [
    { domains: [] },
    { domains: ["not a domain"] },
    { ports: { smtp: 70_000 } },
    { messageBytesMax: 1 },
    { domains: ["abc.com"], routes: { "abc.com": { host: "127.0.0.1", port: 25 } } },
    { users: { "e ve": "x" } },
  ];
  for (const options of wrong) await assert.rejects(startMailServer(options), RangeError);
  await using server = await startMailServer();
  await assert.rejects(
    startMailServer({ ports: { smtp: server.ports.smtp } }),
    mailError("unavailable", /another program uses this port/),
  );
});

Deno.test("what is not an address is an error before anybody is asked", async () => {
  const base = { port: 1, from: "a@b.test", to: "c@d.test", text: "" };
  const wrong: readonly Partial<SendOptions>[] = [
    { from: "nobody" },
    { from: "a@b.test, c@d.test" },
    { to: "nobody" },
    { to: [] },
    { to: "" },
    { cc: ["c@d.test", "?"] },
    { bcc: "@" },
    { user: "alice" },
    { password: "secret" },
  ];
  for (const options of wrong) {
    await assert.rejects(sendMail({ ...base, ...options }), RangeError, JSON.stringify(options));
  }
});

Deno.test("an alias is its only user's inbox, and one of several is nobody's", async () => {
  await using server = await startMailServer({
    users: USERS,
    aliases: { hers: ["alice"], both: ["alice", "bob"] },
  });
  await sendMail(letter(server, { to: "hers@example.test" }));
  await sendMail(letter(server, { to: "both@example.test" }));
  const mail = await server.waitFor({ to: "hers@example.test", timeoutMs: 1000 });
  assert.equal(mail.returnPath, "alice@example.test");
  assert.equal((await server.inbox("hers@example.test")).length, 2);
  await assert.rejects(server.inbox("both@example.test"), RangeError);
  await assert.rejects(startMailServer({ aliases: { "two words": ["alice"] } }), RangeError);
  await assert.rejects(startMailServer({ aliases: { nowhere: [] } }), RangeError);
});

Deno.test("a refused recipient stops the whole message, and partial sends the rest", async () => {
  await using server = await startMailServer({ users: USERS });
  const to = ["bob@example.test", "nobody@example.test"];
  await assert.rejects(sendMail(letter(server, { to })), (error: unknown) => {
    mailError("refused", /refused the message to nobody@example\.test: 550 5\.1\.1 /)(error);
    assert.deepEqual(
      (error as MailError).recipients.map(({ address, result }) => [address, result]),
      [["bob@example.test", "withheld"], ["nobody@example.test", "refused"]],
    );
    return true;
  });
  assert.deepEqual(await server.inbox("bob@example.test"), []);
  const { recipients } = await sendMail(letter(server, { to, partial: true }));
  assert.deepEqual(recipients.map(({ result }) => result), ["accepted", "refused"]);
  assert.equal((await server.inbox("bob@example.test")).length, 1);
  await assert.rejects(
    sendMail(letter(server, { to: "nobody@example.test", partial: true })),
    mailError("refused", /nobody@example\.test/),
  );
});

Deno.test("a wrong password is a login that failed, for sending and for reading", async () => {
  await using server = await startMailServer({ users: USERS });
  await assert.rejects(
    sendMail(letter(server, { password: "guess" })),
    mailError("login", /^the login was refused by 127\.0\.0\.1:\d+: 535 /),
  );
  for (const port of [server.ports.pop3, server.ports.smtp]) {
    await assert.rejects(
      readMail({ port, user: "bob", password: "guess" }),
      mailError("login", /^the login was refused by 127\.0\.0\.1:\d+: /),
    );
  }
});

type Trouble = readonly [line: string, answer: string, kind: MailError["kind"], words: RegExp];

/** What a server does to a message, and what the sender hears. */
const TROUBLES: readonly Trouble[] = [
  ["connect", "421 Too busy", "deferred", /does not want to talk: 421 Too busy$/],
  ["connect", "SSH-2.0-OpenSSH", "unavailable", /is not SMTP/],
  ["MAIL", "550 5.7.1 Not you", "refused", /refused the message to .*: 550 5\.7\.1 Not you$/],
  ["RCPT", "450 4.2.0 Later", "deferred", /put off the message to .*: 450 4\.2\.0 Later$/],
  [".", "554 5.7.1 Spam", "refused", /: 554 5\.7\.1 Spam$/],
  [".", "close", "unknown", /never said whether it keeps it, to bob@example\.test/],
  ["RCPT", "close", "deferred", /it said nothing$/],
];

for (const [line, answer, kind, words] of TROUBLES) {
  Deno.test(`${answer} at ${line} is told as ${kind}`, async () => {
    const hop = startNextHop(REAL, {
      answer: (said) => said.startsWith(line) ? answer : undefined,
    });
    await assert.rejects(
      sendMail({
        port: hop.endpoint.port,
        from: "alice@example.test",
        to: "bob@example.test",
        text: "Hello",
      }),
      mailError(kind, words),
    );
    hop.stop();
  });
}

Deno.test("a silent server is given up in time, or when the caller has enough", async () => {
  const hop = startNextHop(REAL, { answer: () => "silence" });
  const message = {
    port: hop.endpoint.port,
    from: "alice@example.test",
    to: "bob@example.test",
    text: "Hello",
  };
  await assert.rejects(
    sendMail({ ...message, timeoutMs: 100 }),
    mailError("deferred", /^no answer from 127\.0\.0\.1:\d+ within 0\.1 s$/),
  );
  const enough = new AbortController();
  const sending = sendMail({ ...message, signal: enough.signal });
  enough.abort(new Error("enough"));
  await assert.rejects(sending, /^Error: enough$/);
  hop.stop();
});

Deno.test("mail goes from one server to the other, and a refusal there is heard here", async () => {
  await using there = await startMailServer({ domains: ["xyz.com"], users: { carol: "x" } });
  await using here = await startMailServer({
    users: USERS,
    routes: { "xyz.com": { host: there.host, port: there.ports.smtp } },
    ports: { submission: 0 },
  });
  const port = here.ports.submission!;
  await sendMail(letter(here, { port, to: "carol@xyz.com" }));
  const mail = await there.waitFor({ to: "carol@xyz.com", timeoutMs: 5000 });
  assert.equal(mail.returnPath, "alice@example.test");
  await assert.rejects(
    sendMail(letter(here, { port, to: "nobody@xyz.com" })),
    mailError("refused", /nobody@xyz\.com: 550 5\.1\.1 There is no such user here$/),
  );
});

Deno.test("a server serves IMAP where it is asked to, and the same mail", async () => {
  await using server = await startMailServer({
    users: { alice: "secret" },
    ports: { imap: 0, imaps: 0 },
    tls: true,
  });
  const { imap, imaps, smtp } = server.ports;
  assert.notEqual(imaps, null);
  await sendMail({ port: smtp, from: "shop@xyz.com", to: "alice@example.test", text: "Hi" });
  const talker = await talkTo(REAL, imap!);
  assert.match(talker.greeting, /^\* OK \[CAPABILITY IMAP4rev1 IMAP4rev2 .*STARTTLS/);
  assert.match(await talker.say("a LOGIN alice secret"), /^a OK /);
  assert.equal(await talker.say("b STATUS INBOX (MESSAGES)"), '* STATUS "INBOX" (MESSAGES 1)');
  talker.close();
  await using other = await startMailServer();
  assert.deepEqual([other.ports.imap, other.ports.imaps], [null, null]);
});

Deno.test("a server with TLS gives its certificate to the clients that verify it", async () => {
  await using server = await startMailServer({
    users: { alice: "secret" },
    ports: { smtps: 0, pop3s: 0 },
    tls: true,
  });
  const ca = server.certificate!;
  const alice = { host: "localhost", user: "alice", password: "secret" };
  const message = { ...alice, from: "alice@example.test", to: "alice@example.test", text: "Hi" };
  await sendMail({ ...message, port: server.ports.smtp });
  await sendMail({ ...message, port: server.ports.smtp, ca });
  await sendMail({ ...message, port: server.ports.smtps!, tls: "implicit", ca });
  assert.equal((await server.inbox("alice@example.test")).length, 3);
  const read = { ...alice, ca, port: server.ports.pop3 };
  assert.equal((await readMail(read)).length, 3);
  assert.equal((await readMail({ ...read, port: server.ports.pop3s!, tls: "implicit" })).length, 3);
  const unverified = sendMail({ ...message, port: server.ports.smtp, tls: "starttls" });
  await assert.rejects(unverified, { name: "MailError", kind: "unavailable" });
});
