/** What tests of `smtpc` need: streams and answers without a terminal, and a server on one port. */
import type { Ask } from "../lib/cli/ask.ts";
import { type ExitStatus, Failure } from "../lib/cli/fail.ts";
import type { Output, Streams } from "../lib/cli/io.ts";
import { smtpc } from "../lib/cli/smtpc.ts";
import { denoWorld } from "../lib/net/deno.ts";
import { drive } from "../lib/net/drive.ts";
import type { Transport } from "../lib/net/world.ts";
import type { Pop3Backend } from "../lib/pop3/backend.ts";
import { pop3Server } from "../lib/pop3/server.ts";
import type { SmtpBackend } from "../lib/smtp/backend.ts";
import { DEFAULT_SMTP_LIMITS, type SmtpServerOptions } from "../lib/smtp/connection.ts";
import { createRoom } from "../lib/wire/room.ts";
import { smtpServer } from "../lib/smtp/server.ts";
import { concat, decode, encode } from "../lib/wire/bytes.ts";
import { type Session, using } from "../lib/wire/session.ts";
import { fakePop3 } from "./pop3_support.ts";
import { fakeSmtp } from "./smtp_support.ts";

export interface RunOptions {
  /** What standard input holds; without it, standard input is a terminal. */
  readonly input?: string | Uint8Array;
  readonly variables?: Readonly<Record<string, string>>;
  /** Whether the standard outputs are a terminal. */
  readonly outputIsTerminal?: boolean;
  /** What a person answers, in this order; without it, nobody can be asked. */
  readonly answers?: readonly string[];
  /** When a person has enough of what goes on for ever. */
  readonly stopRequested?: () => Promise<void>;
}

export interface Run {
  readonly status: ExitStatus;
  /** Why it failed; empty when it did not. */
  readonly failure: string;
  readonly output: string;
  readonly outputBytes: Uint8Array;
  readonly errors: string;
  /** The questions, in their order. */
  readonly questions: readonly string[];
}

/** Runs `smtpc` in this process. */
export async function runSmtpc(args: readonly string[], options: RunOptions = {}): Promise<Run> {
  const { streams, output, errors } = fakeStreams(options);
  const questions: string[] = [];
  const ask = options.answers === undefined ? null : fakeAsk([...options.answers], questions);
  const ran = (status: ExitStatus, failure: string) => ({
    status,
    failure,
    output: decode(output()),
    outputBytes: output(),
    errors: decode(errors()),
    questions,
  });
  try {
    const { stopRequested } = options;
    const stop = stopRequested === undefined ? {} : { stopRequested };
    return ran(await smtpc(args, { world: denoWorld(), streams, ask, ...stop }), "");
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return ran(error.status, error.message);
  }
}

/** Streams of a test, and what was written to them. */
export interface FakeStreams {
  readonly streams: Streams;
  readonly output: () => Uint8Array;
  readonly errors: () => Uint8Array;
}

export function fakeStreams(options: RunOptions = {}): FakeStreams {
  const { input, variables = {}, outputIsTerminal = false } = options;
  const output = fakeOutput(outputIsTerminal);
  const errors = fakeOutput(outputIsTerminal);
  const bytes = typeof input === "string" ? encode(input) : input;
  const streams: Streams = {
    input: {
      isTerminal: bytes === undefined,
      bytes: () =>
        bytes === undefined ? Promise.reject(new Error("nobody types")) : Promise.resolve(bytes),
    },
    output: output.sink,
    errors: errors.sink,
    variable: (name) => variables[name] ?? null,
  };
  return { streams, output: output.written, errors: errors.written };
}

function fakeOutput(isTerminal: boolean) {
  const written: Uint8Array[] = [];
  const sink: Output = {
    isTerminal,
    hasColours: false,
    write: (content) => void written.push(typeof content === "string" ? encode(content) : content),
  };
  return { sink, written: () => concat(written) };
}

/** Gives the answers as they come; a choice is answered with its value, several with a comma. */
function fakeAsk(answers: string[], questions: string[]): Ask {
  const next = (question: string) => {
    questions.push(question);
    const answer = answers.shift();
    return answer === undefined
      ? Promise.reject(new Error(`nobody answers "${question}"`))
      : Promise.resolve(answer);
  };
  return {
    async text(question, { fault = () => null } = {}) {
      const answer = await next(question);
      const wrong = fault(answer);
      return wrong === null ? answer : await this.text(`${question}: ${wrong}`, { fault });
    },
    password: next,
    async choose(question, choices) {
      const answer = await next(question);
      if (choices.some(({ value }) => value === answer)) return answer;
      throw new Error(`"${answer}" is not a choice of "${question}"`);
    },
    async chooseAny(question) {
      const answer = await next(question);
      return answer === "" ? [] : answer.split(",");
    },
    lines: next,
  };
}

/** A server until it is disposed of. */
export interface TestServer extends AsyncDisposable {
  /** As `smtpc` wants them. */
  readonly at: readonly [host: string, port: string];
}

export interface TestServerOptions {
  readonly smtp?: SmtpBackend;
  readonly pop3?: Pop3Backend;
  /** `pop3`: POP3 alone; by default one port serves both. */
  readonly serves?: "both" | "pop3";
  readonly options?: Partial<SmtpServerOptions>;
}

interface Backends {
  readonly smtp: SmtpBackend;
  readonly pop3: Pop3Backend;
}

/** Serves our own sessions on a free port. */
export function startServer(options: TestServerOptions = {}): TestServer {
  const { smtp = fakeSmtp(), pop3 = fakePop3(), serves = "both" } = options;
  const { clock } = denoWorld();
  return listen(async (transport, signal) => {
    const session = serves === "pop3"
      ? using(pop3Of(transport), (backends: Backends) => backends.pop3)
      : bothOn(transport, options.options ?? {});
    await drive(session, transport, { smtp, pop3 }, { clock, signal });
  });
}

/** A server that says these bytes to everybody, and then hears whatever comes, or leaves. */
export function startScript(says: string, how: "listens" | "close" = "listens"): TestServer {
  return listen(async (transport) => {
    await transport.write(encode(says));
    while (how === "listens" && await transport.read() !== null);
  });
}

/** A server that says one of these whenever it has heard something, the first at once. */
export function startTurns(...turns: readonly string[]): TestServer {
  return listen(async (transport) => {
    for (const says of turns) {
      await transport.write(encode(says));
      if (await transport.read() === null) return;
    }
    while (await transport.read() !== null);
  });
}

function* bothOn(
  transport: Transport,
  options: Partial<SmtpServerOptions>,
): Session<Backends> {
  const session = smtpServer<SmtpBackend>({
    hostname: "abc.com",
    peer: { address: transport.remote.host, port: transport.remote.port },
    service: "smtp",
    plainAuth: true,
    forward: null,
    identity: null,
    tls: null,
    pop3: true,
    limits: DEFAULT_SMTP_LIMITS,
    room: createRoom(Infinity),
    ...options,
  });
  const end = yield* using(session, (backends: Backends) => backends.smtp);
  if (end.next === "close") return;
  yield* using(pop3Of(transport, end.queue), (backends: Backends) => backends.pop3);
}

function pop3Of({ remote }: Transport, queue?: Parameters<typeof pop3Server>[0]["queue"]) {
  return pop3Server({
    peer: { address: remote.host, port: remote.port },
    hostname: "abc.com",
    plainAuth: true,
    identity: null,
    tls: null,
    ...(queue === undefined ? {} : { queue }),
  });
}

/** Serves every connection in this way, on a free port. */
export function listen(
  serve: (transport: Transport, signal: AbortSignal) => Promise<void>,
): TestServer {
  const listener = denoWorld().net.listen({ host: "127.0.0.1", port: 0 });
  const stop = new AbortController();
  const served: Promise<void>[] = [];
  const listening = (async () => {
    for await (const transport of listener) {
      // A client that leaves in the middle of something is what some tests are about.
      served.push(serve(transport, stop.signal).catch(() => {}).finally(() => transport.close()));
    }
  })();
  return {
    at: ["127.0.0.1", String(listener.local.port)],
    async [Symbol.asyncDispose]() {
      listener.close();
      stop.abort();
      await listening;
      await Promise.all(served);
    },
  };
}
