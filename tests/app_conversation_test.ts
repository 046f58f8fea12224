/** What is said to peers before any protocol begins. */
import assert from "$assert";
import { type Backends, turnAway } from "../lib/app/conversation.ts";
import { drive } from "../lib/net/drive.ts";
import { reply } from "../lib/smtp/reply.ts";
import { fakeClock, fakeTransport, settle } from "./fake_transport.ts";

/** Being turned away asks the application nothing. */
const NOBODY = {} as Backends;

Deno.test("whoever is turned away and does not read is cut off after five seconds", async () => {
  const transport = fakeTransport();
  transport.stall();
  const clock = fakeClock();
  const { signal } = new AbortController();
  const done = drive(
    turnAway("smtp", "abc.com", reply(421, "4.3.2", "Too many connections, try again later")),
    transport,
    NOBODY,
    { clock, signal },
  );
  await settle();
  assert.deepEqual(transport.writes, [
    "421 4.3.2 abc.com Too many connections, try again later\r\n",
  ]);
  await clock.pass(4_900);
  assert.equal(transport.state, "open");
  // The time is up; what lingers behind the last word is cut off two seconds later.
  await clock.pass(2_200);
  await done;
  assert.equal(transport.state, "closed");
  assert.equal(clock.pending(), 0);
});
