/** `--smarthost` and `lmtp://` routes, from words to a configuration; and the password. */
import assert from "$assert";
import { EXIT, Failure } from "../lib/cli/fail.ts";
import { parseRelay } from "../lib/cli/relay_text.ts";
import { planOf } from "../lib/cli/serve_config.ts";
import { smarthostOf } from "../lib/cli/serve_smarthost.ts";
import { SETTINGS, type Settings } from "../lib/cli/settings.ts";
import type { Relay } from "../lib/endpoint.ts";
import { canUseFiles, temporaryFolder } from "./support.ts";

const ALL = ["smtp", "submission", "smtps", "lmtp"];

const RELAYS: Readonly<Record<string, Relay | null>> = {
  "relay.example": { host: "relay.example", port: 25 },
  "relay.example:2525": { host: "relay.example", port: 2525 },
  "[::1]:26": { host: "::1", port: 26 },
  "smtp://relay.example": { host: "relay.example", port: 25 },
  "submission://relay.example": { host: "relay.example", port: 587 },
  "smtps://relay.example": { host: "relay.example", port: 465, tls: "first" },
  "smtps://[2001:db8::1]:4650": { host: "2001:db8::1", port: 4650, tls: "first" },
  "lmtp://127.0.0.1": { host: "127.0.0.1", port: 24, protocol: "lmtp" },
  "lmtp://127.0.0.1:2400": { host: "127.0.0.1", port: 2400, protocol: "lmtp" },
  "": null,
  ".": null,
  "::1": null,
  "smtp://": null,
  "smtp:///x": null,
  "a b": null,
  "us:secret@relay.example": null,
  "smtp://relay.example/": null,
};

for (const [text, relay] of Object.entries(RELAYS)) {
  Deno.test(`a next server is written ${JSON.stringify(text)}`, () => {
    assert.deepEqual(parseRelay(text, ALL), relay);
  });
}

Deno.test("a next server has a port and a scheme that exist", () => {
  for (const text of ["h:0", "h:70000", "http://h", "lmtp://h"]) {
    assert.throws(() => parseRelay(text, ["smtp"]), RangeError, text);
  }
});

Deno.test("a smarthost is for submission unless it says otherwise, and speaks no LMTP", () => {
  const { parse } = SETTINGS.smarthost;
  assert.deepEqual(parse("relay.example", undefined), { host: "relay.example", port: 587 });
  assert.throws(() => parse("lmtp://relay.example", undefined), /one of submission, smtp, smtps/);
  assert.throws(() => parse("us:secret@relay.example", undefined), RangeError);
});

const CONTRADICTIONS: readonly (readonly [Settings, RegExp])[] = [
  [
    { smarthost: { host: "h", port: 587 }, route: [{ domain: "*", to: { host: "i", port: 25 } }] },
    /^--smarthost and --route \*=… name two servers/,
  ],
  [
    { route: [{ domain: "xyz.com", to: { host: "h", port: 25, protocol: "lmtp" } }] },
    /^the route to xyz\.com is LMTP on port 25/,
  ],
];

for (const [settings, message] of CONTRADICTIONS) {
  Deno.test(`settings are refused: ${message.source}`, () => {
    assert.throws(
      () => planOf({ domain: ["abc.com"], ...settings }, null),
      (error: unknown) => error instanceof Failure && message.test(error.message),
    );
  });
}

const SMARTHOST = { host: "relay.example", port: 587 };
const nothing = { variable: () => null };

function fails(settings: Settings, message: RegExp): Promise<void> {
  return assert.rejects(
    smarthostOf(settings, nothing),
    (error: unknown) => {
      if (!(error instanceof Failure)) return false;
      assert.match(error.message, message);
      assert.equal(error.status, EXIT.usage);
      return true;
    },
  );
}

Deno.test("a smarthost gets its login from two flags, or says which one is missing", async () => {
  assert.equal(await smarthostOf({}, nothing), null);
  assert.deepEqual(await smarthostOf({ smarthost: SMARTHOST }, nothing), SMARTHOST);
  await fails({ "smarthost-user": "us" }, /--smarthost HOST/);
  await fails({ smarthost: SMARTHOST, "smarthost-password-file": "f" }, /--smarthost-user NAME/);
  await fails({ smarthost: SMARTHOST, "smarthost-user": "us" }, /SMTPD_SMARTHOST_PASSWORD/);
  const variable = (name: string) => name === "SMTPD_SMARTHOST_PASSWORD" ? "secret" : null;
  assert.deepEqual(
    await smarthostOf({ smarthost: SMARTHOST, "smarthost-user": "us" }, { variable }),
    { ...SMARTHOST, login: { user: "us", password: "secret" } },
  );
});

Deno.test({
  name: "the smarthost's password may stand in a file, which wins over the variable",
  ignore: !canUseFiles,
  async fn() {
    await using folder = await temporaryFolder();
    const path = `${folder.path}/password`;
    await Deno.writeTextFile(path, "from the file\nsecond line\n");
    const found = await smarthostOf({
      smarthost: SMARTHOST,
      "smarthost-user": "us",
      "smarthost-password-file": path,
    }, { variable: () => "from the variable" });
    assert.equal(found?.login?.password, "from the file");
  },
});
