/** `smtpd queue`: mail that waits for its next server. */
import type { QueuedView } from "../app/admin.ts";
import { terminalSafe } from "../mail/read.ts";
import { decodeBase64 } from "../sasl/base64.ts";
import { decode } from "../wire/bytes.ts";
import { type AdminOptions, askAdmin } from "./admin_client.ts";
import { EXIT, type ExitStatus } from "./fail.ts";
import { jsonLine, type Streams } from "./io.ts";
import type { SmtpdContext } from "./smtpd_context.ts";
import type { QueueCommand } from "./smtpd_arguments.ts";

/** Does it, and says what was done. */
export async function runQueue(
  command: QueueCommand,
  { world, streams }: SmtpdContext,
): Promise<ExitStatus> {
  const admin = { world, place: command.place };
  const { json } = command;
  switch (command.do) {
    case "queue list":
      await list(admin, streams, json);
      break;
    case "queue show":
      await show(admin, streams, command);
      break;
    case "queue retry": {
      const id = command.id === null ? {} : { id: command.id };
      const { recipients } = await askAdmin(admin, { do: "queue retry", ...id });
      if (json) streams.output.write(jsonLine({ recipients }));
      else streams.errors.write(`${count(recipients)} to be tried now\n`);
      break;
    }
    case "queue drop": {
      const { recipients } = await askAdmin(admin, { do: "queue drop", id: command.id });
      if (json) streams.output.write(jsonLine({ recipients }));
      else streams.errors.write(`${count(recipients)} dropped; nobody is told\n`);
      break;
    }
  }
  return EXIT.done;
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
  const { id, from, to, bytes, due, attempts, taken, reply } = queued;
  const when = taken ? "being delivered now" : `next try ${due.slice(0, 19)}Z`;
  const last = reply === null ? "" : `: ${reply}`;
  return `${id}  ${from} -> ${to}  ${bytes} bytes\n` +
    `    ${when}, ${attempts} ${attempts === 1 ? "attempt" : "attempts"} so far${last}\n`;
}

function count(recipients: number): string {
  return `${recipients} ${recipients === 1 ? "recipient" : "recipients"}`;
}
