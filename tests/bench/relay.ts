/** Row 3: from a user through two servers into a mailbox, with all that a relay does. */
import { until } from "../support.ts";
import type { Contender, Contest, Row, Setting } from "./contest.ts";
import { isWholeBench, smtpcBench } from "./loads.ts";
import { demandMailbox, type Ours, startOurs, startPostfix } from "./peers.ts";

const BYTES = 4096;
const OURS = "smtpd → smtpd";
const POSTFIX = "Postfix → Postfix + Dovecot";

export const RELAY: Row = { number: 3, title: "4 KiB relayed", contests: [relayed] };

async function relayed({ seconds }: Setting): Promise<Contest> {
  await using parts = new AsyncDisposableStack();
  const receiver = parts.use(await startOurs({ domain: "xyz.com", users: ["bob"] }));
  const sender = parts.use(
    await startOurs({ flags: ["--route", `xyz.com=127.0.0.1:${receiver.port}`] }),
  );
  const behind = parts.use(await startPostfix({ domain: "xyz.example" }));
  const inFront = parts.use(
    await startPostfix({
      more: `relay_domains = xyz.example
transport_maps = inline:{xyz.example=smtp:[127.0.0.1]:${behind.port}}`,
    }),
  );
  let sent = 0;
  const held = parts.move();
  return {
    title: "10 connections",
    unit: "messages/s",
    contenders: [
      contender(OURS, {
        port: sender.port,
        from: "alice@abc.com",
        to: "bob@xyz.com",
        messages: Math.round(500 * seconds),
        arrived: () => countOf(receiver, "bob"),
        sent: (messages) => void (sent += messages),
      }),
      contender(POSTFIX, {
        port: inFront.port,
        from: "carol@postfix.example",
        to: "carol@xyz.example",
        messages: Math.round(100 * seconds),
        arrived: behind.arrived,
        sent: () => {},
      }),
    ],
    goals: [{ of: OURS, to: POSTFIX, atLeast: 8 }],
    verify: async () =>
      await demandMailbox(await receiver.kept(), {
        user: "bob@xyz.com",
        count: sent,
        isWhole: isWholeBench(BYTES),
      }),
    [Symbol.asyncDispose]: () => held[Symbol.asyncDispose](),
  };
}

function contender(name: string, way: {
  readonly port: number;
  /** Who logs in, too. */
  readonly from: string;
  readonly to: string;
  readonly messages: number;
  readonly arrived: () => Promise<number>;
  readonly sent: (messages: number) => void;
}): Contender {
  const { port, from, to, messages, arrived, sent } = way;
  const flags = ["--user", from, "--to", to, "--size", `${BYTES}`, "--messages", `${messages}`];
  return {
    name,
    async measure() {
      const before = await arrived();
      const { seconds } = await smtpcBench(port, flags, "secret");
      const takenMs = performance.now();
      sent(messages);
      const isThere = async () => await arrived() >= before + messages;
      await until("the mail at its end", isThere, 120_000);
      return messages / (seconds + (performance.now() - takenMs) / 1000);
    },
  };
}

/** How many messages a user has, as POP3 tells. */
async function countOf({ smtpd }: Ours, user: string): Promise<number> {
  using conn = await Deno.connect({ hostname: "127.0.0.1", port: smtpd.ports.pop3! });
  const buffer = new Uint8Array(1024);
  let answer = "";
  for (const line of ["", `USER ${user}`, "PASS secret", "STAT"]) {
    if (line !== "") await conn.write(new TextEncoder().encode(`${line}\r\n`));
    answer = new TextDecoder().decode(buffer.subarray(0, await conn.read(buffer) ?? 0));
    if (!answer.startsWith("+OK")) throw new Error(`POP3: ${answer}`);
  }
  await conn.write(new TextEncoder().encode("QUIT\r\n"));
  await conn.read(buffer);
  return Number(/^\+OK (\d+)/.exec(answer)![1]);
}
