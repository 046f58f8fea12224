/** Row 12: our client as a source of mail, beside Postfix's; into a server that is not slow. */
import type { Contest, Row, Setting } from "./contest.ts";
import { messagesFor, smtpcBench, smtpSource } from "./loads.ts";
import { startSink } from "./peers.ts";

const BYTES = 4096;
const OURS = "smtpc bench";
const SOURCE = "smtp-source";

export const CLIENT: Row = { number: 12, title: "4 KiB sent to smtp-sink", contests: [client] };

async function client({ seconds }: Setting): Promise<Contest> {
  const sink = await startSink();
  const source = { port: sink.port, to: "a@abc.com", connections: 10, kept: true, bytes: BYTES };
  const messages = await messagesFor(source, seconds, () => {});
  return {
    title: "10 kept connections",
    unit: "messages/s",
    contenders: [
      {
        name: OURS,
        async measure() {
          const flags = ["--to", source.to, "--size", `${BYTES}`, "--messages", `${messages}`];
          return (await smtpcBench(sink.port, flags)).messagesPerSecond;
        },
      },
      { name: SOURCE, measure: async () => messages / await smtpSource(source, messages) },
    ],
    goals: [{ of: OURS, to: SOURCE, atLeast: 1 }],
    verify: () => Promise.resolve("each message was answered with 250; smtp-sink keeps nothing"),
    [Symbol.asyncDispose]: () => sink[Symbol.asyncDispose](),
  };
}
