/** Row 7: how long the answer to a message takes where half of what can be done is asked for. */
import type { Contest, Row, Setting } from "./contest.ts";
import { isWholeBench, type Report, smtpcBench } from "./loads.ts";
import { demandMailbox, startOurs } from "./peers.ts";

const BYTES = 4096;

export const LATENCY: Row = {
  number: 7,
  title: "from the dot to 250, p99",
  contests: [latency],
};

async function latency({ seconds }: Setting): Promise<Contest> {
  const ours = await startOurs();
  let sent = 0;
  const load = async (...flags: readonly string[]): Promise<Report> => {
    const report = await smtpcBench(ours.port, [
      ...["--to", "alice@abc.com", "--size", `${BYTES}`, ...flags],
    ]);
    sent += report.accepted;
    return report;
  };
  const length = ["--seconds", `${Math.max(1, Math.round(seconds))}`];
  await load(...length);
  const most = (await load(...length)).messagesPerSecond;
  const rate = Math.max(1, Math.round(most / 2));
  return {
    title: `10 connections, ${rate} messages/s, half of the most`,
    unit: "ms",
    contenders: [{
      name: "smtpd",
      measure: async () => (await load(...length, "--rate", `${rate}`)).finalMs.p99,
    }],
    goals: [{ of: "smtpd", atMost: 10 }],
    verify: async () =>
      await demandMailbox(await ours.kept(), {
        user: "alice@abc.com",
        count: sent,
        isWhole: isWholeBench(BYTES),
      }),
    [Symbol.asyncDispose]: () => ours[Symbol.asyncDispose](),
  };
}
