import assert from "$assert";
import type { ImapMessage } from "../../lib/imap/backend.ts";
import { preview } from "../../lib/imap/preview.ts";
import { searchContentOf } from "../../lib/imap/search_content.ts";
import { partAt, sectionOf } from "../../lib/imap/sections.ts";
import { bodyStructure, envelope } from "../../lib/imap/structure.ts";
import { summaryOf } from "../../lib/imap/summary.ts";
import { parseHeader } from "../../lib/mail/header.ts";
import { isMultipart, parseMime, type Part } from "../../lib/mail/mime.ts";
import { encode } from "../../lib/wire/bytes.ts";
import { shown, wellFormed } from "../imap_support.ts";
import { MIME_SEEDS } from "./mime_seeds.ts";
import type { FuzzTarget } from "./target.ts";

export const target: FuzzTarget = {
  name: "imap_structure",
  invariant:
    "what a client sees of any message is made of strings, numbers and lists, each part is found " +
    "by its number, and looking for text, sorting and a preview never fail",
  seeds: [
    ...MIME_SEEDS,
    'From: "A, B" <@c,@d:e@f>, (g) h@i, j: k . l @ m;\r\nTo: =?koi8-r?q?=C1?= <n@[::1]>\r\n' +
    "Date: Thu, 13 Feb 1969 23:32 -0330\r\nSubject: Re: [x] =?utf-8?b?w6Q=?= (fwd)\r\n" +
    "Message-ID: <a@b>\r\nReferences: <c@d> <e@f>\r\n\r\nbody",
    "Content-Type: text/html; charset=shift_jis; name*0*=us-ascii'en'%20; name*1=x\r\n" +
    'Content-Disposition: attachment; filename="a\\"b"\r\nContent-Language: de, en\r\n\r\n' +
    "<script>a</script><p>&#228;<!-- b",
  ].map((seed) => typeof seed === "string" ? encode(seed) : seed),
  run(input) {
    const root = parseMime(input);
    const message = { bytes: input, root };
    const header = parseHeader(input.subarray(0, root.bodyStart));
    for (const utf8 of [false, true]) {
      wellFormed(shown(envelope(header, { utf8 })));
      wellFormed(shown(bodyStructure(root, input, { utf8, extended: true })));
    }
    for (const [numbers, part] of numbered(root)) {
      assert.equal(partAt(root, numbers), part);
      const body = sectionOf(message, { part: numbers, of: { kind: "all" } });
      assert.equal(body!.length, part.end - part.bodyStart);
    }
    const { text, body, sentDay, fields } = searchContentOf(message);
    assert.ok(text.endsWith(body));
    assert.ok(sentDay === null || /^\d{4}-\d\d-\d\d$/.test(sentDay));
    for (const value of fields("subject")) assert.ok(text.includes(value.slice(0, 1)));
    assert.doesNotMatch(preview(message), /[\r\n\0]/);
    const facts = { receivedAt: 0, size: input.length } as ImapMessage;
    assert.equal(summaryOf({ number: 1, message: facts }, header).number, 1);
  },
};

/** The parts with their numbers, as RFC 9051 §6.4.5 counts them. */
function numbered(root: Part): readonly (readonly [numbers: readonly number[], part: Part])[] {
  const below = (part: Part, numbers: readonly number[]): ReturnType<typeof numbered> => {
    const inner = isMultipart(part) ? part : part.children[0];
    if (inner === undefined) return [];
    if (!isMultipart(inner)) {
      return inner === part ? [] : [[[...numbers, 1], inner], ...below(inner, [...numbers, 1])];
    }
    return inner.children.flatMap((child, at) => {
      const own = [...numbers, at + 1];
      return [[own, child] as const, ...below(child, own)];
    });
  };
  return isMultipart(root) ? below(root, []) : [[[1], root], ...below(root, [1])];
}
