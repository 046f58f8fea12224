/**
 * The control socket of a running server: one request and one answer, each a line of JSON. Messages
 * that are brought follow the request as they are. Only the owner of the data directory can open
 * it, so there is nothing to log in to.
 */
import { describeError } from "../log.ts";
import { drive } from "../net/drive.ts";
import { type Listener, NetError, type Transport, type World } from "../net/world.ts";
import { ByteQueue, concat, decode, encode } from "../wire/bytes.ts";
import { fill, readLine } from "../wire/lines.ts";
import { call, deadline, type Session, type Step, writeNow } from "../wire/session.ts";
import { type AdminAnswer, administer, type AdminParts, type AdminRequest } from "./admin.ts";
import { contentBytesOf } from "./admin_mail.ts";

/** A request holds at most a name and the thousand addresses that it is to lead to. */
const REQUEST_BYTES_MAX = 512 * 1024;
const REQUEST_TIMEOUT_MS = 10_000;

export interface ControlParts extends AdminParts {
  readonly listener: Listener;
  readonly signal: AbortSignal;
}

/** Answers until the listener is closed. */
export async function serveControl(parts: ControlParts): Promise<void> {
  const open = new Set<Promise<void>>();
  const options = { clock: parts.world.clock, signal: parts.signal };
  for await (const transport of parts.listener) {
    const task = drive(controlServer(), transport, parts, options)
      .then(() => {}, () => {}) // the other end saw it; there is nobody else to tell
      .finally(() => open.delete(task));
    open.add(task);
  }
  await Promise.all(open);
}

function* controlServer(): Session<AdminParts> {
  yield* deadline(REQUEST_TIMEOUT_MS);
  const queue = new ByteQueue();
  const line = yield* readLine<AdminParts>(queue, REQUEST_BYTES_MAX);
  if (line === null || typeof line === "string") return;
  const request = JSON.parse(decode(line)) as AdminRequest;
  const content = yield* readContent(queue, contentBytesOf(request));
  if (content === null) return;
  const answer = yield* call<AdminParts, AdminAnswer>((parts) => answerTo(parts, request, content));
  yield* deadline(REQUEST_TIMEOUT_MS);
  yield* writeNow(encode(`${JSON.stringify(answer)}\r\n`));
}

/** `null` when it does not come, or is more than may come. */
function* readContent(
  queue: ByteQueue,
  bytes: number | null,
): Step<AdminParts, Uint8Array<ArrayBuffer> | null> {
  if (bytes === null) return null;
  while (queue.length < bytes) {
    yield* deadline(REQUEST_TIMEOUT_MS);
    if (!(yield* fill<AdminParts>(queue))) return null;
  }
  return queue.take(bytes).slice();
}

async function answerTo(
  parts: AdminParts,
  request: AdminRequest,
  content: Uint8Array<ArrayBuffer>,
): Promise<AdminAnswer> {
  try {
    return await administer(parts, request, content);
  } catch (error) {
    return { ok: false, kind: "failed", message: `the store failed: ${describeError(error)}` };
  }
}

/**
 * Asks a running server; `null` when none listens at this path.
 * @throws {NetError} `lost` when it goes away without an answer: the request may have been obeyed.
 */
export async function askControl(
  world: World,
  path: string,
  request: AdminRequest,
  content = new Uint8Array(0),
): Promise<AdminAnswer | null> {
  const transport = await connect(world, path);
  if (transport === null) return null;
  try {
    await transport.write(encode(`${JSON.stringify(request)}\r\n`));
    if (content.length > 0) await transport.write(content);
    const answer = await readAll(transport);
    if (answer.length === 0) throw new NetError("lost", `${path}: the server gave no answer`);
    return JSON.parse(decode(answer)) as AdminAnswer;
  } finally {
    transport.close();
  }
}

/** Why nobody answers does not matter: whether a server runs is for the lock to say. */
async function connect(world: World, path: string): Promise<Transport | null> {
  try {
    return await world.net.connectPath(path);
  } catch (error) {
    if (error instanceof NetError) return null;
    throw error;
  }
}

/** The server closes behind its answer. */
async function readAll(transport: Transport): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for (;;) {
    const chunk = await transport.read();
    if (chunk === null) return concat(chunks);
    chunks.push(chunk.slice());
  }
}
