/** The log is read by people and by programs: neither must take a stranger's words for ours. */
import assert from "$assert";
import fc from "$check";
import { configureLog, LOG_LEVELS, openLog } from "../lib/log.ts";

/** Gives the line that is written about a login of a user. */
function linesAbout(format: "pretty" | "json"): (user: string) => string {
  const lines: string[] = [];
  configureLog({ level: LOG_LEVELS[0], format, write: (line) => void lines.push(line) });
  const log = openLog("abc.com");
  return (user) => {
    log.info("login-refused", { user, peer: "192.0.2.1" });
    const [line, ...more] = lines.splice(0);
    assert.deepEqual(more, []);
    return line!;
  };
}

const HOSTILE = [
  'alice peer=127.0.0.1 event="login"',
  "alice\r\n12:00:00 info  abc.com login user=root",
  "\x1b[2J\x1b[1;1Hroot",
  "\x9b2Jroot",
  "\u202eecila\u2066",
  "a\u2028b\u2029c\x7f\x85",
  '","event":"login","user":"root',
  "\\u0022",
];

const piece = fc.constantFrom(...HOSTILE, " user=", '"', "\\", "{user}", "=");
const NAMES = fc.oneof(
  fc.array(piece, { maxLength: 4 }).map((pieces) => pieces.join("")),
  fc.string({ unit: "binary", maxLength: 50 }),
);
const examples = HOSTILE.map((user): [string] => [user]);

Deno.test("a user's name is one value of a line for people, whatever is in it", () => {
  const lineAbout = linesAbout("pretty");
  const fields = / abc\.com login-refused user=("(?:[^"\\]|\\.)*"|[^ "=]+) peer=192\.0\.2\.1$/;
  const check = (user: string) => {
    assert.match(lineAbout(user), fields);
    assert.match(lineAbout(user), /^[ -~]*$/);
  };
  fc.assert(fc.property(NAMES, check), { examples });
});

Deno.test("a user's name is one value of a line of JSON, whatever is in it", () => {
  const lineAbout = linesAbout("json");
  const check = (name: string) => {
    const line = lineAbout(name);
    const { event, user, peer } = JSON.parse(line);
    assert.deepEqual({ event, user, peer }, {
      event: "login-refused",
      user: name,
      peer: "192.0.2.1",
    });
    assert.doesNotMatch(line, /[\p{Cc}\p{Zl}\p{Zp}\u200e\u200f\u202a-\u202e\u2066-\u2069]/u);
  };
  fc.assert(fc.property(NAMES, check), { examples });
});

Deno.test("a name in any script is shown as it is in JSON", () => {
  assert.match(linesAbout("json")("älice@例え.test"), /"user":"älice@例え\.test"/);
});
