/** Logging in to whole servers, and guessing at their passwords. */
import assert from "$assert";
import { openMemoryStore } from "../lib/store/memory.ts";
import type { Store } from "../lib/store/store.ts";
import { readMailbox } from "../lib/cli/reader.ts";
import { visitSmtp } from "../lib/cli/transfer.ts";
import { ACCOUNT_FAILURES_FREE, ADDRESS_FAILURES_FREE } from "../lib/policy/logins.ts";
import type { MechanismName } from "../lib/sasl/mechanism.ts";
import { decodeLatin1 } from "../lib/wire/bytes.ts";
import { logIn, REAL, startTestServer, type Talker, type TestServer } from "./app_support.ts";
import { fakeWorld } from "./fake_world.ts";
import { RFC_7677_BASE64 } from "./scram_support.ts";

for (const mechanism of ["SCRAM-SHA-256", "PLAIN", "LOGIN"] as const) {
  Deno.test(`our clients log in to our server by ${mechanism}, and it is written down`, async () => {
    await using server = await startTestServer({ users: ["alice"] });
    for (const password of ["secret", "mistaken"]) {
      const lines: string[] = [];
      const access = (port: number) => ({
        world: REAL,
        to: { host: "127.0.0.1", port },
        helloName: null,
        timeoutMs: 20_000,
        tls: { mode: "none" as const, authorities: [] },
        login: { user: "Alice", password, ...mechanismOf(mechanism) },
        trace: (_from: unknown, bytes: Uint8Array) => void lines.push(decodeLatin1(bytes)),
      });
      const sent = visitSmtp(access(server.port("smtp")));
      const read = readMailbox(access(server.port("pop3")), (mailbox) => mailbox.list());
      if (password === "secret") await Promise.all([sent, read]);
      else await Promise.all([sent, read].map((each) => assert.rejects(each, /login was refused/)));
      assert.equal(lines.filter((line) => line.startsWith(`AUTH ${mechanism}`)).length, 2);
      assert.doesNotMatch(lines.join("\n"), /secret|mistaken|biws|c2VjcmV0|bWlzdGFr/);
    }
    for (const [event, user] of [["login", "alice@abc.com"], ["login-refused", "Alice"]] as const) {
      const logged = server.logged(event).map(({ user, protocol }) => `${user} ${protocol}`);
      assert.deepEqual(logged.sort(), [`${user} pop3`, `${user} smtp`]);
    }
  });
}

/** The strongest is chosen without being named. */
function mechanismOf(mechanism: MechanismName) {
  return mechanism === "SCRAM-SHA-256" ? {} : { mechanism };
}

const first = (user: string) => btoa(`n,,n=${user},r=rOprNGfwEbeRWgbNEkqO`);

/** What is said to somebody who does not know the password. */
async function guess(talker: Talker, user: string): Promise<readonly string[]> {
  const begun = await talker.say(`AUTH SCRAM-SHA-256 ${first(user)}`);
  const { pathname: challenge } = new URL(`x:${atob(begun.split(" ")[1]!)}`);
  const nonce = /r=([^,]+),/.exec(challenge)![1]!;
  const proof = btoa("x".repeat(32));
  const refused = await talker.say(btoa(`c=biws,r=${nonce},p=${proof}`));
  // The salt and the nonce are what differs; whoever asks again gets the same salt.
  return [challenge.replace(/^r=rOprNGfwEbeRWgbNEkqO[^,]{24},s=[^,]{24},/, "r,s,"), refused];
}

Deno.test("who is not there is answered like who is, by every mechanism", async () => {
  await using server = await startTestServer({ users: ["alice"] });
  const heard = await Promise.all(["alice", "nobody"].map(async (user) => {
    const talker = await server.smtp();
    const plain = await logIn(talker, user, "wrong");
    const heard = [plain, ...await guess(talker, user)];
    talker.close();
    return heard;
  }));
  assert.deepEqual(heard[0], heard[1]);
  assert.deepEqual(heard[0], [
    "535 5.7.8 User or password is wrong",
    "r,s,i=15000",
    "535 5.7.8 User or password is wrong",
  ]);
});

Deno.test("a proof of another exchange is worth nothing", async () => {
  await using server = await startTestServer({ users: ["user"] });
  const talker = await server.smtp();
  const begun = await talker.say(`AUTH SCRAM-SHA-256 ${RFC_7677_BASE64.clientFirst}`);
  assert.match(begun, /^334 /);
  assert.match(await talker.say(RFC_7677_BASE64.clientFinal), /^535 /);
  talker.close();
});

Deno.test("too many guesses over many connections are put off, for those who are there and others", async () => {
  for (const user of ["alice", "nobody"]) {
    const world = fakeWorld();
    await using server = await startTestServer({ world, users: ["alice"], limitLoopback: true });
    const answers: string[] = [];
    for (let at = 0; at < ACCOUNT_FAILURES_FREE + 12; at++) {
      const talker = await server.smtp();
      const answer = logIn(talker, user, "wrong");
      await world.clock.pass(35_000);
      answers.push((await answer).slice(0, 9));
      talker.close();
    }
    assert.ok(answers.slice(0, ACCOUNT_FAILURES_FREE).every((each) => each === "535 5.7.8"));
    // Half a minute between them are enough at first, and then not.
    assert.equal(answers.at(-1), "454 4.7.0");
    assert.ok(server.logged("login-slowed").length > 0);
  }
});

Deno.test("the secret that is shown for a name that is not there outlives the server", async () => {
  const inner = openMemoryStore({ turn: REAL.clock.turn });
  // It is closed by the test, and not by the first server.
  const store: Store = { ...inner, [Symbol.asyncDispose]: () => Promise.resolve() };
  const salts: string[] = [];
  for (let starts = 0; starts < 2; starts++) {
    await using server = await startTestServer({ store });
    const talker = await server.smtp();
    const asked = btoa("n,,n=nobody,r=rOprNGfwEbeRWgbNEkqO");
    const challenge = (await talker.say(`AUTH SCRAM-SHA-256 ${asked}`)).split(" ")[1]!;
    salts.push(/s=([^,]+)/.exec(atob(challenge))![1]!);
    talker.close();
  }
  assert.equal(salts[0], salts[1]);
  await inner[Symbol.asyncDispose]();
});

/** Logs in as a user with a wrong password, and gives the last reply. */
type WrongLogin = (server: TestServer, user: string) => Promise<string>;

const WRONG_LOGINS: readonly (readonly [name: string, guess: WrongLogin])[] = [
  ["AUTH PLAIN", async (server, user) => {
    const talker = await server.smtp();
    const reply = await logIn(talker, user, "wrong");
    talker.close();
    return reply;
  }],
  ["AUTH LOGIN", async (server, user) => {
    const talker = await server.smtp();
    await talker.say(`AUTH LOGIN ${btoa(user)}`);
    const reply = await talker.say(btoa("wrong"));
    talker.close();
    return reply;
  }],
  ["PASS", async (server, user) => {
    const talker = await server.connect("pop3");
    assert.match(await talker.say(`USER ${user}`), /^\+OK /);
    const reply = await talker.say("PASS wrong");
    talker.close();
    return reply;
  }],
];

for (const [name, guess] of WRONG_LOGINS) {
  Deno.test(`${name} costs as much work and says the same, whether the user is there`, async () => {
    const world = fakeWorld();
    let derivations = 0;
    const counting = {
      ...world,
      work: {
        pbkdf2: (...asked: Parameters<typeof world.work.pbkdf2>) => {
          derivations++;
          return world.work.pbkdf2(...asked);
        },
      },
    };
    await using server = await startTestServer({ world: counting, users: ["alice"] });
    const heard: (readonly [reply: string, work: number])[] = [];
    for (const user of ["alice", "nobody", "alice@xyz.com", "alice%xyz.com"]) {
      derivations = 0;
      const reply = guess(server, user);
      await world.clock.pass(5_000);
      heard.push([await reply, derivations]);
    }
    assert.match(heard[0]![0], /^(535 5\.7\.8|-ERR \[AUTH\]) /);
    for (const each of heard) assert.deepEqual(each, [heard[0]![0], 1]);
  });
}

Deno.test("one password tried on many users from one address is not looked at in the end", async () => {
  const world = fakeWorld();
  await using server = await startTestServer({ world, users: ["alice"], limitLoopback: true });
  const replies: string[] = [];
  for (let at = 0; at < ADDRESS_FAILURES_FREE + 12; at++) {
    // By turns, for the services count together.
    const talker = await server.connect(at % 2 === 0 ? "smtp" : "pop3");
    if (at % 2 === 0) await talker.say("EHLO client.test");
    else await talker.say(`USER user${at}`);
    const reply = at % 2 === 0
      ? logIn(talker, `user${at}`, "Summer2026")
      : talker.say("PASS Summer2026");
    await world.clock.pass(35_000);
    replies.push((await reply).slice(0, 15));
    talker.close();
  }
  const looked = replies.slice(0, ADDRESS_FAILURES_FREE);
  assert.ok(looked.every((each) => /^(535 5\.7\.8|-ERR \[AUTH\])/.test(each)), `${looked}`);
  assert.match(replies.at(-1)!, /^-ERR \[SYS\/TEMP\]/);
});

Deno.test("of a name that is as long as it can be said, the log has 255 characters", async () => {
  const world = fakeWorld();
  await using server = await startTestServer({ world });
  const talker = await server.smtp();
  await talker.say("AUTH LOGIN");
  await talker.say(btoa("n".repeat(5_000)));
  const reply = talker.say(btoa("wrong"));
  await world.clock.pass(5_000);
  assert.match(await reply, /^535 /);
  talker.close();
  assert.deepEqual(server.logged("login-refused").map(({ user }) => user), ["n".repeat(255)]);
});
