/** `smtpd queue`: mail that waits for its next server. */
import type { AdminRequest } from "../app/admin.ts";
import type { QueuedView } from "../app/admin_queue.ts";
import { terminalSafe } from "../mail/read.ts";
import { decodeBase64 } from "../sasl/base64.ts";
import { decode } from "../wire/bytes.ts";
import { type AdminOptions, askAdmin } from "./admin_client.ts";
import { EXIT, type ExitStatus } from "./fail.ts";
import { jsonLine, type Streams } from "./io.ts";
import type { SmtpdContext } from "./smtpd_context.ts";
import type { QueueCommand } from "./smtpd_queue_arguments.ts";

/** Does it, and says what was done. */
export async function runQueue(
  command: QueueCommand,
  { world, streams }: SmtpdContext,
): Promise<ExitStatus> {
  const admin = { world, place: command.place };
  const { json } = command;
  if (command.do === "queue list") await list(admin, streams, json);
  else if (command.do === "queue show") await show(admin, streams, command);
  else {
    const { recipients } = await askAdmin(admin, requestOf(command));
    if (json) streams.output.write(jsonLine({ recipients }));
    else streams.errors.write(`${count(recipients)} ${DONE[command.do]}\n`);
  }
  return EXIT.done;
}

type Operation = Exclude<QueueCommand, { readonly do: "queue list" | "queue show" }>;
type OperationRequest = AdminRequest & { readonly do: Operation["do"] };

const DONE: Readonly<Record<Operation["do"], string>> = {
  "queue retry": "to be tried now",
  "queue flush": "to be tried now",
  "queue hold": "held until smtpd queue release",
  "queue release": "released",
  "queue drop": "dropped; nobody is told",
};

function requestOf(command: Operation): OperationRequest {
  switch (command.do) {
    case "queue retry":
    case "queue release":
      return command.id === null ? { do: command.do } : { do: command.do, id: command.id };
    case "queue flush": {
      const { domain } = command;
      return domain === null ? { do: "queue flush" } : { do: "queue flush", domain };
    }
    case "queue hold": {
      const { id, reason } = command;
      return reason === null ? { do: "queue hold", id } : { do: "queue hold", id, reason };
    }
    case "queue drop":
      return { do: "queue drop", id: command.id };
  }
}

/** Page by page, so that a long queue needs little memory. */
async function list(admin: AdminOptions, streams: Streams, json: boolean): Promise<void> {
  let after = 0;
  for (;;) {
    const { queue, more } = await askAdmin(admin, { do: "queue list", after });
    for (const each of queue) streams.output.write(json ? jsonLine(publicOf(each)) : lineOf(each));
    if (queue.length === 0 && after === 0 && !json) streams.errors.write("Nothing waits.\n");
    if (!more) return;
    after = queue.at(-1)!.mark;
  }
}

async function show(
  admin: AdminOptions,
  streams: Streams,
  { id, json }: { readonly id: string; readonly json: boolean },
): Promise<void> {
  const { recipients, content } = await askAdmin(admin, { do: "queue show", id });
  if (json) {
    streams.output.write(jsonLine({ id, recipients: recipients.map(publicOf), content }));
    return;
  }
  for (const each of recipients) streams.output.write(lineOf(each));
  const text = decode(decodeBase64(content) ?? new Uint8Array());
  streams.output.write(`\n${terminalSafe(text, { newlines: true })}`);
}

/** All but the mark, which only pages need. */
function publicOf({ mark: _, ...rest }: QueuedView) {
  return rest;
}

/** Two lines for people. */
function lineOf(queued: QueuedView): string {
  const { id, from, to, bytes, reply } = queued;
  const last = reply === null ? "" : `: ${reply}`;
  const text = `${id}  ${from} -> ${to}  ${bytes} bytes\n    ${stateOf(queued)}${last}\n`;
  return terminalSafe(text, { newlines: true });
}

/** A try at its server that could not be reached is one as well. */
function stateOf({ due, attempts, unreached, taken, held }: QueuedView): string {
  const tries = attempts + unreached;
  const sofar = `${tries} ${tries === 1 ? "try" : "tries"} so far`;
  if (taken) return `being delivered now, ${sofar}`;
  if (held !== null) return `held (${held}), ${sofar}`;
  return `next try ${due.slice(0, 19)}Z, ${sofar}`;
}

function count(recipients: number): string {
  return `${recipients} ${recipients === 1 ? "recipient" : "recipients"}`;
}
