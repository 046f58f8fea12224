/** A naive reader, written for the simulation: it fetches everything, and deletes as it is told. */
import type { Transport } from "../../lib/net/world.ts";
import { dottedText, type Talk, talkOver } from "./talk.ts";

export interface Reading {
  readonly user: string;
  readonly password: string;
  /** Asked about each message that was fetched. */
  readonly deletes: () => boolean;
}

export interface Fetched {
  readonly uniqueId: string;
  readonly content: string;
}

/**
 * Reads a mailbox to its end and closes the connection; `null` where it was not read to its end.
 * Never throws. `onFetched` is called for each message as it comes.
 */
export async function readMailbox(
  transport: Transport,
  { user, password, deletes }: Reading,
  onFetched: (fetched: Fetched) => void,
): Promise<number | null> {
  const talk = talkOver(transport);
  try {
    // Behind UTF8 each byte is sent as it came (RFC 6856 §2.1).
    const ready = await hearsOk(talk) && await ask(talk, "UTF8") &&
      await ask(talk, `USER ${user}`) && await ask(talk, `PASS ${password}`) &&
      await ask(talk, "UIDL");
    const listing = ready ? await dottedText(talk) : null;
    if (listing === null) return null;
    let count = 0;
    for (const line of listing.split("\r\n").slice(0, -1)) {
      const [number, uniqueId = ""] = line.split(" ");
      if (!await ask(talk, `RETR ${number}`)) return null;
      const content = await dottedText(talk);
      if (content === null) return null;
      onFetched({ uniqueId, content });
      count++;
      if (deletes() && !await ask(talk, `DELE ${number}`)) return null;
    }
    return await ask(talk, "QUIT") ? count : null;
  } finally {
    transport.close();
  }
}

async function ask(talk: Talk, line: string): Promise<boolean> {
  return await talk.say(`${line}\r\n`) && await hearsOk(talk);
}

async function hearsOk(talk: Talk): Promise<boolean> {
  return (await talk.line())?.startsWith("+OK") ?? false;
}
