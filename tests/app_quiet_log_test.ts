import assert from "$assert";
import { quietLog } from "../lib/app/quiet_log.ts";
import type { LogFields } from "../lib/log.ts";
import { fakeClock } from "./fake_transport.ts";

function start() {
  const clock = fakeClock();
  const told: (readonly [string, LogFields])[] = [];
  const tell = (event: string, fields: LogFields = {}) => void told.push([event, fields]);
  const quiet = quietLog({ debug: tell, info: tell, warn: tell, error: tell }, clock);
  return { clock, quiet, told };
}

Deno.test("what was only counted is told, also when nothing more happens", async () => {
  const { clock, quiet, told } = start();
  const flood = (peer: string) => {
    for (let at = 0; at < 70; at++) quiet.log.info("refused", { peer });
  };
  flood("192.0.2.1");
  await clock.pass(30_000);
  flood("192.0.2.2");
  assert.equal(told.length, 2 * 60);
  await clock.pass(31_000);
  const more = (network: string) => ["more-of-the-same", { event: "refused", network, count: 10 }];
  assert.deepEqual(told.slice(120), [more("192.0.2.1")]);
  await clock.pass(61_000);
  assert.deepEqual(told.slice(120), [more("192.0.2.1"), more("192.0.2.2")]);
  assert.equal(clock.pending(), 0, "and then nothing is waited for");
});

Deno.test("what is our own fault is told once a minute for each reason, whoever suffers", async () => {
  const { clock, quiet, told } = start();
  const suffer = (reason: string, count: number) => {
    for (let at = 0; at < count; at++) {
      quiet.log.error("smtp-failed", { peer: `192.0.2.${at}`, reason });
    }
  };
  suffer("the disk is full", 5);
  suffer("the disk failed", 1);
  assert.deepEqual(told.map(([, { reason }]) => reason), ["the disk is full", "the disk failed"]);
  await clock.pass(60_000);
  suffer("the disk is full", 3);
  assert.deepEqual(told.slice(2), [
    ["smtp-failed", { peer: "192.0.2.0", reason: "the disk is full", more: 4 }],
  ]);
  await clock.pass(60_000);
  suffer("the disk is full", 1);
  assert.equal(told.at(-1)![1].more, 2);
});

Deno.test("at the end all is told, and what was taken is never left out", async () => {
  const { clock, quiet, told } = start();
  for (let at = 0; at < 100; at++) {
    quiet.log.info("delivered", { peer: "192.0.2.1" });
    quiet.log.warn("login-refused", { peer: "192.0.2.1" });
  }
  assert.equal(told.filter(([event]) => event === "delivered").length, 100);
  quiet.close();
  assert.deepEqual(told.at(-1), [
    "more-of-the-same",
    { event: "login-refused", network: "192.0.2.1", count: 40 },
  ]);
  await clock.pass(0);
  assert.equal(clock.pending(), 0);
});
