/** The two servers under torture, each a process that is ended and started again. */
import { askControl } from "../../lib/app/control.ts";
import { denoWorld } from "../../lib/net/deno.ts";
import { NetError } from "../../lib/net/world.ts";
import { type Smtpd, startSmtpd } from "../process/programs.ts";
import { ALICE, BOB, PASSWORD, type Side } from "./letters.ts";

export type Command = readonly [string, ...string[]];

export interface ServerOptions {
  readonly side: Side;
  readonly directory: string;
  readonly ports: Readonly<Record<Side, number>>;
  readonly pop3Port: number;
  readonly command: Command;
  readonly flags: readonly string[];
  readonly complain: (text: string) => void;
}

export interface Server {
  start(): Promise<void>;
  /** Starts it and kills it so soon that it may not be ready, nor have put its store in order. */
  startInVain(lifeMs: number): Promise<void>;
  /** Ends it with a signal, and waits for its end. */
  end(signal: "SIGKILL" | "SIGTERM"): Promise<void>;
  /** Makes everything in its queue due now, where it runs; gives how many recipients wait. */
  nudge(): Promise<number | null>;
}

const DOMAINS: Readonly<Record<Side, string>> = { abc: "abc.com", xyz: "xyz.com" };
const USERS: Readonly<Record<Side, string>> = { abc: ALICE, xyz: BOB };
/** A start that fails because the disk is full is tried again; each other failure ends the run. */
const START_TRIES = 100;
const START_PAUSE_MS = 200;

export function createServer(options: ServerOptions): Server {
  const { side, ports, directory, complain } = options;
  const other: Side = side === "abc" ? "xyz" : "abc";
  const args = [
    ...["--port", `${ports[side]}`, "--pop3-port", `${options.pop3Port}`],
    ...["--domain", DOMAINS[side], "--user", `${USERS[side]}:${PASSWORD}`],
    ...["--route", `${DOMAINS[other]}=127.0.0.1:${ports[other]}`, "--data", directory],
    ...["--max-messages-per-minute", "1000000", "--log-level", "warning", ...options.flags],
  ];
  let running: Smtpd | null = null;
  return {
    async start() {
      for (let tries = 1; running === null; tries++) {
        try {
          running = await startSmtpd(args, options.command);
        } catch (error) {
          if (!/is full/.test(String(error)) || tries === START_TRIES) throw error;
          await new Promise((resolve) => setTimeout(resolve, START_PAUSE_MS));
        }
      }
    },
    async startInVain(lifeMs) {
      const [program, ...words] = options.command;
      const quiet = { stdin: "null", stdout: "null", stderr: "null" } as const;
      const child = new Deno.Command(program, { args: [...words, ...args], ...quiet }).spawn();
      await new Promise((resolve) => setTimeout(resolve, lifeMs));
      child.kill("SIGKILL");
      await child.status;
    },
    async end(signal) {
      const server = running;
      if (server === null) return;
      running = null;
      const status = await server.end(signal);
      const expected = signal === "SIGKILL" ? 137 : 0;
      if (status === expected) return;
      complain(`${side} ended with ${status} after ${signal}: ${server.log().slice(-2_000)}`);
    },
    nudge: () => nudge(`${directory}/control.sock`),
  };
}

/** What an operator would do who does not want to wait for the next try: `smtpd queue retry`. */
async function nudge(path: string): Promise<number | null> {
  try {
    const world = denoWorld();
    await askControl(world, path, { do: "queue retry" });
    const listed = await askControl(world, path, { do: "queue list" });
    return listed?.ok && "queue" in listed.value ? listed.value.queue.length : null;
  } catch (error) {
    // The server may be ended in the middle of its answer.
    if (error instanceof NetError || error instanceof SyntaxError) return null;
    throw error;
  }
}

/** Ports are fixed before the servers start, for each has to know the other's. */
export function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return (listener.addr as Deno.NetAddr).port;
}
