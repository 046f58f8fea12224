/** Next servers that a person has named: logins there, LMTP, and what they say about recipients. */
import type { Mutant } from "./mutant.ts";

const RELAY = { file: "tests/queue_relay_test.ts" };
const VERDICTS = { file: "tests/app_verdicts_test.ts" };

export const RELAY_MUTANTS: readonly Mutant[] = [
  {
    name: "link: a password goes out in clear, behind a handshake that was made to fail",
    file: "lib/queue/link_tls.ts",
    find: "{ ...IN_CLEAR, exposesPassword: isThisMachine(relay.host) }",
    replace: "IN_CLEAR",
    test: RELAY,
    why: "whoever breaks the handshake gets the password of the smarthost",
  },
  {
    name: "link: a login elsewhere needs no verified TLS",
    file: "lib/queue/link_tls.ts",
    find: 'login === undefined || isThisMachine(host) ? "offered" : "required"',
    replace: '"offered"',
    test: RELAY,
    why: "an impostor is sent the mail of everybody",
  },
  {
    name: "link: a refused login is tried again for each message",
    file: "lib/queue/link.ts",
    find: "world.clock.monotonicMs() < refused.untilMs",
    replace: "false",
    test: { ...RELAY, name: "a login that was refused is not tried again for five minutes" },
    why: "the provider locks the account",
  },
  {
    name: "link: a connection that has logged in serves anybody",
    file: "lib/queue/link.ts",
    find: 'login?.user ?? ""',
    replace: '""',
    test: { ...RELAY, name: "a connection that has logged in serves nobody else" },
    why: "mail goes out under a login that is not its own",
  },
  {
    name: "carrier: a refused login bounces the mail",
    file: "lib/queue/carrier.ts",
    find: "  if (isLoginEnd(end)) return notLetIn(wordsOf(end));\n",
    replace: '  if (end.end === "refused") return refusedAt("greeting", end.reply, job!);\n',
    test: RELAY,
    why: "a wrong password in a file returns all mail to its senders",
  },
  {
    name: "verdicts: nothing is ever forgotten",
    file: "lib/policy/verdicts.ts",
    find: "nowMs >= kept.untilMs ? null",
    replace: "false ? null",
    test: { file: "tests/policy_verdicts_test.ts" },
    why: "a mailbox that was made later gets no mail until the server is started anew",
  },
  {
    name: "verdicts: what a hop has against a sender is said to others",
    file: "lib/app/learning_links.ts",
    find: "return isAboutAddress(reply) ? { kind:",
    replace: "return reply.code > 0 ? { kind:",
    test: { ...VERDICTS, name: "what a hop has against a sender is said to that sender alone" },
    why: "one user who is blocked keeps all others from writing there",
  },
  {
    name: "verdicts: a sender's answer is given for reports",
    file: "lib/policy/verdicts.ts",
    find: '${nullSender ? "<>" : ""}',
    replace: '${nullSender ? "" : ""}',
    test: { ...VERDICTS, name: "what is known for a sender is not known for reports" },
    why: "a refusal of reports would keep mail from a recipient who is there",
  },
  {
    name: "verdicts: what is taken for others is taken with every wish",
    file: "lib/app/verify.ts",
    find: 'heard?.kind !== "taken" || !wantsMore(question.envelope)',
    replace: "true",
    test: {
      ...VERDICTS,
      name: "a hop that takes a recipient is asked again where a message wants more",
    },
    why: "RFC 8689 §4.2.1: a message that cannot go is taken, and comes back later",
  },
  {
    name: "verdicts: deliveries teach nothing",
    file: "lib/app/learning_links.ts",
    find: "if (heard !== null) verdicts",
    replace: 'if (heard !== null && job.do === "verify") verdicts',
    test: { ...VERDICTS, name: "a delivery that is refused at RCPT corrects what was known" },
    why: "each message to a recipient who has left is taken and comes back, for an hour",
  },
  {
    name: "verdicts: every client waits for a hop that is silent",
    file: "lib/app/verify.ts",
    find: "const heard = verdicts.recall(aboutHop(hop), nowMs) ??",
    replace: "const heard =",
    test: {
      ...VERDICTS,
      name: "a hop that is silent holds up one client, and no other for a minute",
    },
    why: "one dead server makes all users wait",
  },
  {
    name: "backend: a smarthost is asked about every recipient",
    file: "lib/app/smtp_backend.ts",
    find: 'route.kind === "relay" && route.to !== routes.smarthost;',
    replace: 'route.kind === "relay";',
    test: { file: "tests/app_smarthost_test.ts" },
    why: "each recipient costs a connection to a provider that cannot know",
  },
];
