import assert from "$assert";
import { createHash, X509Certificate } from "node:crypto";
import { checkPair, covers, marksOf } from "../lib/net/certificate.ts";
import { selfSigned } from "../lib/net/self_signed.ts";
import { isNetError, issue, type IssueOptions, lab } from "./tls_support.ts";

const RSA = {
  modulusLength: 2048,
  publicExponent: Uint8Array.of(1, 0, 1),
} as const;

Deno.test("the channel binding is hashed as the certificate was signed", async (t) => {
  const table: readonly (readonly [string, IssueOptions, string | null])[] = [
    ["ECDSA with SHA-256", {}, "sha256"],
    ["ECDSA with SHA-384", { hash: "SHA-384" }, "sha384"],
    ["ECDSA with SHA-512", { hash: "SHA-512" }, "sha512"],
    ["RSA with SHA-1", signedBy("RSASSA-PKCS1-v1_5", "SHA-1"), "sha256"],
    ["RSA with SHA-256", signedBy("RSASSA-PKCS1-v1_5", "SHA-256"), "sha256"],
    ["RSA with SHA-512", signedBy("RSASSA-PKCS1-v1_5", "SHA-512"), "sha512"],
    ["RSA-PSS with SHA-384", signedBy("RSA-PSS", "SHA-384"), "sha384"],
    ["Ed25519", { algorithm: { name: "Ed25519" } }, null],
  ];
  for (const [name, options, hash] of table) {
    await t.step(name, async () => {
      const { certificate } = await issue(["mx.abc.com"], options);
      const { raw, fingerprint256 } = new X509Certificate(certificate);
      const { binding, fingerprint } = marksOf(raw);
      const expected = hash === null ? null : createHash(hash).update(raw).digest("hex");
      assert.equal(binding === null ? null : hex(binding), expected);
      assert.equal(fingerprint, fingerprint256);
    });
  }
});

function signedBy(name: string, hash: string): IssueOptions {
  return { algorithm: { name, hash, ...RSA }, hash };
}

function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

Deno.test("a certificate that is cut off still has a fingerprint", async () => {
  const { raw } = new X509Certificate((await lab()).good.certificate);
  for (let bytes = 0; bytes < raw.length; bytes += 7) marksOf(raw.subarray(0, bytes));
});

Deno.test("a name is covered by itself and by a star in place of its first label", () => {
  const names = ["mx.abc.com", "*.xyz.com", "127.0.0.1"];
  const table: readonly (readonly [string, boolean])[] = [
    ["mx.abc.com", true],
    ["abc.com", false],
    ["mx.xyz.com", true],
    ["xyz.com", false],
    ["a.mx.xyz.com", false],
    [".xyz.com", false],
    ["127.0.0.1", true],
    ["com", false],
    ["", false],
  ];
  for (const [name, expected] of table) assert.equal(covers(names, name), expected, name);
});

Deno.test("a pair is known by its names, its fingerprint and its time", async () => {
  const { facts } = checkPair((await lab()).other);
  assert.deepEqual(facts.names, ["other.example", "*.wild.example"]);
  assert.match(facts.fingerprint, /^([0-9A-F]{2}:){31}[0-9A-F]{2}$/);
  assert.equal(facts.validUntilMs - facts.validFromMs, 31 * 24 * 60 * 60 * 1000);
});

Deno.test("a pair that cannot be used is refused with what is wrong", async () => {
  const { good, other } = await lab();
  const table = [
    [{ certificate: "", key: good.key }, /certificate cannot be read/],
    [{ certificate: good.key, key: good.key }, /certificate cannot be read/],
    [{ certificate: good.certificate, key: "" }, /private key cannot be read/],
    [{ certificate: good.certificate, key: other.key }, /does not belong.*localhost/],
  ] as const;
  for (const [pair, message] of table) {
    assert.throws(() => checkPair(pair), isNetError("unusable", message));
  }
});

Deno.test("a self-signed certificate is for its names, valid for ten years, and no authority's", async () => {
  const nowMs = Date.UTC(2030, 0, 1);
  const serial = new Uint8Array(16).fill(0xff);
  const names = ["abc.com", "*.abc.com", "127.0.0.1"];
  const pair = await selfSigned({ names, nowMs, serial });
  const { facts } = checkPair(pair);
  assert.deepEqual(facts.names, names);
  assert.equal(facts.fingerprint, pair.fingerprint);
  assert.equal(facts.validFromMs, Date.UTC(2029, 11, 31));
  assert.equal(facts.validUntilMs, Date.UTC(2039, 11, 30));
  const certificate = new X509Certificate(pair.certificate);
  assert.equal(certificate.ca, false);
  assert.ok(certificate.verify(certificate.publicKey));
  assert.equal(certificate.serialNumber, "7F" + "FF".repeat(15));
});

Deno.test("a self-signed certificate needs a name, and its first may be long", async () => {
  const options = { nowMs: Date.UTC(2030, 0, 1), serial: new Uint8Array(16) };
  await assert.rejects(selfSigned({ ...options, names: [] }), TypeError);
  const long = `${"a".repeat(60)}.${"b".repeat(60)}.example`;
  assert.deepEqual(checkPair(await selfSigned({ ...options, names: [long] })).facts.names, [long]);
});
