/** All other mail by way of a smarthost: between two whole servers, on sockets. */
import assert from "$assert";
import { arrived, letter, sendMessage, startTestServer, startWithHop } from "./app_support.ts";
import { until } from "./support.ts";
import { lab } from "./tls_support.ts";

const MESSAGE = { from: "alice@abc.com", to: ["bob@xyz.com"], content: letter("By way of it") };

Deno.test("all other mail goes to the smarthost, under verified TLS and after a login", async () => {
  const { good, authority } = await lab();
  await using provider = await startTestServer({
    domains: ["xyz.com"],
    users: ["us", "bob"],
    ports: { smtp: 0, submission: 0, smtps: 0, pop3: 0 },
    allowedSenders: [{ user: "us", sender: "*" }],
    tls: [good],
  });
  const login = { user: "us", password: "secret" };
  const ways = [
    { port: provider.port("submission"), tls: "required" },
    { port: provider.port("smtps"), tls: "first" },
  ] as const;
  for (const [at, way] of ways.entries()) {
    await using ours = await startTestServer({
      users: ["alice"],
      smarthost: { host: "localhost", ...way, login },
      authorities: [authority.certificate],
    });
    const alice = await ours.smtp("alice");
    assert.match((await sendMessage(alice, MESSAGE)).at(-1)!, /^250 /);
    const messages = await arrived(provider, "bob@xyz.com", at + 1);
    assert.match(messages.at(-1)!.replaceAll("\r\n ", " "), / with ESMTPSA id /);
    alice.close();
  }
});

Deno.test("a refused login keeps the mail waiting, and neither sender nor log sees the password", async () => {
  await using provider = await startTestServer({
    domains: ["xyz.com"],
    users: ["us", "bob"],
    ports: { smtp: 0, submission: 0, pop3: 0 },
  });
  const login = { user: "us", password: "wrongsecret" };
  await using ours = await startTestServer({
    users: ["alice"],
    smarthost: { host: "127.0.0.1", port: provider.port("submission"), login },
  });
  const alice = await ours.smtp("alice");
  assert.match((await sendMessage(alice, MESSAGE)).at(-1)!, /^250 /);
  const [failure] = await until("the refusal", () => {
    const logged = ours.logged("login-failed");
    return logged.length > 0 ? logged : null;
  });
  assert.match(String(failure!["reason"]), /^login was answered with 535 /);
  const [queued] = await until("the deferral", async () => {
    const list = await ours.store.queue.list({ max: 10 });
    return list[0]?.lastReply == null ? null : list;
  });
  assert.equal(queued!.lastReply!.status, "4.7.0");
  assert.deepEqual(await ours.mailbox("alice@abc.com"), [], "nothing came back");
  assert.ok(!JSON.stringify([queued, ours.logged("hop-down"), failure]).includes("wrongsecret"));
  alice.close();
});

Deno.test("a smarthost is not asked about recipients, unless everybody is", async () => {
  for (const verifyRecipients of ["routes", "always"] as const) {
    await using sites = await startWithHop();
    await using server = await startTestServer({
      world: sites.world,
      users: ["alice"],
      verifyRecipients,
      smarthost: sites.hop.endpoint,
    });
    const alice = await server.smtp("alice");
    await alice.say("MAIL FROM:<alice@abc.com>");
    assert.match(await alice.say("RCPT TO:<bob@anywhere.test>"), /^250 /);
    assert.equal(sites.hop.connections.length, verifyRecipients === "always" ? 1 : 0);
    alice.close();
  }
});

Deno.test("a route by LMTP delivers, recipient by recipient", async () => {
  await using other = await startTestServer({
    domains: ["xyz.com"],
    users: ["bob"],
    ports: { smtp: 0, lmtp: 0, pop3: 0 },
  });
  await using ours = await startTestServer({
    users: ["alice"],
    routes: { "xyz.com": { host: "127.0.0.1", port: other.port("lmtp"), protocol: "lmtp" } },
  });
  const alice = await ours.smtp("alice");
  const message = { ...MESSAGE, to: ["bob@xyz.com", "nobody@xyz.com"] };
  const replies = await sendMessage(alice, message);
  assert.match(replies[2]!, /^550 5\.1\.1 /, "it was asked by LMTP, too");
  const [arrival] = await arrived(other, "bob@xyz.com");
  assert.match(arrival!.replaceAll("\r\n ", " "), / with LMTP id /);
  alice.close();
});
