/** `smtpd serve`: one server, from its settings to its end. */
import { openSearchIndex } from "../app/search_keeper.ts";
import { type RunningServer, startServer } from "../app/server.ts";
import { parseDomain } from "../config.ts";
import { configureLog, describeError, type Log, type LogFields, openLog } from "../log.ts";
import { endpointText } from "../endpoint.ts";
import { dnsOf } from "../net/dns_client.ts";
import type { World } from "../net/world.ts";
import type { TextIndex } from "../store/text_index.ts";
import type { TlsCertificate } from "../wire/session.ts";
import type { Ask } from "./ask.ts";
import { readConfigFile } from "./config_file.ts";
import { defaultDirectory, MEMORY, openStore } from "./data_directory.ts";
import { EXIT, type ExitStatus, Failure } from "./fail.ts";
import { jsonLine, type Streams } from "./io.ts";
import { listening } from "./listening.ts";
import { planOf } from "./serve_config.ts";
import { startControl } from "./serve_control.ts";
import { fittingDisk } from "./serve_disk.ts";
import { withinOpenFiles } from "./serve_files.ts";
import { smarthostOf } from "./serve_smarthost.ts";
import { openTls, readAuthorities, type ServedTls } from "./serve_tls.ts";
import { ensureUsers } from "./serve_users.ts";
import type { Settings } from "./settings.ts";
import type { SmtpdContext } from "./smtpd_context.ts";

/** What `smtpd serve` was told. */
export interface ServeCommand {
  readonly flags: Settings;
  /** The file behind `--config`; a flag wins over it. */
  readonly config: string | null;
}

/** Runs a server until it is asked to stop. */
export async function runServe(
  { flags, config: file }: ServeCommand,
  context: SmtpdContext,
): Promise<ExitStatus> {
  const { streams, ask } = context;
  const said = { ...(file === null ? {} : await readConfigFile(file)), ...flags };
  const settings = await withDomain(said, ask);
  const outside = worldWith(settings, context);
  const { config: planned, users, tls: tlsPlan } = planOf(settings, file);
  const authorities = await readAuthorities(settings["tls-ca"] ?? []);
  // With its password, which is no part of what is written in flags.
  const smarthost = await smarthostOf(settings, streams);
  const domain = planned.domains[0]!;
  const data = settings.data ?? defaultDirectory(domain);
  const log = openServerLog(domain, settings, streams);
  const tell = teller(settings, streams, log);
  const synchronous = settings["unsafe-no-sync"] ? "off" : "full";

  await using store = await openStore(data, outside, { synchronous });
  using index = searchIndex(data, log);
  const { world, freeBytesMin } = fittingDisk(outside, data, settings["min-free-bytes"]);
  const wanted = { ...planned, authorities, smarthost, freeBytesMin };
  const different = await ensureUsers(store, users, context);
  const tls = tlsPlan === null ? null : await openTls(tlsPlan, data, world);
  const { config, warning } = withinOpenFiles(wanted, tls !== null);
  if (warning !== null) tell("connections-lowered", { max: config.connectionsMax }, warning);
  const identity = tls?.identity ?? null;
  const server = listening(() => startServer({ config, world, store, log, identity, index }));
  const { queueLifetimeMs } = config;
  const { metrics } = server.site;
  try {
    await using _control = data === MEMORY
      ? null
      : listening(() => startControl(data, { world, store, domain, queueLifetimeMs, metrics }));
    // From here on a signal is an orderly end.
    const stop = context.stopRequested();
    context.onReload(reloader(tls, log));
    announce(server, settings, streams);
    if (tls?.handOut != null) {
      const [{ fingerprint }] = tls.identity.certificates as [TlsCertificate];
      tell(
        "self-signed",
        { fingerprint, file: tls.handOut },
        aboutSelfSigned(tls.handOut, fingerprint),
      );
    }
    for (const user of different) {
      tell("password-kept", { user }, `${user} has another password already, which was kept.`);
    }
    if (store.users.list().length === 0) tell("no-accounts", {}, noAccounts(data));
    await stop;
    log.info("stopping");
  } finally {
    await server.stop();
  }
  return EXIT.done;
}

/** Beside the store; without one, searches are slower and find the same. */
function searchIndex(data: string, log: Log): TextIndex | null {
  if (data === MEMORY) return null;
  try {
    return openSearchIndex(data);
  } catch (error) {
    log.error("search-index-failed", { reason: describeError(error) });
    return null;
  }
}

/** Reads the certificates again, one time after the other. */
function reloader(tls: ServedTls | null, log: Log): () => void {
  let last = Promise.resolve();
  return () => {
    if (tls === null) return log.info("nothing-to-reload");
    last = last.then(() => tls.reload()).then(
      () => {
        for (const { names, fingerprint, validUntilMs } of tls.identity.certificates) {
          const until = new Date(validUntilMs).toISOString();
          log.info("certificate-loaded", { names: names.join(" "), fingerprint, until });
        }
      },
      (error) => {
        const reason = error instanceof Failure ? error.message : describeError(error);
        log.error("reload-failed", { reason, kept: "the certificates that were there before" });
      },
    );
  };
}

/** With the resolver that was named, if one was. */
function worldWith({ dns }: Settings, { world }: SmtpdContext): World {
  return dns === undefined || dns === "none" ? world : { ...world, dns: dnsOf(dns) };
}

/** On a terminal, whatever is missing is asked for. */
async function withDomain(settings: Settings, ask: Ask | null): Promise<Settings> {
  if (settings.domain !== undefined && settings.domain.length > 0) return settings;
  if (ask === null) {
    throw new Failure(EXIT.usage, "say which domain is local here: --domain example.org");
  }
  const answer = await ask.text("Which domain is local here?", { fault: domainFault });
  return { ...settings, domain: [parseDomain(answer)] };
}

function domainFault(answer: string): string | null {
  try {
    parseDomain(answer);
    return null;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return error.message;
  }
}

/** The log goes to standard error, so that standard output holds what programs wait for. */
function openServerLog(name: string, settings: Settings, { errors }: Streams): Log {
  configureLog({
    level: settings["log-level"] ?? "info",
    format: settings["log-format"] ?? "pretty",
    write: (line) => errors.write(`${line}\n`),
  });
  return openLog(name);
}

/** Says where it listens; with several addresses, `ports` names those of the first. */
function announce({ listening }: RunningServer, settings: Settings, { output }: Streams): void {
  if (settings["log-format"] === "json") {
    const ports: Record<string, number> = {};
    for (const { service, port } of listening) ports[service] ??= port;
    output.write(jsonLine({ event: "ready", ports, listening }));
    return;
  }
  for (const each of listening) output.write(`${each.service} ${endpointText(each)}\n`);
  output.write("ready\n");
}

/** Tells whoever starts the server something; where programs read the log, it is an event. */
function teller(settings: Settings, { errors }: Streams, log: Log) {
  return (event: string, fields: LogFields, sentence: string): void => {
    if (settings["log-format"] === "json") log.warn(event, { ...fields, hint: sentence });
    else errors.write(`${sentence}\n`);
  };
}

function aboutSelfSigned(file: string, fingerprint: string): string {
  return `The certificate is self-signed: clients that trust ${file} can verify it (smtpc --ca), ` +
    `people compare its fingerprint: ${fingerprint}`;
}

function noAccounts(data: string): string {
  const how = data === MEMORY
    ? "start with --user NAME:PASSWORD"
    : `smtpd user add NAME --data ${data}`;
  return `There are no accounts yet, so nobody can log in or get mail. To add one: ${how}`;
}
