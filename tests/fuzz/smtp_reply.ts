import assert from "$assert";
import { parseEhlo } from "../../lib/smtp/ehlo.ts";
import { formatReply, type Reply, textOf } from "../../lib/smtp/reply.ts";
import { readReply, ReplyError } from "../../lib/smtp/reply_reader.ts";
import { ByteQueue, decodeLatin1, encode } from "../../lib/wire/bytes.ts";
import type { Session } from "../../lib/wire/session.ts";
import { play } from "../play.ts";
import { pieces } from "../smtp_support.ts";
import type { FuzzTarget } from "./target.ts";

export const target: FuzzTarget = {
  name: "smtp_reply",
  invariant:
    "a server's words, cut anywhere, give the same replies and the same kind of end, nothing but " +
    "ReplyError is thrown, and each reply can be shown and passed on without harm",
  seeds: [
    "220 mx ESMTP\r\n250-mx\r\n250-SIZE 1000\r\n250-AUTH=LOGIN\r\n250 PIPELINING\r\n",
    "250-2.1.0 Sender\r\n250 2.1.0 OK\r\n",
    "354\r\n250-\r\n250\r\n421 4.3.2 bye\r\n",
    "550-5.1.1 no\r\n551 5.1.1 such\r\n",
    "250 \x1b[2J\xe4\r\n+OK\r\n",
  ].map(encode),
  run(input) {
    const whole = replies([input]);
    assert.deepEqual(replies(pieces(input, 1)), whole);
    assert.deepEqual(replies(pieces(input, 7)), whole);
    for (const reply of whole.read) harmless(reply);
  },
};

function harmless(reply: Reply): void {
  assert.ok(reply.code >= 200 && reply.code < 600);
  assert.ok(reply.lines.length >= 1);
  assert.match(decodeLatin1(formatReply(reply)), /^(?:\d{3}[ -][ -~]{0,506}\r\n)+$/);
  assert.doesNotMatch(textOf(reply) + reply.lines.join(), /[\p{Cc}\p{Zl}\p{Zp}]/u);
  const { size, auth } = parseEhlo(reply);
  assert.ok(size === null || size.bytesMax === null || size.bytesMax > 0);
  assert.ok(auth.every((name) => name === name.toUpperCase()));
}

interface Replies {
  readonly read: readonly Reply[];
  readonly end: ReplyError["kind"];
}

function replies(chunks: readonly Uint8Array[]): Replies {
  return play(readAll(), chunks, null).outcome!;
}

function* readAll(): Session<null, Replies> {
  const queue = new ByteQueue();
  const read: Reply[] = [];
  for (;;) {
    try {
      read.push(yield* readReply<null>(queue, false));
    } catch (error) {
      if (error instanceof ReplyError) return { read, end: error.kind };
      throw error;
    }
  }
}
