/** The configuration file of `smtpd`, and what a server makes of its settings. */
import assert from "$assert";
import { parseConfig } from "../lib/cli/config_file.ts";
import { EXIT, type ExitStatus, Failure } from "../lib/cli/fail.ts";
import { planOf } from "../lib/cli/serve_config.ts";
import { type Settings, UNBUILT } from "../lib/cli/settings.ts";

/** Everything that there is. */
const FILE = `
port = 0
host = ["::1", "127.0.0.1"]
domain = "abc.com"
hostname = "mx.abc.com"
user = ["alice:a:b", "bob"]
route = ["xyz.com=127.0.0.1:2526", "*=relay"]
dns = "192.0.2.53"
mx-port = 2599
submission-port = 587
pop3-port = 110
data = "/var/mail"
max-message-bytes = 1_000_000
max-recipients = 200
max-connections = 10
max-connections-per-address = 5
max-messages-per-minute = 20
trust = ["10.0.0.0/8", "::1"]
tls-ca = "ca.pem"
lmtp-port = 24
retry-schedule = "1m, 90s,2h"
queue-lifetime = "2d"
delay-warning = "never"
max-queue = 1000
verify-recipients = "always"
pop3-login-delay = "30s"
allow-plain-auth = false
allow-sender = ["alice=sales@abc.com", "bob=*"]
log-level = "debug"
log-format = "json"
`;

Deno.test("a configuration file has the names of the flags", () => {
  const settings = parseConfig(FILE, "f");
  assert.deepEqual(settings, {
    "port": 0,
    "host": ["::1", "127.0.0.1"],
    "domain": ["abc.com"],
    "hostname": "mx.abc.com",
    "user": [{ name: "alice", password: "a:b" }, { name: "bob", password: null }],
    "route": [
      { domain: "xyz.com", to: { host: "127.0.0.1", port: 2526 } },
      { domain: "*", to: { host: "relay", port: 25 } },
    ],
    "dns": { host: "192.0.2.53", port: 53 },
    "mx-port": 2599,
    "submission-port": 587,
    "pop3-port": 110,
    "data": "/var/mail",
    "max-message-bytes": 1_000_000,
    "max-recipients": 200,
    "max-connections": 10,
    "max-connections-per-address": 5,
    "max-messages-per-minute": 20,
    "trust": ["10.0.0.0/8", "::1"],
    "tls-ca": ["ca.pem"],
    "lmtp-port": 24,
    "retry-schedule": [60_000, 90_000, 7_200_000],
    "queue-lifetime": 2 * 24 * 3_600_000,
    "delay-warning": null,
    "max-queue": 1000,
    "verify-recipients": "always",
    "pop3-login-delay": 30_000,
    "allow-plain-auth": false,
    "allow-sender": [
      { user: "alice", sender: "sales@abc.com" },
      { user: "bob", sender: "*" },
    ],
    "log-level": "debug",
    "log-format": "json",
  });
});

const FAULTS: Readonly<Record<string, RegExp>> = {
  "prot = 1": /^f: there is no setting "prot"$/,
  "config = 'g'": /^f: there is no setting "config"$/,
  "toString = 1": /^f: there is no setting "toString"$/,
  "[route]\n'xyz.com' = 'h'": /^f: route: it takes a string, or a list of them$/,
  "port = '2525'": /^f: port: it takes a number$/,
  "port = [1]": /^f: port: it takes a number$/,
  "port = 1.5": /^f: port: "1.5" is not a port/,
  "port = -1": /^f: port: "-1" is not a port/,
  "retry-schedule = '1m,soon'": /^f: retry-schedule: "soon" is not a length of time like 30s/,
  "retry-schedule = ''": /^f: retry-schedule: "" is not a length of time/,
  "queue-lifetime = '0d'": /^f: queue-lifetime: "0d" is not a length of time/,
  "queue-lifetime = 5": /^f: queue-lifetime: it takes a string$/,
  "delay-warning = 'always'": /^f: delay-warning: "always" is not a length of time/,
  "domain = [1]": /^f: domain: it takes a string, or a list of them$/,
  "domain = 'a b'": /^f: domain: "a b" is not a domain name$/,
  "allow-plain-auth = 'no'": /^f: allow-plain-auth: it takes a boolean$/,
  "verify-recipients = 'maybe'": /^f: verify-recipients: "maybe" is not one of/,
  "user = 'alice:'": /^f: user: a user is NAME/,
  "trust = ['10.0.0.0/33']": /^f: trust: "10.0.0.0\/33" is not ADDR\/BITS/,
  "port = ": /^f: line 1: /,
  "http-port = 80": /^f: http-port: the inbox in the browser is not built yet$/,
};

for (const [text, message] of Object.entries(FAULTS)) {
  Deno.test(`a configuration file with ${JSON.stringify(text)} is refused by name`, () => {
    assertFails(() => parseConfig(text, "f"), EXIT.badConfiguration, message);
  });
}

Deno.test("a configuration file with a part that is not built yet is refused", () => {
  for (const name of Object.keys(UNBUILT)) {
    assertFails(() => parseConfig(`${name} = 1`, "f"), EXIT.badConfiguration, /not built yet/);
  }
});

Deno.test("settings become the configuration of a server, with its defaults", () => {
  const { config, users } = planOf({
    domain: ["abc.com", "abc.org"],
    port: 0,
    user: [{ name: "Alice", password: "x" }, { name: "bob@ABC.org", password: null }],
    route: [{ domain: "xyz.com", to: { host: "h", port: 25 } }],
  }, null);
  assert.deepEqual(config.ports, {
    smtp: 0,
    submission: null,
    smtps: null,
    lmtp: null,
    pop3: null,
    pop3s: null,
    imap: null,
    imaps: null,
  });
  assert.deepEqual(config.hosts, ["127.0.0.1"]);
  const twice = planOf({ domain: ["abc.com"], host: ["::1", "127.0.0.1", "::1"] }, null);
  assert.deepEqual(twice.config.hosts, ["::1", "127.0.0.1"]);
  assert.equal(config.hostname, "abc.com");
  assert.deepEqual([...config.routes], [["xyz.com", { host: "h", port: 25 }]]);
  assert.deepEqual(users, [
    { name: "alice@abc.com", password: "x" },
    { name: "bob@abc.org", password: null },
  ]);
});

const CONTRADICTIONS: readonly (readonly [Settings, RegExp])[] = [
  [{}, /--domain/],
  [
    { domain: ["abc.com"], route: [{ domain: "abc.com", to: { host: "h", port: 25 } }] },
    /^abc.com is local here and has a route elsewhere/,
  ],
  [
    {
      domain: ["abc.com"],
      route: ["h", "i"].map((host) => ({ domain: "*", to: { host, port: 25 } })),
    },
    /^--route: \* is there twice$/,
  ],
  [{ domain: ["abc.com"], "smtps-port": 0 }, /^--smtps-port needs a certificate: --tls-cert FILE/],
  [{ domain: ["abc.com"], "pop3s-port": 0 }, /^--pop3s-port needs a certificate/],
  [{ domain: ["abc.com"], "tls-cert": ["c.pem"] }, /^each --tls-cert needs its --tls-key/],
  [
    { domain: ["abc.com"], tls: "self-signed", "tls-cert": ["c.pem"], "tls-key": ["k.pem"] },
    /^--tls self-signed and --tls-cert are two ways/,
  ],
  [{ domain: ["abc.com"], "max-recipients": 99 }, /^--max-recipients is 99/],
  [
    { domain: ["abc.com"], user: [{ name: "carol@xyz.com", password: "x" }] },
    /^--user carol@xyz.com: xyz.com is not local here/,
  ],
  [
    { domain: ["abc.com"], user: [{ name: "car ol", password: "x" }] },
    /^--user "car ol": /,
  ],
];

for (const [settings, message] of CONTRADICTIONS) {
  Deno.test(`settings are refused: ${message.source}`, () => {
    assertFails(() => planOf(settings, null), EXIT.usage, message);
    const located = new RegExp(`^f: ${message.source.replace(/^\^/, "")}`);
    assertFails(
      () => planOf(settings, "f"),
      EXIT.badConfiguration,
      settings.domain === undefined ? /^f: / : located,
    );
  });
}

function assertFails(run: () => unknown, status: ExitStatus, message: RegExp): void {
  assert.throws(run, (error: unknown) => {
    if (!(error instanceof Failure)) return false;
    assert.match(error.message, message);
    assert.equal(error.status, status);
    return true;
  });
}
