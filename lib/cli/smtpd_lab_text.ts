/** What `smtpd lab` shows to a newcomer: who is there, and commands that work as they stand. */
import { type Output, paint, type Style } from "./io.ts";

/** One server as it is shown. */
export interface ShownSide {
  readonly plan: {
    readonly domain: string;
    readonly user: string;
    readonly password: string;
    readonly style: Style;
  };
  readonly ports: { readonly smtp: number; readonly pop3: number };
}

/** The whole text, with colours where the output has them; `from` writes to `to`. */
export function labText(output: Output, from: ShownSide, to: ShownSide): string {
  const sender = from.plan.user;
  const recipient = to.plan.user;
  return [
    "",
    paint(output, "bold", "Two mail servers run here. Ctrl-C ends them; their mail is gone then."),
    "",
    sideLine(output, from),
    sideLine(output, to),
    "",
    `In another terminal, ${sender} writes to ${recipient}, and ${recipient} reads it:`,
    "",
    ...ownCommands(from, to).map((line) => `  ${paint(output, "green", line)}`),
    "",
    "The same with curl:",
    "",
    ...curlCommands(from, to).map((line) => `  ${paint(output, "green", line)}`),
    "",
    `Write to nobody@${to.plan.domain} too, and see who says no. What the servers do:`,
    "",
    "",
  ].join("\n");
}

function sideLine(output: Output, { plan, ports }: ShownSide): string {
  const name = paint(output, plan.style, plan.domain);
  return `  ${name}  SMTP on 127.0.0.1:${ports.smtp}, POP3 on 127.0.0.1:${ports.pop3}, ` +
    `user ${plan.user}, password ${plan.password}`;
}

function ownCommands(from: ShownSide, to: ShownSide): readonly string[] {
  const client = clientCommand();
  const { plan: sender } = from;
  const { plan: recipient } = to;
  return [
    `SMTPC_PASSWORD=${sender.password} ${client} send 127.0.0.1 ${from.ports.smtp} \\`,
    `  --user ${sender.user} --to ${addressOf(to)} --subject Hello --body 'Hi there'`,
    `SMTPC_PASSWORD=${recipient.password} ${client} read 127.0.0.1 ${to.ports.smtp} \\`,
    `  --user ${recipient.user}`,
  ];
}

function curlCommands(from: ShownSide, to: ShownSide): readonly string[] {
  const login = ({ plan }: ShownSide) => `-u ${plan.user}:${plan.password}`;
  return [
    `printf 'Subject: Hello\\n\\nHi there\\n' | curl --crlf -T - ${login(from)} \\`,
    `  --mail-from ${addressOf(from)} --mail-rcpt ${addressOf(to)} \\`,
    `  smtp://127.0.0.1:${from.ports.smtp}`,
    `curl ${login(to)} pop3://127.0.0.1:${to.ports.pop3}/1`,
  ];
}

function addressOf({ plan }: ShownSide): string {
  return `${plan.user}@${plan.domain}`;
}

/** How the client is started by somebody who has started this program. */
function clientCommand(): string {
  if (Deno.build.standalone) return "./smtpc";
  // Without an installed Deno, npx has brought one along, and will do so again.
  const fromNpm = Deno.execPath().includes("node_modules");
  return `${fromNpm ? `npx -y deno@${Deno.version.deno}` : "deno"} task client`;
}
