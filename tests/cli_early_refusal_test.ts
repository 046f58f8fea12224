/** A server that has enough in the middle of a message, on a real connection. */
import assert from "$assert";
import { sendOverSmtp } from "../lib/cli/transfer.ts";
import { bodyOf } from "../lib/mail/body.ts";
import { textOf } from "../lib/smtp/reply.ts";
import { encode } from "../lib/wire/bytes.ts";
import { REAL } from "./app_support.ts";

/** Says 354, reads a little, says why it wants no more, and leaves what still comes unread. */
async function serve(listener: Deno.Listener): Promise<void> {
  using conn = await listener.accept();
  const say = (line: string) => conn.write(encode(`${line}\r\n`));
  const buffer = new Uint8Array(4096);
  await say("220 mx.xyz.com");
  for (const answer of ["250 mx.xyz.com", "250 OK", "250 OK", "354 Go ahead"]) {
    await conn.read(buffer);
    await say(answer);
  }
  await conn.read(buffer);
  await say("552 5.3.4 Too large");
}

Deno.test("what a server says before it leaves in the middle of a message is its answer", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const served = serve(listener);
  const { attempts } = await sendOverSmtp({
    world: REAL,
    to: { host: "127.0.0.1", port: listener.addr.port },
    helloName: "client.example",
    timeoutMs: 10_000,
    tls: { mode: "none", authorities: [] },
    login: null,
    envelope: { sender: { local: "alice", domain: "abc.com" }, body: "7BIT" },
    recipients: [{ address: { local: "bob", domain: "xyz.com" } }],
    content: bodyOf(encode("a line of some length, as mail has them\r\n".repeat(1_000_000))),
  });
  await served;
  const [{ result, reply }] = attempts as [typeof attempts[0]];
  assert.deepEqual([result, reply === null ? null : textOf(reply)], [
    "refused",
    "552 5.3.4 Too large",
  ]);
});
