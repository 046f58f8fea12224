/** Seeds from the transcripts: dialogues that mean something, which mutation then spoils. */
import { parseTranscript, type TranscriptOptions } from "../transcripts.ts";

/** What the session of this side hears in each transcript, up to TLS. */
export function seedsFrom(
  side: NonNullable<TranscriptOptions["side"]>,
  ...sets: readonly Readonly<Record<string, string>>[]
): readonly Uint8Array[] {
  return sets.flatMap(Object.entries).map(([name, text]) =>
    parseTranscript(name, text, { side }).input
  );
}
