/** What the IMAP client takes of a server, and what it gives at most. */
import assert from "$assert";
import type { ImapJob } from "../lib/imap/client.ts";
import { COMMAND_MESSAGES_MAX } from "../lib/imap/client_pages.ts";
import { RESPONSE_LINES_BYTES_MAX, RESPONSE_LITERALS_BYTES_MAX } from "../lib/imap/client_read.ts";
import { encode } from "../lib/wire/bytes.ts";
import { KNOWN, talk } from "./imap_client_support.ts";

Deno.test("imapClient takes a message in pieces, up to its limit", () => {
  const piece = RESPONSE_LITERALS_BYTES_MAX;
  const part = (from: number, bytes: number, tag: string) =>
    `* 1 FETCH (UID 3 BODY[]<${from}> {${bytes}}\r\n${"x".repeat(bytes)})\r\n${tag} OK\r\n`;
  const jobs: readonly ImapJob[] = [{ do: "retrieve", uid: 3 }];
  const server = KNOWN + part(0, piece, "a1") + part(piece, 5, "a2");
  const { said, results } = talk(`${server}a3 OK\r\n`, jobs);
  assert.deepEqual(said, [
    `a1 UID FETCH 3 (BODY.PEEK[]<0.${piece}>)`,
    `a2 UID FETCH 3 (BODY.PEEK[]<${piece}.${piece}>)`,
    "a3 LOGOUT",
  ]);
  assert.deepEqual(results, [{ did: "retrieve", content: encode("x".repeat(piece + 5)) }]);
  const { outcome } = talk(`${server}a3 OK\r\n`, jobs, { messageBytesMax: piece + 4 });
  assert.equal(outcome?.result, "protocol");
});

Deno.test("imapClient names five hundred messages in one command", () => {
  const uids = Array.from({ length: COMMAND_MESSAGES_MAX + 1 }, (_, at) => 4_000_000_000 + 2 * at);
  const flag: ImapJob = { do: "flag", uids, change: "set", flags: ["\\Seen"] };
  const { said } = talk(`${KNOWN}a1 OK\r\na2 OK\r\na3 OK\r\n`, [flag]);
  assert.equal(said.length, 3);
  assert.equal(said[0]!.split(",").length, 500);
  // RFC 7162 §4: about so long may a line be.
  assert.ok(said[0]!.length < 8192);
  assert.equal(said[1], "a2 UID STORE 4000001000 +FLAGS.SILENT (\\Seen)");
  const selected = `a1 OK\r\n* 1001 EXISTS\r\n`;
  const list = talk(`${KNOWN}* 1001 EXISTS\r\n${selected}a2 OK\r\na3 OK\r\na4 OK\r\na5 OK\r\n`, [
    { do: "select", mailbox: "INBOX", readOnly: true },
    { do: "list", which: "all" },
  ]);
  assert.deepEqual(list.said.slice(1, 4).map((line) => line.split(" ")[2]), [
    "1:500",
    "501:1000",
    "1001:1001",
  ]);
});

Deno.test("imapClient ends at what is not IMAP or more than it takes", () => {
  const long = "x".repeat(RESPONSE_LINES_BYTES_MAX);
  const select: ImapJob = { do: "select", mailbox: "INBOX", readOnly: true };
  const list: ImapJob = { do: "list", which: "all" };
  const names = '* LIST () "/" x\r\n';
  const known = `${KNOWN}* 1 EXISTS\r\na1 OK\r\n`;
  const fetched = "* 1 FETCH (UID 1 BODY[]<0> ";
  const cases: readonly (readonly [name: string, server: string, ...jobs: ImapJob[]])[] = [
    ["another protocol", "HTTP/1.1 400 Bad Request\r\n"],
    ["a greeting of something else", "* CAPABILITY IMAP4rev1\r\n"],
    ["a line without CR", "* OK ready\n"],
    ["a long line", `* OK ${long}\r\n`],
    ["capabilities that are none", "* OK hi\r\na1 OK\r\n"],
    ["an answer to something else", `${KNOWN}a9 OK\r\n`, select],
    ["an answer that was not asked for", `${KNOWN}+ go on\r\n`, select],
    ["a second greeting", `${KNOWN}a1 PREAUTH\r\n`, select],
    ["too many messages", `${KNOWN}* 100001 EXISTS\r\na1 OK\r\n`, select, list],
    ["no messages left", `${KNOWN}* 0 EXISTS\r\n* 1 EXPUNGE\r\n`, select],
    ["a number that is none", `${KNOWN}* 99999999999 EXISTS\r\n`, select],
    ["a list without an end", `${known}* 1 FETCH (UID 1 FLAGS (\\Seen\r\n`, select, list],
    ["a nested list", `${known}* 1 FETCH (X ${"(".repeat(51)}\r\n`, select, list],
    ["many flags", `${known}* 1 FETCH (FLAGS (${"x ".repeat(1000)}x))\r\n`, select, list],
    ["many mailboxes", KNOWN + names.repeat(10_001), { do: "mailboxes" }],
    ["a long name", `${KNOWN}* LIST () "/" ${"x".repeat(1001)}\r\n`, { do: "mailboxes" }],
    ["many found", `${KNOWN}* SEARCH${" 1".repeat(100_001)}\r\n`, { do: "search", keys: [] }],
    ["a range", `${KNOWN}* ESEARCH ALL 1:100001\r\n`, { do: "search", keys: [] }],
    ["no numbers", `${KNOWN}* SEARCH x\r\n`, { do: "search", keys: [] }],
    ["a large literal", `${KNOWN}${fetched}{4194305}\r\n`, { do: "retrieve", uid: 1 }],
    ["many literals", `${KNOWN}* X ${"{0}\r\n".repeat(101)}`, { do: "retrieve", uid: 1 }],
    [
      "a header that is larger than asked for",
      `${KNOWN}${fetched}{16385}\r\n${"x".repeat(16385)})\r\n`,
      { do: "headers", uids: [1] },
    ],
    ["many responses", KNOWN + "* OK\r\n".repeat(200_000), select],
  ];
  for (const [name, server, ...jobs] of cases) {
    assert.equal(talk(server, jobs).outcome?.result, "protocol", name);
  }
});

Deno.test("imapClient takes just as much as is allowed", () => {
  const select: ImapJob = { do: "select", mailbox: "INBOX", readOnly: true };
  const line = "x".repeat(RESPONSE_LINES_BYTES_MAX - "* OK \r\n".length);
  const names = '* LIST () "/" x\r\n';
  const flags = "x ".repeat(999);
  const header = "x".repeat(16384);
  const cases: readonly (readonly [name: string, server: string, job: ImapJob])[] = [
    ["a line", `${KNOWN}* OK ${line}\r\n`, select],
    ["messages", `${KNOWN}* 100000 EXISTS\r\n`, select],
    ["nested lists", `${KNOWN}* 1 FETCH (X ${"(".repeat(49)}${")".repeat(49)})\r\n`, select],
    ["flags", `${KNOWN}* 1 FETCH (FLAGS (${flags}x))\r\n`, select],
    ["mailboxes", KNOWN + names.repeat(10_000), { do: "mailboxes" }],
    ["a name", `${KNOWN}* LIST () "/" ${"x".repeat(1000)}\r\n`, { do: "mailboxes" }],
    ["found", `${KNOWN}* SEARCH${" 4000000000".repeat(100_000)}\r\n`, { do: "search", keys: [] }],
    ["literals", `${KNOWN}* X ${"{0}\r\n".repeat(100)}\r\n`, select],
    [
      "a header",
      `${KNOWN}* 1 FETCH (UID 1 BODY[] {16384}\r\n${header})\r\n`,
      { do: "headers", uids: [1] },
    ],
    ["responses", KNOWN + "* OK\r\n".repeat(199_999), select],
    ["words that end like a literal", `${KNOWN}* OK see {5}\r\n`, select],
  ];
  for (const [name, server, job] of cases) {
    const { outcome, results } = talk(`${server}a1 OK\r\na2 OK\r\n`, [job]);
    assert.deepEqual([outcome?.result, results[0]?.did], ["done", job.do], name);
  }
});
