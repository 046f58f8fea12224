import assert from "$assert";
import { createFinishedFinder, serverNameIn, watchServerHello } from "../../lib/net/tls_hello.ts";
import { pieces } from "../smtp_support.ts";
import type { FuzzTarget } from "./target.ts";

/** A client's hello that asks for `a.b`, and the beginning of a server's. */
const CLIENT = [
  ...[22, 3, 1, 0, 58, 1, 0, 0, 54, 3, 3, ...new Uint8Array(32), 0, 0, 2, 19, 1, 1, 0, 0, 11],
  ...[0, 0, 0, 7, 0, 5, 0, 0, 2, 97, 98],
];
const SERVER = [22, 3, 3, 0, 44, 2, 0, 0, 40, 3, 3, ...new Uint8Array(32), 0, 19, 1, 0, 0, 0];

export const target: FuzzTarget = {
  name: "net_tls_hello",
  invariant:
    "any bytes, cut anywhere, give the same server's hello and the same end of the client's " +
    "Finished; a name is asked for or not, and nothing is thrown",
  seeds: [
    Uint8Array.from(CLIENT),
    Uint8Array.from(SERVER),
    Uint8Array.of(22, 3, 3, 0, 1, 2, 20, 3, 3, 0, 1, 1, 23, 3, 3, 0, 2, 7, 7, 23, 3, 3, 0, 1, 9),
  ],
  run(input) {
    const name = serverNameIn(input);
    assert.ok(name === null || typeof name === "string");
    const hello = (chunks: readonly Uint8Array[]) => {
      const watch = watchServerHello();
      for (const chunk of chunks) watch.see(chunk.slice());
      return watch.hello;
    };
    assert.deepEqual(hello(pieces(input, 1)), hello([input]));
    const finished = (chunks: readonly Uint8Array[]) => {
      const find = createFinishedFinder();
      let before = 0;
      for (const chunk of chunks) {
        const end = find(chunk.slice());
        if (end !== null) return before + end;
        before += chunk.length;
      }
      return null;
    };
    assert.equal(finished(pieces(input, 1)), finished([input]));
  },
};
