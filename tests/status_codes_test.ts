/** RFC 5248: every enhanced status code that is given is registered, and fits its reply. */
import assert from "$assert";
import { STATUS_CODES, STATUS_REPLIES } from "./status_codes.ts";
import { canUseFiles } from "./support.ts";

const LIB = new URL("../lib/", import.meta.url);

interface Given {
  readonly where: string;
  /** Of the reply; `null` where a status stands by itself. */
  readonly code: number | null;
  readonly status: string;
}

/** `reply(250, "2.0.0"`, `{ code: 501, status: "5.1.7"`, and every other text of that form. */
function givenIn(where: string, source: string): readonly Given[] {
  const found: Given[] = [];
  for (
    const match of source.matchAll(/(?:(\d{3}),\s*(?:status: )?)?"([245]\.\d{1,3}\.\d{1,3})"/g)
  ) {
    found.push({
      where,
      code: match[1] === undefined ? null : Number(match[1]),
      status: match[2]!,
    });
  }
  return found;
}

async function sources(folder: URL): Promise<readonly (readonly [string, string])[]> {
  const found: (readonly [string, string])[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const url = new URL(isDirectory ? `${name}/` : name, folder);
    if (isDirectory) found.push(...await sources(url));
    else found.push([url.pathname.slice(LIB.pathname.length), await Deno.readTextFile(url)]);
  }
  return found;
}

/** What is wrong with it; `null`: nothing. */
function faultOf({ code, status }: Given): string | null {
  const [statusClass, ...rest] = status.split(".");
  const known = STATUS_CODES.get(rest.join("."));
  if (known === undefined) return "is not registered";
  if (!known.classes.includes(statusClass!)) return `has a class that RFC ${known.rfc} has not`;
  // RFC 2034 §4: the class repeats the first digit of the reply.
  if (code !== null && String(code)[0] !== statusClass) return `does not belong to ${code}`;
  const replies = STATUS_REPLIES.get(rest.join("."));
  if (code !== null && replies?.includes(code) === false) return `belongs to ${replies}`;
  return null;
}

Deno.test("every enhanced status code is registered and has the class of its reply", {
  ignore: !canUseFiles,
}, async () => {
  const given = (await sources(LIB)).flatMap(([where, text]) => givenIn(where, text));
  assert.ok(given.length > 80, `${given.length}`);
  assert.ok(given.filter(({ code }) => code !== null).length > 60);
  const faults = given.flatMap((each) => {
    const fault = faultOf(each);
    return fault === null ? [] : [`${each.where}: ${each.status} ${fault}`];
  });
  assert.deepEqual(faults, []);
});

Deno.test("a code that is none, or is the wrong one, is found", () => {
  const faults = givenIn(
    "x",
    'reply(550, "5.1.1", ""); reply(250, "5.1.1"); { code: 501, status: "5.99.1" }; "2.7.12"; ' +
      'reply(501, "5.7.8")',
  ).map(faultOf);
  assert.deepEqual(faults, [
    null,
    "does not belong to 250",
    "is not registered",
    "has a class that RFC 4954 has not",
    "belongs to 535,554",
  ]);
});
