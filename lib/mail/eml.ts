/** Messages that are a file each, and the list beside them of what such a file has no place for. */
import { allValues, firstValue, parseHeader } from "./header.ts";
import { parseDate } from "./date.ts";

/** A line of the list. */
export interface EmlNote {
  /** The name of the message's file. */
  readonly file: string;
  /** Milliseconds since 1970. */
  readonly receivedAt: number;
  readonly flags: readonly string[];
}

/** The name of the list. */
export const EML_LIST = "messages.jsonl";

/** With its line end. */
export function formatEmlNote({ file, receivedAt, flags }: EmlNote): string {
  return `${JSON.stringify({ file, received: new Date(receivedAt).toISOString(), flags })}\n`;
}

/** `null` for a line that is none: the last one may have been cut. */
export function parseEmlNote(line: string): EmlNote | null {
  const value = parsed(line);
  if (typeof value !== "object" || value === null) return null;
  const { file, received, flags } = value as Record<string, unknown>;
  const receivedAt = typeof received === "string" ? Date.parse(received) : NaN;
  if (typeof file !== "string" || Number.isNaN(receivedAt) || !Array.isArray(flags)) return null;
  return { file, receivedAt, flags: flags.filter((flag) => typeof flag === "string") };
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null; // not JSON, which is what null says
  }
}

/**
 * When a message came, as its header tells: the date of the last server that it came by, else its
 * own. `null` where there is neither.
 */
export function dateInHeader(content: Uint8Array): number | null {
  const header = parseHeader(content);
  const [received] = allValues(header, "Received");
  // RFC 5322 §3.6.7: the date stands behind the last semicolon.
  const arrived = received === undefined ? null : parseDate(received.split(";").at(-1)!);
  return (arrived ?? parseDate(firstValue(header, "Date") ?? ""))?.at ?? null;
}
