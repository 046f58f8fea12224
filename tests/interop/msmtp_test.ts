/** msmtp against our server. */
import assert from "$assert";
import { type Peer, type Ran, run, testWithServer } from "./run.ts";

const MESSAGE = "Subject: msmtp\n\n.\n..two\nend\n";
const BODY = "Subject: msmtp\r\n\r\n.\r\n..two\r\nend\r\n";

interface Sending {
  readonly service: string;
  readonly password: string;
  readonly flags: readonly string[];
}

function send({ ports }: Peer, { service, password, flags }: Sending): Promise<Ran> {
  return run("msmtp", [
    ...["--host=localhost", `--port=${ports[service]}`, "--user=alice", ...flags],
    ...[`--passwordeval=echo ${password}`, "--from=alice@abc.com", "--timeout=30", "--debug"],
    "bob@abc.com",
  ], { stdin: MESSAGE });
}

testWithServer("msmtp logs in with and without TLS, by each mechanism", async (peer) => {
  const begins = [
    { service: "smtp", tls: ["--tls=off"], protocol: "ESMTPA" },
    { service: "submission", tls: ["--tls=on"], protocol: "ESMTPSA" },
    { service: "smtps", tls: ["--tls=on", "--tls-starttls=off"], protocol: "ESMTPSA" },
  ];
  for (const { service, tls, protocol } of begins) {
    for (const mechanism of ["scram-sha-256", "plain", "login"]) {
      const flags = [...tls, `--tls-trust-file=${peer.ca}`, `--auth=${mechanism}`];
      const sent = await send(peer, { service, password: "secret", flags });
      assert.equal(sent.status, 0, sent.stdout + sent.stderr);
      assert.match(sent.stdout, new RegExp(`^--> AUTH ${mechanism.toUpperCase()}`, "m"));
      const [mail] = await peer.takeBobsMail();
      assert.ok(mail!.endsWith(BODY), mail);
      assert.match(mail!, new RegExp(`\\s+with ${protocol} id\\s`));
    }
  }
});

testWithServer("msmtp leaves whom it cannot verify, and is refused a login", async (peer) => {
  const trusting = [`--tls-trust-file=${peer.ca}`, "--tls=on"];
  const refused = await send(peer, {
    service: "submission",
    password: "wrong",
    flags: [...trusting, "--auth=scram-sha-256"],
  });
  assert.equal(refused.status, 77, refused.stderr); // EX_NOPERM
  assert.match(refused.stderr, /535 5\.7\.8/);
  const stranger = await send(peer, {
    service: "submission",
    password: "secret",
    flags: ["--tls=on", "--auth=plain"],
  });
  assert.equal(stranger.status, 69, stranger.stderr); // EX_UNAVAILABLE
  assert.match(stranger.stderr, /certificate is NOT trusted/);
  assert.doesNotMatch(stranger.stdout, /AUTH PLAIN /);
  assert.deepEqual(await peer.takeBobsMail(), []);
});

testWithServer("msmtp asks for a report of delivery", async (peer) => {
  const flags = ["--tls=on", `--tls-trust-file=${peer.ca}`, "--auth=on", "--dsn-return=hdrs"];
  const sent = await send(peer, {
    service: "submission",
    password: "secret",
    flags: [...flags, "--dsn-notify=success,failure"],
  });
  assert.equal(sent.status, 0, sent.stderr);
  const [report] = await peer.takeAlicesMail();
  assert.match(report!, /^Final-Recipient: rfc822; bob@abc\.com\r\nAction: delivered\r\n/m);
  assert.match(report!, /Content-Type: text\/rfc822-headers\r\n/);
});
