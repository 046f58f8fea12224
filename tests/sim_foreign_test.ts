/** The foreign servers and the naive people of the simulation do what they are there for. */
import assert from "$assert";
import { give, type Given, type Heard } from "./sim/client_smtp.ts";
import { startForeign } from "./sim/foreign.ts";
import { type PersonaName, personaOf } from "./sim/foreign_persona.ts";
import { createLedger, type Taking } from "./sim/ledger.ts";
import { contentOf, drawLetter, type Letter, markOfLetter } from "./sim/letters.ts";
import { readReport } from "./sim/report_reader.ts";
import { simulate } from "./sim/simulate.ts";
import { dotted } from "./sim/talk.ts";
import { createPrng } from "./sim/prng.ts";

const LETTER: Letter = { number: 3, kind: "dots", bytes: 300 };
const GIVEN: Given = {
  user: null,
  password: "",
  sender: "ann@abc.test",
  mailParameters: [],
  recipients: [{ address: "bob@one.example", notify: null }],
  content: contentOf(LETTER, "ann@abc.test", "bob@one.example"),
  manner: { by: "data", leaves: false },
};

interface Tried {
  readonly heard: readonly Heard[];
  readonly takings: readonly Taking[];
}

/** Gives the same message again and again, and tells what both sides say about it. */
async function tryPersona(
  name: PersonaName,
  { times = 1, given = {}, everyMs = 1000, isCalm = false }: {
    readonly times?: number;
    readonly given?: Partial<Given>;
    readonly everyMs?: number;
    readonly isCalm?: boolean;
  } = {},
): Promise<Tried> {
  const ledger = createLedger();
  const heard: Heard[] = [];
  const { failures } = await simulate(async (sim) => {
    const [client, node] = [sim.node("client.test"), sim.node("one.example")];
    const prng = sim.random("foreign");
    const server = startForeign({
      world: node.world,
      prng,
      now: sim.now,
      name: "one.example",
      at: { host: node.address, port: 25 },
      persona: personaOf(name, prng),
      isUser: (address) => address === "bob@one.example",
      ledger,
      isCalm: () => isCalm,
    });
    for (let time = 0; time < times; time++) {
      const transport = await client.world.net.connect(server.at, { timeoutMs: 30_000 });
      heard.push(await give(transport, { ...GIVEN, ...given }));
      await sim.sleep(everyMs);
    }
    server.stop();
  }, { seed: 1, rates: {} });
  assert.deepEqual(failures, []);
  return { heard, takings: ledger.takings };
}

const answers = ({ heard }: Tried) => new Set(heard.map(({ answer }) => answer));
const verdicts = ({ takings }: Tried) => new Set(takings.map(({ verdict }) => verdict));
const codes = ({ heard }: Tried) => heard.map(({ recipients }) => recipients[0]!.code);

for (const by of ["data", "pipelined", "chunks"] as const) {
  Deno.test(`an honest foreign server takes what is given by ${by}, byte for byte`, async () => {
    const tried = await tryPersona("honest", { given: { manner: { by, leaves: false } } });
    assert.deepEqual(answers(tried), new Set(["accepted"]));
    const taking = tried.takings[0]!;
    assert.equal(taking.content, GIVEN.content);
    assert.equal(taking.mark, "mark-3.");
    assert.equal(taking.sender, "ann@abc.test");
    assert.equal(taking.heard, true);
  });
}

Deno.test("an honest foreign server refuses whom it does not know", async () => {
  const recipients = [{ address: "eve@one.example", notify: null }];
  assert.deepEqual(codes(await tryPersona("honest", { given: { recipients } })), [550]);
});

Deno.test("a greylister puts off who comes for the first time, and takes who comes later", async () => {
  const tried = await tryPersona("greylister", { times: 2, everyMs: 60 * 60_000 });
  assert.deepEqual(codes(tried), [451, 250]);
});

Deno.test("an absent-minded server closes without a word, with and without the message", async () => {
  const tried = await tryPersona("absentMinded", { times: 60 });
  assert.deepEqual(answers(tried), new Set(["accepted", "unknown"]));
  const unknown = tried.heard.filter(({ answer }) => answer === "unknown").length;
  const silent = tried.takings.filter(({ heard }) => !heard).length;
  assert.ok(silent > 0 && silent < unknown);
});

Deno.test("a busy server says 421, closes, and puts off", async () => {
  const tried = await tryPersona("busy", { times: 60 });
  assert.deepEqual(answers(tried), new Set(["accepted", "refused", "unsent"]));
  assert.deepEqual(verdicts(tried), new Set(["kept", "deferred"]));
});

Deno.test("a picky server refuses contents for good, and no whims are left in calm times", async () => {
  assert.deepEqual(
    verdicts(await tryPersona("picky", { times: 40 })),
    new Set(["kept", "refused"]),
  );
  const calm = await tryPersona("picky", { times: 40, isCalm: true });
  assert.deepEqual(verdicts(calm), new Set(["kept"]));
});

Deno.test("a liar refuses what it has announced", async () => {
  const tried = await tryPersona("liar", { given: { mailParameters: ["BODY=8BITMIME"] } });
  assert.deepEqual(answers(tried), new Set(["unsent"]));
});

Deno.test("a server that takes anybody does, and one that takes nobody does not", async () => {
  const recipients = [{ address: "eve@one.example", notify: null }];
  assert.deepEqual(codes(await tryPersona("yes", { given: { recipients } })), [250]);
  assert.deepEqual(codes(await tryPersona("no")), [550]);
});

Deno.test("a stutterer and a tarpit are understood all the same", async () => {
  for (const name of ["stutterer", "tarpit", "late", "old", "tls"] as const) {
    assert.deepEqual(answers(await tryPersona(name)), new Set(["accepted"]), name);
  }
});

Deno.test("a client that leaves does not know what became of the message", async () => {
  const manner = { by: "data", leaves: true } as const;
  assert.deepEqual(
    answers(await tryPersona("honest", { given: { manner } })),
    new Set(["unknown"]),
  );
});

Deno.test("letters have their mark, and only the first may be nothing", () => {
  const prng = createPrng(1, "letters");
  for (let number = 0; number < 300; number++) {
    const letter = drawLetter(prng, number);
    const content = contentOf(letter, "ann@abc.test", "bob@one.example");
    assert.equal(content === "", number === 0);
    assert.ok(number === 0 || content.includes(markOfLetter(letter)));
    assert.ok(content.split("\r\n").every((line) => line.length <= 998));
  }
});

Deno.test("dots are doubled where a line begins with one, and the end is a line with one", () => {
  assert.equal(dotted(""), ".\r\n");
  assert.equal(dotted("."), "..\r\n.\r\n");
  assert.equal(dotted("a\r\n.\r\n.b\r\nc.\r\n"), "a\r\n..\r\n..b\r\nc.\r\n.\r\n");
});

Deno.test("a message that is no report is not read as one", () => {
  assert.equal(readReport(GIVEN.content), null);
  assert.equal(
    readReport('Content-Type: multipart/report; boundary="b"\r\n\r\n--b\r\n\r\n--b--'),
    null,
  );
});
