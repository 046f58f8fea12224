/** `smtpd lab`: the sender's and the receiver's server in one process, to see mail happen. */
import { administer } from "../app/admin.ts";
import { type RunningServer, startServer } from "../app/server.ts";
import { makeConfig, type Service } from "../config.ts";
import { configureLog, openLog } from "../log.ts";
import { type Endpoint, NetError } from "../net/world.ts";
import { openMemoryStore } from "../store/memory.ts";
import { EXIT, type ExitStatus, Failure } from "./fail.ts";
import { type Output, paint, type Style } from "./io.ts";
import { listening } from "./listening.ts";
import type { SmtpdContext } from "./smtpd_context.ts";
import type { LabCommand } from "./smtpd_arguments.ts";
import { labText } from "./smtpd_lab_text.ts";

/** One of the two servers, before it runs. */
interface Plan {
  readonly domain: string;
  readonly user: string;
  readonly password: string;
  /** The port that the documentation uses, where it is free. */
  readonly usualPort: number;
  /** In which its name is shown. */
  readonly style: Style;
}

const ABC: Plan = {
  domain: "abc.com",
  user: "alice",
  password: "secret",
  usualPort: 2525,
  style: "cyan",
};
const XYZ: Plan = {
  domain: "xyz.com",
  user: "bob",
  password: "hunter2",
  usualPort: 2526,
  style: "yellow",
};

/** One of the two servers, running. */
interface Side {
  readonly plan: Plan;
  readonly ports: Readonly<Record<"smtp" | "pop3", number>>;
  /** Tells it where the mail for a domain goes. */
  addRoute(domain: string, to: Endpoint): void;
  /** Stops it and forgets its mail. */
  stop(): Promise<void>;
}

const HOST = "127.0.0.1";

/** Runs both until the program is asked to stop. */
export async function runLab(
  { portA, portB }: LabCommand,
  context: SmtpdContext,
): Promise<ExitStatus> {
  const { streams } = context;
  configureLog({
    level: "info",
    format: "pretty",
    write: (line) => streams.errors.write(`${colour(line, streams.errors)}\n`),
  });
  const stop = context.stopRequested();
  const sides: Side[] = [];
  try {
    const abc = await startSide(ABC, portA, context);
    sides.push(abc);
    const xyz = await startSide(XYZ, portB, context);
    sides.push(xyz);
    abc.addRoute(XYZ.domain, { host: HOST, port: xyz.ports.smtp });
    xyz.addRoute(ABC.domain, { host: HOST, port: abc.ports.smtp });
    streams.output.write(labText(streams.output, abc, xyz));
    await stop;
  } finally {
    // Together, for each would wait for the connections that the other keeps.
    await Promise.all(sides.map((side) => side.stop()));
  }
  return EXIT.done;
}

async function startSide(
  plan: Plan,
  port: number | null,
  { world }: SmtpdContext,
): Promise<Side> {
  const { domain, user, password, usualPort } = plan;
  const store = openMemoryStore({ turn: world.clock.turn });
  const parts = { world, store, domain };
  const added = await administer(parts, { do: "user add", name: user, password });
  if (!added.ok) throw new Failure(EXIT.internal, added.message);
  // Each has to know the other's port, which is known when both listen: so this grows afterwards.
  const routes = new Map<string, Endpoint>();
  const log = openLog(domain);
  const startOn = (smtp: number) => {
    const config = makeConfig({ domains: [domain], hosts: [HOST], ports: { smtp, pop3: 0 } });
    return startServer({ config: { ...config, routes }, world, store, log, identity: null });
  };
  const server = listening(() => port === null ? startOnUsual(usualPort, startOn) : startOn(port));
  return {
    plan,
    ports: portsOf(server),
    addRoute: (to, endpoint) => void routes.set(to, endpoint),
    async stop() {
      await server.stop();
      await store[Symbol.asyncDispose]();
    },
  };
}

function startOnUsual(
  port: number,
  startOn: (port: number) => RunningServer,
): RunningServer {
  try {
    return startOn(port);
  } catch (error) {
    if (!(error instanceof NetError) || error.kind !== "inUse") throw error;
    return startOn(0);
  }
}

function portsOf({ listening }: RunningServer): Side["ports"] {
  const of = (service: Service) => listening.find((each) => each.service === service)?.port ?? 0;
  return { smtp: of("smtp"), pop3: of("pop3") };
}

/** Log lines in which the two servers are told apart at a glance. */
function colour(line: string, errors: Output): string {
  const [, time, level, name, rest] = /^(\S+) (\S+ +)(\S+)(.*)$/s.exec(line) ?? [];
  const plan = [ABC, XYZ].find(({ domain }) => domain === name);
  if (time === undefined || plan === undefined) return line;
  return `${paint(errors, "dim", `${time} ${level}`)}${paint(errors, plan.style, name!)}${rest}`;
}
