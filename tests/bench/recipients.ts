/** Row 5: one message to many mailboxes, beside one to a single mailbox. */
import type { Contest, Row, Setting } from "./contest.ts";
import { isWholeBench, smtpcBench } from "./loads.ts";
import { demandMailbox, startOurs } from "./peers.ts";

const RECIPIENTS = 200;
const BYTES = 4096;
const ONE = "one recipient";
const MANY = `${RECIPIENTS} recipients`;

export const MANY_RECIPIENTS: Row = {
  number: 5,
  title: "a message to many mailboxes",
  contests: [manyRecipients],
};

async function manyRecipients({ seconds }: Setting): Promise<Contest> {
  const users = Array.from({ length: RECIPIENTS }, (_, at) => `user${at}`);
  const ours = await startOurs({ users });
  const to = users.map((user) => `${user}@abc.com`);
  const messages = Math.max(10, Math.round(100 * seconds));
  let sent = 0;
  const contender = (name: string, recipients: readonly string[]) => ({
    name,
    async measure() {
      const { accepted, messagesPerSecond } = await smtpcBench(ours.port, [
        ...["--to", recipients.join(","), "--recipients", `${recipients.length}`],
        ...["--messages", `${messages}`, "--size", `${BYTES}`],
      ]);
      sent += accepted;
      return 1000 / messagesPerSecond;
    },
  });
  return {
    title: "10 connections of smtpc bench",
    unit: "ms a message",
    contenders: [contender(ONE, to.slice(0, 1)), contender(MANY, to)],
    goals: [{ of: MANY, to: ONE, atMost: 3 }],
    verify: async () =>
      await demandMailbox(await ours.kept(), {
        user: to[0]!,
        count: sent,
        isWhole: isWholeBench(BYTES),
      }),
    [Symbol.asyncDispose]: () => ours[Symbol.asyncDispose](),
  };
}
