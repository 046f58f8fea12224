/** What the tests of aliases and lists share. */
import assert from "$assert";
import { administer } from "../lib/app/admin.ts";
import { letter, startWithHop, type Talker, type TestServer } from "./app_support.ts";

/** A next hop that knows DSN says this to EHLO. */
export const WITH_DSN = "250-hop.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 DSN";

/** Makes an alias, or with an owner a list. */
export async function lead(
  server: TestServer,
  name: string,
  targets: readonly string[],
  owner?: string,
): Promise<void> {
  const answer = await administer({ ...server, domain: "abc.com" }, {
    do: "alias add",
    name,
    targets,
    ...(owner === undefined ? {} : { owner }),
  });
  if (!answer.ok) throw new Error(answer.message);
}

export interface Sent {
  readonly from?: string;
  /** Parameters of MAIL. */
  readonly mail?: string;
  /** Each with its parameters: `<bob@xyz.com> NOTIFY=NEVER`. */
  readonly to: readonly string[];
}

/** Sends a message that is taken for each recipient. */
export async function send(talker: Talker, { from = "alice@abc.com", mail = "", to }: Sent) {
  assert.match(await talker.say(`MAIL FROM:<${from}> ${mail}`), /^250 /);
  for (const each of to) assert.match(await talker.say(`RCPT TO:${each}`), /^250 /);
  await talker.say("DATA");
  await talker.send(`${letter("Hello")}.\r\n`);
  assert.match(await talker.hear(), /^250 /);
}

/** The same from a stranger. */
export async function sendFromOutside(server: TestServer, to: readonly string[]): Promise<void> {
  const stranger = await server.smtp();
  await send(stranger, { from: "carol@other.test", to });
  stranger.close();
}

/** A server with Alice and these, and a next hop that says it knows DSN. */
export function startSites(...users: readonly string[]) {
  return startWithHop(
    (line) => line.startsWith("EHLO") ? WITH_DSN : undefined,
    { users: ["alice", ...users] },
  );
}

/** What final delivery has put in front of each. */
export function returnPathsOf(messages: readonly string[]): readonly string[] {
  return messages.map((each) => /^Return-Path: <(.*)>\r\n/.exec(each)![1]!);
}
