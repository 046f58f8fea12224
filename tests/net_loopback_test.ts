import assert from "$assert";
import { once } from "node:events";
import { connect } from "node:net";
import { dialDeno, loopback } from "../lib/net/loopback.ts";
import { decode, encode } from "../lib/wire/bytes.ts";
import { isNetError, readExactly } from "./tls_support.ts";

Deno.test("programs of this machine that connect to the inner port are never used", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const strangers = await Promise.all(
    Array.from({ length: 3 }, () => Deno.connect({ hostname: "127.0.0.1", port })),
  );
  const { near, far } = await loopback(listener, dialDeno);
  await near.write(encode("ours"));
  const bytes = new Uint8Array(4);
  await readExactly(far, bytes);
  assert.equal(decode(bytes), "ours");
  for (const stranger of strangers) {
    assert.equal(await stranger.read(bytes), null);
    stranger.close();
  }
  near.close();
  far.close();
  await assert.rejects(
    Deno.connect({ hostname: "127.0.0.1", port }),
    Deno.errors.ConnectionRefused,
  );
});

Deno.test("where strangers connect without end, the upgrade fails and nothing is left open", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const strangers = await Promise.all(
    Array.from({ length: 20 }, () => Deno.connect({ hostname: "127.0.0.1", port })),
  );
  await assert.rejects(loopback(listener, dialDeno), isNetError("other", /again and again/));
  for (const stranger of strangers) stranger.close();
});

Deno.test("our port on another address of this machine is a stranger's", {
  // Elsewhere only one of the addresses is there.
  ignore: Deno.build.os !== "linux",
}, async () => {
  const taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const localPort = (taken.addr as Deno.NetAddr).port;
  taken.close();
  const connectFrom = async (localAddress: string, port: number) => {
    const socket = connect({ host: "127.0.0.1", port, localAddress, localPort });
    await once(socket, "connect");
    return socket;
  };
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { near, far } = await loopback(listener, async ({ port }) => {
    const near = [await connectFrom("127.0.0.2", port), await connectFrom("127.0.0.1", port)];
    return { near, from: { hostname: "127.0.0.1", port: localPort }, close: () => {} };
  });
  assert.equal(far.remoteAddr.hostname, "127.0.0.1");
  far.close();
  for (const socket of near) {
    socket.destroy();
    if (!socket.closed) await once(socket, "close");
  }
});
