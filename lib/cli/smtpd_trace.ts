/** `smtpd trace`: one message's way, told so that somebody who learns about mail can follow it. */
import type { HappeningView, OutcomeView, TraceView } from "../app/admin_trace.ts";
import { terminalSafe } from "../mail/read.ts";
import type { Admin } from "./admin_arguments.ts";
import { askAdmin } from "./admin_client.ts";
import { EXIT, type ExitStatus } from "./fail.ts";
import { jsonLine } from "./io.ts";
import type { SmtpdContext } from "./smtpd_context.ts";

export interface TraceCommand extends Admin {
  /** An id, or a Message-ID. */
  readonly name: string;
}

/** Tells about each message of that name; the newest comes first. */
export async function runTrace(
  { place, json, name }: TraceCommand,
  { world, streams }: SmtpdContext,
): Promise<ExitStatus> {
  const { traces } = await askAdmin({ world, place }, { do: "trace", name });
  if (json) { for (const trace of traces) streams.output.write(jsonLine({ ...trace })); }
  else {
    streams.output.write(terminalSafe(traces.map(textOfTrace).join("\n"), { newlines: true }));
  }
  return EXIT.done;
}

/** The whole way, in lines of text. */
export function textOfTrace(trace: TraceView): string {
  const { id, messageId, forgotten, happenings, reports } = trace;
  const lines = [
    `Message ${id}${messageId === null ? "" : `, Message-ID <${messageId}>`}`,
    ...step(trace.accepted, acceptance(trace)),
  ];
  if (forgotten > 0) {
    lines.push(...step(null, [`${forgotten} earlier attempts in vain are not kept any more`]));
  }
  for (const happening of happenings) lines.push(...step(happening.at, told(happening)));
  if (reports.length > 0) lines.push(`Reports about it: ${reports.join(", ")}`);
  return `${[...lines, ...waiting(trace)].join("\n")}\n`;
}

/** The time stands beside the first line. */
function step(at: string | null, [first, ...more]: readonly string[]): readonly string[] {
  const time = at === null ? "" : timeText(at);
  return [`${time.padEnd(22)}${first}`, ...more.map((line) => `${" ".repeat(22)}${line}`)];
}

function acceptance(trace: TraceView): readonly string[] {
  const { from, bytes, origin, mailboxes, queued } = trace;
  const lines = [`accepted from ${from}, ${bytes} bytes`];
  if (origin?.from === "list") lines.push(`what a list here makes of message ${origin.message}`);
  if (origin?.from === "report") lines.push(`this server's report about message ${origin.about}`);
  if (origin?.from === "peer") {
    const login = origin.user === null ? "" : `, logged in as ${origin.user}`;
    lines.push(`sent by ${origin.hello} (${origin.peer})${login}`);
    lines.push(`by ${origin.protocol}, ${tlsText(origin.tls)}`);
    lines.push(`for ${origin.recipients.join(", ")}`);
    if (origin.sender !== undefined) {
      lines.push(`its sender was ${origin.sender}; a list has put its owner, ${from}, there`);
    }
  }
  for (const name of mailboxes) {
    lines.push(`put into the mailbox of ${name ?? "an account that was removed since"}`);
  }
  if (queued.length > 0) lines.push(`queued for ${queued.join(", ")}`);
  return lines;
}

function told(happening: HappeningView): readonly string[] {
  switch (happening.what) {
    case "attempt": {
      const { via, tls, outcomes } = happening;
      const tried = via === null ? [] : [`sent to ${via}, ${tlsText(tls)}`];
      return [...tried, ...outcomes.flatMap((outcome) => outcomeLines(outcome, via))];
    }
    case "hold":
      return [`held: ${happening.reason}`];
    case "release":
      return ["released by the operator"];
    case "drop":
      return happening.outcomes.flatMap((outcome) => outcomeLines(outcome, null));
    case "unreached":
      return [
        `no server for ${happening.hop} could be reached, so nobody there was asked`,
        `  because: ${happening.reply}`,
        `  all mail for ${happening.hop} waits until ${timeText(happening.until)}`,
      ];
  }
}

function outcomeLines(outcome: OutcomeView, via: string | null): readonly string[] {
  const { recipients, queued, reply, report, unreported, uncertain } = outcome;
  const what = `${outcomeText(outcome, via)}: ${recipients.join(", ")}`;
  const lines = [what];
  if (queued.length > 0) lines.push(`  queued instead: ${queued.join(", ")}`);
  if (reply !== null) lines.push(`  ${via === null ? "because" : "its words"}: ${reply}`);
  if (uncertain) {
    lines.push("  it may have been taken before the answer was lost: then it comes twice");
  }
  if (report !== null) lines.push(`  the sender was told in message ${report}`);
  if (unreported !== null) lines.push(`  nobody was told: ${unreported}`);
  return lines;
}

function outcomeText({ outcome, due }: OutcomeView, via: string | null): string {
  switch (outcome) {
    case "delivered":
      return "put into the mailbox of";
    case "expanded":
      return "led to other addresses";
    case "relayed":
      return "taken for";
    case "failed":
      return via === null ? "given up" : "refused for good";
    case "dropped":
      return "dropped by the operator";
    case "deferred":
      return `not yet, next try ${due === null ? "later" : `at ${timeText(due)}`}`;
    case "delayed":
      return "past its deadline, and still waiting";
  }
}

function waiting({ id, waiting, queued }: TraceView): readonly string[] {
  if (waiting.length === 0) {
    return queued.length === 0 ? [] : ["Nobody waits for it any more."];
  }
  return [
    "Still waiting:",
    ...waiting.map(({ to, due, expires, taken, held }) => {
      if (taken) return `  ${to}: being delivered now`;
      if (held !== null) return `  ${to}: held (${held}), until smtpd queue release ${id}`;
      return `  ${to}: next try at ${timeText(due)}, given up at ${timeText(expires)}`;
    }),
  ];
}

function tlsText(tls: string | null): string {
  return tls === null ? "without TLS" : `under ${tls}`;
}

function timeText(iso: string): string {
  return `${iso.slice(0, 19).replace("T", " ")}Z`;
}
