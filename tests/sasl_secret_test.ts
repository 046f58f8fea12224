import assert from "$assert";
import { createHash, createHmac, pbkdf2Sync } from "node:crypto";
import { decodeBase64, encodeBase64 } from "../lib/sasl/base64.ts";
import {
  decoySecret,
  ITERATIONS,
  makeSecret,
  type Pbkdf2,
  SALT_BYTES,
  verifyPassword,
} from "../lib/sasl/secret.ts";
import { encode, equal } from "../lib/wire/bytes.ts";

const pbkdf2: Pbkdf2 = (password, salt, iterations) =>
  Promise.resolve(new Uint8Array(pbkdf2Sync(password, salt, iterations, 32, "sha256")));

const SALT = encode("sixteen bytes ok");

Deno.test("makeSecret gives the keys that RFC 7677 §3 was computed with", async () => {
  // The example has 4096 rounds.
  const secret = await makeSecret(
    "pencil",
    decodeBase64("W22ZaJ0SNY7soEsUEjb6gQ==")!,
    (password, salt) => pbkdf2(password, salt, 4096),
  );
  const nonce = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
  const message = [
    "n=user,r=rOprNGfwEbeRWgbNEkqO",
    `r=${nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`,
    `c=biws,r=${nonce}`,
  ].join(",");
  const hmac = (key: Uint8Array) =>
    new Uint8Array(createHmac("sha256", key).update(message).digest());
  // RFC 5802 §3: ServerSignature := HMAC(ServerKey, AuthMessage)
  assert.equal(
    encodeBase64(hmac(secret.serverKey)),
    "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
  );
  // ClientProof := ClientKey XOR HMAC(StoredKey, AuthMessage), and StoredKey := H(ClientKey)
  const proof = decodeBase64("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=")!;
  const signature = hmac(secret.storedKey);
  const clientKey = proof.map((byte, at) => byte ^ signature[at]!);
  const hash = new Uint8Array(createHash("sha256").update(clientKey).digest());
  assert.deepEqual(hash, secret.storedKey);
});

Deno.test("verifyPassword knows the right password, however it was typed, and no other", async () => {
  const secret = await makeSecret("Grüße, ﬁn Ⅸ", SALT, pbkdf2);
  assert.equal(secret.iterations, ITERATIONS);
  assert.ok(ITERATIONS >= 4096, "RFC 7677 §4");
  assert.deepEqual(secret.salt, SALT);
  assert.ok(await verifyPassword("Grüße, ﬁn Ⅸ", secret, pbkdf2));
  // The same typing on a keyboard that composes: u and a mark; and the parts of the ligatures.
  assert.ok(await verifyPassword("Gru\u0308ße, fin IX", secret, pbkdf2));
  for (const wrong of ["", "grüße, fin ix", "Grüße, fin IX ", "Grüsse, fin IX"]) {
    assert.ok(!await verifyPassword(wrong, secret, pbkdf2), wrong);
  }
});

Deno.test("verifyPassword uses the rounds and the salt that the secret was made with", async () => {
  const calls: (readonly [number, string])[] = [];
  const counting: Pbkdf2 = (password, salt, iterations) => {
    calls.push([iterations, encodeBase64(salt)]);
    return pbkdf2(password, salt, iterations);
  };
  const secret = { ...await makeSecret("x", SALT, pbkdf2), iterations: 5000 };
  assert.ok(!await verifyPassword("x", secret, counting));
  assert.deepEqual(calls, [[5000, encodeBase64(SALT)]]);
});

Deno.test("decoySecret is the same for the same user and key, and otherwise not", () => {
  const [key, other] = [encode("key"), encode("other")];
  const decoy = decoySecret("alice@abc.com", key);
  assert.deepEqual(decoySecret("alice@abc.com", key), decoy);
  for (const different of [decoySecret("bob@abc.com", key), decoySecret("alice@abc.com", other)]) {
    assert.ok(!equal(different.salt, decoy.salt));
    assert.ok(!equal(different.storedKey, decoy.storedKey));
    assert.ok(!equal(different.serverKey, decoy.serverKey));
  }
  assert.ok(!equal(decoy.storedKey, decoy.serverKey));
});

Deno.test("decoySecret looks like a secret, and no password opens it", async () => {
  const decoy = decoySecret("alice@abc.com", encode("key"));
  const real = await makeSecret("x", SALT, pbkdf2);
  assert.deepEqual(
    [decoy.salt, decoy.storedKey, decoy.serverKey].map((each) => each.length),
    [real.salt, real.storedKey, real.serverKey].map((each) => each.length),
  );
  assert.equal(decoy.salt.length, SALT_BYTES);
  assert.equal(decoy.iterations, real.iterations);
  for (const password of ["", "x", "alice@abc.com"]) {
    assert.ok(!await verifyPassword(password, decoy, pbkdf2));
  }
});
