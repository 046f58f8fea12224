/** The command line of `smtpd`, from words to a command. */
import assert from "$assert";
import { EXIT, Failure } from "../lib/cli/fail.ts";
import { UNBUILT } from "../lib/cli/settings.ts";
import { parseArguments, type SmtpdCommand } from "../lib/cli/smtpd_arguments.ts";

const NOWHERE = { data: null, config: null };

const COMMANDS: Readonly<Record<string, SmtpdCommand>> = {
  "": { do: "serve", flags: {}, config: null },
  "--port 0 --domain ABC.com --domain b.c": {
    do: "serve",
    flags: { port: 0, domain: ["abc.com", "b.c"] },
    config: null,
  },
  "serve --config f.toml --allow-plain-auth": {
    do: "serve",
    flags: { "allow-plain-auth": true },
    config: "f.toml",
  },
  "--user alice --user bob:a:b:c": {
    do: "serve",
    flags: { user: [{ name: "alice", password: null }, { name: "bob", password: "a:b:c" }] },
    config: null,
  },
  "--route XYZ.com=localhost --route *=[::1]:2526 --route d.e=127.0.0.1:26 --route f.g=.": {
    do: "serve",
    flags: {
      route: [
        { domain: "xyz.com", to: { host: "localhost", port: 25 } },
        { domain: "*", to: { host: "::1", port: 2526 } },
        { domain: "d.e", to: { host: "127.0.0.1", port: 26 } },
        { domain: "f.g", to: null },
      ],
    },
    config: null,
  },
  "--dns 127.0.0.1:5353": {
    do: "serve",
    flags: { dns: { host: "127.0.0.1", port: 5353 } },
    config: null,
  },
  "--dns 2001:DB8::1": {
    do: "serve",
    flags: { dns: { host: "2001:db8::1", port: 53 } },
    config: null,
  },
  "--dns [::1] --mx-port 2599": {
    do: "serve",
    flags: { "dns": { host: "::1", port: 53 }, "mx-port": 2599 },
    config: null,
  },
  "--dns none": { do: "serve", flags: { dns: "none" }, config: null },
  "--host ::1 --host 0.0.0.0 --hostname mx.a.b --data memory:": {
    do: "serve",
    flags: { host: ["::1", "0.0.0.0"], hostname: "mx.a.b", data: "memory:" },
    config: null,
  },
  "--submission-port 587 --pop3-port 110 --max-message-bytes 5000 --max-recipients 100": {
    do: "serve",
    flags: {
      "submission-port": 587,
      "pop3-port": 110,
      "max-message-bytes": 5000,
      "max-recipients": 100,
    },
    config: null,
  },
  "--max-connections 3 --verify-recipients never --log-level error --log-format json": {
    do: "serve",
    flags: {
      "max-connections": 3,
      "verify-recipients": "never",
      "log-level": "error",
      "log-format": "json",
    },
    config: null,
  },
  // The last word counts, as a script that adds flags to others' expects.
  "--port 1 --port 2": { do: "serve", flags: { port: 2 }, config: null },
  "user add": { do: "user add", name: null, passwordFile: null, place: NOWHERE, json: false },
  "user add carol --password-file p --data d": {
    do: "user add",
    name: "carol",
    passwordFile: "p",
    place: { data: "d", config: null },
    json: false,
  },
  "user password carol --config c --json": {
    do: "user password",
    name: "carol",
    passwordFile: null,
    place: { data: null, config: "c" },
    json: true,
  },
  "user remove carol": { do: "user remove", name: "carol", place: NOWHERE, json: false },
  "alias add sales bob carol@xyz.com": {
    do: "alias add",
    name: "sales",
    targets: ["bob", "carol@xyz.com"],
    owner: null,
    place: NOWHERE,
    json: false,
  },
  "alias add team bob --owner boss --json": {
    do: "alias add",
    name: "team",
    targets: ["bob"],
    owner: "boss",
    place: NOWHERE,
    json: true,
  },
  "alias remove sales": {
    do: "alias remove",
    name: "sales",
    targets: [],
    place: NOWHERE,
    json: false,
  },
  "alias remove sales bob carol --data d": {
    do: "alias remove",
    name: "sales",
    targets: ["bob", "carol"],
    place: { data: "d", config: null },
    json: false,
  },
  "alias list": { do: "alias list", place: NOWHERE, json: false },
  "user list --json": { do: "user list", place: NOWHERE, json: true },
  "queue list": { do: "queue list", place: NOWHERE, json: false },
  "queue show x": { do: "queue show", id: "x", place: NOWHERE, json: false },
  "queue retry": { do: "queue retry", id: null, place: NOWHERE, json: false },
  "queue retry x": { do: "queue retry", id: "x", place: NOWHERE, json: false },
  "queue hold x": { do: "queue hold", id: "x", reason: null, place: NOWHERE, json: false },
  "queue hold x --reason spam": {
    do: "queue hold",
    id: "x",
    reason: "spam",
    place: NOWHERE,
    json: false,
  },
  "queue release x": { do: "queue release", id: "x", place: NOWHERE, json: false },
  "queue release --all": { do: "queue release", id: null, place: NOWHERE, json: false },
  "queue flush": { do: "queue flush", domain: null, place: NOWHERE, json: false },
  "queue flush xyz.com": { do: "queue flush", domain: "xyz.com", place: NOWHERE, json: false },
  "trace <a@b.c>": { do: "trace", name: "<a@b.c>", place: NOWHERE, json: false },
  "backup b": { do: "backup", directory: "b", place: NOWHERE, json: false },
  "restore b --data d": {
    do: "restore",
    directory: "b",
    place: { data: "d", config: null },
    json: false,
  },
  "queue drop x --json": { do: "queue drop", id: "x", place: NOWHERE, json: true },
  "check --data d": { do: "check", place: { data: "d", config: null }, json: false },
  "lab": { do: "lab", portA: null, portB: null },
  "lab --port-a 1 --port-b 0": { do: "lab", portA: 1, portB: 0 },
};

for (const [words, command] of Object.entries(COMMANDS)) {
  Deno.test(`smtpd understands "${words}"`, () => {
    assert.deepEqual(parseArguments(split(words), "1"), command);
  });
}

const MISTAKES: Readonly<Record<string, RegExp>> = {
  "--port x": /^--port: "x" is not a port/,
  "--port -1": /^--port: "-1" is not a port/,
  "--port 65536": /^--port: "65536" is not a port/,
  "--port 2525.0": /^--port: "2525.0" is not a port/,
  "--domain -a": /^--domain: "-a" is not a domain name/,
  "--domain": /'--domain <D>' argument missing/,
  "--hostname a_b.c/d": /^--hostname: /,
  "--user :secret": /^--user: a user is NAME, or NAME:PASSWORD/,
  "--user alice:": /^--user: a user is NAME, or NAME:PASSWORD/,
  "--dns ns.test": /^--dns: "ns\.test" is not ADDR/,
  "--dns 192.0.2.300": /^--dns: /,
  "--dns 192.0.2.1:": /^--dns: /,
  "--dns [192.0.2.1": /^--dns: /,
  "--dns 192.0.2.1:70000": /^--dns: "70000" is not a port/,
  "--route xyz.com": /^--route: "xyz.com" is not D=HOST/,
  "--route xyz.com=": /^--route: /,
  "--route *=.": /^--route: /,
  "--route xyz.com=.:25": /^--route: /,
  "--route =h": /^--route: /,
  "--route xyz.com=::1": /^--route: .*\[::1\]/,
  "--route xyz.com=h:0": /^--route: .*port 0/,
  "--route xyz.com=h:70000": /^--route: "70000" is not a port/,
  "--route x/y=h": /^--route: "x\/y" is not a domain name/,
  "--max-recipients many": /^--max-recipients: "many" is not a whole number/,
  "--verify-recipients maybe": /^--verify-recipients: "maybe" is not one of routes, always, never/,
  "--log-level loud": /^--log-level: .* debug, info, warning, error/,
  "--log-format xml": /^--log-format: .* pretty, json/,
  "--prot 1": /unknown option '--prot'.*--port/,
  "--domain a.b stray": /too many arguments.*stray/,
  "serve stray": /too many arguments.*stray/,
  "sevre": /unknown command 'sevre'/,
  "alias": /^say what to do: smtpd alias add, remove or list/,
  "alias add sales": /addresses/,
  "alias list sales": /too many arguments/,
  "user": /^say what to do: smtpd user add, remove, list or password/,
  "user befriend bob": /^say what to do: smtpd user/,
  "queue": /^say what to do: smtpd queue list, show, retry, flush, hold, release or drop/,
  "queue release": /^say what to release: .*--all/,
  "queue release x --all": /^say what to release: .*--all/,
  "trace": /missing.*id/,
  "backup": /missing.*directory/,
  "queue show": /missing.*id/,
  "queue drop": /missing.*id/,
  "user list bob": /too many arguments/,
  "lab --port-a x": /^--port-a: "x" is not a port/,
};

for (const [words, message] of Object.entries(MISTAKES)) {
  Deno.test(`smtpd refuses "${words}"`, () => {
    const failure = failureOf(words);
    assert.equal(failure.status, EXIT.usage);
    assert.match(failure.message, message);
  });
}

Deno.test("smtpd says of every flag that is not built yet that it is not", () => {
  for (const name of Object.keys(UNBUILT)) {
    for (const words of [`--${name}`, `--${name} 1`, `--domain a.b --${name}=x`]) {
      const failure = failureOf(words);
      assert.equal(failure.status, EXIT.usage);
      assert.match(failure.message, new RegExp(`^--${name}: .*not built yet`));
    }
  }
});

Deno.test("smtpd keeps a password out of what it says about a wrong user", () => {
  assert.ok(!failureOf("--user :hunter2").message.includes("hunter2"));
});

Deno.test("smtpd serve --help shows what there is, and nothing else", () => {
  const help = printed(["serve", "--help"]);
  for (const flag of ["--domain", "--route", "--data", "--config", "--log-format"]) {
    assert.ok(help.includes(flag), flag);
  }
  for (const name of [...Object.keys(UNBUILT), "unsafe-no-sync"]) {
    assert.ok(!help.includes(`--${name}`), name);
  }
});

Deno.test("smtpd --help and --version print", () => {
  for (const words of ["--help", "-h", "help", "--port 1 --help", "user add --help"]) {
    assert.match(printed(split(words)), /^Usage: smtpd/);
  }
  assert.equal(printed(["--version"]), "version 1\n");
});

function printed(args: readonly string[]): string {
  const command = parseArguments(args, "version 1");
  if (command.do !== "print") throw new Error(`this is no help: ${command.do}`);
  return command.text;
}

function failureOf(words: string): Failure {
  try {
    parseArguments(split(words), "1");
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
  throw new Error(`"${words}" was understood`);
}

function split(words: string): readonly string[] {
  return words === "" ? [] : words.split(" ");
}
