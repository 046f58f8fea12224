/** Two connections joined, where one side does not do its part. */
import assert from "$assert";
import type { Connection } from "../lib/net/socket.ts";
import { splice } from "../lib/net/splice.ts";

/** A connection that gives these chunks, and whose writes hang until it is closed. */
function stuck(...chunks: readonly Uint8Array[]): Connection & { readonly closed: boolean } {
  const waiting = [...chunks];
  const end = Promise.withResolvers<never>();
  end.promise.catch(() => {});
  let closed = false;
  return {
    local: { host: "127.0.0.1", port: 1 },
    remote: { host: "127.0.0.1", port: 2 },
    reading: false,
    get closed() {
      return closed;
    },
    read: () => waiting.length > 0 ? Promise.resolve(waiting.shift()!) : end.promise,
    write: () => end.promise,
    closeWrite: () => Promise.resolve(),
    close() {
      closed = true;
      end.reject(new Error("closed"));
    },
  };
}

Deno.test("a peer that does not take what was written last is cut off after a second", async () => {
  const outer = stuck();
  const near = stuck(new Uint8Array(10));
  const joined = splice(outer, near, {
    onward: (chunk) => near.write(chunk),
    back: (chunk) => outer.write(chunk),
  });
  const startedMs = performance.now();
  await joined.drain();
  const tookMs = performance.now() - startedMs;
  assert.ok(tookMs > 900 && tookMs < 5_000, `${tookMs} ms`);
  assert.ok(outer.closed && near.closed);
});
