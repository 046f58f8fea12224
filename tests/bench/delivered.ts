/** Small messages from smtp-source into a mailbox, beside who throws them away, and Postfix. */
import { until } from "../support.ts";
import { type Contender, type Contest, type Goal, Missing, type Setting } from "./contest.ts";
import { isWholeOf, messagesFor, smtpSource, type Source } from "./loads.ts";
import { demandMailbox, type Postfix, startOurs, startPostfix, startSink } from "./peers.ts";

export interface DeliveredOptions {
  readonly kept: boolean;
  readonly connections: number;
  /** Ours is to have this share of the rate of smtp-sink. */
  readonly ofSink: number;
  /** Ours is to be so many times as fast as Postfix; left out, that does not take part. */
  readonly ofPostfix?: number;
}

const BYTES = 4096;
const OURS = "smtpd";
const SINK = "smtp-sink, which keeps nothing";
const POSTFIX = "Postfix + Dovecot";

export function delivered(options: DeliveredOptions): (setting: Setting) => Promise<Contest> {
  return async ({ seconds }) => {
    await using parts = new AsyncDisposableStack();
    const ours = parts.use(await startOurs());
    const sink = parts.use(await startSink());
    const postfix = options.ofPostfix === undefined ? null : await postfixIfThere();
    if (postfix !== null) parts.use(postfix);
    const { kept, connections } = options;
    const source = { kept, connections, bytes: BYTES };
    let sent = 0;
    const toOurs = { ...source, port: ours.port, to: "alice@abc.com" };
    const toSink = { ...source, port: sink.port, to: "alice@abc.com" };
    const contenders = [
      await contender(OURS, toOurs, seconds, (messages) => void (sent += messages)),
      await contender(SINK, toSink, seconds, () => {}),
    ];
    if (postfix !== null) {
      const toPostfix = { ...source, port: postfix.port, to: "carol@postfix.example" };
      contenders.push(await arriving(postfix, toPostfix, seconds));
    }
    const held = parts.move();
    return {
      title: `${connections} connections`,
      unit: "messages/s",
      contenders,
      goals: goalsOf(options, postfix !== null),
      async verify() {
        const isWhole = isWholeOf(BYTES);
        return await demandMailbox(await ours.kept(), {
          user: "alice@abc.com",
          count: sent,
          isWhole,
        });
      },
      [Symbol.asyncDispose]: () => held[Symbol.asyncDispose](),
    };
  };
}

function goalsOf({ ofSink, ofPostfix }: DeliveredOptions, hasPostfix: boolean): readonly Goal[] {
  const toSink = { of: OURS, to: SINK, atLeast: ofSink };
  if (ofPostfix === undefined || !hasPostfix) return [toSink];
  return [toSink, { of: OURS, to: POSTFIX, atLeast: ofPostfix }];
}

/** Without it the rest is still worth measuring. */
async function postfixIfThere(): Promise<Postfix | null> {
  try {
    return await startPostfix();
  } catch (error) {
    if (error instanceof Missing) return null;
    throw error;
  }
}

async function contender(
  name: string,
  source: Source,
  seconds: number,
  sent: (messages: number) => void,
): Promise<Contender> {
  const messages = await messagesFor(source, seconds, sent);
  return {
    name,
    async measure() {
      const took = await smtpSource(source, messages);
      sent(messages);
      return messages / took;
    },
  };
}

/** Postfix takes a message before it delivers it: it counts when it is in the mailbox. */
async function arriving(postfix: Postfix, source: Source, seconds: number): Promise<Contender> {
  let expected = 0;
  const arrived = () => until("the mail", async () => await postfix.arrived() >= expected, 120_000);
  const most = await messagesFor(source, seconds, (messages) => expected += messages);
  await arrived();
  // It takes about twice as long to deliver as to accept.
  const messages = Math.ceil(most / 2);
  return {
    name: POSTFIX,
    async measure() {
      expected += messages;
      const startedMs = performance.now();
      await smtpSource(source, messages);
      await arrived();
      return (1000 * messages) / (performance.now() - startedMs);
    },
  };
}
