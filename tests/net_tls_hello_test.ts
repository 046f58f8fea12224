import assert from "$assert";
import * as fc from "$check";
import {
  createFinishedFinder,
  looksLikeTls,
  serverNameIn,
  watchServerHello,
} from "../lib/net/tls_hello.ts";
import { concat, encode } from "../lib/wire/bytes.ts";

const RANDOM = new Uint8Array(32).fill(1);

function number16(value: number): Uint8Array {
  return Uint8Array.of(value >> 8, value & 255);
}

/** A field behind its length, of so many bytes. */
function sized(lengthBytes: 1 | 2 | 3, ...parts: Uint8Array[]): Uint8Array {
  const body = concat([new Uint8Array(0), ...parts]);
  const length = [body.length >> 16, (body.length >> 8) & 255, body.length & 255];
  return concat([Uint8Array.from(length.slice(3 - lengthBytes)), body]);
}

function record(type: number, body: Uint8Array): Uint8Array {
  return concat([Uint8Array.of(type, 3, 1), sized(2, body)]);
}

function extension(type: number, body: Uint8Array): Uint8Array {
  return concat([number16(type), sized(2, body)]);
}

function clientHello(serverName: string | null): Uint8Array {
  const sni = extension(
    0,
    sized(2, concat([Uint8Array.of(0), sized(2, encode(serverName ?? ""))])),
  );
  const others = [extension(10, number16(29)), extension(43, Uint8Array.of(2, 3, 4))];
  return concat([
    Uint8Array.of(1),
    sized(
      3,
      Uint8Array.of(3, 3),
      RANDOM,
      sized(1, RANDOM),
      sized(2, number16(0x1301)),
      sized(1, Uint8Array.of(0)),
      sized(2, others[0]!, ...(serverName === null ? [] : [sni]), others[1]!),
    ),
  ]);
}

function serverHello(cipher: number, extensions: readonly Uint8Array[] | null): Uint8Array {
  return concat([
    Uint8Array.of(2),
    sized(
      3,
      Uint8Array.of(3, 3),
      RANDOM,
      sized(1),
      number16(cipher),
      Uint8Array.of(0),
      ...(extensions === null ? [] : [sized(2, ...extensions)]),
    ),
  ]);
}

Deno.test("the client's hello says the name that it asks for", () => {
  const table: readonly (readonly [string | null, string | null])[] = [
    ["mx.abc.com", "mx.abc.com"],
    ["MX.Abc.COM", "mx.abc.com"],
    ["mx.abc.com.", "mx.abc.com"],
    [null, null],
  ];
  for (const [asked, expected] of table) {
    assert.equal(serverNameIn(record(22, clientHello(asked))), expected);
  }
});

Deno.test("the client's hello is waited for, whatever its records and the packets", () => {
  const hello = clientHello("mx.abc.com");
  for (const perRecord of [1, 7, 64, 1000]) {
    const records: Uint8Array[] = [];
    for (let at = 0; at < hello.length; at += perRecord) {
      records.push(record(22, hello.subarray(at, at + perRecord)));
    }
    const whole = concat(records);
    for (let bytes = 0; bytes < whole.length; bytes++) {
      assert.equal(serverNameIn(whole.subarray(0, bytes)), "more");
    }
    assert.equal(serverNameIn(concat([whole, record(23, RANDOM)])), "mx.abc.com");
  }
});

Deno.test("what is no hello asks for no name", () => {
  assert.equal(serverNameIn(encode("EHLO client.example\r\n")), null);
  assert.equal(serverNameIn(record(23, RANDOM)), null);
  assert.equal(serverNameIn(record(22, serverHello(0x1301, null))), null);
  // A hello whose fields are longer than it is.
  assert.equal(serverNameIn(record(22, Uint8Array.of(1, 0, 0, 3, 3, 3, 9))), null);
  assert.equal(looksLikeTls(encode("EHLO")), false);
  assert.equal(looksLikeTls(new Uint8Array(0)), false);
  assert.equal(looksLikeTls(Uint8Array.of(22)), true);
  assert.equal(looksLikeTls(Uint8Array.of(22, 2)), false);
});

Deno.test("no bytes make the readers of hellos throw", () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.tuple(fc.constantFrom(1, 2), fc.uint8Array({ maxLength: 120 })).map(([type, body]) =>
      record(22, concat([Uint8Array.of(type), sized(3, body)]))
    ),
  );
  fc.assert(fc.property(bytes, (bytes) => {
    const name = serverNameIn(bytes);
    assert.ok(name === null || typeof name === "string");
    watchServerHello().see(bytes);
    createFinishedFinder()(bytes);
  }));
});

Deno.test("the server's hello says version and cipher, wherever it was cut", () => {
  const tls13 = [extension(51, RANDOM), extension(43, number16(0x0304))];
  const table = [
    [serverHello(0x1302, tls13), "TLSv1.3", "TLS_AES_256_GCM_SHA384"],
    [serverHello(0xc02b, []), "TLSv1.2", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"],
    [serverHello(0xc02f, null), "TLSv1.2", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"],
    [serverHello(0x00ff, null), "TLSv1.2", "0x00FF"],
  ] as const;
  for (const [message, version, cipher] of table) {
    const bytes = concat([record(22, message), record(20, Uint8Array.of(1))]);
    for (let at = 0; at < bytes.length; at++) {
      const watch = watchServerHello();
      // The memory of a chunk is used again for the next.
      const memory = bytes.slice(0, at);
      watch.see(memory);
      assert.equal(typeof watch.hello === "string", at < 5 + message.length);
      memory.fill(0);
      watch.see(bytes.subarray(at));
      assert.deepEqual(watch.hello, { version, cipher });
    }
  }
});

Deno.test("a server that says something else first has no hello", () => {
  for (const bytes of [encode("220 mx.abc.com\r\n"), record(21, Uint8Array.of(2, 40))]) {
    const watch = watchServerHello();
    watch.see(bytes);
    watch.see(record(22, serverHello(0x1301, null)));
    assert.equal(watch.hello, "alien");
  }
});

Deno.test("the client's Finished ends with its first encrypted record, wherever it was cut", () => {
  const before = concat([record(20, Uint8Array.of(1)), record(23, RANDOM)]);
  const bytes = concat([before, record(23, encode("EHLO"))]);
  for (let at = 0; at <= bytes.length; at++) {
    const find = createFinishedFinder();
    const first = find(bytes.subarray(0, at));
    if (at >= before.length) assert.equal(first, before.length);
    else {
      assert.equal(first, null);
      assert.equal(find(bytes.subarray(at)), before.length - at);
    }
  }
});
