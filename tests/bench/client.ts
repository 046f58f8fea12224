/** Row 12: our client as a source of mail, beside Postfix's; into a server that is not slow. */
import { temporaryFolder } from "../support.ts";
import type { Contest, Row, Setting } from "./contest.ts";
import { messagesFor, smtpcBench, smtpcSend, smtpSource } from "./loads.ts";
import { startSink } from "./peers.ts";

const BYTES = 4096;
const OURS = "smtpc bench";
const SOURCE = "smtp-source";

export const CLIENT: Row = {
  number: 12,
  title: "4 KiB sent to smtp-sink",
  contests: [client, files],
};

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

const SENT = "smtpc send";
const FILES = 1_000;

/** Each is read, understood, and sent to whom its header names; smtp-source makes up its own. */
async function files(): Promise<Contest> {
  const sink = await startSink();
  const folder = await temporaryFolder();
  const source = { port: sink.port, to: "a@abc.com", connections: 10, kept: true, bytes: BYTES };
  const header = "From: <load@bench.example>\r\nTo: <a@abc.com>\r\n";
  const text = `${"X".repeat(78)}\r\n`.repeat(Math.ceil(BYTES / 80));
  for (let number = 1; number <= FILES; number++) {
    const name = `${String(number).padStart(4, "0")}.eml`;
    const subject = `Subject: ${number}\r\n`;
    await Deno.writeTextFile(`${folder.path}/${name}`, `${header}${subject}\r\n${text}`);
  }
  return {
    title: `${FILES} files, 10 kept connections`,
    unit: "messages/s",
    contenders: [
      {
        name: SENT,
        async measure() {
          const flags = ["--connections", `${source.connections}`];
          return (await smtpcSend(sink.port, folder.path, flags)).messagesPerSecond;
        },
      },
      { name: SOURCE, measure: async () => FILES / await smtpSource(source, FILES) },
    ],
    goals: [{ of: SENT, to: SOURCE, atLeast: 1 }],
    verify: () => Promise.resolve("each file was answered with 250; smtp-sink keeps nothing"),
    async [Symbol.asyncDispose]() {
      await sink[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}
