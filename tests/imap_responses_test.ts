import assert from "$assert";
import { readResponses } from "./imap_responses.ts";

const GOOD: readonly string[] = [
  "* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] hello\r\n",
  "* FLAGS (\\Seen $a)\r\n* OK [PERMANENTFLAGS (\\Seen \\*)] ok\r\na1 OK [READ-WRITE] x\r\n",
  '* LIST (\\HasNoChildren) "/" INBOX\r\n* LIST () "/" {3}\r\n\xe4b\n\r\na NO no\r\n',
  '* 2 EXISTS\r\n* 1 FETCH (UID 9 BODY[1.HEADER.FIELDS (To "a b")]<0> {2}\r\n\r\n FLAGS ())\r\n',
  '* 2 EXISTS\r\n* 2 FETCH (BODY (("TEXT" "PLAIN" NIL)("IMAGE" "PNG" NIL) "MIXED"))\r\n',
  '* THREAD (1 (2)(3 4))(5)\r\n* SEARCH\r\n* ESEARCH (TAG "a") UID ALL 1:3,5\r\n+ \r\n',
  "* 3 EXISTS\r\n* 1 EXPUNGE\r\n* VANISHED 5:6\r\n* VANISHED (EARLIER) 1:9\r\n* BYE bye\r\n",
  "a NO [BADURL (a{] b\r\n",
  "* 1 EXISTS\r\n* 1 FETCH (BINARY[1] ~{1}\r\n\0)\r\n",
];

const BAD: readonly (readonly [output: string, why: RegExp])[] = [
  ["* OK hello", /does not end/],
  ["OK\r\n", /what is this/],
  ["* OK\r\n", /no such response/],
  ["* HELLO 1\r\n", /no such response/],
  ["a1 BYE x\r\n", /no status/],
  ["a+1 OK x\r\n", /match/],
  ["* OK [x (] y\r\n", /does not end/],
  ["* OK \xff\r\n", /no such response/],
  ["* LIST ( ) a\r\n", /behind/],
  ["* LIST ()  a\r\n", /behind/],
  ["* LIST ()) a\r\n", /did not begin/],
  ['* LIST () "a\\b" x\r\n', /what is this/],
  ["a NO [BADURL \0] b\r\n", /match/],
  ["* LIST () \xe4\r\n", /what is this/],
  ["* LIST () {9}\r\nabc\r\n", /cut off/],
  ["* LIST () {1}\r\n\0\r\n", /match/],
  ["* 1 EXISTS\r\n* 2 FETCH (UID 1)\r\n", /of 1/],
  ["* 1 EXISTS\r\n* 0 EXPUNGE\r\n", /of 1/],
  ["* 2 EXISTS\r\n* VANISHED 4:5\r\n* 1 FETCH (UID 1)\r\n", /of 0/],
];

Deno.test("readResponses reads what a server may say", () => {
  for (const output of GOOD) assert.ok(readResponses(output).length > 0, output);
});

Deno.test("readResponses refuses what a client could not read, or count by", () => {
  for (const [output, why] of BAD) assert.throws(() => readResponses(output), why, output);
});
