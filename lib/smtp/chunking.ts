/**
 * BDAT, RFC 3030 §2: the command. Whatever is wrong, the octets behind it are consumed first, for
 * nothing of a message may ever be read as a command.
 */
import { deadline, type Step } from "../wire/session.ts";
import { chunkReader, readChunk } from "./chunks.ts";
import type { BdatCommand } from "./command.ts";
import {
  answer,
  answerNow,
  type Connection,
  fault,
  helloFirst,
  reset,
  say,
  traceContent,
} from "./connection.ts";
import { type Reply, reply } from "./reply.ts";
import { dataFault, refuseMessage, takeMessage } from "./transaction.ts";

/** Takes one chunk; with the last of them the message is handed over. */
export function* bdat<B>(connection: Connection, command: BdatCommand): Step<B, "close" | null> {
  const { options, queue, transaction } = connection;
  const { messageBytesMax, blockTimeoutMs } = options.limits;
  const { chunkBytes, ending } = command;
  if (chunkBytes === null) {
    yield* fault(connection, SYNTAX);
    yield* say(options, reply(421, "4.7.0", "Where the chunk ends cannot be known, closing"));
    return "close";
  }
  connection.chunkedBytes += chunkBytes;
  if (connection.chunkedBytes > 2 * messageBytesMax) {
    yield* say(options, dataFault("tooBig"));
    return "close";
  }
  const refusal = refusalOf(connection, command);
  // The chunks behind the first one share its time: see `isOnTheMove`.
  if (!isChunking(connection)) yield* deadline(blockTimeoutMs);
  const reader = refusal !== null || transaction === null
    ? null
    : transaction.chunks ??= chunkReader(messageBytesMax, options.room.hold());
  if (reader !== null) connection.conversation.expect();
  // RFC 3030 §2: what was sent is accepted and discarded before the failure is reported.
  if (!(yield* readChunk<B>(queue, chunkBytes, { reader, blockTimeoutMs }))) return "close";
  if (options.traced) yield* traceContent(chunkBytes);
  if (reader === null) return yield* refuse(connection, command, refusal ?? NO_TRANSACTION);
  const chunkFault = reader.fault();
  if (chunkFault !== null) return yield* refuse(connection, command, dataFault(chunkFault));
  if (ending === "more") {
    return yield* answer(connection, reply(250, "2.0.0", `Chunk taken, ${chunkBytes} bytes`));
  }
  const whole = reader.end();
  if ("fault" in whole) return yield* refuse(connection, command, dataFault(whole.fault));
  return yield* takeMessage(connection, whole.content);
}

/** Whether a message comes by BDAT, or its rest is thrown away. */
export function isChunking({ transaction, chunkRefused }: Connection): boolean {
  return chunkRefused !== null || (transaction !== null && transaction.chunks !== null);
}

const SYNTAX = reply(501, "5.5.4", "BDAT takes the length of the chunk, and LAST behind the last");
const NO_TRANSACTION = reply(503, "5.5.1", "Say MAIL and RCPT first");

/** Why a chunk cannot be taken, whatever is in it. */
function refusalOf(connection: Connection, { ending }: BdatCommand): Reply | null {
  const { hello, transaction } = connection;
  if (hello?.extended !== true) return helloFirst(connection);
  if (transaction === null) return NO_TRANSACTION;
  if (transaction.recipients === 0) return reply(554, "5.5.1", "No valid recipients");
  return ending === "unknown" ? SYNTAX : null;
}

/**
 * The message is refused with its first chunk that is: it must not be taken without it later. RFC
 * 3030 §2: chunks in the pipeline behind it are discarded; they are no errors of their own.
 */
function* refuse<B>(connection: Connection, { ending }: BdatCommand, given: Reply): Step<B, null> {
  const { chunkedBytes, chunkRefused, options } = connection;
  const recipients = chunkRefused ?? connection.transaction?.recipients ?? 0;
  reset(connection);
  if (ending !== "last") Object.assign(connection, { chunkedBytes, chunkRefused: recipients });
  // RFC 2033 §4.3: with LMTP, only chunks before the last have one reply.
  else if (options.service === "lmtp") return yield* refuseMessage(connection, recipients, given);
  // That there is no room just now (452) is not the client's fault.
  return chunkRefused !== null || given.code < 500
    ? yield* answerNow(options, given)
    : yield* fault(connection, given);
}
