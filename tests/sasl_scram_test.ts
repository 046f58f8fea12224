/** SCRAM-SHA-256 without a protocol around it: RFC 5802, RFC 7677. */
import assert from "$assert";
import * as check from "$check";
import { decodeBase64, encodeBase64 } from "../lib/sasl/base64.ts";
import type { SaslOutcome } from "../lib/sasl/mechanism.ts";
import { saslprep } from "../lib/sasl/saslprep.ts";
import { makeProof } from "../lib/sasl/scram.ts";
import { keysOf } from "../lib/sasl/secret.ts";
import { concat, encode } from "../lib/wire/bytes.ts";
import { askScram, derive, RFC_7677, secretOf, serveScram } from "./scram_support.ts";

const { clientFirst, serverFirst, clientFinal, serverFinal } = RFC_7677;
const NOT_UTF8 = Uint8Array.of(0xff);

Deno.test("the server's end says what RFC 7677 §3 says", () => {
  assert.deepEqual(serveScram([clientFirst, clientFinal, ""]), {
    outcome: { result: "accepted", user: "user" },
    challenges: [serverFirst, serverFinal],
    proven: true,
  });
});

Deno.test("the client's end says what RFC 7677 §3 says", () => {
  assert.deepEqual(askScram([serverFirst, serverFinal, null]), {
    end: null,
    responses: [clientFirst, clientFinal, ""],
  });
});

Deno.test("both ends agree, whatever the user, the password and the nonces", () => {
  const text = check.string({ unit: "grapheme", minLength: 1, maxLength: 20 })
    .filter((each) => !!saslprep(each, "stored"));
  const nonce = check.string({ minLength: 1, maxLength: 30 })
    .map((each) => each.replace(/[^\x21-\x2b\x2d-\x7e]/g, "x"));
  const salt = check.uint8Array({ minLength: 1, maxLength: 40 });
  check.assert(
    check.property(text, text, nonce, nonce, salt, (user, password, mine, yours, salt) => {
      const secret = secretOf(saslprep(password, "stored")!, salt, 4096);
      const users: string[] = [];
      const start = (user: string) => {
        users.push(user);
        return { secret, nonce: yours };
      };
      const login = { user, password };
      const first = askScram([], login, mine).responses;
      const begun = serveScram(first, start);
      const proof = askScram(begun.challenges, login, mine).responses;
      const verified = serveScram(proof, start);
      const done = askScram([...verified.challenges, null], login, mine);
      assert.equal(done.end, null);
      const { outcome, proven } = serveScram(done.responses, start);
      assert.deepEqual(outcome, { result: "accepted", user: saslprep(user, "query") });
      assert.equal(proven, true);
      assert.equal(new Set(users).size, 1);
      // With another password it comes to nothing, on either side.
      const wrong = { secret: secretOf(`${password}x`, salt, 4096), nonce: yours };
      assert.equal(serveScram(proof, () => wrong).proven, false);
    }),
    { numRuns: 30 },
  );
});

Deno.test("the server's end takes no first message but by the grammar of RFC 5802 §7", () => {
  const malformed: readonly (string | Uint8Array)[] = [
    "",
    "n",
    "n,",
    "n,,",
    "n,,n=user",
    "n,,r=abc",
    "n,,r=abc,n=user",
    "n,,n=user,x=1,r=abc",
    ",,n=user,r=abc",
    "x,,n=user,r=abc",
    "N,,n=user,r=abc",
    "n,n=user,r=abc",
    "n,user,n=user,r=abc",
    "n,a=,n=user,r=abc",
    "n,a=x=y,n=user,r=abc",
    "n,,n=,r=abc",
    "n,,n=us=er,r=abc",
    "n,,n=us=2cer,r=abc",
    "n,,n=us=3der,r=abc",
    "n,,n=user=,r=abc",
    "n,,n=us\0er,r=abc",
    "n,,n=user,r=",
    "n,,n=user,r=a b",
    "n,,n=user,r=\u00e4",
    "n,,n=user,r=a\x7f",
    "n,,n=user,r=abc,",
    "n,,n=user,r=abc,x",
    "n,,n=user,r=abc,x=",
    "n,,n=user,r=abc,1=x",
    "n,,n=user,r=abc,xy=z",
    "n,,n=user,r=abc\r\n",
    // RFC 5802 §5.1: an extension that must be understood.
    "n,,m=x,n=user,r=abc",
    "n,,n=user,r=abc,m=x",
    // RFC 5802 §6: channel binding belongs to -PLUS.
    "p=tls-unique,,n=user,r=abc",
    "p=,,n=user,r=abc",
    "p=a b,,n=user,r=abc",
    // RFC 4013: a name that cannot be one, and one of which nothing is left.
    "n,,n=us\x07er,r=abc",
    "n,,n=\u00ad,r=abc",
    `n,,n=${"x".repeat(256)},r=abc`,
    `n,,n=user,r=${"x".repeat(1025)}`,
    concat([encode("n,,n="), NOT_UTF8, encode(",r=abc")]),
  ];
  for (const first of malformed) {
    const served = serveScram([first, clientFinal, ""]);
    assert.deepEqual(served.outcome, { result: "malformed" }, String(first));
    assert.deepEqual(served.challenges, [], String(first));
  }
});

Deno.test("the server's end takes every first message that the grammar allows", () => {
  const table: readonly (readonly [first: string, user: string])[] = [
    ["n,,n=user,r=abc", "user"],
    ["y,,n=user,r=abc", "user"],
    ["n,a=user,n=user,r=abc", "user"],
    ["n,a=a=2Cb,n=a=2Cb,r=abc", "a,b"],
    ["n,,n=a=3D=2C=3D2C,r=abc", "a=,=2C"],
    ["n,,n=\u00aa \u00adb,r=!#~", "a b"],
    ["n,,n=user,r=abc,x=1,y==,Z=a=b", "user"],
    [`n,,n=${"x".repeat(255)},r=${"y".repeat(1024)}`, "x".repeat(255)],
  ];
  for (const [first, user] of table) {
    const users: string[] = [];
    const { challenges } = serveScram([first], (name) => {
      users.push(name);
      return { secret: secretOf("pencil", encode("salt"), 4096), nonce: "xyz" };
    });
    assert.deepEqual(users, [user]);
    const nonce = /r=([^,]*)/.exec(first)![1];
    assert.deepEqual(challenges, [`r=${nonce}xyz,s=c2FsdA==,i=4096`]);
  }
});

Deno.test("the server's end takes no last message but the right one", () => {
  const nonce = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
  const proof = "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
  const table: readonly (readonly [string | Uint8Array, SaslOutcome["result"]])[] = [
    ["", "malformed"],
    [proof, "malformed"],
    [`c=biws,${proof}`, "malformed"],
    [`${nonce},${proof}`, "malformed"],
    [`${nonce},c=biws,${proof}`, "malformed"],
    [`c=biws,${nonce}`, "malformed"],
    [`c=biws,${nonce},p=`, "malformed"],
    [`c=biws,${nonce},p=!`, "malformed"],
    [`c=biws,${nonce},p=AAAA`, "malformed"],
    [`c=biws,${nonce},${proof},x=1`, "malformed"],
    [`c=biws,${nonce},${proof.replace("VQ=", "VR=")}`, "malformed"], // not canonical
    [`c=bi ws,${nonce},${proof}`, "malformed"],
    [`c=biwt=,${nonce},${proof}`, "malformed"],
    [`c=biws,r=,${proof}`, "malformed"],
    [`c=biws,m=x,${nonce},${proof}`, "malformed"],
    [`c=biws,${nonce},m=x,${proof}`, "malformed"],
    [concat([encode(`c=biws,${nonce},x=`), NOT_UTF8, encode(`,${proof}`)]), "malformed"],
    [clientFinal, "accepted"],
    [`c=biws,${nonce},p=${btoa("x".repeat(32))}`, "refused"],
    [`c=biws,${nonce},x=1,${proof}`, "refused"], // the proof is of another message
    [`c=biws,${nonce.slice(0, -1)},${proof}`, "refused"],
    [`c=biws,${nonce}x,${proof}`, "refused"],
    [`c=eSws,${nonce},${proof}`, "refused"],
  ];
  for (const [final, result] of table) {
    const { outcome } = serveScram([clientFirst, final, ""]);
    assert.equal(outcome !== "waits" && outcome.result, result, String(final));
  }
});

Deno.test("the server's end refuses right proofs with another nonce or another header", () => {
  // Each proof is right for the message that it stands in: only what was agreed on is not there.
  const nonce = RFC_7677.clientNonce + RFC_7677.serverNonce;
  for (const [binding, said] of [["n,,", nonce], ["y,,", nonce], ["n,,", `${nonce}x`]] as const) {
    const withoutProof = `c=${btoa(binding)},r=${said}`;
    const { proven } = serveScram([clientFirst, `${withoutProof},p=${proofOf(withoutProof)}`, ""]);
    assert.equal(proven, binding === "n,," && said === nonce, withoutProof);
  }
});

Deno.test("the server's end lets nobody act for somebody else, nor tells whether they could", () => {
  for (
    const [authorize, result] of [["user", "accepted"], ["USER", "accepted"], ["bob", "denied"]]
  ) {
    const header = `n,a=${authorize},`;
    const withoutProof = `c=${btoa(header)},r=${RFC_7677.clientNonce}${RFC_7677.serverNonce}`;
    const first = clientFirst.replace("n,,", header);
    const right = `${withoutProof},p=${proofOf(withoutProof)}`;
    const { outcome } = serveScram([first, right, ""]);
    assert.equal(outcome !== "waits" && outcome.result, result);
    const wrong = serveScram([first, `${withoutProof},p=${btoa("x".repeat(32))}`, ""]);
    assert.deepEqual(wrong.outcome, { result: "refused" });
  }
});

Deno.test("the server's end asks whether to log in only behind the client's last response", () => {
  assert.equal(serveScram([clientFirst, clientFinal]).proven, null);
  assert.deepEqual(serveScram([clientFirst, clientFinal, "x"]), {
    outcome: { result: "malformed" },
    challenges: [serverFirst, serverFinal],
    proven: null,
  });
});

Deno.test("the server's end answers for a user who is not there as for a wrong password", () => {
  const nobody = clientFirst.replace("n=user", "n=nobody");
  const wrong = clientFinal.replace("p=dH", "p=dX");
  const [here, away] = [clientFirst, nobody].map((first) => serveScram([first, wrong, ""]));
  assert.deepEqual(here!.outcome, away!.outcome);
  const shape = /^r=[!-+\--~]{50},s=[A-Za-z0-9+\/]{22}==,i=\d+$/;
  assert.match(here!.challenges[0]!, shape);
  assert.match(away!.challenges[0]!, shape);
});

Deno.test("the client's end does not go on with a first message of the server that is not right", () => {
  const nonce = RFC_7677.clientNonce;
  const table: readonly (string | Uint8Array)[] = [
    "",
    "e=other-error",
    "s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
    `r=${nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`, // nothing added
    `r=x${nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`,
    `r=${nonce.slice(0, -1)}xyz,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`,
    `r=${nonce}\u00e4,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`,
    `r=${nonce}1,i=4096,s=W22ZaJ0SNY7soEsUEjb6gQ==`,
    `r=${nonce}1,s=,i=4096`,
    `r=${nonce}1,s=W22,i=4096`,
    `r=${nonce}1,s=W22ZaJ0SNY7soEsUEjb6gQ==`,
    `r=${nonce}1,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=`,
    `r=${nonce}1,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=0`,
    `r=${nonce}1,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=04096`,
    `r=${nonce}1,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=-4096`,
    `r=${nonce}1,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096.5`,
    `r=${nonce}1,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4095`,
    `r=${nonce}1,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=10000001`,
    `r=${nonce}1,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=9999999999999999`,
    `m=x,r=${nonce}1,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`,
    `r=${nonce}1,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,m=x`,
    concat([encode(`r=${nonce}1,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,x=`), NOT_UTF8]),
  ];
  for (const first of table) {
    const { end, responses } = askScram([first, serverFinal, null]);
    assert.equal(end !== null && end !== "waits" && end.fault, "protocol", String(first));
    assert.equal(responses.length, 1, String(first)); // the proof stays here
  }
  const extended = `r=${nonce}1,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,x=y`;
  assert.equal(askScram([extended]).responses.length, 2);
});

Deno.test("the client's end is not content with less than the server's signature", () => {
  const table: readonly (readonly [readonly (string | null)[], fault: string])[] = [
    [[null], "untrusted"],
    [[serverFirst, null], "untrusted"],
    [[serverFirst, `v=${btoa("x".repeat(32))}`, null], "untrusted"],
    [[serverFirst, "", null], "protocol"],
    [[serverFirst, "v=", null], "protocol"],
    [[serverFirst, "v=AAAA", null], "protocol"],
    [[serverFirst, serverFinal.slice(0, -1), null], "protocol"],
    [[serverFirst, `x=1,${serverFinal}`, null], "protocol"],
    [[serverFirst, `${serverFinal},m=x`, null], "protocol"],
    [[serverFirst, "e=invalid-proof", null], "protocol"],
    [[serverFirst, serverFinal, "x"], "protocol"],
    [[serverFirst, serverFinal, "", null], "protocol"],
  ];
  for (const [challenges, fault] of table) {
    const { end } = askScram(challenges);
    assert.equal(end !== null && end !== "waits" && end.fault, fault, challenges.join(" | "));
  }
  assert.equal(askScram([serverFirst, `${serverFinal},x=1`, null]).end, null);
});

Deno.test("the client's end prepares user and password, and escapes the user", () => {
  const first = (user: string) => askScram([], { user, password: "x" }).responses[0];
  assert.equal(first("a,b=c"), `n,,n=a=2Cb=3Dc,r=${RFC_7677.clientNonce}`);
  assert.equal(first("\u00aa\u00ad"), `n,,n=a,r=${RFC_7677.clientNonce}`);
  const dressed = { user: "us\u00ader", password: "pen\u00adcil" };
  assert.equal(askScram([serverFirst], dressed).responses[1], clientFinal);
  for (
    const login of [
      { user: "", password: "x" },
      { user: "a\x07", password: "x" },
      { user: "a", password: "" },
      { user: "a", password: "\u00ad" },
      { user: "a", password: "\u{1f431}" },
    ]
  ) {
    const { end, responses } = askScram([serverFirst], login);
    assert.equal(end !== null && end !== "waits" && end.fault, "unsendable");
    assert.deepEqual(responses, []);
  }
});

/** The proof of RFC 7677's user for another last message, made by a client that obeys nobody. */
function proofOf(withoutProof: string): string {
  const keys = keysOf(derive("pencil", decodeBase64("W22ZaJ0SNY7soEsUEjb6gQ==")!, 4096));
  const bare = clientFirst.slice("n,,".length);
  const authMessage = `${bare},${serverFirst},${withoutProof}`;
  return encodeBase64(makeProof(keys.clientKey, keys.storedKey, authMessage));
}
