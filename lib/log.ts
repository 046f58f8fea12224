/**
 * The log: a line for each thing that somebody may have to look up later. The only file behind
 * logtape.
 */
import { configureSync, getLogger, type LogLevel, type LogRecord } from "$logtape";

/** An event has a fixed name and fixed fields, so that lines can be searched and counted. */
export interface Log {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
}

export type LogFields = Readonly<Record<string, string | number | boolean | null>>;

export const LOG_LEVELS = ["debug", "info", "warning", "error"] as const;

export interface LogOptions {
  readonly level: (typeof LOG_LEVELS)[number];
  readonly format: "pretty" | "json";
  /** Takes one line without its end. */
  readonly write: (line: string) => void;
}

/** Keeps nothing: what a library logs until somebody asks for it. */
export const SILENT: Log = { debug() {}, info() {}, warn() {}, error() {} };

/** Sets where all logs of this process go. Before it is called they go nowhere. */
export function configureLog(options: LogOptions): void {
  const format = options.format === "json" ? formatJson : formatPretty;
  configureSync({
    reset: true,
    sinks: { lines: (record) => options.write(format(record)) },
    loggers: [
      { category: "mail", lowestLevel: options.level, sinks: ["lines"] },
      { category: ["logtape", "meta"], lowestLevel: "error", sinks: ["lines"] },
    ],
  });
}

/** The log of one server; `name` tells several in one process apart. */
export function openLog(name: string): Log {
  const logger = getLogger(["mail", name]);
  return {
    debug: (event, fields) => logger.debug(event, fields),
    info: (event, fields) => logger.info(event, fields),
    warn: (event, fields) => logger.warn(event, fields),
    error: (event, fields) => logger.error(event, fields),
  };
}

/** What an exception says, on one line and without its stack. */
export function describeError(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

function formatJson(record: LogRecord): string {
  const line = JSON.stringify({
    time: new Date(record.timestamp).toISOString(),
    level: LEVEL_NAMES[record.level],
    server: record.category.at(-1),
    event: record.rawMessage,
    ...record.properties,
  });
  return line.replace(MOVING, escapeCharacter);
}

/** What JSON leaves as it is, and yet moves a terminal's cursor or turns its text around. */
const MOVING = /[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

function formatPretty(record: LogRecord): string {
  const time = new Date(record.timestamp).toISOString().slice(11, 19);
  const level = LEVEL_NAMES[record.level].padEnd(5);
  const fields = Object.entries(record.properties)
    .map(([name, value]) => ` ${name}=${formatValue(value)}`).join("");
  return `${time} ${level} ${record.category.at(-1)} ${record.rawMessage}${fields}`;
}

/** Strangers' words end up in values: quoted, they cannot look like another field or line. */
function formatValue(value: unknown): string {
  const text = String(value);
  if (/^[\x21\x23-\x3c\x3e-\x7e]+$/.test(text)) return text;
  return JSON.stringify(text).replace(/[^\x20-\x7e]/g, escapeCharacter);
}

function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

const LEVEL_NAMES: Readonly<Record<LogLevel, string>> = {
  trace: "trace",
  debug: "debug",
  info: "info",
  warning: "warn",
  error: "error",
  fatal: "fatal",
};
