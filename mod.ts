/**
 * Real mail in tests and programs: a whole server in memory, and a client that works with any
 * server.
 *
 * - {@linkcode startMailServer} starts a server on free ports; it receives mail (SMTP, RFC 5321),
 *   sends it on where it has a route, and keeps mailboxes (POP3, RFC 1939; IMAP,
 *   RFC 9051).
 * - {@linkcode sendMail} hands a message to a server.
 * - {@linkcode readMail} reads a mailbox.
 *
 * All of it needs the permission `--allow-net` and no other. Nothing is written to files.
 *
 * Mistakes of the caller (an option that is out of range, text that is no address) are
 * `RangeError`s; mail that did not go as it should is a {@linkcode MailError}, whose `kind` says
 * what went wrong.
 *
 * ```ts
 * import assert from "node:assert/strict";
 * import { sendMail, startMailServer } from "./mod.ts";
 *
 * await using server = await startMailServer({ users: { alice: "secret" } });
 * await sendMail({
 *   port: server.ports.smtp,
 *   from: "shop@example.com",
 *   to: "alice@example.test",
 *   subject: "Your order",
 *   text: "It is on its way.",
 * });
 * const mail = await server.waitFor({ to: "alice@example.test", subject: "order" });
 * assert.equal(mail.text, "It is on its way.\n");
 * ```
 *
 * @module
 */
import type {
  ChosenMail,
  FlagsToChange,
  StoredMail,
  UserMailbox,
  WantedMail,
} from "./lib/app/embedded_mailbox.ts";
import {
  type ExpectedMail,
  type MailServer,
  type MailServerOptions,
  type MailServerPorts,
  startEmbedded,
} from "./lib/app/embedded.ts";
import {
  read,
  type ReadOptions,
  send,
  type SendOptions,
  type SendReport,
  type SentAttachment,
  type ServerAccess,
} from "./lib/cli/library.ts";
import type { TlsMode } from "./lib/cli/client_tls.ts";
import type { Endpoint } from "./lib/endpoint.ts";
import type { ReceivedAttachment, ReceivedMail } from "./lib/mail/received.ts";
import { MailError, type MailErrorKind, type RecipientReport } from "./lib/mail_error.ts";
import { denoWorld } from "./lib/net/deno.ts";

export { MailError };
export type {
  ChosenMail,
  Endpoint,
  ExpectedMail,
  FlagsToChange,
  MailErrorKind,
  MailServer,
  MailServerOptions,
  MailServerPorts,
  ReadOptions,
  ReceivedAttachment,
  ReceivedMail,
  RecipientReport,
  SendOptions,
  SendReport,
  SentAttachment,
  ServerAccess,
  StoredMail,
  TlsMode,
  UserMailbox,
  WantedMail,
};

const world = denoWorld();

/**
 * Starts a mail server that keeps everything in memory: on free ports of `127.0.0.1`, for the
 * domain `example.test`, without users, unless the options say otherwise. It is a complete server:
 * clients log in with AUTH (RFC 4954), strangers reach its users and nobody else,
 * and users reach everybody it has a route to. A recipient elsewhere is verified at the next server
 * while the client waits; what cannot be delivered is retried for five days, and then reported to
 * its sender.
 *
 * What arrived is handed out by `inbox` and `waitFor`; nothing has to be polled, and no time has to
 * be slept:
 *
 * ```ts
 * import assert from "node:assert/strict";
 * import { sendMail, startMailServer } from "./mod.ts";
 *
 * await using server = await startMailServer({
 *   domains: ["abc.com"],
 *   users: { alice: "secret" },
 * });
 * await server.addUser("bob", "hunter2");
 *
 * const arrival = server.waitFor({ to: "bob@abc.com", text: /code is \d+/, timeoutMs: 2000 });
 * await sendMail({
 *   port: server.ports.smtp,
 *   user: "alice",
 *   password: "secret",
 *   from: "Alice <alice@abc.com>",
 *   to: "bob@abc.com",
 *   subject: "Welcome",
 *   text: "Your code is 1234.",
 * });
 * const mail = await arrival;
 * assert.equal(mail.from, "Alice <alice@abc.com>");
 * assert.equal((await server.inbox("bob@abc.com")).length, 1);
 * ```
 *
 * What lies in a mailbox can be looked through, flagged, moved and deleted, as mail programs do it:
 *
 * ```ts
 * import assert from "node:assert/strict";
 * import { sendMail, startMailServer } from "./mod.ts";
 *
 * await using server = await startMailServer({ users: { bob: "hunter2" } });
 * const letter = { port: server.ports.smtp, from: "shop@example.com", to: "bob@example.test" };
 * await sendMail({ ...letter, subject: "Your order", text: "It is on its way." });
 * await sendMail({ ...letter, subject: "News", text: "Buy more." });
 *
 * const inbox = server.mailbox("bob@example.test");
 * const [order, news] = await inbox.list();
 * await inbox.flag(order!, { add: ["\\Seen", "\\Flagged"] });
 * const unread = await inbox.search({ withoutFlags: ["\\Seen"] });
 * assert.deepEqual(unread.map(({ subject }) => subject), ["News"]);
 *
 * await inbox.delete(news!);
 * await server.createMailbox("bob@example.test", "Shop/Orders");
 * await inbox.move(order!, "Shop/Orders");
 * const [moved] = await server.mailbox("bob@example.test", "Shop/Orders").list();
 * assert.equal(moved?.text, "It is on its way.\n");
 * assert.deepEqual(moved?.flags, ["\\Seen", "\\Flagged"]);
 * assert.ok((await server.mailboxes("bob@example.test")).includes("Shop"));
 * ```
 *
 * Aliases lead to users here and to addresses elsewhere; `@` and a domain stand for all names that
 * nobody has:
 *
 * ```ts
 * import assert from "node:assert/strict";
 * import { sendMail, startMailServer } from "./mod.ts";
 *
 * await using server = await startMailServer({
 *   users: { alice: "secret", bob: "hunter2" },
 *   aliases: { sales: ["alice", "bob"], "@example.test": ["bob"] },
 * });
 * const from = { port: server.ports.smtp, from: "shop@example.com" };
 * await sendMail({ ...from, to: "sales@example.test", text: "For both." });
 * await sendMail({ ...from, to: "anybody@example.test", text: "For Bob." });
 * assert.equal((await server.inbox("alice@example.test")).length, 1);
 * assert.equal((await server.inbox("bob@example.test")).length, 2);
 * ```
 *
 * Two servers that know each other, so that mail takes a real way from one to the other:
 *
 * ```ts
 * import assert from "node:assert/strict";
 * import { sendMail, startMailServer } from "./mod.ts";
 *
 * await using there = await startMailServer({ domains: ["xyz.com"], users: { bob: "hunter2" } });
 * await using here = await startMailServer({
 *   domains: ["abc.com"],
 *   users: { alice: "secret" },
 *   routes: { "xyz.com": { host: there.host, port: there.ports.smtp } },
 * });
 * await sendMail({
 *   port: here.ports.smtp,
 *   user: "alice",
 *   password: "secret",
 *   from: "alice@abc.com",
 *   to: "bob@xyz.com",
 *   text: "Hello from another server.",
 * });
 * const mail = await there.waitFor({ to: "bob@xyz.com", from: "alice" });
 * assert.equal(mail.returnPath, "alice@abc.com");
 * ```
 *
 * With TLS, for programs that insist on it. The server makes its own certificate, and gives it to
 * whoever is to trust it:
 *
 * ```ts
 * import assert from "node:assert/strict";
 * import { readMail, sendMail, startMailServer } from "./mod.ts";
 *
 * await using server = await startMailServer({ users: { bob: "hunter2" }, tls: true });
 * const trusting = { host: "localhost", ca: server.certificate! };
 * await sendMail({
 *   ...trusting,
 *   port: server.ports.smtp,
 *   tls: "starttls",
 *   from: "alice@example.com",
 *   to: "bob@example.test",
 *   text: "For your eyes only.",
 * });
 * const bob = { ...trusting, port: server.ports.pop3, user: "bob", password: "hunter2" };
 * const [mail] = await readMail(bob);
 * assert.equal(mail?.text, "For your eyes only.\n");
 * ```
 *
 * @throws {RangeError} when an option is out of range, a domain, a user name or an alias is
 * malformed, a domain is local and has a route, or a port is for TLS and there is none
 * @throws {MailError} `unavailable` when a port is taken or may not be used
 */
export async function startMailServer(options: MailServerOptions = {}): Promise<MailServer> {
  return await startEmbedded(world, options);
}

/**
 * Hands a message to a server and resolves when the server has taken it for every recipient. The
 * message gets a Date and a Message-ID (RFC 5322 §3.6); text and attachments become MIME parts
 * (RFC 2045) where they have to. The server's 250 means that it is now responsible (RFC 5321
 * §4.2.5); whether the message arrives elsewhere is its business from then on.
 *
 * ```ts
 * import assert from "node:assert/strict";
 * import { MailError, sendMail, startMailServer } from "./mod.ts";
 *
 * await using server = await startMailServer({ users: { alice: "secret", bob: "hunter2" } });
 * const message = {
 *   port: server.ports.smtp,
 *   user: "alice",
 *   password: "secret",
 *   from: "alice@example.test",
 *   subject: "The figures",
 *   text: "See the table.",
 *   attachments: [{ filename: "table.csv", content: "year,mails\n2026,1000\n" }],
 * };
 *
 * const { messageId, recipients } = await sendMail({ ...message, to: "bob@example.test" });
 * assert.equal(recipients[0]?.result, "accepted");
 *
 * const [mail] = await server.inbox("bob@example.test");
 * assert.equal(mail?.messageId, messageId);
 * assert.equal(mail?.attachments[0]?.name, "table.csv");
 *
 * // Nothing is sent, not even to Bob: `partial: true` would do that.
 * await assert.rejects(
 *   sendMail({ ...message, to: ["bob@example.test", "nobody@example.test"] }),
 *   (error: unknown) => error instanceof MailError && error.kind === "refused",
 * );
 * ```
 *
 * @throws {MailError} `refused`, `deferred` or `unknown` when a recipient did not get the message
 * (with `partial`: when none did), and then `recipients` tells about each; `login` when the login
 * failed; `unavailable` when no mail server answers, `deferred` when it does not just now
 * @throws {RangeError} when something is not an address, or there is a user without a password
 * @throws the reason of `signal`, when that is aborted
 */
export async function sendMail(options: SendOptions): Promise<SendReport> {
  return await send(world, options);
}

/**
 * Reads a whole mailbox of a user, the oldest message first: INBOX, or where IMAP answers any
 * other. It works on an IMAP port (RFC 9051), on a POP3 port (RFC 1939), and on the SMTP port of a
 * server of this library, which serves reading too (`XPOP3`). By IMAP nothing is changed, not even
 * `\Seen`, unless it is deleted. While it reads by POP3, no other such session can open the mailbox
 * (RFC 1939 §4).
 *
 * ```ts
 * import assert from "node:assert/strict";
 * import { readMail, sendMail, startMailServer } from "./mod.ts";
 *
 * await using server = await startMailServer({ users: { bob: "hunter2" } });
 * await sendMail({
 *   port: server.ports.smtp,
 *   from: "alice@example.com",
 *   to: "bob@example.test",
 *   text: "Hello!",
 * });
 *
 * const bob = { port: server.ports.pop3, user: "bob", password: "hunter2" };
 * const [mail] = await readMail({ ...bob, delete: true });
 * assert.equal(mail?.text, "Hello!\n");
 * assert.deepEqual(await readMail({ ...bob, port: server.ports.smtp }), []);
 * ```
 *
 * By IMAP, from another mailbox:
 *
 * ```ts
 * import assert from "node:assert/strict";
 * import { readMail, sendMail, startMailServer } from "./mod.ts";
 *
 * await using server = await startMailServer({ users: { bob: "hunter2" }, ports: { imap: 0 } });
 * const to = "bob@example.test";
 * await sendMail({ port: server.ports.smtp, from: "alice@example.com", to, text: "Grüße!" });
 * const inbox = server.mailbox(to);
 * await inbox.move(await inbox.list(), "Archive");
 *
 * const bob = { port: server.ports.imap!, user: "bob", password: "hunter2" };
 * const [mail] = await readMail({ ...bob, mailbox: "Archive" });
 * assert.equal(mail?.text, "Grüße!\n");
 * assert.deepEqual(await readMail(bob), []);
 * ```
 *
 * @throws {MailError} `login` when the login failed, `deferred` when another session has the
 * mailbox open or the server cannot just now, `unavailable` when nobody answers who could be read
 * from, `missing` when there is no such mailbox; in each case nothing is removed, unless the
 * connection is lost at the very end
 * @throws {RangeError} when another mailbox than INBOX is named, and POP3 answers
 * @throws the reason of `signal`, when that is aborted
 */
export async function readMail(options: ReadOptions): Promise<readonly ReceivedMail[]> {
  return await read(world, options);
}
