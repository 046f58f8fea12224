import assert from "$assert";
import { readMessage } from "../../lib/mail/read.ts";
import { encode } from "../../lib/wire/bytes.ts";
import { MIME_SEEDS } from "./mime_seeds.ts";
import type { FuzzTarget } from "./target.ts";

export const target: FuzzTarget = {
  name: "mail_read",
  invariant:
    "any message can be shown, nothing in it that a terminal would obey is, one line stays one " +
    "line, and a text ends with a line end",
  seeds: [
    ...MIME_SEEDS,
    "From: a@b\r\nSubject: =?utf-8?q?=1b=5b2J?=\r\nDate: 1 Jan 99 0:0\r\n\r\n\x1b[2J\u202e",
    "Content-Type: text/html\r\n\r\n<p>a<script>b</script><a href='c'>d</a>",
    "Subject: no empty line\r\nHello\r\n",
  ].map((seed) => typeof seed === "string" ? encode(seed) : seed),
  async run(input) {
    const { html, attachments, text, date, ...lines } = await readMessage(input);
    for (const line of Object.values(lines)) assert.doesNotMatch(line, UNSAFE);
    assert.doesNotMatch(text.replaceAll(/[\n\t]/g, ""), UNSAFE);
    assert.ok(text === "" || text.endsWith("\n"));
    assert.ok(html === null || typeof html === "string");
    assert.ok(date === null || !Number.isNaN(Date.parse(date)));
    for (const { name, type, size, content } of attachments) {
      assert.doesNotMatch(name + type, UNSAFE);
      assert.equal(size, content.length);
    }
  },
};

const UNSAFE = /[^\t\P{Cc}]|[\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;
