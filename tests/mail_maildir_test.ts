/** The names of files in a Maildir, and the list beside files of messages. */
import assert from "$assert";
import {
  levelOfFile,
  mailboxOfMaildir,
  maildirFolder,
  pathOfMailbox,
} from "../lib/cli/mailbox_path.ts";
import { dateInHeader, formatEmlNote, parseEmlNote } from "../lib/mail/eml.ts";
import {
  compareNames,
  formatKeywordsFile,
  maildirFlags,
  maildirLetters,
  parseKeywordsFile,
  parseMaildirName,
} from "../lib/mail/maildir.ts";
import { encode } from "../lib/wire/bytes.ts";

Deno.test("the name of a file in a Maildir holds its flags", () => {
  for (
    const [name, base, letters] of [
      ["1700000000.M1P2.host:2,FS", "1700000000.M1P2.host", "FS"],
      ["1700000000.M1P2.host,S=5:2,", "1700000000.M1P2.host,S=5", ""],
      ["1700000000.M1P2.host", "1700000000.M1P2.host", ""],
      ["1:1,x", "1:1,x", ""],
    ] as const
  ) assert.deepEqual(parseMaildirName(name), { base, letters });
  const keywords = ["Work", "", "Play"];
  assert.deepEqual(maildirFlags("DFPRSTabcdX", keywords), [
    "\\Draft",
    "\\Flagged",
    "$Forwarded",
    "\\Answered",
    "\\Seen",
    "\\Deleted",
    "Work",
    "Play",
  ]);
  const flags = ["Play", "\\Seen", "$forwarded", "\\Draft", "Other"];
  assert.equal(maildirLetters(flags, keywords), "DPSc");
});

Deno.test("files of a Maildir come in the order in which they were made", () => {
  const names = [
    "999.M1.a",
    "1000.M9P1.a",
    "1000.M10P1.a",
    "1000.M10P1.b",
    "1000.M10P1.b1",
    "99999999999999999999998.a",
    "99999999999999999999999.a",
    "a",
  ];
  assert.deepEqual(names.toReversed().sort(compareNames), names);
});

Deno.test("keywords of a Maildir have a letter each, 26 at most", () => {
  assert.deepEqual(parseKeywordsFile("0 Work\r\n2 Play\n26 Other\nx y\n").slice(0, 3), [
    "Work",
    "",
    "Play",
  ]);
  assert.equal(parseKeywordsFile("26 Other\n").length, 26);
  assert.equal(formatKeywordsFile(["Work", "Play"]), "0 Work\n1 Play\n");
});

Deno.test("mailboxes are folders of a Maildir and paths, and back", () => {
  for (
    const [mailbox, folder, path] of [
      ["Work", ".Work", "Work"],
      ["Work/2026", ".Work.2026", "Work/2026"],
      ["v1.2/x", ".v1&AC4-2.x", "v1.2/x"],
      ["Entw\u{fc}rfe & Co", ".Entw&APw-rfe &- Co", "Entw\u{fc}rfe & Co"],
      ["../etc", ".&AC4-&AC4-.etc", "%2E%2E/etc"],
      ["a:b%/\u{1f}", ".a:b%.&AB8-", "a%3Ab%25/%1F"],
      ["a.sbd/b.mbox", ".a&AC4-sbd.b&AC4-mbox", "a%2Esbd/b.mbox"],
      ["~x ", ".~x ", "%7Ex%20"],
    ] as const
  ) {
    assert.equal(maildirFolder(mailbox), folder);
    assert.equal(mailboxOfMaildir(folder), mailbox);
    assert.equal(pathOfMailbox(mailbox), path);
    assert.equal(path.split("/").map(levelOfFile).join("/"), mailbox);
  }
  assert.equal(mailboxOfMaildir(".inbox.x&y"), "INBOX/x&y");
  assert.equal(levelOfFile("100%"), "100%");
});

Deno.test("the list beside files of messages keeps dates and flags", () => {
  const note = { file: "1.eml", receivedAt: 1_700_000_000_123, flags: ["\\Seen", "Work"] };
  assert.deepEqual(parseEmlNote(formatEmlNote(note).trimEnd()), note);
  for (
    const bad of [
      "",
      '{"file":"1.e',
      "null",
      "[]",
      '{"file":1,"received":"2023-11-14T22:13:20.123Z","flags":[]}',
      '{"file":"a","received":"soon","flags":[]}',
      '{"file":"a","received":"2023-11-14T22:13:20.123Z","flags":"x"}',
    ]
  ) assert.equal(parseEmlNote(bad), null, bad);
});

Deno.test("the header tells when a message came", () => {
  const date = "Date: Tue, 24 Nov 2026 16:00:00 +0000\r\n";
  const received = "Received: from a by b; Tue, 24 Nov 2026 17:00:00 +0000\r\n" +
    "Received: from c by d; Tue, 24 Nov 2026 16:30:00 +0000\r\n";
  const at = Date.UTC(2026, 10, 24, 16);
  assert.equal(dateInHeader(encode(`${received}${date}\r\n`)), at + 3_600_000);
  assert.equal(dateInHeader(encode(`Received: from a\r\n${date}\r\n`)), at);
  assert.equal(dateInHeader(encode("Date: today\r\n\r\n")), null);
  assert.equal(dateInHeader(encode("\r\nDate: Tue, 24 Nov 2026 16:00:00 +0000\r\n")), null);
});
